// Owns CandleRow, a candle as a venue's history or a recording tells it, without its symbol and
// its length. The session gives them, the engine hands them to strategies. It is a value and
// nothing else.
#pragma once

#include <array>
#include <cstdint>

#include "core/time.hpp"

namespace derivd::market {

/// Quotes are mantissa × 10^-decimals of the symbol. The latest row of a history is most often of
/// a candle that still grows.
struct CandleRow {
  core::VenueTime begins;
  std::int64_t open = 0;
  std::int64_t high = 0;
  std::int64_t low = 0;
  std::int64_t close = 0;
  friend bool operator==(const CandleRow&, const CandleRow&) = default;
};

/// Lengths in seconds of which the venue keeps candles, rising (options-api.md section 3.4).
inline constexpr std::array<std::int32_t, 12> kVenueCandles{
    60, 120, 180, 300, 600, 900, 1800, 3600, 7200, 14'400, 28'800, 86'400};
/// So many candles one answer of the venue holds at most.
inline constexpr std::int64_t kMostCandles = 5000;

/// The longest of those lengths of which candles of `seconds` are made up; 0: of none.
constexpr std::int32_t venue_candle_for(std::int32_t seconds) {
  std::int32_t found = 0;
  for (const auto length : kVenueCandles) {
    if (seconds > 0 && seconds % length == 0) found = length;
  }
  return found;
}

}  // namespace derivd::market
