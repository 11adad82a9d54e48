#include "dbot/text.hpp"

#include <algorithm>

namespace derivd::dbot {
namespace {

constexpr char32_t kReplacement = 0xfffd;

bool is_half(char16_t unit) { return unit >= 0xd800 && unit <= 0xdfff; }

/// The character at `i`, which moves behind it.
char32_t next_character(std::string_view text, std::size_t& i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const auto first = byte(i++);
  if (first < 0x80) return first;
  const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
  if (more == 0) return kReplacement;
  char32_t out = first & (0x3fU >> static_cast<unsigned>(more));
  for (int k = 0; k < more; ++k) {
    if (i >= text.size() || (byte(i) & 0xc0U) != 0x80U) return kReplacement;
    out = (out << 6U) | (byte(i++) & 0x3fU);
  }
  return out > 0x10ffff ? kReplacement : out;
}

void append(std::string& out, char32_t c) {
  const auto put = [&](char32_t v) { out += static_cast<char>(static_cast<unsigned char>(v)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xc0 | (c >> 6U));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12U));
    put(0x80 | ((c >> 6U) & 0x3fU));
  } else {
    put(0xf0 | (c >> 18U));
    put(0x80 | ((c >> 12U) & 0x3fU));
    put(0x80 | ((c >> 6U) & 0x3fU));
  }
  put(0x80 | (c & 0x3fU));
}

bool within(char32_t c, char32_t from, char32_t to) { return c >= from && c <= to; }

/// Letters that stand in pairs, capital first, at even places.
bool is_even_pair(char32_t c) {
  return within(c, 0x100, 0x137) || within(c, 0x14a, 0x177) || within(c, 0x460, 0x481) ||
         within(c, 0x48a, 0x4bf) || within(c, 0x4d0, 0x52f) || within(c, 0x1e00, 0x1e95);
}
/// The same with the capital at odd places.
bool is_odd_pair(char32_t c) {
  return within(c, 0x139, 0x148) || within(c, 0x179, 0x17e) || within(c, 0x4c1, 0x4ce);
}

char32_t upper_of(char32_t c) {
  if (within(c, 'a', 'z') || (within(c, 0xe0, 0xfe) && c != 0xf7)) return c - 0x20;
  if (c == 0xff) return 0x178;
  if (c == 0x131) return 'I';
  if (is_even_pair(c)) return c & ~char32_t{1};
  if (is_odd_pair(c)) return c % 2 == 0 ? c - 1 : c;
  if (within(c, 0x3b1, 0x3cb) && c != 0x3c2) return c - 0x20;
  if (c == 0x3c2) return 0x3a3;
  if (within(c, 0x430, 0x44f)) return c - 0x20;
  if (within(c, 0x450, 0x45f)) return c - 0x50;
  return c;
}

char32_t lower_of(char32_t c) {
  if (within(c, 'A', 'Z') || (within(c, 0xc0, 0xde) && c != 0xd7)) return c + 0x20;
  if (c == 0x178) return 0xff;
  if (is_even_pair(c) && c != 0x130) return c | char32_t{1};
  if (is_odd_pair(c)) return c % 2 == 1 ? c + 1 : c;
  if (within(c, 0x391, 0x3ab) && c != 0x3a2) return c + 0x20;
  if (within(c, 0x410, 0x42f)) return c + 0x20;
  if (within(c, 0x400, 0x40f)) return c + 0x50;
  return c;
}

}  // namespace

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::u16string to_units(std::string_view text) {
  std::u16string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto c = next_character(text, i);
    if (c < 0x10000) {
      out += static_cast<char16_t>(c);
    } else {
      out += static_cast<char16_t>(0xd800 + ((c - 0x10000) >> 10U));
      out += static_cast<char16_t>(0xdc00 + ((c - 0x10000) & 0x3ffU));
    }
  }
  return out;
}

std::string from_units(std::u16string_view units) {
  std::string out;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const char16_t unit = units[i];
    const bool pair = unit >= 0xd800 && unit <= 0xdbff && i + 1 < units.size() &&
                      units[i + 1] >= 0xdc00 && units[i + 1] <= 0xdfff;
    if (!pair) {
      append(out, unit);
      continue;
    }
    append(out, 0x10000 + ((char32_t{unit} - 0xd800) << 10U) + (char32_t{units[i + 1]} - 0xdc00));
    ++i;
  }
  return out;
}

std::size_t unit_count(std::string_view text) {
  return is_ascii(text) ? text.size() : to_units(text).size();
}

std::string unit_slice(std::string_view text, std::size_t from, std::size_t to) {
  if (from >= to) return {};
  if (is_ascii(text)) return std::string(text.substr(from, to - from));
  const auto units = to_units(text);
  return from_units(std::u16string_view(units).substr(from, to - from));
}

std::string joined(std::string_view a, std::string_view b) {
  std::string out(a);
  out += b;
  // Half a pair begins with the byte 0xed in this form; then the units are put together anew.
  const bool halves = a.size() >= 3 && static_cast<unsigned char>(a[a.size() - 3]) == 0xed;
  if (!halves) return out;
  auto units = to_units(a);
  if (units.empty() || !is_half(units.back())) return out;
  return from_units(units + to_units(b));
}

std::string upper(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = next_character(text, i);
    if (c == 0xdf) {
      out += "SS";
    } else {
      append(out, upper_of(c));
    }
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) append(out, lower_of(next_character(text, i)));
  return out;
}

}  // namespace derivd::dbot
