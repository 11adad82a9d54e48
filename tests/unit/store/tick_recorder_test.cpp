// The daemon's storage thread: every tick that went in is in the archive after it ended, whatever
// the disk said in between.
#include "store/tick_recorder.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "unit/service/temp_dir.hpp"

namespace derivd::store {
namespace {

constexpr std::int64_t kNoon = 1'782'043'200;

market::Tick tick(const char* symbol, std::int64_t at, std::int64_t mantissa) {
  return {symbol, {kNoon + at}, core::Price::raw(mantissa, 2)};
}

TEST(TickRecorder, KeepsEveryTickOfEverySymbol) {
  test::TempDir dir;
  {
    TickRecorder recorder{TickArchive(dir.path())};
    for (int i = 0; i < 20'000; ++i) {
      recorder.record(tick("1HZ100V", i, 1000 + i % 7));
      if (i % 2 == 0) recorder.record(tick("R_100", i, 2000 + i % 5));
    }
    EXPECT_EQ(recorder.dropped(), 0U);
  }
  const TickArchive archive(dir.path());
  EXPECT_EQ(archive.summary("1HZ100V")->ticks, 20'000U);
  EXPECT_EQ(archive.summary("1HZ100V")->gap_count, 0U);
  EXPECT_EQ(archive.summary("R_100")->ticks, 10'000U);
}

TEST(TickRecorder, TakesARepeatedTickAndKeepsWhatTheArchiveHas) {
  test::TempDir dir;
  TickArchive archive(dir.path());
  const std::vector<market::TickRow> held{{{kNoon + 5}, 555}};
  ASSERT_TRUE(archive.merge("1HZ100V", 2, held));
  std::uint64_t dropped = 0;
  {
    TickRecorder recorder{TickArchive(dir.path())};
    for (const int at : {3, 4, 4, 5, 6, 2}) recorder.record(tick("1HZ100V", at, 100 + at));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    std::optional<std::string> problem;
    while (!problem && std::chrono::steady_clock::now() < until) problem = recorder.take_problem();
    ASSERT_TRUE(problem);
    EXPECT_NE(problem->find("5.55 in the archive and 1.05 now"), std::string::npos) << *problem;
    dropped = recorder.dropped();
  }
  EXPECT_EQ(dropped, 1U);
  const auto day = *archive.read_day("1HZ100V", kNoon / kSecondsPerDay);
  EXPECT_EQ(day.ticks, (std::vector<market::TickRow>{{{kNoon + 2}, 102},
                                                     {{kNoon + 3}, 103},
                                                     {{kNoon + 4}, 104},
                                                     {{kNoon + 5}, 555},
                                                     {{kNoon + 6}, 106}}));
}

TEST(TickRecorder, CountsWhatItCannotHoldAndKeepsTheRestForTheDisk) {
  test::TempDir dir;
  const auto home = dir.file("ticks");
  test::write_file(home, "in the way");
  constexpr int kTooMany = 2 * static_cast<int>(TickRecorder::kRing) + 10;
  std::uint64_t dropped = 0;
  {
    TickRecorder recorder{TickArchive(home)};
    for (int i = 0; i < kTooMany; ++i) recorder.record(tick("1HZ100V", i, 1000));
    dropped = recorder.dropped();
    std::filesystem::remove(home);
  }
  EXPECT_GT(dropped, 0U) << "the ring is bounded";
  const auto kept = TickArchive(home).summary("1HZ100V");
  ASSERT_TRUE(kept);
  EXPECT_GT(kept->ticks, 0U);
  EXPECT_LE(kept->ticks + dropped, static_cast<std::uint64_t>(kTooMany));
}

}  // namespace
}  // namespace derivd::store
