// Owns the tests of what candles are asked for: from where, and once for whoever needs the same.
#include <gtest/gtest.h>

#include "rules/parse.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

const Audience kLive{true, true, true, true};

StrategySettings ruled(std::string_view name, std::string_view when, std::string_view symbol) {
  auto s = every_tick(name);
  s.type = "rules";
  s.params.clear();
  s.symbol = symbol;
  s.rules.rules.push_back({std::get<rules::Expr>(rules::parse_condition(when, {})), {}});
  return s;
}

/// Live when the symbol's last tick is of `epoch`.
Rig asking(std::vector<StrategySettings> strategies, std::int64_t epoch) {
  Settings settings;
  settings.strategies = std::move(strategies);
  Rig rig(settings, kLive);
  rig.restore({});
  rig.now.venue = {epoch};
  rig.live();
  rig.tick(settings.strategies[0].symbol.view(), epoch, "100.00");
  return rig;
}

TEST(CandleAsks, BeginWithTheOldestCandleThatIsNeeded) {
  // rsi(14) of a quarter of an hour: what it needs before the growing one, on the candle's own
  // grid.
  auto rig = asking({ruled("a", "sma(3, 15m) > 0", "R_100")}, 1'782'086'400 + 100);
  ASSERT_EQ(rig.candle_asks.size(), 1U);
  EXPECT_EQ(rig.candle_asks[0].seconds, 900);
  EXPECT_EQ(rig.candle_asks[0].from.s % 900, 0);
  EXPECT_LE(rig.candle_asks[0].from.s, 1'782'086'400 - 3 * 900);
}

TEST(CandleAsks, NeverBeginBeforeTheFirstSecond) {
  auto rig = asking({ruled("a", "sma(3, 15m) > 0", "R_100")}, 1'000);
  ASSERT_EQ(rig.candle_asks.size(), 1U);
  EXPECT_EQ(rig.candle_asks[0].from.s, 0);
}

TEST(CandleAsks, OfAMarketThatClosesReachOverItsNightsAndHolidays) {
  auto forex = ruled("a", "sma(3, 15m) > 0", "frxEURUSD");
  auto rig = asking({forex}, 1'782'086'400);
  ASSERT_EQ(rig.candle_asks.size(), 1U);
  const auto synthetic = asking({ruled("a", "sma(3, 15m) > 0", "R_100")}, 1'782'086'400);
  const auto span = 1'782'086'400 - synthetic.candle_asks.at(0).from.s;
  // Four times the time, five days more.
  EXPECT_EQ(1'782'086'400 - rig.candle_asks[0].from.s, 4 * span + 5 * 86'400);
}

TEST(CandleAsks, OfTwoThatNeedTheSameAreOne) {
  auto rig =
      asking({ruled("a", "sma(3, 15m) > 0", "R_100"), ruled("b", "sma(3, 15m) > 1", "R_100")},
             1'782'086'400);
  ASSERT_EQ(rig.candle_asks.size(), 1U);
  rig.candles({{{1'782'086'400 - 900}, 100, 100, 100, 100}});
  EXPECT_FALSE(rig.engine->awaits_candles("a"));
  EXPECT_FALSE(rig.engine->awaits_candles("b"));
}

TEST(CandleAsks, OfAnEarlierBeginningOrAnotherLengthAreTheirOwn) {
  const auto longer =
      asking({ruled("a", "sma(3, 15m) > 0", "R_100"), ruled("b", "sma(30, 15m) > 0", "R_100")},
             1'782'086'400);
  ASSERT_EQ(longer.candle_asks.size(), 2U) << "the first does not reach so far";
  EXPECT_LT(longer.candle_asks[1].from, longer.candle_asks[0].from);
  const auto other =
      asking({ruled("a", "sma(3, 15m) > 0", "R_100"), ruled("b", "sma(3, 5m) > 0", "R_100")},
             1'782'086'400);
  EXPECT_EQ(other.candle_asks.size(), 2U);
}

}  // namespace
}  // namespace derivd::engine::test
