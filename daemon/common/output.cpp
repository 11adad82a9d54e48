#include "common/output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/last_words.hpp"
#include "common/look.hpp"
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

namespace {

struct Mark {
  char mark;
  std::string_view code;  // ANSI's
};
// In the order of Paint.
constexpr std::array<Mark, 6> kMarks{{{'\x01', ""},
                                      {'\x02', "\033[32m"},
                                      {'\x03', "\033[33m"},
                                      {'\x04', "\033[1;31m"},
                                      {'\x05', "\033[1m"},
                                      {'\x06', "\033[2m"}}};
constexpr char kEndMark = '\x0e';
constexpr std::string_view kEndCode = "\033[0m";

constexpr std::size_t kNarrowest = 40;  // below that nothing can be read anyway
constexpr std::size_t kWidest = 400;

}  // namespace

Look look() {
  Look out;
  out.terminal = ::isatty(STDOUT_FILENO) == 1;
  if (!out.terminal) return out;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0) {
    out.width = std::clamp<std::size_t>(size.ws_col, kNarrowest, kWidest);
  }
  const char* no = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  out.colours = (no == nullptr || *no == '\0') && kind != nullptr && *kind != '\0' &&
                std::string_view(kind) != "dumb";
  return out;
}

std::string painted(std::string_view text, Paint paint, const Look& look) {
  const auto mark = kMarks.at(static_cast<std::size_t>(paint));
  if (!look.colours || mark.code.empty()) return std::string(text);
  // A newline stays outside: a terminal may colour the rest of its line otherwise.
  const bool line = text.ends_with('\n');
  if (line) text.remove_suffix(1);
  return mark.mark + std::string(text) + kEndMark + (line ? "\n" : "");
}

bool show(std::string_view lines) {
  std::string out;
  while (!lines.empty()) {
    const auto end = std::find_if(lines.begin(), lines.end(), [](char c) {
      return c == kEndMark ||
             std::any_of(kMarks.begin(), kMarks.end(), [c](const Mark& m) { return m.mark == c; });
    });
    const auto part = lines.substr(0, static_cast<std::size_t>(end - lines.begin()));
    out += core::printable_lines(part);
    if (end != lines.end()) {
      const auto mark =
          std::find_if(kMarks.begin(), kMarks.end(), [&](const Mark& m) { return m.mark == *end; });
      out += mark == kMarks.end() ? kEndCode : mark->code;
    }
    lines.remove_prefix(std::min(part.size() + 1, lines.size()));
  }
  return raw(stdout, out);
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

std::string folded(std::string_view help) {
  constexpr std::size_t kWidth = 80;
  std::string out;
  while (!help.empty()) {
    std::string line(help.substr(0, help.find('\n')));
    help.remove_prefix(std::min(line.size() + 1, help.size()));
    // The description stands behind two blanks at least, or alone on its line.
    const auto name = line.find_first_not_of(' ');
    const auto gap = name == std::string::npos ? name : line.find("  ", name);
    auto indent = gap == std::string::npos ? name : line.find_first_not_of(' ', gap);
    if (indent == std::string::npos || indent > kWidth / 2) indent = 0;
    while (line.size() > kWidth) {
      const auto blank = line.rfind(' ', kWidth);
      if (blank == std::string::npos || blank <= indent) break;
      out += line.substr(0, blank) + "\n";
      line = std::string(indent, ' ') + line.substr(blank + 1);
    }
    out += line + "\n";
  }
  return out;
}

bool flush() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) failed = true;
  return !failed;
}

void say_in_handler(const char* words) {
  // Nobody is left to be told that it failed.
  (void)!::write(STDERR_FILENO, words, std::strlen(words));
}

}  // namespace derivd::out
