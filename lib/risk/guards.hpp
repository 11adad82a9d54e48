// Owns what a strategy's guards remember: the last settlement, losses in a row, the best result
// since the last pause, the purchases of the last hour. The engine tells it purchases and
// settlements, the gate asks it at a signal. All times are venue time, so that a back-test pauses
// as live does.
#pragma once

#include <deque>
#include <optional>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/time.hpp"
#include "risk/limits.hpp"

namespace derivd::risk {

struct Purchase {
  core::OrderId order;
  core::VenueTime time;
  friend bool operator==(const Purchase&, const Purchase&) = default;
};

struct GuardState {
  std::optional<core::VenueTime> cooling_until;  // then it is over
  std::optional<core::VenueTime> pausing_until;  // after_losses; then it is over
  std::int64_t losses = 0;                       // in a row, since the last pause began
  std::optional<core::VenueTime> falling_until;  // drawdown; then it is over
  core::Money top;  // of realised profit, since the session or the last such pause began
  std::deque<Purchase> purchases;  // of the last hour, only with max_trades_per_hour

  /// `time` is the settlement's. A break-even neither counts as a loss nor ends a run of losses.
  void on_settled(const Guards& guards, core::Money profit, core::VenueTime time);
  /// `realised`: the session's profit with this settlement in it. Its best is kept without the
  /// guard, too, so that one that a reload brings knows it.
  void on_realised(const Guards& guards, core::Money realised, core::VenueTime time);
  void on_purchase(const Guards& guards, Purchase purchase);
  /// Purchases within (now − 1 h, now]; forgets older ones.
  std::int64_t purchases_in_hour(core::VenueTime now);
  bool cooling(core::VenueTime now) const { return cooling_until && now < *cooling_until; }
  bool pausing(core::VenueTime now) const { return pausing_until && now < *pausing_until; }
  bool falling(core::VenueTime now) const { return falling_until && now < *falling_until; }
  friend bool operator==(const GuardState&, const GuardState&) = default;
};

}  // namespace derivd::risk
