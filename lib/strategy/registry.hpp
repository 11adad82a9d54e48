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
#include "market/contract.hpp"
#include "strategy/strategy.hpp"

namespace derivd::strategy {

/// Values of `params`, whole numbers for all types so far.
using Params = std::map<std::string, std::int64_t, std::less<>>;

struct ParamSpec {
  std::string_view name;
  std::int64_t min;
  std::int64_t max;
  std::optional<std::int64_t> fallback;  // empty: optional without a value (prediction)
  std::string_view help;
};

struct StrategyType {
  std::string_view name;  // "even_odd"
  std::string_view help;
  std::span<const ParamSpec> params;
  std::span<const market::ContractType> contracts;  // what it may buy
  bool digits;  // needs a symbol with a last digit and a duration in ticks
  std::unique_ptr<Strategy> (*make)(const Params&);  // params complete and checked
};

std::span<const StrategyType> strategy_types();
const StrategyType* find_type(std::string_view name);

}  // namespace derivd::strategy
