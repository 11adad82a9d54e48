// Owns the arithmetic of an accumulator: how far a tick may go, and what the stake has grown to.
// Its family's file, the simulator and the back-test ask for it. It never ends a contract.
//
// Rules and sources: shared reference deriv/contracts.md section 2.3.
#pragma once

#include <cstdint>
#include <optional>

#include "core/decimal.hpp"
#include "market/life.hpp"
#include "market/symbol.hpp"

namespace derivd::market {

/// How far from the quote before a tick may be, as a share of it in units of 10^-12: the venue's
/// tick_size_barrier. Empty: the symbol's volatility is not known, or the growth is none of those
/// that are sold.
std::optional<std::int64_t> growth_barrier(const SymbolInfo& symbol, core::Decimal growth);
inline constexpr std::int64_t kBarrierUnit = 1'000'000'000'000;

/// Whether the tick `now` behind the tick `before` goes as far as the barrier, which ends it;
/// reaching it exactly is far enough. Quotes of one symbol (CHECK).
bool reaches_barrier(core::Price before, core::Price now, std::int64_t barrier);

/// What a stake is worth so many ticks after the entry, to the nearest minor unit. The growth must
/// be one that is sold (CHECK).
core::Money grown(core::Money stake, core::Decimal growth, int ticks);

struct Growth {
  std::int64_t barrier = 0;    // growth_barrier()
  std::int32_t max_ticks = 0;  // after the entry
  int survived = 0;            // ticks after the entry
};
/// Of an accumulator's life (CHECK).
Growth growth_of(const Life& life);

/// The levels that the tick after `quote` must not reach, with one decimal more than the quote: the
/// distance is rounded up, as the venue shows it. What decides is the exact share.
struct GrowthLevels {
  core::Price high;
  core::Price low;
  core::Price distance;
};
GrowthLevels growth_levels(core::Price quote, std::int64_t barrier);

}  // namespace derivd::market
