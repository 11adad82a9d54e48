// Owns the settings of one strategy as a whole: what it watches, what it buys, how it stakes and
// where it stops. The configuration fills it; the engine is built from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/decimal.hpp"
#include "core/short_string.hpp"
#include "market/spec.hpp"
#include "risk/limits.hpp"
#include "rules/rule_set.hpp"
#include "script/settings.hpp"
#include "staking/settings.hpp"
#include "strategy/registry.hpp"

namespace derivd::engine {

/// `contract:` of a strategy: the template that a signal completes.
struct ContractTemplate {
  market::ContractDuration duration{1, market::ContractDuration::Unit::kTicks};
  std::optional<core::Decimal> barrier;  // magnitude, for higher_lower
  std::optional<std::int64_t> multiplier;
  std::optional<core::Money> take_profit;
  std::optional<core::Money> stop_loss;
  friend bool operator==(const ContractTemplate&, const ContractTemplate&) = default;
};

struct StrategySettings {
  core::Name name;
  std::string type;
  market::SymbolCode symbol;
  strategy::Params params;
  rules::RuleSet rules;     // of type rules; its candles also of type script
  script::Settings script;  // of type script
  ContractTemplate contract;
  staking::Settings staking;
  risk::SessionLimits session;
  risk::Guards guards;
  bool enabled = true;
};

struct Settings {
  risk::AccountLimits limits;
  std::vector<StrategySettings> strategies;
};

}  // namespace derivd::engine
