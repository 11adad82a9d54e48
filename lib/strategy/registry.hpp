// Owns the list of strategy types with their parameters: the one home that the configuration, the
// documentation and the engine read. A new strategy is one file plus one row here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "market/spec.hpp"
#include "rules/rule_set.hpp"
#include "strategy/program.hpp"
#include "strategy/strategy.hpp"

namespace derivd::strategy {

/// Values of `params`: whole numbers; a decimal as its value × 10^decimals, a word as its place in
/// the list of words.
using Params = std::map<std::string, std::int64_t, std::less<>>;

struct ParamSpec {
  std::string_view name;
  std::int64_t min;
  std::int64_t max;
  std::optional<std::int64_t> fallback;  // empty: optional without a value (prediction)
  std::string_view help;
  std::uint8_t decimals = 0;                     // of what the user writes
  std::span<const std::string_view> words = {};  // not empty: one of them is written
};
/// What is wrong with parameters that are each within their bounds, and of which one.
struct ParamProblem {
  std::string param;
  std::string text;
};
/// The value as the user writes it.
std::string text_of(const ParamSpec& spec, std::int64_t value);
/// "1 to 100", "even_odd, rise_fall".
std::string allowed_of(const ParamSpec& spec);

struct StrategyType {
  std::string_view name;  // "even_odd"
  std::string_view help;
  std::span<const ParamSpec> params;
  std::span<const market::ContractType> contracts;  // what it may buy
  bool digits;  // needs a symbol with a last digit and a duration in ticks
  /// Params complete and checked. Null: a type whose signals are rules, in a program or made by a
  /// script (make_strategy).
  std::unique_ptr<Strategy> (*make)(const Params&);
  /// Which of `contracts`, where that depends on the parameters; null: all.
  std::span<const market::ContractType> (*bought)(const Params&) = nullptr;
  /// `contract.type` may name others in their place: its first buys the first, its second the
  /// second of them.
  bool any_contract = false;
  /// Its signals, contracts and stakes are a program's: `file` and `answers` are its params.
  bool programmed = false;
  /// Its signals come from a script that runs elsewhere.
  bool is_scripted = false;
  /// Of a short form of `rules`: the rules that it stands for, with parameters that are complete
  /// and checked. Where no rule says otherwise, values are of `candles`.
  rules::RuleSet (*expand)(const Params&, rules::Where candles) = nullptr;
  /// What is wrong with the parameters together, whose defaults are filled in; null: nothing can
  /// be.
  std::optional<ParamProblem> (*check)(const Params&) = nullptr;
  /// `candles:` means something to it.
  bool uses_candles = false;
  /// Its rules are the user's own, in `rules:`.
  bool is_ruled() const {
    return make == nullptr && expand == nullptr && !programmed && !is_scripted;
  }
  bool is_short_form() const { return expand != nullptr; }
};
/// What a strategy is made of beyond its numbers: each matters to one kind of type alone.
struct Made {
  const rules::RuleSet& rules;
  const ProgramSettings& program;
  market::SymbolInfo symbol;
};
/// Of any type.
std::unique_ptr<Strategy> make_strategy(const StrategyType& type, const Params& params,
                                        const Made& of);
/// What a strategy of this type with these complete parameters may buy.
std::span<const market::ContractType> contracts_of(const StrategyType& type, const Params& params);

std::span<const StrategyType> strategy_types();
const StrategyType* find_type(std::string_view name);

}  // namespace derivd::strategy
