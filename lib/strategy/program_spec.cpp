#include "strategy/program_spec.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "market/accumulator.hpp"
#include "market/kind.hpp"

namespace derivd::strategy {
namespace {

using market::ContractDuration;

std::optional<ContractDuration::Unit> unit_of(char letter) {
  return ContractDuration::unit_from(std::string_view(&letter, 1));
}

/// "+0.37", or "1234.56" for a quote, as it stands in a program; a computed value below zero makes
/// "+-0.5" (section 5.1), which no venue takes.
std::optional<market::Barrier> barrier_of(std::string_view text, std::uint8_t decimals) {
  const bool relative = text.starts_with('+') || text.starts_with('-');
  const bool twice = text.size() > 1 && (text[1] == '-' || text[1] == '+');
  if (twice) return std::nullopt;
  const auto value = core::Price::parse(text.starts_with('+') ? text.substr(1) : text, decimals);
  if (!value) return std::nullopt;
  return relative ? market::Barrier::offset(*value) : market::Barrier::absolute(*value);
}

/// A rate of whole per cents, as the venue has them; others are none.
std::optional<core::Decimal> growth_of(double growth) {
  const double percent = std::round(growth * 100);
  const bool whole = percent >= 1 && percent <= 100 && std::fabs(growth * 100 - percent) < 1e-9;
  if (!whole) return std::nullopt;
  return core::Decimal{static_cast<std::int64_t>(percent), 2};
}

std::optional<std::uint16_t> multiplier_of(double multiplier) {
  const bool whole = multiplier >= 1 && multiplier <= std::numeric_limits<std::uint16_t>::max() &&
                     multiplier == std::trunc(multiplier);
  return whole ? std::optional(static_cast<std::uint16_t>(multiplier)) : std::nullopt;
}

/// The terms of a position: what grows or multiplies it, and the limits that the venue keeps. Empty
/// where the program's options are those of another kind.
std::optional<market::Terms> position_terms(const dbot::Buy& wish, const market::Needs& needs) {
  if (needs.multiplier) {
    const auto multiplier = multiplier_of(wish.multiplier);
    if (!multiplier) return std::nullopt;
    return market::MultiplierTerms{*multiplier, wish.take_profit, wish.stop_loss, {}};
  }
  const auto growth = growth_of(wish.growth);
  if (!growth) return std::nullopt;
  return market::AccumulatorTerms{*growth, wish.take_profit};
}

}  // namespace

bool is_bought(std::string_view contract_type) {
  return market::contract_type_from(contract_type).has_value();
}

std::array<std::int64_t, 5> growth_barriers_of(const market::SymbolInfo& symbol) {
  std::array<std::int64_t, 5> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const core::Decimal growth{static_cast<std::int64_t>(i) + 1, 2};
    out.at(i) = market::growth_barrier(symbol, growth).value_or(0);
  }
  return out;
}

boost::system::result<market::ContractSpec, WishRefusal> spec_of(const dbot::Buy& wish,
                                                                 const market::SymbolInfo& symbol) {
  const auto refuse = [](std::string text) {
    return WishRefusal{"OfferingsValidationError", std::move(text)};
  };
  market::ContractSpec spec;
  spec.symbol = market::SymbolCode(symbol.code);
  auto type = market::contract_type_from(wish.type);
  if (!type) return refuse(fmt::format("derivd has no model of {}", wish.type));
  // The programs' names are v3's, where HIGHER is a CALL with a barrier. Other types leave one out.
  const auto with_one = market::has_form(*type, market::BarrierForm::kEntry)
                            ? market::with_offset(wish.type)
                            : std::nullopt;
  if (wish.barrier && with_one) type = with_one;
  spec.type = *type;
  const auto& needs = market::kind_of(*type).needs;
  if (needs.has_length()) {
    const auto unit = unit_of(wish.unit);
    if (!unit) return refuse("no such unit of a duration");
    spec.duration = {wish.duration, *unit};
  }
  if (needs.multiplier || needs.growth) {
    const auto terms = position_terms(wish, needs);
    if (!terms) {
      return refuse(fmt::format("{} needs a {}", wish.type,
                                needs.growth ? "growth rate of 0.01 to 0.05" : "multiplier"));
    }
    spec.terms = *terms;
  }
  if (market::has_form(*type, market::BarrierForm::kDigit)) {
    if (!wish.prediction) return refuse("a prediction is needed");
    spec.set_digit(*wish.prediction);
  }
  const bool pair = market::has_form(*type, market::BarrierForm::kPair);
  const std::array said{&wish.barrier, &wish.barrier2};
  const std::size_t levels = pair                                                    ? 2
                             : market::has_form(*type, market::BarrierForm::kOffset) ? 1
                                                                                     : 0;
  for (std::size_t i = 0; i < levels; ++i) {
    if (!*said.at(i)) return refuse(pair ? "two barriers are needed" : "a barrier is needed");
    const auto barrier = barrier_of(**said.at(i), symbol.decimals);
    if (!barrier) return refuse(fmt::format("a barrier of {}", **said.at(i)));
    spec.barriers.at(i) = *barrier;
  }
  if (needs.select_of > 0) {
    if (!wish.prediction) return refuse("a prediction is needed");
    spec.terms = market::TickTerms{static_cast<std::int8_t>(*wish.prediction)};
  }
  if (wish.basis_payout) return refuse("a payout as the basis of a purchase is not offered");
  if (auto problem = market::problem_of(spec, symbol)) return refuse(problem->text);
  return spec;
}

}  // namespace derivd::strategy
