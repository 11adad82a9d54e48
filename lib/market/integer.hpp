// Owns the integer divisions that money needs: floor and half-up on 128 bits, so that no payout or
// profit ever passes through a rounded float. Only market/ uses it, inside its own sources. It
// never overflows for amounts up to 10^12 and prices up to 10^13.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/check.hpp"

namespace derivd::market {

__extension__ using Wide = __int128;

constexpr std::int64_t kNano = 1'000'000'000;
/// A share of one, to the nearest billionth.
inline std::int64_t nano(double share) { return std::llround(share * static_cast<double>(kNano)); }

/// Largest integer <= n / d. d > 0.
constexpr std::int64_t floor_div(Wide n, Wide d) {
  const Wide q = n / d;
  return static_cast<std::int64_t>(n % d < 0 ? q - 1 : q);
}

/// Smallest integer >= n / d. d > 0.
constexpr std::int64_t ceil_div(Wide n, Wide d) { return -floor_div(-n, d); }

/// n / d to the nearest integer, halves upwards (−0.5 becomes 0). d > 0.
constexpr std::int64_t half_up_div(Wide n, Wide d) { return floor_div(2 * n + d, 2 * d); }

}  // namespace derivd::market
