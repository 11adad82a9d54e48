#include "sim/feed.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace derivd::sim {
namespace {

constexpr core::VenueTime kStart{1'780'000'000};

Feed gbm(std::uint64_t seed) { return Feed({seed, kStart, true, {}}); }

TEST(Feed, ServesTheOfficialIndicesWithTheirDecimalsAndIntervals) {
  const Feed feed = gbm(1);
  struct Row {
    const char* code;
    int decimals, interval, sigma;
  };
  // v3-api.md section 6.
  for (const Row& row : {Row{"R_10", 3, 2, 10}, Row{"R_25", 3, 2, 25}, Row{"R_50", 4, 2, 50},
                         Row{"R_75", 4, 2, 75}, Row{"R_100", 2, 2, 100}, Row{"1HZ10V", 2, 1, 10},
                         Row{"1HZ100V", 2, 1, 100}, Row{"1HZ15V", 3, 1, 15}}) {
    const auto i = feed.index_of(row.code);
    ASSERT_TRUE(i) << row.code;
    EXPECT_EQ(feed.info(*i).decimals, row.decimals) << row.code;
    EXPECT_EQ(feed.info(*i).interval_s, row.interval) << row.code;
    EXPECT_EQ(feed.info(*i).sigma_percent, row.sigma) << row.code;
  }
}

TEST(Feed, TicksFallOnTheirGridAndHistoryLeadsUpToTheStart) {
  Feed feed = gbm(1);
  const auto r100 = *feed.index_of("R_100");
  const auto hz = *feed.index_of("1HZ100V");
  ASSERT_EQ(feed.history(r100).size(), kBacklogTicks);
  EXPECT_EQ(feed.history(r100).back().epoch, kStart.s - 2);
  EXPECT_EQ(feed.history(hz).back().epoch, kStart.s - 1);
  for (std::size_t i = 1; i < feed.history(r100).size(); ++i)
    ASSERT_EQ(feed.history(r100)[i].epoch - feed.history(r100)[i - 1].epoch, 2);
  EXPECT_TRUE(feed.take(r100, kStart));
  EXPECT_FALSE(feed.take(r100, kStart + std::chrono::seconds{1}));
  EXPECT_TRUE(feed.take(hz, kStart + std::chrono::seconds{1}));
}

// 20 000 log returns: the standard error of the deviation is 0.5 %, so 2 % is four of them.
TEST(Feed, VolatilityIsTheNominalOne) {
  const Feed feed = gbm(11);
  for (const auto* code : {"R_10", "R_50", "R_100", "1HZ25V", "1HZ100V"}) {
    const auto i = *feed.index_of(code);
    const auto& h = feed.history(i);
    double sum = 0, squares = 0;
    const auto n = static_cast<double>(h.size() - 1);
    for (std::size_t k = 1; k < h.size(); ++k) {
      const double r =
          std::log(static_cast<double>(h[k].mantissa) / static_cast<double>(h[k - 1].mantissa));
      sum += r;
      squares += r * r;
    }
    const double deviation = std::sqrt((squares - sum * sum / n) / (n - 1));
    const double annual = deviation * std::sqrt(365.0 * 86400.0 / feed.info(i).interval_s);
    EXPECT_NEAR(annual, feed.info(i).sigma_percent / 100.0, 0.02 * feed.info(i).sigma_percent / 100)
        << code;
  }
}

TEST(Feed, LastDigitsAreEven) {
  const Feed feed = gbm(5);
  // Chi-square with 9 degrees of freedom: 27.9 is the 99.9 % point.
  for (const auto* code : {"R_100", "1HZ100V", "R_50"}) {
    const auto i = *feed.index_of(code);
    std::array<int, 10> count{};
    for (const auto& p : feed.history(i)) ++count[static_cast<std::size_t>(p.mantissa % 10)];
    const double expected = static_cast<double>(feed.history(i).size()) / 10;
    double chi = 0;
    for (const int c : count) chi += (c - expected) * (c - expected) / expected;
    EXPECT_LT(chi, 27.9) << code;
  }
}

TEST(Feed, ASymbolsPathDependsOnTheSeedAlone) {
  Feed a = gbm(3), b = gbm(3), other = gbm(4);
  Feed mixed({3, kStart, true, {{"R_10", {{kStart.s, 6'000'000}}}}});
  const auto index = *a.index_of("R_100");
  const auto in_mixed = *mixed.index_of("R_100");
  int different = 0;
  for (int s = 0; s < 200; ++s) {
    const auto t = kStart + std::chrono::seconds{s};
    const auto x = a.take(index, t);
    EXPECT_EQ(x, b.take(index, t));
    EXPECT_EQ(x, mixed.take(in_mixed, t));  // another symbol is replayed: no difference
    if (x != other.take(index, t)) ++different;
  }
  EXPECT_GT(different, 90);
}

TEST(Feed, KeepsABoundedHistory) {
  Feed feed = gbm(1);
  const auto i = *feed.index_of("1HZ100V");
  for (std::size_t n = 0; n < kHistoryTicks; ++n)
    feed.push(i, *feed.take(i, kStart + std::chrono::seconds{static_cast<std::int64_t>(n)}));
  EXPECT_EQ(feed.history(i).size(), kHistoryTicks);
  EXPECT_EQ(feed.last(i)->epoch.s, kStart.s + static_cast<std::int64_t>(kHistoryTicks) - 1);
}

TEST(Feed, ReplaysAFileOnItsOwnEpochsAndEnds) {
  Feed feed({1, {1000}, false, {{"R_100", {{996, 100}, {998, 101}, {1000, 102}, {1004, 103}}}}});
  ASSERT_EQ(feed.size(), 1U);
  EXPECT_EQ(feed.history(0).size(), 2U);  // before the start
  EXPECT_EQ(feed.take(0, {1000})->quote.to_string(), "1.02");
  EXPECT_FALSE(feed.take(0, {1001}));
  EXPECT_FALSE(feed.take(0, {1002}));
  EXPECT_FALSE(feed.take(0, {1003}));
  EXPECT_FALSE(feed.ended(0));
  EXPECT_EQ(feed.take(0, {1004})->quote.to_string(), "1.03");
  EXPECT_TRUE(feed.all_ended());
}

// ---- files ----

const market::SymbolInfo& r100() { return *market::find_symbol("R_100"); }

std::string complaint(std::string_view text) {
  const auto r = parse_tick_file(text, "f.csv", r100());
  return r ? "" : r.error().text;
}

TEST(TickFile, ReadsQuotesWithAndWithoutTrailingZeros) {
  const auto points = parse_tick_file("epoch,quote\n10,1.5\n12,1.50\r\n14,2\n", "f", r100());
  ASSERT_TRUE(points);
  EXPECT_EQ(*points, (std::vector<Point>{{10, 150}, {12, 150}, {14, 200}}));
}

TEST(TickFile, NamesTheLineOfEveryProblem) {
  EXPECT_EQ(complaint("10,1.5\n"), "f.csv:1: the header must be 'epoch,quote'");
  EXPECT_EQ(complaint("epoch,quote\n10,1.5\n10,1.6\n"),
            "f.csv:3: epoch 10 does not rise: the line before has 10");
  EXPECT_EQ(complaint("epoch,quote\n10,1.5\n12,1.555\n").substr(0, 8), "f.csv:3:");
  EXPECT_NE(complaint("epoch,quote\n10,1.555\n").find("more than 2 decimals"), std::string::npos);
  EXPECT_EQ(complaint("epoch,quote\nx,1.5\n"), "f.csv:2: 'x' is not an epoch in whole seconds");
  EXPECT_EQ(complaint("epoch,quote\n10;1.5\n"), "f.csv:2: expected epoch,quote");
  EXPECT_EQ(complaint("epoch,quote\n10,-1\n"), "f.csv:2: a quote must be above 0");
  EXPECT_EQ(complaint("epoch,quote\n10,1.5\n\n12,1.5\n"), "f.csv:3: expected epoch,quote");
  EXPECT_EQ(complaint("epoch,quote\n"), "f.csv:1: no ticks");
  EXPECT_EQ(complaint(""), "f.csv:1: no ticks");
  EXPECT_EQ(read_tick_file("/nowhere/x.csv", r100()).error().kind, core::ErrorKind::kNotFound);
}

}  // namespace
}  // namespace derivd::sim
