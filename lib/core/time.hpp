// Owns the three time types, which never mix, and Now, the bundle that every entry point of pure
// code is told. The shell makes them from clocks; pure code only compares and adds. It never reads
// a clock.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace derivd::core {

using Duration = std::chrono::nanoseconds;

/// Monotonic, for deadlines. Nanoseconds since an arbitrary origin of this process.
struct Instant {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant t, Duration d) { return {t.ns + d.count()}; }
  friend constexpr Instant operator-(Instant t, Duration d) { return {t.ns - d.count()}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return Duration{a.ns - b.ns}; }
};

/// UTC of this machine, for the journal alone. Microseconds since 1970.
struct WallTime {
  std::int64_t us = 0;
  friend constexpr auto operator<=>(WallTime, WallTime) = default;
};

/// Deriv's epoch, for contract arithmetic and every trading rule (cool-downs, hours, days), so that
/// a back-test and a replay behave as live does. Whole seconds since 1970, as on the wire.
struct VenueTime {
  std::int64_t s = 0;
  friend constexpr auto operator<=>(VenueTime, VenueTime) = default;
  friend constexpr VenueTime operator+(VenueTime t, std::chrono::seconds d) {
    return {t.s + d.count()};
  }
  friend constexpr VenueTime operator-(VenueTime t, std::chrono::seconds d) {
    return {t.s - d.count()};
  }
  friend constexpr std::chrono::seconds operator-(VenueTime a, VenueTime b) {
    return std::chrono::seconds{a.s - b.s};
  }
};

/// What pure code is told about time. `venue` is the latest epoch that the venue has shown us.
struct Now {
  Instant instant;
  WallTime wall;
  VenueTime venue;
};

}  // namespace derivd::core
