#include "service/limiter.hpp"

#include <fmt/format.h>

namespace derivd::service {

bool is_repetitive(core::EventKind kind) {
  using core::EventKind;
  switch (kind) {
    case EventKind::kSessionState:
    case EventKind::kSessionLost:
    case EventKind::kFrameRefused:
    case EventKind::kRateLimited:
    case EventKind::kSignalDropped:
    case EventKind::kOrderDenied:
    case EventKind::kForeignContract:
    case EventKind::kAccountLimit:
    case EventKind::kTickGap:
    case EventKind::kSymbolSilent:
    case EventKind::kJournalProblem:
    case EventKind::kMetricsProblem:
    case EventKind::kNotifyProblem:
    case EventKind::kWatchdog:
    case EventKind::kScriptMessage:
      return true;
    case EventKind::kStarting:
    case EventKind::kReady:
    case EventKind::kStopping:
    case EventKind::kStopped:
    case EventKind::kConfigInvalid:
    case EventKind::kCredentialProblem:
    case EventKind::kSessionRefused:
    case EventKind::kAccountHeld:
    case EventKind::kAccount:
    case EventKind::kOrderSent:
    case EventKind::kOrderRefused:
    case EventKind::kContractBought:
    case EventKind::kOrderUnknown:
    case EventKind::kOrderResolved:
    case EventKind::kOrderAmbiguous:
    case EventKind::kContractSettled:
    case EventKind::kSettlementMismatch:
    case EventKind::kStrategyHalted:
    case EventKind::kOperatorHalt:
    case EventKind::kStrategyPaused:
    case EventKind::kStrategyResumed:
    case EventKind::kStrategyWaits:
    case EventKind::kEarlySale:
    case EventKind::kControlCommand:
    case EventKind::kLogDropped:
    case EventKind::kLockProblem:
    case EventKind::kReconciled:
    case EventKind::kConfigChanged:
    case EventKind::kReloadDone:
    case EventKind::kReloadRefused:
    case EventKind::kCount_:
      return false;
  }
  return false;
}

RepeatLimiter::Verdict RepeatLimiter::admit(const core::Event& event, core::Instant now) {
  if (!is_repetitive(event.kind)) return {};
  // The text is left out: it often holds numbers that differ each time.
  // Each foreign contract has an id of its own, and another program may buy them by the hundred.
  const auto contract =
      event.kind == core::EventKind::kForeignContract ? 0 : event.contract_id.value;
  auto key = fmt::format("{}\n{}\n{}\n{}\n{}", static_cast<int>(event.kind), event.strategy,
                         event.symbol, contract, event.state);
  auto it = windows_.find(key);
  if (it == windows_.end()) {
    if (windows_.size() >= kMaxKeys) {
      std::erase_if(windows_, [&](const auto& w) { return now - w.second.begin >= kWindow; });
      if (windows_.size() >= kMaxKeys) windows_.clear();
    }
    windows_.emplace(std::move(key), Window{now, 1, 0, {}});
    return {};
  }
  auto& window = it->second;
  if (now - window.begin >= kWindow) {
    const Verdict verdict{true, window.held_back};
    window = Window{now, 1, 0, {}};
    return verdict;
  }
  if (++window.count <= kBurst) return {};
  ++window.held_back;
  window.last = event;
  return {false, 0};
}

std::vector<RepeatLimiter::Rest> RepeatLimiter::take_rests(core::Instant now, bool all) {
  std::vector<Rest> rests;
  for (auto it = windows_.begin(); it != windows_.end();) {
    auto& window = it->second;
    if (!all && now - window.begin < kWindow) {
      ++it;
      continue;
    }
    if (window.held_back > 0) rests.push_back({window.last, window.held_back});
    it = windows_.erase(it);
  }
  return rests;
}

}  // namespace derivd::service
