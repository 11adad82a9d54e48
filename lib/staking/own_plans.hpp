// Owns the makers of the plans that are more than a step and a stake for it, each in a file of its
// own. The registry (plan.cpp) names them. Nobody else includes it.
#pragma once

#include <memory>

#include "staking/plan.hpp"

namespace derivd::staking {

/// Holds a product of two amounts.
__extension__ using Wide = __int128;

std::unique_ptr<StakePlan> make_table(const Settings& settings);
/// Martingale with factor: auto.
std::unique_ptr<StakePlan> make_recovery(const Settings& settings);
std::unique_ptr<StakePlan> make_percent(const Settings& settings);

}  // namespace derivd::staking
