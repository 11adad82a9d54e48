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

std::string problem_of(TickRecorder& recorder) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::optional<std::string> problem;
  while (!problem && std::chrono::steady_clock::now() < until) problem = recorder.take_problem();
  return problem.value_or("");
}
constexpr auto kOften = std::chrono::milliseconds(2);

TEST(TickRecorder, RefusesABadQuoteAloneAndSaysWhich) {
  test::TempDir dir;
  std::uint64_t dropped = 0;
  {
    TickRecorder recorder{TickArchive(dir.path())};
    for (int i = 0; i < 548; ++i) {
      recorder.record(tick("R_75", 2 * i, i == 300 ? 0 : i == 400 ? -123 : 100'000 + i));
    }
    const auto problem = problem_of(recorder);
    EXPECT_NE(problem.find("R_75: 2 ticks not kept, first: the quote at 1782043800 is 0.00"),
              std::string::npos)
        << problem;
    dropped = recorder.dropped();
    EXPECT_EQ(recorder.recorded(), 546U);
  }
  EXPECT_EQ(dropped, 2U);
  EXPECT_EQ(TickArchive(dir.path()).summary("R_75")->ticks, 546U);
}

TEST(TickRecorder, KeepsTheValueOfAQuoteThatCameWithOtherDecimals) {
  test::TempDir dir;
  {
    TickRecorder recorder{TickArchive(dir.path())};
    for (int i = 0; i < 6; ++i) recorder.record(tick("R_100", 2 * i, 1000 + i));
    recorder.record({"R_100", {kNoon + 20}, core::Price::raw(10'070, 3)});  // 10.070
    recorder.record({"R_100", {kNoon + 22}, core::Price::raw(10'075, 3)});  // 10.075: no cents
    recorder.record({"R_100", {kNoon + 24}, core::Price::raw(101, 1)});     // 10.1
  }
  const auto day = *TickArchive(dir.path()).read_day("R_100", kNoon / kSecondsPerDay);
  EXPECT_EQ(day.head.decimals, 2);
  ASSERT_EQ(day.ticks.size(), 8U);
  EXPECT_EQ(day.ticks[6].mantissa, 1007);
  EXPECT_EQ(day.ticks[7], (market::TickRow{{kNoon + 24}, 1010}));
}

TEST(TickRecorder, ADamagedDayCostsItsOwnTicksAlone) {
  test::TempDir dir;
  constexpr std::int64_t kMidnight = 43'200;  // after noon
  {
    TickRecorder recorder{TickArchive(dir.path())};
    recorder.record(tick("R_100", 0, 1000));
  }
  test::write_file(dir.file("R_100/2026-06-21.ticks"), "damaged");
  std::uint64_t dropped = 0;
  {
    TickRecorder recorder{TickArchive(dir.path())};
    for (int i = -4; i < 5; ++i) recorder.record(tick("R_100", kMidnight + 2 * i, 1000));
    EXPECT_NE(problem_of(recorder).find("4 ticks not kept"), std::string::npos);
    dropped = recorder.dropped();
  }
  EXPECT_EQ(dropped, 4U);
  EXPECT_EQ(TickArchive(dir.path()).read_day("R_100", kNoon / kSecondsPerDay + 1)->ticks.size(),
            5U);
}

TEST(TickRecorder, TellsTheSameProblemOnce) {
  test::TempDir dir;
  const auto home = dir.file("ticks");
  test::write_file(home, "in the way");
  TickRecorder recorder{TickArchive(home), kOften};
  recorder.record(tick("R_100", 0, 1000));
  EXPECT_NE(problem_of(recorder).find(home), std::string::npos);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const auto enough = recorder.flushes() + 20;  // and each of them meets it
  while (recorder.flushes() < enough && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_GE(recorder.flushes(), enough);
  EXPECT_FALSE(recorder.take_problem());
  EXPECT_TRUE(recorder.in_trouble());
  std::filesystem::remove(home);
  while (recorder.in_trouble() && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(recorder.in_trouble()) << "it went on by itself";
  EXPECT_EQ(recorder.recorded(), 1U);
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
