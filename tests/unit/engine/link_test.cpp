#include <gtest/gtest.h>

#include <array>

#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

using core::EventKind;
using execution::HistoryRow;
using execution::OrderState;
using execution::Witness;
using std::chrono::seconds;

constexpr std::int64_t kStart = 1'782'086'400;

Rig live_rig(std::vector<StrategySettings> strategies = {every_tick("a")},
             risk::AccountLimits limits = {}) {
  Settings s;
  s.limits = limits;
  s.strategies = std::move(strategies);
  Rig rig(s);
  rig.restore({});
  rig.now.venue = {kStart};
  rig.live();
  return rig;
}

HistoryRow row(std::int64_t contract, std::int64_t time, std::string_view price = "1.00") {
  HistoryRow r;
  r.contract = {contract};
  r.buy_tx = {contract * 10};
  r.type = "DIGITODD";
  r.symbol = "R_100";
  r.buy_price = usd(price);
  r.payout = usd("1.95");
  r.purchase_time = {time};
  r.open = true;
  r.shortcode = fmt::format("DIGITODD_R_100_1.95_{}_1T", time);
  return r;
}

HistoryRow sold(HistoryRow r, std::string_view price, std::int64_t time) {
  r.open = false;
  r.sell_price = usd(price);
  r.sell_time = core::VenueTime{time};
  return r;
}

execution::VenueReport report_with(const Rig& rig, std::vector<HistoryRow> portfolio,
                                   std::vector<HistoryRow> table = {}) {
  auto r = rig.empty_report("9999.00");
  r.portfolio = std::move(portfolio);
  r.profit_table = std::move(table);
  r.since = {0};
  return r;
}

// An order whose answer was lost with the link; online again, not reconciled.
Rig with_lost_order() {
  auto rig = live_rig();
  rig.tick("1.02");  // at kStart + 2
  rig.buy();
  rig.offline();
  rig.tick("1.04");
  rig.online("9999.00");
  return rig;
}

TEST(LostAnswer, IsUnknownBlocksItsStrategyAndIsAtRisk) {
  auto rig = with_lost_order();
  EXPECT_EQ(rig.state({1}), OrderState::kUnknown);
  EXPECT_TRUE(rig.told(EventKind::kOrderUnknown));
  EXPECT_EQ(rig.asked.back(), core::VenueTime{kStart});  // the signal less the clocks' slack
  rig.report(report_with(rig, {}));
  EXPECT_EQ(rig.state({1}), OrderState::kUnknown) << "not found is not absent";
  rig.tick("1.06");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kBlocked);
  EXPECT_EQ(rig.engine->account().open_stake, usd("1.00"));
  EXPECT_EQ(rig.engine->account().unknown_orders, 1);
}

TEST(LostAnswer, IsFoundOpenInThePortfolio) {
  auto rig = with_lost_order();
  rig.report(report_with(rig, {row(7, kStart + 3)}));
  EXPECT_EQ(rig.state({1}), OrderState::kOpen);
  EXPECT_EQ(rig.book.orders.at({1}).contract, core::ContractId{7});
  EXPECT_EQ(rig.book.orders.at({1}).purchase_time, core::VenueTime{kStart + 3});
  EXPECT_EQ(rig.watched.back(), core::ContractId{7});
  EXPECT_TRUE(rig.told(EventKind::kOrderResolved));
  EXPECT_FALSE(rig.told(EventKind::kForeignContract));
  rig.settle(7, "0.00");
  EXPECT_EQ(rig.view("a").profit, usd("-1.00"));
  rig.tick("1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(LostAnswer, IsFoundSoldInTheProfitTable) {
  auto rig = with_lost_order();
  rig.report(report_with(rig, {}, {sold(row(7, kStart + 3), "1.95", kStart + 5)}));
  EXPECT_EQ(rig.state({1}), OrderState::kSettled);
  EXPECT_EQ(rig.book.orders.at({1}).witness, Witness::kReconciliation);
  EXPECT_EQ(rig.view("a").profit, usd("0.95"));
  EXPECT_EQ(rig.view("a").trades, 1);
}

TEST(LostAnswer, IsFoundEvenWhenItsTickWasStampedAhead) {
  auto rig = live_rig();
  rig.now.instant = rig.now.instant + seconds(2);
  rig.now.venue = {kStart + 9};  // what the tick says; two seconds have passed
  rig.tick("R_100", kStart + 9, "1.02");
  rig.buy();
  EXPECT_EQ(rig.book.orders.at({1}).signal_epoch, core::VenueTime{kStart + 2});
  rig.offline();
  rig.online("9999.00");
  rig.report(report_with(rig, {row(7, kStart + 2)}));
  EXPECT_EQ(rig.state({1}), OrderState::kOpen);
  EXPECT_EQ(rig.book.orders.at({1}).contract, core::ContractId{7});
}

TEST(LostAnswer, TicksStampedAheadDoNotAddUp) {
  auto fast = every_tick("b", "2.00");
  fast.symbol = "1HZ100V";
  auto rig = live_rig({every_tick("a"), fast});
  const auto begin = rig.now.instant;
  // A tick that comes after so many milliseconds and says that it is of that second.
  const auto tick = [&](std::string_view symbol, int ms, std::int64_t stamp) {
    rig.take_buys();
    rig.now.instant = begin + std::chrono::milliseconds(ms);
    rig.now.venue = std::max(rig.now.venue, core::VenueTime{kStart + stamp});
    rig.tick(symbol, kStart + stamp, stamp % 2 == 0 ? "900.02" : "900.01");
    for (const auto& b : rig.buys) {
      if (ms < 12'000) rig.refused(b.order, "PriceMoved");
    }
  };
  for (int s = 1; s <= 8; ++s) {
    tick("1HZ100V", s * 1000, s);
    if (s % 2 == 0 && s < 8) tick("R_100", s * 1000, s);
  }
  tick("R_100", 8'000, 12);  // four seconds ahead
  for (int s = 9; s <= 11; ++s) tick("1HZ100V", s * 1000, s);
  tick("1HZ100V", 12'050, 16);  // and the other symbol, too
  ASSERT_EQ(rig.buys.size(), 1u);
  const auto order = rig.take_buys().front().order;
  EXPECT_EQ(rig.book.orders.at(order).signal_epoch, core::VenueTime{kStart + 12});
  tick("1HZ100V", 13'050, 17);  // the same symbol again
  for (const auto& b : rig.take_buys()) {
    EXPECT_LE(rig.book.orders.at(b.order).signal_epoch, core::VenueTime{kStart + 13 + 2});
  }
}

TEST(LostAnswer, IsAbsentOnlyAfterItsWindowOnBothClocks) {
  auto rig = with_lost_order();
  rig.report(report_with(rig, {}));
  const auto asks = rig.asked.size();
  // Thirty seconds of the venue's time in no time of ours: a fast simulator proves nothing.
  rig.now.venue = {kStart + 600};
  rig.deadline();
  rig.report(report_with(rig, {}));
  rig.report(report_with(rig, {}));
  EXPECT_EQ(rig.state({1}), OrderState::kUnknown);
  // Thirty real seconds as well: the next question notices, the report after it proves.
  rig.run_for(seconds(31));
  EXPECT_GT(rig.asked.size(), asks);
  rig.report(report_with(rig, {}));
  EXPECT_EQ(rig.state({1}), OrderState::kUnknown) << "a report no younger than the window";
  rig.now.venue = {kStart + 602};
  rig.report(report_with(rig, {}));
  EXPECT_EQ(rig.state({1}), OrderState::kAbsent);
  EXPECT_EQ(rig.engine->account().open_stake, usd("0.00"));
  EXPECT_EQ(rig.view("a").trades, 0);
  rig.tick("1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(LostAnswer, RealSecondsAloneDoNotProveEither) {
  auto rig = with_lost_order();
  rig.report(report_with(rig, {}));
  rig.run_for(seconds(120));  // venue time stands still at +4
  rig.now.venue = {kStart + 10};
  rig.report(report_with(rig, {}));
  EXPECT_EQ(rig.state({1}), OrderState::kUnknown);
}

TEST(LostAnswer, AsksAgainLessAndLessOften) {
  auto rig = with_lost_order();
  rig.report(report_with(rig, {}));
  const auto before = rig.asked.size();
  rig.run_for(seconds(120));
  const auto asked = rig.asked.size() - before;
  EXPECT_GE(asked, 5u);
  EXPECT_LE(asked, 9u);
}

TEST(LostAnswer, ItsStakeLeavesTheShownBalanceOnce) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.unknown(rig.buy().order);
  rig.balance("9999.00");  // the stream knows the stake before the report tells whose it was
  const auto found = report_with(rig, {}, {sold(row(7, kStart + 3), "0.00", kStart + 5)});
  rig.report(found);
  ASSERT_EQ(rig.state({1}), OrderState::kSettled);
  const auto asked = rig.asked.size();
  rig.run_for(seconds(6));
  EXPECT_EQ(rig.asked.size(), asked + 1) << "once more, when nothing of ours moves";
  rig.report(found);
  EXPECT_EQ(rig.engine->account().balance, usd("9999.00"));
  rig.run_for(seconds(120));
  EXPECT_EQ(rig.asked.size(), asked + 1) << "and never again";
}

TEST(LostAnswer, OneReportServesAllUnknownOrders) {
  std::vector<StrategySettings> many;
  for (int i = 0; i < 12; ++i) {
    many.push_back(every_tick(fmt::format("s{}", i), fmt::format("{}.00", i + 1)));
  }
  auto rig = live_rig(many);
  rig.tick("1.02");
  const auto buys = rig.take_buys();
  ASSERT_EQ(buys.size(), 12u);
  const auto before = rig.asked.size();
  for (const auto& buy : buys) rig.unknown(buy.order);
  EXPECT_EQ(rig.asked.size(), before + 1) << "one question for twelve lost answers";
  rig.run_for(seconds(120));
  const auto asked = rig.asked.size() - before;
  EXPECT_GE(asked, 5u);
  EXPECT_LE(asked, 11u) << "as few as for one";
}

TEST(LostAnswer, QuestionsAreNeverLessThanTwoSecondsApart) {
  std::vector<StrategySettings> many;
  for (int i = 0; i < 30; ++i) {
    many.push_back(every_tick(fmt::format("s{}", i), fmt::format("{}.00", i + 1)));
  }
  auto rig = live_rig(many);
  rig.tick("1.02");
  const auto buys = rig.take_buys();
  ASSERT_EQ(buys.size(), 30u);
  std::vector<core::Instant> at;
  auto asked = rig.asked.size();
  const auto note = [&] {
    if (rig.asked.size() > asked) at.push_back(rig.now.instant);
    asked = rig.asked.size();
  };
  // Answers go missing one by one, three in a second; their windows close likewise.
  for (const auto& buy : buys) {
    rig.unknown(buy.order);
    note();
    rig.now.venue = rig.now.venue + seconds(1);
    for (int i = 0; i < 3; ++i) {
      rig.run_for(std::chrono::milliseconds(111));
      note();
    }
  }
  for (int i = 0; i < 600; ++i) {
    rig.now.venue = rig.now.venue + seconds(i % 10 == 0 ? 1 : 0);
    rig.run_for(std::chrono::milliseconds(100));
    note();
  }
  ASSERT_GE(at.size(), 6u);
  for (std::size_t i = 1; i < at.size(); ++i) {
    EXPECT_GE(at[i] - at[i - 1], core::Duration(seconds(2)) - std::chrono::milliseconds(112)) << i;
  }
  EXPECT_LE(at.size(), 25u);
}

TEST(LostAnswer, ComesAfterAll) {
  auto rig = live_rig();
  rig.tick("1.02");
  const auto id = rig.buy().order;
  rig.unknown(id);  // the answer is late
  EXPECT_EQ(rig.state(id), OrderState::kUnknown);
  EXPECT_FALSE(rig.asked.empty());
  rig.bought(id, 7, "1.95");
  EXPECT_EQ(rig.state(id), OrderState::kOpen);
  EXPECT_TRUE(rig.told(EventKind::kOrderResolved));
}

TEST(LostAnswer, EvenAfterItWasThoughtAbsent) {
  auto rig = with_lost_order();
  rig.now.venue = {kStart + 600};
  rig.report(report_with(rig, {}));
  rig.run_for(seconds(31));
  rig.now.venue = {kStart + 602};
  rig.report(report_with(rig, {}));
  ASSERT_EQ(rig.state({1}), OrderState::kAbsent);
  rig.bought({1}, 7, "1.95");
  EXPECT_EQ(rig.state({1}), OrderState::kOpen);
  EXPECT_EQ(rig.engine->account().open_stake, usd("1.00"));
}

TEST(LostAnswer, ALateRefusalProvesIt) {
  auto rig = live_rig();
  rig.tick("1.02");
  const auto id = rig.buy().order;
  rig.unknown(id);
  rig.refused(id, "InvalidContractProposal");
  EXPECT_EQ(rig.state(id), OrderState::kRefused);
}

TEST(LostAnswer, ATransactionLeadsToItsContract) {
  auto rig = live_rig();
  rig.tick("1.02");
  const auto id = rig.buy().order;
  rig.unknown(id);
  rig.transaction(rig.buy_transaction(7, "1.00", "9999.00"));
  ASSERT_EQ(rig.polled.size(), 1u);  // the transaction does not tell the type
  execution::ContractReport r;
  r.contract = {7};
  r.type = "DIGITODD";
  r.symbol = "R_100";
  r.buy_price = usd("1.00");
  r.payout = usd("1.95");
  r.purchase_time = rig.now.venue;
  r.shortcode = fmt::format("DIGITODD_R_100_1.95_{}_1T", rig.now.venue.s);
  rig.report_contract(r, Witness::kPoll);
  EXPECT_EQ(rig.state(id), OrderState::kOpen);
  EXPECT_FALSE(rig.told(EventKind::kForeignContract));
}

TEST(LostAnswer, TwoCandidatesHaltTheStrategyUntilTheOperatorHasLooked) {
  auto rig = with_lost_order();
  rig.report(report_with(rig, {row(7, kStart + 3), row(8, kStart + 4)}));
  EXPECT_EQ(rig.state({1}), OrderState::kUnknown);
  EXPECT_TRUE(rig.told(EventKind::kOrderAmbiguous));
  EXPECT_EQ(rig.book.halts.at("a").kind, "ambiguous");
  EXPECT_EQ(rig.engine->account().open_stake, usd("1.00"));
  rig.report(report_with(rig, {row(7, kStart + 3), row(8, kStart + 4)}));
  EXPECT_EQ(rig.count(EventKind::kOrderAmbiguous), 1);
  EXPECT_TRUE(rig.engine->resume("a", rig.now, rig.actions));
  rig.deadline();
  EXPECT_EQ(rig.state({1}), OrderState::kAbsent);
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kRunning);
}

TEST(Reconnect, OpenContractsAreWatchedPolledOrSettled) {
  auto s = every_tick("a");
  s.guards.max_open = 3;
  auto rig = live_rig({s});
  for (std::int64_t c : {1, 2, 3}) {
    rig.tick("1.02");
    rig.bought(rig.buy().order, c, "1.95");
  }
  rig.offline();
  rig.watched.clear();
  rig.polled.clear();
  rig.online("9997.00");
  EXPECT_EQ(rig.watched.size(), 3u);
  rig.report(
      report_with(rig, {row(2, kStart + 4)}, {sold(row(1, kStart + 2), "1.95", kStart + 7)}));
  EXPECT_EQ(rig.state({1}), OrderState::kSettled);
  EXPECT_EQ(rig.state({2}), OrderState::kOpen);
  ASSERT_EQ(rig.polled.size(), 1u);  // in neither list
  EXPECT_EQ(rig.polled[0], core::ContractId{3});
}

// Three contracts of a martingale settle while the link is away, in another order than bought; one
// of them is told by its own stream before the report.
Rig with_three_settled_away(bool reconnect) {
  auto s = every_tick("m");
  s.staking.plan = "martingale";
  s.staking.factor = *core::Decimal::parse("2");
  s.guards.max_open = 3;
  auto rig = live_rig({s});
  for (std::int64_t c : {1, 2, 3}) {
    rig.tick("1.02");
    rig.bought(rig.buy().order, c, "1.95");
  }
  rig.offline();
  if (!reconnect) rig.restart();
  rig.now.venue = {kStart + 60};
  rig.online("9997.00");
  return rig;
}

TEST(Reconnect, WhatSettledWhileAwayIsBookedInSettlementOrder) {
  for (const bool reconnect : {true, false}) {
    // won, lost, lost by time: two steps up. By purchase: lost, lost, won: the base.
    auto rig = with_three_settled_away(reconnect);
    rig.report(report_with(rig, {},
                           {sold(row(1, kStart + 2), "0.00", kStart + 40),
                            sold(row(2, kStart + 4), "0.00", kStart + 30),
                            sold(row(3, kStart + 6), "1.95", kStart + 20)}));
    EXPECT_EQ(rig.view("m").next_stake, usd("4.00")) << reconnect;
    EXPECT_EQ(rig.view("m").profit, usd("-1.05"));
    EXPECT_EQ(rig.view("m").peak, usd("0.95"));
  }
}

TEST(Reconnect, AStreamThatIsFasterThanTheReportDoesNotChangeTheOrder) {
  auto rig = with_three_settled_away(true);
  auto early = rig.sold_report(1, "0.00");
  early.sell_time = core::VenueTime{kStart + 40};
  rig.report_contract(early);
  auto payment = rig.sell_transaction(2, "0.00", "9997.00");
  payment.time = {kStart + 30};
  rig.transaction(payment);
  EXPECT_EQ(rig.state({1}), OrderState::kOpen) << "earlier ones may come with the report";
  // The report was made before the last two settled.
  rig.report(report_with(rig, {row(1, kStart + 2), row(2, kStart + 4)},
                         {sold(row(3, kStart + 6), "1.95", kStart + 20)}));
  for (std::int64_t id : {1, 2, 3}) EXPECT_EQ(rig.state({id}), OrderState::kSettled) << id;
  EXPECT_EQ(rig.view("m").next_stake, usd("4.00"));
  EXPECT_EQ(rig.view("m").peak, usd("0.95"));
}

TEST(Reconnect, AnEarlyWitnessIsNotLostWithItsLink) {
  auto rig = with_three_settled_away(true);
  rig.report_contract(rig.sold_report(1, "0.00"));
  rig.offline();
  rig.online("9997.00");
  rig.report(report_with(rig, {row(2, kStart + 4), row(3, kStart + 6)},
                         {sold(row(1, kStart + 2), "0.00", kStart + 40)}));
  EXPECT_EQ(rig.state({1}), OrderState::kSettled);
  EXPECT_EQ(rig.view("m").profit, usd("-1.00"));
  EXPECT_EQ(rig.view("m").trades, 3);
}

TEST(Reconnect, ForeignContractsAreToldOnceAndNeverCounted) {
  auto rig = live_rig();
  rig.offline();
  rig.online();
  rig.report(report_with(rig, {row(50, kStart - 100)}));
  rig.report(report_with(rig, {row(50, kStart - 100)}));
  EXPECT_EQ(rig.count(EventKind::kForeignContract), 1);
  EXPECT_EQ(rig.engine->account().open_contracts, 0);
}

TEST(Reconnect, RunsAreNotContinuedOverAHole) {
  auto s = every_tick("a");
  s.params["streak"] = 3;
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.tick("1.04");
  rig.offline();
  rig.live();
  rig.tick("R_100", rig.now.venue.s + 60, "1.06");  // what was in between is not known
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("1.08");
  rig.tick("1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Reconnect, HistoryThatOverlapsContinuesTheRun) {
  auto s = every_tick("a");
  s.params["streak"] = 4;
  auto rig = live_rig({s});
  rig.tick("1.02");  // +2
  rig.tick("1.04");  // +4
  rig.offline();
  rig.live();
  for (int e = 2; e <= 6; e += 2)
    rig.tick("R_100", kStart + e, e == 2 ? "1.02" : e == 4 ? "1.04" : "1.06", true);
  rig.tick("R_100", kStart + 8, "1.08");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Reconnect, AHoleOfTheVenueItselfDoesNotBreakARun) {
  auto s = every_tick("a");
  s.params["streak"] = 3;
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.tick("1.04");
  rig.tick("R_100", rig.now.venue.s + 600, "1.06");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Reconnect, AClockThatWentBackStartsTheFeedAgain) {
  auto s = every_tick("a");
  s.params["streak"] = 2;
  auto rig = live_rig({s});
  rig.tick("R_100", kStart + 100'000, "1.02");  // a bogus tick from the future
  for (int i = 1; i <= 4; ++i) rig.tick("R_100", kStart + 2 * i, "1.02");
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("R_100", kStart + 10, "1.02");
  rig.tick("R_100", kStart + 12, "1.04");
  EXPECT_EQ(rig.buys.size(), 1u);
}

// ---- restart ----

TEST(Restart, ContinuesSessionStakesGuardsAndDay) {
  auto s = every_tick("m", "0.35");
  s.staking.plan = "martingale";
  s.staking.factor = *core::Decimal::parse("2.1");
  s.session.stop_loss = usd("20.00");
  s.guards.after_losses = risk::AfterLosses{3, std::chrono::minutes(10)};
  s.guards.max_trades_per_hour = 3;
  risk::AccountLimits limits;
  limits.daily_loss = usd("50.00");
  auto rig = live_rig({s}, limits);
  for (std::int64_t c : {1, 2}) {
    rig.tick("1.02");
    rig.bought(rig.buy().order, c, "0.68");
    rig.settle(c, "0.00");
  }
  rig.restart();
  EXPECT_EQ(rig.view("m").profit, usd("-1.09"));
  EXPECT_EQ(rig.view("m").lost, 2);
  EXPECT_EQ(rig.view("m").next_stake, usd("1.54"));
  EXPECT_EQ(rig.engine->account().day_profit, usd("-1.09"));
  EXPECT_EQ(rig.engine->account().day_trades, 2);
  rig.live();
  rig.tick("1.02");
  const auto b = rig.buy();
  EXPECT_EQ(b.order, core::OrderId{3}) << "ids go on";
  EXPECT_EQ(b.stake, usd("1.54"));
  rig.bought(b.order, 3, "3.00");
  rig.restart();  // with a contract open: the third purchase of the hour
  rig.live();
  EXPECT_EQ(rig.engine->account().day_trades, 3);
  EXPECT_EQ(rig.view("m").trades, 3);
  EXPECT_EQ(rig.watched.back(), core::ContractId{3});
  rig.settle(3, "0.00");
  EXPECT_EQ(rig.engine->account().day_trades, 3);
  rig.tick("1.02");
  EXPECT_EQ(rig.view("m").last_decision.view().substr(0, 12), "after_losses");
  rig.tick("R_100", rig.now.venue.s + 601, "1.02");
  EXPECT_EQ(rig.view("m").last_decision, "max_trades_per_hour: 3 of 3");
}

TEST(Restart, AnIntentWithoutAnswerIsUnknown) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.buy();
  rig.restart();
  EXPECT_EQ(rig.state({1}), OrderState::kUnknown);
  rig.online("9999.00");
  rig.report(report_with(rig, {row(7, kStart + 2)}));
  EXPECT_EQ(rig.state({1}), OrderState::kOpen);
}

TEST(Restart, NothingIsBookedTwiceWhenTheCrashCameBetweenTwoRecords) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7, "1.95");
  const auto open = rig.book.orders.at({1});
  rig.settle(7, "0.00");
  // The strategy's record was written, the order's was not.
  auto snapshot = rig.book.snapshot();
  snapshot.open_orders = {open};
  rig.engine = std::make_unique<Engine>(rig.settings);
  rig.book.orders.at({1}) = open;
  rig.restore(snapshot);
  EXPECT_EQ(rig.view("a").profit, usd("-1.00"));
  EXPECT_EQ(rig.state({1}), OrderState::kSettled) << "completed from the strategy's record";
  EXPECT_EQ(rig.book.orders.at({1}).profit, usd("-1.00"));
  EXPECT_EQ(rig.book.orders.at({1}).settled_time, rig.now.venue);
  rig.online("9999.00");
  rig.report(report_with(rig, {}, {sold(row(7, kStart + 2), "0.00", kStart + 5)}));
  rig.settle(7, "0.00");
  EXPECT_EQ(rig.view("a").profit, usd("-1.00"));
  EXPECT_EQ(rig.view("a").lost, 1);
  EXPECT_EQ(rig.engine->account().day_profit, usd("-1.00"));
  EXPECT_EQ(rig.engine->account().day_trades, 1);
}

TEST(Restart, AContractSettledBeforeIsNotTakenForALostOrder) {
  auto s = every_tick("a");
  s.guards.max_open = 2;
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7, "1.95");
  rig.settle(7, "0.00");
  rig.tick("R_100", rig.now.venue.s + 2, "1.04");
  rig.buy();  // order 2 in flight, two seconds after order 1
  rig.restart();
  rig.online("9998.00");
  rig.report(report_with(rig, {}, {sold(row(7, kStart + 2), "0.00", kStart + 3)}));
  EXPECT_EQ(rig.state({2}), OrderState::kUnknown);
}

TEST(Restart, ResetBeginsANewSessionButKeepsTheDay) {
  auto s = every_tick("m", "1.00");
  s.staking.plan = "martingale";
  s.session.resume = risk::Resume::kReset;
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  rig.restart();
  EXPECT_EQ(rig.view("m").profit, usd("0.00"));
  EXPECT_EQ(rig.view("m").next_stake, usd("1.00"));
  EXPECT_EQ(rig.engine->account().day_profit, usd("-1.00"));
  EXPECT_EQ(rig.book.strategies.at("m").session, 2);
}

TEST(Restart, AHaltIsNeverLostNotEvenByReset) {
  auto s = every_tick("a", "1.00");
  s.session.stop_loss = usd("1.00");
  s.session.resume = risk::Resume::kReset;
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  rig.tick("1.02");
  ASSERT_EQ(rig.view("a").status, StrategyStatus::kHalted);
  for (int i = 0; i < 3; ++i) {
    rig.restart();
    rig.live();
    rig.tick("1.02");
    EXPECT_TRUE(rig.buys.empty());
  }
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kHalted);
  EXPECT_TRUE(rig.view("a").reason.view().starts_with("stop_loss"));
}

TEST(Restart, CountersContinueWhereTheTicksDo) {
  auto s = every_tick("a");
  s.params["streak"] = 2;
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.tick("1.04");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.tick("1.06");  // first of a new run
  rig.settle(1, "0.00");
  rig.restart();
  rig.live();
  rig.tick("1.08");  // the next tick: second of it
  EXPECT_EQ(rig.buys.size(), 1u);

  auto other = live_rig({s});
  other.tick("1.02");
  other.tick("1.04");
  other.bought(other.buy().order, 1, "1.95");
  other.tick("1.06");
  other.settle(1, "0.00");
  other.restart();
  other.live();
  other.tick("R_100", other.now.venue.s + 100, "1.08");
  EXPECT_TRUE(other.buys.empty());
}

// ---- restart in the middle of a run ----

Rig in_a_run() {
  auto s = every_tick("a");
  s.params["streak"] = 4;
  auto rig = live_rig({s});
  rig.tick("1.01");  // the first tick: from here on the journal knows where the counters end
  rig.tick("1.02");
  rig.tick("1.04");  // two evens, and nothing was bought or settled: nothing new in the journal
  rig.restart();
  return rig;
}

TEST(Restart, HistoryGivesTheCountersThatNoRestartHadHad) {
  auto rig = in_a_run();
  EXPECT_EQ(rig.engine->ticks_from("R_100"), core::VenueTime{kStart + 2});
  rig.live();
  const std::array<const char*, 5> past{"1.09", "1.01", "1.02", "1.04", "1.06"};
  for (int i = 0; i < 5; ++i) rig.tick("R_100", kStart + 2 * i, past[i], true);
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("R_100", kStart + 10, "1.08");  // the fourth even in a row
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Restart, HistoryRaisesNoSignalButRestartsTheCounters) {
  auto rig = in_a_run();
  rig.live();
  const std::array<const char*, 6> past{"1.01", "1.02", "1.04", "1.06", "1.08", "1.02"};
  for (int i = 0; i < 6; ++i) rig.tick("R_100", kStart + 2 + 2 * i, past[i], true);
  EXPECT_TRUE(rig.buys.empty()) << "the signal fell into the time away";
  rig.tick("R_100", kStart + 14, "1.04");
  rig.tick("R_100", kStart + 16, "1.06");
  EXPECT_TRUE(rig.buys.empty()) << "three since the signal";
  rig.tick("R_100", kStart + 18, "1.08");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Restart, AHoleBetweenTheSavedStateAndTheHistoryResetsTheCounters) {
  auto rig = in_a_run();
  rig.live();
  for (int i = 0; i < 3; ++i) rig.tick("R_100", kStart + 100 + 2 * i, "1.02", true);
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("R_100", kStart + 106, "1.04");  // the fourth even since the hole
  EXPECT_EQ(rig.buys.size(), 1u);
  auto other = in_a_run();
  other.live();
  for (int i = 0; i < 2; ++i) other.tick("R_100", kStart + 100 + 2 * i, "1.02", true);
  other.tick("R_100", kStart + 104, "1.04");  // the third; with the two from before it were five
  EXPECT_TRUE(other.buys.empty());
}

// A page of the history may be holed, which the next page would not be.
TEST(Restart, AHoleWithinTheHistoryResetsTheCounters) {
  auto rig = in_a_run();
  rig.live();
  for (const int at : {0, 2, 4, 8, 10}) rig.tick("R_100", kStart + at, "1.02", true);
  rig.tick("R_100", kStart + 12, "1.04");
  EXPECT_TRUE(rig.buys.empty()) << "the third even since the hole";
  rig.tick("R_100", kStart + 14, "1.06");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Restart, AFirstStartIgnoresWhatWasBefore) {
  auto s = every_tick("a");
  s.params["streak"] = 2;
  auto rig = live_rig({s});
  EXPECT_FALSE(rig.engine->ticks_from("R_100"));
  for (int i = 0; i < 3; ++i) rig.tick("R_100", kStart - 10 + 2 * i, "1.02", true);
  rig.tick("1.04");
  EXPECT_TRUE(rig.buys.empty()) << "the run before the first live tick is not this strategy's";
  rig.tick("1.06");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Restart, AnotherSymbolStartsTheCountersAnew) {
  auto rig = in_a_run();
  rig.settings.strategies[0].symbol = "R_50";
  rig.restart();
  EXPECT_FALSE(rig.engine->ticks_from("R_50"));
  rig.live();
  rig.tick("R_50", kStart + 20, "101.1002");
  rig.tick("R_50", kStart + 22, "101.1004");
  EXPECT_TRUE(rig.buys.empty());
}

TEST(Restart, AVenueWhoseClockWentBackMeanwhileIsFollowed) {
  auto rig = in_a_run();
  rig.live();
  std::int64_t at = kStart - 10'000;
  for (int i = 0; i < 9; ++i) rig.tick("R_100", at += 2, "1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Restart, TheRecordIsNeverOlderThanHistoryReachesBack) {
  auto s = every_tick("a");
  s.params["streak"] = 50;
  auto rig = live_rig({s});
  for (int i = 0; i < 900; ++i) rig.tick(i % 2 == 0 ? "1.01" : "1.02");  // half an hour, no signal
  rig.restart();
  EXPECT_GT(*rig.engine->ticks_from("R_100"), rig.now.venue - seconds(600));
  auto stopped = live_rig({s});
  for (int i = 0; i < 20; ++i) stopped.tick("1.02");
  stopped.engine->drain(stopped.now, stopped.actions);
  stopped.deadline();  // performs them
  stopped.restart();
  EXPECT_EQ(stopped.engine->ticks_from("R_100"), stopped.now.venue) << "a clean stop saves";
}

TEST(Restart, ARemovedStrategyKeepsItsContractsUntilTheySettle) {
  auto rig = live_rig({every_tick("a"), every_tick("b", "2.00")});
  rig.tick("1.02");
  for (const auto& b : rig.take_buys()) rig.bought(b.order, b.order.value + 100, "1.95");
  rig.settings.strategies.erase(rig.settings.strategies.begin());  // a is gone
  rig.restart();
  rig.live("9997.00");
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kDisabled);
  EXPECT_EQ(rig.engine->account().open_stake, usd("3.00"));
  rig.settle(101, "0.00");
  EXPECT_EQ(rig.engine->account().day_profit, usd("-1.00"));
  EXPECT_EQ(rig.book.strategies.at("a").realised, usd("-1.00"));
  rig.restart();
  EXPECT_EQ(rig.engine->account().day_profit, usd("-1.00"));
}

TEST(Restart, AChangedPlanStartsAtItsBaseAndSaysSo) {
  auto s = every_tick("m", "1.00");
  s.staking.plan = "martingale";
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  rig.settings.strategies[0].staking.plan = "dalembert";
  rig.restart();
  EXPECT_TRUE(rig.told(EventKind::kJournalProblem));
  EXPECT_EQ(rig.view("m").next_stake, usd("1.00"));
  EXPECT_EQ(rig.view("m").profit, usd("-1.00"));
}

}  // namespace
}  // namespace derivd::engine::test
