// Owns the result of a strategy's session and the level below which it may not fall. The engine
// books each settlement here and the gate asks for the floor. It never halts anything itself.
#pragma once

#include <optional>

#include "core/decimal.hpp"
#include "risk/limits.hpp"

namespace derivd::risk {

struct Session {
  core::Money realised;
  core::Money peak;  // highest realised profit after any settlement, at least 0

  /// Only settlements move the peak.
  void settle(core::Money profit) {
    realised += profit;
    if (realised > peak) peak = realised;
  }
  /// Realised profit may not fall below this: −stop_loss, trailing peak − stop_loss.
  std::optional<core::Money> floor(const SessionLimits& limits) const {
    if (!limits.stop_loss) return std::nullopt;
    return limits.trailing ? peak - *limits.stop_loss : -*limits.stop_loss;
  }
  bool target_reached(const SessionLimits& limits) const {
    return limits.take_profit && realised >= *limits.take_profit;
  }
  friend bool operator==(const Session&, const Session&) = default;
};

}  // namespace derivd::risk
