// An engine on a bench: a journal that folds records into a snapshot as store/ does, a clock, and
// checks that every sequence of actions keeps the promises of engine.hpp. Used by the unit,
// property and replay tests of the engine.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/engine.hpp"
#include "execution/ledger.hpp"
#include "market/symbol.hpp"

namespace derivd::core {
inline void PrintTo(Money m, std::ostream* os) { *os << m.to_string(); }
}  // namespace derivd::core

namespace derivd::engine::test {

inline core::Money usd(std::string_view text) { return *core::Money::parse(text); }

/// Everything that was appended, and what a restart would read back.
class Book {
 public:
  void append(const execution::Record& record) {
    std::visit([this](const auto& r) { fold(r); }, record);
    ++records;
  }
  execution::Snapshot snapshot() const {
    execution::Snapshot out;
    for (const auto& [id, order] : orders) {
      if (!execution::is_final(order.state)) out.open_orders.push_back(order);
      if (order.contract) out.claims.push_back(order.contract);
      out.last_order = std::max(out.last_order, id);
    }
    for (const auto& [name, halt] : halts) {
      if (halt.halted) out.halts.push_back(halt);
    }
    for (const auto& [name, record] : strategies) out.strategies.push_back(record);
    out.day = day;
    return out;
  }
  /// Sum of all settled orders.
  core::Money profit() const {
    core::Money sum;
    for (const auto& [id, order] : orders) {
      if (order.profit) sum += *order.profit;
    }
    return sum;
  }

  std::map<core::OrderId, execution::Order> orders;
  std::set<core::ContractId> contracts;
  std::map<std::string, execution::HaltRecord> halts;
  std::map<std::string, execution::StrategyRecord> strategies;
  std::optional<execution::DayRecord> day;
  std::size_t records = 0;

 private:
  void fold(const execution::OrderRecord& r) {
    const auto known = orders.find(r.order.id);
    if (known == orders.end()) {
      EXPECT_EQ(r.order.state, execution::OrderState::kIntended) << "first record of an order";
    } else if (known->second.state != r.order.state) {
      EXPECT_TRUE(execution::is_legal(known->second.state, r.order.state));
    } else {
      EXPECT_TRUE(known->second.profit == r.order.profit) << "settled twice";
    }
    orders[r.order.id] = r.order;
    if (r.order.contract) contracts.insert(r.order.contract);
  }
  void fold(const execution::HaltRecord& r) { halts[r.strategy.str()] = r; }
  void fold(const execution::StrategyRecord& r) { strategies[r.strategy.str()] = r; }
  void fold(const execution::DayRecord& r) { day = r; }
  void fold(const execution::BalanceRecord&) {}
  void fold(const execution::SessionRecord&) {}
  void fold(const execution::ConfigRecord&) {}
};

/// All bytes of an action that matter, for comparisons.
inline std::string text_of(const Action& action) {
  struct Visitor {
    std::string operator()(const Append& a) const {
      return std::visit([this](const auto& r) { return record(r); }, a.record);
    }
    std::string operator()(const SendQuote& a) const {
      return fmt::format("quote {} {} {}", a.order.value, market::name_of(a.spec.type),
                         a.stake.to_string());
    }
    std::string operator()(const SendBuy& a) const {
      return fmt::format("buy {} {} {} {} {} {}", a.order.value, a.spec.symbol.view(),
                         market::name_of(a.spec.type), a.spec.duration.to_string(),
                         a.stake.to_string(), a.quote_id.view());
    }
    std::string operator()(const Watch& a) const {
      return fmt::format("watch {}", a.contract.value);
    }
    std::string operator()(const Poll& a) const { return fmt::format("poll {}", a.contract.value); }
    std::string operator()(const AskReport& a) const { return fmt::format("ask {}", a.since.s); }
    std::string operator()(const SendSell& a) const {
      return fmt::format("{} {}", a.cancel ? "cancel" : "sell", a.contract.value);
    }
    std::string operator()(const Tell& a) const {
      return fmt::format("tell {} {}", core::name_of(a.event.kind), a.event.text.view());
    }
    std::string operator()(const TellSent& a) const { return (*this)(Tell{event_of(a)}); }
    std::string operator()(const StartScript& a) const {
      return fmt::format("start script {} {}", a.strategy.view(), a.run);
    }
    std::string operator()(const StopScript& a) const {
      return fmt::format("stop script {} {}", a.strategy.view(), a.run);
    }
    std::string operator()(const FeedScript& a) const {
      return fmt::format("feed script {} {} kind {}", a.strategy.view(), a.run, a.message.index());
    }
    std::string operator()(const AskCandles& a) const {
      return fmt::format("ask candles {} {} {}", a.symbol.view(), a.seconds, a.from.s);
    }
    std::string record(const execution::OrderRecord& r) const {
      const auto& o = r.order;
      return fmt::format("order {} {} {} {} contract {} paid {} profit {} {} wall {}", o.id.value,
                         o.strategy.view(), execution::name_of(o.state), o.stake.to_string(),
                         o.contract.value, o.buy_price.to_string(),
                         o.profit ? o.profit->to_string() : "-", execution::name_of(o.outcome),
                         o.intended_wall.us);
    }
    std::string record(const execution::HaltRecord& r) const {
      return fmt::format("halt {} {} {} {}", r.strategy.view(), r.halted, r.kind.view(),
                         r.reason.view());
    }
    std::string record(const execution::StrategyRecord& r) const {
      return fmt::format("strategy {} {} {} {} [{}] [{}] [{}]", r.strategy.view(), r.session,
                         r.realised.to_string(), r.peak.to_string(), r.counters, r.staking,
                         r.guards);
    }
    std::string record(const execution::DayRecord& r) const {
      return fmt::format("day {} {} {}", r.day, r.settled_profit.to_string(), r.trades);
    }
    std::string record(const execution::BalanceRecord&) const { return "balance"; }
    std::string record(const execution::SessionRecord&) const { return "session"; }
    std::string record(const execution::ConfigRecord& r) const { return "config " + r.key; }
  };
  return std::visit(Visitor{}, action);
}

class Rig {
 public:
  explicit Rig(Settings s, Audience a = {})
      : settings(std::move(s)), audience(a), engine(std::make_unique<Engine>(settings, audience)) {
    now.instant = {1'000'000'000};
    now.wall = {1};
  }

  // ---- events ----
  void restore() { restore(book.snapshot()); }
  void restore(const execution::Snapshot& s) {
    engine->restore(s, now, actions);
    perform();
  }
  void online(std::string_view balance = "10000.00") {
    engine->on_online(usd(balance), now, actions);
    perform();
  }
  execution::VenueReport empty_report(std::string_view balance = "10000.00") const {
    execution::VenueReport r;
    r.as_of = now.venue;
    r.balance = usd(balance);
    return r;
  }
  void report(const execution::VenueReport& r) {
    engine->on_venue_report(r, now, actions);
    perform();
  }
  /// Online and reconciled, with nothing on the account.
  void live(std::string_view balance = "10000.00") {
    online(balance);
    report(empty_report(balance));
  }
  void offline() {
    engine->on_offline(now, actions);
    perform();
  }
  void tick(std::string_view symbol, std::int64_t epoch, std::string_view quote,
            bool history = false) {
    if (!history) advance_to(epoch);
    const auto* info = market::find_symbol(symbol);
    const auto price = *core::Price::parse(quote, info == nullptr ? 2 : info->decimals);
    engine->on_tick({symbol, {epoch}, price}, history, now, actions);
    perform();
  }
  /// The next tick of R_100, two seconds after the last.
  void tick(std::string_view quote) { tick("R_100", now.venue.s + 2, quote); }
  void bought(core::OrderId order, std::int64_t contract, std::string_view payout = "",
              std::string_view balance_after = "") {
    const auto& o = book.orders.at(order);
    execution::Bought b;
    b.contract = {contract};
    b.transaction = {contract * 10};
    b.buy_price = o.stake;
    if (!payout.empty()) b.payout = usd(payout);
    b.purchase_time = now.venue;
    b.balance_after =
        balance_after.empty() ? *engine->account().balance - o.stake : usd(balance_after);
    bought(order, b);
  }
  void bought(core::OrderId order, const execution::Bought& b) {
    engine->on_bought(order, b, now, actions);
    perform();
  }
  void refused(core::OrderId order, std::string_view code, bool permanent = false) {
    using execution::RefusalKind;
    refused(order, code, permanent ? RefusalKind::kForGood : RefusalKind::kParameters);
  }
  void refused(core::OrderId order, std::string_view code, execution::RefusalKind kind) {
    engine->on_refused(order, {kind, code, "text"}, now, actions);
    perform();
  }
  void unknown(core::OrderId order) {
    engine->on_unknown(order, "timeout", nullptr, now, actions);
    perform();
  }
  /// Answered with an error that proves nothing.
  void unknown(core::OrderId order, std::string_view code, execution::RefusalKind kind) {
    const execution::Refusal answer{kind, code, "text"};
    engine->on_unknown(order, code, &answer, now, actions);
    perform();
  }
  void quote(core::OrderId order, std::string_view payout, std::string_view ask) {
    Engine::QuoteReply q;
    q.order = order;
    q.quote_id = "q1";
    q.ask = usd(ask);
    q.payout = usd(payout);
    quote(q);
  }
  void quote(const Engine::QuoteReply& q) {
    engine->on_quote(q, now, actions);
    perform();
  }
  execution::ContractReport sold_report(std::int64_t contract, std::string_view sell_price) const {
    execution::ContractReport r;
    r.contract = {contract};
    r.is_sold = true;
    r.sell_price = usd(sell_price);
    r.status = r.sell_price->is_zero() ? "lost" : "won";
    r.sell_time = now.venue;
    return r;
  }
  void settle(std::int64_t contract, std::string_view sell_price) {
    report_contract(sold_report(contract, sell_price));
  }
  void report_contract(const execution::ContractReport& r,
                       execution::Witness w = execution::Witness::kContractStream) {
    engine->on_contract(r, w, now, actions);
    perform();
  }
  execution::TransactionReport sell_transaction(std::int64_t contract, std::string_view amount,
                                                std::string_view balance) const {
    execution::TransactionReport t;
    t.action = execution::TransactionReport::Action::kSell;
    t.contract = {contract};
    t.transaction = {contract * 10 + 1};
    t.amount = usd(amount);
    t.balance = usd(balance);
    t.time = now.venue;
    t.symbol = "R_100";
    return t;
  }
  execution::TransactionReport buy_transaction(std::int64_t contract, std::string_view stake,
                                               std::string_view balance) const {
    auto t = sell_transaction(contract, stake, balance);
    t.action = execution::TransactionReport::Action::kBuy;
    t.transaction = {contract * 10};
    t.amount = -usd(stake);
    return t;
  }
  void transaction(const execution::TransactionReport& t) {
    engine->on_transaction(t, now, actions);
    perform();
  }
  /// The venue's answer to the oldest question for candles that has none.
  void candles(std::vector<market::CandleRow> rows, std::string_view refusal = {},
               std::uint8_t decimals = 2) {
    ASSERT_FALSE(candle_asks.empty());
    const auto ask = candle_asks.front();
    candle_asks.erase(candle_asks.begin());
    engine->on_candles({ask.symbol, ask.seconds, ask.from, decimals, std::move(rows), refusal}, now,
                       actions);
    perform();
  }
  /// The operator's sale.
  void selling(std::int64_t contract, bool cancel = false) {
    engine->selling({contract}, now, actions, cancel);
    perform();
  }
  void not_sold(std::int64_t contract, std::string_view why) {
    engine->on_not_sold({contract}, why, now, actions);
    perform();
  }
  void sold(std::int64_t contract) {
    engine->on_sold({contract}, now, actions);
    perform();
  }
  void sale_unknown(std::int64_t contract) {
    engine->on_sale_unknown({contract}, "NoAnswer: timed out", now, actions);
    perform();
  }
  void balance(std::string_view amount) {
    engine->on_balance(usd(amount), now, actions);
    perform();
  }
  void reconfigure(const Settings& wanted) {
    settings = wanted;
    engine->reconfigure(wanted, now, actions);
    perform();
  }
  void deadline() {
    engine->on_deadline(now, actions);
    perform();
  }
  /// Runs to that time, stopping at each deadline before it.
  void run_for(core::Duration d) {
    const auto end = now.instant + d;
    while (true) {
      const auto next = engine->next_deadline();
      if (!next || *next > end) break;
      now.instant = std::max(now.instant, *next);
      deadline();
    }
    now.instant = end;
  }
  void advance_to(std::int64_t epoch) {
    const auto step = now.venue.s == 0 ? 1 : std::max<std::int64_t>(0, epoch - now.venue.s);
    now.instant = now.instant + std::chrono::seconds(step);
    now.wall.us += step * 1'000'000;
    now.venue = {std::max(now.venue.s, epoch)};
  }
  void restart() {
    const auto snapshot = book.snapshot();
    engine = std::make_unique<Engine>(settings, audience);
    restore(snapshot);
  }

  // ---- what came out ----
  std::vector<SendBuy> take_buys() { return std::exchange(buys, {}); }
  /// The one buy since the last look.
  SendBuy buy() {
    EXPECT_EQ(buys.size(), 1u);
    auto all = take_buys();
    return all.empty() ? SendBuy{} : all.front();
  }
  bool told(core::EventKind kind) const {
    return std::any_of(events.begin(), events.end(), [&](const auto& e) { return e.kind == kind; });
  }
  int count(core::EventKind kind) const {
    return static_cast<int>(
        std::count_if(events.begin(), events.end(), [&](const auto& e) { return e.kind == kind; }));
  }
  StrategyView view(std::string_view name) const {
    for (auto& v : engine->strategies()) {
      if (v.name == name) return v;
    }
    ADD_FAILURE() << "no strategy " << name;
    return {};
  }
  execution::OrderState state(core::OrderId id) const { return book.orders.at(id).state; }

  Settings settings;
  Audience audience;
  std::unique_ptr<Engine> engine;
  core::Now now;
  Actions actions;
  Book book;
  std::vector<SendBuy> buys;
  std::vector<SendQuote> quotes;
  std::vector<core::Event> events;
  std::vector<core::ContractId> watched;
  std::vector<core::ContractId> polled;
  std::vector<core::VenueTime> asked;
  std::vector<core::ContractId> sells;
  std::vector<bool> cancels;  // of each of them
  std::vector<StartScript> started;
  std::vector<StopScript> stopped;
  std::vector<FeedScript> fed;
  std::vector<AskCandles> candle_asks;
  std::vector<std::string> log;

 private:
  void perform() {
    for (const auto& action : actions) {
      log.push_back(text_of(action));
      std::visit([this](const auto& a) { take(a); }, action);
    }
    actions.clear();
  }
  void take(const Append& a) { book.append(a.record); }
  void take(const SendQuote& a) { quotes.push_back(a); }
  void take(const SendBuy& a) {
    // The intent is on disk, and this order was never sent before.
    ASSERT_TRUE(book.orders.contains(a.order)) << "sent before its intent";
    EXPECT_EQ(book.orders.at(a.order).state, execution::OrderState::kIntended);
    EXPECT_EQ(book.orders.at(a.order).stake, a.stake);
    EXPECT_TRUE(sent_.insert(a.order).second) << "sent twice";
    buys.push_back(a);
  }
  void take(const Watch& a) {
    EXPECT_TRUE(book.contracts.contains(a.contract)) << "watched before it was journaled";
    watched.push_back(a.contract);
  }
  void take(const Poll& a) { polled.push_back(a.contract); }
  void take(const AskReport& a) { asked.push_back(a.since); }
  void take(const SendSell& a) {
    const auto same = [&](const auto& o) { return o.second.contract == a.contract; };
    const auto order = std::find_if(book.orders.begin(), book.orders.end(), same);
    ASSERT_NE(order, book.orders.end());
    EXPECT_FALSE(order->second.reason.empty()) << "sent before its reason was in the journal";
    sells.push_back(a.contract);
    cancels.push_back(a.cancel);
  }
  void take(const Tell& a) { events.push_back(a.event); }
  void take(const TellSent& a) { events.push_back(event_of(a)); }
  void take(const StartScript& a) { started.push_back(a); }
  void take(const StopScript& a) { stopped.push_back(a); }
  void take(const FeedScript& a) { fed.push_back(a); }
  void take(const AskCandles& a) { candle_asks.push_back(a); }

  std::set<core::OrderId> sent_;
};

/// even_odd with a streak of 1: each tick is a signal.
inline StrategySettings every_tick(std::string_view name, std::string_view stake = "1.00") {
  StrategySettings s;
  s.name = name;
  s.type = "even_odd";
  s.symbol = "R_100";
  s.params = {{"streak", 1}};
  s.staking.plan = "flat";
  s.staking.base = usd(stake);
  return s;
}

}  // namespace derivd::engine::test
