// Owns the odds of options that compare the exit with one price: Black-Scholes on a walk without
// drift. The families of such options and nobody else use it. It never knows a commission.
//
// Source: shared reference deriv/v3-api.md section 5.
#pragma once

#include <optional>
#include <string>

#include "market/kind.hpp"

namespace derivd::market {

/// Before the start. At the money it is one half on ticks and below five minutes; with a barrier it
/// needs a spot (CHECK).
double european_probability(const ContractSpec& spec, const SymbolInfo& symbol,
                            std::optional<core::Price> spot, std::optional<core::VenueTime> start);

/// Of a running contract, at its last tick.
double european_probability_now(const SymbolInfo& symbol, const Life& life, core::VenueTime now);

/// Its barrier is not the entry itself, whatever its type: the odds ask of a CALL, too, how likely
/// a pip more is.
bool is_off_the_money(const ContractSpec& spec);

/// Strictly beyond the price to beat, on the side of the kind's direction.
bool is_beyond(const ContractSpec& spec, core::Price entry, core::Price exit);

}  // namespace derivd::market
