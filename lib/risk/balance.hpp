// Owns what is known of the account's balance: a figure that the account has at least, as far as
// our own trades can tell. The engine tells it every balance that the venue shows and every debit
// and credit of our own contracts; the gate asks for the floor. It never trusts one figure alone.
//
// Why two figures: Deriv debits a stake at purchase, and the buy reply, the balance stream and the
// transaction stream come in no fixed order, so that the newest message may hold the oldest
// balance. `expected` is our own arithmetic since the last moment at which nothing of ours moved:
// it misses what others do (withdrawals, trades by hand). `shown` is the venue's latest figure: it
// may be stale by a message. The lesser of both is used. A lasting difference is somebody else's
// doing and is taken over into `expected`.
#pragma once

#include <chrono>
#include <optional>

#include "core/decimal.hpp"
#include "core/time.hpp"

namespace derivd::risk {

class KnownBalance final {
 public:
  /// A difference that every figure of this long shows is not a message on its way.
  static constexpr core::Duration kLasting = std::chrono::seconds(10);

  /// The venue's figure at a moment at which no order of ours was in flight.
  void anchor(core::Money balance);
  /// A figure of the balance or transaction stream, at any time.
  void show(core::Money balance, core::Instant now);
  /// Our purchase was accepted; the reply's own figure, where there is one, includes it.
  void debit(core::Money price, std::optional<core::Money> balance_after, core::Instant now);
  /// Our contract paid this much (0: lost).
  void credit(core::Money amount);

  /// Stakes of orders in flight are not deducted yet. Empty before the first anchor.
  std::optional<core::Money> floor() const;
  /// The venue's latest figure, for people.
  std::optional<core::Money> shown() const { return shown_; }

 private:
  void compare(core::Instant now);

  std::optional<core::Money> expected_;
  std::optional<core::Money> shown_;
  std::optional<core::Instant> differs_since_;
  core::Money difference_;  // shown − expected, the least seen in that time
};

}  // namespace derivd::risk
