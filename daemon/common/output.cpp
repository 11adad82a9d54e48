#include "common/output.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/printable.hpp"

namespace derivd::out {
namespace {

// Back to the start of the line, and clear it (ECMA-48, EL).
constexpr std::string_view kStartOfLine = "\r\033[K";

bool failed = false;  // of standard output: who asked for the errors sees that they stay away

bool raw(std::FILE* stream, std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stream) == text.size();
  if (stream == stdout && !written) failed = true;
  return written && !(stream == stdout && failed);
}

/// Exports and back-tests are millions of lines that need nothing.
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\n'; });
}

}  // namespace

bool write(To to, std::string_view lines) {
  auto* stream = to == To::kOutput ? stdout : stderr;
  return is_plain(lines) ? raw(stream, lines) : raw(stream, core::printable_lines(lines));
}

bool json(const nlohmann::ordered_json& value, int indent) {
  return json_text(
      value.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

bool json_text(std::string_view text) {
  return is_plain(text) ? raw(stdout, text) : raw(stdout, core::printable_json(text));
}

void redraw(std::string_view line) {
  std::string text(kStartOfLine);
  text += core::printable(line);
  raw(stderr, text);
  std::fflush(stderr);
}

void erase_line() { raw(stderr, kStartOfLine); }

bool flush() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) failed = true;
  return !failed;
}

}  // namespace derivd::out
