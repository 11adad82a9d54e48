// What became of the last signals of each strategy, for people.
#include "core/short_format.hpp"
#include "engine/impl.hpp"

namespace derivd::engine {
namespace {

core::Text entered_words(market::ContractType type, core::Money stake) {
  return core::short_format("entered {} at {}", market::name_of(type), stake.to_string());
}

}  // namespace

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

core::Text LastDecision::text() const { return entered_ ? entered_words(type_, stake_) : why_; }

void Engine::Impl::note(Slot& slot, DecisionView::Kind kind, std::string_view text,
                        const std::optional<risk::Denied>& denied) {
  if (!audience.people) return;
  const auto words = core::Text::truncated(text);
  slot.last_decision = words;
  slot.considered.denied = denied;
  slot.considered.text = words;
  keep_decision(slot, kind);
}

/// The signal at hand, as it was decided.
void Engine::Impl::keep_decision(Slot& slot, DecisionView::Kind kind) {
  auto& d = slot.considered;
  if (d.tick.s == 0) return;  // no signal has been raised in this run
  d.kind = kind;
  d.wall = now.wall;
  d.times = 1;
  const auto& denied = d.denied;
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
  auto& d = slot.considered;
  d.order = intent.id;
  d.stake = intent.stake;
  d.bought = intent.spec.type;
  d.denied.reset();
  slot.last_decision.entered(intent.spec.type, intent.stake);
  keep_decision(slot, DecisionView::Kind::kEntered);
}

std::vector<DecisionView> Engine::decisions(std::string_view strategy, std::size_t last) const {
  std::vector<DecisionView> out;
  const auto* slot = impl_->find_slot(strategy);
  if (slot == nullptr) return out;
  const auto& ring = slot->decided;
  for (std::size_t i = 0; i < std::min(last, ring.size()); ++i) {
    auto& d =
        out.emplace_back(ring[(slot->next_decided + kKeptDecisions - 1 - i) % kKeptDecisions]);
    if (d.kind == DecisionView::Kind::kEntered) d.text = entered_words(d.bought, d.stake);
  }
  return out;
}

}  // namespace derivd::engine
