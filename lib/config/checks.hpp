// Owns the checks that look at more than one key: a stake against the limits, a duration against
// the market, an account against its permission. The loader calls it once all keys are read. It
// never checks a value that was itself refused.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/tree.hpp"

namespace derivd::config {

struct Checked {
  Config& config;
  const std::set<std::string, std::less<>>& refused;  // keys whose value was not taken
  std::vector<const YamlNode*> params;                // of each strategy, null where not given
  std::vector<const YamlNode*> rules;                 // likewise
  std::string_view text;                              // of the file
  std::string_view directory;                         // of its relative paths; empty: ours
  std::vector<Problem>& problems;
};
/// Also fills each strategy's params with their defaults, and reads its rules.
void check_together(Checked& checked);

}  // namespace derivd::config
