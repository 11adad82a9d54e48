#include "service/limiter.hpp"

#include <fmt/format.h>

namespace derivd::service {

bool is_repetitive(core::EventKind kind) {
  using core::EventKind;
  switch (kind) {
    case EventKind::kSessionLost:
    case EventKind::kFrameRefused:
    case EventKind::kRateLimited:
    case EventKind::kSignalDropped:
    case EventKind::kOrderDenied:
    case EventKind::kForeignContract:
    case EventKind::kAccountLimit:
    case EventKind::kTickGap:
    case EventKind::kJournalProblem:
    case EventKind::kMetricsProblem:
    case EventKind::kNotifyProblem:
    case EventKind::kWatchdog:
      return true;
    case EventKind::kStarting:
    case EventKind::kReady:
    case EventKind::kStopping:
    case EventKind::kStopped:
    case EventKind::kConfigInvalid:
    case EventKind::kCredentialProblem:
    case EventKind::kSessionState:
    case EventKind::kSessionRefused:
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
    case EventKind::kStrategyPaused:
    case EventKind::kStrategyResumed:
    case EventKind::kControlCommand:
    case EventKind::kReconciled:
    case EventKind::kCount_:
      return false;
  }
  return false;
}

RepeatLimiter::Verdict RepeatLimiter::admit(const core::Event& event, core::Instant now) {
  if (!is_repetitive(event.kind)) return {};
  // The text is left out: it often holds numbers that differ each time.
  auto key = fmt::format("{}\n{}\n{}\n{}", static_cast<int>(event.kind), event.strategy,
                         event.symbol, event.contract_id.value);
  auto it = windows_.find(key);
  if (it == windows_.end()) {
    if (windows_.size() >= kMaxKeys) {
      std::erase_if(windows_, [&](const auto& w) { return now - w.second.begin >= kWindow; });
      if (windows_.size() >= kMaxKeys) windows_.clear();
    }
    windows_.emplace(std::move(key), Window{now, 1, 0});
    return {};
  }
  auto& window = it->second;
  if (now - window.begin >= kWindow) {
    const Verdict verdict{true, window.held_back};
    window = Window{now, 1, 0};
    return verdict;
  }
  if (++window.count <= kBurst) return {};
  ++window.held_back;
  return {false, 0};
}

}  // namespace derivd::service
