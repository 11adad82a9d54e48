#include <gtest/gtest.h>

#include "core/utc.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

using core::EventKind;
using execution::OrderState;
using market::ContractType;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::int64_t kStart = 1'782'086'400;  // a Monday, 00:00 UTC

Rig live_rig(std::vector<StrategySettings> strategies, risk::AccountLimits limits = {}) {
  Settings s;
  s.limits = limits;
  s.strategies = std::move(strategies);
  Rig rig(s);
  rig.restore({});
  rig.now.venue = {kStart};
  rig.live();
  return rig;
}

TEST(Entry, ASignalBecomesAJournaledIntentThenABuy) {
  auto s = every_tick("parity", "0.35");
  s.params["streak"] = 3;
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.tick("1.04");
  EXPECT_TRUE(rig.buys.empty());
  rig.log.clear();
  rig.tick("1.06");
  ASSERT_EQ(rig.log.size(), 3u);
  EXPECT_EQ(rig.log[0], fmt::format("order 1 parity intended 0.35 contract 0 paid 0.00 profit - "
                                    "none wall {}",
                                    rig.now.wall.us));
  EXPECT_EQ(rig.log[1], "buy 1 R_100 DIGITODD 1t 0.35 ");
  EXPECT_TRUE(rig.log[2].starts_with("tell order_sent")) << rig.log[2];
  EXPECT_EQ(rig.book.orders.at({1}).signal_epoch, rig.now.venue);
  rig.log.clear();
  rig.bought({1}, 77, "0.68");
  EXPECT_TRUE(rig.log[0].starts_with("order 1 parity open 0.35 contract 77 paid 0.35"));
  EXPECT_EQ(rig.log[1], "watch 77");
  EXPECT_TRUE(rig.log[2].starts_with("tell contract_bought"));
}

TEST(Entry, NothingIsBoughtWhileTheMarketIsKnownToBeClosed) {
  auto rig = live_rig({every_tick("a")});
  market::ListedSymbol listed;
  listed.symbol = *market::find_symbol("R_100");
  const market::TradingHours hours({kStart}, {kStart + 86'400},
                                   {{{kStart}, {kStart + 4}}, {{kStart + 8}, {kStart + 86'400}}});
  rig.engine->learn(
      market::Symbols{}.with_list(std::vector{listed}, {kStart}, {}).with_hours("R_100", hours));
  rig.tick("R_100", kStart + 2, "1.01");
  ASSERT_EQ(rig.buys.size(), 1U);
  rig.bought({1}, 77, "0.68");
  rig.settle(77, "0.68");
  rig.tick("R_100", kStart + 4, "1.03");
  rig.tick("R_100", kStart + 6, "1.05");
  EXPECT_EQ(rig.buys.size(), 1U);
  EXPECT_EQ(rig.engine->strategies().at(0).last_decision.view(),
            "the market of R_100 is closed until 2026-06-22 00:00 UTC");
  rig.tick("R_100", kStart + 8, "1.07");
  EXPECT_EQ(rig.buys.size(), 2U);
}

TEST(Entry, WhatTheVenueDoesNotSellHaltsItsStrategyAlone) {
  auto rig = live_rig({every_tick("a"), every_tick("b")});
  Actions actions;
  rig.engine->not_offered("a", "the venue does not list R_100", rig.now, actions);
  const auto told = actions.size();
  EXPECT_GT(told, 0U);
  rig.engine->not_offered("a", "told again", rig.now, actions);
  EXPECT_EQ(actions.size(), told) << "it is halted already";
  const auto views = rig.engine->strategies();
  EXPECT_EQ(views.at(0).halt_kind.view(), "not_offered");
  EXPECT_EQ(views.at(0).reason.view(), "the venue does not list R_100");
  EXPECT_TRUE(views.at(1).halt_kind.empty());
  rig.tick("1.02");
  ASSERT_EQ(rig.buys.size(), 1U);
  EXPECT_EQ(rig.buys.at(0).strategy.view(), "b");
}

TEST(Entry, NothingEntersBeforeTheFirstReport) {
  Settings s;
  s.strategies = {every_tick("a")};
  Rig rig(s);
  rig.restore({});
  rig.tick("R_100", kStart, "1.02");
  EXPECT_TRUE(rig.buys.empty());
  rig.online();
  ASSERT_EQ(rig.asked.size(), 1u);
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_FALSE(rig.told(EventKind::kReconciled));
  rig.report(rig.empty_report());
  EXPECT_TRUE(rig.told(EventKind::kReconciled));
  rig.tick("1.02");
  EXPECT_EQ(rig.buy().spec.type, ContractType::kDigitOdd);
  rig.offline();
  rig.online();
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
}

TEST(Entry, HistoryFeedsCountersAndNeverEnters) {
  auto s = every_tick("a");
  s.params["streak"] = 3;
  auto rig = live_rig({s});
  rig.tick("R_100", kStart, "1.01");
  rig.tick("R_100", kStart + 2, "1.02", true);
  rig.tick("R_100", kStart + 4, "1.04", true);
  rig.tick("R_100", kStart + 4, "1.04", true);  // a duplicate counts once
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("R_100", kStart + 6, "1.06");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Entry, ASignalInHistoryIsDroppedAndRestartsTheCounters) {
  auto s = every_tick("a");
  s.params["streak"] = 2;
  auto rig = live_rig({s});
  rig.tick("R_100", kStart, "1.01");
  rig.tick("R_100", kStart + 2, "1.02", true);
  rig.tick("R_100", kStart + 4, "1.04", true);
  rig.tick("R_100", kStart + 6, "1.06");
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("R_100", kStart + 8, "1.08");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Entry, ATickWhileAContractIsOpenFeedsAndItsSignalIsDropped) {
  auto s = every_tick("a");
  s.params["streak"] = 2;
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.tick("1.04");
  rig.bought(rig.buy().order, 5, "1.95");
  rig.tick("1.02");
  rig.tick("1.04");  // a signal: dropped, and the counters restart
  rig.settle(5, "0.00");
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("1.04");
  EXPECT_EQ(rig.buys.size(), 1u);
  EXPECT_TRUE(rig.told(EventKind::kSignalDropped));
}

TEST(Entry, SpecCarriesPredictionAndSignedBarrier) {
  auto differs = every_tick("d");
  differs.type = "digit_differs";
  differs.params = {};
  auto rig = live_rig({differs});
  rig.tick("1.1");
  EXPECT_EQ(rig.buy().spec.digit(), 0);  // 1.10

  auto hl = every_tick("hl");
  hl.type = "higher_lower";
  hl.symbol = "R_75";  // four decimals
  hl.contract.duration = {1, market::ContractDuration::Unit::kMinutes};
  hl.contract.barrier = *core::Decimal::parse("0.36");
  auto second = live_rig({hl});
  second.tick("R_75", kStart + 2, "100");
  second.tick("R_75", kStart + 4, "101");
  auto up = second.buy();
  EXPECT_EQ(up.spec.type, ContractType::kHigher);
  EXPECT_EQ(up.spec.offset(), core::Price::raw(3600, 4));
  second.bought(up.order, 1, "2.00");
  second.settle(1, "0.00");
  second.tick("R_75", kStart + 6, "100");  // the window was emptied: the first quote again
  second.tick("R_75", kStart + 8, "99");
  EXPECT_EQ(second.buy().spec.offset(), core::Price::raw(-3600, 4));
}

TEST(Entry, ABarrierFinerThanTheSymbolIsNotBought) {
  auto hl = every_tick("hl");
  hl.type = "higher_lower";
  hl.contract.barrier = *core::Decimal::parse("0.361");
  auto rig = live_rig({hl});
  rig.tick("1.00");
  rig.tick("1.01");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_TRUE(rig.told(EventKind::kSignalDropped));
}

// ---- stakes ----

TEST(Stakes, MartingaleFollowsSettlementsInTheirOrder) {
  auto s = every_tick("m", "0.35");
  s.staking.plan = "martingale";
  s.staking.factor = *core::Decimal::parse("2.1");
  s.guards.max_open = 3;
  auto rig = live_rig({s});
  rig.tick("1.02");
  const auto a = rig.buy().order;
  rig.bought(a, 1, "0.68");
  rig.tick("1.03");
  const auto b = rig.buy().order;
  rig.bought(b, 2, "0.68");
  rig.settle(2, "0.00");
  rig.tick("1.04");
  auto third = rig.buy();
  EXPECT_EQ(third.stake, usd("0.74"));
  rig.bought(third.order, 3, "1.44");
  rig.settle(1, "0.00");
  EXPECT_EQ(rig.view("m").next_stake, usd("1.54"));
  rig.settle(3, "1.44");
  EXPECT_EQ(rig.view("m").next_stake, usd("0.35"));
}

// The session of the issue: stop loss 20.00, base 0.35, factor 2.1.
TEST(Stakes, TheSessionStopIsNeverPassed) {
  auto s = every_tick("m", "0.35");
  s.staking.plan = "martingale";
  s.staking.factor = *core::Decimal::parse("2.1");
  s.session.stop_loss = usd("20.00");
  auto rig = live_rig({s});
  std::string stakes;
  for (int i = 0; i < 200 && rig.view("m").status == StrategyStatus::kRunning; ++i) {
    rig.tick("1.02");
    if (rig.buys.empty()) break;
    const auto b = rig.buy();
    stakes += b.stake.to_string() + " ";
    rig.bought(b.order, i + 1, "9.99");
    rig.settle(i + 1, "0.00");
    ASSERT_GE(rig.view("m").profit, usd("-20.00"));
  }
  // 0.35+0.74+1.54+3.24+6.81 = 12.68; 14.29 does not fit into 7.32: base again, 0.35+0.74+1.54+3.24
  // = 18.55; 6.81 not into 1.45: 0.35+0.74 = 19.64; 1.54 not into 0.36: 0.35 → 19.99; 0.35 does not
  // fit into 0.01: halted.
  EXPECT_EQ(stakes, "0.35 0.74 1.54 3.24 6.81 0.35 0.74 1.54 3.24 0.35 0.74 0.35 ");
  EXPECT_EQ(rig.view("m").profit, usd("-19.99"));
  EXPECT_EQ(rig.view("m").status, StrategyStatus::kHalted);
  EXPECT_EQ(rig.book.halts.at("m").kind, "stop_loss");
  EXPECT_TRUE(rig.told(EventKind::kStrategyHalted));
}

TEST(Stakes, AStakeThatFitsExactlyIsAdmitted) {
  auto s = every_tick("a", "1.00");
  s.session.stop_loss = usd("2.00");
  auto rig = live_rig({s});
  for (std::int64_t c : {1, 2}) {
    rig.tick("1.02");
    rig.bought(rig.buy().order, c, "1.95");
    rig.settle(c, "0.00");
  }
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kRunning);  // the halt comes with the signal
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kHalted);
}

TEST(Stakes, WhatIsOpenOnlyDelaysAndTheStepStays) {
  auto s = every_tick("m", "1.00");
  s.staking.plan = "martingale";
  s.session.stop_loss = usd("5.00");
  s.guards.max_open = 2;
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");  // −1.00, next 2.00
  rig.tick("1.02");
  rig.bought(rig.buy().order, 2, "3.90");  // 2.00 open; 2.00 more fit exactly
  rig.tick("1.02");
  rig.bought(rig.buy().order, 3, "3.90");
  rig.settle(2, "0.00");  // −3.00, 2.00 open, next 4.00: fits not even with nothing open
  rig.tick("1.02");       // → restart; the base does not fit beside the 2.00 that are open
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("m").next_stake, usd("1.00"));
  EXPECT_EQ(rig.view("m").status, StrategyStatus::kRunning);
  rig.settle(3, "3.90");  // −1.10, a win: base
  rig.tick("1.02");
  EXPECT_EQ(rig.buy().stake, usd("1.00"));
}

TEST(Stakes, ASignalThatFitsOnlyAloneKeepsItsStep) {
  auto a = every_tick("a", "3.00");
  auto m = every_tick("m", "1.00");
  m.params["streak"] = 2;
  m.staking.plan = "martingale";
  risk::AccountLimits limits;
  limits.max_open_stake = usd("4.00");
  auto rig = live_rig({a, m}, limits);
  rig.tick("1.02");  // a enters with 3.00
  rig.bought(rig.buy().order, 1, "5.85");
  rig.tick("1.04");  // m enters with 1.00
  rig.bought(rig.buy().order, 2, "1.95");
  rig.settle(2, "0.00");  // next 2.00: with 3.00 open too much, alone it would fit
  rig.tick("1.02");
  rig.tick("1.04");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("m").next_stake, usd("2.00"));
  EXPECT_EQ(
      rig.view("m").last_decision,
      "max_open_stake: a stake of 2.00 with 3.00 at risk does not fit into the 4.00 allowed at "
      "risk");
}

TEST(Stakes, AnAccountLimitRestartsThePlanAndTriesTheBase) {
  auto m = every_tick("m", "1.00");
  m.staking.plan = "martingale";
  risk::AccountLimits limits;
  limits.max_stake = usd("3.00");
  auto rig = live_rig({m}, limits);
  std::string stakes;
  for (int i = 1; i <= 4; ++i) {
    rig.tick("1.02");
    const auto b = rig.buy();
    stakes += b.stake.to_string() + " ";
    rig.bought(b.order, i, "1.95");
    rig.settle(i, "0.00");
  }
  EXPECT_EQ(stakes, "1.00 2.00 1.00 2.00 ");
}

TEST(Stakes, AnAccountLimitThatNeverFitsOnlyDropsTheSignal) {
  risk::AccountLimits limits;
  limits.daily_loss = usd("1.50");
  auto rig = live_rig({every_tick("a", "1.00")}, limits);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  for (int i = 0; i < 5; ++i) rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kRunning);
  EXPECT_EQ(rig.count(EventKind::kOrderDenied), 1);  // told once, not at every tick
  // The next day it goes on.
  rig.tick("R_100", kStart + 86400, "1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Stakes, TrailingStopCountsFromThePeakOfSettlements) {
  auto s = every_tick("a", "1.00");
  s.session.stop_loss = usd("2.00");
  s.session.trailing = true;
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "2.50");
  rig.settle(1, "2.50");  // +1.50, floor −0.50
  rig.tick("1.02");
  rig.bought(rig.buy().order, 2, "1.95");
  rig.settle(2, "0.00");  // +0.50: one more stake fits exactly
  rig.tick("1.02");
  rig.bought(rig.buy().order, 3, "1.95");
  rig.settle(3, "0.00");  // −0.50
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kHalted);
  EXPECT_EQ(rig.view("a").peak, usd("1.50"));
}

TEST(Stakes, TakeProfitHaltsAtTheSettlement) {
  auto s = every_tick("a", "1.00");
  s.session.take_profit = usd("0.95");
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.log.clear();
  rig.settle(1, "1.95");
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kHalted);
  EXPECT_EQ(rig.book.halts.at("a").kind, "take_profit");
  // The halt is on disk before the result that caused it: a crash in between cannot lose it.
  EXPECT_TRUE(rig.log[0].starts_with("halt a true take_profit"));
  EXPECT_TRUE(rig.log[1].starts_with("strategy a 1 0.95 0.95"));
  EXPECT_TRUE(rig.log[2].starts_with("day "));
  EXPECT_TRUE(rig.log[3].starts_with("order 1 a settled"));
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
}

TEST(Stakes, ABreakEvenLeavesThePlanAndCountsNeither) {
  auto s = every_tick("m", "1.00");
  s.staking.plan = "martingale";
  s.guards.after_losses = risk::AfterLosses{2, minutes(1)};
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  rig.tick("1.02");
  rig.bought(rig.buy().order, 2, "3.90");
  rig.settle(2, "2.00");
  EXPECT_EQ(rig.view("m").next_stake, usd("2.00"));
  EXPECT_EQ(rig.view("m").won, 0);
  EXPECT_EQ(rig.view("m").lost, 1);
  EXPECT_EQ(rig.view("m").trades, 2);
  EXPECT_EQ(rig.book.orders.at({2}).outcome, execution::Outcome::kBreakEven);
}

// ---- account limits ----

TEST(AccountLimits, DailyProfitBlocksUntilTheDayEndsEvenIfItIsLostAgain) {
  auto s = every_tick("a", "1.00");
  s.guards.max_open = 2;
  risk::AccountLimits limits;
  limits.daily_profit = usd("0.95");
  auto rig = live_rig({s}, limits);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.tick("1.03");
  rig.bought(rig.buy().order, 2, "1.95");
  rig.settle(1, "1.95");
  EXPECT_TRUE(rig.told(EventKind::kAccountLimit));
  rig.settle(2, "0.00");  // −0.05 now
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  rig.restart();
  rig.live();
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty()) << "the latch survives a restart";
  rig.tick("R_100", kStart + 86400, "1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(AccountLimits, DailyProfitIsForgottenByARestartOnTheNextDay) {
  risk::AccountLimits limits;
  limits.daily_profit = usd("0.95");
  auto rig = live_rig({every_tick("a", "1.00")}, limits);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "1.95");
  rig.now.venue = {kStart + 90000};
  rig.restart();
  rig.live();
  rig.tick("1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
  EXPECT_EQ(rig.engine->account().day_profit, usd("0.00"));
}

TEST(AccountLimits, TheDayRollsBeforeTheSettlementsOfItsFirstTick) {
  auto rig = live_rig({every_tick("a", "1.00")});
  rig.tick("R_100", kStart + 86398, "1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.advance_to(kStart + 86400);
  rig.settle(1, "0.00");
  EXPECT_EQ(rig.engine->account().day_profit, usd("-1.00"));
  EXPECT_EQ(rig.engine->account().day_trades, 0);  // it was bought yesterday
  EXPECT_EQ(rig.book.day->day, kStart / 86400 + 1);
  EXPECT_EQ(rig.book.day->settled_profit, usd("-1.00"));
}

TEST(AccountLimits, ASettlementOfYesterdayThatIsLearnedTodayCountsForYesterday) {
  auto rig = live_rig({every_tick("a", "1.00")});
  rig.tick("R_100", kStart + 86390, "1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.advance_to(kStart + 86500);
  auto r = rig.sold_report(1, "0.00");
  r.sell_time = core::VenueTime{kStart + 86393};
  rig.report_contract(r);
  EXPECT_EQ(rig.engine->account().day_profit, usd("0.00"));
  EXPECT_EQ(rig.view("a").profit, usd("-1.00"));
}

TEST(AccountLimits, DayStartsWhereConfigured) {
  risk::AccountLimits limits;
  limits.day_starts = std::chrono::hours(6);
  auto rig = live_rig({every_tick("a", "1.00")}, limits);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  rig.tick("R_100", kStart + 6 * 3600 - 2, "1.02");
  EXPECT_EQ(rig.engine->account().day_profit, usd("-1.00"));
  rig.tick("R_100", kStart + 6 * 3600, "1.02");
  EXPECT_EQ(rig.engine->account().day_profit, usd("0.00"));
}

TEST(AccountLimits, TradesPerDayCountPurchases) {
  risk::AccountLimits limits;
  limits.max_trades_per_day = 2;
  auto rig = live_rig({every_tick("a", "1.00")}, limits);
  rig.tick("1.02");
  rig.refused(rig.buy().order, "RateLimit");  // no purchase
  for (std::int64_t c : {1, 2}) {
    rig.tick("1.02");
    rig.bought(rig.buy().order, c, "1.95");
    rig.settle(c, "0.00");
  }
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.engine->account().day_trades, 2);
  rig.tick("R_100", kStart + 86400, "1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(AccountLimits, OpenContractsAndStakeCountAllStrategies) {
  risk::AccountLimits limits;
  limits.max_open_contracts = 2;
  auto rig =
      live_rig({every_tick("a", "1.00"), every_tick("b", "1.01"), every_tick("c", "1.02")}, limits);
  rig.tick("1.02");
  EXPECT_EQ(rig.buys.size(), 2u);  // in flight counts
  EXPECT_EQ(rig.view("c").last_decision, "max_open_contracts: 2 of 2");
}

TEST(AccountLimits, MinBalanceCountsWhatIsInFlight) {
  auto a = every_tick("a", "1.00");
  auto b = every_tick("b", "1.01");
  risk::AccountLimits limits;
  limits.min_balance = usd("9998.00");
  auto rig = live_rig({a, b}, limits);
  rig.tick("1.02");  // a: 9999.00 left; b: 9997.99 would be left
  EXPECT_EQ(rig.buy().stake, usd("1.00"));
  EXPECT_EQ(rig.view("b").last_decision,
            "min_balance: a stake of 1.01 with 1.00 at risk does not fit into the 2.00 above the "
            "floor");
}

TEST(AccountLimits, MinBalanceCountsADebitedStakeOnce) {
  auto a = every_tick("a", "1.00");
  a.guards.max_open = 3;
  risk::AccountLimits limits;
  limits.min_balance = usd("9998.00");
  auto rig = live_rig({a}, limits);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95", "9999.00");
  rig.tick("1.03");
  rig.bought(rig.buy().order, 2, "1.95", "9998.00");  // fits exactly
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  rig.settle(1, "1.95");
  rig.balance("9999.95");
  rig.tick("1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(AccountLimits, ADepositIsAskedForWhereMinBalanceForbidsAndBelievedWhenItIsQuiet) {
  risk::AccountLimits limits;
  limits.min_balance = usd("9999.50");
  auto rig = live_rig({every_tick("a")}, limits);
  rig.asked.clear();
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_TRUE(rig.asked.empty()) << "the venue shows no more than we know";
  rig.balance("20000.00");
  for (int i = 0; i < 5; ++i) rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.asked.size(), 1u) << "asked once, not at every tick";
  rig.report(rig.empty_report("20000.00"));
  rig.tick("1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

// ---- quotes that are none ----

TEST(Quotes, OfZeroOrLessAreNoTicks) {
  auto rig = live_rig({every_tick("a", "1.00")});
  rig.tick("1.02");
  ASSERT_EQ(rig.buys.size(), 1u);
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  const auto before = rig.view("a").last_tick;
  rig.engine->on_tick({"R_100", {rig.now.venue.s + 2}, core::Price::raw(0, 2)}, false, rig.now,
                      rig.actions);
  rig.engine->on_tick({"R_100", {rig.now.venue.s + 4}, core::Price::raw(-102, 2)}, false, rig.now,
                      rig.actions);
  rig.balance("10000.00");  // performs what they brought
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("a").last_tick, before);
  EXPECT_EQ(rig.count(core::EventKind::kTickGap), 1) << "told once";
  rig.tick("R_100", rig.now.venue.s + 6, "1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

// ---- guards ----

TEST(GuardsInTheEngine, ACooldownOfNSecondsIsOverAtNSeconds) {
  auto s = every_tick("a", "1.00");
  s.guards.cooldown = seconds(4);
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("1.02");  // four seconds after
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(GuardsInTheEngine, APauseOfNSecondsIsOverAtNSeconds) {
  auto s = every_tick("a", "1.00");
  s.guards.after_losses = risk::AfterLosses{1, seconds(6)};
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  const auto settled = rig.now.venue.s;
  rig.tick("1.02");
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("1.02");
  EXPECT_EQ(rig.now.venue.s, settled + 6);
  EXPECT_EQ(rig.buys.size(), 1u);
}

// Each other wait, at its last second and at its end: none of them ends a tick late.
TEST(GuardsInTheEngine, AnHourOfPurchasesIsOverAtAnHour) {
  auto s = every_tick("a", "1.00");
  s.guards.max_trades_per_hour = 1;
  auto rig = live_rig({s});
  rig.tick("1.02");
  const auto bought = rig.now.venue.s;
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  rig.tick("R_100", bought + 3598, "1.02");
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("R_100", bought + 3600, "1.04");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(GuardsInTheEngine, ADayIsOverWithItsLastSecond) {
  auto s = every_tick("a", "1.00");
  risk::AccountLimits limits;
  limits.max_trades_per_day = 1;
  limits.day_starts = std::chrono::hours(6);
  Rig rig({limits, {s}});
  rig.live();
  const auto begin = 20'000 * std::int64_t{86'400} + 6 * 3600;
  rig.tick("R_100", begin - 4, "1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  rig.tick("R_100", begin - 2, "1.04");
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("R_100", begin, "1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(GuardsInTheEngine, WithoutACooldownTheSettlingTickMayEnter) {
  auto rig = live_rig({every_tick("a", "1.00")});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.advance_to(rig.now.venue.s + 2);
  rig.settle(1, "0.00");
  rig.tick("R_100", rig.now.venue.s, "1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(GuardsInTheEngine, HoursAndTradesPerHour) {
  auto s = every_tick("a", "1.00");
  s.guards.hours = {{0x01, 8 * 3600, 9 * 3600}};  // Monday 08:00-09:00
  s.guards.max_trades_per_hour = 1;
  auto rig = live_rig({s});
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("R_100", kStart + 8 * 3600, "1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("a").last_decision, "max_trades_per_hour: 1 of 1");
  rig.tick("R_100", kStart + 9 * 3600, "1.02");  // the hour is free, the window is over
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("a").last_decision.view(),
            "hours: outside the configured hours, which begin at " +
                core::utc_iso(core::VenueTime{kStart + 7 * 86400 + 8 * 3600}));
}

TEST(GuardsInTheEngine, QuoteIsAskedForAndMustPayEnough) {
  auto s = every_tick("a", "1.00");
  s.guards.min_payout_ratio = *core::Decimal::parse("0.90");
  auto rig = live_rig({s});
  rig.tick("1.02");
  ASSERT_EQ(rig.quotes.size(), 1u);
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_TRUE(rig.book.orders.empty()) << "not journaled yet";
  rig.quote(rig.quotes[0].order, "1.89", "1.00");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("a").last_decision, "min_payout_ratio: a profit of 0.89 on 1.00 is too small");
  rig.tick("1.02");
  rig.quote(rig.quotes[1].order, "1.90", "1.00");
  const auto b = rig.buy();
  EXPECT_EQ(b.quote_id, "q1");
  EXPECT_EQ(b.order, rig.quotes[1].order);
  // The same answer again buys nothing.
  rig.quote(rig.quotes[1].order, "1.90", "1.00");
  EXPECT_TRUE(rig.buys.empty());
}

TEST(GuardsInTheEngine, AQuoteThatComesTooLateOrAsksMoreIsDropped) {
  auto s = every_tick("a", "1.00");
  s.guards.min_payout_ratio = *core::Decimal::parse("0.50");
  auto rig = live_rig({s});
  rig.tick("1.02");
  ASSERT_EQ(rig.quotes.size(), 1u);
  rig.tick("1.03");  // one is waiting: max_open
  EXPECT_EQ(rig.quotes.size(), 1u);
  rig.run_for(seconds(3));
  rig.quote(rig.quotes[0].order, "1.95", "1.00");
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("1.02");
  ASSERT_EQ(rig.quotes.size(), 2u);
  rig.quote(rig.quotes[1].order, "1.95", "1.01");
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("1.02");
  Engine::QuoteReply refusal;
  refusal.order = rig.quotes.at(2).order;
  refusal.reason = "MarketIsClosed";
  rig.quote(refusal);
  EXPECT_TRUE(rig.buys.empty());
}

TEST(GuardsInTheEngine, AHaltWhileTheQuoteIsOnItsWayWins) {
  auto s = every_tick("a", "1.00");
  s.guards.min_payout_ratio = *core::Decimal::parse("0.50");
  auto rig = live_rig({s});
  rig.tick("1.02");
  Actions out;
  rig.engine->halt("a", "by hand", rig.now, out);
  rig.quote(rig.quotes.at(0).order, "1.95", "1.00");
  EXPECT_TRUE(rig.buys.empty());
}

// ---- orders alike ----

TEST(Twins, TwoStrategiesWithTheSameSignalBuyOneAfterTheOther) {
  auto rig = live_rig({every_tick("a", "1.00"), every_tick("b", "1.00")});
  rig.tick("1.02");
  const auto first = rig.buy();
  EXPECT_EQ(rig.book.orders.at(first.order).strategy, "a");
  rig.bought(first.order, 1, "1.95");
  const auto second = rig.buy();  // as soon as the first is answered
  EXPECT_EQ(rig.book.orders.at(second.order).strategy, "b");
  EXPECT_EQ(rig.book.orders.at(second.order).signal_epoch, rig.now.venue);
}

TEST(Twins, ARefusalAlsoLetsTheNextOneGo) {
  auto rig = live_rig({every_tick("a", "1.00"), every_tick("b", "1.00")});
  rig.tick("1.02");
  rig.refused(rig.buy().order, "RateLimit");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Twins, AHeldSignalDiesAfterTwoSecondsOrWithTheLink) {
  auto rig = live_rig({every_tick("a", "1.00"), every_tick("b", "1.00")});
  rig.tick("1.02");
  const auto first = rig.buy();
  rig.run_for(seconds(3));
  rig.bought(first.order, 1, "1.95");
  EXPECT_TRUE(rig.buys.empty());
}

TEST(Twins, NoneIsSentWhileOneLikeItIsUnknown) {
  auto rig = live_rig({every_tick("a", "1.00"), every_tick("b", "1.00"), every_tick("c", "2.00")});
  rig.tick("1.02");
  auto buys = rig.take_buys();
  ASSERT_EQ(buys.size(), 2u);  // a and c; b waits for a
  rig.bought(buys[1].order, 9, "3.90");
  rig.unknown(buys[0].order);
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("1.04");  // DIGITODD for 1.00 again
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("b").last_decision, "an order just like it has an unknown outcome");
  rig.tick("1.03");  // the other parity is another contract type
  EXPECT_EQ(rig.buy().spec.type, ContractType::kDigitEven);
}

TEST(Twins, HeldSignalsKeepTheirPlaceInTheQueueOfLimits) {
  // b must wait for a; c could go at once, but only two contracts are allowed and b comes first.
  risk::AccountLimits limits;
  limits.max_open_contracts = 2;
  auto rig =
      live_rig({every_tick("a", "1.00"), every_tick("b", "1.00"), every_tick("c", "2.00")}, limits);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  const auto second = rig.buy();
  EXPECT_EQ(rig.book.orders.at(second.order).strategy, "b");
  rig.bought(second.order, 2, "1.95");
  EXPECT_TRUE(rig.buys.empty());
  // Where b comes to nothing, c gets its place.
  auto again =
      live_rig({every_tick("a", "1.00"), every_tick("b", "1.00"), every_tick("c", "2.00")}, limits);
  again.tick("1.02");
  const auto a = again.buy();
  again.engine->halt("b", "by hand", again.now, again.actions);
  again.bought(a.order, 1, "1.95");
  EXPECT_EQ(again.buy().stake, usd("2.00"));
}

}  // namespace
}  // namespace derivd::engine::test
