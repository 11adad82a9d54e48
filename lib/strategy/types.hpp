// Owns the makers of the strategy types, one for each file of this folder. Only registry.cpp calls
// them, with complete and checked parameters. It never keeps state.
#pragma once

#include <memory>

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

/// What `random` buys for a value of its parameter `contract`.
std::span<const market::ContractType> random_contracts(std::int64_t kind);

}  // namespace derivd::strategy
