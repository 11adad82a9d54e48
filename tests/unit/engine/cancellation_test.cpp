// Multipliers with deal cancellation in the engine: their price is a quote's, limits look at stake
// and fee, a rule of `exit:` cancels where that pays more than a sale, and what became of it is
// proven.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

using core::EventKind;
using execution::Outcome;
using testing::HasSubstr;

constexpr std::int64_t kStart = 1'782'086'400;
constexpr std::int64_t kContract = 5;

StrategySettings cancelling(std::string_view stake = "10.00") {
  auto s = every_tick("a", stake);
  s.type = "rise_fall";
  s.contract.types = {market::ContractType::kMultUp, market::ContractType::kMultDown};
  s.contract.multiplier = 100;
  s.contract.cancellation = market::ContractDuration::parse("15m").value();
  risk::ExitRules rules;
  rules.loss = risk::ExitLevel{usd("2.00"), {}};
  rules.profit = risk::ExitLevel{usd("1.00"), {}};
  s.exit = rules;
  return s;
}

struct DealRig : Rig {
  explicit DealRig(Settings s) : Rig(std::move(s)) {
    restore({});
    now.venue = {kStart};
    live();
  }
  explicit DealRig(const StrategySettings& s = cancelling()) : DealRig(settings_of(s)) {}
  static Settings settings_of(const StrategySettings& s) {
    Settings out;
    out.strategies = {s};
    return out;
  }
  /// A signal to buy MULTUP, and the quote that it asks for.
  void rise() {
    tick("1.02");
    tick("1.03");
  }
  /// Bought for 10.00 and a fee of 2.15, at its entry tick.
  void hold() {
    rise();
    quote(quotes.back().order, "0.00", "12.15");
    bought(buys.back().order, kContract);
    tick("1.04");
    entry = now.venue;
  }
  execution::ContractReport open_at(std::string_view bid, bool can_cancel = true) const {
    execution::ContractReport r;
    r.contract = {kContract};
    r.status = "open";
    r.bid_price = usd(bid);
    r.can_cancel = can_cancel;
    r.can_sell = !can_cancel || usd(bid) >= usd("10.00");
    r.entry = market::Tick{"R_100", entry, core::Price::raw(104, 2)};
    return r;
  }
  void value(std::string_view bid, bool can_cancel = true) {
    report_contract(open_at(bid, can_cancel));
  }
  const execution::Order& order() const { return book.orders.rbegin()->second; }
  execution::VenueReport books_with_it() const {
    auto r = empty_report();
    execution::HistoryRow row;
    row.contract = {kContract};
    row.type = "MULTUP";
    row.symbol = "R_100";
    row.buy_price = usd("12.15");
    row.purchase_time = order().purchase_time;
    row.open = true;
    r.portfolio.push_back(row);
    return r;
  }
  std::string told_last(EventKind kind) const {
    for (auto e = events.rbegin(); e != events.rend(); ++e) {
      if (e->kind == kind) return fmt::format("{}: {}", e->state.view(), e->text.view());
    }
    return {};
  }
  core::VenueTime entry;
};

TEST(Deal, IsBoughtByItsQuoteForStakeAndFee) {
  DealRig rig;
  rig.rise();
  ASSERT_EQ(rig.quotes.size(), 1u);
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.quotes[0].stake, usd("10.00"));
  EXPECT_EQ(market::encode(rig.quotes[0].spec), "MULTUP R_100 - multiplier=100 cancellation=15m");
  rig.quote(rig.quotes[0].order, "0.00", "12.15");
  ASSERT_EQ(rig.buys.size(), 1u);
  EXPECT_EQ(rig.buys[0].quote_id, "q1");
  EXPECT_EQ(rig.buys[0].stake, usd("12.15"));
  EXPECT_EQ(market::encode(rig.order().spec),
            "MULTUP R_100 - multiplier=100 cancellation=15m fee=2.15")
      << "what the journal keeps";
}

TEST(Deal, LimitsLookAtStakeAndFee) {
  for (const auto* ask : {"12.15", "12.16"}) {
    auto settings = DealRig::settings_of(cancelling());
    settings.limits.max_stake = usd("12.15");
    DealRig rig(settings);
    rig.rise();
    rig.quote(rig.quotes[0].order, "0.00", ask);
    EXPECT_EQ(rig.buys.size(), std::string_view(ask) == "12.15" ? 1u : 0u) << ask;
  }
}

TEST(Deal, WhatCanBeLostIsStakeAndFee) {
  DealRig rig;
  rig.hold();
  EXPECT_EQ(rig.engine->account().open_stake, usd("12.15"));
}

// A price that does not hold the fee would let a limit be passed.
TEST(Deal, AFeeBesideThePriceIsAddedToIt) {
  DealRig rig;
  rig.rise();
  Engine::QuoteReply reply;
  reply.order = rig.quotes[0].order;
  reply.quote_id = "q1";
  reply.ask = usd("10.00");
  reply.fee = usd("2.15");
  rig.quote(reply);
  ASSERT_EQ(rig.buys.size(), 1u);
  EXPECT_EQ(rig.buys[0].stake, usd("12.15"));
}

TEST(Deal, WithoutAFeeIsNotBought) {
  DealRig rig;
  rig.rise();
  rig.quote(rig.quotes[0].order, "0.00", "10.00");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_THAT(std::string(rig.view("a").last_decision.view()), HasSubstr("names no fee"));
}

// The plan's step that does not fit begins anew, and its base has a price of its own.
TEST(Deal, ABaseThatFitsIsQuotedAnew) {
  auto s = cancelling("2.00");
  s.staking.plan = "martingale";
  s.staking.factor = core::Decimal{4, 0};
  s.exit = {};
  auto settings = DealRig::settings_of(s);
  settings.limits.max_stake = usd("8.00");
  DealRig rig(settings);
  rig.rise();
  rig.quote(rig.quotes[0].order, "0.00", "2.43");
  rig.bought(rig.buys[0].order, kContract);
  rig.settle(kContract, "0.00");
  rig.tick("1.04");
  rig.tick("1.05");
  ASSERT_EQ(rig.quotes.size(), 2u);
  EXPECT_EQ(rig.quotes[1].stake, usd("8.00")) << "fits without a fee";
  rig.quote(rig.quotes[1].order, "0.00", "9.72");
  ASSERT_EQ(rig.quotes.size(), 3u);
  EXPECT_EQ(rig.quotes[2].stake, usd("2.00"));
  rig.quote(rig.quotes[2].order, "0.00", "2.43");
  ASSERT_EQ(rig.buys.size(), 2u);
  EXPECT_EQ(rig.buys[1].stake, usd("2.43"));
}

TEST(Deal, ALossIsCancelledAndNotSold) {
  DealRig rig;
  rig.hold();
  rig.value("10.16");
  EXPECT_TRUE(rig.sells.empty());
  rig.value("9.90");
  ASSERT_EQ(rig.sells.size(), 1u);
  EXPECT_TRUE(rig.cancels[0]);
  EXPECT_EQ(rig.order().reason, "exit by cancellation: loss 2.25 of 2.00");
  EXPECT_THAT(rig.told_last(EventKind::kEarlySale), HasSubstr("asked: a cancels contract 5 early"));
  rig.sold(kContract);
  rig.transaction(rig.sell_transaction(kContract, "10.00", "9997.85"));
  EXPECT_EQ(rig.order().outcome, Outcome::kCancelled);
  EXPECT_EQ(rig.order().profit, usd("-2.15")) << "the fee";
  EXPECT_FALSE(rig.order().recomputed_differs);
}

TEST(Deal, AProfitIsSoldWhileItCanBeCancelled) {
  DealRig rig;
  rig.hold();
  rig.value("13.20");
  ASSERT_EQ(rig.sells.size(), 1u);
  EXPECT_FALSE(rig.cancels[0]);
  EXPECT_EQ(rig.order().reason, "exit profit 1.05 of 1.00");
  rig.sold(kContract);
  rig.transaction(rig.sell_transaction(kContract, "13.18", "10001.03"));
  EXPECT_EQ(rig.order().outcome, Outcome::kSold);
}

TEST(Deal, AProfitThatIsNotBoughtBackForAMomentIsNotThrownAway) {
  DealRig rig;
  rig.hold();
  auto report = rig.open_at("13.20");
  report.can_sell = false;
  rig.report_contract(report);
  EXPECT_TRUE(rig.sells.empty()) << "a cancellation would pay 10.00";
  EXPECT_FALSE(rig.engine->pays_to_cancel({kContract}));
  rig.value("13.20");
  ASSERT_EQ(rig.sells.size(), 1u);
  EXPECT_FALSE(rig.cancels[0]);
}

TEST(Deal, ALossIsSoldOnceItsTimeIsOver) {
  DealRig rig;
  rig.hold();
  rig.value("9.90", false);
  ASSERT_EQ(rig.sells.size(), 1u);
  EXPECT_FALSE(rig.cancels[0]);
}

// At the stake itself both pay the same, and a sale needs no cancellation.
TEST(Deal, IsSoldAtItsStake) {
  auto s = cancelling();
  s.exit.loss = risk::ExitLevel{usd("2.15"), {}};
  DealRig rig(s);
  rig.hold();
  rig.value("10.00");
  ASSERT_EQ(rig.sells.size(), 1u);
  EXPECT_FALSE(rig.cancels[0]);
  EXPECT_FALSE(rig.engine->pays_to_cancel({kContract}));
}

TEST(Deal, TheVenuesOwnCancellationIsTold) {
  DealRig rig;
  rig.hold();
  auto report = rig.sold_report(kContract, "10.00");
  report.status = "cancelled";
  rig.report_contract(report);
  EXPECT_EQ(rig.order().outcome, Outcome::kCancelled);
  EXPECT_EQ(rig.order().profit, usd("-2.15"));
}

// A witness that knows an amount alone: it is the stake, within its time.
TEST(Deal, ARefundOfTheStakeIsACancellationByItsAmount) {
  DealRig rig;
  rig.hold();
  rig.transaction(rig.sell_transaction(kContract, "10.00", "9997.85"));
  EXPECT_EQ(rig.order().outcome, Outcome::kCancelled);
  DealRig late;
  late.hold();
  auto t = late.sell_transaction(kContract, "10.00", "9997.85");
  t.time = {late.order().purchase_time.s + 15 * 60 + 60};
  late.transaction(t);
  EXPECT_EQ(late.order().outcome, Outcome::kLost);
}

// A venue that pays late: it was asked to cancel, which no time of ours can take back.
TEST(Deal, AnAskedCancellationThatIsPaidLateIsOne) {
  for (const bool restarted : {false, true}) {
    DealRig rig;
    rig.hold();
    rig.value("9.90");
    ASSERT_TRUE(rig.cancels.at(0));
    rig.sold(kContract);
    if (restarted) {
      rig.restart();
      rig.online();
      rig.report(rig.empty_report());
    }
    auto t = rig.sell_transaction(kContract, "10.00", "9997.85");
    t.time = {rig.order().purchase_time.s + 15 * 60 + 60};
    rig.transaction(t);
    EXPECT_EQ(rig.order().outcome, Outcome::kCancelled) << restarted;
  }
  // What pays another amount was no cancellation, whatever was asked.
  DealRig other;
  other.hold();
  other.value("9.90");
  other.sold(kContract);
  other.transaction(other.sell_transaction(kContract, "9.80", "9997.65"));
  EXPECT_NE(other.order().outcome, Outcome::kCancelled);
}

// The venue tells the profit without the fee.
TEST(Deal, AProfitWithoutAPriceIsBesideTheFee) {
  DealRig rig;
  rig.hold();
  execution::ContractReport report;
  report.contract = {kContract};
  report.is_sold = true;
  report.status = "cancelled";
  report.profit = usd("0.00");
  report.sell_time = rig.now.venue;
  rig.report_contract(report);
  EXPECT_EQ(rig.order().sell_price, usd("10.00"));
}

TEST(Deal, ARefusedCancellationIsTriedAgainAsWhatPaysThen) {
  DealRig rig;
  rig.hold();
  rig.value("9.90");
  rig.not_sold(kContract, "CannotCancelContract: expired");
  EXPECT_TRUE(rig.order().reason.empty());
  rig.tick("1.05");
  rig.value("9.80", false);
  ASSERT_EQ(rig.sells.size(), 2u);
  EXPECT_FALSE(rig.cancels[1]);
}

TEST(Deal, ALostAnswerIsNotAskedAgainBeforeTheBooksSpeak) {
  DealRig rig;
  rig.hold();
  rig.value("9.90");
  rig.sale_unknown(kContract);
  EXPECT_THAT(rig.told_last(EventKind::kEarlySale), HasSubstr("may be cancelled"));
  rig.value("9.80");
  EXPECT_EQ(rig.sells.size(), 1u);
  rig.tick("1.05");
  rig.report(rig.books_with_it());
  rig.tick("1.06");
  rig.tick("1.07");
  rig.value("9.80");
  EXPECT_EQ(rig.sells.size(), 2u) << "the books said that it is open";
}

TEST(Deal, ARestartKnowsThatItWasCancelled) {
  DealRig rig;
  rig.hold();
  rig.value("9.90");
  rig.restart();
  EXPECT_TRUE(rig.engine->is_selling({kContract})) << "asked, and nothing proves that it was not";
  rig.online();
  rig.value("9.80");
  EXPECT_EQ(rig.sells.size(), 1u) << "not asked twice";
  rig.report(rig.empty_report());
  rig.transaction(rig.sell_transaction(kContract, "10.00", "9997.85"));
  EXPECT_EQ(rig.order().outcome, Outcome::kCancelled);
}

TEST(Deal, TheOperatorsSaleCancelsWherePaysMore) {
  auto s = cancelling();
  s.exit = {};
  DealRig rig(s);
  rig.hold();
  EXPECT_FALSE(rig.engine->pays_to_cancel({kContract})) << "nothing was told of it yet";
  rig.value("9.90");
  EXPECT_TRUE(rig.engine->pays_to_cancel({kContract})) << "without any rule";
  EXPECT_TRUE(rig.sells.empty());
  rig.selling(kContract, true);
  EXPECT_EQ(rig.order().reason, "by cancellation: operator");
}

}  // namespace
}  // namespace derivd::engine::test
