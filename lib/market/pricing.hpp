// Owns the venue's price model: theoretical probability, commission by duration, payout for a
// stake. The contract book (simulator, paper, back-test) and `odds` use it; live trading never
// does, it takes the venue's own numbers. It never rounds against its documented rule.
//
// Source: shared reference deriv/v3-api.md section 5, whose sanity list the tests reproduce.
#pragma once

#include <optional>

#include "core/decimal.hpp"
#include "core/result.hpp"
#include "market/contract.hpp"

namespace derivd::market {

/// Smallest stake and largest payout of a digital option, in USD (section 4.3).
inline constexpr core::Money kMinStake = core::Money::minor(35);
inline constexpr core::Money kMaxPayout = core::Money::minor(50'000'00);
inline constexpr core::Money kMinMultiplierStake = core::Money::minor(100);
inline constexpr core::Money kMaxMultiplierStake = core::Money::minor(2'000'00);

struct PriceModel {
  /// Share of the payout that the venue keeps, the same for every duration; empty: slides with the
  /// duration as measured (0.012 … 0.007). The back-test's default is 0.012.
  std::optional<double> fixed_commission;
  /// Payouts of probabilities of 0.9 and more are rounded down, as measured in 2026 (DIGITDIFF pays
  /// 1.09, not 1.10); false: rounded half up like all others, as in 2016 (2 paid 2.20).
  bool floor_likely = true;
};

/// The venue's share of the payout for this duration: 0.012 for ticks to 1 m, sliding down to
/// 0.0068 at 6 h.
double commission_for(const ContractDuration& duration);

/// Probability without commission; multipliers have none (CHECK), a barrier needs a `spot` (CHECK).
/// HIGHER/LOWER and timed contracts use Black-Scholes with r = 0 on `spot`; ticks and at-the-money
/// are exactly one half; digits are exact.
double theoretical_probability(const ContractSpec& spec, const SymbolInfo& symbol,
                               std::optional<core::Price> spot);

/// Payout (stake included) for a stake, rounded half up to the cent; probabilities of 0.9 and more
/// are rounded down (PriceModel).
core::Money payout_for(const ContractSpec& spec, const SymbolInfo& symbol, core::Money stake,
                       std::optional<core::Price> spot, const PriceModel& model = {});

/// Stake that buys this payout, rounded half up.
core::Money stake_for(const ContractSpec& spec, const SymbolInfo& symbol, core::Money payout,
                      std::optional<core::Price> spot, const PriceModel& model = {});

/// Resale value of a running contract: payout × (probability now − commission), never below 0; once
/// decided, what it pays. Before the entry tick a barrier is priced on `spot`.
core::Money bid_for(const ContractSpec& spec, const SymbolInfo& symbol, core::Money payout,
                    const ContractLife& life, core::VenueTime now, const PriceModel& model = {},
                    std::optional<core::Price> spot = std::nullopt);

}  // namespace derivd::market
