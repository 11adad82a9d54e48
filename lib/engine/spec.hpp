// Owns the step from a strategy's settings and its signal to the contract that is bought. The
// engine calls it for each signal; the configuration's checks, the back-test and the odds ask what
// a strategy may buy before there is one. It never knows the stake.
#pragma once

#include <vector>

#include "core/result.hpp"
#include "engine/settings.hpp"
#include "market/spec.hpp"
#include "script/message.hpp"
#include "strategy/strategy.hpp"

namespace derivd::engine {

/// What a strategy with these settings may buy: contract.type, or what its own type buys. The
/// settings are checked, or at least their type is.
std::vector<market::ContractType> types_of(const StrategySettings& settings);

/// The signal in the types of `contract.type`: the strategy's first buys the first of them, its
/// second the second, or the first where there is one. Also its prediction. Once for each signal.
/// `swapped`: its first buys the second, its second the first, of its own where it has no others.
strategy::Signal in_types_of(const StrategySettings& settings, strategy::Signal signal,
                             bool swapped = false);

/// Completes the template by the signal: its type and prediction, and its length, barriers and
/// selected tick where it has them. Quotes of the symbol have `decimals`. An error, with the key
/// that it is about in front, when a barrier is missing or has more decimals than the symbol.
core::Result<market::ContractSpec> make_spec(const StrategySettings& settings,
                                             const strategy::Signal& signal, std::uint8_t decimals);

/// What it costs, only its quote says, and it is bought by that quote: its plan's amount is a
/// payout, or what is at stake beside the fee of a deal cancellation.
bool is_priced_by_quote(const StrategySettings& settings, const strategy::Signal& signal);

/// A contract of this type as the strategy would buy it, with a digit that every type takes where
/// the signal would say one.
core::Result<market::ContractSpec> sample_spec(const StrategySettings& settings,
                                               market::ContractType type, std::uint8_t decimals);

/// What the program of a strategy of type script is told at its start, but for what it has kept.
script::Setup setup_of(const StrategySettings& settings, const market::Symbols& symbols = {});

/// What a strategy with these settings may buy.
struct Buyable {
  strategy::Signal signal;
  /// One of them is reckoned anew at each signal; `signal` has a distance of zero for it.
  bool barrier_varies = false;
};
/// One for each contract; of OVER and UNDER one for each prediction that is possible, of other
/// types with a prediction one with any, because all are alike. None of a program, which decides as
/// it runs. The settings are checked, or at least their rules, type and symbol are.
std::vector<Buyable> buyables(const StrategySettings& settings);

}  // namespace derivd::engine
