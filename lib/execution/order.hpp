// Owns Order, one purchase from intent to settlement, and its states. The ledger moves orders
// through them, the journal keeps every move, derivctl shows them. It never sends anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/short_string.hpp"
#include "core/time.hpp"
#include "market/spec.hpp"
#include "market/tick.hpp"

namespace derivd::execution {

/// Intended → Open → Settled is the good life. Every buy ends as Refused (the venue proved it),
/// Open (accepted) or Unknown; Unknown ends only by evidence, as Open/Settled or Absent. A denial
/// by our own gate never becomes an order.
enum class OrderState : std::uint8_t {
  kIntended,  // journaled; its bytes may have left
  kUnknown,   // sent, outcome not proven: blocks its strategy
  kOpen,      // the venue gave a contract id
  kRefused,   // the venue said no
  kAbsent,    // evidence that the venue never bought it
  kSettled,
};
std::string_view name_of(OrderState state);  // "intended", "unknown", "open", "refused", …
std::optional<OrderState> order_state_from(std::string_view name);

constexpr bool is_final(OrderState s) {
  return s == OrderState::kRefused || s == OrderState::kAbsent || s == OrderState::kSettled;
}
/// Counts against every budget.
constexpr bool is_exposed(OrderState s) { return !is_final(s); }

/// kCancelled: by its deal cancellation, ours or the venue's in the place of a stop-out.
enum class Outcome : std::uint8_t { kNone, kWon, kLost, kBreakEven, kSold, kCancelled };
/// "none", "won", "lost", "break_even", "sold", "cancelled".
std::string_view name_of(Outcome outcome);
std::optional<Outcome> outcome_from(std::string_view name);

/// Which witness settled: the first that spoke.
enum class Witness : std::uint8_t { kNone, kContractStream, kTransaction, kPoll, kReconciliation };
std::string_view name_of(Witness witness);

struct Order {
  core::OrderId id;
  core::Name strategy;
  market::ContractSpec spec;
  core::Money stake;  // what we intended to pay, at most, fees included
  OrderState state = OrderState::kIntended;
  core::WallTime intended_wall;
  core::VenueTime signal_epoch;  // of the tick that raised the signal
  // From the venue's acceptance on:
  core::ContractId contract;
  core::TransactionId buy_tx;
  core::Money buy_price;
  std::optional<core::Money> payout;  // when won; empty for multipliers
  core::VenueTime purchase_time;
  core::Money balance_after;
  // From settlement on:
  Outcome outcome = Outcome::kNone;
  Witness witness = Witness::kNone;
  std::optional<core::Money> profit;
  core::Money sell_price;
  core::TransactionId sell_tx;
  core::VenueTime settled_time;
  std::optional<market::Tick> entry;
  std::optional<market::Tick> exit;
  bool recomputed_differs = false;  // our own ticks or a later witness say otherwise
  /// The venue's code when refused, ours when unknown; of an open one and of one that was sold, why
  /// its sale was asked for ("exit profit 0.52 of 0.50", "operator"), empty where it was not.
  core::ShortString<64> reason;
};

}  // namespace derivd::execution
