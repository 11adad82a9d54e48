// Owns what a won contract pays in a back-test: a table of ratios by contract type, or the venue's
// own price model where there is no table. The back-test asks at each purchase; derivctl and sweep
// fill the table. It never refuses a stake: what the venue would not sell is the user's business.
//
// Rule: the product's contract, "Backtest".
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "core/decimal.hpp"
#include "core/result.hpp"
#include "market/contract.hpp"
#include "market/pricing.hpp"
#include "market/tick.hpp"

namespace derivd::backtest {

class Payouts final {
 public:
  /// Ratios above this are a slip of the decimal point: a DIGITMATCH pays 9, a far barrier 80.
  static constexpr std::int64_t kMaxRatio = 1000;

  /// The venue's model (market/pricing.hpp).
  Payouts() = default;
  explicit Payouts(const market::PriceModel& model) : model_(model) {}
  /// "DIGITODD=1.95,DIGITEVEN=1.95".
  static core::Result<Payouts> parse(std::string_view text);

  /// Puts a row into the table, from which moment on only the table counts. `ratio` is the payout
  /// for one unit of stake: above 0, at most kMaxRatio, at most nine decimals.
  core::Result<void> set(std::string_view type, core::Decimal ratio);

  bool is_table() const { return is_table_; }
  /// Whether payout() knows this type.
  bool has(market::ContractType type) const;
  /// With the stake, rounded half up to the cent (the model: pricing.hpp). `tick` is the signal's.
  /// The type must be known (CHECK).
  core::Money payout(const market::ContractSpec& spec, core::Money stake,
                     const market::Tick& tick) const;

 private:
  static constexpr std::size_t kTypes =
      static_cast<std::size_t>(market::ContractType::kMultDown) + 1;

  market::PriceModel model_;
  bool is_table_ = false;
  std::array<std::optional<core::Decimal>, kTypes> table_{};
};

}  // namespace derivd::backtest
