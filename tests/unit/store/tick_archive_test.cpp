// The tick archive: what was written comes back exactly, a torn tail is cut and told, damage is
// refused, and nothing that is held ever changes.
#include "store/tick_archive.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/counted.hpp"
#include "core/rng.hpp"
#include "fuzz/tick_target.hpp"
#include "unit/service/temp_dir.hpp"

namespace derivd::store {
namespace {

using market::TickRow;

constexpr std::int64_t kNoon = 1'782'043'200;  // 2026-06-21 12:00:00 UTC
constexpr std::int64_t kMidnight = 1'782'086'400;
constexpr std::int64_t kMaxEpochPlusOne = 253'402'300'800;  // the year 10000

std::vector<TickRow> ticks_from(std::int64_t first, std::size_t count, std::int64_t step = 1) {
  std::vector<TickRow> out;
  core::Rng rng(static_cast<std::uint64_t>(first));
  std::int64_t mantissa = 34'207;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back({{first + static_cast<std::int64_t>(i) * step}, mantissa});
    mantissa = std::max<std::int64_t>(1, mantissa + static_cast<std::int64_t>(rng.below(41)) - 20);
  }
  return out;
}

std::vector<TickRow> read_all(const std::string& directory, const market::SymbolCode& symbol,
                              std::optional<Span> range = {}) {
  auto source = ArchiveSource::open(TickArchive(directory), symbol, range);
  EXPECT_TRUE(source) << source.error().text;
  std::vector<TickRow> out;
  if (!source) return out;
  std::vector<TickRow> window(777);
  for (;;) {
    const auto n = (*source)->read(window);
    EXPECT_TRUE(n) << n.error().text;
    if (!n || *n == 0) return out;
    out.insert(out.end(), window.begin(), window.begin() + static_cast<std::ptrdiff_t>(*n));
  }
}

struct TickArchiveTest : ::testing::Test {
  test::TempDir dir;
  std::string home = dir.file("ticks");
  TickArchive archive{home};
  std::string noon_file = home + "/1HZ100V/2026-06-21.ticks";

  Merged must_merge(const std::vector<TickRow>& ticks) {
    const auto merged = archive.merge("1HZ100V", 2, ticks);
    EXPECT_TRUE(merged) << merged.error().text;
    return merged ? *merged : Merged{};
  }
};

TEST_F(TickArchiveTest, GivesBackWhatItWasGivenOverDaysAndBlocks) {
  const auto ticks = ticks_from(kMidnight - 5000, 10'000);
  EXPECT_EQ(must_merge(ticks).added, 10'000U);
  EXPECT_EQ(read_all(home, "1HZ100V"), ticks);
  EXPECT_EQ(archive.days("1HZ100V")->size(), 2U);
  EXPECT_EQ(archive.symbols()->size(), 1U);
  // A part, across midnight.
  const auto part = read_all(home, "1HZ100V", Span{kMidnight - 3, kMidnight + 1});
  ASSERT_EQ(part.size(), 5U);
  EXPECT_EQ(part.front().epoch.s, kMidnight - 3);
  struct stat info {};
  ASSERT_EQ(::stat(noon_file.c_str(), &info), 0);
  EXPECT_LT(info.st_size, 5000 * 2) << "two bytes a tick at most, with differences below 64";
}

TEST_F(TickArchiveTest, MergesWhatComesInAnyOrderAndKnowsWhatItHas) {
  const auto ticks = ticks_from(kNoon, 3000);
  const auto slice = [&](std::size_t from, std::size_t to) {
    return std::vector<TickRow>(ticks.begin() + static_cast<std::ptrdiff_t>(from),
                                ticks.begin() + static_cast<std::ptrdiff_t>(to));
  };
  must_merge(slice(1000, 2000));
  must_merge(slice(2500, 3000));
  const auto before = must_merge(slice(0, 1200));
  EXPECT_EQ(before.added, 1000U);
  EXPECT_EQ(before.known, 200U);
  must_merge(slice(1900, 2600));
  EXPECT_EQ(must_merge(ticks).added, 0U);
  EXPECT_EQ(read_all(home, "1HZ100V"), ticks);
}

TEST_F(TickArchiveTest, RefusesATickThatContradictsIt) {
  auto ticks = ticks_from(kNoon, 100);
  must_merge(ticks);
  const auto bytes = test::read_file(noon_file);
  auto other = ticks_from(kNoon + 50, 100);
  for (std::size_t i = 0; i < 50; ++i) other[i].mantissa = ticks[50 + i].mantissa;
  other[20].mantissa += 1;
  for (const auto& merged :
       {archive.check("1HZ100V", 2, other), archive.merge("1HZ100V", 2, other)}) {
    ASSERT_TRUE(merged);
    ASSERT_TRUE(merged->conflict);
    EXPECT_EQ(merged->conflict->epoch.s, kNoon + 70);
    EXPECT_EQ(merged->conflict->held.mantissa() + 1, merged->conflict->given.mantissa());
  }
  EXPECT_EQ(test::read_file(noon_file), bytes) << "nothing of a contradicting day is written";
  EXPECT_EQ(archive.merge("1HZ100V", 3, other).error().kind, core::ErrorKind::kInvalid)
      << "the decimals of a symbol do not change";
}

TEST_F(TickArchiveTest, KeepsNothingThatIsNoTick) {
  for (const auto& bad : {std::vector<TickRow>{{{kNoon}, 0}},
                          {{{kNoon}, -5}},
                          {{{0}, 5}},
                          {{{kNoon}, 5}, {{kNoon}, 5}},
                          {{{kNoon}, 5}, {{kNoon - 1}, 5}}}) {
    EXPECT_EQ(archive.merge("1HZ100V", 2, bad).error().kind, core::ErrorKind::kInvalid);
  }
  EXPECT_FALSE(archive.merge("../x", 2, ticks_from(kNoon, 1)));
  EXPECT_TRUE(archive.symbols()->empty());
}

TEST_F(TickArchiveTest, LeavesOutABadRowAloneWhereThatIsAsked) {
  must_merge(ticks_from(kNoon, 10));
  auto rows = ticks_from(kNoon, 548);
  rows[5].mantissa += 1;        // contradicts
  rows[100].mantissa = 0;       // no quote
  rows[200].mantissa = -7;      // no quote
  rows[300].epoch.s = kNoon;    // goes back
  rows.push_back(rows.back());  // twice the same
  rows.push_back({{0}, 5});
  rows.push_back({{kMaxEpochPlusOne}, 5});
  const auto merged = archive.merge("1HZ100V", 2, rows, BadRows::kLeaveOut);
  ASSERT_TRUE(merged) << merged.error().text;
  EXPECT_EQ(merged->left_out, 6U);
  EXPECT_EQ(merged->known, 10U);
  EXPECT_EQ(merged->added, 548U - 10U - 3U);
  EXPECT_EQ(merged->first_left_out.find("the quote at 1782043300 is 0.00"), 0U)
      << merged->first_left_out;
  EXPECT_EQ(archive.summary("1HZ100V")->ticks, 545U);
  EXPECT_EQ(read_all(home, "1HZ100V")[5], ticks_from(kNoon, 10)[5]);
}

TEST_F(TickArchiveTest, KeepsTheDecimalsOfADay) {
  must_merge(ticks_from(kNoon, 3));
  const std::vector<TickRow> finer{{{kNoon + 10}, 342'070}, {{kNoon + 11}, 342'075}};
  const auto merged = archive.merge("1HZ100V", 3, finer, BadRows::kLeaveOut);
  ASSERT_TRUE(merged) << merged.error().text;
  EXPECT_EQ(merged->added, 1U);
  EXPECT_EQ(merged->left_out, 1U);
  EXPECT_NE(merged->first_left_out.find("342.075"), std::string::npos) << merged->first_left_out;
  EXPECT_EQ(read_all(home, "1HZ100V").back(), (TickRow{{kNoon + 10}, 34'207}));
}

// Whatever length an interrupted append had: the rest is told, not read, cut at the next write.
TEST_F(TickArchiveTest, CutsATornTailAndSaysSo) {
  const auto ticks = ticks_from(kNoon, 300);
  const std::vector<TickRow> head(ticks.begin(), ticks.begin() + 200);
  const std::vector<TickRow> tail(ticks.begin() + 200, ticks.end());
  must_merge(head);
  const auto first = test::read_file(noon_file);
  must_merge(tail);
  const auto second = test::read_file(noon_file);
  for (auto size = first.size() + 1; size < second.size(); ++size) {
    test::write_file(noon_file, second.substr(0, size));
    EXPECT_EQ(read_all(home, "1HZ100V"), head);
    const auto told = archive.summary("1HZ100V");
    ASSERT_TRUE(told);
    ASSERT_EQ(told->notes.size(), 1U) << size;
    EXPECT_NE(told->notes[0].find(core::counted(size - first.size(), "byte") + " at the end"),
              std::string::npos);
    const auto merged = must_merge(tail);
    EXPECT_EQ(merged.added, tail.size());
    ASSERT_EQ(merged.notes.size(), 1U);
    EXPECT_NE(merged.notes[0].find("cut off"), std::string::npos);
    ASSERT_EQ(test::read_file(noon_file), second);
  }
  // A power cut may leave the length without the bytes.
  test::write_file(noon_file, first + std::string(second.size() - first.size(), '\0'));
  EXPECT_EQ(must_merge(tail).added, tail.size());
  EXPECT_EQ(read_all(home, "1HZ100V"), ticks);
}

// One changed bit anywhere: never a wrong tick. It is refused, or told as torn in the last block.
TEST_F(TickArchiveTest, NeverAnswersDamagedBytes) {
  const auto ticks = ticks_from(kNoon, 60);
  must_merge({ticks.begin(), ticks.begin() + 40});
  const auto first = test::read_file(noon_file).size();
  must_merge({ticks.begin() + 40, ticks.end()});
  const auto good = test::read_file(noon_file);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int bit : {0, 3, 7}) {
      auto bytes = good;
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      test::write_file(noon_file, bytes);
      const auto day = archive.read_day("1HZ100V", kNoon / kSecondsPerDay);
      if (i < first) {
        ASSERT_FALSE(day) << "byte " << i;
        EXPECT_EQ(day.error().kind, core::ErrorKind::kInvalid);
        EXPECT_NE(day.error().text.find("fetch or import that day again"), std::string::npos);
      } else {
        ASSERT_TRUE(day) << "byte " << i;
        EXPECT_EQ(day->torn, good.size() - first);
        EXPECT_EQ(day->ticks.size(), 40U);
      }
    }
  }
}

TEST_F(TickArchiveTest, TellsForeignAndNewerFilesFromItsOwn) {
  must_merge(ticks_from(kNoon, 5));
  const auto good = test::read_file(noon_file);
  const auto refusal = [&](const std::string& bytes) {
    test::write_file(noon_file, bytes);
    return archive.summary("1HZ100V").error().text;
  };
  EXPECT_NE(refusal("epoch,quote\n").find("shorter than"), std::string::npos);
  EXPECT_NE(refusal(std::string(100, 'x')).find("not a tick file"), std::string::npos);
  auto newer = good;
  newer[8] = 2;
  EXPECT_NE(refusal(newer).find("format 2"), std::string::npos);
  std::filesystem::create_directories(home + "/R_100");
  test::write_file(home + "/R_100/2026-06-21.ticks", good);
  EXPECT_NE(archive.summary("R_100").error().text.find("was renamed"), std::string::npos);
}

TEST_F(TickArchiveTest, KnowsItsGapsAndWhatTheVenueDoesNotHave) {
  auto ticks = ticks_from(kNoon, 100);
  ticks.erase(ticks.begin() + 60, ticks.begin() + 70);
  ticks.erase(ticks.begin() + 20, ticks.begin() + 30);
  must_merge(ticks);
  ASSERT_TRUE(archive.mark_absent("1HZ100V", 2, {kNoon + 60, kNoon + 69}, {kMidnight}));
  const auto summary = *archive.summary("1HZ100V");
  EXPECT_EQ(summary.ticks, 80U);
  EXPECT_EQ(summary.first->s, kNoon);
  EXPECT_EQ(summary.last->s, kNoon + 99);
  EXPECT_EQ(summary.gap_count, 2U);
  EXPECT_EQ(summary.gaps, (std::vector<Gap>{{{kNoon + 20, kNoon + 29}, Gap::Venue::kNotAsked},
                                            {{kNoon + 60, kNoon + 69}, Gap::Venue::kHasNone}}));
  EXPECT_EQ(*archive.missing("1HZ100V", {kNoon - 10, kNoon + 110}),
            (std::vector<Span>{
                {kNoon - 10, kNoon - 1}, {kNoon + 20, kNoon + 29}, {kNoon + 100, kNoon + 110}}));
  // What comes later fills the gap, and the marks stay.
  must_merge(ticks_from(kNoon + 20, 10));
  EXPECT_TRUE(archive.missing("1HZ100V", {kNoon, kNoon + 99})->empty());
  const std::vector<Gap> none{{{kNoon + 60, kNoon + 69}, Gap::Venue::kHasNone}};
  EXPECT_EQ(archive.summary("1HZ100V")->gaps, none);
  EXPECT_EQ(*archive.missing("1HZ100V", {kNoon, kNoon + 99}, Trust::kNothing),
            (std::vector<Span>{{kNoon + 60, kNoon + 69}}));
}

// A tick where the venue was said to have none: the mark was wrong, all of it.
TEST_F(TickArchiveTest, AMarkThatATickProvesWrongIsGone) {
  auto ticks = ticks_from(kNoon, 100);
  const std::vector<TickRow> late(ticks.begin() + 40, ticks.begin() + 42);
  ticks.erase(ticks.begin() + 20, ticks.begin() + 60);
  must_merge(ticks);
  ASSERT_TRUE(archive.mark_absent("1HZ100V", 2, {kNoon + 20, kNoon + 29}, {kMidnight}));
  ASSERT_TRUE(archive.mark_absent("1HZ100V", 2, {kNoon + 30, kNoon + 59}, {kMidnight}));
  EXPECT_TRUE(archive.missing("1HZ100V", {kNoon, kNoon + 99})->empty());
  EXPECT_EQ(must_merge(late).added, 2U);
  EXPECT_EQ(*archive.missing("1HZ100V", {kNoon, kNoon + 99}),
            (std::vector<Span>{{kNoon + 30, kNoon + 39}, {kNoon + 42, kNoon + 59}}));
  // Behind the last tick too, where the ticks are appended.
  ASSERT_TRUE(archive.mark_absent("1HZ100V", 2, {kNoon + 100, kNoon + 199}, {kMidnight}));
  must_merge(ticks_from(kNoon + 150, 10));
  EXPECT_EQ(archive.missing("1HZ100V", {kNoon + 100, kNoon + 199})->size(), 2U);
  // A mark again, with more: the older one within it goes.
  const auto size = test::read_file(noon_file).size();
  ASSERT_TRUE(archive.mark_absent("1HZ100V", 2, {kNoon + 20, kNoon + 29}, {kMidnight + 1}));
  EXPECT_EQ(test::read_file(noon_file).size(), size);
}

// Marks of the version that took one silent answer for proof stand in archives: they are told, not
// trusted, and asked about again.
TEST_F(TickArchiveTest, MarksOfAnEarlierVersionAreDoubted) {
  auto ticks = ticks_from(kNoon, 100);
  ticks.erase(ticks.begin() + 60, ticks.begin() + 70);
  must_merge(ticks);
  std::string old;
  encode_absent({{kNoon + 60, kNoon + 69}, 0}, old);
  test::write_file(noon_file, test::read_file(noon_file) + old);
  EXPECT_EQ(archive.summary("1HZ100V")->gaps,
            (std::vector<Gap>{{{kNoon + 60, kNoon + 69}, Gap::Venue::kDoubtful}}));
  EXPECT_EQ(*archive.missing("1HZ100V", {kNoon, kNoon + 99}),
            (std::vector<Span>{{kNoon + 60, kNoon + 69}}));
  ASSERT_TRUE(archive.mark_absent("1HZ100V", 2, {kNoon + 60, kNoon + 69}, {kMidnight}));
  EXPECT_TRUE(archive.missing("1HZ100V", {kNoon, kNoon + 99})->empty());
}

TEST_F(TickArchiveTest, MarksAcrossMidnightAndForSymbolsOfAnotherCadence) {
  ASSERT_TRUE(archive.mark_absent("R_100", 2, {kMidnight - 100, kMidnight + 99}, {kMidnight * 2}));
  EXPECT_EQ(archive.days("R_100")->size(), 2U);
  EXPECT_EQ(
      *archive.missing("R_100", {kMidnight - 102, kMidnight + 101}),
      (std::vector<Span>{{kMidnight - 102, kMidnight - 101}, {kMidnight + 100, kMidnight + 101}}));
  // R_100 ticks every two seconds: that is no gap.
  const auto even = archive.merge("R_100", 2, ticks_from(kNoon, 50, 2));
  ASSERT_TRUE(even);
  EXPECT_EQ(archive.summary("R_100")->gap_count, 0U);
  EXPECT_TRUE(archive.missing("R_100", {kNoon, kNoon + 99})->empty());
}

TEST_F(TickArchiveTest, ServesWritersAndAReaderAtOnce) {
  const auto ticks = ticks_from(kNoon, 4000);
  std::atomic<int> failures{0};
  std::atomic<bool> done{false};
  const auto write = [&](std::size_t first) {
    for (auto i = first; i < ticks.size(); i += 100) {
      const auto n = std::min<std::size_t>(50, ticks.size() - i);
      const auto merged = archive.merge("1HZ100V", 2, std::span(ticks).subspan(i, n));
      if (!merged || merged->added != n) ++failures;
    }
  };
  std::thread reader([&] {
    while (!done) {
      const auto day = archive.read_day("1HZ100V", kNoon / kSecondsPerDay);
      if (!day && day.error().kind != core::ErrorKind::kNotFound) ++failures;
    }
  });
  std::thread other([&] { write(50); });
  write(0);
  other.join();
  done = true;
  reader.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(read_all(home, "1HZ100V"), ticks);
}

TEST_F(TickArchiveTest, SaysWhereItCannotWrite) {
  test::write_file(home, "a file in the way");
  const auto merged = archive.merge("1HZ100V", 2, ticks_from(kNoon, 1));
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().kind, core::ErrorKind::kIo);
  EXPECT_NE(merged.error().text.find(home), std::string::npos);
  EXPECT_EQ(ArchiveSource::open(TickArchive(dir.file("none")), "R_100").error().kind,
            core::ErrorKind::kNotFound);
}

// Each seed whole, cut everywhere, and behind every seed's head.
TEST(TickCorpus, IsReadOrRefusedWhole) {
  const auto folder = std::filesystem::path(DERIVD_SOURCE) / "tests" / "fuzz" / "corpus" / "ticks";
  std::size_t seeds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto bytes = test::read_file(entry.path());
    ++seeds;
    for (std::size_t n = 0; n <= bytes.size(); ++n) fuzz::tick_file({bytes.data(), n});
    if (bytes.size() > kDayHeadSize) {
      fuzz::tick_file(bytes + bytes.substr(kDayHeadSize));
      fuzz::tick_file(bytes.substr(0, kDayHeadSize) + bytes);
    }
  }
  EXPECT_GE(seeds, 6U);
}

}  // namespace
}  // namespace derivd::store
