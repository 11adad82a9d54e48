// From a signal to an order, or to the reason why not.
#include <fmt/format.h>

#include <algorithm>

#include "engine/impl.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"
#include "risk/day.hpp"

namespace derivd::engine {

using core::EventKind;
using execution::OrderState;

namespace {

/// Of a contract that ends at a moment, whatever its start.
bool ends_too_soon(const market::ContractSpec& spec, core::VenueTime at) {
  if (spec.duration.unit != market::ContractDuration::Unit::kUntil) return false;
  const auto left = market::expiry_of(spec.duration, at) - at;
  return left.count() < market::kind_of(spec.type).needs.min_seconds;
}

/// Its price is more than its amount: that of a deal cancellation stands beside it.
bool has_fee(const StrategySettings& settings, const strategy::Signal& signal) {
  return settings.contract.basis == market::Basis::kStake && is_priced_by_quote(settings, signal);
}

}  // namespace

risk::Standing Engine::Impl::standing(Slot& slot, std::int64_t turn) const {
  risk::Standing s;
  s.halted = slot.halted;
  s.paused = slot.paused;
  s.ready = is_online && reconciled && !draining && !ledger.full();
  s.unknown_order = !flights.empty() && has_unknown(slot);
  if (limits.excluded_until && venue_time() < *limits.excluded_until) {
    s.excluded_until = limits.excluded_until;
  }
  s.in_hours = risk::in_hours(slot.settings.guards.hours, venue_time());
  if (!s.in_hours) [[unlikely]]
    s.hours_begin = risk::next_hours(slot.settings.guards.hours, venue_time());
  if (slot.volatility) [[unlikely]]
    s.volatility = &*slot.volatility;
  if (slot.guards.cooling(venue_time())) [[unlikely]]
    s.cooling_until = slot.guards.cooling_until;
  if (slot.guards.pausing(venue_time())) [[unlikely]]
    s.pausing_until = slot.guards.pausing_until;
  if (slot.guards.falling(venue_time())) [[unlikely]]
    s.falling_until = slot.guards.falling_until;
  s.refused_in_row = slot.refusals.row;
  s.refused_until = slot.refusals.waiting(venue_time());
  s.trades_in_hour = slot.guards.purchases_in_hour(venue_time());
  if (slot.group_mark != 0) [[unlikely]]
    s.group_holder = group_holder(slot, turn);
  s.session = slot.session;
  s.day_trades = day_trades();
  s.daily_profit_reached = daily_profit_reached;
  s.day_profit = day_profit();
  s.balance = balance.floor();
  if (!ledger.exposed().empty() || !waiting.empty()) [[unlikely]]
    add_at_risk(slot, turn, s);
  return s;
}

void Engine::Impl::add_at_risk(const Slot& slot, std::int64_t turn, risk::Standing& s) const {
  const auto add = [&](bool own, bool counted, core::Money risk) {
    ++s.account_open;
    s.account_open_stake += risk;
    if (!counted) ++s.day_trades;  // may still be bought today
    if (!own) return;
    ++s.open;
    s.session_open += risk;
    if (!counted) ++s.trades_in_hour;
  };
  for (const auto& [id, order] : ledger.exposed()) {
    const bool open = order->state == OrderState::kOpen;
    add(order->strategy == slot.name(), open, execution::at_risk(*order));
    if (open && s.balance) *s.balance += order->buy_price;  // debited at purchase
  }
  for (const auto& w : waiting) {
    if (w.slot == &slot || w.turn < turn) add(w.slot == &slot, false, w.stake);
  }
}

core::Name Engine::Impl::group_holder(const Slot& slot, std::int64_t turn) const {
  const auto is_of_group = [&](const core::Name& name) {
    return std::any_of(slots.begin(), slots.end(), [&](const auto& other) {
      return other->group_mark == slot.group_mark && other->name() == name;
    });
  };
  for (const auto& [id, order] : ledger.exposed()) {
    if (is_of_group(order->strategy)) return order->strategy;
  }
  for (const auto& w : waiting) {
    if (w.slot->group_mark != slot.group_mark) continue;
    if (w.slot == &slot || w.turn < turn) return w.slot->name();
  }
  return {};
}

void Engine::Impl::consider(Slot& slot, const strategy::Signal& signal, const market::Tick& tick,
                            const PaidQuote* quote, std::int64_t turn) {
  prepare_plan(slot);
  if (slot.plan && quote == nullptr) slot.plan->begin_signal();
  if (slot.plan && quote != nullptr) see_quote(slot, *quote);
  considering(slot, signal, tick);
  if (slot.pending) [[unlikely]]
    return drop(slot, "a change of its configuration waits for what is open");
  if (venue.is_learned()) [[unlikely]] {
    const auto closed = venue.closed_text(slot.settings.symbol, tick.epoch);
    if (!closed.empty()) {
      return drop(slot, fmt::format("the market of {} is {}", slot.settings.symbol, closed));
    }
  }
  if (slot.settings.hook && stays_virtual(slot, signal, tick, turn)) [[unlikely]]
    return;
  if (is_priced_by_quote(slot.settings, signal)) [[unlikely]] {
    return consider_priced(slot, signal, tick, quote, turn);
  }
  auto d = decide_for(slot, signal, turn);
  if (d.kind != Decision::Kind::kEnter && !waiting.empty()) [[unlikely]] {
    // What stands in the way may be another's signal that comes to nothing: then this one is next.
    d = decide_for(slot, signal, 0);
    if (d.kind == Decision::Kind::kEnter) return hold(slot, signal, tick, d.stake, turn);
  }
  if (stays_out(slot, d)) return;

  const auto spec = make_spec(slot.settings, signal, tick.quote.decimals());
  if (!spec) [[unlikely]]
    return drop(slot, spec.error().text);
  if (ends_too_soon(*spec, tick.epoch)) [[unlikely]]
    return drop(slot, "its end has come too near");
  if (!flights.empty()) [[unlikely]] {
    switch (twin_of(*spec, d.stake)) {
      case Twin::kNone:
        break;
      case Twin::kInFlight:
        return hold(slot, signal, tick, d.stake, turn);
      case Twin::kUnknown:
        return drop(slot, "an order just like it has an unknown outcome");
    }
  }
  const bool quoted = quote != nullptr && quote->stake == d.stake;
  const bool plan_asks = !signal.stake && slot.plan && slot.plan->wants_quote();
  if (slot.settings.guards.min_payout_ratio || plan_asks) {
    if (!quoted) return ask_quote(slot, signal, tick, *spec, d.stake, turn);
    if (const auto poor = risk::check_payout(d.stake, quote->payout, slot.settings.guards)) {
      return drop(slot, *poor);
    }
  }
  // The plan may have gone back to its base since it was asked for.
  send(slot, *spec, tick, d.stake, quoted ? quote : nullptr);
}

/// A quote may show that the plan has to begin anew, which a restart must not undo.
void Engine::Impl::see_quote(Slot& slot, const PaidQuote& quote) {
  if (!slot.plan->wants_quote()) return;
  const auto before = slot.plan->save();
  slot.plan->see_quote(quote.stake, quote.payout);
  if (audience.journal && slot.plan->save() != before) append_slot(slot);
}

/// What the next stake depends on beyond results.
void Engine::Impl::prepare_plan(const Slot& slot) const {
  if (slot.plan && slot.plan->wants_balance()) slot.plan->see_balance(funds());
}

// The stakes of what is open are out of the venue's figure, and come back into it at their end or
// are lost then: with them it moves with results alone, whatever is open, here as in a back-test.
core::Money Engine::Impl::funds() const {
  auto sum = zero();
  if (!balance.shown()) return sum;
  sum += *balance.shown();
  for (const auto& [id, order] : ledger.exposed()) {
    if (order->state == OrderState::kOpen) sum += order->buy_price;
  }
  return sum;
}

bool Engine::Impl::stays_out(Slot& slot, const Decision& d) {
  if (d.restart_plan) restart_plan(slot);
  if (d.kind == Decision::Kind::kHalt) {
    const auto text = risk::sentence(*d.denied);
    note(slot, DecisionView::Kind::kHalted, text, d.denied);
    deny(slot);
    deny_wish(slot, text);
    halt(slot, "stop_loss", text);
    return true;
  }
  if (d.kind == Decision::Kind::kDrop) drop(slot, *d.denied);
  return d.kind != Decision::Kind::kEnter;
}

void Engine::Impl::consider_priced(Slot& slot, const strategy::Signal& signal,
                                   const market::Tick& tick, const PaidQuote* quote,
                                   std::int64_t turn) {
  // An amount of the signal's own stands for the plan's step and for its base.
  const auto base = signal.stake.value_or(slot.settings.staking.base);
  // A result has moved the plan since it was asked for: its stake now has a price of its own. The
  // base is asked for where nothing above it fits.
  const bool moved = quote != nullptr && !signal.stake && quote->stake != slot.plan->next() &&
                     quote->stake != base;
  if (moved) return consider_priced(slot, signal, tick, nullptr, turn);
  const auto amount = quote != nullptr ? quote->stake : signal.stake.value_or(slot.plan->next());
  // Before its price is known only what forbids any entry can be said. What is at stake is a part
  // of it; a payout is not.
  const bool of_payout = slot.settings.contract.basis == market::Basis::kPayout;
  const auto least =
      of_payout ? market::kind_of(signal.type).amounts.in(base.exponent()).min_stake : amount;
  const auto price = quote != nullptr ? quote->ask : least;
  // What the base costs, by the same price for a unit of the amount.
  const auto of_base =
      (quote == nullptr && of_payout) || amount == base
          ? price
          : core::Money::minor((price.units() * base.units() + amount.units() - 1) / amount.units(),
                               price.exponent());
  const auto s = standing(slot, turn);
  auto d = decide(price, of_base, s, slot.settings, limits);
  if (signal.stake) d = beside_plan(slot, std::move(d), s);
  if (stays_out(slot, d)) return;
  auto spec = make_spec(slot.settings, signal, tick.quote.decimals());
  if (!spec) [[unlikely]]
    return drop(slot, spec.error().text);
  if (ends_too_soon(*spec, tick.epoch)) [[unlikely]]
    return drop(slot, "its end has come too near");
  if (quote == nullptr) {
    return ask_quote(slot, signal, tick, *spec, of_payout ? amount : d.stake, turn);
  }
  // The plan began anew: that amount has a price of its own.
  if (d.stake != price) return ask_quote(slot, signal, tick, *spec, base, turn);
  if (!of_payout) {
    if (price <= amount) return drop(slot, "the venue names no fee for its deal cancellation");
    spec->multiplier_terms().fee = price - amount;
  } else if (const auto poor = risk::check_payout(price, quote->payout, slot.settings.guards)) {
    return drop(slot, *poor);
  }
  switch (twin_of(*spec, price)) {
    case Twin::kNone:
      return send(slot, *spec, tick, price, quote);
    case Twin::kInFlight:
      return drop(slot, "an order just like it waits for its answer");
    case Twin::kUnknown:
      return drop(slot, "an order just like it has an unknown outcome");
  }
}

Decision Engine::Impl::decide_for(Slot& slot, const strategy::Signal& signal, std::int64_t turn) {
  const auto s = standing(slot, turn);
  if (signal.stake) return decide_stake(slot, *signal.stake, s);
  return decide(slot.plan->next(), slot.settings.staking.base, s, slot.settings, limits);
}

/// Of the signal's own.
Decision Engine::Impl::decide_stake(const Slot& slot, core::Money stake,
                                    const risk::Standing& s) const {
  auto d = decide(stake, stake, s, slot.settings, limits);
  // A program has no plan at all that could begin anew below its stake.
  return slot.program != nullptr ? d : beside_plan(slot, std::move(d), s);
}

// A stake of the signal's own is neither the plan's step nor its base: one that does not fit is
// dropped, unless nothing that the plan could do would fit either. Of a payout the plan's base is
// at least its own price.
Decision Engine::Impl::beside_plan(const Slot& slot, Decision d, const risk::Standing& s) const {
  const auto base = slot.settings.staking.base;
  d.restart_plan = false;
  if (d.kind == Decision::Kind::kHalt &&
      decide(base, base, s, slot.settings, limits).kind != Decision::Kind::kHalt) {
    d.kind = Decision::Kind::kDrop;
  }
  return d;
}

// Two orders alike in flight at once could not be told apart if the link were lost now.
Engine::Impl::Twin Engine::Impl::twin_of(const market::ContractSpec& spec,
                                         core::Money stake) const {
  auto twin = Twin::kNone;
  for (const auto& [id, flight] : flights) {
    const auto& order = *ledger.find(id);
    if (order.spec.symbol != spec.symbol || order.stake != stake ||
        !market::booked_alike(order.spec.type, spec.type)) {
      continue;
    }
    if (order.state == OrderState::kUnknown) return Twin::kUnknown;
    twin = Twin::kInFlight;
  }
  return twin;
}

void Engine::Impl::hold(Slot& slot, const strategy::Signal& signal, const market::Tick& tick,
                        core::Money stake, std::int64_t turn) {
  if (waiting.size() >= kMaxWaiting) return drop(slot, "too many signals wait for an answer");
  note(slot, DecisionView::Kind::kWaiting, "waits for the answer to an order before it");
  waiting.push_back({&slot, signal, tick, stake, {}, signal_end(), turn, now.instant});
}

void Engine::Impl::ask_quote(Slot& slot, const strategy::Signal& signal, const market::Tick& tick,
                             const market::ContractSpec& spec, core::Money stake,
                             std::int64_t turn) {
  if (waiting.size() >= kMaxWaiting) return drop(slot, "too many signals wait for an answer");
  const auto id = ledger.reserve();
  note(slot, DecisionView::Kind::kWaiting, "asked for a quote");
  waiting.push_back({&slot, signal, tick, stake, id, signal_end(), turn, now.instant});
  out->push_back(SendQuote{id, spec, stake, slot.name()});
}

void Engine::Impl::send(Slot& slot, const market::ContractSpec& spec, const market::Tick& tick,
                        core::Money stake, const PaidQuote* quote) {
  const auto id = quote != nullptr ? quote->order : ledger.reserve();
  const auto& intent = ledger.intend(id, [&](execution::Order& order) {
    order.strategy = slot.name();
    order.spec = spec;
    order.stake = stake;
    order.intended_wall = now.wall;
    order.signal_epoch = tick.epoch;
  });
  balance.moves(now.instant);
  flights.set(intent.id, Flight{now.instant});
  slot.told.reset();
  if (slot.wish != 0) [[unlikely]]
    slot.wish_numbers[intent.id] = slot.wish;
  append_order(intent);
  if (slot.program != nullptr) [[unlikely]]
    keep_program(slot, intent.id);
  // Made in its place: it is large, and this is the way to the wire.
  auto& buy = std::get<SendBuy>(out->emplace_back(std::in_place_type<SendBuy>));
  buy.order = intent.id;
  buy.spec = spec;
  buy.stake = stake;
  if (quote != nullptr) buy.quote_id = quote->id;
  buy.strategy = slot.name();
  buy.signal_epoch = tick.epoch;
  if (!audience.people) return;
  note_entry(slot, intent);
  out->emplace_back(
      TellSent{intent.id, intent.strategy, intent.spec.symbol, intent.spec.type, intent.stake});
}

void Engine::Impl::drop(Slot& slot, const risk::Denied& denied) {
  deny(slot);
  if (slot.wish != 0) [[unlikely]]
    deny_wish(slot, risk::sentence(denied));
  if (audience.people) tell_denied(slot, denied);
  if (denied.limit == risk::Limit::kMinBalance) look_for_deposit();
}

void Engine::Impl::tell_denied(Slot& slot, const risk::Denied& denied) {
  const auto text = risk::sentence(denied);
  note(slot, DecisionView::Kind::kDropped, text, denied);
  // People are told of a budget once, not at every tick that it holds.
  const bool tells = denied.limit >= risk::Limit::kMaxOpenContracts && slot.told != denied.limit;
  if (tells) slot.told = denied.limit;
  auto e = event(tells ? EventKind::kOrderDenied : EventKind::kSignalDropped, slot);
  e.reason = core::Text::truncated(risk::name_of(denied.limit));
  e.text = core::Text::truncated(fmt::format("{}: {}", slot.name(), text));
  if (risk::is_money(denied.limit)) e.stake = denied.stake;
  tell(e);
}

// A deposit is believed only once it was asked for in a quiet moment.
void Engine::Impl::look_for_deposit() {
  if (balance.looks_for_deposit(now.instant)) ask_report();
}

void Engine::Impl::drop(Slot& slot, std::string_view why) {
  deny(slot);
  deny_wish(slot, why);
  note(slot, DecisionView::Kind::kDropped, why);
  auto e = event(EventKind::kSignalDropped, slot);
  e.text = core::Text::truncated(fmt::format("{}: {}", slot.name(), why));
  tell(e);
}

void Engine::Impl::restart_plan(Slot& slot) {
  if (!audience.journal) return slot.plan->restart();
  const auto before = slot.plan->save();
  slot.plan->restart();
  if (slot.plan->save() != before) append_slot(slot);
}

void Engine::Impl::quote_reply(const QuoteReply& reply) {
  if (program_quote(reply)) return;
  const auto it = std::find_if(waiting.begin(), waiting.end(), [&](const Waiting& w) {
    return w.quoting && w.quoting == reply.order;
  });
  if (it == waiting.end()) return;  // stale and dropped before
  const auto w = *it;
  waiting.erase(it);
  w.slot->wish = w.signal.wish;
  if (reply.quote_id.empty()) {
    drop(*w.slot, fmt::format("no quote: {}: {}", reply.code.view(), reply.reason.view()));
    learn(*w.slot, w.stake, w.since, {reply.kind, reply.code.view(), reply.reason.view()});
  } else if (reply.ask > w.stake && !has_fee(w.slot->settings, w.signal)) {
    drop(*w.slot, fmt::format("the venue asks {} instead of {}", reply.ask.to_string(),
                              w.stake.to_string()));
  } else {
    // Deriv's price holds the fee. Where one did not, it would be bought for the sum or not at all.
    const auto ask = reply.fee ? std::max(reply.ask, w.stake + *reply.fee) : reply.ask;
    const PaidQuote quote{reply.order, reply.quote_id, w.stake, reply.payout, ask};
    consider_again(w, &quote);
  }
  release_waiting();
}

/// Neither a hold nor another question lengthens a signal's life.
void Engine::Impl::consider_again(const Waiting& w, const PaidQuote* quote) {
  waited_until = w.deadline;
  consider(*w.slot, w.signal, w.tick, quote, w.turn);
  waited_until.reset();
}

core::Instant Engine::Impl::signal_end() const {
  return waited_until.value_or(now.instant + kSignalLife);
}

// In order, and none stands in the way of one before it: a signal that is held again goes to the
// back after those that came before it.
void Engine::Impl::release_waiting() {
  if (waiting.empty()) return;
  std::deque<Waiting> ready;
  for (std::size_t i = waiting.size(); i > 0; --i) {
    auto w = waiting.front();
    waiting.pop_front();
    (w.quoting ? waiting : ready).push_back(w);
  }
  for (const auto& w : ready) consider_again(w, nullptr);
}

}  // namespace derivd::engine
