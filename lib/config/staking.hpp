// Owns the values below `staking:` that are more than one number: how each is written and printed,
// and whether they fit the plan. The settings table names a reader for each key, the checks call
// check_staking() once the contracts are known. It never knows a limit.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/tree.hpp"
#include "core/result.hpp"
#include "engine/settings.hpp"

namespace derivd::config {

/// "[0.35, 0.80, 1.70]": amounts above 0, at most staking::kMaxStakes of them.
core::Result<std::vector<core::Money>> read_stakes(const YamlNode& node, std::uint8_t decimals);

/// "auto" gives nothing; a number is above 1, at most 100.
core::Result<std::optional<core::Decimal>> read_factor(const YamlNode& node);
/// "2" and "2%": above 0, at most 100.
core::Result<core::Decimal> read_percent(const YamlNode& node);

std::string print(const std::vector<core::Money>& value);
std::string print(staking::Advance value);
core::Result<staking::Advance> read_advance(const YamlNode& node);

struct StakingCheck {
  engine::StrategySettings& settings;               // its plan is known; a table gets its base here
  std::function<bool(std::string_view key)> good;   // its value was taken, or it is not there
  std::function<bool(std::string_view key)> given;  // it is there
  std::function<void(std::string_view key, std::string reason)> problem;
};
/// True: the base is known, and can be compared with limits.
bool check_staking(const StakingCheck& check);

}  // namespace derivd::config
