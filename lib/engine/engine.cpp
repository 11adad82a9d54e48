#include "engine/engine.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "core/short_format.hpp"
#include "engine/impl.hpp"
#include "engine/spec.hpp"

namespace derivd::engine {

Engine::Impl::Impl(const Settings& s, Audience a)
    : settings(s), limits(s.limits), audience(std::move(a)) {
  for (const auto& strategy : settings.strategies) {
    slots.push_back(std::make_unique<Slot>(strategy));
    if (!strategy.enabled) continue;
    feed_for(strategy.symbol);
    for (const auto& symbol : strategy.watch) feed_for(symbol);
  }
}

void Engine::Impl::begin(const core::Now& at, Actions& actions) {
  now = at;
  out = &actions;
  observe(at.venue);
  if (change_waits || spare_feeds) take_over_what_is_flat();
}

void Engine::Impl::observe(core::VenueTime time) {
  if (venue_clock.show(time, now.instant)) roll_day();
}

void Engine::Impl::begin_day(TradingDay::Turn turn) {
  const auto today = day.number();
  for (auto& slot : slots) {
    if (slot->day != today) slot->new_day(today);
  }
  if (daily_profit_reached) {
    daily_profit_reached = false;
    append(execution::HaltRecord{
        {}, false, "daily_profit", "a new day began", now.wall, venue_time()});
  }
  if (turn == TradingDay::Turn::kNext) append_day();
}

void Engine::Impl::check() const {
  std::size_t in_flight_or_unknown = 0;
  for (const auto& [id, order] : ledger.exposed()) {
    if (order->state == execution::OrderState::kOpen) continue;
    ++in_flight_or_unknown;
    DERIVD_CHECK(flights.contains(id), "an order without an outcome is not followed");
  }
  DERIVD_CHECK(flights.size() == in_flight_or_unknown, "an order is followed that has an outcome");
  if (!exits.empty()) [[unlikely]]
    check_exits();
}

void Engine::Impl::check_exits() const {
  for (const auto& [id, watch] : exits) {
    const auto* order = ledger.find(id);
    DERIVD_CHECK(order != nullptr && order->state == execution::OrderState::kOpen,
                 "rules of an exit look at a contract that is not open");
  }
}

void Engine::Impl::append_day() {
  if (audience.journal) append(execution::DayRecord{day.number(), day_profit(), day_trades()});
}

void Engine::Impl::tick(const market::Tick& tick, bool history) {
  auto* feed = find_feed(tick.symbol);
  if (feed == nullptr) return;
  if (tick.quote.mantissa() <= 0) [[unlikely]]
    return refuse_quote(*feed, tick);
  const auto before = feed->last_epoch();
  const auto push = feed->push(tick, history);
  if (push == Feed::Push::kDropped) [[unlikely]]
    return;
  if (!history) observe(tick.epoch);
  if (push == Feed::Push::kNewAfterHole || push == Feed::Push::kRestarted) [[unlikely]]
    tell_gap(tick, before);
  const auto came = history ? tick.epoch : feed->believable(tick, now.instant);
  if (!followers.empty() || !verifying.empty()) feed_contracts(tick, push);
  if (!exits.empty()) [[unlikely]]
    exit_tick(tick, history);
  if (push == Feed::Push::kRestarted) [[unlikely]]
    drop_virtual();
  for (const auto& slot : slots) {
    if (slot->program != nullptr && !history) [[unlikely]]
      program_clock.show(tick.epoch, now.instant);
    if (slot->hook.open) [[unlikely]]
      feed_virtual(*slot, tick);
  }
  for (const auto& slot : slots) {
    if (!slot->runs()) [[unlikely]]
      continue;
    if (slot->settings.symbol != tick.symbol) {
      if (!slot->lanes.empty()) watch_tick(*slot, *feed, tick, push, history);
      continue;
    }
    if (slot->volatility) [[unlikely]]
      feed_volatility(*slot, *feed, tick, push == Feed::Push::kRestarted);
    if (push == Feed::Push::kRestarted) [[unlikely]] {
      forget_ticks(*slot);
      slot->last_epoch = {};
      slot->candles = {};
    }
    if (slot->program != nullptr) {
      feed_program(*slot, *feed, tick, came, history);
    } else {
      feed_slot(*slot, *feed, tick, came, history);
    }
  }
}

void Engine::Impl::tell_gap(const market::Tick& tick, core::VenueTime before) {
  core::Event e;
  e.kind = core::EventKind::kTickGap;
  e.symbol = core::ShortString<32>(tick.symbol.view());
  e.text = core::Text::truncated(fmt::format("ticks of {} are missing between {} and {}",
                                             tick.symbol.view(), before.s, tick.epoch.s));
  tell(e);
}

// No price: a tick of it would settle, count and stake like any other. The session refuses it
// before us; whoever else feeds the engine is told once.
void Engine::Impl::refuse_quote(Feed& feed, const market::Tick& tick) {
  if (feed.refuse() > 1) return;
  core::Event e;
  e.kind = core::EventKind::kTickGap;
  e.symbol = core::ShortString<32>(tick.symbol.view());
  e.text =
      core::Text::truncated(fmt::format("{}: a quote of {} at {} is no tick and is left out",
                                        tick.symbol.view(), tick.quote.to_string(), tick.epoch.s));
  e.reason = e.text;
  tell(e);
}

void Engine::Impl::feed_contracts(const market::Tick& tick, Feed::Push push) {
  for (auto& [id, follower] : followers) {
    const auto* order = ledger.find(id);
    if (order == nullptr || order->spec.symbol != tick.symbol) continue;
    if (push != Feed::Push::kNew) follower.lose_ticks();
    follower.on_tick(tick, now.instant);
  }
  for (std::size_t i = verifying.size(); i > 0; --i) {
    const auto id = verifying.front();
    verifying.pop_front();
    verify(id);  // puts it back while it cannot decide
  }
}

// What was published while the link was away is missing; what the venue itself leaves out is not.
void Engine::Impl::feed_volatility(Slot& slot, const Feed& feed, const market::Tick& tick,
                                   bool restarted) {
  auto& window = *slot.volatility;
  if (slot.volatility_at.s == 0) {
    window.clear();
    feed.each_past([&](const market::Tick& past) { window.push(past.quote); });
  } else if (restarted ||
             feed.linked_since() > slot.volatility_at + std::chrono::seconds(feed.interval_s())) {
    window.clear();
  }
  window.push(tick.quote);
  slot.volatility_at = tick.epoch;
}

/// The saved counters know this tick already. Live ticks that stay behind mean that the venue's
/// clock went back while we were away (a replay that was restarted): then they are void.
bool Engine::Impl::is_behind(Slot& slot, const market::Tick& tick, bool history) {
  if (tick.epoch > slot.last_epoch) {
    slot.behind = 0;
    return false;
  }
  if (history || ++slot.behind < Feed::kBackwards) return true;
  slot.behind = 0;
  forget_ticks(slot);
  slot.last_epoch = {};
  return false;
}

void Engine::Impl::feed_slot(Slot& slot, const Feed& feed, const market::Tick& tick,
                             core::VenueTime came, bool history) {
  if (slot.last_epoch.s == 0) [[unlikely]] {
    // A strategy without a past begins with the first live tick.
    if (history && !slot.wants_past) return;
    if (slot.wants_past) {
      if (awaits_candles(slot)) return;
      feed_past(slot, feed);
    }
  }
  if (is_behind(slot, tick, history)) [[unlikely]]
    return;
  // A run is a run only if nothing is missing in it. What the venue itself leaves out of its stream
  // is no hole to a strategy; what was published while the link was away is, and so is what its
  // history does not have.
  const bool seen_before = slot.last_epoch.s != 0;
  const bool joined =
      feed.linked_since() <= slot.last_epoch + std::chrono::seconds(feed.interval_s());
  if (seen_before && !joined && !begins_anew(slot, feed)) [[unlikely]]
    return;
  slot.last_epoch = tick.epoch;
  if (slot.wants_own) [[unlikely]]
    slot.strategy->see(own(slot));
  auto proven = tick;
  // A tick may be stamped with a time that has not come yet. An order that took it for its own
  // would never be found: the venue's purchase second lies before it.
  if (!history) proven.epoch = std::min(came, steady());
  if (!slot.lanes.empty()) [[unlikely]]
    hand_watched(slot, tick.epoch, proven, history);
  if (slot.script_run != 0) [[unlikely]]
    feed_script(slot, tick, proven, history);
  const auto signal = slot.strategy->on_tick(tick);
  if (!seen_before || tick.epoch - slot.saved_at >= kSaveCounters) append_slot(slot);
  if (!signal || history) return;
  // A signal is large, and most are bought as they were made.
  if (slot.settings.contract.types.empty() && !slot.swapped) {
    return consider(slot, *signal, proven, nullptr, ++turns);
  }
  consider(slot, in_types_of(slot.settings, *signal, slot.swapped), proven, nullptr, ++turns);
}

/// After a hole. False: it waits for candles first.
bool Engine::Impl::begins_anew(Slot& slot, const Feed& feed) {
  forget_ticks(slot);
  slot.last_epoch = {};
  if (slot.wants_past && awaits_candles(slot)) return false;
  if (!slot.lanes.empty()) replay(slot, feed, false);
  return true;
}

/// What came before it began: most often nothing, and what a reload or `enabled` lets begin later
/// the ticks that others have heard.
void Engine::Impl::feed_past(Slot& slot, const Feed& feed) {
  if (slot.wants_own) [[unlikely]]
    slot.strategy->see(own(slot));
  if (!slot.lanes.empty()) [[unlikely]]
    return replay(slot, feed, false);
  feed.each_past([&](const market::Tick& tick) {
    if (slot.script_run != 0) [[unlikely]]
      feed_script(slot, tick, tick, true);
    slot.strategy->on_tick(tick);
  });
}

rules::Own Engine::Impl::own(const Slot& slot) const {
  rules::Own own;
  own.wins_in_row = slot.wins_in_row;
  own.losses_in_row = slot.losses_in_row;
  own.last_profit = slot.last_profit;
  own.session_profit = slot.session.realised;
  own.trades_today = slot.day_trades;
  for (const auto& [id, order] : ledger.exposed()) {
    own.open += order->strategy == slot.name() ? 1 : 0;
  }
  for (const auto& w : waiting) own.open += w.slot == &slot ? 1 : 0;
  return own;
}

std::optional<core::Instant> Engine::Impl::next_deadline() const {
  std::optional<core::Instant> next;
  const auto take = [&](const std::optional<core::Instant>& at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const auto& w : waiting) take(w.deadline);
  take(program_deadline());
  take(candles_deadline());
  if (!is_online) return next;
  for (const auto& [id, follower] : followers) {
    const auto* order = ledger.find(id);
    if (order != nullptr && order->state == execution::OrderState::kOpen) {
      take(follower.next_poll());
    }
  }
  take(reports.next());
  for (const auto& [id, flight] : flights) {
    const auto closes = flight.sent + execution::kPurchaseWindow;
    if (!flight.window_closed && closes > now.instant) take(closes);
  }
  return next;
}

void Engine::Impl::on_deadline() {
  const auto stale = [&](const Waiting& w) { return w.deadline <= now.instant; };
  for (const auto& w : waiting) {
    if (!stale(w)) continue;
    w.slot->wish = w.signal.wish;
    drop(*w.slot, "the venue's answer came too late for this signal");
  }
  if (std::erase_if(waiting, stale) > 0) release_waiting();
  end_candle_waits();
  wake_programs();
  if (!is_online) return;
  for (auto& [id, follower] : followers) {
    const auto* order = ledger.find(id);
    if (order == nullptr || order->state != execution::OrderState::kOpen) continue;
    if (const auto at = follower.next_poll(); !at || *at > now.instant) continue;
    out->push_back(Poll{order->contract});
    follower.polled(now.instant);
  }
  close_windows();
  if (!reports.take_due(now.instant)) return;
  if (any_unknown() || sales.any_unclear()) return ask_report();
  if (!balance.wants_again()) return;
  // Only a figure from a moment at which nothing of ours moved can be the account's.
  const auto quiet = balance.quiet_from(flights.size(), now.instant);
  if (quiet <= now.instant) return ask_report();
  reports.put_off(quiet);
}

Slot* Engine::Impl::find_slot(std::string_view name) {
  for (auto& slot : slots) {
    if (slot->name() == name) return slot.get();
  }
  return nullptr;
}

Slot& Engine::Impl::slot_for(const core::Name& name) {
  for (auto& slot : slots) {
    if (slot->name() == name) return *slot;
  }
  return add_slot(name);
}

/// For what the configuration no longer has.
Slot& Engine::Impl::add_slot(const core::Name& name) {
  slots.push_back(std::make_unique<Slot>(name, settings.money_decimals));
  if (day.is_known()) slots.back()->new_day(day.number());
  return *slots.back();
}

Feed* Engine::Impl::find_feed(const market::SymbolCode& symbol) {
  for (auto& feed : feeds) {
    if (feed->symbol() == symbol) return feed.get();
  }
  return nullptr;
}

Feed& Engine::Impl::feed_for(const market::SymbolCode& symbol) {
  if (auto* feed = find_feed(symbol)) return *feed;
  // A back-test, which nobody reads, has no strategies that begin later.
  feeds.push_back(std::make_unique<Feed>(symbol, audience.people, settings.symbols));
  ++symbols_revision;
  return *feeds.back();
}

core::Money Engine::Impl::day_profit() const {
  auto sum = zero();
  for (const auto& slot : slots) sum += slot->day_profit;
  return sum;
}

std::int64_t Engine::Impl::day_trades() const {
  std::int64_t sum = 0;
  for (const auto& slot : slots) sum += slot->day_trades;
  return sum;
}

std::int64_t Engine::Impl::in_flight() const {
  std::int64_t n = 0;
  for (const auto& [id, flight] : flights) {
    n += ledger.find(id)->state == execution::OrderState::kIntended ? 1 : 0;
  }
  return n;
}

bool Engine::Impl::any_unknown() const {
  return std::any_of(flights.begin(), flights.end(), [this](const auto& flight) {
    return ledger.find(flight.first)->state == execution::OrderState::kUnknown;
  });
}

bool Engine::Impl::has_unknown(const Slot& slot) const {
  for (const auto& [id, flight] : flights) {
    const auto* order = ledger.find(id);
    if (order->state == execution::OrderState::kUnknown && order->strategy == slot.name()) {
      return true;
    }
  }
  return false;
}

core::Event Engine::Impl::event(core::EventKind kind, const Slot& slot) const {
  core::Event e;
  e.kind = kind;
  e.strategy = slot.name();
  e.symbol = core::ShortString<32>(slot.settings.symbol.view());
  return e;
}

core::Event Engine::Impl::event(core::EventKind kind, const execution::Order& order) const {
  core::Event e;
  e.kind = kind;
  e.strategy = order.strategy;
  e.symbol = core::ShortString<32>(order.spec.symbol.view());
  e.contract_type = core::ShortString<16>::truncated(market::name_of(order.spec.type));
  e.contract_id = order.contract;
  e.order_id = order.id;
  e.stake = order.contract ? order.buy_price : order.stake;
  e.payout = order.payout;
  e.profit = order.profit;
  e.state = core::ShortString<24>::truncated(execution::name_of(order.state));
  return e;
}

core::Event event_of(const TellSent& sent) {
  const auto type = market::name_of(sent.type);
  core::Event e;
  e.kind = core::EventKind::kOrderSent;
  e.text = core::short_format("order {}: {} {} for {}", sent.order.value, type, sent.symbol.view(),
                              sent.stake.to_string());
  e.strategy = sent.strategy;
  e.symbol = core::ShortString<32>(sent.symbol.view());
  e.contract_type = core::ShortString<16>::truncated(type);
  e.order_id = sent.order;
  e.stake = sent.stake;
  e.state = core::ShortString<24>::truncated(name_of(execution::OrderState::kIntended));
  return e;
}

// ---- The public face ----

Engine::Engine(const Settings& settings, Audience audience)
    : impl_(std::make_unique<Impl>(settings, std::move(audience))) {}
Engine::~Engine() = default;

void Engine::restore(const execution::Snapshot& snapshot, const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  impl_->restore(snapshot);
  impl_->run_programs();
  impl_->match_scripts();
  impl_->check();
}

void Engine::on_online(core::Money balance, const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  impl_->online(balance);
  impl_->run_programs();
}

void Engine::on_offline(const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  impl_->offline();
  impl_->run_programs();
  impl_->check();
}

void Engine::on_venue_report(const execution::VenueReport& report, const core::Now& now,
                             Actions& out) {
  impl_->begin(now, out);
  impl_->report(report);
  impl_->run_programs();
  impl_->check();
}

void Engine::on_tick(const market::Tick& tick, bool history, const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  impl_->tick(tick, history);
  impl_->run_programs();
}

void Engine::on_quote(const QuoteReply& reply, const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  impl_->quote_reply(reply);
  impl_->run_programs();
}

void Engine::on_bought(core::OrderId order, const execution::Bought& bought, const core::Now& now,
                       Actions& out) {
  impl_->begin(now, out);
  impl_->bought(order, bought);
  impl_->run_programs();
  impl_->check();
}

void Engine::on_refused(core::OrderId order, const execution::Refusal& refusal,
                        const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  impl_->refused(order, refusal);
  impl_->run_programs();
  impl_->check();
}

void Engine::on_unknown(core::OrderId order, std::string_view why, const execution::Refusal* answer,
                        const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  const auto* known = impl_->ledger.find(order);
  if (known == nullptr || known->state != execution::OrderState::kIntended) return;
  if (answer != nullptr) {
    impl_->flights.at(order).answer = std::make_unique<const Impl::Answer>(*answer);
  }
  impl_->make_unknown(order, why);
  impl_->want_report();
  impl_->release_waiting();
  impl_->run_programs();
  impl_->check();
}

void Engine::on_contract(const execution::ContractReport& report, execution::Witness witness,
                         const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  impl_->contract(report, witness);
  impl_->run_programs();
  impl_->check();
}

void Engine::on_transaction(const execution::TransactionReport& report, const core::Now& now,
                            Actions& out) {
  impl_->begin(now, out);
  impl_->transaction(report);
  impl_->run_programs();
  impl_->check();
}

void Engine::on_balance(core::Money balance, const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  impl_->balance.show(balance);
}

void Engine::on_own_limits(const execution::OwnLimits& told, const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  impl_->take_own_limits(told);
}

const execution::OwnLimits& Engine::own_limits() const { return impl_->own_limits; }
const risk::AccountLimits& Engine::limits() const { return impl_->limits; }

void Engine::on_script(std::string_view strategy, std::uint64_t run, const script::Answer& answer,
                       const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  auto* slot = impl_->find_slot(strategy);
  if (slot != nullptr && run != 0 && slot->script_run == run) impl_->script_answered(*slot, answer);
}

void Engine::on_script_failed(std::string_view strategy, std::uint64_t run,
                              const script::Failure& failure, const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  auto* slot = impl_->find_slot(strategy);
  if (slot != nullptr && run != 0 && slot->script_run == run) impl_->script_failed(*slot, failure);
}

std::optional<core::Instant> Engine::next_deadline() const { return impl_->next_deadline(); }

void Engine::on_deadline(const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  impl_->on_deadline();
  impl_->run_programs();
}

}  // namespace derivd::engine
