// Stops that stay, and the operator's commands.
#include <fmt/format.h>

#include <algorithm>

#include "engine/impl.hpp"

namespace derivd::engine {

using core::EventKind;

namespace {

constexpr std::string_view kRefused = "refused";
constexpr std::string_view kScript = "script";
constexpr std::string_view kNotOffered = "not_offered";

/// Shown wherever somebody asks why it does not trade: never nothing.
std::string_view operators_words(std::string_view reason) {
  return reason.empty() ? "by the operator, who gave no reason" : reason;
}

}  // namespace

void Engine::Impl::latch_halt(Slot& slot, std::string_view kind, std::string_view reason) {
  slot.halted = true;
  slot.halt_kind = core::ShortString<32>::truncated(kind);
  slot.halt_reason = core::Text::truncated(reason);
  append(execution::HaltRecord{slot.name(), true, slot.halt_kind, slot.halt_reason, now.wall,
                               venue_time()});
}

void Engine::Impl::tell_halted(const Slot& slot) {
  // Whoever reads of a limit filters by its name; of a person, the words are what there is to know.
  const bool by_operator = slot.halt_kind == kByOperator;
  auto e = event(by_operator ? EventKind::kOperatorHalt : EventKind::kStrategyHalted, slot);
  e.reason = by_operator ? slot.halt_reason : core::Text::truncated(slot.halt_kind.view());
  e.profit = slot.session.realised;
  const auto head = fmt::format("{} halted ({}): ", slot.name(), slot.halt_kind.view());
  const auto todo =
      slot.halt_kind == kRefused || slot.halt_kind == kScript || slot.halt_kind == kNotOffered
          ? fmt::format("; see to it, then {} resume {}", audience.ctl, slot.name())
          : std::string{};
  const auto room =
      core::Text::kCapacity - std::min(core::Text::kCapacity, head.size() + todo.size());
  e.text =
      core::Text::truncated(head + std::string(slot.halt_reason.view().substr(0, room)) + todo);
  tell(e);
}

void Engine::Impl::halt(Slot& slot, std::string_view kind, std::string_view reason) {
  latch_halt(slot, kind, reason);
  append_slot(slot);
  slot.last_decision = slot.halt_reason;
  tell_halted(slot);
}

void Engine::Impl::latch_daily_profit() {
  const auto& limit = settings.limits.daily_profit;
  if (!limit || daily_profit_reached || day_profit() < *limit) return;
  daily_profit_reached = true;
  const auto text = core::Text::truncated(
      fmt::format("daily_profit: {} of {} reached, no entries until the day ends",
                  day_profit().to_string(), limit->to_string()));
  append(execution::HaltRecord{{}, true, "daily_profit", text, now.wall, venue_time()});
  core::Event e;
  e.kind = EventKind::kAccountLimit;
  e.reason = "daily_profit";
  e.profit = day_profit();
  e.text = text;
  tell(e);
}

// A session that ended by its own limit would end again at once: it starts anew.
void Engine::Impl::resume(Slot& slot) {
  const bool was_halted = slot.halted;
  const bool session_over =
      was_halted && (slot.halt_kind == "take_profit" || slot.halt_kind == "stop_loss");
  // The operator has looked: what could not be told apart is not ours.
  std::vector<core::OrderId> unclear;
  for (const auto& [id, flight] : flights) {
    if (flight.told_ambiguous && ledger.find(id)->strategy == slot.name()) unclear.push_back(id);
  }
  for (const auto id : unclear) absent(id, "ambiguous; the operator resumed");
  slot.paused = false;
  slot.pause_reason = {};
  slot.halted = false;
  slot.halt_kind = {};
  slot.halt_reason = {};
  slot.told.reset();
  slot.refusals.end();
  slot.refusal = {};
  if (session_over) slot.new_session();
  if (was_halted && slot.program != nullptr && slot.program->is_over()) slot.program->begin_anew();
  if (was_halted) {
    append(
        execution::HaltRecord{slot.name(), false, kByOperator, "resumed", now.wall, venue_time()});
  }
  append_slot(slot);
  match_scripts();
  auto e = event(EventKind::kStrategyResumed, slot);
  e.text = core::Text::truncated(
      fmt::format("{} resumed{}", slot.name(), session_over ? " with a new session" : ""));
  tell(e);
}

namespace {

template <class Slots, class Act>
bool for_named(const Slots& slots, std::string_view name, Act&& act) {
  bool any = name.empty();
  for (const auto& slot : slots) {
    if (!slot->configured || (!name.empty() && slot->name() != name)) continue;
    any = true;
    act(*slot);
  }
  return any;
}

}  // namespace

bool Engine::pause(std::string_view name, std::string_view reason, const core::Now& now,
                   Actions& out) {
  impl_->begin(now, out);
  return for_named(impl_->slots, name, [&](Slot& slot) {
    slot.paused = true;
    slot.pause_reason = core::Text::truncated(operators_words(reason));
    impl_->append_slot(slot);
    auto e = impl_->event(EventKind::kStrategyPaused, slot);
    e.reason = core::Text::truncated(operators_words(reason));
    e.text =
        core::Text::truncated(fmt::format("{} paused: {}", slot.name(), operators_words(reason)));
    impl_->tell(e);
  });
}

bool Engine::resume(std::string_view name, const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  const bool known = for_named(impl_->slots, name, [&](Slot& slot) { impl_->resume(slot); });
  impl_->flush_held();
  impl_->run_programs();
  return known;
}

bool Engine::halt(std::string_view name, std::string_view reason, const core::Now& now,
                  Actions& out) {
  impl_->begin(now, out);
  return for_named(impl_->slots, name, [&](Slot& slot) {
    // A halt by a limit says more than the operator's, and resuming it starts a new session.
    const bool new_words = slot.halt_kind == kByOperator && !reason.empty() &&
                           slot.halt_reason != core::Text::truncated(reason);
    if (!slot.halted || new_words) impl_->halt(slot, kByOperator, operators_words(reason));
  });
}

void Engine::not_offered(std::string_view name, std::string_view reason, const core::Now& now,
                         Actions& out) {
  impl_->begin(now, out);
  for_named(impl_->slots, name, [&](Slot& slot) {
    if (slot.runs() && !slot.halted) impl_->halt(slot, kNotOffered, reason);
  });
}

void Engine::learn(const market::Symbols& symbols) { impl_->venue = symbols; }

void Engine::drain(const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  impl_->draining = true;
  impl_->waiting.clear();
  for (auto& slot : impl_->slots) {
    const bool newer = slot->saved_at != slot->last_epoch || slot->program != nullptr;
    if (slot->runs() && newer) impl_->append_slot(*slot);
  }
}

bool Engine::drained() const { return impl_->in_flight() == 0 && !impl_->sales.awaits_answer(); }

}  // namespace derivd::engine
