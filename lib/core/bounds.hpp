// Owns what numbers of a file may be, so that nothing that is reckoned with them afterwards can
// overflow: whoever reads amounts and times from outside asks here first. It never adds what it
// refused.
#pragma once

#include <cstdint>

#include "core/decimal.hpp"
#include "core/time.hpp"

namespace derivd::core {

/// Magnitudes of all amounts of a list together, in minor units: 4 × 10^15 of a currency with two
/// decimals, a thousand times what any account moves. Twice that (a drawdown) scaled by 7 (the
/// report's sparkline) is below 2^63.
inline constexpr std::int64_t kMostSummed = 400'000'000'000'000'000;

/// 9999-12-31T23:59:59Z, the last second that can be written with a year of four digits.
inline constexpr std::int64_t kLastSecond = 253'402'300'799;
constexpr bool is_date(VenueTime time) { return time.s >= 0 && time.s <= kLastSecond; }
constexpr bool is_date(WallTime time) { return time.us >= 0 && time.us / 1'000'000 <= kLastSecond; }

/// Counts the amounts of one list. They are of one currency: its exponent is the caller's to
/// compare.
class AmountBound final {
 public:
  /// False: with this one it would be too much; nothing was taken.
  bool take(Money amount) {
    const auto units = amount.units();
    if (units > kMostSummed || units < -kMostSummed) return false;
    const auto magnitude = units < 0 ? -units : units;
    if (magnitude > kMostSummed - taken_) return false;
    taken_ += magnitude;
    return true;
  }

 private:
  std::int64_t taken_ = 0;
};

}  // namespace derivd::core
