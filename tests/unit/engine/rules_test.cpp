// A strategy of type rules in the engine: its past, its own results, its contracts, restart and
// reload.
#include <gtest/gtest.h>

#include "engine/spec.hpp"
#include "rules/parse.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

constexpr std::int64_t kStart = 1'782'086'400;  // a Monday, 00:00 UTC

rules::Expr condition(std::string_view text) {
  auto parsed = rules::parse_condition(text, {});
  if (const auto* p = std::get_if<rules::Problem>(&parsed)) ADD_FAILURE() << text << p->text;
  return std::get<rules::Expr>(parsed);
}

StrategySettings ruled(std::string_view name, std::string_view when) {
  auto s = every_tick(name);
  s.type = "rules";
  s.params.clear();
  s.rules.rules.push_back({condition(when), {}});
  return s;
}

Settings of(std::vector<StrategySettings> strategies) {
  Settings out;
  out.strategies = std::move(strategies);
  return out;
}

Rig live_rig(const Settings& settings) {
  Rig rig(settings);
  rig.restore({});
  rig.now.venue = {kStart};
  rig.live();
  return rig;
}

TEST(Rules, HistoryMakesThemReadyAndNeverEnters) {
  auto rig = live_rig(of({ruled("a", "sma(5) > 0")}));
  EXPECT_TRUE(rig.engine->wants_past());
  for (int i = 10; i > 0; --i) rig.tick("R_100", kStart - 2 * i, "1.00", true);
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("R_100", kStart, "1.00");
  EXPECT_EQ(rig.buy().spec.type, market::ContractType::kCall);
  EXPECT_FALSE(live_rig(of({every_tick("b")})).engine->wants_past());
}

TEST(Rules, WithoutAPastTheyWaitUntilTheyAreReady) {
  auto rig = live_rig(of({ruled("a", "sma(5) > 0")}));
  for (int i = 0; i < 4; ++i) rig.tick("1.00");
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("1.00");
  EXPECT_EQ(rig.take_buys().size(), 1U);
}

TEST(Rules, TicksLostWithTheLinkMakeThemBeginAnew) {
  auto rig = live_rig(of({ruled("a", "sma(3) > 0")}));
  for (int i = 0; i < 2; ++i) rig.tick("1.00");
  rig.offline();
  rig.live();
  rig.tick("R_100", rig.now.venue.s + 60, "1.00");
  EXPECT_TRUE(rig.buys.empty()) << "the third tick, but not of one run";
  rig.tick("1.00");
  rig.tick("1.00");
  EXPECT_EQ(rig.take_buys().size(), 1U);
}

TEST(Rules, ARestartIsMadeReadyByHistoryAlone) {
  auto rig = live_rig(of({ruled("a", "run(rise) == 3")}));
  rig.tick("1.00");
  rig.tick("1.01");
  rig.tick("1.02");
  rig.restart();
  rig.live();
  // The venue's history begins before what was seen, and is taken whole.
  const auto last = rig.now.venue.s;
  rig.tick("R_100", last - 4, "1.00", true);
  rig.tick("R_100", last - 2, "1.01", true);
  rig.tick("R_100", last, "1.02", true);
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("1.03");
  EXPECT_EQ(rig.take_buys().size(), 1U);
}

TEST(Rules, TheirOwnResultsAreTheBooksAndSurviveARestart) {
  auto a = ruled("a",
                 "losses_in_row == 2 and last_profit == -1 and session_profit == -2 and "
                 "open == 0 and trades_today == 2 and wins_in_row == 0");
  a.rules.rules.push_back({condition("trades_today < 2 and open == 0"), {}});
  auto rig = live_rig(of({a}));
  for (const int contract : {5, 6}) {
    rig.tick("1.00");
    rig.bought(rig.buy().order, contract, "1.95");
    rig.tick("1.00");
    EXPECT_TRUE(rig.buys.empty()) << "open is 1";
    rig.settle(contract, "0.00");
  }
  rig.restart();
  rig.live();
  rig.tick("1.00");
  ASSERT_EQ(rig.take_buys().size(), 1U) << "the first rule holds";
  const auto view = rig.engine->rules("a");
  EXPECT_EQ(view.at(0).result, "true");
  EXPECT_EQ(view.at(1).result, "false");
}

TEST(Rules, AWinEndsARunOfLossesAndABreakEvenNeither) {
  auto rig = live_rig(of({ruled("a", "open == 0")}));
  std::int64_t contract = 5;
  const auto trade = [&](std::string_view paid) {
    rig.tick("1.00");
    rig.bought(rig.buy().order, ++contract, "1.95");
    rig.settle(contract, paid);
    rig.tick("1.00");
    rig.bought(rig.buy().order, ++contract, "1.95");
    rig.settle(contract, "1.00");  // a break-even
  };
  const auto results = [&] {
    const auto guards = rig.book.strategies.at("a").guards;
    const auto at = guards.find("results=");
    return guards.substr(at + 8, guards.find(' ', at) - at - 8);
  };
  trade("1.95");
  EXPECT_EQ(results(), "1:0:0");
  trade("0.00");
  trade("0.00");
  EXPECT_EQ(results(), "0:2:0");
  trade("1.95");
  EXPECT_EQ(results(), "1:0:0");
}

TEST(Rules, AWishIsWhatIsBought) {
  auto a = ruled("a", "price > 1");
  a.rules.rules[0].buy = {market::ContractType::kLower,
                          market::ContractDuration::parse("5m").value(),
                          {},
                          std::get<rules::Expr>(rules::parse_offset("-digit / 100", {})),
                          {}};
  a.rules.rules.push_back({condition("price > 0"),
                           {market::ContractType::kDigitOver,
                            {},
                            std::get<rules::Expr>(rules::parse_number("digit", {})),
                            {},
                            {}}});
  auto rig = live_rig(of({a}));
  rig.tick("0.95");
  auto buy = rig.buy();
  EXPECT_EQ(buy.spec.type, market::ContractType::kDigitOver);
  EXPECT_EQ(buy.spec.digit(), 5);
  EXPECT_EQ(buy.spec.duration.to_string(), "1t") << "of contract, where the rule says nothing";
  rig.bought(buy.order, 5, "1.95");
  rig.settle(5, "0.00");
  rig.tick("1.07");
  buy = rig.buy();
  EXPECT_EQ(buy.spec.type, market::ContractType::kLower);
  EXPECT_EQ(buy.spec.duration.to_string(), "5m");
  EXPECT_EQ(buy.spec.offset().to_string(), "-0.07");
}

TEST(Rules, OneThatAReloadAddsHasThePastOfItsSymbol) {
  auto rig = live_rig(of({every_tick("other", "0.50")}));
  for (int i = 0; i < 10; ++i) rig.tick("1.01");
  rig.take_buys();
  rig.reconfigure(of({ruled("a", "sma(8) > 0")}));
  rig.tick("1.01");
  ASSERT_EQ(rig.take_buys().size(), 1U);
  const auto view = rig.engine->rules("a");
  EXPECT_EQ(view.at(0).parts.at(0).value, "1.01");
}

TEST(Rules, AChangedRuleWaitsForWhatIsOpenAndKeepsThePast) {
  auto rig = live_rig(of({ruled("a", "sma(3) > 0")}));
  for (int i = 0; i < 3; ++i) rig.tick("1.00");
  rig.bought(rig.buy().order, 5, "1.95");
  rig.reconfigure(of({ruled("a", "sma(4) > 0")}));
  EXPECT_TRUE(rig.view("a").change_pending);
  rig.settle(5, "0.00");
  rig.tick("1.00");
  EXPECT_FALSE(rig.view("a").change_pending);
  EXPECT_EQ(rig.take_buys().size(), 1U) << "four ticks were heard";
}

TEST(Rules, WhatTheyMayBuyIsKnownBeforehand) {
  auto a = ruled("a", "price > 0");
  a.rules.rules[0].buy = {market::ContractType::kDigitUnder,
                          {},
                          std::get<rules::Expr>(rules::parse_number("digit", {})),
                          {},
                          {}};
  auto all = buyables(a);
  ASSERT_EQ(all.size(), 9U);
  EXPECT_EQ(all.front().signal.prediction, 1);
  EXPECT_EQ(all.back().signal.prediction, 9);
  a.rules.rules[0].buy.prediction = std::get<rules::Expr>(rules::parse_number("1 + 2", {}));
  all = buyables(a);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].signal.prediction, 3);
  a.rules.rules[0].buy = {market::ContractType::kHigher,
                          {},
                          {},
                          std::get<rules::Expr>(rules::parse_offset("+0.25", {})),
                          {}};
  all = buyables(a);
  EXPECT_EQ(all.at(0).signal.barrier->value.to_string(), "0.25");
  EXPECT_FALSE(all.at(0).barrier_varies);
  a.rules.rules[0].buy.barrier = std::get<rules::Expr>(rules::parse_offset("+atr(3)", {}));
  EXPECT_TRUE(buyables(a).at(0).barrier_varies);
  EXPECT_EQ(buyables(every_tick("b")).size(), 2U);
}

}  // namespace
}  // namespace derivd::engine::test
