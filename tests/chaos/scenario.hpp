// Owns what one seed means: dialect, strategies, limits, latencies, and which kinds of fault may
// happen. The world is built from it, shrinking takes kinds away from it. It draws from its seed
// alone, so that one integer names a run.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "core/rng.hpp"
#include "deriv/session.hpp"

namespace derivd::chaos {

enum class Kind : std::uint8_t {
  // The network, at each frame of the daemon's link.
  kCutUpBefore,
  kCutUpAfter,
  kCutDownBefore,
  kCutDownAfter,
  kHalfOpen,
  kStall,
  kGarbage,
  kSlow,
  kHttpFailed,
  kConnectFailed,
  kUpgradeRefused,
  // The venue (its own fault rules).
  kLostReply,
  kErrorCode,
  kErrorAfter,
  kDuplicate,
  kReadError,
  kBadPassword,
  kRestError,
  kLoginRefused,
  kTicks,
  kHeldSettlement,
  kClosedMarket,
  kDelayed,
  kVenueDrop,
  // The process, the disk, the clock.
  kKill,
  kKillAtJournal,
  kKillAtWire,
  kPowerLoss,
  kDiskFull,
  kClockStep,
  // Somebody else.
  kForeign,
  // Purchases that the venue refuses, some of them for good.
  kRefusals,
  // The journal's own writes: drawn apart, so that the seeds of old keep their meaning.
  kLogTorn,       // the process dies within the write of an event
  kLogFailed,     // the write fails; the event is there all the same, or not
  kTablesFailed,  // the log has the event, SQLite takes none any more
  kCount_,
};
inline constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::kCount_);
inline constexpr std::size_t kFirstKinds = static_cast<std::size_t>(Kind::kLogTorn);
std::string_view name_of(Kind kind);

using Mask = std::uint64_t;
inline constexpr Mask kAllKinds = (Mask{1} << kKinds) - 1;
constexpr Mask bit(Kind kind) { return Mask{1} << static_cast<unsigned>(kind); }

struct Scenario {
  std::uint64_t seed = 0;
  Mask mask = 0;              // what may happen in this run
  std::int64_t active_s = 0;  // venue seconds with faults
  bool sqlite = false;
  deriv::Dialect dialect = deriv::Dialect::kOptions;
  core::VenueTime start;
  std::int64_t latency_ms = 20;
  config::Config config;
};

/// `allowed` takes kinds away; `active_s` 0: as drawn.
Scenario scenario(std::uint64_t seed, Mask allowed = kAllKinds, std::int64_t active_s = 0);

/// Independent streams of one seed: what one part draws never shifts another.
core::Rng stream(std::uint64_t seed, std::uint64_t salt);

}  // namespace derivd::chaos
