#include "core/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace derivd::core {
namespace {

constexpr char kReplaced = '?';

struct Decoded {
  std::size_t length = 0;  // 0: no UTF-8
  std::uint32_t code = 0;
};

/// RFC 3629: the shortest form, no surrogates, nothing above U+10FFFF.
Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return {1, first};
  if (first < 0xc2 || first > 0xf4) return {};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (text.size() < length) return {};
  std::uint32_t code = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3fU);
  }
  const bool shortest = length == 2 || code >= (length == 3 ? 0x800U : 0x1'0000U);
  if (!shortest || (code >= 0xd800 && code <= 0xdfff) || code > 0x10'ffff) return {};
  return {length, code};
}

bool steers(std::uint32_t code) {
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  if (code < 0x61c) return false;
  return code == 0x61c || code == 0x200e || code == 0x200f ||  // marks of direction
         (code >= 0x2028 && code <= 0x202e) ||                 // separators, embeddings, overrides
         (code >= 0x2066 && code <= 0x2069);                   // isolates
}

bool is_plain(char c) { return c >= 0x20 && c < 0x7f; }

template <class Keep, class Replace>
std::string cleaned(std::string_view text, Keep keep, Replace replace) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (is_plain(text[i]) || keep(text[i])) {
      out += text[i++];
      continue;
    }
    const auto character = first_character(text.substr(i));
    const auto bytes = text.substr(i, character.length);
    if (character.as_it_is) {
      out += bytes;
    } else {
      replace(out, bytes);
    }
    i += character.length;
  }
  return out;
}

constexpr auto kNothing = [](char) { return false; };
constexpr auto kNewlines = [](char c) { return c == '\n'; };
constexpr auto kWithMark = [](std::string& out, std::string_view) { out += kReplaced; };

}  // namespace

Shown first_character(std::string_view text) {
  const auto decoded = decode(text);
  if (decoded.length == 0) return {1, false};
  return {decoded.length, !steers(decoded.code)};
}

bool is_printable(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto character = is_plain(text[i]) ? Shown{} : first_character(text.substr(i));
    if (!character.as_it_is) return false;
    i += character.length;
  }
  return true;
}

std::string printable(std::string_view text) { return cleaned(text, kNothing, kWithMark); }

std::string printable_lines(std::string_view text) { return cleaned(text, kNewlines, kWithMark); }

std::string printable_json(std::string_view json) {
  return cleaned(json, kNewlines, [](std::string& out, std::string_view bytes) {
    const auto decoded = decode(bytes);
    // Bytes that are no UTF-8 are no JSON either: U+FFFD, as for every decoder.
    fmt::format_to(std::back_inserter(out), "\\u{:04x}",
                   decoded.length == 0 ? 0xfffdU : decoded.code);
  });
}

std::string_view cut_utf8(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

std::string_view without_stop(std::string_view sentence) {
  const auto end = sentence.find_last_not_of(" .");
  return sentence.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

}  // namespace derivd::core
