#include "market/pricing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/check.hpp"
#include "market/integer.hpp"

namespace derivd::market {
namespace {

constexpr double kYear = 365.0 * 86400.0;               // section 5: the venue's year
constexpr std::int64_t kRoundedDownFrom = 900'000'000;  // probability 0.9 in nano units

struct Point {
  double seconds;
  double commission;
};
// Implied by recorded payouts, section 5: R_100 1 m, 1HZ100V 5 m, R_100 15 m, 1HZ100V 1 h, R_100 6
// h.
constexpr std::array kMeasured{Point{60, 0.012}, Point{300, 0.0115}, Point{900, 0.0102},
                               Point{3600, 0.0099}, Point{21600, 0.0068}};

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

/// Black-Scholes with r = 0: probability that the index ends above `strike`.
double probability_above(double spot, double strike, double seconds, double sigma_percent) {
  if (strike <= 0) return 1;
  const double deviation = sigma_percent / 100.0 * std::sqrt(seconds / kYear);
  if (deviation <= 0) return spot > strike ? 1 : spot < strike ? 0 : 0.5;
  return normal_cdf((std::log(spot / strike) - deviation * deviation / 2) / deviation);
}

double life_seconds(const ContractDuration& duration, const SymbolInfo& symbol) {
  if (duration.in_ticks()) return static_cast<double>(duration.count) * symbol.interval_s;
  return static_cast<double>(duration.seconds());
}

bool bets_on_fall(ContractType type) {
  return type == ContractType::kPut || type == ContractType::kPutE || type == ContractType::kLower;
}

double commission_of(const PriceModel& model, const ContractDuration& duration) {
  return model.fixed_commission ? *model.fixed_commission : commission_for(duration);
}

std::int64_t nano(double share) { return std::llround(share * static_cast<double>(kNano)); }

/// What one unit of payout costs, in nano units. Digits and at-the-money come out exact, because
/// their probabilities and the commissions have fewer than nine decimals.
std::int64_t unit_price(std::int64_t probability, const PriceModel& model,
                        const ContractDuration& duration) {
  const auto price = probability + nano(commission_of(model, duration));
  DERIVD_CHECK(price > 0, "a payout that costs nothing");
  return price;
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

double commission_for(const ContractDuration& duration) {
  if (duration.in_ticks()) return kMeasured.front().commission;
  const auto seconds = static_cast<double>(duration.seconds());
  if (seconds <= kMeasured.front().seconds) return kMeasured.front().commission;
  for (std::size_t i = 1; i < kMeasured.size(); ++i) {
    const auto& [x1, y1] = kMeasured[i];
    if (seconds > x1) continue;
    const auto& [x0, y0] = kMeasured[i - 1];
    return y0 + (y1 - y0) * std::log(seconds / x0) / std::log(x1 / x0);
  }
  return kMeasured.back().commission;
}

double theoretical_probability(const ContractSpec& spec, const SymbolInfo& symbol,
                               std::optional<core::Price> spot) {
  switch (spec.type) {
    case ContractType::kCall:
    case ContractType::kPut:
    case ContractType::kCallE:
    case ContractType::kPutE:
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
    case ContractType::kHigher:
    case ContractType::kLower: {
      if (spec.barrier.mantissa() == 0) return 0.5;
      DERIVD_CHECK(spot.has_value(), "a barrier is priced on a quote");
      const auto strike = *spot + spec.barrier;
      const double above =
          probability_above(spot->to_double(), strike.to_double(),
                            life_seconds(spec.duration, symbol), symbol.sigma_percent);
      return bets_on_fall(spec.type) ? 1 - above : above;
    }
    case ContractType::kMultUp:
    case ContractType::kMultDown:
      break;
  }
  DERIVD_CHECK(false, "a multiplier has no probability");
}

core::Money payout_for(const ContractSpec& spec, const SymbolInfo& symbol, core::Money stake,
                       std::optional<core::Price> spot, const PriceModel& model) {
  const auto probability = nano(theoretical_probability(spec, symbol, spot));
  const auto price = unit_price(probability, model, spec.duration);
  const auto numerator = static_cast<Wide>(stake.units()) * kNano;
  const bool down = model.floor_likely && probability >= kRoundedDownFrom;
  const auto units = down ? floor_div(numerator, price) : half_up_div(numerator, price);
  return core::Money::minor(units, stake.exponent());
}

core::Money stake_for(const ContractSpec& spec, const SymbolInfo& symbol, core::Money payout,
                      std::optional<core::Price> spot, const PriceModel& model) {
  const auto probability = nano(theoretical_probability(spec, symbol, spot));
  const auto price = unit_price(probability, model, spec.duration);
  return core::Money::minor(half_up_div(static_cast<Wide>(payout.units()) * price, kNano),
                            payout.exponent());
}

core::Money bid_for(const ContractSpec& spec, const SymbolInfo& symbol, core::Money payout,
                    const ContractLife& life, core::VenueTime now, const PriceModel& model,
                    std::optional<core::Price> spot) {
  const auto nothing = core::Money::minor(0, payout.exponent());
  if (life.verdict() == Verdict::kWon) return payout;
  if (life.verdict() == Verdict::kLost) return nothing;
  const double probability = life.entry() ? probability_now(spec, symbol, life, now)
                                          : theoretical_probability(spec, symbol, spot);
  const auto share = nano(probability) - nano(commission_of(model, spec.duration));
  const auto units = half_up_div(static_cast<Wide>(payout.units()) * share, kNano);
  return std::max(nothing, core::Money::minor(units, payout.exponent()));
}

}  // namespace derivd::market
