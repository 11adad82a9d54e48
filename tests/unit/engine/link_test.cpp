#include <gtest/gtest.h>

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
