#include "market/pricing.hpp"

#include <algorithm>
#include <cmath>

#include "core/check.hpp"
#include "market/integer.hpp"
#include "market/kind.hpp"

namespace derivd::market {
namespace {

constexpr std::int64_t kRoundedDownFrom = 900'000'000;  // probability 0.9 in nano units

/// What one unit of payout costs, in nano units. Digits and at-the-money come out exact, because
/// their probabilities and the commissions have fewer than nine decimals.
std::int64_t unit_price(const Kind& kind, std::int64_t probability, const PriceModel& model) {
  // A model without a commission is a fair game for every kind.
  const bool own_margin = kind.margin_nano > 0 && model.fixed_commission > 0;
  const auto margin = own_margin
                          ? half_up_div(static_cast<Wide>(probability) * kind.margin_nano, kNano)
                          : nano(model.fixed_commission);
  // Never nothing: an impossible outcome without commission would divide by zero.
  return std::max<std::int64_t>(kind.least_price_nano, probability + margin);
}

}  // namespace

double theoretical_probability(const ContractSpec& spec, const SymbolInfo& symbol,
                               std::optional<core::Price> spot,
                               std::optional<core::VenueTime> start) {
  const auto& kind = kind_of(spec.type);
  DERIVD_CHECK(kind.probability != nullptr, "what pays its value has no probability");
  return kind.probability(spec, symbol, spot, start);
}

core::Money payout_for(const ContractSpec& spec, const SymbolInfo& symbol, core::Money stake,
                       std::optional<core::Price> spot, const PriceModel& model,
                       std::optional<core::VenueTime> start) {
  const auto probability = nano(theoretical_probability(spec, symbol, spot, start));
  const auto price = unit_price(kind_of(spec.type), probability, model);
  const auto numerator = static_cast<Wide>(stake.units()) * kNano;
  const bool down = model.floor_likely && probability >= kRoundedDownFrom;
  const auto units = down ? floor_div(numerator, price) : half_up_div(numerator, price);
  return core::Money::minor(units, stake.exponent());
}

core::Money stake_for(const ContractSpec& spec, const SymbolInfo& symbol, core::Money payout,
                      std::optional<core::Price> spot, const PriceModel& model,
                      std::optional<core::VenueTime> start) {
  const auto probability = nano(theoretical_probability(spec, symbol, spot, start));
  const auto price = unit_price(kind_of(spec.type), probability, model);
  return core::Money::minor(half_up_div(static_cast<Wide>(payout.units()) * price, kNano),
                            payout.exponent());
}

core::Money bid_for(const SymbolInfo& symbol, const Life& life, core::VenueTime now,
                    const PriceModel& model, std::optional<core::Price> spot) {
  if (life.is_over()) return life.ended()->pays;
  const auto& kind = kind_of(life.spec().type);
  if (!has_payout(kind)) {
    return kind.bid != nullptr ? kind.bid(life, symbol, now) : kind.value(life);
  }
  const double probability = life.entry()
                                 ? kind.probability_now(symbol, life, now)
                                 : theoretical_probability(life.spec(), symbol, spot, life.start());
  const auto share = nano(probability) - nano(model.fixed_commission);
  const auto payout = life.purchase().payout;
  const auto units = half_up_div(static_cast<Wide>(payout.units()) * share, kNano);
  return std::max(core::Money::minor(0, payout.exponent()),
                  core::Money::minor(units, payout.exponent()));
}

}  // namespace derivd::market
