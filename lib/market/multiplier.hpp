// Owns the arithmetic of a multiplier position: its profit and loss, and the level at which nothing
// is left. Its family's file, the simulator and the audit ask for it. It never ends a position.
//
// Rules and sources: shared reference deriv/v3-api.md section 4, deriv/contracts.md section 2.4.
#pragma once

#include <optional>

#include "market/life.hpp"
#include "market/spec.hpp"

namespace derivd::market {

/// The arithmetic of a position: what a multiplier is worth at a quote, and where nothing is left.
struct MultiplierPosition {
  MultiplierTerms terms;
  bool rises = true;  // gains when the quote does
  core::Money stake;
  std::int64_t commission_rate = 0;  // in 1e-9 of stake × multiplier
  std::optional<core::Price> entry;

  core::Money commission() const;
  /// stake × multiplier × (S/entry − 1) − commission, rounded half up to the cent, at least −stake;
  /// −commission before the entry.
  core::Money profit_at(core::Price spot) const;
  /// entry × (1 ∓ (stake − commission)/(stake × multiplier)), rounded towards the entry as the
  /// venue shows it. There must be an entry (CHECK).
  core::Price stop_out() const;
};
/// Of a multiplier's life (CHECK).
MultiplierPosition position_of(const Life& life);

}  // namespace derivd::market
