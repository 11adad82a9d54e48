#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

using execution::Outcome;
using Kind = DecisionView::Kind;

constexpr std::int64_t kStart = 1'782'086'400;  // a Monday, 00:00 UTC

Rig live_rig(StrategySettings s, risk::AccountLimits limits = {}) {
  Settings settings;
  settings.limits = limits;
  settings.strategies = {std::move(s)};
  Rig rig(settings);
  rig.restore({});
  rig.now.venue = {kStart};
  rig.live();
  return rig;
}

/// One contract of a minute, number 5, for 1.00 and 1.95.
Rig with_contract() {
  auto s = every_tick("a");
  s.type = "rise_fall";
  s.contract.duration = {60, market::ContractDuration::Unit::kSeconds};
  auto rig = live_rig(s);
  rig.tick("1.02");
  rig.tick("1.03");
  rig.bought(rig.buy().order, 5, "1.95");
  rig.tick("1.04");
  return rig;
}

const execution::Order& order(const Rig& rig) { return rig.book.orders.at({1}); }

TEST(Sale, FeedsTheBooksAsAnyResult) {
  auto rig = with_contract();
  rig.selling(5);
  rig.transaction(rig.sell_transaction(5, "1.30", "10000.30"));
  EXPECT_EQ(order(rig).outcome, Outcome::kSold);
  EXPECT_EQ(order(rig).profit, usd("0.30"));
  EXPECT_EQ(rig.view("a").profit, usd("0.30"));
  EXPECT_EQ(rig.view("a").won, 1);
}

TEST(Sale, AtTheStakeIsNoBreakEven) {
  auto rig = with_contract();
  rig.transaction(rig.sell_transaction(5, "1.00", "10000.00"));
  EXPECT_EQ(order(rig).outcome, Outcome::kBreakEven) << "nobody asked for a sale";
  rig = with_contract();
  rig.selling(5);
  rig.transaction(rig.sell_transaction(5, "1.00", "10000.00"));
  EXPECT_EQ(order(rig).outcome, Outcome::kSold);
}

TEST(Sale, ThatTheVenueConfirmedIsOneAtAnyPrice) {
  for (const bool confirmed : {false, true}) {
    auto rig = with_contract();
    rig.selling(5);
    rig.polled.clear();
    if (confirmed) {
      rig.engine->on_sold({5}, rig.now, rig.actions);
      rig.deadline();
      EXPECT_THAT(rig.polled, ::testing::ElementsAre(core::ContractId{5}));
    }
    rig.transaction(rig.sell_transaction(5, "1.95", "10000.95"));
    EXPECT_EQ(order(rig).outcome, confirmed ? Outcome::kSold : Outcome::kWon);
  }
}

TEST(Sale, ThatWasRefusedIsForgotten) {
  auto rig = with_contract();
  rig.selling(5);
  rig.engine->on_not_sold({5}, "no", rig.now, rig.actions);
  rig.transaction(rig.sell_transaction(5, "1.00", "10000.00"));
  EXPECT_EQ(order(rig).outcome, Outcome::kBreakEven);
}

TEST(Sale, HasNoExitOfItsNaturalEnd) {
  auto rig = with_contract();
  rig.selling(5);
  rig.transaction(rig.sell_transaction(5, "1.30", "10000.30"));
  for (int i = 0; i < 40; ++i) rig.tick(i % 2 == 0 ? "1.05" : "1.06");
  EXPECT_TRUE(order(rig).entry);
  EXPECT_FALSE(order(rig).exit);
  EXPECT_FALSE(rig.told(core::EventKind::kSettlementMismatch));
}

TEST(Sale, KnowsOursFromForeignOnes) {
  auto rig = with_contract();
  rig.transaction(rig.buy_transaction(77, "2.00", "9997.00"));
  EXPECT_TRUE(rig.engine->is_foreign({77}));
  EXPECT_FALSE(rig.engine->is_ours({77}));
  EXPECT_TRUE(rig.engine->is_ours({5}));
  ASSERT_TRUE(rig.engine->order_of({5}));
  EXPECT_EQ(rig.engine->order_of({5})->strategy, "a");
  EXPECT_FALSE(rig.engine->order_of({77}));
}

TEST(Decisions, TellWhatBecameOfEachSignal) {
  auto rig = live_rig(every_tick("a"));
  EXPECT_TRUE(rig.engine->decisions("a", 10).empty());
  rig.tick("1.02");
  rig.bought(rig.buy().order, 5, "1.95");
  rig.tick("1.02");
  rig.tick("1.02");
  const auto all = rig.engine->decisions("a", 10);
  ASSERT_EQ(all.size(), 2u) << "the same limit twice is one";
  EXPECT_EQ(all[0].kind, Kind::kDropped);
  EXPECT_EQ(all[0].times, 2);
  ASSERT_TRUE(all[0].denied);
  EXPECT_EQ(all[0].denied->limit, risk::Limit::kMaxOpen);
  EXPECT_EQ(all[0].denied->allowed, 1);
  EXPECT_EQ(all[1].kind, Kind::kEntered);
  EXPECT_EQ(all[1].order, core::OrderId{1});
  EXPECT_EQ(all[1].planned, usd("1.00"));
  EXPECT_EQ(all[1].tick.s, kStart + 2);
  EXPECT_EQ(all[1].type, market::ContractType::kDigitOdd);
  EXPECT_EQ(rig.engine->decisions("a", 1).size(), 1u);
  EXPECT_TRUE(rig.engine->decisions("nobody", 9).empty());
}

TEST(Decisions, ASignalThatWaitedIsOneWithItsEnd) {
  auto s = every_tick("a");
  s.guards.min_payout_ratio = core::Decimal{9, 1};
  auto rig = live_rig(s);
  rig.tick("1.02");
  EXPECT_EQ(rig.engine->decisions("a", 9)[0].kind, Kind::kWaiting);
  rig.quote(rig.quotes[0].order, "1.95", "1.00");
  const auto all = rig.engine->decisions("a", 9);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].kind, Kind::kEntered);
}

TEST(Decisions, AHaltNamesTheLimitAndItsNumbers) {
  auto s = every_tick("a", "2.00");
  s.session.stop_loss = usd("3.00");
  auto rig = live_rig(s);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 5, "3.90");
  rig.settle(5, "0.00");
  rig.tick("1.02");
  const auto d = rig.engine->decisions("a", 1)[0];
  EXPECT_EQ(d.kind, Kind::kHalted);
  ASSERT_TRUE(d.denied);
  EXPECT_EQ(d.denied->limit, risk::Limit::kSessionStop);
  EXPECT_EQ(d.denied->left, usd("1.00"));
}

TEST(Decisions, AreBoundedAndNewestFirst) {
  auto rig = live_rig(every_tick("a"));
  for (std::int64_t i = 0; i < 100; ++i) {
    rig.tick("1.02");
    rig.bought(rig.buy().order, 100 + i, "1.95");
    rig.settle(100 + i, "1.95");
  }
  const auto all = rig.engine->decisions("a", 1000);
  ASSERT_EQ(all.size(), kKeptDecisions);
  EXPECT_EQ(all.front().order, core::OrderId{100});
  EXPECT_EQ(all.back().order, core::OrderId{100 - 63});
}

TEST(OperatorsHalt, KeepsTheWordsAndIsNoFault) {
  auto rig = live_rig(every_tick("a"));
  rig.engine->halt("a", "maintenance of the link", rig.now, rig.actions);
  rig.deadline();
  ASSERT_EQ(rig.count(core::EventKind::kOperatorHalt), 1);
  EXPECT_FALSE(rig.told(core::EventKind::kStrategyHalted));
  EXPECT_EQ(rig.events.back().reason, "maintenance of the link");
  EXPECT_EQ(rig.events.back().text, "a halted (operator): maintenance of the link");
  EXPECT_EQ(rig.book.halts.at("a").reason, "maintenance of the link");
  rig.restart();
  EXPECT_EQ(rig.view("a").reason, "maintenance of the link");
  EXPECT_EQ(rig.view("a").halt_kind, "operator");
}

TEST(OperatorsHalt, WithoutWordsSaysSo) {
  auto rig = live_rig(every_tick("a"));
  rig.engine->pause("a", "", rig.now, rig.actions);
  EXPECT_EQ(rig.view("a").reason, "by the operator, who gave no reason");
  rig.engine->halt("a", "", rig.now, rig.actions);
  EXPECT_EQ(rig.view("a").reason, "by the operator, who gave no reason");
}

TEST(OperatorsHalt, TakesNewWordsButNeverThoseOfALimit) {
  auto s = every_tick("a", "1.00");
  s.session.take_profit = usd("0.50");
  auto rig = live_rig(s);
  rig.engine->halt("a", "one", rig.now, rig.actions);
  rig.engine->halt("a", "one", rig.now, rig.actions);
  rig.engine->halt("a", "two", rig.now, rig.actions);
  rig.engine->halt("a", "", rig.now, rig.actions);
  rig.deadline();
  EXPECT_EQ(rig.count(core::EventKind::kOperatorHalt), 2);
  EXPECT_EQ(rig.view("a").reason, "two");
  rig.engine->resume("a", rig.now, rig.actions);
  rig.deadline();
  rig.tick("1.02");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "1.95");
  ASSERT_EQ(rig.view("a").halt_kind, "take_profit");
  rig.engine->halt("a", "three", rig.now, rig.actions);
  rig.deadline();
  EXPECT_EQ(rig.view("a").halt_kind, "take_profit");
  EXPECT_EQ(rig.count(core::EventKind::kStrategyHalted), 1);
  EXPECT_EQ(rig.count(core::EventKind::kOperatorHalt), 2);
}

}  // namespace
}  // namespace derivd::engine::test
