#include "market/walk.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace derivd::market {
namespace {

constexpr double kYear = 365.0 * 86400.0;

// Beyond so many deviations between the levels, that both are reached is less likely than what a
// double can add: the one-sided probabilities then stand for the series, which would need
// thousands of terms.
constexpr double kFarApart = 20;
// A term e^-40 cannot change a double between 0 and 1.
constexpr double kSmallestExponent = 40;

}  // namespace

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

double deviation_of(const SymbolInfo& symbol, double seconds) {
  return symbol.sigma_percent / 100.0 * std::sqrt(std::max(seconds, 0.0) / kYear);
}

double probability_above(double spot, double level, double deviation) {
  if (level <= 0) return 1;
  if (deviation <= 0) return spot > level ? 1 : spot < level ? 0 : 0.5;
  return normal_cdf((std::log(spot / level) - deviation * deviation / 2) / deviation);
}

// The reflection principle for a walk of drift -deviation^2 / 2.
double probability_of_touch(double spot, double level, double deviation) {
  if (level <= 0) return 0;
  if (spot == level) return 1;
  if (deviation <= 0) return 0;
  const double side = level > spot ? 1 : -1;
  const double distance = side * std::log(level / spot);  // above 0
  const double drift = -side * deviation * deviation / 2;
  return normal_cdf((-distance + drift) / deviation) +
         std::exp(-side * distance) * normal_cdf((-distance - drift) / deviation);
}

// The series of the walk's eigenfunctions between two absorbing levels, integrated over the end.
double probability_within(double spot, double low, double high, double deviation) {
  if (high <= spot || low >= spot) return 0;
  if (low <= 0) return 1 - probability_of_touch(spot, high, deviation);
  if (deviation <= 0) return 1;
  const double width = std::log(high / low);
  if (width > kFarApart * deviation) {
    const double out =
        probability_of_touch(spot, high, deviation) + probability_of_touch(spot, low, deviation);
    return std::max(0.0, 1 - out);
  }
  const double x = std::log(spot / low);
  const double variance = deviation * deviation;
  double sum = 0;
  for (int n = 1;; ++n) {
    const double k = n * std::numbers::pi / width;
    const double exponent = k * k * variance / 2;
    if (exponent > kSmallestExponent) break;
    const double sign = n % 2 == 0 ? 1 : -1;
    sum += std::sin(k * x) * k / (0.25 + k * k) * (1 - sign * std::exp(-width / 2)) *
           std::exp(-exponent);
  }
  return std::clamp(2 / width * std::exp(x / 2 - variance / 8) * sum, 0.0, 1.0);
}

double life_seconds(const ContractDuration& duration, const SymbolInfo& symbol,
                    std::optional<core::VenueTime> start) {
  if (duration.in_ticks()) return static_cast<double>(duration.count) * symbol.interval_s;
  if (start) return static_cast<double>((expiry_of(duration, *start) - *start).count());
  return static_cast<double>(duration.seconds());
}

double seconds_left(const Life& life, const SymbolInfo& symbol, core::VenueTime now) {
  const auto& duration = life.spec().duration;
  if (!duration.in_ticks()) return static_cast<double>((life.expiry() - now).count());
  const auto ticks = duration.count - life.ticks_passed();
  return static_cast<double>(ticks) * symbol.interval_s;
}

}  // namespace derivd::market
