// Owns what people read of a session: SessionStats, what it has counted since it was made, and
// TickAge, how old the last tick of a symbol is. The session's parts make them; metrics and status
// read them.
#pragma once

#include <cstdint>
#include <optional>

#include "core/histogram.hpp"
#include "core/time.hpp"
#include "market/symbol.hpp"

namespace derivd::deriv {

struct SessionStats {
  std::uint64_t ticks = 0, frames = 0, frames_refused = 0, reconnects = 0, requests = 0;
  std::uint64_t quotes_refused = 0;  // each alone: 0 or less, or not in the symbol's decimals
  std::optional<core::Duration> last_buy_latency;
  /// From sending to the answer, whatever it says; what was never answered is not in it.
  core::Histogram<core::kNetworkWaits.size()> buy_latency{core::kNetworkWaits};
  core::Histogram<core::kNetworkWaits.size()> other_latency{core::kNetworkWaits};
};

/// Of one subscribed symbol.
struct TickAge {
  market::SymbolCode symbol;
  core::Duration age;  // since its last tick, or since one is waited for
  bool any = false;    // one has come
  /// The link is there, and by the symbol's rhythm a tick should have come.
  bool late = false;
};

}  // namespace derivd::deriv
