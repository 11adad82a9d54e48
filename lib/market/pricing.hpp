// Owns the venue's price model: theoretical probability, commission by duration, payout for a
// stake. The contract book (simulator, paper, back-test) and `odds` use it; live trading never
// does, it takes the venue's own numbers. It never rounds against its documented rule.
//
// Source: shared reference deriv/v3-api.md section 5, whose sanity list the tests reproduce.
#pragma once

#include <optional>

#include "core/decimal.hpp"
#include "core/result.hpp"
#include "market/life.hpp"
#include "market/spec.hpp"
#include "market/symbol.hpp"

namespace derivd::market {

/// Share of the payout that the venue keeps, the same for every duration. Section 5 reads recorded
/// payouts as a share that slides from 0.012 down to 0.0068 at 6 h, because it takes an
/// at-the-money option for exactly one half. With the Black-Scholes value of the same options
/// (0.4948 at 6 h and 100 %) all of them, and the one recorded bid, come out at 0.012.
inline constexpr double kCommission = 0.012;

struct PriceModel {
  /// For kinds that have no margin of their own (Kind::margin_nano). Commission plus the
  /// application's mark-up, as a share of the payout.
  double fixed_commission = kCommission;
  /// Payouts of probabilities of 0.9 and more are rounded down, as measured in 2026 (DIGITDIFF pays
  /// 1.09, not 1.10); false: rounded half up like all others, as in 2016 (2 paid 2.20).
  bool floor_likely = true;
};

/// Probability without commission; what pays its value has none (CHECK), a barrier needs a `spot`
/// (CHECK). Digits are exact. At the money it is one half on ticks and below five minutes; all else
/// is Black-Scholes with r = 0 on `spot` over the contract's length, n ticks being n × interval, or
/// what the kind's own file says. `start` matters to contracts of days, which end at the close of
/// their last day, and to those that end at a moment, which need it (CHECK).
double theoretical_probability(const ContractSpec& spec, const SymbolInfo& symbol,
                               std::optional<core::Price> spot,
                               std::optional<core::VenueTime> start = std::nullopt);

/// Payout (stake included) for a stake, rounded half up to the cent; probabilities of 0.9 and more
/// are rounded down (PriceModel).
core::Money payout_for(const ContractSpec& spec, const SymbolInfo& symbol, core::Money stake,
                       std::optional<core::Price> spot, const PriceModel& model = {},
                       std::optional<core::VenueTime> start = std::nullopt);

/// Stake that buys this payout, rounded half up.
core::Money stake_for(const ContractSpec& spec, const SymbolInfo& symbol, core::Money payout,
                      std::optional<core::Price> spot, const PriceModel& model = {},
                      std::optional<core::VenueTime> start = std::nullopt);

/// Resale value of a running contract: payout × (probability now − commission), never below 0, or
/// for a kind that pays its value that value; once it is over, what it pays. Before the entry tick
/// a barrier is priced on `spot`.
core::Money bid_for(const SymbolInfo& symbol, const Life& life, core::VenueTime now,
                    const PriceModel& model = {}, std::optional<core::Price> spot = std::nullopt);

}  // namespace derivd::market
