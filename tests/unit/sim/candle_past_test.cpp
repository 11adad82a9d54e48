#include "sim/candle_past.hpp"

#include <gtest/gtest.h>

#include "sim/feed.hpp"

namespace derivd::sim {
namespace {

constexpr core::VenueTime kStart{1'780'000'000};  // 40 s into its minute

Feed gbm(std::uint64_t seed) { return Feed({seed, kStart, true, {}}); }

std::size_t r100(const Feed& feed) { return *feed.index_of("R_100"); }

TEST(SimCandles, AreTheSameForTheSameSeedWhateverWasAskedBefore) {
  auto a = gbm(3);
  auto b = gbm(3);
  auto other = gbm(4);
  const auto i = r100(a);
  b.candles(i, 86'400, kStart.s - 300 * 86'400, kStart.s);
  const auto from = kStart.s - 40 * 3600;
  EXPECT_EQ(a.candles(i, 60, from, kStart.s), b.candles(i, 60, from, kStart.s));
  EXPECT_NE(a.candles(i, 60, from, kStart.s), other.candles(i, 60, from, kStart.s));
  EXPECT_NE(a.candles(i, 60, from, kStart.s)[5].close,
            a.candles(*a.index_of("R_50"), 60, from, kStart.s)[5].close);
}

TEST(SimCandles, LieWithoutAHoleBeforeTheTicksAndJoinThem) {
  auto feed = gbm(1);
  const auto i = r100(feed);
  const auto first = feed.history(i).front();
  const auto minutes = feed.candles(i, 60, first.epoch - 7200, first.epoch + 7200);
  ASSERT_GT(minutes.size(), 200U);
  for (std::size_t n = 1; n < minutes.size(); ++n) {
    const auto& c = minutes[n];
    EXPECT_EQ(c.open_time, minutes[n - 1].open_time + 60);
    EXPECT_LE(c.low, std::min(c.open, c.close));
    EXPECT_GE(c.high, std::max(c.open, c.close));
    EXPECT_GT(c.low, 0);
    if (c.open_time + 60 <= first.epoch - first.epoch % 60) {
      EXPECT_EQ(c.open, minutes[n - 1].close) << "what is made up moves on from where it was";
    }
  }
  const auto before = std::find_if(minutes.begin(), minutes.end(), [&](const Candle& c) {
    return c.open_time == first.epoch - first.epoch % 60 - 60;
  });
  ASSERT_NE(before, minutes.end());
  EXPECT_EQ(before->close, first.mantissa);
  EXPECT_EQ((before + 1)->open, first.mantissa);
}

TEST(SimCandles, ReachBackAYear) {
  auto feed = gbm(1);
  const auto days = feed.candles(r100(feed), 86'400, 0, kStart.s);
  EXPECT_NEAR(static_cast<double>(days.size()), 366, 1);
  const auto far = feed.candles(r100(feed), 60, kStart.s - 364 * 86'400, kStart.s - 363 * 86'400);
  EXPECT_EQ(far.size(), 1441U);
}

TEST(SimCandles, KeepTicksThatTheFeedHasDropped) {
  std::vector<Point> points;
  for (std::size_t n = 0; n < kHistoryTicks + 5000; ++n) {
    points.push_back({kStart.s + 2 * static_cast<std::int64_t>(n),
                      100'000 + static_cast<std::int64_t>(n * 7919 % 1000)});
  }
  std::vector<Candle> expected;
  for (const auto& p : points) add_to(expected, p, 300);
  const core::VenueTime end{points.back().epoch + 1};
  Feed feed({1, end, false, {{"R_100", points}}});
  EXPECT_EQ(feed.history(0).size(), kHistoryTicks);
  const auto all = feed.candles(0, 300, kStart.s, end.s);
  // The first one has made-up minutes of before the ticks, too.
  ASSERT_EQ(all.size(), expected.size());
  EXPECT_EQ(std::vector<Candle>(all.begin() + 1, all.end()),
            std::vector<Candle>(expected.begin() + 1, expected.end()));
}

TEST(SimCandles, AMarketThatWasClosedHasNone) {
  CandlePast::Options options;
  options.seed = 5;
  options.anchor = {kStart.s, 10'000};
  options.is_open = [](std::int64_t at) { return at / 3600 % 2 == 0; };
  CandlePast past(options);
  const auto minutes = past.minutes_from(kStart.s - 86'400);
  EXPECT_NEAR(static_cast<double>(minutes.size()), 720, 60);
  for (const auto& c : minutes) EXPECT_EQ(c.open_time / 3600 % 2, 0);
  options.reaches_back = false;
  EXPECT_TRUE(CandlePast(options).minutes_from(0).empty());
}

}  // namespace
}  // namespace derivd::sim
