// Contracts that any tick of their life can decide, and positions that pay their value, in a
// back-test on ticks written by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backtest/backtest.hpp"
#include "backtest/bet.hpp"
#include "backtest/result_json.hpp"
#include "market/kind.hpp"
#include "unit/backtest/rig.hpp"

namespace derivd::backtest::test {
namespace {

using testing::HasSubstr;

/// With the venue's model of payouts.
struct ModelRig : Rig {
  ModelRig() { options.payouts = Payouts{}; }
};

/// Buys this type at the first tick, and again once it has its result.
engine::StrategySettings always(std::string_view type) {
  auto s = strategy("a", "random", 1);
  s.params = {{"probability", 1'000'000}, {"seed", 1}, {"contract", 0}};
  s.contract.types = {*market::contract_type_from(type)};
  return s;
}

TEST(BacktestFamilies, ATouchEndsAtItsTouch) {
  ModelRig rig;
  auto s = always("ONETOUCH");
  s.contract.duration = market::ContractDuration::parse("5t").value();
  s.contract.barrier = {core::Decimal{20, 2}, true};
  rig.options.settings.strategies = {s};
  // Bought at 1000; the entry is 1001 at 682.00, the touch 1003.
  rig.ticks(1000, {68'200, 68'200, 68'210, 68'221, 68'200, 68'200, 68'200, 68'200, 68'200, 68'200});
  rig.run_all();
  ASSERT_GE(rig.trades.size(), 1U);
  const auto& t = rig.trades[0];
  EXPECT_EQ(t.exit_epoch.s, 1003);
  EXPECT_EQ(t.exit.to_string(), "682.21");
  EXPECT_EQ(t.end, market::End::kWon);
  EXPECT_EQ(t.barrier->to_string(), "682.20");
  EXPECT_EQ(t.profit, t.payout - t.stake);
  // Bought again at the touch: from 682.00 on it is not touched in five ticks.
  ASSERT_EQ(rig.trades.size(), 2U);
  EXPECT_EQ(rig.trades[1].signal_epoch.s, 1003);
  EXPECT_EQ(rig.trades[1].exit_epoch.s, 1009);
  EXPECT_EQ(rig.trades[1].end, market::End::kLost);
}

TEST(BacktestFamilies, AnAccumulatorPaysWhatItHasGrownTo) {
  ModelRig rig;
  auto s = always("ACCU");
  s.contract.growth = core::Decimal{5, 2};
  s.contract.take_profit = usd("0.15");
  rig.options.settings.strategies = {s};
  // 1.05^3 = 1.157625: the first with 0.15, three ticks after the entry at 1001.
  rig.ticks(1000, {68'200, 68'200, 68'200, 68'200, 68'200, 68'900, 68'900});
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1U);
  const auto& t = rig.trades[0];
  EXPECT_EQ(t.entry_epoch.s, 1001);
  EXPECT_EQ(t.exit_epoch.s, 1004);
  EXPECT_EQ(t.end, market::End::kTakeProfit);
  EXPECT_EQ(t.profit, usd("0.16"));
  EXPECT_EQ(t.payout, usd("0.00")) << "no payout is ever quoted";
  EXPECT_EQ(rig.of("1HZ100V").size(), 7U);
}

TEST(BacktestFamilies, AnAccumulatorIsKnockedOut) {
  ModelRig rig;
  auto s = always("ACCU");
  s.contract.growth = core::Decimal{1, 2};
  rig.options.settings.strategies = {s};
  rig.ticks(1000, {68'200, 68'200, 68'200, 68'300});
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1U);
  EXPECT_EQ(rig.trades[0].end, market::End::kKnockedOut);
  EXPECT_EQ(rig.trades[0].profit, usd("-1.00"));
}

TEST(BacktestFamilies, RowsSayHowItEnded) {
  ModelRig rig;
  auto s = always("RUNHIGH");
  s.contract.duration = market::ContractDuration::parse("2t").value();
  rig.options.settings.strategies = {s};
  rig.ticks(1000, {68'200, 68'200, 68'201, 68'202});
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1U);
  const Tape tape{"1HZ100V", nullptr};
  ResultJson json(rig.options, {&tape, 1});
  std::string text;
  json.trade(text, rig.trades[0]);
  EXPECT_THAT(text, HasSubstr(R"("settled_epoch":1003,"end":"won"})"));
  auto plain = rig.trades[0];
  plain.type = market::ContractType::kCall;
  text.clear();
  json.trade(text, plain);
  EXPECT_THAT(text, HasSubstr(R"("settled_epoch":1003})")) << "as it always was";
}

TEST(BacktestFamilies, APayoutIsBoughtForWhatItCosts) {
  ModelRig rig;
  auto s = always("CALL");
  s.contract.duration = market::ContractDuration::parse("1t").value();
  s.contract.basis = market::Basis::kPayout;
  s.staking.base = usd("10.00");
  rig.options.settings.strategies = {s};
  rig.ticks(1000, {68'200, 68'200, 68'201, 68'202});
  rig.run_all();
  ASSERT_GE(rig.trades.size(), 1U);
  EXPECT_EQ(rig.trades[0].payout, usd("10.00"));
  EXPECT_EQ(rig.trades[0].stake, usd("5.12"));  // one half and the commission of 0.012
  EXPECT_EQ(rig.trades[0].profit, usd("4.88"));
}

// Of a symbol that derivd's own list does not have.
TEST(BacktestFamilies, APayoutOfALearnedSymbolHasItsPrice) {
  auto info = *market::find_symbol("1HZ100V");
  info.code = "NEW100";
  Payouts payouts;
  payouts.price_on(market::Symbols{}.with(info));
  market::ContractSpec spec;
  spec.type = market::ContractType::kCall;
  spec.duration = market::ContractDuration::parse("1t").value();
  spec.basis = market::Basis::kPayout;
  spec.symbol = "NEW100";
  const market::Tick tick{"NEW100", {1000}, core::Price::raw(68'200, 2)};
  EXPECT_EQ(payouts.price(spec, usd("10.00"), tick), usd("5.12"));
  EXPECT_EQ(payouts.payout(spec, usd("5.12"), tick), usd("10.00"));
}

TEST(BacktestFamilies, LimitsLookAtThePriceOfAPayout) {
  ModelRig rig;
  auto s = always("CALL");
  s.contract.duration = market::ContractDuration::parse("1t").value();
  s.contract.basis = market::Basis::kPayout;
  s.staking.base = usd("10.00");
  rig.options.settings.strategies = {s};
  rig.options.settings.limits.max_stake = usd("5.12");
  rig.ticks(1000, {68'200, 68'200, 68'201, 68'202});
  rig.run_all();
  EXPECT_GE(rig.trades.size(), 1U);
  rig.trades.clear();
  rig.options.settings.limits.max_stake = usd("5.11");
  rig.run_all();
  EXPECT_EQ(rig.trades.size(), 0U);
}

TEST(BacktestFamilies, OddsAreThoseOfTheRuleAndPositionsHaveNone) {
  auto s = always("RUNHIGH");
  s.contract.duration = market::ContractDuration::parse("3t").value();
  const auto bet = Bet::of(s, Payouts{});
  ASSERT_TRUE(bet) << bet.error().text;
  EXPECT_DOUBLE_EQ(bet->win_probability(), 0.125);
  auto accu = always("ACCU");
  accu.contract.growth = core::Decimal{1, 2};
  EXPECT_FALSE(Bet::of(accu, Payouts{}));
  auto until = always("CALL");
  until.contract.until = core::VenueTime{1'900'000'000};
  EXPECT_FALSE(Bet::of(until, Payouts{}));
}

}  // namespace
}  // namespace derivd::backtest::test
