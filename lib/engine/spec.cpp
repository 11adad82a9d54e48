#include "engine/spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/check.hpp"
#include "market/kind.hpp"
#include "market/symbol.hpp"
#include "rules/evaluator.hpp"

namespace derivd::engine {

namespace {

market::Terms terms_of(const market::Needs& needs, const ContractTemplate& wanted,
                       const strategy::Signal& signal) {
  if (!std::holds_alternative<std::monostate>(signal.terms)) return signal.terms;
  const bool any = needs.multiplier || needs.growth || needs.points || needs.select_of > 0;
  if (!any) return std::monostate{};
  if (needs.multiplier) {
    return market::MultiplierTerms{static_cast<std::uint16_t>(wanted.multiplier.value_or(0)),
                                   wanted.take_profit, wanted.stop_loss, wanted.cancellation};
  }
  if (needs.growth) {
    return market::AccumulatorTerms{wanted.growth.value_or(core::Decimal{}), wanted.take_profit};
  }
  if (needs.points && wanted.payout_per_point) return market::PointTerms{*wanted.payout_per_point};
  if (needs.select_of > 0) {
    const auto tick =
        signal.selected_tick > 0 ? signal.selected_tick : wanted.selected_tick.value_or(0);
    return market::TickTerms{static_cast<std::int8_t>(tick)};
  }
  return std::monostate{};
}

/// As the template has it; a magnitude takes its sign from the type.
core::Result<market::Barrier> template_barrier(const StrategySettings& settings,
                                               const market::Kind& kind,
                                               const std::optional<BarrierSetting>& wanted,
                                               std::string_view key, std::uint8_t decimals) {
  if (!wanted) return core::invalid(fmt::format("{} needs contract.{}", kind.name, key));
  const auto value = core::Price::from(wanted->value, decimals);
  if (!value) return value.error();
  if (settings.contract.types.empty()) {
    return market::Barrier::offset(kind.direction < 0 ? -*value : *value);
  }
  return wanted->is_offset ? market::Barrier::offset(*value) : market::Barrier::absolute(*value);
}

core::Result<void> add_barriers(const StrategySettings& settings, const strategy::Signal& signal,
                                std::uint8_t decimals, market::ContractSpec& spec) {
  const auto& kind = market::kind_of(spec.type);
  const auto& wanted = settings.contract;
  if (!market::has_levels(spec.type) || spec.points() != nullptr) return {};
  const auto add = [&](std::size_t i, const std::optional<market::Barrier>& said,
                       const std::optional<BarrierSetting>& setting,
                       std::string_view key) -> core::Result<void> {
    if (said) {
      spec.barriers[i] = *said;
      return {};
    }
    const auto barrier = template_barrier(settings, kind, setting, key, decimals);
    if (!barrier) return barrier.error();
    spec.barriers[i] = *barrier;
    return {};
  };
  if (auto r = add(0, signal.barrier, wanted.barrier, "barrier"); !r) return r;
  if (!market::has_form(spec.type, market::BarrierForm::kPair)) return {};
  return add(1, signal.barrier2, wanted.barrier2, "barrier2");
}

}  // namespace

std::vector<market::ContractType> types_of(const StrategySettings& settings) {
  const auto* type = strategy::find_type(settings.type);
  DERIVD_CHECK(type != nullptr, "settings were not checked");
  if (type->is_ruled()) {
    std::vector<market::ContractType> out;
    for (const auto& rule : settings.rules.rules) out.push_back(rule.buy.type);
    return out;
  }
  if (!settings.contract.types.empty()) return settings.contract.types;
  const auto own = strategy::contracts_of(*type, settings.params);
  return {own.begin(), own.end()};
}

strategy::Signal in_types_of(const StrategySettings& settings, strategy::Signal signal,
                             bool swapped) {
  const auto& types = settings.contract.types;
  if (types.empty() && !swapped) return signal;
  const auto* type = strategy::find_type(settings.type);
  DERIVD_CHECK(type != nullptr, "settings were not checked");
  const auto own = strategy::contracts_of(*type, settings.params);
  auto at = static_cast<std::size_t>(std::ranges::find(own, signal.type) - own.begin());
  if (swapped && at < 2) at = 1 - at;
  if (types.empty()) {
    if (at < own.size()) signal.type = own[at];
    return signal;
  }
  signal.type = types[std::min(at, types.size() - 1)];
  const bool digit = market::has_form(signal.type, market::BarrierForm::kDigit);
  const auto prediction = settings.contract.prediction.value_or(-1);
  signal.prediction = static_cast<std::int8_t>(digit ? prediction : -1);
  return signal;
}

market::SymbolInfo symbol_of(const StrategySettings& settings) {
  if (settings.listed) return *settings.listed;
  const auto* known = market::find_symbol(settings.symbol);
  return known != nullptr ? *known : market::unknown_symbol(settings.symbol);
}

core::Result<market::ContractSpec> make_spec(const StrategySettings& settings,
                                             const strategy::Signal& signal,
                                             std::uint8_t decimals) {
  if (signal.spec) return *signal.spec;
  const auto& kind = market::kind_of(signal.type);
  const auto& wanted = settings.contract;
  market::ContractSpec spec;
  spec.type = signal.type;
  spec.symbol = settings.symbol;
  spec.set_digit(signal.prediction);
  if (kind.needs.has_length()) {
    const auto length =
        wanted.until ? market::ContractDuration::until(*wanted.until) : wanted.duration;
    spec.duration = signal.duration.value_or(length);
  }
  spec.terms = terms_of(kind.needs, wanted, signal);
  spec.basis = wanted.basis;
  if (auto r = add_barriers(settings, signal, decimals, spec); !r) return r.error();
  return spec;
}

bool is_priced_by_quote(const StrategySettings& settings, const strategy::Signal& signal) {
  if (signal.spec) return false;  // of a program, which stakes by itself
  if (settings.contract.basis == market::Basis::kPayout) return true;
  const auto& needs = market::kind_of(signal.type).needs;
  if (!needs.multiplier) return false;
  const auto terms = terms_of(needs, settings.contract, signal);
  const auto* multiplier = std::get_if<market::MultiplierTerms>(&terms);
  return multiplier != nullptr && multiplier->cancellation.has_value();
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
  const auto wanted = settings.contract.prediction;
  const auto digit = wanted && market::has_form(type, market::BarrierForm::kDigit)
                         ? static_cast<std::int8_t>(*wanted)
                         : any_digit(type);
  return make_spec(settings, {type, digit}, decimals);
}

namespace {

/// As the rule has it where it is a number, else a distance of zero.
market::Barrier fixed_barrier(const rules::Level& level, std::uint8_t decimals, bool& varies) {
  const auto fixed = rules::constant_of(level.value);
  varies = varies || !fixed;
  const auto pips = fixed.value_or(0) * static_cast<double>(core::pow10(decimals));
  const auto value = core::Price::raw(std::llround(pips), decimals);
  const bool offset = level.is_offset || !fixed;
  return offset ? market::Barrier::offset(value) : market::Barrier::absolute(value);
}

}  // namespace

std::vector<Buyable> buyables(const StrategySettings& settings) {
  const auto* type = strategy::find_type(settings.type);
  DERIVD_CHECK(type != nullptr, "settings were not checked");
  const auto decimals = symbol_of(settings).decimals;
  std::vector<Buyable> out;
  // Known only when it runs.
  if (type->programmed || type->is_scripted) return out;
  // Of a short form with contracts of its own the rules say the digits.
  const bool by_rules =
      type->is_ruled() || (type->is_short_form() && settings.contract.types.empty());
  if (!by_rules) {
    const auto wanted = settings.contract.prediction;
    for (const auto contract : types_of(settings)) {
      const auto digit = any_digit(contract);
      out.push_back({{contract, digit >= 0 && wanted ? static_cast<std::int8_t>(*wanted) : digit}});
    }
    return out;
  }
  const auto set =
      type->is_ruled() ? settings.rules : type->expand(settings.params, settings.rules.candles);
  for (const auto& rule : set.rules) {
    Buyable one{{rule.buy.type}};
    one.signal.terms = rule.buy.terms;
    one.signal.duration = rule.buy.duration;
    one.signal.selected_tick = rule.buy.selected_tick;
    const auto fix = [&](const rules::Level& l) {
      return fixed_barrier(l, decimals, one.barrier_varies);
    };
    if (rule.buy.barrier) one.signal.barrier = fix(*rule.buy.barrier);
    if (rule.buy.barrier2) one.signal.barrier2 = fix(*rule.buy.barrier2);
    add_predictions(rule.buy, one, out);
  }
  return out;
}

}  // namespace derivd::engine
