// Owns what is known of a price that walks without drift: how likely it ends above a level, touches
// one, or stays between two. The families whose odds rest on it and nobody else use it. It never
// knows a contract's rule nor a commission.
//
// Source: shared reference deriv/v3-api.md section 5 and deriv/contracts.md section 2.2: r = 0, the
// symbol's nominal volatility, a year of 31,536,000 seconds, the term -sigma^2 t / 2 kept.
#pragma once

#include <optional>

#include "core/time.hpp"
#include "market/life.hpp"
#include "market/spec.hpp"
#include "market/symbol.hpp"

namespace derivd::market {

/// Of the standard normal distribution.
double normal_cdf(double x);

/// Standard deviation of the logarithm after so many seconds; 0 for a symbol of unknown volatility.
double deviation_of(const SymbolInfo& symbol, double seconds);

/// All take quotes above zero, levels in any order relative to the spot, and a deviation of at
/// least 0; without one the spot stays where it is.
double probability_above(double spot, double level, double deviation);
/// That the level is reached at some moment, watched without a gap (the venue watches ticks).
double probability_of_touch(double spot, double level, double deviation);
/// That both levels stay unreached; 0 outside of them or on one.
double probability_within(double spot, double low, double high, double deviation);

/// Seconds from the start to the end, a tick being the symbol's interval. `start` only matters to
/// lengths that end with a day or at a moment; an end without a start is an error (CHECK).
double life_seconds(const ContractDuration& duration, const SymbolInfo& symbol,
                    std::optional<core::VenueTime> start);
/// Of a running contract; may be below 0.
double seconds_left(const Life& life, const SymbolInfo& symbol, core::VenueTime now);

}  // namespace derivd::market
