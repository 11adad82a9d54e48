#include "market/european.hpp"

#include <cmath>
#include <numbers>

#include "core/check.hpp"

namespace derivd::market {
namespace {

constexpr double kYear = 365.0 * 86400.0;  // section 5: the venue's year

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

double on_its_side(const ContractSpec& spec, double above) {
  return kind_of(spec.type).direction < 0 ? 1 - above : above;
}

}  // namespace

double european_probability(const ContractSpec& spec, const SymbolInfo& symbol,
                            std::optional<core::Price> spot, std::optional<core::VenueTime> start) {
  const auto seconds = life_seconds(spec.duration, symbol, start);
  double above = 0.5;
  const auto offset = spec.offset();
  if (offset.mantissa() != 0) {
    DERIVD_CHECK(spot.has_value(), "a barrier is priced on a quote");
    above = probability_above(spot->to_double(), (*spot + offset).to_double(), seconds,
                              symbol.sigma_percent);
  } else if (!spec.duration.in_ticks() && spec.duration.seconds() >= kLongFrom) {
    above = probability_above(1, 1, seconds, symbol.sigma_percent);
  }
  return on_its_side(spec, above);
}

double european_probability_now(const SymbolInfo& symbol, const Life& life, core::VenueTime now) {
  const auto& spec = life.spec();
  const auto& spot = life.last()->quote;
  const double left =
      spec.duration.in_ticks()
          ? static_cast<double>(spec.duration.count - life.ticks_passed()) * symbol.interval_s
          : static_cast<double>((life.expiry() - now).count());
  if (left <= 0) return wins(spec, life.entry()->quote, spot) ? 1 : 0;
  const double above = probability_above(spot.to_double(), life.barrier_price()->to_double(), left,
                                         symbol.sigma_percent);
  return on_its_side(spec, above);
}

bool is_beyond(const ContractSpec& spec, core::Price entry, core::Price exit) {
  const auto level = *price_to_beat(spec, entry);
  return kind_of(spec.type).direction < 0 ? exit < level : exit > level;
}

}  // namespace derivd::market
