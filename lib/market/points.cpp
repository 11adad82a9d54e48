#include "market/points.hpp"

#include <cmath>

#include "core/check.hpp"
#include "market/kind.hpp"
#include "market/point_notes.hpp"
#include "market/walk.hpp"

namespace derivd::market {
namespace {

core::Price rounded(double value, std::uint8_t decimals) {
  return core::Price::raw(std::llround(value * static_cast<double>(core::pow10(decimals))),
                          decimals);
}

// Ten distances, the largest half of the spot, each 1.76 times the one before (recorded on 1HZ100V,
// September 2026).
std::vector<core::Price> turbo_choices(double direction, core::Price spot) {
  constexpr int kChoices = 10;
  constexpr double kRatio = 1.76;
  std::vector<core::Price> out;
  for (int i = kChoices - 1; i >= 0; --i) {
    const double distance = spot.to_double() / 2 / std::pow(kRatio, i);
    out.push_back(rounded(-direction * distance, spot.decimals()));
  }
  return out;
}

// Strikes that a call reaches with 10, 25, 50, 75 and 90 per cent, rounded to a tenth of a point.
std::vector<core::Price> vanilla_choices(core::Price spot, double deviation) {
  constexpr double kTenth = 10;
  std::vector<core::Price> out;
  for (const double z : {1.2816, 0.6745, 0.0, -0.6745, -1.2816}) {
    const double strike = spot.to_double() * std::exp(z * deviation + deviation * deviation / 2);
    out.push_back(
        rounded(std::round((strike - spot.to_double()) * kTenth) / kTenth, spot.decimals()));
  }
  return out;
}

/// Whatever tick it enters at.
bool is_of_points(const Kind& kind) {
  return !has_payout(kind) && kind.needs.barrier == BarrierForm::kOffset;
}

}  // namespace

PointPosition points_of(const Life& life) {
  DERIVD_CHECK(is_of_points(kind_of(life.spec().type)) && life.entry(), "not a position of points");
  return {life.notes[kContracts],
          core::Price::raw(life.notes[kLevel], life.entry()->quote.decimals())};
}

std::vector<core::Price> barrier_choices(const ContractSpec& spec, const SymbolInfo& symbol,
                                         core::Price spot, core::VenueTime start) {
  const auto& kind = kind_of(spec.type);
  if (symbol.sigma_percent == 0 || !is_of_points(kind)) return {};
  if (kind.needs.points) return turbo_choices(kind.direction, spot);
  return vanilla_choices(spot, deviation_of(symbol, life_seconds(spec.duration, symbol, start)));
}

}  // namespace derivd::market
