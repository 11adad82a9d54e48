#include "engine/spec.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/check.hpp"
#include "market/kind.hpp"
#include "market/symbol.hpp"
#include "rules/evaluator.hpp"

namespace derivd::engine {

core::Result<market::ContractSpec> make_spec(const StrategySettings& settings,
                                             const strategy::Signal& signal,
                                             std::uint8_t decimals) {
  const auto& kind = market::kind_of(signal.type);
  const auto& wanted = settings.contract;
  market::ContractSpec spec;
  spec.type = signal.type;
  spec.symbol = settings.symbol;
  spec.set_digit(signal.prediction);
  if (kind.needs.has_length()) spec.duration = signal.duration.value_or(wanted.duration);
  if (kind.needs.multiplier) {
    spec.terms = market::MultiplierTerms{static_cast<std::uint16_t>(wanted.multiplier.value_or(0)),
                                         wanted.take_profit, wanted.stop_loss, std::nullopt};
  }
  if (kind.needs.barrier != market::BarrierForm::kOffset) return spec;
  if (signal.barrier) {
    spec.set_offset(*signal.barrier);
    return spec;
  }
  if (!wanted.barrier) {
    return core::invalid(fmt::format("{} needs contract.barrier", kind.name));
  }
  auto offset = core::Price::from(*wanted.barrier, decimals);
  if (!offset) return offset.error();
  spec.set_offset(kind.direction < 0 ? -*offset : *offset);
  return spec;
}

namespace {

constexpr std::int8_t kAnyDigit = 5;  // DIGITOVER takes 0 to 8, DIGITUNDER 1 to 9

/// A digit that the type takes; -1 for one that takes none.
std::int8_t any_digit(market::ContractType type) {
  return market::has_form(type, market::BarrierForm::kDigit) ? kAnyDigit : std::int8_t{-1};
}

void add_predictions(const rules::Buy& buy, Buyable one, std::vector<Buyable>& out) {
  const auto fixed = buy.prediction ? rules::constant_of(*buy.prediction) : std::nullopt;
  const auto& needs = market::kind_of(buy.type).needs;
  if (fixed || !needs.digit_is_priced) {
    one.signal.prediction = fixed ? static_cast<std::int8_t>(*fixed) : any_digit(buy.type);
    out.push_back(one);
    return;
  }
  for (auto digit = needs.lowest_digit; digit <= needs.highest_digit; ++digit) {
    one.signal.prediction = digit;
    out.push_back(one);
  }
}

}  // namespace

core::Result<market::ContractSpec> sample_spec(const StrategySettings& settings,
                                               market::ContractType type, std::uint8_t decimals) {
  return make_spec(settings, {type, any_digit(type)}, decimals);
}

std::vector<Buyable> buyables(const StrategySettings& settings) {
  const auto* type = strategy::find_type(settings.type);
  const auto* symbol = market::find_symbol(settings.symbol);
  DERIVD_CHECK(type != nullptr && symbol != nullptr, "settings were not checked");
  std::vector<Buyable> out;
  if (type->is_scripted) return out;  // known only when it runs
  if (!type->is_ruled()) {
    for (const auto contract : strategy::contracts_of(*type, settings.params)) {
      out.push_back({{contract, any_digit(contract)}});
    }
    return out;
  }
  for (const auto& rule : settings.rules.rules) {
    Buyable one{{rule.buy.type}};
    one.signal.duration = rule.buy.duration;
    if (rule.buy.barrier) {
      const auto fixed = rules::constant_of(*rule.buy.barrier);
      one.barrier_varies = !fixed;
      const auto pips = fixed.value_or(0) * static_cast<double>(core::pow10(symbol->decimals));
      one.signal.barrier = core::Price::raw(std::llround(pips), symbol->decimals);
    }
    add_predictions(rule.buy, one, out);
  }
  return out;
}

}  // namespace derivd::engine
