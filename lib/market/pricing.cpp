#include "market/pricing.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/check.hpp"
#include "market/integer.hpp"

namespace derivd::market {
namespace {

constexpr double kYear = 365.0 * 86400.0;               // section 5: the venue's year
constexpr std::int64_t kRoundedDownFrom = 900'000'000;  // probability 0.9 in nano units

// At the money a short contract costs exactly one half (section 5: "fixed 0.5 for tick/short
// contracts"); from the recorded payouts, five minutes are no longer short.
constexpr std::int64_t kLongFrom = 300;

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

/// Black-Scholes with r = 0: probability that the index ends above `strike`.
double probability_above(double spot, double strike, double seconds, double sigma_percent) {
  if (strike <= 0) return 1;
  const double deviation = sigma_percent / 100.0 * std::sqrt(seconds / kYear);
  if (deviation <= 0) return spot > strike ? 1 : spot < strike ? 0 : 0.5;
  return normal_cdf((std::log(spot / strike) - deviation * deviation / 2) / deviation);
}

double life_seconds(const ContractDuration& duration, const SymbolInfo& symbol,
                    std::optional<core::VenueTime> start) {
  if (duration.in_ticks()) return static_cast<double>(duration.count) * symbol.interval_s;
  if (start) return static_cast<double>((expiry_of(duration, *start) - *start).count());
  return static_cast<double>(duration.seconds());
}

bool bets_on_fall(ContractType type) {
  return type == ContractType::kPut || type == ContractType::kPutE || type == ContractType::kLower;
}

std::int64_t nano(double share) { return std::llround(share * static_cast<double>(kNano)); }

/// What one unit of payout costs, in nano units. Digits and at-the-money come out exact, because
/// their probabilities and the commissions have fewer than nine decimals.
std::int64_t unit_price(std::int64_t probability, const PriceModel& model) {
  // Never nothing: an impossible outcome without commission would divide by zero.
  return std::max<std::int64_t>(1, probability + nano(model.fixed_commission));
}

/// Probability of a running contract at its last tick.
double probability_now(const ContractSpec& spec, const SymbolInfo& symbol, const ContractLife& life,
                       core::VenueTime now) {
  const bool on_the_money = is_digit(spec.type) || !takes_barrier(spec.type);
  // Digits and tick contracts at the money keep their first value (section 4.4).
  if (spec.duration.in_ticks() && on_the_money) {
    return theoretical_probability(spec, symbol, std::nullopt);
  }
  const auto& spot = life.last()->quote;
  const double left =
      spec.duration.in_ticks()
          ? static_cast<double>(spec.duration.count - life.ticks_passed()) * symbol.interval_s
          : static_cast<double>((life.expiry() - now).count());
  if (left <= 0) return wins(spec, life.entry()->quote, spot) ? 1 : 0;
  const double above = probability_above(spot.to_double(), life.barrier_price()->to_double(), left,
                                         symbol.sigma_percent);
  return bets_on_fall(spec.type) ? 1 - above : above;
}

}  // namespace

double theoretical_probability(const ContractSpec& spec, const SymbolInfo& symbol,
                               std::optional<core::Price> spot,
                               std::optional<core::VenueTime> start) {
  switch (spec.type) {
    case ContractType::kDigitEven:
    case ContractType::kDigitOdd:
      return 0.5;
    case ContractType::kDigitMatch:
      return 0.1;
    case ContractType::kDigitDiff:
      return 0.9;
    case ContractType::kDigitOver:
      return (9 - spec.prediction) / 10.0;
    case ContractType::kDigitUnder:
      return spec.prediction / 10.0;
    case ContractType::kCall:
    case ContractType::kPut:
    case ContractType::kCallE:
    case ContractType::kPutE:
    case ContractType::kHigher:
    case ContractType::kLower:
      break;
    case ContractType::kMultUp:
    case ContractType::kMultDown:
      DERIVD_CHECK(false, "a multiplier has no probability");
  }
  const auto seconds = life_seconds(spec.duration, symbol, start);
  double above = 0.5;
  if (spec.barrier.mantissa() != 0) {
    DERIVD_CHECK(spot.has_value(), "a barrier is priced on a quote");
    above = probability_above(spot->to_double(), (*spot + spec.barrier).to_double(), seconds,
                              symbol.sigma_percent);
  } else if (!spec.duration.in_ticks() && spec.duration.seconds() >= kLongFrom) {
    above = probability_above(1, 1, seconds, symbol.sigma_percent);
  }
  return bets_on_fall(spec.type) ? 1 - above : above;
}

core::Money payout_for(const ContractSpec& spec, const SymbolInfo& symbol, core::Money stake,
                       std::optional<core::Price> spot, const PriceModel& model,
                       std::optional<core::VenueTime> start) {
  const auto probability = nano(theoretical_probability(spec, symbol, spot, start));
  const auto price = unit_price(probability, model);
  const auto numerator = static_cast<Wide>(stake.units()) * kNano;
  const bool down = model.floor_likely && probability >= kRoundedDownFrom;
  const auto units = down ? floor_div(numerator, price) : half_up_div(numerator, price);
  return core::Money::minor(units, stake.exponent());
}

core::Money stake_for(const ContractSpec& spec, const SymbolInfo& symbol, core::Money payout,
                      std::optional<core::Price> spot, const PriceModel& model,
                      std::optional<core::VenueTime> start) {
  const auto probability = nano(theoretical_probability(spec, symbol, spot, start));
  const auto price = unit_price(probability, model);
  return core::Money::minor(half_up_div(static_cast<Wide>(payout.units()) * price, kNano),
                            payout.exponent());
}

core::Money bid_for(const ContractSpec& spec, const SymbolInfo& symbol, core::Money payout,
                    const ContractLife& life, core::VenueTime now, const PriceModel& model,
                    std::optional<core::Price> spot) {
  const auto nothing = core::Money::minor(0, payout.exponent());
  if (life.verdict() == Verdict::kWon) return payout;
  if (life.verdict() == Verdict::kLost) return nothing;
  const double probability = life.entry()
                                 ? probability_now(spec, symbol, life, now)
                                 : theoretical_probability(spec, symbol, spot, life.start());
  const auto share = nano(probability) - nano(model.fixed_commission);
  const auto units = half_up_div(static_cast<Wide>(payout.units()) * share, kNano);
  return std::max(nothing, core::Money::minor(units, payout.exponent()));
}

}  // namespace derivd::market
