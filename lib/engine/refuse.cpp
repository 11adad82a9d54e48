// What a strategy learns from the venue's no: to wait, to give way, and in the end to stop.
#include <fmt/format.h>

#include "engine/impl.hpp"
#include "market/multiplier.hpp"

namespace derivd::engine {

using core::EventKind;
using execution::OrderState;
using execution::Refusal;
using execution::RefusalKind;

namespace {

/// Of the venue's words, so that what to do about them still fits into one text.
constexpr std::size_t kWords = 90;

bool is_strike(RefusalKind kind) {
  return kind == RefusalKind::kParameters || kind == RefusalKind::kStake;
}

std::string refusal_words(const Refusal& r) {
  if (r.message.empty()) return std::string(r.code);
  return fmt::format("{}: {}", r.code, core::ShortString<kWords>::truncated(r.message).view());
}

}  // namespace

void Engine::Impl::refused(core::OrderId id, const Refusal& refusal) {
  const auto* order = ledger.find(id);
  if (order == nullptr ||
      (order->state != OrderState::kIntended && order->state != OrderState::kUnknown)) {
    return;
  }
  const auto asked = flights.at(id).sent;
  const auto& gone = ledger.refuse(id, refusal.code);
  flights.erase(id);
  auto& slot = slot_for(gone.strategy);
  program_refused(slot, id, refusal);
  append(execution::OrderRecord{gone});
  if (slot.program != nullptr) append_slot(slot);
  slot.last_decision = core::Text::truncated(fmt::format("refused by the venue: {}", refusal.code));
  auto e = event(EventKind::kOrderRefused, gone);
  e.reason = core::Text::truncated(refusal.code);
  e.text = core::Text::truncated(
      fmt::format("order {} refused: {}: {}", id.value, refusal.code, refusal.message));
  tell(e);
  // What the plan says is beside the fee of a deal cancellation.
  learn(slot, market::stake_in(gone.spec, gone.stake), asked, refusal);
  if (const auto wish = slot.wish_numbers.find(id); wish != slot.wish_numbers.end()) {
    deny_wish(slot, wish->second, refusal_words(refusal));
    slot.wish_numbers.erase(wish);
  }
  release_waiting();
  flush_held();
}

/// `asked`: when the venue was asked. Answers to what was asked before the last refusal came are of
/// the same burst: several contracts at once must not use up a strategy's attempts at once.
void Engine::Impl::learn(Slot& slot, core::Money stake, core::Instant asked,
                         const Refusal& refusal) {
  if (refusal.kind == RefusalKind::kSingular) return;
  slot.refusal = core::Text::truncated(refusal_words(refusal));
  const bool raised = slot.plan && slot.program == nullptr && stake > slot.settings.staking.base;
  if (raised && refusal.kind == RefusalKind::kStake) slot.plan->refuse(stake);
  if (slot.refusals.row > 0 && asked < slot.refused_at) {
    slot.refusals.count_again();
  } else {
    slot.refused_at = now.instant;
    slot.refusals.count(is_strike(refusal.kind), venue_time());
  }
  if (refusal.kind == RefusalKind::kForGood || (slot.refusals.spent() && !slot.halted)) {
    return halt(
        slot, "refused",
        refusal.kind == RefusalKind::kForGood
            ? refusal_words(refusal)
            : fmt::format("{} ({} times in a row)", refusal_words(refusal), slot.refusals.row));
  }
  // A closed market is told at once, the rest when it lasts.
  const bool lasts =
      slot.refusals.row >= risk::kToldRefusals || refusal.kind == RefusalKind::kClosed;
  const bool tells = lasts && !slot.refusals.told && !slot.halted;
  slot.refusals.told |= tells;
  append_slot(slot);
  if (tells) tell_waiting(slot, is_strike(refusal.kind));
}

void Engine::Impl::tell_waiting(const Slot& slot, bool halts) {
  const auto then = halts ? fmt::format("halts after {} in a row", risk::kMaxStrikes)
                          : std::string("goes on when they are taken");
  auto e = event(EventKind::kStrategyWaits, slot);
  e.reason = slot.refusal;
  e.text = core::Text::truncated(
      fmt::format("{} waits: its purchases are refused, {}; asks again at growing intervals, {}",
                  slot.name(), slot.refusal.view(), then));
  tell(e);
}

void Engine::Impl::taken(Slot& slot) {
  const bool told = slot.refusals.told;
  slot.refusals.end();
  slot.refusal = {};
  append_slot(slot);
  if (!told) return;
  auto e = event(EventKind::kStrategyResumed, slot);
  e.text = core::Text::truncated(fmt::format("{}: its purchases are taken again", slot.name()));
  tell(e);
}

}  // namespace derivd::engine
