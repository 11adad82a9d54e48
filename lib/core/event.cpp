#include "core/event.hpp"

namespace derivd::core {

std::string_view name_of(EventKind kind) {
  switch (kind) {
    case EventKind::kStarting:
      return "starting";
    case EventKind::kReady:
      return "ready";
    case EventKind::kStopping:
      return "stopping";
    case EventKind::kStopped:
      return "stopped";
    case EventKind::kConfigInvalid:
      return "config_invalid";
    case EventKind::kCredentialProblem:
      return "credential_problem";
    case EventKind::kSessionState:
      return "session_state";
    case EventKind::kSessionLost:
      return "session_lost";
    case EventKind::kSessionRefused:
      return "session_refused";
    case EventKind::kAccountHeld:
      return "account_held";
    case EventKind::kAccount:
      return "account";
    case EventKind::kFrameRefused:
      return "frame_refused";
    case EventKind::kRateLimited:
      return "rate_limited";
    case EventKind::kSignalDropped:
      return "signal_dropped";
    case EventKind::kOrderDenied:
      return "order_denied";
    case EventKind::kOrderSent:
      return "order_sent";
    case EventKind::kOrderRefused:
      return "order_refused";
    case EventKind::kContractBought:
      return "contract_bought";
    case EventKind::kOrderUnknown:
      return "order_unknown";
    case EventKind::kOrderResolved:
      return "order_resolved";
    case EventKind::kOrderAmbiguous:
      return "order_ambiguous";
    case EventKind::kContractSettled:
      return "contract_settled";
    case EventKind::kSettlementMismatch:
      return "settlement_mismatch";
    case EventKind::kForeignContract:
      return "foreign_contract";
    case EventKind::kStrategyHalted:
      return "strategy_halted";
    case EventKind::kOperatorHalt:
      return "operator_halt";
    case EventKind::kStrategyPaused:
      return "strategy_paused";
    case EventKind::kStrategyResumed:
      return "strategy_resumed";
    case EventKind::kScriptMessage:
      return "script_message";
    case EventKind::kStrategyWaits:
      return "strategy_waits";
    case EventKind::kEarlySale:
      return "early_sale";
    case EventKind::kAccountLimit:
      return "account_limit";
    case EventKind::kTickGap:
      return "tick_gap";
    case EventKind::kSymbolSilent:
      return "symbol_silent";
    case EventKind::kJournalProblem:
      return "journal_problem";
    case EventKind::kControlCommand:
      return "control_command";
    case EventKind::kLogDropped:
      return "log_dropped";
    case EventKind::kLockProblem:
      return "lock_problem";
    case EventKind::kMetricsProblem:
      return "metrics_problem";
    case EventKind::kNotifyProblem:
      return "notify_problem";
    case EventKind::kWatchdog:
      return "watchdog";
    case EventKind::kReconciled:
      return "reconciled";
    case EventKind::kConfigChanged:
      return "config_changed";
    case EventKind::kReloadDone:
      return "reload_done";
    case EventKind::kReloadRefused:
      return "reload_refused";
    case EventKind::kCount_:
      break;
  }
  return "unknown";
}

}  // namespace derivd::core
