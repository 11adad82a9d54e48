// Owns the words about a command line that names no command, or one that is none. derivd and
// derivctl use it where CLI11 says "A subcommand is required" to both.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "common/look.hpp"
#include "common/output.hpp"
#include "core/nearest.hpp"

namespace derivd::daemon {

/// Of an option that neither the command `path` nor those above it take.
inline std::string about_option(const CLI::App& app, std::string_view word, std::string_view path) {
  std::vector<std::string> names;
  for (const auto* level = &app; level != nullptr;
       level = level->get_subcommands().empty() ? nullptr : level->get_subcommands().front()) {
    for (const auto* option : level->get_options()) {
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  const std::vector<std::string_view> words(names.begin(), names.end());
  const auto meant = core::nearest(word.substr(0, word.find('=')), words);
  return fmt::format("unknown option '{}'{}; \"{} --help\" lists them", word,
                     meant ? fmt::format(", did you mean '{}'?", *meant) : "", path);
}

/// Of the innermost command that was named rightly.
inline std::string about_command(const CLI::App& app, std::string_view program) {
  const CLI::App* level = &app;
  std::string path(program);
  while (!level->get_subcommands().empty()) {
    level = level->get_subcommands().front();
    path += " " + level->get_name();
  }
  std::vector<std::string> names;
  for (const auto* command : level->get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  const auto rest = app.remaining(true);
  if (rest.empty()) {
    return fmt::format("which command? \"{} --help\" lists them", path);
  }
  if (rest.front().starts_with('-')) return about_option(app, rest.front(), path);
  const std::vector<std::string_view> words(names.begin(), names.end());
  const auto meant = core::nearest(rest.front(), words);
  return fmt::format("unknown command '{}'{}; \"{} --help\" lists them", rest.front(),
                     meant ? fmt::format(", did you mean '{}'?", *meant) : "", path);
}

/// Among what nothing takes is something that looks like an option.
inline bool has_unknown_option(const CLI::App& app) {
  const auto rest = app.remaining(true);
  return std::any_of(rest.begin(), rest.end(),
                     [](const std::string& word) { return word.starts_with('-'); });
}

/// A word that nothing takes, of a command that was named rightly.
inline std::string about_rest(const CLI::App& app, std::string_view program) {
  const auto rest = app.remaining(true);
  std::string path(program);
  for (const auto* level = &app; !level->get_subcommands().empty();) {
    level = level->get_subcommands().front();
    path += " " + level->get_name();
  }
  const auto option = std::find_if(rest.begin(), rest.end(),
                                   [](const std::string& word) { return word.starts_with('-'); });
  if (option != rest.end()) return about_option(app, *option, path);
  return fmt::format("'{}' is one word too many; \"{} --help\" lists what it takes",
                     rest.empty() ? "" : rest.front(), path);
}

/// out::exit_of() with the help on lines that fit a terminal.
template <class Failure>
int exit_of(const CLI::App& app, const Failure& failure) {
  std::ostringstream words;
  std::ostringstream errors;
  const int code = app.exit(failure, words, errors);
  out::write(out::To::kOutput, out::folded(words.str()));
  out::write(out::To::kErrors, errors.str());
  return code;
}

}  // namespace derivd::daemon
