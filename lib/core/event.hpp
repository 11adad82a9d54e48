// Owns EventKind and Event: what derivd tells people, as data. Pure rooms emit Events in their
// actions; service/ turns a kind into its MESSAGE_ID, level and catalog text. It never formats for
// a terminal and never carries a token.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/short_string.hpp"

namespace derivd::core {

/// One enumerator for each kind of journal entry. service/messages.* gives each its id and text; a
/// test checks that none is missing there or in the catalog.
enum class EventKind : std::uint8_t {
  kStarting,
  kReady,
  kStopping,
  kStopped,
  kConfigInvalid,
  kCredentialProblem,
  kSessionState,    // DERIVD_STATE
  kSessionLost,     // reason; will retry
  kSessionRefused,  // permanent: token, account, scope
  kAccountHeld,     // by another daemon of this machine, or its journal is
  kAccount,         // authorised: account, currency, balance
  kFrameRefused,    // a frame of the peer could not be understood
  kRateLimited,
  kSignalDropped,  // debug level: a signal that could not be entered
  kOrderDenied,    // the gate said no
  kOrderSent,
  kOrderRefused,
  kContractBought,
  kOrderUnknown,
  kOrderResolved,  // an Unknown order found its evidence
  kOrderAmbiguous,
  kContractSettled,
  kSettlementMismatch,  // our recomputation or a later witness disagrees
  kForeignContract,
  kStrategyHalted,
  kOperatorHalt,  // reason: the operator's own words
  kStrategyPaused,
  kStrategyResumed,
  kScriptMessage,  // a user's program says it: DERIVD_REASON is its place, DERIVD_STATE the level
  kStrategyWaits,  // the venue refuses its purchases: asked again at growing intervals
  kEarlySale,      // a rule of `exit:`: DERIVD_STATE asked, refused, unknown, open; DERIVD_REASON
  kAccountLimit,
  kTickGap,
  kSymbolSilent,  // no tick of it for long, or ticks again: DERIVD_STATE
  kJournalProblem,
  kControlCommand,
  kLogDropped,      // entries that the log could not take
  kLockProblem,     // the account's lock: somebody stands in for a holder, or it has no place
  kMetricsProblem,  // the page for Prometheus: not served, or shown to the network
  kNotifyProblem,   // notifications do not arrive, or arrive again
  kWatchdog,
  kReconciled,
  kConfigChanged,  // one key, old and new value
  kReloadDone,
  kReloadRefused,  // the old configuration stays in force
  kCount_,
};

inline constexpr std::size_t kEventKindCount = static_cast<std::size_t>(EventKind::kCount_);

/// Stable lower-case name, the value of DERIVD_EVENT: "contract_bought".
std::string_view name_of(EventKind kind);

/// Fields are present only where they have a meaning; the names are those of the journal.
struct Event {
  EventKind kind = EventKind::kStarting;
  Text text;  // one line for people, complete without the fields
  Name strategy;
  ShortString<32> symbol;
  ShortString<16> contract_type;
  ContractId contract_id;
  OrderId order_id;
  std::optional<Money> stake;
  std::optional<Money> payout;
  std::optional<Money> profit;
  Text reason;
  ShortString<32> account;
  ShortString<24> state;
};

}  // namespace derivd::core
