// Owns what is known of the account's balance: a figure that the account has at least, as far as
// our own trades can tell. The engine tells it every balance that the venue shows and every debit
// and credit of our own contracts; the gate asks for the floor. It never trusts one figure alone.
//
// Why two figures: Deriv debits a stake at purchase, and the buy reply, the balance stream and the
// transaction stream come in no fixed order, so that the newest message may hold the oldest
// balance. `expected` is our own arithmetic since a figure that was asked for while nothing of ours
// moved: it is never too high, except for what others do (withdrawals, trades by hand). `shown` is
// the venue's latest figure, which knows of others but may be stale by a message. The lesser of
// both is used. A deposit counts from the next anchor on.
#pragma once

#include <optional>

#include "core/decimal.hpp"

namespace derivd::risk {

class KnownBalance final {
 public:
  /// The venue's figure, asked for at a moment at which no order of ours was in flight.
  void anchor(core::Money balance) { expected_ = shown_ = balance; }
  /// A figure of the balance or transaction stream, at any time.
  void show(core::Money balance) { shown_ = balance; }
  /// Our purchase was accepted; the reply's own figure, where there is one, includes it.
  void debit(core::Money price, std::optional<core::Money> balance_after);
  /// Our contract paid this much (0: lost). `anchored`: the anchor may hold this payment already.
  void credit(core::Money amount, bool anchored);

  /// Stakes of orders in flight are not deducted yet. Empty before the first anchor.
  std::optional<core::Money> floor() const;
  /// The venue's latest figure, for people.
  std::optional<core::Money> shown() const { return shown_; }

 private:
  std::optional<core::Money> expected_;
  std::optional<core::Money> shown_;
};

}  // namespace derivd::risk
