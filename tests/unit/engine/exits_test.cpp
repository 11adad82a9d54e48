// The rules of `exit:` on an open contract: each rule, a refused sale, a lost answer, a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

using core::EventKind;
using execution::Outcome;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr std::int64_t kStart = 1'782'086'400;  // a Monday, 00:00 UTC
constexpr std::int64_t kContract = 5;

risk::ExitLevel amount(std::string_view text) { return {usd(text), {}}; }
risk::ExitRules profit(std::string_view text) {
  risk::ExitRules rules;
  rules.profit = amount(text);
  return rules;
}
risk::ExitRules trailing(std::string_view text) {
  risk::ExitRules rules;
  rules.trailing = amount(text);
  return rules;
}
risk::ExitRules after(std::int64_t ticks, seconds time = {}) {
  risk::ExitRules rules;
  rules.after = risk::ExitAfter{ticks, time};
  return rules;
}

StrategySettings leaving(const risk::ExitRules& rules) {
  auto s = every_tick("a");
  s.type = "rise_fall";
  s.contract.duration = {5, market::ContractDuration::Unit::kMinutes};
  s.exit = rules;
  return s;
}

/// One contract of five minutes, number 5, for 1.00 and 1.95, at its entry tick.
struct ExitRig : Rig {
  explicit ExitRig(const StrategySettings& s) : Rig(settings_of(s)) {
    restore({});
    now.venue = {kStart};
    live();
    tick("1.02");
    tick("1.03");
    bought(buy().order, kContract, "1.95");
    tick("1.04");
    entry = now.venue;
  }
  explicit ExitRig(const risk::ExitRules& rules) : ExitRig(leaving(rules)) {}
  static Settings settings_of(const StrategySettings& s) {
    Settings out;
    out.strategies = {s};
    return out;
  }
  execution::ContractReport open_at(std::string_view bid) const {
    execution::ContractReport r;
    r.contract = {kContract};
    r.status = "open";
    r.bid_price = usd(bid);
    r.can_sell = true;
    r.entry = market::Tick{"R_100", entry, core::Price::raw(104, 2)};
    return r;
  }
  /// The venue's stream says what it would pay.
  void value(std::string_view bid) { report_contract(open_at(bid)); }
  execution::VenueReport books_with_it() const {
    auto r = empty_report();
    execution::HistoryRow row;
    row.contract = {kContract};
    row.type = "CALL";
    row.symbol = "R_100";
    row.buy_price = usd("1.00");
    row.purchase_time = order().purchase_time;
    row.open = true;
    r.portfolio.push_back(row);
    return r;
  }
  const execution::Order& order() const { return book.orders.at({1}); }
  std::string told_last(EventKind kind) const {
    for (auto e = events.rbegin(); e != events.rend(); ++e) {
      if (e->kind == kind) return fmt::format("{}: {}", e->state.view(), e->text.view());
    }
    return {};
  }

  core::VenueTime entry;
};

TEST(Exit, NothingIsSoldWithoutRules) {
  ExitRig rig(risk::ExitRules{});
  rig.value("1.90");
  EXPECT_TRUE(rig.sells.empty());
}

TEST(Exit, ProfitSellsOnceAtTheValueThatReachesIt) {
  ExitRig rig(profit("0.50"));
  rig.value("1.49");
  EXPECT_TRUE(rig.sells.empty());
  rig.value("1.52");
  ASSERT_EQ(rig.sells.size(), 1u);
  EXPECT_EQ(rig.order().reason, "exit profit 0.52 of 0.50");
  rig.value("1.60");
  rig.tick("1.05");
  EXPECT_EQ(rig.sells.size(), 1u) << "asked once";
  EXPECT_EQ(rig.count(EventKind::kEarlySale), 1);
  EXPECT_THAT(rig.told_last(EventKind::kEarlySale),
              HasSubstr("asked: a sells contract 5 early: profit 0.52 of 0.50, worth 1.52"));
  rig.sold(kContract);
  rig.transaction(rig.sell_transaction(kContract, "1.51", "10000.51"));
  EXPECT_EQ(rig.order().outcome, Outcome::kSold);
  EXPECT_EQ(rig.order().profit, usd("0.51"));
  EXPECT_EQ(rig.order().reason, "exit profit 0.52 of 0.50") << "trades tell why";
  EXPECT_EQ(rig.view("a").profit, usd("0.51"));
}

TEST(Exit, LossSells) {
  risk::ExitRules rules;
  rules.loss = risk::ExitLevel{{}, core::Decimal{80, 0}};
  ExitRig rig(rules);
  rig.value("0.21");
  EXPECT_TRUE(rig.sells.empty());
  rig.value("0.20");
  EXPECT_EQ(rig.sells.size(), 1u);
  EXPECT_EQ(rig.order().reason, "exit loss 0.80 of 80%");
}

TEST(Exit, TrailingSellsBelowTheBestValue) {
  ExitRig rig(trailing("0.30"));
  rig.value("0.97");
  rig.value("1.60");
  rig.value("1.31");
  EXPECT_TRUE(rig.sells.empty());
  rig.value("1.30");
  EXPECT_EQ(rig.sells.size(), 1u);
  EXPECT_EQ(rig.order().reason, "exit trailing 0.30 of 0.30 below 1.60");
}

TEST(Exit, TicksAreCountedFromTheEntry) {
  ExitRig rig(after(3));
  rig.value("1.00");
  rig.tick("1.05");
  rig.tick("1.06");
  rig.value("1.00");
  EXPECT_TRUE(rig.sells.empty());
  rig.tick("1.07");
  EXPECT_EQ(rig.sells.size(), 1u) << "at the third tick, before its value has come";
  EXPECT_EQ(rig.order().reason, "exit after 3t of 3t");
}

TEST(Exit, TicksThatCameBeforeTheVenuesFirstWordAreCounted) {
  ExitRig rig(after(3));
  rig.tick("1.05");
  rig.tick("1.06");
  rig.tick("1.07");
  EXPECT_TRUE(rig.sells.empty()) << "whether it can be sold is not known yet";
  rig.value("1.00");
  EXPECT_EQ(rig.sells.size(), 1u);
}

TEST(Exit, TimeIsTheVenues) {
  ExitRig rig(after(0, seconds(30)));
  rig.value("1.00");
  for (int i = 0; i < 14; ++i) rig.tick("1.05");
  EXPECT_EQ((rig.now.venue - rig.entry).count(), 28);
  EXPECT_TRUE(rig.sells.empty());
  rig.tick("1.06");
  EXPECT_EQ(rig.sells.size(), 1u);
  EXPECT_EQ(rig.order().reason, "exit after 30s of 30s");
}

TEST(Exit, WaitsUntilTheVenueBuysItBack) {
  ExitRig rig(profit("0.50"));
  auto word = rig.open_at("1.80");
  word.can_sell = false;
  rig.report_contract(word);
  EXPECT_TRUE(rig.sells.empty());
  word = rig.open_at("1.80");
  word.entry.reset();
  word.is_expired = true;
  rig.report_contract(word);
  EXPECT_TRUE(rig.sells.empty()) << "it is over, and waits for its payment";
  rig.value("1.80");
  EXPECT_EQ(rig.sells.size(), 1u);
}

TEST(Exit, LeavesAloneWhatIsNeverBoughtBack) {
  auto s = every_tick("a");
  s.exit = profit("0.10");
  Rig rig(ExitRig::settings_of(s));
  rig.restore({});
  rig.now.venue = {kStart};
  rig.live();
  rig.tick("1.02");
  rig.bought(rig.buy().order, kContract, "1.95");
  execution::ContractReport word;
  word.contract = {kContract};
  word.bid_price = usd("1.90");
  word.entry = market::Tick{"R_100", rig.now.venue, core::Price::raw(104, 2)};
  rig.report_contract(word);
  EXPECT_TRUE(rig.sells.empty());
}

TEST(Exit, ARefusalIsToldOnceAndTriedAgainLater) {
  ExitRig rig(profit("0.50"));
  rig.value("1.60");
  rig.not_sold(kContract, "ResaleNotOffered: not now");
  EXPECT_TRUE(rig.order().reason.empty()) << "proven not to be sold";
  rig.value("1.61");
  EXPECT_EQ(rig.sells.size(), 1u) << "not within the same second";
  std::vector<std::int64_t> asked;
  for (int i = 0; i < 120; ++i) {
    const auto before = rig.sells.size();
    rig.tick("1.05");
    rig.value("1.62");
    if (rig.sells.size() == before) continue;
    asked.push_back((rig.now.venue - rig.entry).count());
    rig.not_sold(kContract, "ResaleNotOffered: not now");
  }
  // After 1, 2, 4, 8, 16, 32 and then every 60 s, at the next value of a symbol of two seconds.
  EXPECT_THAT(asked, testing::ElementsAre(2, 4, 8, 16, 32, 64, 124, 184));
  EXPECT_EQ(rig.count(EventKind::kEarlySale), 1 + 1 + 8) << "each attempt, and one refusal";
  EXPECT_EQ(rig.order().state, execution::OrderState::kOpen);
}

TEST(Exit, ALostAnswerIsAskedOfTheBooksFirst) {
  ExitRig rig(profit("0.50"));
  rig.value("1.60");
  ASSERT_EQ(rig.sells.size(), 1u);
  rig.asked.clear();
  rig.now.instant = rig.now.instant + seconds(20);
  rig.sale_unknown(kContract);
  EXPECT_EQ(rig.asked.size(), 1u) << "the venue is asked for its books";
  EXPECT_EQ(rig.order().reason, "exit profit 0.60 of 0.50") << "it may be sold";
  for (int i = 0; i < 9; ++i) {
    rig.tick("1.05");
    rig.value("1.70");
  }
  EXPECT_EQ(rig.sells.size(), 1u) << "a stream that has not heard of the sale proves nothing";
  rig.report(rig.books_with_it());
  EXPECT_TRUE(rig.order().reason.empty());
  rig.tick("1.05");
  rig.value("1.71");
  EXPECT_EQ(rig.sells.size(), 2u);
}

TEST(Exit, ReportsOfBeforeTheLossProveNothing) {
  ExitRig rig(profit("0.50"));
  rig.value("1.60");
  const auto old = rig.books_with_it();
  rig.tick("1.05");
  rig.tick("1.06");
  rig.sale_unknown(kContract);
  rig.report(old);
  rig.tick("1.05");
  rig.value("1.70");
  EXPECT_EQ(rig.sells.size(), 1u);
}

TEST(Exit, BooksThatHaveItSoldSettleIt) {
  ExitRig rig(profit("0.50"));
  rig.value("1.60");
  rig.sale_unknown(kContract);
  auto books = rig.books_with_it();
  books.portfolio[0].open = false;
  books.portfolio[0].sell_price = usd("1.58");
  books.portfolio[0].sell_time = rig.now.venue;
  std::swap(books.portfolio, books.profit_table);
  rig.report(books);
  EXPECT_EQ(rig.order().outcome, Outcome::kSold);
  EXPECT_EQ(rig.order().profit, usd("0.58"));
  EXPECT_EQ(rig.sells.size(), 1u);
}

TEST(Exit, TheBooksAreAskedAgainUntilTheyAnswer) {
  ExitRig rig(profit("0.50"));
  rig.value("1.60");
  rig.sale_unknown(kContract);
  rig.asked.clear();
  rig.run_for(seconds(40));
  EXPECT_EQ(rig.asked.size(), 4u) << "after 2, 4, 8 and 16 s";
}

TEST(Exit, ALinkThatIsLostLosesTheAnswer) {
  ExitRig rig(profit("0.50"));
  rig.value("1.60");
  rig.offline();
  rig.online();
  rig.value("1.70");
  EXPECT_EQ(rig.sells.size(), 1u);
  rig.report(rig.books_with_it());
  rig.tick("1.05");
  rig.value("1.70");
  EXPECT_EQ(rig.sells.size(), 2u);
}

TEST(Exit, AnAnswerThatComesLateCounts) {
  ExitRig rig(profit("0.50"));
  rig.value("1.60");
  rig.sale_unknown(kContract);
  rig.sold(kContract);
  rig.report(rig.books_with_it());
  rig.tick("1.05");
  rig.value("1.70");
  EXPECT_EQ(rig.sells.size(), 1u) << "the venue has confirmed it, its settlement follows";
}

TEST(Exit, ARestartFindsOutFirstWhatBecameOfASale) {
  ExitRig rig(profit("0.50"));
  rig.value("1.60");
  ASSERT_EQ(rig.sells.size(), 1u);
  rig.restart();
  rig.online();
  rig.value("1.70");
  EXPECT_EQ(rig.sells.size(), 1u) << "nothing before the books agree";
  rig.report(rig.books_with_it());
  rig.tick("1.05");
  rig.value("1.72");
  EXPECT_EQ(rig.sells.size(), 2u);
  EXPECT_EQ(rig.order().reason, "exit profit 0.72 of 0.50");
}

TEST(Exit, ARestartKnowsASaleThatWasDone) {
  ExitRig rig(profit("0.50"));
  rig.value("1.60");
  rig.restart();
  rig.online();
  rig.report(rig.books_with_it());
  rig.transaction(rig.sell_transaction(kContract, "1.00", "10000.00"));
  EXPECT_EQ(rig.order().outcome, Outcome::kBreakEven) << "the books had said that it was open";
  ExitRig again(profit("0.50"));
  again.value("1.60");
  again.restart();
  again.online();
  auto books = again.empty_report();
  again.report(books);
  again.transaction(again.sell_transaction(kContract, "1.00", "10000.00"));
  EXPECT_EQ(again.order().outcome, Outcome::kSold) << "sold at its stake, as was asked";
}

TEST(Exit, NothingIsSoldBeforeTheBooksAgree) {
  ExitRig rig(profit("0.50"));
  rig.value("1.20");
  rig.restart();
  rig.online();
  rig.value("1.70");
  EXPECT_TRUE(rig.sells.empty());
  rig.report(rig.books_with_it());
  rig.value("1.70");
  EXPECT_EQ(rig.sells.size(), 1u);
}

TEST(Exit, TheBestValueOutlivesARestart) {
  ExitRig rig(trailing("0.30"));
  rig.value("1.60");
  rig.restart();
  rig.online();
  rig.report(rig.books_with_it());
  rig.value("1.31");
  EXPECT_TRUE(rig.sells.empty());
  rig.value("1.29");
  EXPECT_EQ(rig.sells.size(), 1u);
  EXPECT_EQ(rig.order().reason, "exit trailing 0.31 of 0.30 below 1.60");
}

TEST(Exit, TicksOfBeforeARestartComeFromTheVenuesPast) {
  ExitRig rig(after(4));
  rig.value("1.00");
  rig.tick("1.05");
  rig.tick("1.06");
  const auto seen = rig.now.venue;
  rig.restart();
  rig.online();
  rig.report(rig.books_with_it());
  for (auto at = rig.entry.s - 2; at <= seen.s; at += 2) rig.tick("R_100", at, "1.05", true);
  rig.value("1.00");
  rig.tick("1.07");
  EXPECT_TRUE(rig.sells.empty());
  rig.tick("1.08");
  EXPECT_EQ(rig.sells.size(), 1u);
  EXPECT_EQ(rig.order().reason, "exit after 4t of 4t");
}

TEST(Exit, MoreTicksOfBeforeARestartThanTheFeedRemembersAreCounted) {
  auto s = leaving(after(300));
  s.contract.duration = {60, market::ContractDuration::Unit::kMinutes};
  ExitRig rig(s);
  rig.value("1.00");
  for (int i = 0; i < 290; ++i) rig.tick(i % 2 == 0 ? "1.05" : "1.06");
  const auto seen = rig.now.venue;
  rig.restart();
  rig.online();
  rig.report(rig.books_with_it());
  for (auto at = rig.entry.s - 2; at <= seen.s; at += 2) rig.tick("R_100", at, "1.05", true);
  rig.value("1.00");
  for (int i = 0; i < 9; ++i) rig.tick("1.07");
  EXPECT_TRUE(rig.sells.empty());
  rig.tick("1.08");
  EXPECT_EQ(rig.sells.size(), 1u);
  EXPECT_EQ(rig.order().reason, "exit after 300t of 300t");
}

TEST(Exit, AReloadChangesTheRulesOfWhatIsOpen) {
  ExitRig rig(profit("0.50"));
  rig.value("1.20");
  auto tighter = rig.settings;
  tighter.strategies[0].exit = profit("0.10");
  rig.reconfigure(tighter);
  EXPECT_FALSE(rig.view("a").change_pending);
  rig.value("1.15");
  EXPECT_EQ(rig.sells.size(), 1u);
}

TEST(Exit, AReloadBringsRulesToWhatIsOpen) {
  ExitRig rig(risk::ExitRules{});
  rig.value("1.60");
  auto with = rig.settings;
  with.strategies[0].exit = trailing("0.30");
  rig.reconfigure(with);
  rig.value("1.20");
  EXPECT_TRUE(rig.sells.empty()) << "its best value is looked at from here on";
  rig.value("0.90");
  EXPECT_EQ(rig.sells.size(), 1u);
}

TEST(Exit, HoldsForWhatAPausedStrategyHasOpen) {
  ExitRig rig(profit("0.50"));
  rig.engine->pause("a", "a look", rig.now, rig.actions);
  rig.value("1.60");
  EXPECT_EQ(rig.sells.size(), 1u);
}

TEST(Exit, TheOperatorsSaleIsNotDoubled) {
  ExitRig rig(profit("0.50"));
  rig.selling(kContract);
  EXPECT_EQ(rig.order().reason, "operator");
  rig.value("1.60");
  EXPECT_TRUE(rig.sells.empty());
  EXPECT_TRUE(rig.engine->is_selling({kContract}));
  rig.not_sold(kContract, "ResaleNotOffered: no");
  EXPECT_FALSE(rig.engine->is_selling({kContract}));
  rig.value("1.60");
  EXPECT_EQ(rig.sells.size(), 1u);
}

TEST(Exit, AStopWaitsForTheAnswer) {
  ExitRig rig(profit("0.50"));
  rig.value("1.60");
  rig.engine->drain(rig.now, rig.actions);
  EXPECT_FALSE(rig.engine->drained());
  rig.sold(kContract);
  EXPECT_TRUE(rig.engine->drained());
}

}  // namespace
}  // namespace derivd::engine::test
