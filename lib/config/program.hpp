// Owns the reading of type dbot: its params, the program's file, and what of both cannot be. The
// checks call it for each such strategy. It compiles the program, and never runs it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/tree.hpp"
#include "engine/settings.hpp"

namespace derivd::config {

/// Answers that one strategy may give; no program of the collection asks a tenth of that.
inline constexpr std::size_t kMaxAnswers = 100;
inline constexpr std::size_t kMaxAnswer = 1000;  // bytes

struct ProgramSource {
  const YamlNode* params;      // null: not given
  const std::string& key;      // "strategies[0]"
  std::string_view directory;  // of relative paths; empty: the process's own
  const std::set<std::string, std::less<>>& refused;
};

/// Fills the settings' program and symbol as far as they are good. Problems name the key; those of
/// the program its own line and block, too.
void read_program(const ProgramSource& source, engine::StrategySettings& settings,
                  std::map<std::string, Place, std::less<>>& places,
                  std::vector<Problem>& problems);

/// "{ file: my-bot.xml, fingerprint: 0123456789abcdef, answers: ["1", "10"] }"; a program that
/// changed shows otherwise.
std::string show_program(const strategy::ProgramSettings& program);

}  // namespace derivd::config
