#include <gtest/gtest.h>

#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

using core::EventKind;
using execution::OrderState;
using execution::Outcome;
using execution::Witness;
using std::chrono::milliseconds;
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

TEST(Witnesses, TheFirstSettlesAndTheOthersAgree) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7, "1.95");
  rig.tick("1.03");  // DIGITODD on 1.02's signal: the entry tick is the exit, 3 is odd
  rig.transaction(rig.sell_transaction(7, "1.95", "10000.95"));
  EXPECT_EQ(rig.state({1}), OrderState::kSettled);
  EXPECT_EQ(rig.book.orders.at({1}).witness, Witness::kTransaction);
  EXPECT_EQ(rig.book.orders.at({1}).sell_tx, core::TransactionId{71});
  // Entry and exit are our own, as the transaction has none.
  EXPECT_EQ(rig.book.orders.at({1}).exit->epoch, core::VenueTime{kStart + 4});
  const auto records = rig.book.records;
  for (int i = 0; i < 3; ++i) {
    rig.settle(7, "1.95");
    rig.transaction(rig.sell_transaction(7, "1.95", "10000.95"));
    rig.report_contract(rig.sold_report(7, "1.95"), Witness::kPoll);
  }
  EXPECT_EQ(rig.book.records, records);
  EXPECT_EQ(rig.view("a").profit, usd("0.95"));
  EXPECT_EQ(rig.view("a").won, 1);
  EXPECT_FALSE(rig.told(EventKind::kSettlementMismatch));
  EXPECT_EQ(rig.count(EventKind::kContractSettled), 1);
}

TEST(Witnesses, ADisagreementIsToldOnceAndTheFirstStands) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7, "1.95");
  rig.settle(7, "0.00");
  rig.transaction(rig.sell_transaction(7, "1.95", "10000.95"));
  rig.transaction(rig.sell_transaction(7, "1.95", "10000.95"));
  EXPECT_EQ(rig.count(EventKind::kSettlementMismatch), 1);
  EXPECT_TRUE(rig.book.orders.at({1}).recomputed_differs) << "kept";
  EXPECT_EQ(rig.view("a").profit, usd("-1.00"));
}

TEST(Witnesses, OurOwnTicksContradictTheVenue) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7, "1.95");
  rig.tick("1.04");  // even: DIGITODD lost
  rig.settle(7, "1.95");
  EXPECT_EQ(rig.count(EventKind::kSettlementMismatch), 1);
  EXPECT_TRUE(rig.book.orders.at({1}).recomputed_differs);
  EXPECT_EQ(rig.view("a").profit, usd("0.95")) << "the money is the venue's";
}

TEST(Witnesses, AResultBeforeItsTickIsCheckedWhenTheTickComes) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7, "1.95");
  rig.settle(7, "1.95");
  EXPECT_FALSE(rig.book.orders.at({1}).recomputed_differs);
  rig.tick("1.04");
  EXPECT_TRUE(rig.book.orders.at({1}).recomputed_differs);
  EXPECT_EQ(rig.count(EventKind::kSettlementMismatch), 1);
}

TEST(Witnesses, TicksBeforeTheAnswerToThePurchaseCount) {
  auto rig = live_rig();
  rig.tick("1.02");
  const auto id = rig.buy().order;
  execution::Bought b;
  b.contract = {7};
  b.buy_price = usd("1.00");
  b.payout = usd("1.95");
  b.purchase_time = rig.now.venue;
  b.balance_after = usd("9999.00");
  rig.tick("1.04");  // entry and exit of the contract, before we know it
  rig.bought(id, b);
  EXPECT_LE(*rig.engine->next_deadline(), rig.now.instant + milliseconds(1500));
  rig.settle(7, "1.95");
  EXPECT_TRUE(rig.book.orders.at({1}).recomputed_differs);
}

TEST(Witnesses, AWinThatIsNotPaidWholeIsTold) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7, "1.95");
  rig.tick("1.03");  // odd: won
  rig.settle(7, "1.94");
  EXPECT_EQ(rig.count(EventKind::kSettlementMismatch), 1);
  EXPECT_TRUE(rig.book.orders.at({1}).recomputed_differs);
  EXPECT_EQ(rig.view("a").profit, usd("0.94")) << "the money is the venue's";
}

TEST(Witnesses, ALaterWitnessWithAnotherExitIsToldAndKept) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7, "1.95");
  rig.tick("1.03");
  rig.transaction(rig.sell_transaction(7, "1.95", "10000.95"));
  auto report = rig.sold_report(7, "1.95");
  report.entry = report.exit = market::Tick{"R_100", {kStart + 4}, core::Price::raw(103, 2)};
  rig.report_contract(report);
  EXPECT_FALSE(rig.told(EventKind::kSettlementMismatch));
  report.exit = market::Tick{"R_100", {kStart + 4}, core::Price::raw(105, 2)};
  rig.report_contract(report);
  rig.report_contract(report);
  EXPECT_EQ(rig.count(EventKind::kSettlementMismatch), 1);
  EXPECT_TRUE(rig.book.orders.at({1}).recomputed_differs);
}

TEST(Witnesses, MissingTicksMakeNoClaim) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7, "1.95");
  rig.tick("R_100", kStart + 6, "1.04");  // the tick at +4 is missing
  EXPECT_TRUE(rig.told(EventKind::kTickGap));
  rig.settle(7, "1.95");
  EXPECT_FALSE(rig.told(EventKind::kSettlementMismatch));
}

TEST(Witnesses, AResultMayComeBeforeTheAnswerToThePurchase) {
  auto rig = live_rig();
  rig.tick("1.02");
  const auto id = rig.buy().order;
  rig.transaction(rig.buy_transaction(7, "1.00", "9999.00"));
  rig.transaction(rig.sell_transaction(7, "0.00", "9999.00"));
  rig.settle(7, "0.00");
  EXPECT_FALSE(rig.told(EventKind::kForeignContract));
  EXPECT_EQ(rig.state(id), OrderState::kIntended);
  rig.bought(id, 7, "1.95", "9999.00");
  EXPECT_EQ(rig.state(id), OrderState::kSettled);
  EXPECT_EQ(rig.view("a").profit, usd("-1.00"));
  EXPECT_EQ(rig.view("a").lost, 1);
  EXPECT_FALSE(rig.told(EventKind::kForeignContract));
}

TEST(Witnesses, APurchaseThatIsNotOursIsToldOnceAndNeverCounted) {
  auto rig = live_rig();
  rig.transaction(rig.buy_transaction(50, "3.00", "9997.00"));
  rig.transaction(rig.buy_transaction(50, "3.00", "9997.00"));
  rig.transaction(rig.sell_transaction(50, "5.00", "10002.00"));
  EXPECT_EQ(rig.count(EventKind::kForeignContract), 1);
  EXPECT_EQ(rig.view("a").profit, usd("0.00"));
  EXPECT_EQ(rig.engine->account().open_contracts, 0);
  // While a purchase of ours awaits its answer, nothing is called foreign; afterwards it is.
  rig.tick("1.02");
  const auto id = rig.buy().order;
  rig.transaction(rig.buy_transaction(51, "1.00", "9996.00"));
  rig.transaction(rig.buy_transaction(52, "1.00", "9995.00"));
  EXPECT_EQ(rig.count(EventKind::kForeignContract), 1);
  rig.bought(id, 52, "1.95", "9995.00");
  EXPECT_EQ(rig.count(EventKind::kForeignContract), 2);
  EXPECT_EQ(rig.events.back().contract_id, core::ContractId{51});
}

TEST(Witnesses, PollsWhenNobodySpeaks) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7, "1.95");
  rig.tick("1.03");
  rig.run_for(milliseconds(1499));
  EXPECT_TRUE(rig.polled.empty());
  rig.run_for(milliseconds(1));
  ASSERT_EQ(rig.polled.size(), 1u);
  EXPECT_EQ(rig.polled[0], core::ContractId{7});
  rig.run_for(seconds(10));
  EXPECT_EQ(rig.polled.size(), 3u);  // after 3 and 6 more seconds
  rig.report_contract(rig.sold_report(7, "1.95"), Witness::kPoll);
  EXPECT_EQ(rig.book.orders.at({1}).witness, Witness::kPoll);
  rig.run_for(seconds(600));
  EXPECT_EQ(rig.polled.size(), 3u);
}

TEST(Witnesses, AReportWithoutAnAmountSettlesNothing) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7, "1.95");
  execution::ContractReport r;
  r.contract = {7};
  r.is_expired = true;
  r.profit = usd("0.95");
  rig.report_contract(r);
  EXPECT_EQ(rig.state({1}), OrderState::kOpen);
  r.is_sold = true;
  r.profit.reset();
  rig.report_contract(r);
  EXPECT_EQ(rig.state({1}), OrderState::kOpen);
}

TEST(Answers, ARefusalCountsNothing) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.refused(rig.buy().order, "RateLimit");
  EXPECT_EQ(rig.state({1}), OrderState::kRefused);
  EXPECT_EQ(rig.view("a").trades, 0);
  EXPECT_EQ(rig.engine->account().open_stake, usd("0.00"));
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kRunning);
  rig.refused({1}, "RateLimit");  // again
  EXPECT_EQ(rig.count(EventKind::kOrderRefused), 1);
}

TEST(Answers, APermanentRefusalHaltsTheStrategy) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.refused(rig.buy().order, "InsufficientBalance", true);
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kHalted);
  EXPECT_EQ(rig.book.halts.at("a").kind, "refused");
}

TEST(Answers, ASecondContractForOneOrderIsToldAndNotCounted) {
  auto rig = live_rig();
  rig.tick("1.02");
  const auto id = rig.buy().order;
  rig.bought(id, 7, "1.95");
  rig.bought(id, 7, "1.95");
  EXPECT_FALSE(rig.told(EventKind::kForeignContract));
  rig.bought(id, 8, "1.95");
  EXPECT_TRUE(rig.told(EventKind::kForeignContract));
  EXPECT_EQ(rig.engine->account().open_contracts, 1);
  EXPECT_EQ(rig.view("a").trades, 1);
}

TEST(Answers, AnotherOrdersContractLeavesTheOrderUnknown) {
  auto rig = live_rig({every_tick("a", "1.00"), every_tick("b", "2.00")});
  rig.tick("1.02");
  const auto buys = rig.take_buys();
  rig.bought(buys[0].order, 7, "1.95");
  rig.bought(buys[1].order, 7, "1.95");
  EXPECT_EQ(rig.state(buys[1].order), OrderState::kUnknown);
}

TEST(Operator, PauseResumeHalt) {
  auto rig = live_rig({every_tick("a"), every_tick("b", "2.00")});
  EXPECT_FALSE(rig.engine->pause("nobody", "x", rig.now, rig.actions));
  EXPECT_TRUE(rig.engine->pause("a", "lunch", rig.now, rig.actions));
  rig.tick("1.02");
  EXPECT_EQ(rig.buy().stake, usd("2.00"));
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kPaused);
  EXPECT_EQ(rig.view("a").reason, "lunch");
  rig.restart();
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kPaused) << "a pause survives a restart";
  EXPECT_EQ(rig.view("a").reason, "lunch");
  EXPECT_TRUE(rig.engine->resume("a", rig.now, rig.actions));
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kRunning);
  EXPECT_TRUE(rig.engine->halt("", "storm", rig.now, rig.actions));
  rig.deadline();
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kHalted);
  EXPECT_EQ(rig.view("b").status, StrategyStatus::kHalted);
  rig.restart();
  EXPECT_EQ(rig.view("b").status, StrategyStatus::kHalted);
  EXPECT_EQ(rig.view("b").reason, "storm");
  EXPECT_TRUE(rig.engine->resume("", rig.now, rig.actions));
  rig.deadline();
  rig.restart();
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kRunning);
}

TEST(Operator, ResumeAfterALimitBeginsANewSession) {
  auto s = every_tick("a");
  s.session.take_profit = usd("0.95");
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "1.95");
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kHalted);
  EXPECT_TRUE(rig.engine->resume("a", rig.now, rig.actions));
  rig.deadline();
  EXPECT_EQ(rig.view("a").profit, usd("0.00"));
  EXPECT_EQ(rig.view("a").trades, 0);
  EXPECT_EQ(rig.book.strategies.at("a").session, 2);
  EXPECT_EQ(rig.engine->account().day_profit, usd("0.95")) << "the day goes on";
  rig.tick("1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Operator, DrainLetsNothingIn) {
  auto rig = live_rig({every_tick("a"), every_tick("b", "2.00")});
  rig.tick("1.02");
  const auto buys = rig.take_buys();
  rig.engine->drain(rig.now, rig.actions);
  EXPECT_FALSE(rig.engine->drained());
  rig.bought(buys[0].order, 1, "1.95");
  EXPECT_FALSE(rig.engine->drained());
  rig.refused(buys[1].order, "X");
  EXPECT_TRUE(rig.engine->drained());
  rig.settle(1, "0.00");
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
}

TEST(Views, SymbolsOfEnabledStrategiesAndOpenContracts) {
  auto off = every_tick("off");
  off.symbol = "R_75";
  off.enabled = false;
  auto rig = live_rig({every_tick("a"), off});
  ASSERT_EQ(rig.engine->symbols().size(), 1u);
  EXPECT_EQ(rig.engine->symbols()[0], "R_100");
  EXPECT_EQ(rig.view("off").status, StrategyStatus::kDisabled);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  ASSERT_EQ(rig.engine->open_orders().size(), 1u);
  const auto account = rig.engine->account();
  EXPECT_EQ(account.open_contracts, 1);
  EXPECT_EQ(account.open_stake, usd("1.00"));
  EXPECT_EQ(account.day_trades, 1);
  EXPECT_EQ(*account.balance, usd("9999.00"));
}

}  // namespace
}  // namespace derivd::engine::test
