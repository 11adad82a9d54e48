// Owns the settings table: one row for each key, with its reader, default, allowed values, help and
// reload class. The loader, the reference and the comparison at a reload are all driven by it. It
// never looks at two keys at once; that is checks.cpp.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "config/tree.hpp"

namespace derivd::config {

/// Where a row writes to and shows from. `strategy` is set for rows below "strategies[]".
struct Target {
  Config& config;
  engine::StrategySettings* strategy = nullptr;
  const YamlNode* params = nullptr;  // checked once the type is known
  const YamlNode* rules = nullptr;   // likewise
};

/// `fallback` of a key without which nothing works, and of one that is not set by default.
inline constexpr std::string_view kRequired = "required";
inline constexpr std::string_view kNotSet = "null";

struct Setting {
  std::string_view path;  // "limits.max_stake", "strategies[].staking.base"
  std::string_view fallback;
  std::string_view allowed;
  std::string_view help;
  Reload reload;
  /// A reason when the value is refused.
  std::optional<std::string> (*apply)(Target&, const YamlNode&);
  std::string (*show)(const Target&);
};

std::span<const Setting> settings();

/// Sections that may be left out although they hold required keys.
bool is_optional_section(std::string_view path);

std::vector<std::string_view> available_types();
std::vector<std::string_view> available_plans();

/// Sets every default of the rows that belong to the target (all below strategies[] or all others).
void apply_defaults(Target& target);

}  // namespace derivd::config
