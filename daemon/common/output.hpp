// Owns the programs' one way to standard output and standard error. Everything that a person may
// read passes here and is cleaned once more, whoever wrote it: no byte of the venue, of a daemon,
// of a file or of a configuration steers the terminal. tests/lint/output.py keeps every other way
// shut. Used on one thread at a time. It never decides what is said.
#pragma once

#include <fmt/format.h>

#include <nlohmann/json_fwd.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace derivd::out {

enum class To { kOutput, kErrors };

/// Writes lines. Characters that steer a terminal become '?', newlines apart: a value that must not
/// break a line is cleaned with core::printable() by whoever puts it into one. False: it cannot be
/// written (a full disk, a closed pipe); of standard output also when something before it was not.
bool write(To to, std::string_view lines);

template <class... T>
bool print(fmt::format_string<T...> text, T&&... values) {
  return write(To::kOutput, fmt::format(text, std::forward<T>(values)...));
}
template <class... T>
bool error(fmt::format_string<T...> text, T&&... values) {
  return write(To::kErrors, fmt::format(text, std::forward<T>(values)...));
}

/// A value on standard output, over several lines; `indent` -1: on one. A newline follows. Texts in
/// it stay what they are: what would steer a terminal is escaped. A text that is no UTF-8 is
/// mended.
bool json(const nlohmann::ordered_json& value, int indent = 2);
/// The same for text that is JSON already, whole or a part of it that ends between characters.
bool json_text(std::string_view text);

/// A line on standard error that the next one replaces, for a terminal. erase_line() takes it away.
void redraw(std::string_view line);
void erase_line();

/// Hands on what is still held. False: something for standard output was not written.
bool flush();

/// What a command line was told about itself, in CLI11's words: its help or its mistake. The exit
/// code.
template <class App, class Failure>
int exit_of(const App& app, const Failure& failure) {
  std::ostringstream words;
  std::ostringstream errors;
  const int code = app.exit(failure, words, errors);
  write(To::kOutput, words.str());
  write(To::kErrors, errors.str());
  return code;
}

}  // namespace derivd::out
