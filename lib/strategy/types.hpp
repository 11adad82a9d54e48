// Owns the makers of the strategy types, one for each file of this folder. Only registry.cpp calls
// them, with complete and checked parameters. It never keeps state.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "strategy/registry.hpp"

namespace derivd::strategy {

std::unique_ptr<Strategy> make_even_odd(const Params& params);
std::unique_ptr<Strategy> make_rise_fall(const Params& params);
std::unique_ptr<Strategy> make_higher_lower(const Params& params);
std::unique_ptr<Strategy> make_multiplier(const Params& params);
std::unique_ptr<Strategy> make_digit_differs(const Params& params);
std::unique_ptr<Strategy> make_random(const Params& params);
std::unique_ptr<Strategy> make_rules(const rules::RuleSet& rules);
std::unique_ptr<Strategy> make_program(const ProgramSettings& settings,
                                       const market::SymbolInfo& symbol);
std::unique_ptr<Strategy> make_script();

// Short forms of `rules`: each as the rules that it stands for, and what its parameters must not be
// together.
rules::RuleSet rules_of_over_under(const Params& params, rules::Where candles);
std::optional<ParamProblem> check_over_under(const Params& params);
rules::RuleSet rules_of_matches(const Params& params, rules::Where candles);
std::optional<ParamProblem> check_matches(const Params& params);
rules::RuleSet rules_of_indicator(const Params& params, rules::Where candles);
std::optional<ParamProblem> check_indicator(const Params& params);
rules::RuleSet rules_of_accumulator(const Params& params, rules::Where candles);

/// The words of the parameters `indicator` and `pick`, whose places are the parameters' values.
inline constexpr std::array<std::string_view, 6> kIndicatorWords{"rsi", "stochastic", "bollinger",
                                                                 "sma", "ema",        "macd"};
inline constexpr std::array<std::string_view, 3> kPickWords{"last", "hottest", "coldest"};
/// A window is calm beside one that is so many times longer.
inline constexpr std::int64_t kCalmAgainst = 10;

/// What `random` buys for a value of its parameter `contract`.
std::span<const market::ContractType> random_contracts(std::int64_t kind);

}  // namespace derivd::strategy
