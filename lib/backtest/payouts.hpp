// Owns what a won contract pays in a back-test: a table of ratios by contract type, quotes that the
// venue gave, the venue's own price model, or quotes and for the rest the model. The back-test asks
// at each purchase; derivctl and sweep say which. It never refuses a stake: what the venue would
// not sell is the user's business.
//
// Rule: the product's contract, "Backtest".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/decimal.hpp"
#include "core/result.hpp"
#include "market/pricing.hpp"
#include "market/spec.hpp"
#include "market/symbols.hpp"
#include "market/tick.hpp"
#include "venue/quotes.hpp"

namespace derivd::backtest {

using venue::kMaxRatio;
using venue::Quotes;
using venue::share_of;

class Payouts final {
 public:
  /// The venue's model (market/pricing.hpp).
  Payouts() = default;
  explicit Payouts(const market::PriceModel& model) : model_(model) {}
  /// "DIGITODD=1.95,DIGITEVEN=1.95".
  static core::Result<Payouts> parse(std::string_view text);

  /// Puts a row into the table, from which moment on only the table counts. `ratio` is the payout
  /// for one unit of stake: above 0, at most kMaxRatio, at most nine decimals.
  core::Result<void> set(std::string_view type, core::Decimal ratio);

  /// What contracts without a recorded quote pay.
  enum class Rest : bool { kNothing, kModel };
  /// What was quoted counts; `quotes` is sorted.
  explicit Payouts(std::shared_ptr<const Quotes> quotes, Rest rest = Rest::kNothing)
      : quotes_(std::move(quotes)), rest_(rest) {}

  /// The symbols that the model prices; without this, those of the snapshot.
  void price_on(const market::Symbols& symbols) { symbols_ = symbols; }

  bool is_table() const { return !table_.empty(); }
  /// Nothing but recorded quotes counts.
  bool is_recorded() const { return quotes_ != nullptr && rest_ == Rest::kNothing; }
  /// Whether what it pays was recorded for this very contract.
  bool is_recorded(const market::ContractSpec& spec) const {
    return quotes_ != nullptr && quotes_->has(spec);
  }
  /// Whether payout() knows this contract.
  bool has(const market::ContractSpec& spec) const;
  /// Why it does not, and the remedy.
  std::string missing(const market::ContractSpec& spec) const;
  /// What they are, in a line that two payouts share only if they are the same: shards of a sweep
  /// that were given other quotes or ratios do not belong together.
  std::string identity() const;
  /// With the stake, rounded half up to the cent (the model: pricing.hpp). `tick` is the signal's.
  /// The contract must be known (CHECK).
  core::Money payout(const market::ContractSpec& spec, core::Money stake,
                     const market::Tick& tick) const;
  /// The same where the symbol has been looked up, whatever price_on() was told.
  core::Money payout(const market::ContractSpec& spec, core::Money stake, const market::Tick& tick,
                     const market::SymbolInfo& symbol) const;

  /// What this payout costs, rounded half up. Not where recorded quotes alone count (CHECK).
  core::Money price(const market::ContractSpec& spec, core::Money payout,
                    const market::Tick& tick) const;

 private:
  struct Ratio {
    market::ContractType type;
    core::Decimal ratio;
  };
  const core::Decimal* ratio_of(market::ContractType type) const;

  market::PriceModel model_;
  market::Symbols symbols_;
  std::shared_ptr<const Quotes> quotes_;  // the runs of a sweep share them
  Rest rest_ = Rest::kNothing;
  std::vector<Ratio> table_;  // in the order of the kinds; empty: not a table
};

}  // namespace derivd::backtest
