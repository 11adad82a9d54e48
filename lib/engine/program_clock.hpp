// Owns venue time in milliseconds, which the sleeps of programs are measured in: the venue tells
// whole seconds with its ticks, and our own clock what passes between them. The engine shows it
// every live tick while a strategy is a program: one that a reload brings begins at its first tick
// as after a start. It never reads a clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/time.hpp"

namespace derivd::engine {

class ProgramClock final {
 public:
  /// A tick of this epoch came now: it is that second at least, and not much more, whatever our own
  /// clock made of the time since the last one.
  void show(core::VenueTime epoch, core::Instant now) {
    const auto least = epoch.s * 1000;
    const auto reckoned = known_ ? at(now) : least;
    ms_ = std::clamp(reckoned, least, least + kMostAhead);
    at_ = now;
    known_ = true;
  }

  /// 0 before the first tick.
  std::int64_t at(core::Instant now) const {
    if (!known_) return 0;
    return ms_ + std::max<std::int64_t>(0, (now - at_).count() / 1'000'000);
  }

  /// When that time is reached by our own clock; empty before the first tick.
  std::optional<core::Instant> when(std::int64_t ms) const {
    if (!known_) return std::nullopt;
    return at_ + core::Duration{(ms - ms_) * 1'000'000};
  }

 private:
  /// A tick reaches us so late at most, or the next one comes.
  static constexpr std::int64_t kMostAhead = 1'500;
  std::int64_t ms_ = 0;
  core::Instant at_;
  bool known_ = false;
};

}  // namespace derivd::engine
