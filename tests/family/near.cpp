#include "family/near.hpp"

#include <fmt/format.h>

#include "market/kind.hpp"
#include "market/shortcode.hpp"

namespace derivd::market {
namespace {

std::optional<SpecProblem> check(const ContractSpec& spec, const SymbolInfo&) {
  if (spec.offset().mantissa() > 0) return std::nullopt;
  return SpecProblem{SpecFault::kBarrier, "A distance is above zero."};
}

bool wins(const ContractSpec& spec, core::Price entry, core::Price exit) {
  return exit <= entry + spec.offset() && exit >= entry + -spec.offset();
}

// Nobody sells it, so that any figure is the market's: one in four, and nine in ten once it runs.
double probability(const ContractSpec&, const SymbolInfo&, std::optional<core::Price>,
                   std::optional<core::VenueTime>) {
  return 0.25;
}
double probability_now(const SymbolInfo&, const Life&, core::VenueTime) { return 0.9; }
std::optional<double> fair(const ContractSpec&) { return 0.25; }

std::string rule(const ContractSpec& spec) {
  return fmt::format("wins when the exit is within {} of the entry", spec.offset().to_string());
}

constexpr Kind row() {
  Kind kind{.name = "NEAR", .v3_name = "NEARBY", .family = "near"};
  kind.needs = {.barrier = BarrierForm::kOffset};
  kind.amounts.min_stake = core::Money::minor(500);
  kind.check = check;
  kind.wins = wins;
  kind.at_end = won_or_lost;
  kind.probability = probability;
  kind.probability_now = probability_now;
  kind.fair = fair;
  kind.rule = rule;
  kind.code_agrees = offset_code_agrees;
  return kind;
}

}  // namespace

constinit const Kind rows::kNear = row();

}  // namespace derivd::market
