#include "venue/book.hpp"

#include <gmock/gmock.h>

#include "unit/market/market_fixture.hpp"

namespace derivd::venue {

void PrintTo(const Change& c, std::ostream* out) {
  static constexpr const char* kNames[] = {"entered", "tick", "expired", "settled"};
  *out << kNames[static_cast<int>(c.kind)] << " " << c.contract.value;
}

bool operator==(const Change& a, const Change& b) {
  return a.kind == b.kind && a.contract == b.contract;
}

namespace {

using core::ContractId;
using core::VenueTime;
using market::barrier_spec;
using market::ContractType;
using market::price;
using market::spec_of;
using market::tick;
using market::usd;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = Change::Kind;

Change change(Kind kind, std::int64_t id) { return {kind, {id}}; }

class BookTest : public testing::Test {
 protected:
  Book book{Book::Options{}};
  AccountIndex account = book.add_account("VRTC1", usd("1000.00"));

  std::vector<Change> at(std::int64_t epoch, std::string_view quote,
                         std::string_view symbol = "R_100") {
    std::vector<Change> out;
    book.on_tick(tick(epoch, quote, symbol), out);
    return out;
  }
  std::vector<Change> until(std::int64_t now) {
    std::vector<Change> out;
    book.on_time({now}, out);
    return out;
  }
  ContractId buy(const market::ContractSpec& spec, std::string_view stake, std::int64_t now) {
    const auto quote = book.quote(spec, usd(stake), std::nullopt, {now});
    EXPECT_TRUE(quote) << quote.error().text;
    const auto id = book.buy(account, spec, quote->stake, quote->payout, {now});
    EXPECT_TRUE(id) << id.error().text;
    return id.value();
  }
  std::optional<RefusalKind> refusal(const market::ContractSpec& spec, std::string_view stake) {
    const auto quote = book.quote(spec, usd(stake), std::nullopt, {100});
    return quote ? std::nullopt : std::optional(quote.error().kind);
  }
  core::Money balance() const { return book.account(account).balance; }
};

TEST_F(BookTest, ADigitContractLivesFromBuyToPayment) {
  at(100, "342.07");
  const auto id = buy(spec_of(ContractType::kDigitOdd, "1t"), "1.00", 101);
  EXPECT_EQ(balance(), usd("999.00"));
  const auto* c = book.find(id);
  EXPECT_EQ(c->payout, usd("1.95"));
  EXPECT_EQ(c->purchase_time, VenueTime{101});
  EXPECT_EQ(c->entry_spot, price("342.07", 2));
  EXPECT_THAT(at(102, "342.13"), ElementsAre(change(Kind::kEntered, 1), change(Kind::kExpired, 1)));
  EXPECT_EQ(c->phase, Phase::kExpired);
  EXPECT_EQ(c->outcome, Outcome::kWon);
  EXPECT_EQ(book.bid(*c, {102}), usd("1.95"));
  EXPECT_EQ(balance(), usd("999.00"));
  EXPECT_EQ(book.next_due(), VenueTime{103});
  EXPECT_THAT(until(102), IsEmpty());
  EXPECT_THAT(until(103), ElementsAre(change(Kind::kSettled, 1)));
  EXPECT_EQ(balance(), usd("1000.95"));
  EXPECT_EQ(c->profit(), usd("0.95"));
  EXPECT_EQ(c->sell_time, VenueTime{103});
  EXPECT_EQ(c->sell_price, usd("1.95"));
  EXPECT_NE(c->sell_tx, c->buy_tx);
  ASSERT_EQ(c->stream.size(), 1u);
  EXPECT_EQ(c->stream[0], tick(102, "342.13"));
  EXPECT_THAT(until(1000), IsEmpty());
  EXPECT_EQ(balance(), usd("1000.95"));
  EXPECT_EQ(book.next_due(), std::nullopt);
}

TEST_F(BookTest, AQuoteThatIsNoneSettlesNothing) {
  at(100, "1000.01");
  buy(spec_of(ContractType::kDigitEven, "1t"), "1.00", 100);
  EXPECT_THAT(at(102, "0.00"), IsEmpty());
  EXPECT_THAT(at(104, "-5.00"), IsEmpty());
  EXPECT_EQ(book.last_tick("R_100")->epoch, VenueTime{100});
  EXPECT_FALSE(at(106, "1000.02").empty()) << "the first tick of its life";
}

TEST_F(BookTest, ALostContractIsSettledForNothing) {
  at(100, "342.07");
  const auto id = buy(spec_of(ContractType::kDigitOdd, "1t"), "1.00", 101);
  at(102, "342.10");
  EXPECT_THAT(until(103), ElementsAre(change(Kind::kSettled, 1)));
  EXPECT_EQ(book.find(id)->outcome, Outcome::kLost);
  EXPECT_EQ(book.find(id)->sell_price, usd("0.00"));
  EXPECT_EQ(book.find(id)->profit(), usd("-1.00"));
  EXPECT_TRUE(book.find(id)->sell_tx);
  EXPECT_EQ(balance(), usd("999.00"));
}

TEST_F(BookTest, ATickContractKeepsItsStream) {
  at(100, "342.07");
  const auto id = buy(spec_of(ContractType::kCall, "2t"), "10.00", 100);
  EXPECT_THAT(at(102, "342.00"), ElementsAre(change(Kind::kEntered, 1)));
  EXPECT_THAT(at(102, "342.50"), IsEmpty());
  EXPECT_THAT(at(100, "342.50"), IsEmpty());
  EXPECT_THAT(at(104, "342.10"), ElementsAre(change(Kind::kTick, 1)));
  EXPECT_THAT(at(106, "342.01"), ElementsAre(change(Kind::kTick, 1), change(Kind::kExpired, 1)));
  EXPECT_THAT(at(108, "1.00"), IsEmpty());
  EXPECT_EQ(book.find(id)->outcome, Outcome::kWon);
  EXPECT_EQ(book.find(id)->stream.size(), 3u);
  EXPECT_EQ(book.last_tick("R_100"), tick(108, "1.00"));
  EXPECT_EQ(book.last_tick("R_50"), std::nullopt);
}

TEST_F(BookTest, ATimedContractIsPaidAfterItsExpiryEvenWhenTimeJumps) {
  at(100, "342.07");
  const auto id = buy(spec_of(ContractType::kPut, "15s"), "10.00", 100);
  at(102, "342.00");
  at(114, "341.99");
  EXPECT_EQ(book.next_due(), VenueTime{116});
  EXPECT_THAT(until(115), IsEmpty());
  EXPECT_THAT(until(500), ElementsAre(change(Kind::kExpired, 1), change(Kind::kSettled, 1)));
  EXPECT_EQ(book.find(id)->outcome, Outcome::kWon);
  EXPECT_EQ(book.find(id)->sell_time, VenueTime{116});
  EXPECT_EQ(book.find(id)->life.exit()->epoch, VenueTime{114});
  EXPECT_TRUE(book.find(id)->stream.empty());  // as at the venue: tick contracts only
}

TEST_F(BookTest, TheFirstQuoteOfAnEpochStands) {
  at(100, "342.07");
  at(100, "999.99");
  EXPECT_EQ(book.last_tick("R_100"), tick(100, "342.07"));
  const auto id = buy(spec_of(ContractType::kCall, "1t"), "10.00", 100);
  EXPECT_EQ(book.find(id)->entry_spot, price("342.07", 2));
}

TEST_F(BookTest, WithoutATickTheStakeComesBack) {
  at(100, "342.07");
  const auto id = buy(spec_of(ContractType::kCall, "15s"), "10.00", 100);
  EXPECT_THAT(at(120, "342.00"), ElementsAre(change(Kind::kExpired, 1)));
  EXPECT_THAT(until(120), ElementsAre(change(Kind::kSettled, 1)));
  EXPECT_EQ(book.find(id)->outcome, Outcome::kSold);
  EXPECT_EQ(book.find(id)->profit(), usd("0.00"));
  EXPECT_EQ(balance(), usd("1000.00"));
}

TEST_F(BookTest, PaysInOrderOfDueTimeThenId) {
  at(100, "342.07");
  at(100, "163.1900", "R_50");
  buy(spec_of(ContractType::kCall, "20s"), "1.00", 100);              // 1: due 121
  buy(spec_of(ContractType::kCall, "15s"), "1.00", 100);              // 2: due 116
  buy(spec_of(ContractType::kCall, "15s", "R_50"), "1.00", 100);      // 3: due 116
  buy(spec_of(ContractType::kDigitEven, "2t", "R_50"), "1.00", 100);  // 4: due 105
  at(102, "342.07");
  at(102, "163.1900", "R_50");
  at(104, "163.1900", "R_50");
  EXPECT_EQ(book.next_due(), VenueTime{105});
  const auto changes = until(200);
  std::vector<std::int64_t> paid;
  for (const auto& c : changes) {
    if (c.kind == Kind::kSettled) paid.push_back(c.contract.value);
  }
  EXPECT_THAT(paid, ElementsAre(4, 2, 3, 1));
}

TEST_F(BookTest, ATimedOptionIsResoldAtItsBid) {
  at(100, "342.07");
  const auto id = buy(spec_of(ContractType::kCall, "5m"), "10.00", 100);
  EXPECT_EQ(book.sell(account, id, {101}).error().text, "Waiting for entry tick.");
  at(102, "342.00");
  at(104, "342.00");
  const auto* c = book.find(id);
  const auto bid = book.bid(*c, {104});
  EXPECT_LT(bid, usd("10.00"));  // the commission is paid both ways
  EXPECT_GT(bid, usd("9.00"));
  const auto sold = book.sell(account, id, {104});
  ASSERT_TRUE(sold);
  EXPECT_EQ(*sold, bid);
  EXPECT_EQ(c->outcome, Outcome::kSold);
  EXPECT_EQ(c->sell_time, VenueTime{104});
  EXPECT_EQ(balance(), usd("990.00") + bid);
  EXPECT_EQ(book.sell(account, id, {104}).error().kind, RefusalKind::kAlreadySettled);
  EXPECT_THAT(at(106, "350.00"), IsEmpty());
  EXPECT_THAT(until(1000), IsEmpty());
  EXPECT_EQ(book.next_due(), std::nullopt);
  EXPECT_EQ(balance(), usd("990.00") + bid);
}

TEST_F(BookTest, ResaleHasItsLimits) {
  at(100, "342.07");
  const auto ticks = buy(spec_of(ContractType::kCall, "5t"), "10.00", 100);
  const auto timed = buy(spec_of(ContractType::kCall, "15s"), "10.00", 100);
  at(102, "342.00");
  EXPECT_EQ(book.sell(account, ticks, {103}).error().text,
            "Resale of this contract is not offered.");
  EXPECT_EQ(book.sell(account, {99}, {103}).error().kind, RefusalKind::kNotFound);
  EXPECT_EQ(book.sell(account, {0}, {103}).error().kind, RefusalKind::kNotFound);
  const auto other = book.add_account("VRTC2", usd("1.00"));
  EXPECT_EQ(book.sell(other, timed, {103}).error().kind, RefusalKind::kNotFound);
  EXPECT_EQ(book.sell(account, timed, {115}).error().text, "The contract has expired.");
  until(116);
  EXPECT_EQ(book.sell(account, timed, {117}).error().text, "This contract has been sold.");
}

TEST_F(BookTest, AMultiplierIsClosedByItsLevels) {
  at(100, "700.00", "1HZ100V");
  auto spec = spec_of(ContractType::kMultUp, "", "1HZ100V");
  spec.multiplier_terms().multiplier = 100;
  spec.multiplier_terms().take_profit = usd("2.00");
  spec.multiplier_terms().stop_loss = usd("3.00");
  const auto won = buy(spec, "10.00", 100);
  EXPECT_EQ(balance(), usd("990.00"));
  EXPECT_EQ(book.find(won)->payout, usd("0.00"));
  EXPECT_EQ(book.sell(account, won, {100}).error().text, "Waiting for entry tick.");
  EXPECT_THAT(at(101, "700.00", "1HZ100V"), ElementsAre(change(Kind::kEntered, 1)));
  EXPECT_EQ(book.bid(*book.find(won), {101}), usd("9.64"));  // commission 0.36
  EXPECT_THAT(at(102, "701.64", "1HZ100V"), ElementsAre(change(Kind::kTick, 1)));
  // 1000 × 1.65/700 − 0.36 = 1.9971, which is 2.00 in cents.
  EXPECT_THAT(at(103, "701.65", "1HZ100V"),
              ElementsAre(change(Kind::kTick, 1), change(Kind::kExpired, 1)));
  EXPECT_EQ(book.find(won)->outcome, Outcome::kWon);
  until(104);
  EXPECT_EQ(book.find(won)->profit(), usd("2.00"));
  EXPECT_EQ(balance(), usd("1002.00"));
}

TEST_F(BookTest, AMultiplierLosesAtMostItsStake) {
  at(100, "700.00", "1HZ100V");
  auto spec = spec_of(ContractType::kMultDown, "", "1HZ100V");
  spec.multiplier_terms().multiplier = 100;
  const auto id = buy(spec, "10.00", 100);
  at(101, "700.00", "1HZ100V");
  EXPECT_THAT(at(102, "900.00", "1HZ100V"),
              ElementsAre(change(Kind::kTick, 1), change(Kind::kExpired, 1)));
  EXPECT_EQ(book.find(id)->outcome, Outcome::kLost);
  until(103);
  EXPECT_EQ(balance(), usd("990.00"));
}

TEST_F(BookTest, AMultiplierIsSoldWhileOpen) {
  at(100, "700.00", "1HZ100V");
  auto spec = spec_of(ContractType::kMultUp, "", "1HZ100V");
  spec.multiplier_terms().multiplier = 10;
  const auto id = buy(spec, "10.00", 100);
  at(101, "700.00", "1HZ100V");
  at(102, "707.00", "1HZ100V");
  const auto sold = book.sell(account, id, {102});
  ASSERT_TRUE(sold);
  EXPECT_EQ(*sold, usd("10.96"));  // 10 + 1.00 − 0.036
  EXPECT_EQ(book.find(id)->outcome, Outcome::kSold);
  EXPECT_THAT(at(103, "1.00", "1HZ100V"), IsEmpty());
}

TEST_F(BookTest, RefusesWhatCannotBeSold) {
  EXPECT_EQ(refusal(spec_of(ContractType::kCall, "1t"), "1.00"), RefusalKind::kNoQuoteYet);
  at(100, "342.07");
  EXPECT_EQ(refusal(spec_of(ContractType::kCall, "1t"), "1.00"), std::nullopt);
  EXPECT_EQ(refusal(spec_of(ContractType::kCall, "11t"), "1.00"), RefusalKind::kDuration);
  EXPECT_EQ(refusal(spec_of(ContractType::kDigitMatch, "1t"), "1.00"), RefusalKind::kPrediction);
  EXPECT_EQ(refusal(spec_of(ContractType::kCall, "1t", "frxEURUSD"), "1.00"),
            RefusalKind::kUnknownSymbol);
  EXPECT_EQ(refusal(spec_of(ContractType::kCall, "1t"), "0.34"), RefusalKind::kStakeTooSmall);
  EXPECT_EQ(refusal(spec_of(ContractType::kCall, "1t"), "0.35"), std::nullopt);
  EXPECT_EQ(refusal(spec_of(ContractType::kCall, "1t"), "-1.00"), RefusalKind::kStakeTooSmall);
  EXPECT_EQ(refusal(spec_of(ContractType::kCall, "1t"), "25600.00"), std::nullopt);
  EXPECT_EQ(refusal(spec_of(ContractType::kCall, "1t"), "25600.01"), RefusalKind::kPayoutTooLarge);
  // OVER 0 at the smallest stake: 0.35 / 0.912 = 0.3838, down to 0.38.
  EXPECT_EQ(refusal(spec_of(ContractType::kDigitOver, "1t", "R_100", 0), "0.35"), std::nullopt);
  EXPECT_EQ(refusal(barrier_spec(ContractType::kHigher, "1m", "R_100", "-99.00"), "1.00"),
            RefusalKind::kNoReturn);
  at(100, "163.1900", "R_50");
  auto mult = spec_of(ContractType::kMultUp, "", "R_50");
  mult.multiplier_terms().multiplier = 7;
  EXPECT_EQ(refusal(mult, "1.00"), RefusalKind::kMultiplier);
  mult.multiplier_terms().multiplier = 80;
  EXPECT_EQ(refusal(mult, "1.00"), std::nullopt);
  EXPECT_EQ(refusal(mult, "0.99"), RefusalKind::kStakeTooSmall);
  EXPECT_EQ(refusal(mult, "2000.00"), std::nullopt);
  EXPECT_EQ(refusal(mult, "2000.01"), RefusalKind::kPayoutTooLarge);
}

TEST_F(BookTest, AQuoteForAPayoutNamesItsStake) {
  at(100, "10740.108", "R_10");
  Book then{Book::Options{{0.015}}};
  std::vector<Change> out;
  then.on_tick(tick(100, "10740.108", "R_10"), out);
  const auto quote =
      then.quote(spec_of(ContractType::kCall, "5t", "R_10"), std::nullopt, usd("10.00"), {101});
  ASSERT_TRUE(quote);
  EXPECT_EQ(quote->stake, usd("5.15"));
  EXPECT_EQ(quote->payout, usd("10.00"));
  EXPECT_EQ(quote->spot, price("10740.108", 3));
  EXPECT_EQ(quote->spot_time, VenueTime{100});
  EXPECT_EQ(quote->expiry, VenueTime{111});
}

TEST_F(BookTest, ABuyNeedsTheMoneyAndTakesNothingWhenRefused) {
  at(100, "342.07");
  const auto spec = spec_of(ContractType::kCall, "1t");
  EXPECT_EQ(book.buy(account, spec, usd("1000.01"), usd("1953.00"), {100}).error().kind,
            RefusalKind::kInsufficientBalance);
  EXPECT_EQ(book.buy(account, spec, usd("0.10"), usd("0.19"), {100}).error().kind,
            RefusalKind::kStakeTooSmall);
  EXPECT_EQ(balance(), usd("1000.00"));
  EXPECT_TRUE(book.contracts_of(account).empty());
  const auto id = book.buy(account, spec, usd("1000.00"), usd("1953.13"), {100});
  ASSERT_TRUE(id);
  EXPECT_EQ(id->value, 1);
  EXPECT_EQ(balance(), usd("0.00"));
  EXPECT_THAT(book.contracts_of(account), ElementsAre(ContractId{1}));
}

TEST_F(BookTest, AccountsAreApart) {
  at(100, "342.07");
  const auto other = book.add_account("VRTC2", usd("5.00"));
  const auto spec = spec_of(ContractType::kDigitEven, "1t");
  const auto mine = book.buy(account, spec, usd("1.00"), usd("1.95"), {100}).value();
  const auto theirs = book.buy(other, spec, usd("2.00"), usd("3.91"), {100}).value();
  at(102, "342.00");
  until(103);
  EXPECT_EQ(balance(), usd("1000.95"));
  EXPECT_EQ(book.account(other).balance, usd("6.91"));
  EXPECT_EQ(book.account(other).name, "VRTC2");
  EXPECT_THAT(book.contracts_of(account), ElementsAre(mine));
  EXPECT_THAT(book.contracts_of(other), ElementsAre(theirs));
  book.set_balance(other, usd("10.00"));
  EXPECT_EQ(book.account(other).balance, usd("10.00"));
  EXPECT_EQ(balance(), usd("1000.95"));
}

TEST_F(BookTest, IdsContinueWhereTheyAreTold) {
  Book::Options options;
  options.first_contract_id = 500;
  options.first_transaction_id = 9000;
  Book later(options);
  const auto owner = later.add_account("A", usd("10.00"));
  std::vector<Change> out;
  later.on_tick(tick(100, "342.07"), out);
  const auto id =
      later.buy(owner, spec_of(ContractType::kDigitEven, "1t"), usd("1.00"), usd("1.95"), {100});
  EXPECT_EQ(id->value, 500);
  EXPECT_EQ(later.find({500})->buy_tx.value, 9000);
  EXPECT_EQ(later.find({499}), nullptr);
  EXPECT_EQ(later.find({501}), nullptr);
}

}  // namespace
}  // namespace derivd::venue
