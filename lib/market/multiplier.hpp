// Owns the life of a multiplier position: its profit and loss, and the levels at which the venue
// closes it. The contract book, the simulator and the audit drive it. It never knows a balance.
//
// Rules and sources: shared reference deriv/v3-api.md section 4, deriv/contracts.md section 2.4.
#pragma once

#include <optional>

#include "market/contract.hpp"
#include "market/life.hpp"

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

/// A multiplier position: profit and loss, and the levels at which the venue closes it.
class MultiplierLife final {
 public:
  enum class Close : std::uint8_t { kNone, kStopOut, kTakeProfit, kStopLoss };
  MultiplierLife(const ContractSpec& spec, core::VenueTime start, core::Money stake,
                 const SymbolInfo& symbol);
  /// Returns the reason when this tick closes the position; its value is then final and later
  /// ticks are ignored. A jump beyond the stop-out loses the stake and no more.
  Close on_tick(const Tick& tick);
  const std::optional<Tick>& entry() const { return entry_; }
  const std::optional<Tick>& last() const { return last_; }
  core::Money commission() const { return commission_; }
  /// stake × multiplier × (S/entry − 1) − commission, rounded half up to the cent, at least −stake.
  core::Money profit_at(core::Price spot) const;
  core::Money profit() const;  // at the last tick; −commission before entry
  /// entry × (1 ∓ (stake − commission)/(stake × multiplier)), rounded towards the entry as the
  /// venue shows it (614.26, 774.81), so that the loss there never exceeds the stake. Zero before
  /// entry.
  core::Price stop_out_price() const;

 private:
  SymbolCode symbol_;
  MultiplierTerms terms_;
  bool rises_ = true;  // gains when the quote does
  core::VenueTime start_;
  core::Money stake_;
  std::int64_t commission_rate_ = 0;  // in 1e-9 of stake × multiplier
  core::Money commission_;
  std::optional<Tick> entry_;
  std::optional<Tick> last_;
  std::uint8_t decimals_ = 0;
  bool closed_ = false;
};

}  // namespace derivd::market
