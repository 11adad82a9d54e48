// Owns the words of `import deriv-go-trader`: what that program was started with, as flags or as
// the JSON that its web page sends, becomes the YAML of a strategy that does the same, or reasons
// why not. import.cpp reads the file and prints what this gives. It never guesses: a flag that the
// program does not have is refused by its name, and values of secrets are never repeated.
//
// Source: the public repository SedemQuame/deriv-go-trader at dafd194 (December 2025), main.go for
// flags and defaults, cmd/webserver/main.go for the JSON, strategy/*.go for signals and stakes.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "market/symbols.hpp"

namespace derivd::ctl {

/// More words than this were no command line of the program, which has twelve flags.
inline constexpr std::size_t kMaxSeedWords = 200;

struct SeedImport {
  std::string strategy;               // "even_odd"; empty: not known
  std::string yaml;                   // without problems: as it can stand in a configuration
  std::vector<std::string> notes;     // what derivd does otherwise, and what is left out
  std::vector<std::string> problems;  // each with its flag, or FILE:LINE:COL and its key
  std::optional<std::string> script;  // the text of the program's own script, from JSON
  bool of_json = false;
  bool can_run() const { return problems.empty(); }
};

struct SeedOptions {
  std::string name;         // of the strategy; empty: that of its kind
  std::string script_file;  // where the script of a custom strategy is; empty: not said
  std::string file;         // of the JSON, for messages
};

/// `words` is the command line as it was, with or without the program in front.
SeedImport import_seed_flags(std::span<const std::string> words, const SeedOptions& options);
SeedImport import_seed_json(std::string_view text, const SeedOptions& options);

/// What the configuration's own checks say of the YAML, as problems of the flags that they come
/// from. Reads the script's file, where there is one.
void check_seed(SeedImport& import, const market::Symbols& symbols);

std::string seed_report(const SeedImport& import);
nlohmann::ordered_json seed_json(const SeedImport& import);

}  // namespace derivd::ctl
