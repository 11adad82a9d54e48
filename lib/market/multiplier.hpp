// Owns the arithmetic of a multiplier position: its profit and loss, the level at which nothing is
// left, and its deal cancellation: what that costs and until when it holds. Its family's file, the
// simulator, the engine and the audit ask for it. It never ends a position.
//
// Rules and sources: shared reference deriv/v3-api.md section 4, deriv/contracts.md section 2.4.
#pragma once

#include <optional>
#include <string_view>

#include "market/life.hpp"
#include "market/spec.hpp"

namespace derivd::market {

/// The arithmetic of a position: what a multiplier is worth at a quote, and where nothing is left.
struct MultiplierPosition {
  MultiplierTerms terms;
  bool rises = true;  // gains when the quote does
  core::Money stake;
  /// In 1e-9 of stake × multiplier, the least commission of 0.02 USD included (commission.hpp).
  std::int64_t commission_rate = 0;
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

/// The submarket of the indices that the venue sells deal cancellation on.
inline constexpr std::string_view kVolatilityIndices = "random_index";

/// What is bought can be cancelled, whatever it is: for a time, that is. A spec that was read from a
/// text can name another length, which is none.
bool has_cancellation(const ContractSpec& spec);
/// The last second in which it can be cancelled; empty: never.
std::optional<core::VenueTime> cancellation_end(const ContractSpec& spec, core::VenueTime start);
/// Whether it can be cancelled then. The second of its end belongs to it, as the expiry belongs to
/// the life of a timed contract; nobody recorded the venue's own rule.
bool can_cancel(const ContractSpec& spec, core::VenueTime start, core::VenueTime now);

/// What the simulator, paper mode and back-tests take for a cancellation beside the stake
/// (assumed.hpp), in minor units of the stake's currency, at least one. The venue's own figure is
/// its quote's. There must be a cancellation with a length, and a stake (CHECK); empty: the
/// symbol's volatility is not known.
std::optional<core::Money> modelled_fee(const ContractSpec& spec, const SymbolInfo& symbol,
                                        core::Money stake);

/// Of the price that is paid for it, what is at stake: without the fee of a cancellation. That of a
/// kind without one is all of it.
core::Money stake_in(const ContractSpec& spec, core::Money price);

}  // namespace derivd::market
