// Owns the words about a command line that names no command, or one that is none. derivd and
// derivctl use it where CLI11 says "A subcommand is required" to both.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "common/look.hpp"
#include "common/output.hpp"
#include "core/nearest.hpp"

namespace derivd::daemon {

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
  const std::vector<std::string_view> words(names.begin(), names.end());
  const auto meant = core::nearest(rest.front(), words);
  return fmt::format("unknown command '{}'{}; \"{} --help\" lists them", rest.front(),
                     meant ? fmt::format(", did you mean '{}'?", *meant) : "", path);
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
