// Owns the tests of the walk that prices rest on where nothing is uncertain any more, and of the
// figures that follow by hand.
#include "market/walk.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "market/pricing.hpp"
#include "market/rows.hpp"
#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

TEST(Walk, WithoutADeviationTheSpotStays) {
  EXPECT_EQ(probability_above(2, 1, 0), 1);
  EXPECT_EQ(probability_above(1, 2, 0), 0);
  EXPECT_EQ(probability_above(1, 1, 0), 0.5);
  EXPECT_EQ(probability_of_touch(1, 2, 0), 0);
  EXPECT_EQ(probability_of_touch(1, 1, 0), 1);
  EXPECT_EQ(probability_within(1, 0.5, 2, 0), 1);
}

TEST(Walk, NeverReachesALevelThatIsNoQuote) {
  EXPECT_EQ(probability_above(1, 0, 0.5), 1);
  EXPECT_EQ(probability_above(1, -1, 0.5), 1);
  EXPECT_EQ(probability_of_touch(1, 0, 0.5), 0);
  EXPECT_EQ(probability_of_touch(1, -1, 0.5), 0);
  EXPECT_DOUBLE_EQ(probability_within(1, 0, 2, 0.5), 1 - probability_of_touch(1, 2, 0.5));
}

TEST(Walk, HasLeftARangeOnItsEdge) {
  EXPECT_EQ(probability_within(2, 1, 2, 0.1), 0);
  EXPECT_EQ(probability_within(1, 1, 2, 0.1), 0);
  EXPECT_EQ(probability_within(3, 1, 2, 0.1), 0);
  EXPECT_EQ(probability_within(0.5, 1, 2, 0.1), 0);
}

// The logarithm is normal with mean -deviation^2 / 2: at the money d = -deviation / 2, and a level
// one deviation away, d = -1 - deviation / 2.
TEST(Walk, IsNormalInItsLogarithm) {
  EXPECT_NEAR(normal_cdf(0), 0.5, 1e-15);
  EXPECT_NEAR(normal_cdf(1.959963985), 0.975, 1e-9);
  EXPECT_NEAR(normal_cdf(-1), 0.158655254, 1e-9);
  EXPECT_NEAR(probability_above(100, 100, 0.2), normal_cdf(-0.1), 1e-12);
  EXPECT_NEAR(probability_above(100, 100 * std::exp(0.2), 0.2), normal_cdf(-1.1), 1e-12);
  EXPECT_NEAR(probability_above(100, 100 * std::exp(-0.2), 0.2), normal_cdf(0.9), 1e-12);
}

// Without the drift a touch is twice as likely as an end beyond the level.
TEST(Walk, IsReflectedAtALevel) {
  const double little = 0.001;
  for (const double level : {1.001, 0.999, 1.002, 0.998}) {
    const double beyond =
        level > 1 ? probability_above(1, level, little) : 1 - probability_above(1, level, little);
    EXPECT_NEAR(probability_of_touch(1, level, little), 2 * beyond, 0.001) << level;
  }
}

// Both ways to compute it meet where they take turns, and close barriers are left for sure.
TEST(Walk, StaysWithinARangeByOneRuleWhateverItsWidth) {
  const double deviation = 0.01;
  const double at = 20 * deviation;  // the width of the logarithm at which the way changes
  const auto within = [&](double width) {
    return probability_within(1, std::exp(-width / 2), std::exp(width / 2), deviation);
  };
  EXPECT_NEAR(within(at * 0.999), within(at * 1.001), 1e-9);
  EXPECT_NEAR(within(0.3 * deviation), 0, 1e-9);
  EXPECT_GT(within(4 * deviation), 0.9);
  EXPECT_LT(within(4 * deviation), 0.96);
  // Far from one side it is what the other leaves.
  EXPECT_NEAR(probability_within(1, 0.9, std::exp(deviation), deviation),
              1 - probability_of_touch(1, std::exp(deviation), deviation), 1e-6);
}

TEST(Walk, OfASymbolHasItsVolatilityForAYear) {
  const auto& r100 = *find_symbol("R_100");
  EXPECT_DOUBLE_EQ(deviation_of(r100, 365.0 * 86400), 1);
  EXPECT_DOUBLE_EQ(deviation_of(*find_symbol("R_10"), 365.0 * 86400 / 4), 0.05);
  EXPECT_EQ(deviation_of(r100, -1), 0) << "a time that has passed";
  EXPECT_EQ(deviation_of(*find_symbol("BOOM500"), 60), 0);
}

TEST(LifeSeconds, AreTicksOfTheSymbolOrTheTimeToTheEnd) {
  const auto& r100 = *find_symbol("R_100");
  EXPECT_EQ(life_seconds(lasting("5t"), r100, {}), 10);
  EXPECT_EQ(life_seconds(lasting("5t"), *find_symbol("1HZ100V"), {}), 5);
  EXPECT_EQ(life_seconds(lasting("5m"), r100, {}), 300);
  EXPECT_EQ(
      life_seconds(ContractDuration::until({1'790'000'100}), r100, core::VenueTime{1'790'000'000}),
      100);
  // A day ends with the next day's last second.
  EXPECT_EQ(life_seconds(lasting("1d"), r100, {}), 86'400);
  EXPECT_EQ(life_seconds(lasting("1d"), r100, core::VenueTime{86'400 * 10 + 86'300}), 86'499);
}

TEST(SecondsLeft, AreThoseToTheExpiryOrOfTheTicksToCome) {
  const auto& r100 = *find_symbol("R_100");
  auto timed = life_of(spec_of(ContractType::kCall, "1m"), {100});
  timed.on_tick(tick(102, "342.00"));
  EXPECT_EQ(seconds_left(timed, r100, {130}), 30);
  EXPECT_EQ(seconds_left(timed, r100, {170}), -10);
  auto ticks = life_of(spec_of(ContractType::kCall, "5t"), {100});
  ticks.on_tick(tick(102, "342.00"));
  ticks.on_tick(tick(104, "342.00"));
  EXPECT_EQ(seconds_left(ticks, r100, {104}), 8) << "four ticks of two seconds";
}

// In its last second it is not decided yet: 342.01 is above 342.00 by a sixth of that second's
// deviation, which is 0.565 and not 1. At its end it is.
TEST(Bid, OfTheLastSecondIsNotThatOfTheEnd) {
  auto life = life_of(spec_of(ContractType::kCall, "1m"), {100});
  life.on_tick(tick(102, "342.00"));
  life.on_tick(tick(158, "342.01"));
  const auto& r100 = *find_symbol("R_100");
  EXPECT_NEAR(bid_for(r100, life, {159}).to_double(), 1.95 * (0.565 - 0.012), 0.01);
  EXPECT_EQ(bid_for(r100, life, {160}), usd("1.93")) << "1.95 x (1 - 0.012)";
}

// Of an odd number of ticks the middle is not the half: 0.5 + asin(sqrt(2/5)) / 2 pi.
TEST(Probability, OfAResetLooksAtItsMiddle) {
  const auto& r100 = *find_symbol("R_100");
  const auto odds = [&](std::string_view length) {
    return theoretical_probability(spec_of(ContractType(rows::kResetCall), length), r100, {});
  };
  EXPECT_NEAR(odds("5t"), 0.608976, 1e-6);
  EXPECT_NEAR(odds("7t"), 0.613593, 1e-6);
  EXPECT_DOUBLE_EQ(odds("6t"), 0.625);
  EXPECT_DOUBLE_EQ(odds("1m"), 0.625);
}

}  // namespace
}  // namespace derivd::market
