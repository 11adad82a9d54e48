// The parts of the engine's state, each by itself: time and day, balance and questions, witnesses
// that came early, sales, and what the rules of an exit look at.
#include <gtest/gtest.h>

#include "engine/account.hpp"
#include "engine/clock.hpp"
#include "engine/exit_watch.hpp"
#include "engine/sale.hpp"
#include "engine/witnesses.hpp"

namespace derivd::engine {
namespace {

using core::ContractId;
using core::Money;
using core::OrderId;
using core::VenueTime;
using std::chrono::hours;
using std::chrono::seconds;

constexpr std::int64_t kDay = 86'400;

core::Instant at(seconds s) { return core::Instant{} + s; }

// ---- VenueClock ----

TEST(VenueClock, NeverGoesBack) {
  VenueClock clock;
  EXPECT_TRUE(clock.show({100}, at(seconds(1))));
  EXPECT_FALSE(clock.show({100}, at(seconds(2))));
  EXPECT_FALSE(clock.show({99}, at(seconds(3))));
  EXPECT_EQ(clock.shown(), VenueTime{100});
  EXPECT_EQ(clock.steady(), VenueTime{100});
}

TEST(VenueClock, OneTimeThatIsAheadMovesTheSteadyOneByOurSecondsAlone) {
  VenueClock clock;
  clock.show({100}, at(seconds(0)));
  clock.show({900}, at(seconds(5)));
  EXPECT_EQ(clock.shown(), VenueTime{900});
  EXPECT_EQ(clock.steady(), VenueTime{105});
  // Less of ours than a tick may take: a tick's step is allowed.
  VenueClock quick;
  quick.show({100}, at(seconds(0)));
  quick.show({110}, at(seconds(0)));
  EXPECT_EQ(quick.steady(), VenueTime{102});
}

TEST(VenueClock, AVenueThatIsFasterForGoodIsBelieved) {
  VenueClock clock;
  clock.show({100}, at(seconds(0)));
  std::int64_t time = 100;
  for (int i = 1; i <= 5; ++i) clock.show({time += 10}, at(seconds(i)));
  EXPECT_LT(clock.steady(), VenueTime{time});
  clock.show({time += 10}, at(seconds(6)));
  EXPECT_EQ(clock.steady(), VenueTime{time});
}

TEST(VenueClock, TheVenuesOwnAnswerProvesItsTimeUpToWhatWasSeen) {
  VenueClock clock;
  clock.show({100}, at(seconds(0)));
  clock.show({900}, at(seconds(5)));
  clock.prove({500});
  EXPECT_EQ(clock.steady(), VenueTime{500});
  clock.prove({300});
  EXPECT_EQ(clock.steady(), VenueTime{500}) << "it never goes back";
  clock.prove({5000});
  EXPECT_EQ(clock.steady(), VenueTime{900}) << "nor beyond what was seen";
}

// ---- TradingDay ----

TEST(TradingDay, TurnsAtTheConfiguredTimeAndNeverBack) {
  TradingDay day;
  EXPECT_FALSE(day.is_known());
  EXPECT_EQ(day.roll({0}, hours(0)), TradingDay::Turn::kSame) << "no time was shown yet";
  EXPECT_EQ(day.roll({10 * kDay + 5}, hours(0)), TradingDay::Turn::kFirst);
  EXPECT_EQ(day.number(), 10);
  EXPECT_EQ(day.roll({11 * kDay - 1}, hours(0)), TradingDay::Turn::kSame);
  EXPECT_EQ(day.roll({11 * kDay}, hours(0)), TradingDay::Turn::kNext);
  EXPECT_EQ(day.number(), 11);
  EXPECT_EQ(day.roll({10 * kDay}, hours(0)), TradingDay::Turn::kSame);
  EXPECT_EQ(day.number(), 11);
  EXPECT_EQ(day.roll({12 * kDay + 3600}, hours(2)), TradingDay::Turn::kSame);
  EXPECT_EQ(day.roll({12 * kDay + 7200}, hours(2)), TradingDay::Turn::kNext);
}

TEST(TradingDay, WhatAnEarlierRunLeftOnlyGrows) {
  TradingDay day;
  EXPECT_TRUE(day.has({5}, hours(0))) << "before a day is known everything counts";
  day.restore(7);
  day.restore(5);
  EXPECT_EQ(day.number(), 7);
  EXPECT_FALSE(day.has({7 * kDay - 1}, hours(0)));
  EXPECT_TRUE(day.has({7 * kDay}, hours(0)));
  EXPECT_TRUE(day.has({9 * kDay}, hours(0))) << "a later one is not yesterday's";
  EXPECT_EQ(day.roll({7 * kDay + 9}, hours(0)), TradingDay::Turn::kSame);
  EXPECT_EQ(day.roll({8 * kDay}, hours(0)), TradingDay::Turn::kNext);
}

TEST(TradingDayDeath, AskedForANumberThatIsNotKnownItStops) {
  EXPECT_DEATH(static_cast<void>(TradingDay().number()), "no trading day is known");
}

// ---- AccountBalance ----

execution::Order settled(std::int64_t id, std::int64_t pays, std::int64_t when) {
  execution::Order order;
  order.id = OrderId{id};
  order.state = execution::OrderState::kSettled;
  order.sell_price = Money::minor(pays);
  order.settled_time = {when};
  return order;
}

TEST(AccountBalance, WhatWasPaidBeforeTheAnchorIsNotCreditedTwice) {
  AccountBalance balance;
  balance.anchor(Money::minor(1000), {100}, {OrderId{1}, OrderId{2}});
  balance.show(Money::minor(9999));
  balance.settled(settled(1, 195, 100), at(seconds(1)));
  EXPECT_EQ(balance.floor(), Money::minor(1000)) << "it was at risk, and ended before";
  balance.settled(settled(2, 195, 1000), at(seconds(2)));
  EXPECT_EQ(balance.floor(), Money::minor(1195)) << "it was at risk, and ended long after";
  balance.settled(settled(3, 195, 100), at(seconds(3)));
  EXPECT_EQ(balance.floor(), Money::minor(1390)) << "it was not there at the anchor";
  balance.settled(settled(1, 195, 100), at(seconds(4)));
  EXPECT_EQ(balance.floor(), Money::minor(1585)) << "what was at risk counts once";
}

TEST(AccountBalance, ItIsQuietFiveSecondsAfterTheLastEventWithNothingInFlight) {
  AccountBalance balance;
  balance.moves(at(seconds(100)));
  EXPECT_FALSE(balance.is_quiet(0, at(seconds(104))));
  EXPECT_TRUE(balance.is_quiet(0, at(seconds(105))));
  EXPECT_FALSE(balance.is_quiet(1, at(seconds(200))));
  EXPECT_EQ(balance.quiet_from(0, at(seconds(103))), at(seconds(105)));
  EXPECT_EQ(balance.quiet_from(1, at(seconds(103))), at(seconds(108)));
}

TEST(AccountBalance, OnlyAQuietQuestionWithoutAnEventBeforeItsAnswerIsUndisturbed) {
  AccountBalance balance;
  EXPECT_FALSE(balance.is_undisturbed());
  balance.asked(false);
  EXPECT_FALSE(balance.is_undisturbed());
  balance.asked(true);
  EXPECT_TRUE(balance.is_undisturbed());
  balance.bought(Money::minor(100), std::nullopt, at(seconds(1)));
  EXPECT_FALSE(balance.is_undisturbed());
}

TEST(AccountBalance, WhatIsWantedAgainStaysSoUntilItWasAskedInQuiet) {
  AccountBalance balance;
  balance.want_again();
  balance.asked(false);
  EXPECT_TRUE(balance.wants_again());
  balance.asked(true);
  EXPECT_FALSE(balance.wants_again());
}

TEST(AccountBalance, ADepositIsLookedForOnceInHalfAMinute) {
  AccountBalance balance;
  EXPECT_FALSE(balance.looks_for_deposit(at(seconds(0)))) << "nothing is known";
  balance.anchor(Money::minor(1000), {100}, {});
  EXPECT_FALSE(balance.looks_for_deposit(at(seconds(0)))) << "both figures agree";
  balance.show(Money::minor(1001));
  EXPECT_TRUE(balance.looks_for_deposit(at(seconds(0))));
  EXPECT_FALSE(balance.looks_for_deposit(at(seconds(29))));
  EXPECT_TRUE(balance.looks_for_deposit(at(seconds(30))));
}

// ---- ReportAsks ----

TEST(ReportAsks, PausesDoubleWhileSomethingIsOpenAndBeginAnewWithSomethingNew) {
  ReportAsks asks;
  auto now = at(seconds(100));
  ASSERT_TRUE(asks.want(now)) << "it was never asked";
  for (const auto pause : {2, 4, 8, 16, 30, 30}) {
    asks.asked(now, true, std::nullopt);
    ASSERT_EQ(asks.next(), now + seconds(pause));
    EXPECT_FALSE(asks.take_due(now + seconds(pause) - std::chrono::nanoseconds(1)));
    now = now + seconds(pause);
    EXPECT_TRUE(asks.take_due(now));
    EXPECT_FALSE(asks.take_due(now)) << "once";
  }
  asks.asked(now, true, std::nullopt);
  EXPECT_FALSE(asks.want(now + seconds(1))) << "it was asked a moment ago";
  EXPECT_EQ(asks.next(), now + seconds(2));
  EXPECT_TRUE(asks.want(now + seconds(2)));
  asks.asked(now, true, std::nullopt);
  EXPECT_EQ(asks.next(), now + seconds(2)) << "the pauses began anew";
}

TEST(ReportAsks, WithNothingOpenItIsAskedAgainOnlyWhereThatIsWanted) {
  ReportAsks asks;
  asks.asked(at(seconds(1)), false, std::nullopt);
  EXPECT_FALSE(asks.next());
  asks.asked(at(seconds(1)), false, seconds(5));
  EXPECT_EQ(asks.next(), at(seconds(6)));
  asks.want_by(at(seconds(9)));
  EXPECT_EQ(asks.next(), at(seconds(6))) << "the sooner one stays";
  asks.lose_link();
  EXPECT_FALSE(asks.next());
  asks.want_by(at(seconds(9)));
  EXPECT_EQ(asks.next(), at(seconds(9)));
}

// ---- Witnesses ----

Witnessed witness_of(std::int64_t contract, std::int64_t sold_at) {
  execution::ContractReport report;
  report.contract = ContractId{contract};
  report.sell_time = VenueTime{sold_at};
  return ContractWitness{report, execution::Witness::kContractStream};
}

Witnessed transaction_of(std::int64_t contract, std::int64_t when) {
  execution::TransactionReport report;
  report.contract = ContractId{contract};
  report.time = {when};
  return report;
}

TEST(HeldWitnesses, AreTakenByContractInTheirOrder) {
  HeldWitnesses held;
  for (const auto& [contract, when] : {std::pair{1, 10}, {2, 20}, {1, 5}}) {
    EXPECT_FALSE(held.hold(witness_of(contract, when)));
  }
  const auto mine = held.take(ContractId{1});
  ASSERT_EQ(mine.size(), 2U);
  EXPECT_EQ(time_of(mine[0]), VenueTime{10});
  EXPECT_EQ(time_of(mine[1]), VenueTime{5});
  EXPECT_EQ(held.size(), 1U);
  EXPECT_TRUE(held.take(ContractId{1}).empty());
}

TEST(HeldWitnesses, TheOldestGoesForTheOneTooMany) {
  HeldWitnesses held;
  for (std::int64_t i = 0; i < 64; ++i) EXPECT_FALSE(held.hold(transaction_of(i + 1, 1)));
  const auto gone = held.hold(transaction_of(99, 1));
  ASSERT_TRUE(gone);
  EXPECT_EQ(contract_of(*gone), ContractId{1});
  EXPECT_EQ(held.take_all().size(), 64U);
  EXPECT_EQ(held.size(), 0U);
}

TEST(EarlyWitnesses, AreHeardByTheTimeOfTheirSettlement) {
  EarlyWitnesses early;
  EXPECT_FALSE(early.holds());
  early.begin();
  EXPECT_TRUE(early.holds());
  early.hold(witness_of(1, 30));
  early.hold(transaction_of(2, 10));
  early.hold(witness_of(3, 10));
  const auto heard = early.end();
  ASSERT_EQ(heard.size(), 3U);
  EXPECT_EQ(contract_of(heard[0]), ContractId{2});
  EXPECT_EQ(contract_of(heard[1]), ContractId{3}) << "of equal times in the order they came";
  EXPECT_EQ(contract_of(heard[2]), ContractId{1});
  EXPECT_FALSE(early.holds());
  EXPECT_TRUE(early.end().empty());
}

TEST(EarlyWitnesses, ALostLinkForgetsThemAndAFullOneTakesNoMore) {
  EarlyWitnesses early;
  early.begin();
  for (std::int64_t i = 0; i < 70; ++i) early.hold(witness_of(i + 1, 100 - i));
  early.lose_link();
  EXPECT_TRUE(early.holds());
  for (std::int64_t i = 0; i < 70; ++i) early.hold(witness_of(i + 1, 1));
  const auto heard = early.end();
  ASSERT_EQ(heard.size(), 64U);
  EXPECT_EQ(contract_of(heard.back()), ContractId{64});
}

TEST(ForeignContracts, EachIsToldOnceAsFarAsTheyAreRemembered) {
  ForeignContracts foreign;
  EXPECT_TRUE(foreign.note(ContractId{1}));
  EXPECT_FALSE(foreign.note(ContractId{1}));
  EXPECT_TRUE(foreign.has(ContractId{1}));
  for (std::int64_t i = 2; i <= 1024; ++i) EXPECT_TRUE(foreign.note(ContractId{i}));
  EXPECT_TRUE(foreign.has(ContractId{1}));
  EXPECT_TRUE(foreign.note(ContractId{5000}));
  EXPECT_FALSE(foreign.has(ContractId{1}));
}

// ---- Sales ----

TEST(Sales, AConfirmedOneIsNeverUnclearAgain) {
  Sales sales;
  const ContractId c{7};
  EXPECT_EQ(sales.confirm(c), nullptr);
  sales.ask(c, true, false);
  EXPECT_TRUE(sales.awaits_answer());
  ASSERT_NE(sales.lose(c, {50}), nullptr);
  EXPECT_TRUE(sales.any_unclear());
  EXPECT_FALSE(sales.awaits_answer());
  EXPECT_EQ(sales.lose(c, {60}), nullptr) << "it is unclear since the first time";
  EXPECT_FALSE(sales.is_disproved(c, {49})) << "books of before say nothing";
  EXPECT_TRUE(sales.is_disproved(c, {50}));
  ASSERT_NE(sales.confirm(c), nullptr);
  EXPECT_FALSE(sales.any_unclear());
  EXPECT_FALSE(sales.is_disproved(c, {99}));
  EXPECT_EQ(sales.lose(c, {70}), nullptr);
  const auto gone = sales.take(c);
  ASSERT_TRUE(gone);
  EXPECT_TRUE(gone->confirmed);
  EXPECT_TRUE(gone->by_rule);
  EXPECT_FALSE(sales.has(c));
  EXPECT_FALSE(sales.take(c));
}

TEST(Sales, OneOfAnEarlierRunIsUnclearFromItsStart) {
  Sales sales;
  sales.restore(ContractId{7}, false, true, {80});
  EXPECT_TRUE(sales.any_unclear());
  EXPECT_FALSE(sales.awaits_answer());
  EXPECT_FALSE(sales.is_disproved(ContractId{7}, {79}));
  EXPECT_TRUE(sales.is_disproved(ContractId{7}, {80}));
  EXPECT_TRUE(sales.find(ContractId{7})->cancel);
  EXPECT_FALSE(sales.is_disproved(ContractId{8}, {80}));
  EXPECT_EQ(sales.contracts(), std::vector{ContractId{7}});
}

// ---- ExitWatch ----

TEST(ExitWatch, CountsTheTicksAfterItsEntryOnce) {
  ExitWatch watch({100});
  watch.count({100});  // of the purchase's own second
  watch.count({102});
  watch.count({102});
  watch.enter({102}, nullptr);
  EXPECT_EQ(watch.ticks(), 0) << "the entry itself is none after it";
  watch.count({104});
  watch.count({103});
  watch.count({106});
  EXPECT_EQ(watch.ticks(), 2);
}

TEST(ExitWatch, WithoutAPastAllThatWereSeenCountButTheEntry) {
  ExitWatch later({100});
  later.count({104});
  later.count({106});
  later.enter({102}, nullptr);  // the entry itself was never seen
  EXPECT_EQ(later.ticks(), 2);
}

TEST(ExitWatch, ARefusedSaleIsAskedForAgainEachTimeLaterUpToAMinute) {
  ExitWatch watch({100});
  std::int64_t time = 1000;
  for (const auto wait : {1, 2, 4, 8, 16, 32, 60, 60}) {
    watch.refuse({time});
    EXPECT_TRUE(watch.waits({time + wait - 1})) << wait;
    EXPECT_FALSE(watch.waits({time + wait})) << wait;
    time += wait;
  }
  EXPECT_EQ(watch.refusals(), 8);
}

}  // namespace
}  // namespace derivd::engine
