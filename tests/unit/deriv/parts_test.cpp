// Errors, pending table, budgets, calls.
#include <gtest/gtest.h>

#include <set>

#include "deriv/budget.hpp"
#include "deriv/errors.hpp"
#include "deriv/pending.hpp"

namespace derivd::deriv {
namespace {

using core::Instant;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Errors, WhatMayHaveHappenedIsNeverCalledRefused) {
  for (const auto* code : {"WrongResponse", "CallError", "InternalServerError", "InternalError",
                           "Timeout", "GetProposalFailure", "ResponseTooLarge"}) {
    EXPECT_EQ(classify(code), ErrorClass::kUnknownOutcome) << code;
  }
  // A code that nobody has written down proves nothing.
  EXPECT_EQ(classify("SomethingNewIn2027"), ErrorClass::kUnknownOutcome);
  EXPECT_EQ(classify(""), ErrorClass::kUnknownOutcome);
  EXPECT_FALSE(is_known("SomethingNewIn2027"));
}

TEST(Errors, AreClassedByTheirUse) {
  EXPECT_EQ(classify("InsufficientBalance"), ErrorClass::kPermanent);
  EXPECT_EQ(classify("InputValidationFailed"), ErrorClass::kPermanent);
  EXPECT_EQ(classify("ClientUnwelcome"), ErrorClass::kPermanent);
  EXPECT_EQ(classify("PermissionDenied"), ErrorClass::kPermanent);
  EXPECT_EQ(classify("InvalidToken"), ErrorClass::kSession);
  EXPECT_EQ(classify("AuthorizationRequired"), ErrorClass::kSession);
  EXPECT_EQ(classify("RateLimit"), ErrorClass::kRateLimit);
  EXPECT_EQ(classify("MarketIsClosed"), ErrorClass::kSymbolState);
  EXPECT_EQ(classify("InvalidSymbol"), ErrorClass::kSymbolState);
  EXPECT_EQ(classify("ContractBuyValidationError"), ErrorClass::kParameter);
  EXPECT_EQ(classify("OfferingsValidationError"), ErrorClass::kParameter);
  EXPECT_EQ(classify("PriceMoved"), ErrorClass::kTransient);
  EXPECT_EQ(classify("InvalidContractProposal"), ErrorClass::kTransient);
  EXPECT_EQ(classify("SystemMaintenanceMT5"), ErrorClass::kTransient);
  EXPECT_EQ(classify("NoOpenPosition"), ErrorClass::kContract);
  EXPECT_EQ(classify("AlreadySubscribed"), ErrorClass::kAlreadySubscribed);
}

TEST(Errors, EveryRowIsFoundAndUnique) {
  std::set<std::string_view> codes;
  for (const auto& row : error_table()) {
    EXPECT_EQ(classify(row.code), row.error_class) << row.code;
    EXPECT_TRUE(codes.insert(row.code).second) << row.code;
    EXPECT_NE(name_of(row.error_class), "?");
  }
  EXPECT_GE(codes.size(), 80U);
}

TEST(Errors, EachSaysWhatToExpectOfTheNextPurchase) {
  using Kind = execution::RefusalKind;
  const auto expect = [](Kind kind, std::initializer_list<std::string_view> codes) {
    for (const auto code : codes) EXPECT_EQ(refusal_of(code), kind) << code;
  };
  expect(Kind::kForGood, {"InsufficientBalance", "SelfExclusion", "InputValidationFailed"});
  expect(Kind::kStake, {"ContractBuyValidationError", "InvalidtoBuy", "ContractCreationFailure",
                        "OpenPositionPayoutLimit"});
  expect(Kind::kParameters,
         {"TradingDurationNotAllowed", "OfferingsValidationError", "BarrierValidationError",
          "InvalidSymbol", "PriceMoved", "OpenPositionLimit", "AlreadyExpired"});
  expect(Kind::kClosed, {"MarketIsClosed", "TradeTemporarilyUnavailable", "NoRealtimeQuotes",
                         "SystemMaintenance", "SystemMaintenanceMT5", "MigrationPending"});
  expect(Kind::kPassing,
         {"RateLimit", "CallError", "WrongResponse", "InternalServerError", "InvalidToken"});
  // Proves nothing when it comes, and counts once it is proven that nothing was bought.
  expect(Kind::kParameters, {"NeverHeardOf", ""});
  EXPECT_EQ(refusal_of("ContractBuyValidationError", "InvalidMaxPayout"), Kind::kStake);
  EXPECT_EQ(refusal_of("ContractBuyValidationError", "InvalidBarrier"), Kind::kParameters);
  for (const auto& row : error_table()) {
    // Whatever proves that nothing was done teaches something.
    EXPECT_NE(refusal_of(row.code), Kind::kSingular) << row.code;
    const bool for_good = row.error_class == ErrorClass::kPermanent;
    EXPECT_EQ(refusal_of(row.code) == Kind::kForGood, for_good) << row.code;
  }
}

Pending request(std::int64_t id, Call call, std::int64_t deadline_s = 100) {
  return {id, call, id * 10, Instant{}, Instant{} + seconds(deadline_s)};
}

TEST(Pending, AnswersAreTakenOnce) {
  PendingTable table;
  table.add(request(3, Call::kTime));
  table.add(request(5, Call::kBuy));
  EXPECT_EQ(table.find(4), nullptr);
  ASSERT_NE(table.find(5), nullptr);
  EXPECT_EQ(table.count(Call::kBuy), 1U);
  const auto taken = table.take(5);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->subject, 50);
  EXPECT_FALSE(table.take(5));
  EXPECT_FALSE(table.grave(5));  // answered, not given up
  EXPECT_EQ(table.size(), 1U);
}

TEST(Pending, OverdueRequestsLeaveAGrave) {
  PendingTable table;
  table.add(request(1, Call::kTime, 30));
  table.add(request(2, Call::kBuy, 20));
  EXPECT_EQ(table.next_deadline(), Instant{} + seconds(20));
  EXPECT_FALSE(table.take_overdue(Instant{} + seconds(20) - milliseconds(1)));
  const auto overdue = table.take_overdue(Instant{} + seconds(20));
  ASSERT_TRUE(overdue);
  EXPECT_EQ(overdue->req_id, 2);
  EXPECT_EQ(table.grave(2), Call::kBuy);
  EXPECT_FALSE(table.take_overdue(Instant{} + seconds(29)));
  EXPECT_EQ(table.next_deadline(), Instant{} + seconds(30));
}

TEST(Pending, GravesAreBounded) {
  PendingTable table;
  const auto n = static_cast<std::int64_t>(PendingTable::kMaxGraves);
  for (std::int64_t id = 1; id <= n + 1; ++id) {
    table.add(request(id, Call::kPoll, 1));
    ASSERT_TRUE(table.take_overdue(Instant{} + seconds(1)));
  }
  EXPECT_FALSE(table.grave(1));  // the oldest had to go
  EXPECT_TRUE(table.grave(2));
  EXPECT_TRUE(table.grave(n + 1));
}

TEST(Pending, IsBounded) {
  PendingTable table;
  for (std::size_t i = 0; i < PendingTable::kMaxPending; ++i) {
    ASSERT_FALSE(table.full());
    table.add(request(static_cast<std::int64_t>(i) + 1, Call::kPoll));
  }
  EXPECT_TRUE(table.full());
  EXPECT_DEATH(table.add(request(1000, Call::kPoll)), "table holds");
}

TEST(Pending, IdsMustRise) {
  PendingTable table;
  table.add(request(2, Call::kPoll));
  EXPECT_DEATH(table.add(request(2, Call::kPoll)), "must rise");
}

TEST(Pending, TheOnlyOneIsTakenWithoutItsId) {
  const auto is_buy = [](Call call) { return call == Call::kBuy; };
  PendingTable table;
  EXPECT_FALSE(table.take_only(is_buy));
  table.add(request(1, Call::kTime));
  table.add(request(2, Call::kBuy, 50));
  table.add(request(3, Call::kBuy, 40));
  EXPECT_FALSE(table.take_only(is_buy));  // which of the two?
  ASSERT_TRUE(table.take_overdue(Instant{} + seconds(40)));
  EXPECT_FALSE(table.take_only(is_buy));  // it may be the late answer of the one given up
  PendingTable other;
  other.add(request(1, Call::kTime));
  other.add(request(2, Call::kBuy));
  EXPECT_EQ(other.take_only(is_buy)->req_id, 2);
}

TEST(Pending, LinkLossHandsOutEverythingInOrder) {
  PendingTable table;
  table.add(request(1, Call::kPoll, 1));
  table.add(request(2, Call::kBuy));
  table.add(request(3, Call::kTime));
  ASSERT_TRUE(table.take_overdue(Instant{} + seconds(1)));
  const auto all = table.take_all();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].req_id, 2);
  EXPECT_EQ(all[1].req_id, 3);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_FALSE(table.grave(1));
  EXPECT_FALSE(table.next_deadline());
}

TEST(Calls, OnlyAPurchaseIsUnknownAndOnlyReadsAreRepeated) {
  for (std::size_t i = 0; i < kCallCount; ++i) {
    const auto call = static_cast<Call>(i);
    const bool once = call == Call::kSell || call == Call::kCancel || call == Call::kProposal ||
                      call == Call::kPrice;
    const auto expected = call == Call::kBuy ? Fate::kUnknown
                          : once             ? Fate::kRefused
                                             : Fate::kAgain;
    EXPECT_EQ(fate_of(call), expected) << name_of(call);
    EXPECT_GT(reply_timeout(call), seconds(0));
  }
  // The venue's own back end gives up after 15 s and says so.
  EXPECT_GT(reply_timeout(Call::kBuy), seconds(15));
}

class Budget : public testing::TestWithParam<Dialect> {
 protected:
  core::Rng rng{1};
  std::unique_ptr<Rules> rules = make_rules(GetParam());
  CallBudget budget{*rules, rng};
  Instant now{1'000'000'000'000};
};

TEST_P(Budget, PollsNeverTakeThePlacesOfPurchases) {
  const auto shared = rules->counter_of(Call::kPoll) == rules->counter_of(Call::kBuy);
  const auto greedy =
      shared ? Call::kPoll : Call::kForget;  // same counter as buy in either dialect
  ASSERT_EQ(rules->counter_of(greedy), rules->counter_of(Call::kBuy));
  int taken = 0;
  while (budget.try_take(greedy, now)) ++taken;
  int purchases = 0;
  while (budget.try_take(Call::kBuy, now)) ++purchases;
  const auto all = rules->budgets()[rules->counter_of(Call::kBuy)].per_minute;
  // 90 % of the venue's number in all, two fifths of that only for purchases.
  EXPECT_EQ(taken + purchases, static_cast<int>(all) * 9 / 10);
  EXPECT_EQ(purchases, static_cast<int>(all) * 9 / 10 * 2 / 5);
  EXPECT_GT(budget.next_free(Call::kBuy, now), now);
  EXPECT_TRUE(budget.try_take(Call::kBuy, now + minutes(1)));
}

TEST_P(Budget, NoStrategyUsesUpWhatIsLeftToAnother) {
  budget.set_buyers({"flood", "calm", "third"});
  const auto all = static_cast<int>(rules->budgets()[rules->counter_of(Call::kBuy)].per_minute);
  const auto share = all * 9 / 10 * 2 / 5 / 3;
  int flooded = 0;
  while (budget.try_take_order(Call::kBuy, "flood", now)) ++flooded;
  EXPECT_EQ(flooded, all * 9 / 10 - 2 * share);
  for (int i = 0; i < share; ++i) {
    ASSERT_TRUE(budget.try_take_order(Call::kBuy, "calm", now)) << i;
    ASSERT_FALSE(budget.try_take_order(Call::kBuy, "flood", now)) << i;
  }
  // Beyond its share it takes from nobody either.
  EXPECT_FALSE(budget.try_take_order(Call::kBuy, "calm", now));
  for (int i = 0; i < share; ++i) ASSERT_TRUE(budget.try_take_order(Call::kBuy, "third", now)) << i;
  EXPECT_FALSE(budget.try_take_order(Call::kBuy, "third", now));
}

TEST_P(Budget, AStrategyGetsItsShareMinuteAfterMinute) {
  budget.set_buyers({"flood", "calm"});
  int calm = 0;
  for (int second = 0; second < 20 * 60; ++second) {
    now = now + seconds(1);
    for (int i = 0; i < 30; ++i) budget.try_take_order(Call::kBuy, "flood", now);
    // One tick after the other: as much as a strategy of one contract at a time can want.
    if (second % 2 == 0) calm += budget.try_take_order(Call::kBuy, "calm", now) ? 1 : 0;
  }
  EXPECT_EQ(calm, 20 * 30);
}

TEST_P(Budget, PollsLeaveTheSharesAlone) {
  budget.set_buyers({"a", "b"});
  const auto shared = rules->counter_of(Call::kPoll) == rules->counter_of(Call::kBuy);
  while (budget.try_take(shared ? Call::kPoll : Call::kForget, now)) {
  }
  const auto all = static_cast<int>(rules->budgets()[rules->counter_of(Call::kBuy)].per_minute);
  int a = 0;
  while (budget.try_take_order(Call::kBuy, "a", now)) ++a;
  EXPECT_GE(a, all * 9 / 10 / 5);
  EXPECT_TRUE(budget.try_take_order(Call::kBuy, "b", now));
}

TEST_P(Budget, AloneAStrategyMayTakeAll) {
  budget.set_buyers({"only"});
  const auto all = static_cast<int>(rules->budgets()[rules->counter_of(Call::kBuy)].per_minute);
  int taken = 0;
  while (budget.try_take_order(Call::kBuy, "only", now)) ++taken;
  EXPECT_EQ(taken, all * 9 / 10);
}

TEST_P(Budget, QuotesAreSharedTooAndLeaveRoomForThePurchase) {
  budget.set_buyers({"asks", "calm"});
  while (budget.try_take_order(Call::kProposal, "asks", now)) {
  }
  EXPECT_TRUE(budget.try_take_order(Call::kBuy, "asks", now));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(budget.try_take_order(Call::kProposal, "calm", now)) << i;
    ASSERT_TRUE(budget.try_take_order(Call::kBuy, "calm", now)) << i;
  }
}

TEST_P(Budget, OtherBuyersKeepWhatIsCounted) {
  budget.set_buyers({"a", "b"});
  int before = 0;
  while (budget.try_take_order(Call::kBuy, "a", now)) ++before;
  budget.set_buyers({"b", "a", "c"});  // a reload
  EXPECT_FALSE(budget.try_take_order(Call::kBuy, "a", now));
  EXPECT_TRUE(budget.try_take_order(Call::kBuy, "b", now));
  EXPECT_TRUE(budget.try_take_order(Call::kBuy, "c", now));
  // Who is none of them has no share, and still no more than the rest.
  EXPECT_FALSE(budget.try_take_order(Call::kBuy, "stranger", now));
  now = now + minutes(1);
  EXPECT_TRUE(budget.try_take_order(Call::kBuy, "stranger", now));
}

TEST_P(Budget, PingsAreNotCounted) {
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(budget.try_take(Call::kPing, now));
}

TEST_P(Budget, ARefusalHoldsTheGroupLongerEachTime) {
  ASSERT_TRUE(budget.try_take(Call::kPortfolio, now));
  core::Duration previous{0};
  for (int i = 0; i < 12; ++i) {
    budget.refused(Call::kPortfolio, now);
    EXPECT_FALSE(budget.try_take(Call::kProfitTable, now));  // the same counter
    EXPECT_TRUE(budget.try_take(Call::kTime, now));
    const auto wait = budget.next_free(Call::kPortfolio, now) - now;
    const auto full = std::min<core::Duration>(seconds(1) * (1 << std::min(i, 10)), minutes(2));
    EXPECT_GE(wait, full / 2);
    EXPECT_LE(wait, full);
    previous = wait;
    now = now + wait;
    EXPECT_TRUE(budget.try_take(Call::kPortfolio, now));
  }
  EXPECT_GE(previous, minutes(1));
  budget.answered(Call::kPortfolio);
  now = now + minutes(5);
  budget.refused(Call::kPortfolio, now);
  EXPECT_LE(budget.next_free(Call::kPortfolio, now) - now, seconds(1));
}

TEST_P(Budget, RefusalsOfOneBurstCountOnce) {
  for (int i = 0; i < 20; ++i) budget.refused(Call::kPortfolio, now);
  EXPECT_LE(budget.next_free(Call::kPortfolio, now) - now, seconds(2));
}

INSTANTIATE_TEST_SUITE_P(Both, Budget, testing::Values(Dialect::kOptions, Dialect::kV3),
                         [](const auto& p) { return std::string(name_of(p.param)); });

TEST(Budgets, AreTheVenuesOwn) {
  const auto options = make_rules(Dialect::kOptions);
  const auto b = options->budgets();
  EXPECT_EQ(b[options->counter_of(Call::kBuy)].per_minute, 360U);
  EXPECT_EQ(b[options->counter_of(Call::kProposal)].per_hour, 14'400U);
  EXPECT_EQ(b[options->counter_of(Call::kBalance)].per_minute, 100U);
  EXPECT_EQ(b[options->counter_of(Call::kProfitTable)].per_minute, 30U);
  EXPECT_EQ(b[options->counter_of(Call::kHistory)].per_minute, 220U);
  const auto v3 = make_rules(Dialect::kV3);
  const auto c = v3->budgets();
  EXPECT_EQ(c[v3->counter_of(Call::kPoll)].per_minute, 80U);
  EXPECT_EQ(c[v3->counter_of(Call::kPortfolio)].per_minute, 30U);
  EXPECT_EQ(c[v3->counter_of(Call::kBuy)].per_minute, 220U);
}

TEST(Dialects, AreToldByTheToken) {
  EXPECT_EQ(dialect_for(core::Secret("pat_abc")), Dialect::kOptions);
  EXPECT_EQ(dialect_for(core::Secret("a1-abc")), Dialect::kV3);
  EXPECT_EQ(dialect_for(core::Secret("xpat_abc")), Dialect::kV3);
  EXPECT_EQ(default_endpoint(Dialect::kOptions), "https://api.derivws.com");
  EXPECT_EQ(default_endpoint(Dialect::kV3), "wss://ws.derivws.com/websockets/v3");
}

SessionSettings kept_in(std::string currency) {
  SessionSettings out;
  out.currency = std::move(currency);
  return out;
}

TEST(Currencies, WithoutAWordOfTheConfigurationAreOfTwoDecimals) {
  EXPECT_EQ(account_decimals("VRTC1", "USD", {}, kept_in("")).value(), 2);
  EXPECT_EQ(account_decimals("VRTC1", "tUSDT", {}, kept_in("")).value(), 2);
  EXPECT_EQ(account_decimals("VRTC1", "BTC", {}, kept_in("")).error().text,
            "account VRTC1 is kept in BTC: write venue.currency: BTC, and amounts in it");
}

TEST(Currencies, AreThoseOfTheConfiguration) {
  EXPECT_EQ(account_decimals("VRTC1", "BTC", {}, kept_in("BTC")).value(), 8);
  EXPECT_EQ(account_decimals("VRTC1", "JPY", {}, kept_in("JPY")).value(), 0);
  EXPECT_EQ(account_decimals("VRTC1", "EUR", {}, kept_in("USD")).error().text,
            "account VRTC1 is kept in EUR and venue.currency says USD: write the account's, and "
            "amounts in it");
}

TEST(Currencies, HaveTheDecimalsThatTheLoginSays) {
  EXPECT_EQ(account_decimals("CR1", "NEW", 2, kept_in("")).value(), 2);
  EXPECT_FALSE(account_decimals("CR1", "NEW", {}, kept_in("")));
  EXPECT_FALSE(account_decimals("CR1", "NEW", 9, kept_in("")));
  // The configuration's amounts were read in the two decimals that are known of it.
  EXPECT_FALSE(account_decimals("CR1", "USD", 3, kept_in("USD")));
}

TEST(Currencies, AreAllGoodToWhoOnlyLooks) {
  auto settings = kept_in("");
  settings.any_currency = true;
  EXPECT_EQ(account_decimals("VRTC1", "BTC", {}, settings).value(), 8);
  EXPECT_FALSE(account_decimals("VRTC1", "", {}, settings));
}

}  // namespace
}  // namespace derivd::deriv
