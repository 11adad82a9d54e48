#include "dbot/number.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "core/check.hpp"
#include "core/decimal.hpp"

namespace derivd::dbot {
namespace {

/// Units below 10^11 leave a product of two doubles an error far below a thousandth.
constexpr double kExactBelow = 1e11;
constexpr int kExactPower = 10;
constexpr double kFarFromTie = 0.499;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Digits of the shortest text and the place of the decimal point in them: 0.d1d2… × 10^point.
struct Digits {
  std::string digits;
  int point = 0;
};
Digits shortest(double x) {
  std::array<char, 40> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), x, std::chars_format::scientific)
          .ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const auto e = text.find('e');
  DERIVD_CHECK(e != std::string_view::npos, "a scientific text has an exponent");
  Digits out;
  for (const char c : text.substr(0, e)) {
    if (is_digit(c)) out.digits += c;
  }
  auto exponent = text.substr(e + 1);
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), out.point);
  ++out.point;
  return out;
}

std::string fixed_digits(double x, int digits) {
  std::array<char, 400> buffer{};  // below 1e21, so 21 digits and the fraction
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x,
                                 std::chars_format::fixed, digits)
                       .ptr;
  return {buffer.data(), end};
}

/// The decimal text without its last digit, and one more in the place before it.
std::string rounded_up(std::string text) {
  text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  for (auto i = text.size(); i > 0; --i) {
    char& c = text[i - 1];
    if (c == '.') continue;
    if (c != '9') {
      ++c;
      return text;
    }
    c = '0';
  }
  return "1" + text;
}

/// Whether x × 10^digits ends in exactly one half: the exact decimal expansion of a double has as
/// many places behind the point as its last binary place.
bool is_tie(double x, int digits) {
  int exponent = 0;
  const double mantissa = std::frexp(x, &exponent);
  auto bits = static_cast<std::int64_t>(std::ldexp(mantissa, 53));
  int places = 53 - exponent;
  while (bits != 0 && bits % 2 == 0) {
    bits /= 2;
    --places;
  }
  return bits != 0 && places == digits + 1;
}

/// A decimal literal at the front of `text`: its length, 0 if there is none.
std::size_t literal_length(std::string_view text) {
  std::size_t i = 0;
  std::size_t digits = 0;
  while (i < text.size() && is_digit(text[i])) ++i, ++digits;
  if (i < text.size() && text[i] == '.') {
    ++i;
    while (i < text.size() && is_digit(text[i])) ++i, ++digits;
  }
  if (digits == 0) return 0;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    auto k = i + 1;
    if (k < text.size() && (text[k] == '+' || text[k] == '-')) ++k;
    if (k < text.size() && is_digit(text[k])) {
      while (k < text.size() && is_digit(text[k])) ++k;
      i = k;
    }
  }
  return i;
}

double literal_value(std::string_view text) {
  double out = 0;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), out);
  if (r.ec != std::errc::result_out_of_range) return out;
  // Too large, or so small that it is 0: the place of the first digit tells.
  const auto e = text.find_first_of("eE");
  const bool small = e != std::string_view::npos && text.substr(e + 1).starts_with('-');
  const bool fraction = e == std::string_view::npos && text.find('.') < 2;
  return small || fraction ? 0 : kInfinity;
}

double in_base(std::string_view text, int base) {
  if (text.empty()) return kNaN;
  double out = 0;
  for (const char c : text) {
    int digit = 99;
    if (is_digit(c)) digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit >= base) return kNaN;
    out = out * base + digit;
  }
  return out;
}

std::string_view trimmed_front(std::string_view text) {
  for (std::size_t n = space_at(text); n > 0; n = space_at(text)) text.remove_prefix(n);
  return text;
}

std::string_view trimmed(std::string_view text) {
  text = trimmed_front(text);
  while (!text.empty()) {
    // The last character begins behind the last byte that does not continue one.
    auto at = text.size() - 1;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U) --at;
    const auto n = space_at(text.substr(at));
    if (n == 0 || at + n != text.size()) break;
    text = text.substr(0, at);
  }
  return text;
}

}  // namespace

std::string number_text(double x) {
  if (std::isnan(x)) return "NaN";
  if (x == 0) return "0";
  if (x < 0) return "-" + number_text(-x);
  if (std::isinf(x)) return "Infinity";
  const auto [digits, point] = shortest(x);
  const int count = static_cast<int>(digits.size());
  if (count <= point && point <= 21) {
    return digits + std::string(static_cast<std::size_t>(point - count), '0');
  }
  if (0 < point && point <= 21) {
    const auto at = static_cast<std::size_t>(point);
    return digits.substr(0, at) + "." + digits.substr(at);
  }
  if (-6 < point && point <= 0) {
    return "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  }
  const int exponent = point - 1;
  std::string out = digits.substr(0, 1);
  if (count > 1) out += "." + digits.substr(1);
  out += exponent < 0 ? "e-" : "e+";
  return out + std::to_string(exponent < 0 ? -exponent : exponent);
}

std::string fixed_text(double x, int digits) {
  DERIVD_CHECK(digits >= 0 && digits <= 20, "toFixed has 0 to 20 digits");
  if (!(std::fabs(x) < 1e21)) return number_text(x);
  if (x < 0) return "-" + fixed_text(-x, digits);
  if (x == 0) return fixed_digits(0, digits);
  // The library rounds a tie to even, JavaScript upwards.
  return is_tie(x, digits) ? rounded_up(fixed_digits(x, digits + 1)) : fixed_digits(x, digits);
}

double rounded(double x, int digits) {
  if (x == 0) return 0;
  // Far from a tie, and small enough for every step to be exact, the nearest whole number of units
  // divided by their count is the double that the text would be read as.
  if (digits <= kExactPower && std::fabs(x) < kExactBelow) {
    const double scale = static_cast<double>(core::pow10(digits));
    const double units = x * scale;
    const double nearest = std::nearbyint(units);
    if (std::fabs(units) < kExactBelow && std::fabs(units - nearest) < kFarFromTie) {
      return nearest / scale;
    }
  }
  return number_of(fixed_text(x, digits));
}

double round_half_up(double x) {
  if (!(std::fabs(x) < 4503599627370496.0)) return x;  // 2^52: whole already, infinite or NaN
  const double below = std::floor(x);
  const double out = x - below >= 0.5 ? below + 1 : below;
  return out == 0 ? std::copysign(0.0, x) : out;
}

double remainder_of(double a, double b) { return std::fmod(a, b); }

double power(double base, double exponent) {
  if (std::isnan(exponent)) return kNaN;
  if (std::isinf(exponent) && std::fabs(base) == 1) return kNaN;
  return std::pow(base, exponent);
}

double number_of(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return 0;
  if (text.size() > 2 && text[0] == '0') {
    const char kind = static_cast<char>(text[1] | 0x20);
    if (kind == 'x') return in_base(text.substr(2), 16);
    if (kind == 'o') return in_base(text.substr(2), 8);
    if (kind == 'b') return in_base(text.substr(2), 2);
  }
  const bool minus = text[0] == '-';
  if (minus || text[0] == '+') text.remove_prefix(1);
  double out = kNaN;
  if (text == "Infinity") {
    out = kInfinity;
  } else if (const auto n = literal_length(text); n > 0 && n == text.size()) {
    out = literal_value(text);
  }
  return minus ? -out : out;
}

double leading_number_of(std::string_view text) {
  text = trimmed_front(text);
  if (text.empty()) return kNaN;
  const bool minus = text[0] == '-';
  if (minus || text[0] == '+') text.remove_prefix(1);
  double out = kNaN;
  if (text.starts_with("Infinity")) {
    out = kInfinity;
  } else if (const auto n = literal_length(text); n > 0) {
    out = literal_value(text.substr(0, n));
  }
  return minus ? -out : out;
}

double to_integer(double x) { return std::isnan(x) ? 0 : std::trunc(x) + 0.0; }

std::size_t space_at(std::string_view text) {
  if (text.empty()) return 0;
  const auto c = static_cast<unsigned char>(text[0]);
  if (c == ' ' || (c >= 9 && c <= 13)) return 1;
  constexpr std::array<std::string_view, 8> kSpaces{"\u00a0", "\u1680", "\u2028", "\u2029",
                                                    "\u202f", "\u205f", "\u3000", "\ufeff"};
  for (const auto space : kSpaces) {
    if (text.starts_with(space)) return space.size();
  }
  // U+2000 to U+200A.
  if (text.starts_with("\xe2\x80") && text.size() >= 3) {
    const auto last = static_cast<unsigned char>(text[2]);
    if (last >= 0x80 && last <= 0x8a) return 3;
  }
  return 0;
}

}  // namespace derivd::dbot
