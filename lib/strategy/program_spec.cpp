#include "strategy/program_spec.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "market/kind.hpp"

namespace derivd::strategy {
namespace {

using market::ContractDuration;

std::optional<ContractDuration::Unit> unit_of(char letter) {
  return ContractDuration::unit_from(std::string_view(&letter, 1));
}

/// "+0.37" as it stands in a program; a computed value below zero makes "+-0.5" (section 5.1),
/// which no venue takes.
std::optional<core::Price> offset_of(std::string_view text, std::uint8_t decimals) {
  const bool relative = text.starts_with('+') || text.starts_with('-');
  const bool twice = text.size() > 1 && (text[1] == '-' || text[1] == '+');
  if (!relative || twice) return std::nullopt;
  const auto offset = core::Price::parse(text.starts_with('+') ? text.substr(1) : text, decimals);
  return offset ? std::optional(*offset) : std::nullopt;
}

}  // namespace

bool is_bought(std::string_view contract_type) {
  const auto type = market::contract_type_from(contract_type);
  return type && market::has_payout(*type);
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
  const auto unit = unit_of(wish.unit);
  if (!unit) return refuse("no such unit of a duration");
  spec.duration = {wish.duration, *unit};
  if (market::has_form(*type, market::BarrierForm::kDigit)) {
    if (!wish.prediction) return refuse("a prediction is needed");
    spec.set_digit(*wish.prediction);
  }
  if (market::has_form(*type, market::BarrierForm::kOffset)) {
    if (!wish.barrier) return refuse("a barrier is needed");
    const auto offset = offset_of(*wish.barrier, symbol.decimals);
    if (!offset) return refuse(fmt::format("a barrier of {}", *wish.barrier));
    spec.set_offset(*offset);
  }
  if (wish.basis_payout) return refuse("a payout as the basis of a purchase is not offered");
  if (auto problem = market::problem_of(spec, symbol)) return refuse(problem->text);
  return spec;
}

}  // namespace derivd::strategy
