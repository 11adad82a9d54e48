// Owns the settings of one strategy as a whole: what it watches, what it buys, how it stakes and
// where it stops. The configuration fills it; the engine is built from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/decimal.hpp"
#include "core/short_string.hpp"
#include "core/time.hpp"
#include "market/spec.hpp"
#include "market/symbols.hpp"
#include "risk/exit_rules.hpp"
#include "risk/limits.hpp"
#include "rules/rule_set.hpp"
#include "script/settings.hpp"
#include "staking/settings.hpp"
#include "strategy/registry.hpp"

namespace derivd::engine {

/// A barrier as the user writes it.
struct BarrierSetting {
  BarrierSetting() = default;
  BarrierSetting(core::Decimal v, bool offset = false)  // NOLINT(google-explicit-constructor)
      : value(v), is_offset(offset) {}
  core::Decimal value;     // with its sign
  bool is_offset = false;  // written with a sign: from the entry; else a quote, or a magnitude
  friend bool operator==(const BarrierSetting&, const BarrierSetting&) = default;
};

/// `contract:` of a strategy: the template that a signal completes.
struct ContractTemplate {
  market::ContractDuration duration{1, market::ContractDuration::Unit::kTicks};
  std::optional<core::VenueTime> until;     // in the place of the duration
  std::vector<market::ContractType> types;  // one, or up and down; empty: the strategy's own
  /// Without `types` the magnitude of HIGHER and LOWER, which take their sign from the type.
  std::optional<BarrierSetting> barrier;
  std::optional<BarrierSetting> barrier2;
  std::optional<std::int64_t> prediction;
  std::optional<std::int64_t> selected_tick;
  std::optional<core::Decimal> growth;  // 0.03
  std::optional<core::Decimal> payout_per_point;
  std::optional<std::int64_t> multiplier;
  std::optional<market::ContractDuration> cancellation;
  std::optional<core::Money> take_profit;
  std::optional<core::Money> stop_loss;
  market::Basis basis = market::Basis::kStake;  // what the plan's amount is
  /// Lost contracts in a row after which the two types change places; empty: they never do.
  std::optional<std::int64_t> alternate;
  friend bool operator==(const ContractTemplate&, const ContractTemplate&) = default;
};

/// `virtual:` of a strategy: its signals are followed without money until so many virtual losses in
/// a row, then so many are bought.
struct VirtualHook {
  std::int64_t losses = 0;  // > 0
  std::int64_t trades = 1;  // > 0
  bool until_win = false;   // bought until one wins, in the place of `trades`
  friend bool operator==(const VirtualHook&, const VirtualHook&) = default;
};

struct StrategySettings {
  core::Name name;
  std::string type;
  market::SymbolCode symbol;
  /// What was known of the symbol when the settings were checked; nothing: see symbol_of().
  std::optional<market::SymbolInfo> listed = {};
  /// Of types rules and script: symbols whose ticks it sees beside its own, and never buys. At most
  /// rules::kMaxWatched, none twice, its own not among them.
  std::vector<market::SymbolCode> watch = {};
  strategy::Params params;
  rules::RuleSet rules;               // of type rules; its candles also of type script
  strategy::ProgramSettings program;  // of type dbot
  script::Settings script;            // of type script
  ContractTemplate contract;
  risk::ExitRules exit;
  staking::Settings staking;
  risk::SessionLimits session;
  risk::Guards guards;
  core::Name group;  // its strategies have one contract open together; empty: of none
  std::optional<VirtualHook> hook;
  bool enabled = true;
};

/// What is known of its symbol: as it was checked, or else of the snapshot.
market::SymbolInfo symbol_of(const StrategySettings& settings);
/// Whether this is one of the symbols that it watches.
bool watches(const StrategySettings& settings, const market::SymbolCode& symbol);

struct Settings {
  risk::AccountLimits limits;
  std::vector<StrategySettings> strategies;
  market::Symbols symbols = {};  // what is known of the venue's
  /// Of the account's currency: every amount of these settings has so many.
  std::uint8_t money_decimals = core::Money::kCents;
};

}  // namespace derivd::engine
