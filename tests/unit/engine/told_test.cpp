// Owns the tests of what the engine tells of an order, of a day and of a strategy that waits: every
// figure of it, where other tests look at what is done.
#include <gtest/gtest.h>

#include "dbot/import.hpp"
#include "rules/parse.hpp"
#include "unit/dbot/rig.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

using core::EventKind;
using execution::OrderState;
using execution::RefusalKind;
using std::chrono::seconds;

constexpr std::int64_t kStart = 1'782'086'400;  // a Monday, 00:00 UTC
constexpr std::int64_t kDay = 86'400;

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

const core::Event& last_of(const Rig& rig, EventKind kind) {
  static const core::Event none;
  for (auto e = rig.events.rbegin(); e != rig.events.rend(); ++e) {
    if (e->kind == kind) return *e;
  }
  ADD_FAILURE() << "nothing told of " << core::name_of(kind);
  return none;
}

StrategySettings ruled(std::string_view name, std::string_view when) {
  auto s = every_tick(name);
  s.type = "rules";
  s.params.clear();
  s.rules.rules.push_back({std::get<rules::Expr>(rules::parse_condition(when, {})), {}});
  return s;
}

// ---- an order from its sending to its end ----

TEST(Told, OfAnOrderIsWhatIsKnownOfIt) {
  auto rig = live_rig();
  rig.tick("1.02");
  const auto& sent = last_of(rig, EventKind::kOrderSent);
  EXPECT_EQ(sent.strategy, "a");
  EXPECT_EQ(sent.symbol, "R_100");
  EXPECT_EQ(sent.contract_type, "DIGITODD");
  EXPECT_EQ(sent.order_id, core::OrderId{1});
  EXPECT_EQ(sent.stake, usd("1.00"));
  EXPECT_EQ(sent.state, "intended");
  EXPECT_FALSE(sent.contract_id);
  execution::Bought b;
  b.contract = {7};
  b.transaction = {70};
  b.buy_price = usd("0.98");
  b.payout = usd("1.95");
  b.purchase_time = rig.now.venue;
  rig.bought(rig.buy().order, b);
  const auto& bought = last_of(rig, EventKind::kContractBought);
  EXPECT_EQ(bought.contract_id, core::ContractId{7});
  EXPECT_EQ(bought.stake, usd("0.98")) << "what was paid, no longer what was meant";
  EXPECT_EQ(bought.payout, usd("1.95"));
  EXPECT_EQ(bought.state, "open");
  EXPECT_FALSE(bought.profit);
  EXPECT_EQ(bought.text, "bought DIGITODD R_100 for 0.98, pays 1.95, contract 7");
  rig.settle(7, "1.95");
  const auto& settled = last_of(rig, EventKind::kContractSettled);
  EXPECT_EQ(settled.state, "settled");
  EXPECT_EQ(settled.profit, usd("0.97"));
  EXPECT_EQ(settled.reason, "contract_stream");
  EXPECT_EQ(settled.text, "contract 7 won: +0.97 on 0.98, session 0.97");
}

TEST(Told, OfALossHasItsSign) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7);
  EXPECT_EQ(last_of(rig, EventKind::kContractBought).text,
            "bought DIGITODD R_100 for 1.00, contract 7")
      << "without a payout none is told";
  rig.settle(7, "0.00");
  EXPECT_EQ(last_of(rig, EventKind::kContractSettled).text,
            "contract 7 lost: -1.00 on 1.00, session -1.00");
}

TEST(Told, OfARefusalIsWhatTheVenueSaid) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.refused(rig.buy().order, "RateLimit", RefusalKind::kParameters);
  const auto& e = last_of(rig, EventKind::kOrderRefused);
  EXPECT_EQ(e.reason, "RateLimit");
  EXPECT_EQ(e.state, "refused");
  EXPECT_EQ(e.text, "order 1 refused: RateLimit: text");
  const auto view = rig.view("a");
  EXPECT_EQ(view.refusal, "RateLimit: text");
  EXPECT_EQ(view.reason, "1 refused in a row: RateLimit: text");
  EXPECT_EQ(view.last_decision, "refused by the venue: RateLimit");
  rig.engine->resume("a", rig.now, rig.actions);
  EXPECT_EQ(rig.view("a").refusal, "");
}

TEST(Told, OfAnUnknownOutcomeIsWhyNothingEnters) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.unknown(rig.buy().order);
  EXPECT_EQ(last_of(rig, EventKind::kOrderUnknown).reason, "timeout");
  EXPECT_EQ(last_of(rig, EventKind::kOrderUnknown).state, "unknown");
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kBlocked);
  EXPECT_EQ(rig.view("a").reason, "an order's outcome is not proven yet");
}

TEST(Told, OfAHaltHasTheProfitOfTheSession) {
  auto s = every_tick("a");
  s.session.take_profit = usd("0.95");
  auto rig = live_rig({s});
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7, "1.95");
  rig.settle(7, "1.95");
  EXPECT_EQ(last_of(rig, EventKind::kStrategyHalted).profit, usd("0.95"));
  EXPECT_EQ(last_of(rig, EventKind::kStrategyHalted).reason, "take_profit");
}

// ---- the day ----

TEST(Day, ThatReachedItsProfitIsToldAndEndsWithItsHalt) {
  risk::AccountLimits limits;
  limits.daily_profit = usd("0.50");
  auto rig = live_rig({every_tick("a")}, limits);
  EXPECT_FALSE(rig.book.day) << "nothing is written of a day before something happened in it";
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7, "1.95");
  rig.settle(7, "1.95");
  const auto& e = last_of(rig, EventKind::kAccountLimit);
  EXPECT_EQ(e.reason, "daily_profit");
  EXPECT_EQ(e.profit, usd("0.95"));
  EXPECT_EQ(e.text, "daily_profit: 0.95 of 0.50 reached, no entries until the day ends");
  EXPECT_TRUE(rig.book.halts.at("").halted);
  EXPECT_EQ(rig.book.halts.at("").kind, "daily_profit");
  EXPECT_EQ(rig.book.day->settled_profit, usd("0.95"));
  EXPECT_EQ(rig.book.day->trades, 1);
  rig.tick("R_100", kStart + kDay, "1.03");
  EXPECT_FALSE(rig.book.halts.at("").halted) << "the journal knows that it is over";
  EXPECT_EQ(rig.book.day->day, kStart / kDay + 1);
  EXPECT_EQ(rig.book.day->settled_profit, usd("0.00"));
  EXPECT_EQ(rig.book.day->trades, 0);
}

TEST(Day, APurchaseOfYesterdayThatIsFoundTodayIsNoneOfToday) {
  auto rig = live_rig();
  rig.tick("R_100", kStart + kDay - 2, "1.02");
  rig.unknown(rig.buy().order);
  rig.tick("R_100", kStart + kDay, "1.03");
  auto report = rig.empty_report("9999.00");
  report.since = {0};
  execution::HistoryRow row;
  row.contract = {7};
  row.buy_tx = {70};
  row.type = "DIGITODD";
  row.symbol = "R_100";
  row.buy_price = usd("1.00");
  row.payout = usd("1.95");
  row.purchase_time = {kStart + kDay - 1};
  row.open = true;
  row.shortcode = fmt::format("DIGITODD_R_100_1.95_{}_1T", kStart + kDay - 1);
  report.portfolio.push_back(row);
  rig.report(report);
  ASSERT_EQ(rig.state({1}), OrderState::kOpen);
  EXPECT_EQ(rig.view("a").trades, 1);
  EXPECT_EQ(rig.engine->account().day_trades, 0);
}

// ---- what is found by the stream of a contract ----

execution::ContractReport found(const Rig& rig, std::int64_t contract) {
  execution::ContractReport r;
  r.contract = {contract};
  r.buy_tx = {contract * 10};
  r.type = "DIGITODD";
  r.symbol = "R_100";
  r.buy_price = usd("1.00");
  r.payout = usd("1.95");
  r.purchase_time = rig.now.venue;
  r.shortcode = fmt::format("DIGITODD_R_100_1.95_{}_1T", rig.now.venue.s);
  return r;
}

TEST(Found, ByItsContractIsTheWholePurchase) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.unknown(rig.buy().order);
  rig.report_contract(found(rig, 7), execution::Witness::kPoll);
  const auto& order = rig.book.orders.at({1});
  EXPECT_EQ(order.state, OrderState::kOpen);
  EXPECT_EQ(order.contract, core::ContractId{7});
  EXPECT_EQ(order.buy_tx, core::TransactionId{70});
  EXPECT_EQ(order.buy_price, usd("1.00"));
  EXPECT_EQ(order.payout, usd("1.95"));
  EXPECT_EQ(order.purchase_time, rig.now.venue);
  EXPECT_TRUE(last_of(rig, EventKind::kOrderResolved).text.view().starts_with("found: DIGITODD"));
}

TEST(Found, WithoutItsPriceOrItsTimeIsNothing) {
  for (const bool price : {true, false}) {
    auto rig = live_rig();
    rig.tick("1.02");
    rig.unknown(rig.buy().order);
    auto report = found(rig, 7);
    if (price) report.buy_price.reset();
    if (!price) report.purchase_time.reset();
    rig.report_contract(report, execution::Witness::kPoll);
    EXPECT_EQ(rig.state({1}), OrderState::kUnknown) << price;
  }
}

TEST(Found, AlsoSoldAlready) {
  auto rig = live_rig();
  rig.tick("1.02");
  rig.unknown(rig.buy().order);
  auto report = found(rig, 7);
  report.is_sold = true;
  report.status = "won";
  report.sell_price = usd("1.95");
  rig.report_contract(report, execution::Witness::kPoll);
  EXPECT_EQ(rig.state({1}), OrderState::kSettled);
  EXPECT_EQ(rig.view("a").profit, usd("0.95"));
}

TEST(Found, WhatMayStillBeOursIsHeldUpToABound) {
  auto rig = live_rig();
  rig.tick("1.02");
  const auto order = rig.buy().order;
  for (int i = 0; i < 64; ++i) rig.transaction(rig.buy_transaction(100 + i, "3.00", "9997.00"));
  EXPECT_FALSE(rig.told(EventKind::kForeignContract));
  rig.transaction(rig.buy_transaction(164, "3.00", "9997.00"));
  ASSERT_EQ(rig.count(EventKind::kForeignContract), 1);
  EXPECT_EQ(rig.events.back().contract_id, core::ContractId{100}) << "the oldest";
  rig.bought(order, 130, "1.95");
  EXPECT_EQ(rig.count(EventKind::kForeignContract), 64) << "all but the one that is ours";
}

// ---- a strategy's own state, as its rules see it ----

TEST(Own, CountsWhatIsOpenAndWhatWaits) {
  auto s = ruled("a", "open == 0");
  s.guards.max_open = 3;
  s.rules.rules.push_back(
      {std::get<rules::Expr>(rules::parse_condition("open == 1 and price > 2", {})), {}});
  auto rig = live_rig({s});
  rig.tick("1.02");
  const auto first = rig.buy();
  rig.tick("1.03");
  EXPECT_TRUE(rig.buys.empty()) << "in flight it is open, and the price is not above 2";
  rig.tick("2.03");
  EXPECT_EQ(rig.take_buys().size(), 0U) << "one like it is in flight";
  rig.bought(first.order, 7, "1.95");
  rig.tick("2.04");
  EXPECT_EQ(rig.take_buys().size(), 1U);
}

TEST(Own, CountsLossesInARow) {
  auto s = ruled("a", "losses_in_row < 3");
  auto rig = live_rig({s});
  for (int lost = 0; lost < 3; ++lost) {
    rig.tick("1.02");
    ASSERT_EQ(rig.buys.size(), 1U) << lost;
    rig.bought(rig.buy().order, 7 + lost, "1.95");
    rig.settle(7 + lost, "0.00");
  }
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
}

// ---- reloads that change nothing of what is asked ----

TEST(Reload, OfGuardsForgivesNoRefusalAndOfStakesForgivesAll) {
  auto rig = live_rig();
  const auto refuse = [&] {
    rig.tick("R_100", rig.now.venue.s + 200, "1.02");
    ASSERT_EQ(rig.buys.size(), 1U);
    rig.refused(rig.buy().order, "Refused", RefusalKind::kParameters);
  };
  refuse();
  refuse();
  auto wanted = rig.settings;
  auto& s = wanted.strategies[0];
  s.guards.cooldown = seconds(1);
  s.session.take_profit = usd("5.00");
  s.group = "majors";
  rig.reconfigure(wanted);
  EXPECT_EQ(rig.view("a").refused_in_row, 2) << "the same would be asked for";
  s.staking.max_stake = usd("9.00");
  rig.reconfigure(wanted);
  EXPECT_EQ(rig.view("a").refused_in_row, 0);
  refuse();
  s.staking.max_steps = 4;
  rig.reconfigure(wanted);
  EXPECT_EQ(rig.view("a").refused_in_row, 0);
  refuse();
  s.staking.on_cap = staking::OnCap::kHold;
  rig.reconfigure(wanted);
  EXPECT_EQ(rig.view("a").refused_in_row, 0);
  refuse();
  s.staking.base = usd("2.00");
  rig.reconfigure(wanted);
  EXPECT_EQ(rig.view("a").refused_in_row, 0);
  EXPECT_EQ(rig.view("a").refused, 5) << "the session's count stays";
}

// ---- scripts ----

StrategySettings scripted() {
  auto s = every_tick("dip", "1.00");
  s.type = "script";
  s.params.clear();
  s.script.file = "dip.js";
  s.script.text = "function onTick() {}";
  return s;
}

/// The last event that a script heard.
const script::Event& heard(const Rig& rig) {
  return std::get<script::Event>(rig.fed.back().message);
}

void answer(Rig& rig, script::Answer a) {
  rig.engine->on_script("dip", rig.started.back().run, a, rig.now, rig.actions);
  rig.deadline();
}

/// Buys at the next tick; the order.
core::OrderId wish(Rig& rig, std::uint64_t number) {
  rig.tick("1.02");
  script::Answer a;
  a.sequence = heard(rig).sequence;
  a.wishes.push_back({});
  a.wishes.back().number = number;
  a.wishes.back().type = "CALL";
  a.wishes.back().duration = "5t";
  answer(rig, a);
  return rig.buy().order;
}

TEST(ScriptHears, WhyItsWishWasRefused) {
  auto rig = live_rig({scripted()});
  answer(rig, {});
  const auto order = wish(rig, 4);
  EXPECT_EQ(heard(rig).own.open, 0);
  rig.refused(order, "RateLimit", RefusalKind::kSingular);
  const auto* denied = std::get_if<script::Denied>(&heard(rig).what);
  ASSERT_NE(denied, nullptr);
  EXPECT_EQ(denied->wish, 4U);
  EXPECT_EQ(denied->reason, "RateLimit: text");
}

TEST(ScriptHears, EachFigureOfItsTrade) {
  auto rig = live_rig({scripted()});
  answer(rig, {});
  rig.bought(wish(rig, 4), 7, "1.95");
  const auto bought_at = rig.now.venue.s;
  rig.tick("1.04");
  EXPECT_EQ(heard(rig).own.open, 1);
  EXPECT_EQ(heard(rig).own.trades_today, 1);
  EXPECT_EQ(heard(rig).time, bought_at + 2);
  EXPECT_EQ(heard(rig).sequence, 2U);
  auto report = rig.sold_report(7, "0.00");
  report.entry = market::Tick{"R_100", rig.now.venue, core::Price::raw(104, 2)};
  report.exit = market::Tick{"R_100", rig.now.venue, core::Price::raw(99, 2)};
  rig.report_contract(report);
  const auto& trade = std::get<script::Trade>(heard(rig).what);
  EXPECT_EQ(trade.wish, 4U);
  EXPECT_EQ(trade.contract, "7");
  EXPECT_EQ(trade.type, "CALL");
  EXPECT_EQ(trade.outcome, "lost");
  EXPECT_EQ(trade.stake, "1.00");
  EXPECT_EQ(trade.payout, "1.95");
  EXPECT_EQ(trade.profit, "-1.00");
  EXPECT_EQ(trade.entry, "1.04");
  EXPECT_EQ(trade.exit, "0.99");
  EXPECT_EQ(trade.purchase_time, bought_at);
  EXPECT_EQ(trade.settled_time, rig.now.venue.s);
  EXPECT_EQ(heard(rig).own.losses_in_row, 1);
  EXPECT_EQ(heard(rig).own.last_profit, usd("-1.00"));
  EXPECT_EQ(heard(rig).own.session_profit, usd("-1.00"));
  EXPECT_EQ(heard(rig).own.open, 0);
}

/// Hears a tick, two seconds after the last, and wants this kept; "": nothing.
void keep(Rig& rig, std::string_view state) {
  rig.tick("1.02");
  script::Answer a;
  a.sequence = heard(rig).sequence;
  if (!state.empty()) a.state = std::string(state);
  answer(rig, a);
}

TEST(ScriptState, IsWrittenEveryTenSecondsAtTheMost) {
  const auto kept = [](const std::vector<std::string_view>& states) {
    auto rig = live_rig({scripted()});
    answer(rig, {});
    for (const auto state : states) keep(rig, state);
    rig.restart();
    return rig.started.back().setup.state;
  };
  EXPECT_EQ(kept({"1"}), "1");
  EXPECT_EQ(kept({"1", "2"}), "1");
  EXPECT_EQ(kept({"1", "2", "", "", "5"}), "1") << "eight seconds later";
  EXPECT_EQ(kept({"1", "2", "", "", "", "6"}), "6") << "ten";
}

// ---- programs among others ----

StrategySettings bot() {
  const auto import = dbot::import_program(dbot::test::program({}));
  EXPECT_NE(import.program, nullptr) << dbot::test::problems_of(import);
  StrategySettings s;
  s.name = "bot";
  s.type = "dbot";
  s.symbol = "R_100";
  s.program.file = "bot.xml";
  s.program.program = import.program;
  return s;
}

// What waits for its quote has the only place; a program that comes later waits behind it.
TEST(Turns, OfAProgramComeAfterWhatWaitsAlready) {
  auto quoted = every_tick("q", "2.00");
  quoted.guards.min_payout_ratio = core::Decimal{5, 1};
  risk::AccountLimits limits;
  limits.max_open_contracts = 1;
  auto rig = live_rig({quoted, bot()}, limits);
  rig.tick("1.02");
  ASSERT_EQ(rig.quotes.size(), 1U);
  EXPECT_TRUE(rig.buys.empty()) << "the program's turn is the second";
  rig.quote(rig.quotes[0].order, "3.90", "2.00");
  EXPECT_EQ(rig.buy().strategy, "q");
}

}  // namespace
}  // namespace derivd::engine::test
