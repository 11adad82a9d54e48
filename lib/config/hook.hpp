// Owns the values below `virtual:` of a strategy, and whether its contracts can be followed without
// money. The settings table names the functions of each key, the checks call check_hook() once the
// contracts are known. It never knows how it is followed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/table.hpp"

namespace derivd::config {

std::optional<std::string> apply_hook_losses(Target& t, const YamlNode& node);
std::string show_hook_losses(const Target& t);
std::optional<std::string> apply_hook_trades(Target& t, const YamlNode& node);
std::string show_hook_trades(const Target& t);
std::optional<std::string> apply_hook_until(Target& t, const YamlNode& node);
std::string show_hook_until(const Target& t);

struct HookCheck {
  const engine::StrategySettings& settings;         // its type and contracts are in order
  std::function<bool(std::string_view key)> given;  // it is there
  std::function<void(std::string_view key, std::string reason)> problem;
};
void check_hook(const HookCheck& check);

}  // namespace derivd::config
