// Owns reconcile(): what a report of the venue proves about our orders. The engine asks after every
// report, at start and after each reconnect alike. It is a pure function: it moves no order and
// asks for nothing.
//
// There is no idempotency key at Deriv, so an order whose answer was lost is found by what it was:
// type, symbol, stake, purchase time and shortcode, among contracts that no other order has
// claimed.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "core/time.hpp"
#include "execution/ledger.hpp"
#include "execution/order.hpp"
#include "execution/report.hpp"

namespace derivd::execution {

/// A buy that was sent is executed within this time or never. Deriv gives its own backend 15 s
/// before it answers `Timeout` (shared reference deriv/v3-api.md section 1); this is twice that.
inline constexpr std::chrono::seconds kPurchaseWindow{30};
/// The venue's purchase second may be this much before the tick that we acted upon: feed and
/// trading servers have clocks of their own.
inline constexpr std::chrono::seconds kClockSlack{2};

/// One order that may still cost money, with what the engine knows about its time.
struct Pending {
  const Order* order = nullptr;
  /// Venue time at which its purchase window closed; empty while it is open. The window is measured
  /// on two clocks, and must have closed on both: kPurchaseWindow of monotonic time since sending
  /// (or since the start, for an order of an earlier run) — because the risk is a frame on its way,
  /// in real seconds, however fast the venue's time runs — and kPurchaseWindow of venue time since
  /// the signal, because the report speaks of venue time.
  std::optional<core::VenueTime> window_closed;
};

enum class Finding : std::uint8_t {
  kMatched,    // `row` is this order's contract
  kAbsent,     // proven: complete report from after its window, and nothing like it in there
  kUnknown,    // not proven either way
  kAmbiguous,  // more than one candidate, or a candidate that fits other orders too
};

struct Found {
  core::OrderId order;
  Finding finding = Finding::kUnknown;
  std::optional<HistoryRow> row;  // kMatched
  std::size_t candidates = 0;
};

struct Reconciliation {
  std::vector<Found> found;         // one for each pending order, in their order
  std::vector<HistoryRow> foreign;  // open contracts that no order of ours can be
};

/// Whether this contract can be the one that the order bought.
bool fits(const Pending& pending, const HistoryRow& row);

/// `ledger` says which contracts are claimed. Contracts of orders that are open are looked up by
/// id: kMatched with their row, or kUnknown when the report does not hold them.
Reconciliation reconcile(std::span<const Pending> pending, const Ledger& ledger,
                         const VenueReport& report);

}  // namespace derivd::execution
