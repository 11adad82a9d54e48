#include "proof/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "market/kind.hpp"
#include "market/points.hpp"
#include "market/walk.hpp"

namespace derivd::proof {
namespace {

// Accepted on most indices that were recorded (deriv/v3-api.md section 5).
constexpr std::uint16_t kUsualMultiplier = 100;

const market::Offer* offer_of(const Market& market, std::string_view type) {
  if (market.offerings == nullptr) return nullptr;
  for (const auto& offer : market.offerings->offers) {
    if (offer.type == type) return &offer;
  }
  return nullptr;
}

/// Those of the venue, or else those of the model.
std::vector<core::Price> barriers_of(const Market& market, const market::ContractSpec& spec) {
  std::vector<core::Price> out;
  if (const auto* offer = offer_of(market, market::name_of(spec.type))) {
    for (const auto& text : offer->barrier_choices) {
      const auto price = core::Price::parse(text, market.symbol.decimals);
      if (price) out.push_back(*price);
    }
  }
  if (!out.empty()) return out;
  return market::barrier_choices(spec, market.symbol, market.latest.quote, market.latest.epoch);
}

}  // namespace

Request with_middle_barrier(const Market& market, std::string_view type, std::string_view length,
                            core::Money stake) {
  auto spec = spec_of(fmt::format("{} {} {}", type, market.symbol.code, length));
  const auto choices = barriers_of(market, spec);
  if (!choices.empty()) spec.set_offset(choices[choices.size() / 2]);
  return {spec, stake};
}

std::uint16_t multiplier_of(const Market& market) {
  std::uint16_t most = 0;
  if (const auto* offer = offer_of(market, "MULTUP")) {
    for (const auto m : offer->multipliers) most = std::max(most, m);
  }
  if (most == 0) most = *std::ranges::max_element(market.symbol.multipliers);
  return most == 0 ? kUsualMultiplier : most;
}

std::uint16_t least_multiplier_of(const Market& market) {
  const auto& known = market.symbol.multipliers;
  std::vector<std::uint16_t> accepted(known.begin(), known.end());
  if (const auto* offer = offer_of(market, "MULTUP");
      offer != nullptr && !offer->multipliers.empty()) {
    accepted = offer->multipliers;
  }
  std::erase(accepted, std::uint16_t{0});
  return accepted.empty() ? kUsualMultiplier : *std::ranges::min_element(accepted);
}

core::Price distance(const Market& market, double seconds, double deviations) {
  const auto spot = static_cast<double>(market.latest.quote.mantissa());
  const double exact =
      std::max(spot * market::deviation_of(market.symbol, seconds) * deviations, 1.0);
  const double unit = std::pow(10.0, std::floor(std::log10(exact)));
  return core::Price::raw(std::llround(std::round(exact / unit) * unit), market.symbol.decimals);
}

std::string signed_text(core::Price offset) {
  return (offset.mantissa() < 0 ? "" : "+") + offset.to_string();
}

}  // namespace derivd::proof
