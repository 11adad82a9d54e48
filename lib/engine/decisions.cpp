// What became of the last signals of each strategy, for people.
#include "core/short_format.hpp"
#include "engine/impl.hpp"

namespace derivd::engine {

std::string_view name_of(DecisionView::Kind kind) {
  switch (kind) {
    case DecisionView::Kind::kEntered:
      return "entered";
    case DecisionView::Kind::kWaiting:
      return "waiting";
    case DecisionView::Kind::kDropped:
      return "dropped";
    case DecisionView::Kind::kHalted:
      return "halted";
    case DecisionView::Kind::kVirtual:
      return "virtual";
  }
  return "dropped";
}

void Engine::Impl::note_signal(Slot& slot, const strategy::Signal& signal,
                               const market::Tick& tick) {
  slot.considered = {};
  slot.considered.tick = tick.epoch;
  slot.considered.type = signal.type;
  if (slot.plan) slot.considered.planned = signal.stake.value_or(slot.plan->next());
}

void Engine::Impl::note(Slot& slot, DecisionView::Kind kind, std::string_view text,
                        const std::optional<risk::Denied>& denied) {
  if (!audience.people) return;
  slot.last_decision = core::Text::truncated(text);
  if (slot.considered.tick.s == 0) return;  // no signal has been raised in this run
  auto& d = slot.considered;
  d.kind = kind;
  d.wall = now.wall;
  d.denied = denied;
  d.text = slot.last_decision;
  d.times = 1;
  auto& ring = slot.decided;
  auto* last =
      ring.empty() ? nullptr : &ring[(slot.next_decided + kKeptDecisions - 1) % kKeptDecisions];
  if (last != nullptr && last->tick == d.tick) {
    // The same signal, decided anew after it waited.
    d.times = last->times;
    *last = d;
    return;
  }
  // A strategy that meets one limit for an hour must not push out why it stopped before.
  const bool again = last != nullptr && kind == DecisionView::Kind::kDropped &&
                     last->kind == kind && denied && last->denied &&
                     last->denied->limit == denied->limit;
  if (again) {
    d.times = last->times + 1;
    *last = d;
    return;
  }
  if (ring.size() < kKeptDecisions) {
    if (ring.empty()) ring.reserve(kKeptDecisions);  // the one allocation
    ring.push_back(d);
  } else {
    ring[slot.next_decided] = d;
  }
  slot.next_decided = (slot.next_decided + 1) % kKeptDecisions;
}

void Engine::Impl::note_entry(Slot& slot, const execution::Order& intent) {
  if (!audience.people) return;
  slot.considered.order = intent.id;
  slot.considered.stake = intent.stake;
  note(slot, DecisionView::Kind::kEntered,
       core::short_format("entered {} at {}", market::name_of(intent.spec.type),
                          intent.stake.to_string()));
}

std::vector<DecisionView> Engine::decisions(std::string_view strategy, std::size_t last) const {
  std::vector<DecisionView> out;
  const auto* slot = impl_->find_slot(strategy);
  if (slot == nullptr) return out;
  const auto& ring = slot->decided;
  for (std::size_t i = 0; i < std::min(last, ring.size()); ++i) {
    out.push_back(ring[(slot->next_decided + kKeptDecisions - 1 - i) % kKeptDecisions]);
  }
  return out;
}

}  // namespace derivd::engine
