// Owns the step from a strategy's settings and its signal to the contract that is bought. The
// engine calls it for each signal. It never knows the stake.
#pragma once

#include "core/result.hpp"
#include "engine/settings.hpp"
#include "market/contract.hpp"
#include "market/tick.hpp"
#include "strategy/strategy.hpp"

namespace derivd::engine {

/// Completes the template: the signal's type and prediction, and for HIGHER +barrier, for LOWER
/// −barrier, in the decimals of the tick's quote. An error when the barrier is missing or has more
/// decimals than the symbol.
core::Result<market::ContractSpec> make_spec(const StrategySettings& settings,
                                             const strategy::Signal& signal,
                                             const market::Tick& tick);

}  // namespace derivd::engine
