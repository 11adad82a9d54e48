// Type rules in the back-test: contracts of each rule's own, payouts that must be known, odds.
#include "backtest/bet.hpp"
#include "rig.hpp"
#include "rules/parse.hpp"

namespace derivd::backtest::test {
namespace {

using market::ContractType;

rules::Expr condition(std::string_view text) {
  return std::get<rules::Expr>(rules::parse_condition(text, {}));
}

engine::StrategySettings ruled(std::string_view when, rules::Buy buy) {
  auto s = strategy("a", "rules");
  s.params.clear();
  s.rules.rules.push_back({condition(when), std::move(buy)});
  return s;
}

rules::Buy digit_over(std::string_view prediction) {
  return {ContractType::kDigitOver,
          {},
          std::get<rules::Expr>(rules::parse_number(prediction, {})),
          {},
          {}};
}

TEST(Rules, EachBuysItsOwnContract) {
  Rig rig;
  auto s = ruled("digit == 7", digit_over("4"));
  s.rules.rules.push_back(
      {condition("digit == 2"),
       {ContractType::kCall, market::ContractDuration::parse("2t").value(), {}, {}, {}}});
  rig.options.settings.strategies = {s};
  rig.options.payouts = Payouts::parse("DIGITOVER=1.90,CALL=1.95").value();
  // 7 buys OVER 4 that ends at 5; 2 buys CALL with its entry at 1003 and its exit two ticks later.
  rig.ticks(1'700'000'000, {1007, 1005, 1002, 1003, 1001, 1009, 1000});
  const auto result = rig.run_all();
  ASSERT_EQ(rig.trades.size(), 2U);
  EXPECT_EQ(rig.trades[0].type, ContractType::kDigitOver);
  EXPECT_EQ(rig.trades[0].profit, usd("0.90"));
  EXPECT_EQ(rig.trades[1].type, ContractType::kCall);
  EXPECT_EQ(rig.trades[1].entry.to_string(), "10.03");
  EXPECT_EQ(rig.trades[1].exit.to_string(), "10.09");
  EXPECT_EQ(rig.trades[1].profit, usd("0.95"));
  ASSERT_EQ(result.strategies[0].rules.size(), 2U);
  EXPECT_EQ(result.strategies[0].rules[0].result, "false");
  EXPECT_EQ(result.strategies[0].rules[0].at->s, 1'700'000'006);
}

TEST(Rules, EverythingThatTheyMayBuyHasAPayoutBeforehand) {
  Rig rig;
  rig.ticks(1'700'000'000, {1007, 1005});
  rig.options.settings.strategies = {ruled("digit == 7", digit_over("4"))};
  rig.options.payouts = Payouts::parse("CALL=1.95").value();
  EXPECT_EQ(rig.try_run().error().text,
            "payouts: strategy a may buy DIGITOVER, which has no ratio");
}

TEST(Rules, AReckonedBarrierHasNoRecordedQuote) {
  Rig rig;
  rig.ticks(1'700'000'000, {1007, 1005});
  rules::Buy buy{ContractType::kHigher, {}, {}, {}, {}};
  buy.barrier = std::get<rules::Expr>(rules::parse_offset("+0.10", {}));
  const auto fixed = ruled("digit == 7", buy);
  buy.barrier = std::get<rules::Expr>(rules::parse_offset("+atr(3)", {}));
  const auto reckoned = ruled("digit == 7", buy);
  Quotes quotes;
  market::ContractSpec spec;
  spec.type = ContractType::kHigher;
  spec.symbol = "1HZ100V";
  spec.duration = market::ContractDuration::parse("1t").value();
  spec.set_offset(core::Price::raw(10, 2));
  ASSERT_TRUE(quotes.add(spec, {{1'700'000'000}, usd("1.00"), usd("2.00")}));
  quotes.sort();
  rig.options.payouts = Payouts(std::make_shared<const Quotes>(quotes));
  rig.options.settings.strategies = {fixed};
  EXPECT_TRUE(rig.try_run());
  rig.options.settings.strategies = {reckoned};
  EXPECT_NE(rig.try_run().error().text.find("reckons the barrier of HIGHER at each signal"),
            std::string::npos);
  EXPECT_FALSE(Bet::of(reckoned, Payouts{}));
  EXPECT_TRUE(Bet::of(fixed, Payouts{}));
}

TEST(Rules, OddsAreThoseOfThePredictionThatIsBought) {
  const auto bet = Bet::of(ruled("price > 0", digit_over("6")), Payouts{});
  ASSERT_TRUE(bet);
  EXPECT_DOUBLE_EQ(bet->win_probability(), 0.3);
}

}  // namespace
}  // namespace derivd::backtest::test
