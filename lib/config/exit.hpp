// Owns the values below `exit:` of a strategy: how each is written and printed, and whether what
// the strategy buys can be sold before its end at all. The settings table names a reader for each
// key, the checks call check_exit() once the contract is known to be good.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/tree.hpp"
#include "core/result.hpp"
#include "engine/settings.hpp"
#include "risk/exit_rules.hpp"

namespace derivd::config {

/// "0.50", an amount as of any other key, or "50%" of the stake, quoted or not.
core::Result<risk::ExitLevel> read_exit_level(const YamlNode& node,
                                              std::uint8_t decimals = core::Money::kCents);
/// The same, at most the whole stake: more than that cannot be lost.
core::Result<risk::ExitLevel> read_exit_loss(const YamlNode& node,
                                             std::uint8_t decimals = core::Money::kCents);
/// "20t", or "30s", "5m", "1h", "1d".
core::Result<risk::ExitAfter> read_exit_after(const YamlNode& node);

std::string print(const std::optional<risk::ExitLevel>& value);
std::string print(const std::optional<risk::ExitAfter>& value);

/// Why a contract that the strategy may buy cannot be sold before its end; empty: all can. What a
/// program or a script buys is known only as it runs: of them nothing is said.
std::string check_exit(const engine::StrategySettings& settings);

}  // namespace derivd::config
