// Owns the tests of what the ledger keeps of an order: what a restart gives it back, what a
// settlement leaves in it, and the room that it has before it is needed.
#include "execution/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "execution/audit.hpp"
#include "execution/follow.hpp"
#include "market/kind.hpp"

namespace derivd::execution {
namespace {

using market::ContractType;
using market::Tick;
using testing::Contains;
using testing::HasSubstr;
using Unit = market::ContractDuration::Unit;

constexpr std::int64_t kT0 = 1'782'086'400;

core::Money usd(std::string_view text) { return *core::Money::parse(text); }
Tick tick(std::int64_t epoch, std::int64_t cents) {
  return {"R_100", {epoch}, core::Price::raw(cents, 2)};
}

Order order(std::int64_t id, OrderState state = OrderState::kIntended) {
  Order o;
  o.id = {id};
  o.strategy = "s";
  o.spec.type = ContractType::kCall;
  o.spec.symbol = "R_100";
  o.spec.duration = {5, Unit::kTicks};
  o.state = state;
  o.stake = usd("1.00");
  o.buy_price = usd("1.00");
  o.payout = usd("1.95");
  o.purchase_time = {kT0};
  return o;
}

Bought bought(std::int64_t contract) {
  Bought b;
  b.contract = {contract};
  b.transaction = {contract * 10};
  b.buy_price = usd("0.98");
  b.payout = usd("1.95");
  b.purchase_time = {kT0 + 1};
  b.balance_after = usd("99.02");
  return b;
}

Order open_order(std::int64_t id, std::int64_t contract) {
  auto o = order(id, OrderState::kOpen);
  o.contract = {contract};
  return o;
}

TEST(LedgerRestored, KnowsItsOrdersTheirContractsAndTheHighestNumber) {
  Ledger ledger;
  ledger.restore(open_order(5, 70));
  ledger.restore(order(3, OrderState::kUnknown));
  ledger.restore_claim({80});
  EXPECT_EQ(ledger.last(), core::OrderId{5}) << "a lower one that comes later lowers nothing";
  EXPECT_EQ(ledger.exposed().size(), 2U);
  ASSERT_NE(ledger.find(core::ContractId{70}), nullptr);
  EXPECT_EQ(ledger.find(core::ContractId{70})->id, core::OrderId{5});
  EXPECT_EQ(ledger.find(core::OrderId{3})->state, OrderState::kUnknown);
  EXPECT_TRUE(ledger.is_ours({70}));
  EXPECT_TRUE(ledger.is_ours({80}));
  ledger.restore_last({4});
  EXPECT_EQ(ledger.last(), core::OrderId{5});
  ledger.restore_last({9});
  EXPECT_EQ(ledger.reserve(), core::OrderId{10});
}

TEST(LedgerRestoredDeathTest, TakesNothingThatIsFinalOrThereAlready) {
  Ledger ledger;
  ledger.restore(open_order(5, 70));
  EXPECT_DEATH(ledger.restore(order(6, OrderState::kSettled)), "not final");
  EXPECT_DEATH(ledger.restore(order(0, OrderState::kUnknown)), "not final");
  EXPECT_DEATH(ledger.restore(order(5, OrderState::kUnknown)), "restored twice");
  EXPECT_DEATH(ledger.restore(open_order(6, 70)), "claim one contract");
}

TEST(Ledger, KeepsWhatTheVenueSaidOfAPurchaseAndOfItsEnd) {
  Ledger ledger;
  ledger.intend(order(ledger.reserve().value));
  ledger.unknown({1}, "timeout");
  EXPECT_EQ(ledger.find(core::OrderId{1})->reason, "timeout");
  const auto& open = ledger.accept({1}, bought(7));
  EXPECT_EQ(open.contract, core::ContractId{7});
  EXPECT_EQ(open.buy_tx, core::TransactionId{70});
  EXPECT_EQ(open.buy_price, usd("0.98"));
  EXPECT_EQ(open.payout, usd("1.95"));
  EXPECT_EQ(open.purchase_time, core::VenueTime{kT0 + 1});
  EXPECT_EQ(open.balance_after, usd("99.02"));
  EXPECT_TRUE(open.reason.empty()) << "why it was not known is past";
  Settlement s;
  s.sell_price = usd("1.95");
  s.outcome = Outcome::kWon;
  s.time = core::VenueTime{kT0 + 12};
  s.sell_tx = {71};
  s.entry = tick(kT0 + 2, 10'000);
  s.exit = tick(kT0 + 12, 10'001);
  const auto& done = ledger.settle({1}, s, Witness::kPoll, {kT0 + 99});
  EXPECT_EQ(done.outcome, Outcome::kWon);
  EXPECT_EQ(done.witness, Witness::kPoll);
  EXPECT_EQ(done.sell_price, usd("1.95"));
  EXPECT_EQ(done.profit, usd("0.97"));
  EXPECT_EQ(done.sell_tx, core::TransactionId{71});
  EXPECT_EQ(done.settled_time, core::VenueTime{kT0 + 12}) << "the venue's, where it said it";
  EXPECT_EQ(done.entry, s.entry);
  EXPECT_EQ(done.exit, s.exit);
  EXPECT_FALSE(done.recomputed_differs);
  EXPECT_TRUE(ledger.mark_differs({1}).recomputed_differs);
}

TEST(Ledger, FillsInWhatIsMissingAndNothingElse) {
  Ledger ledger;
  ledger.intend(order(ledger.reserve().value));
  ledger.accept({1}, bought(7));
  const auto entry = tick(kT0 + 2, 10'000);
  const auto exit = tick(kT0 + 12, 10'001);
  EXPECT_FALSE(ledger.complete({1}, {}, {}));
  EXPECT_TRUE(ledger.complete({1}, entry, {}));
  EXPECT_FALSE(ledger.complete({1}, tick(kT0 + 4, 1), {})) << "it is there";
  EXPECT_EQ(ledger.find(core::OrderId{1})->entry, entry);
  EXPECT_TRUE(ledger.complete({1}, {}, exit));
  EXPECT_EQ(ledger.find(core::OrderId{1})->exit, exit);
  EXPECT_EQ(ledger.explain({1}, "drawdown").reason, "drawdown");
}

// Orders that one tick raises must not wait for the heap.
TEST(Ledger, HasRoomForEightMoreBeforeTheyCome) {
  Ledger ledger;
  for (std::int64_t i = 1; i <= 100; ++i) {
    ASSERT_GE(ledger.exposed().capacity() - ledger.exposed().size(), 8U) << i;
    ledger.intend(order(ledger.reserve().value));
    ledger.accept({i}, bought(100 + i));
  }
}

// One that was concluded absent is open after all: no intent made room for it.
TEST(Ledger, HasRoomForEightMoreBesideWhatComesBack) {
  Ledger ledger;
  for (std::int64_t i = 1; i <= 100; ++i) {
    ledger.intend(order(ledger.reserve().value));
    ledger.unknown({i}, "timeout");
    ledger.absent({i}, "not there");
  }
  for (std::int64_t i = 1; i <= 100; ++i) {
    ledger.accept({i}, bought(100 + i));
    ASSERT_GE(ledger.exposed().capacity() - ledger.exposed().size(), 8U) << i;
  }
}

// The place was another order's before, of which nothing may be left.
TEST(Ledger, MakesAnIntentWhereAForgottenOrderLay) {
  Ledger ledger;
  std::int64_t last = 0;
  for (std::size_t i = 0; i < 2 * Ledger::kKeepFinal + 32; ++i) {
    last = ledger.reserve().value;
    const auto& made = ledger.intend({last}, [](Order& o) { o.stake = usd("0.98"); });
    ASSERT_EQ(made.id, core::OrderId{last});
    ASSERT_EQ(made.state, OrderState::kIntended);
    ASSERT_EQ(made.stake, usd("0.98"));
    ASSERT_FALSE(made.contract || made.buy_tx || made.sell_tx || made.payout || made.profit);
    ASSERT_FALSE(made.entry || made.exit) << last;
    ASSERT_EQ(ledger.find(core::OrderId{last}), &made);
    ledger.accept({last}, bought(last));
    Settlement s;
    s.sell_price = usd("1.95");
    s.entry = tick(kT0 + 2, 10'000);
    s.exit = tick(kT0 + 12, 10'001);
    ledger.settle({last}, s, Witness::kPoll, {kT0 + 12});
  }
  EXPECT_DEATH(ledger.intend({last}, [](Order&) {}), "used twice");
  const auto next = ledger.reserve();
  EXPECT_DEATH(ledger.intend(next, [](Order& o) { o.state = OrderState::kOpen; }), "is intended");
}

TEST(Ledger, IsFullAtItsBound) {
  Ledger ledger;
  for (std::size_t i = 0; i < Ledger::kMaxExposed; ++i) {
    ASSERT_FALSE(ledger.full()) << i;
    ledger.intend(order(ledger.reserve().value));
  }
  EXPECT_TRUE(ledger.full());
  EXPECT_DEATH(ledger.intend(order(ledger.reserve().value)), "more orders at risk");
}

// ---- audits that lack something ----

Claim won_claim() {
  auto o = open_order(1, 7);
  o.state = OrderState::kSettled;
  o.outcome = Outcome::kWon;
  o.sell_price = usd("1.95");
  o.profit = usd("0.95");
  o.settled_time = {kT0 + 14};
  o.entry = tick(kT0 + 2, 10'001);
  o.exit = tick(kT0 + 12, 10'006);
  return claim_of(o);
}

/// Every two seconds from kT0 - 4 to `to`; the quote of kT0 + 2i is 10000 + i.
std::vector<Tick> rising(std::int64_t to) {
  std::vector<Tick> out;
  for (std::int64_t s = -4; s <= to; s += 2) out.push_back(tick(kT0 + s, 10'000 + s / 2));
  return out;
}

TEST(AuditNotes, SayWhatTheTicksLack) {
  EXPECT_THAT(audit(won_claim(), rising(10)).notes,
              Contains("the ticks at hand do not reach to the end of the contract"));
  const auto whole = audit(won_claim(), rising(12));
  EXPECT_EQ(whole.evidence, Evidence::kTicks) << "to the exit is enough";
  EXPECT_TRUE(whole.notes.empty());
  auto ticks = rising(20);
  std::erase_if(ticks, [](const Tick& t) { return t.epoch.s == kT0 + 4 || t.epoch.s == kT0 + 6; });
  EXPECT_THAT(audit(won_claim(), ticks).notes,
              Contains(HasSubstr("2 tick seconds without a tick where ticks are counted")));
}

TEST(AuditNotes, SayThatAmountsOfTwoCurrenciesAreNotCompared) {
  for (int which = 0; which < 3; ++which) {
    auto claim = won_claim();
    auto& o = claim.order;
    if (which == 0) o.sell_price = core::Money::minor(1'95000000, 8);
    if (which == 1) o.payout = core::Money::minor(1'95000000, 8);
    if (which == 2) o.profit = core::Money::minor(95000000, 8);
    const auto a = audit(claim, {});
    EXPECT_EQ(a.verdict, AuditVerdict::kUnjudged) << which;
    EXPECT_THAT(a.notes, Contains("its amounts are in different currencies")) << which;
  }
}

TEST(AuditNotes, SayThatWhatItPaidIsNotKnown) {
  auto claim = won_claim();
  claim.has_paid = false;
  claim.order.sell_price = usd("0.00");
  const auto a = audit(claim, rising(20));
  EXPECT_EQ(a.verdict, AuditVerdict::kAgrees) << "which is no difference";
  EXPECT_FALSE(a.paid);
  EXPECT_THAT(a.notes, Contains("what it paid is not known"));
  claim.order.outcome = Outcome::kLost;
  EXPECT_EQ(audit(claim, rising(20)).verdict, AuditVerdict::kDiffers) << "but its status still is";
}

TEST(AuditOfTwoTicks, OfATimeHaveTheirPlaceInIt) {
  auto claim = won_claim();
  claim.order.spec.duration = {20, Unit::kSeconds};
  const auto found = [&](std::int64_t entry, std::int64_t exit) {
    claim.order.entry->epoch = {kT0 + entry};
    claim.order.exit->epoch = {kT0 + exit};
    claim.order.settled_time = {kT0 + 60};
    const auto a = audit(claim, {});
    std::string out;
    for (const auto& d : a.differences) out += std::string(d.field) + " ";
    return out + std::to_string(a.notes.size());
  };
  EXPECT_EQ(found(2, 20), "1") << "the note that it is judged by the two";
  EXPECT_EQ(found(4, 20), "2") << "a later entry may be a gap";
  EXPECT_EQ(found(2, 18), "2") << "an earlier exit may be one";
  EXPECT_EQ(found(2, 22), "exit time 1") << "after its end";
  EXPECT_EQ(found(2, 19), "exit time 1") << "a second that has no tick";
  EXPECT_EQ(found(3, 20), "entry time 1");
  EXPECT_EQ(found(0, 20), "entry time 1");
  EXPECT_EQ(found(8, 6), "exit time 2") << "before the entry";
  EXPECT_EQ(found(8, 8), "3") << "one tick is both";
}

TEST(Settlements, OfTheSignAlone) {
  EXPECT_EQ(outcome_by(usd("0.01")), Outcome::kWon);
  EXPECT_EQ(outcome_by(usd("-0.01")), Outcome::kLost);
  EXPECT_EQ(outcome_by(usd("0.00")), Outcome::kBreakEven);
}

TEST(Settlements, TakesEntryExitTimeAndTransactionFromTheReport) {
  const auto o = open_order(1, 7);
  ContractReport r;
  r.contract = {7};
  r.is_sold = true;
  r.status = "won";
  r.sell_price = usd("1.95");
  r.sell_time = core::VenueTime{kT0 + 12};
  r.sell_tx = {71};
  r.entry = tick(kT0 + 2, 10'001);
  r.exit = tick(kT0 + 12, 10'006);
  const auto s = settlement_from(o, r).value();
  EXPECT_EQ(s.time, r.sell_time);
  EXPECT_EQ(s.sell_tx, core::TransactionId{71});
  EXPECT_EQ(s.entry, r.entry);
  EXPECT_EQ(s.exit, r.exit);
  r.sell_price.reset();
  r.payout = usd("2.00");
  EXPECT_EQ(settlement_from(o, r)->sell_price, usd("2.00")) << "the report's own payout first";
  TransactionReport t;
  t.action = TransactionReport::Action::kSell;
  t.amount = usd("1.95");
  t.transaction = {72};
  t.time = {kT0 + 13};
  EXPECT_EQ(settlement_from(o, t)->sell_tx, core::TransactionId{72});
  EXPECT_EQ(settlement_from(o, t)->time, core::VenueTime{kT0 + 13});
  HistoryRow row;
  row.sell_price = usd("0.00");
  row.sell_time = core::VenueTime{kT0 + 14};
  EXPECT_EQ(settlement_from(o, row)->time, core::VenueTime{kT0 + 14});
  EXPECT_EQ(settlement_from(o, row)->outcome, Outcome::kLost);
  row.open = true;
  EXPECT_FALSE(settlement_from(o, row));
}

}  // namespace
}  // namespace derivd::execution
