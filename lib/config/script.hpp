// Owns the reading of `params:` of type script: the program's file with its text, the answers as
// JSON, the budgets. The checks call it once the type is known; the settings table shows what it
// read. It never runs the program: whether its text is JavaScript, the program's own process says.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/tree.hpp"
#include "script/settings.hpp"

namespace derivd::config {

struct ScriptSource {
  const YamlNode& params;
  std::string key;             // "strategies[0].params"
  std::string_view directory;  // that relative paths begin at, with its slash
};

void read_script(const ScriptSource& source, script::Settings& settings,
                 std::map<std::string, Place, std::less<>>& places, std::vector<Problem>& problems);

/// "{ file: dip.js (3f…), cpu: 50ms, … }": two texts are the same only if the programs are.
std::string show_script(const script::Settings& settings);

}  // namespace derivd::config
