// Owns the arithmetic of positions that pay for each point: turbos and vanillas, as many contracts
// as the stake buys. Their families' files and the simulator ask for it. It never ends a position.
//
// Rules and sources: shared reference deriv/contracts.md sections 2.5 and 2.6.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/decimal.hpp"
#include "market/life.hpp"
#include "market/spec.hpp"
#include "market/symbol.hpp"

namespace derivd::market {

/// How many contracts, in millionths.
inline constexpr std::int64_t kContractUnit = 1'000'000;

struct PointPosition {
  std::int64_t contracts = 0;  // in millionths
  core::Price level;           // the barrier of a turbo, the strike of a vanilla
};
/// Of the life of a turbo or a vanilla that has its entry (CHECK).
PointPosition points_of(const Life& life);

/// The distances from the spot at which barriers are sold, in the symbol's decimals and with their
/// sign: of turbos those nearest first. `start` matters to lengths that end at a moment. Empty: the
/// symbol's volatility is not known.
std::vector<core::Price> barrier_choices(const ContractSpec& spec, const SymbolInfo& symbol,
                                         core::Price spot, core::VenueTime start);

}  // namespace derivd::market
