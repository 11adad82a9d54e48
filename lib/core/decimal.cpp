#include "core/decimal.hpp"

#include "core/currency.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>

#include "core/check.hpp"

namespace derivd::core {
namespace {

constexpr int kMaxDigits = 18;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Error not_a_number(std::string_view text) {
  return invalid(fmt::format("'{}' is not a decimal number", text.substr(0, 40)));
}

// Brings mantissa × 10^-scale to `target` decimals without losing a digit.
Result<std::int64_t> rescale(Decimal v, std::uint8_t target) {
  if (v.scale > target) {
    const auto divisor = pow10(v.scale - target);
    if (v.mantissa % divisor != 0) {
      return invalid(fmt::format("{} has more than {} decimals", v.to_string(), target));
    }
    return v.mantissa / divisor;
  }
  std::int64_t out = 0;
  if (__builtin_mul_overflow(v.mantissa, pow10(target - v.scale), &out)) {
    return invalid(fmt::format("{} is too large", v.to_string()));
  }
  return out;
}

std::string format_fixed(std::int64_t mantissa, int decimals) {
  std::string out;
  append_fixed(out, mantissa, decimals);
  return out;
}

}  // namespace

std::int64_t pow10(int n) {
  DERIVD_CHECK(n >= 0 && n <= kMaxDigits, "power of ten out of range");
  std::int64_t value = 1;
  for (int i = 0; i < n; ++i) value *= 10;
  return value;
}

void append_fixed(std::string& out, std::int64_t mantissa, int decimals) {
  DERIVD_CHECK(decimals >= 0 && decimals <= kMaxDigits, "decimals out of range");
  auto left = mantissa < 0 ? ~static_cast<std::uint64_t>(mantissa) + 1
                           : static_cast<std::uint64_t>(mantissa);
  // A sign, a zero, a point, and the digits of an int64.
  std::array<char, 3 + std::numeric_limits<std::int64_t>::digits10 + 1> text;
  auto* at = text.data() + text.size();
  for (int i = 0; left != 0 || i <= decimals; ++i) {
    if (i == decimals && decimals > 0) *--at = '.';
    *--at = static_cast<char>('0' + left % 10);
    left /= 10;
  }
  if (mantissa < 0) *--at = '-';
  out.append(at, text.data() + text.size());
}

Result<Decimal> Decimal::parse(std::string_view text) {
  std::size_t i = 0;
  bool negative = false;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) negative = text[i++] == '-';
  Decimal out;
  int digits = 0;
  int scale = 0;
  bool any = false;
  bool point = false;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (!is_digit(c)) break;
    any = true;
    if (out.mantissa != 0 || c != '0') ++digits;
    if (digits > kMaxDigits)
      return invalid(fmt::format("'{}' has too many digits", text.substr(0, 40)));
    out.mantissa = out.mantissa * 10 + (c - '0');
    if (point) ++scale;
  }
  if (!any) return not_a_number(text);
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    bool minus = false;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) minus = text[i++] == '-';
    int exponent = 0;
    bool some = false;
    for (; i < text.size() && is_digit(text[i]); ++i) {
      some = true;
      exponent = exponent * 10 + (text[i] - '0');
      if (exponent > 99) return not_a_number(text);
    }
    if (!some) return not_a_number(text);
    scale += minus ? exponent : -exponent;
  }
  if (i != text.size()) return not_a_number(text);
  while (scale > 0 && out.mantissa % 10 == 0 && (scale > kMaxDigits || out.mantissa == 0)) {
    out.mantissa /= 10;
    --scale;
  }
  for (; scale < 0; ++scale) {
    if (out.mantissa >= pow10(kMaxDigits - 1)) {
      return invalid(fmt::format("'{}' is too large", text.substr(0, 40)));
    }
    out.mantissa *= 10;
  }
  if (scale > kMaxDigits) {
    return invalid(fmt::format("'{}' has too many decimals", text.substr(0, 40)));
  }
  if (negative) out.mantissa = -out.mantissa;
  out.scale = static_cast<std::uint8_t>(scale);
  return out;
}

std::string Decimal::to_string() const {
  auto m = mantissa;
  int s = scale;
  while (s > 0 && m % 10 == 0) {
    m /= 10;
    --s;
  }
  return format_fixed(m, s);
}

double Decimal::to_double() const {
  return static_cast<double>(mantissa) / static_cast<double>(pow10(scale));
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  __extension__ using Wide = __int128;
  const auto x = static_cast<Wide>(a.mantissa) * pow10(b.scale);
  const auto y = static_cast<Wide>(b.mantissa) * pow10(a.scale);
  return x < y   ? std::strong_ordering::less
         : x > y ? std::strong_ordering::greater
                 : std::strong_ordering::equal;
}

Result<Money> Money::from(Decimal value, std::uint8_t exponent) {
  auto units = rescale(value, exponent);
  if (!units) return units.error();
  return Money(*units, exponent);
}

Result<Money> Money::parse(std::string_view text, std::uint8_t exponent) {
  auto value = Decimal::parse(text);
  if (!value) return value.error();
  return from(*value, exponent);
}

Result<Money> Money::parse_as_written(std::string_view text) {
  const auto point = text.find('.');
  const auto decimals = point == std::string_view::npos ? 0 : text.size() - point - 1;
  if (decimals > kMostDecimals)
    return invalid("an amount with more decimals than any currency has");
  return parse(text, static_cast<std::uint8_t>(decimals));
}

std::uint8_t Money::common_exponent(Money a, Money b) {
  DERIVD_CHECK(a.is_zero() || b.is_zero(), "amounts of different currencies");
  return b.is_zero() ? a.exponent_ : b.exponent_;
}

std::string Money::to_string() const { return format_fixed(units_, exponent_); }

double Money::to_double() const {
  return static_cast<double>(units_) / static_cast<double>(pow10(exponent_));
}

Result<Price> Price::from(Decimal value, std::uint8_t decimals) {
  auto mantissa = rescale(value, decimals);
  if (!mantissa) return mantissa.error();
  return Price(*mantissa, decimals);
}

Result<Price> Price::parse(std::string_view text, std::uint8_t decimals) {
  auto value = Decimal::parse(text);
  if (!value) return value.error();
  return from(*value, decimals);
}

std::string Price::to_string() const { return format_fixed(mantissa_, decimals_); }

double Price::to_double() const {
  return static_cast<double>(mantissa_) / static_cast<double>(pow10(decimals_));
}

Price operator+(Price a, Price b) {
  DERIVD_CHECK(a.decimals_ == b.decimals_, "prices of different decimals added");
  return Price(a.mantissa_ + b.mantissa_, a.decimals_);
}

}  // namespace derivd::core
