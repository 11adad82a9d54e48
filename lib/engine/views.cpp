// What people may see: built on request, never on the hot path.
#include <fmt/format.h>

#include <algorithm>

#include "engine/impl.hpp"

namespace derivd::engine {

using execution::OrderState;

std::string_view name_of(StrategyStatus status) {
  switch (status) {
    case StrategyStatus::kRunning:
      return "running";
    case StrategyStatus::kPaused:
      return "paused";
    case StrategyStatus::kHalted:
      return "halted";
    case StrategyStatus::kDisabled:
      return "disabled";
    case StrategyStatus::kBlocked:
      return "blocked";
  }
  return "?";
}

namespace {

/// A pause of minutes or hours, in the order of the gate.
core::Text guard_words(const risk::GuardState& guards, core::VenueTime now) {
  risk::Denied d;
  if (guards.pausing(now)) {
    d.limit = risk::Limit::kAfterLosses;
    d.until = guards.pausing_until;
  } else if (guards.falling(now)) {
    d.limit = risk::Limit::kDrawdown;
    d.until = guards.falling_until;
  }
  return d.until ? core::Text::truncated(risk::sentence(d)) : core::Text{};
}

/// What the quotes of the last signal made of the plan ends with that signal, as with a restart.
/// Its order may still be refused, so the plan itself is left as it is.
core::Money stake_of_next_signal(const Slot& slot) {
  if (!slot.plan->wants_quote()) return slot.plan->next();
  const auto& settings = slot.settings.staking;
  const auto after = staking::find_plan(settings.plan)->make(settings);
  return after->load(slot.plan->save()) ? after->next() : slot.plan->next();
}

}  // namespace

StrategyView Engine::Impl::view(const Slot& slot) const {
  StrategyView v;
  v.name = slot.name();
  v.type = slot.settings.type;
  v.symbol = slot.settings.symbol;
  v.trades = slot.trades;
  v.won = slot.won;
  v.lost = slot.lost;
  v.profit = slot.session.realised;
  v.peak = slot.session.peak;
  prepare_plan(slot);
  if (slot.plan) v.next_stake = stake_of_next_signal(slot);
  if (slot.program != nullptr) v.next_stake = slot.considered.planned;  // of its last purchase
  if (slot.last_epoch.s != 0) v.last_tick = slot.last_epoch;
  v.last_decision = slot.last_decision.text();
  v.change_pending = slot.pending.has_value();
  v.refused = slot.refusals.total;
  v.refused_in_row = slot.refusals.row;
  v.refused_until = slot.refusals.waiting(venue_time());
  v.refusal = slot.refusal;
  v.guard = guard_words(slot.guards, venue_time());
  if (slot.volatility && slot.volatility->ready()) v.volatility = slot.volatility->percent();
  for (const auto& [id, order] : ledger.exposed()) {
    if (order->strategy == slot.name()) ++v.open;
  }
  if (slot.settings.contract.alternate) v.swapped = slot.swapped;
  if (slot.settings.hook) {
    v.hook = core::Text::truncated(hook_text(*slot.settings.hook, slot.hook));
    v.is_virtual = !slot.hook.real;
  }
  if (slot.halted) {
    v.status = StrategyStatus::kHalted;
    v.halt_kind = slot.halt_kind;
    v.reason = slot.halt_reason;
  } else if (!slot.runs()) {
    v.status = StrategyStatus::kDisabled;
  } else if (slot.paused) {
    v.status = StrategyStatus::kPaused;
    v.reason = slot.pause_reason;
  } else if (has_unknown(slot)) {
    v.status = StrategyStatus::kBlocked;
    v.reason = "an order's outcome is not proven yet";
  } else if (!v.guard.empty()) {
    v.reason = v.guard;
  } else if (slot.refusals.row > 0) {
    v.reason =
        core::Text::truncated(fmt::format("{} refused in a row{}{}", slot.refusals.row,
                                          slot.refusal.empty() ? "" : ": ", slot.refusal.view()));
  } else if (!v.hook.empty()) {
    v.reason = v.hook;
  } else if (slot.program != nullptr) {
    const auto program = slot.program->view();
    v.reason = core::Text::truncated(fmt::format("its program: {}{}{}", program.phase,
                                                 program.waiting.empty() ? "" : ", waits ",
                                                 program.waiting));
  }
  return v;
}

AccountView Engine::Impl::account() const {
  AccountView v;
  v.balance = balance.shown();
  v.day_profit = day_profit();
  v.day_trades = day_trades();
  for (const auto& [id, order] : ledger.exposed()) {
    v.open_stake += execution::at_risk(*order);
    if (order->state == OrderState::kOpen) ++v.open_contracts;
    if (order->state == OrderState::kUnknown) ++v.unknown_orders;
  }
  return v;
}

std::vector<market::SymbolCode> Engine::symbols() const {
  std::vector<market::SymbolCode> out;
  for (const auto& feed : impl_->feeds) out.push_back(feed->symbol());
  return out;
}

std::optional<core::VenueTime> Engine::ticks_from(const market::SymbolCode& symbol) const {
  std::optional<core::VenueTime> from;
  const auto take = [&](core::VenueTime at) { from = from ? std::min(*from, at) : at; };
  for (const auto& slot : impl_->slots) {
    const bool wants = slot->runs() && slot->settings.symbol == symbol;
    if (wants && slot->last_epoch.s != 0) take(slot->last_epoch);
  }
  for (const auto& [id, order] : impl_->ledger.exposed()) {
    if (order->state == OrderState::kOpen && order->spec.symbol == symbol) {
      take(order->purchase_time);
    }
  }
  return from;
}

std::vector<rules::RuleView> Engine::rules(std::string_view strategy) const {
  const auto* slot = impl_->find_slot(strategy);
  if (slot == nullptr || !slot->strategy) return {};
  return slot->strategy->explain();
}

std::optional<strategy::ProgramView> Engine::program(std::string_view strategy) const {
  const auto* slot = impl_->find_slot(strategy);
  if (slot == nullptr || slot->program == nullptr) return std::nullopt;
  return slot->program->view();
}

bool Engine::wants_past() const {
  return std::any_of(impl_->slots.begin(), impl_->slots.end(), [](const auto& slot) {
    return slot->runs() && (slot->wants_past || slot->volatility);
  });
}

std::uint64_t Engine::symbols_revision() const { return impl_->symbols_revision; }

std::vector<StrategyView> Engine::strategies() const {
  std::vector<StrategyView> out;
  for (const auto& slot : impl_->slots) {
    auto view = impl_->view(*slot);
    // A strategy that the configuration no longer has is shown while something of it is open.
    if (slot->configured || view.open > 0) out.push_back(std::move(view));
  }
  return out;
}

AccountView Engine::account() const { return impl_->account(); }

std::optional<execution::Order> Engine::order_of(core::ContractId contract) const {
  const auto* order = impl_->ledger.find(contract);
  return order == nullptr ? std::nullopt : std::optional(*order);
}

bool Engine::is_ours(core::ContractId contract) const { return impl_->ledger.is_ours(contract); }

bool Engine::is_foreign(core::ContractId contract) const { return impl_->foreign.has(contract); }

std::vector<execution::Order> Engine::open_orders() const {
  std::vector<execution::Order> out;
  for (const auto& [id, order] : impl_->ledger.exposed()) out.push_back(*order);
  return out;
}

}  // namespace derivd::engine
