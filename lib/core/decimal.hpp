// Owns exact decimal numbers: Decimal (a ratio or factor as it was written), Money (minor units of
// a currency) and Price (a quote with its symbol's decimals). Codecs and the configuration make
// them from text; every room calculates with them. No float ever holds an amount or a quote here.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/check.hpp"
#include "core/result.hpp"

namespace derivd::core {

/// 10^n for n in 0..18.
std::int64_t pow10(int n);

/// Puts mantissa × 10^-decimals behind a text, always with so many decimals: "-0.35". `decimals` is
/// 0..18 (CHECK).
void append_fixed(std::string& out, std::int64_t mantissa, int decimals);

/// A number exactly as written: mantissa × 10^-scale. Used for factors and ratios.
struct Decimal {
  std::int64_t mantissa = 0;
  std::uint8_t scale = 0;

  /// Optional sign, digits, optional point and digits, optional exponent (`1.5e-3`, which JSON
  /// allows). At most 18 significant digits and a scale of 18. Refuses "nan", "inf", hex, blanks.
  static Result<Decimal> parse(std::string_view text);
  std::string to_string() const;  // without trailing zeros
  double to_double() const;       // for display and pricing models only
  friend bool operator==(const Decimal& a, const Decimal& b) { return (a <=> b) == 0; }
  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);  // by value
};

/// An amount in minor units of its currency; `exponent` is the number of decimals (USD: 2).
/// Arithmetic between different exponents and overflow are bugs (CHECK). Nothing is nothing in
/// every currency: a zero can be added to and compared with an amount of any exponent.
class Money {
 public:
  static constexpr std::uint8_t kCents = 2;
  constexpr Money() = default;
  static constexpr Money minor(std::int64_t units, std::uint8_t exponent = kCents) {
    return Money(units, exponent);
  }
  /// Exact: text with more decimals than the exponent (trailing zeros apart) is an error.
  static Result<Money> parse(std::string_view text, std::uint8_t exponent = kCents);
  /// Of a text that to_string() wrote: the decimals that it has are the currency's.
  static Result<Money> parse_as_written(std::string_view text);
  /// Exact, from a number on the wire that was already parsed.
  static Result<Money> from(Decimal value, std::uint8_t exponent = kCents);

  constexpr std::int64_t units() const { return units_; }
  constexpr std::uint8_t exponent() const { return exponent_; }
  std::string to_string() const;  // "-0.35": always `exponent` decimals
  double to_double() const;       // for pricing models and metrics only
  constexpr bool is_zero() const { return units_ == 0; }

  friend constexpr bool operator==(Money a, Money b) {
    return a.units_ == b.units_ && (a.exponent_ == b.exponent_ || a.units_ == 0);
  }
  friend std::strong_ordering operator<=>(Money a, Money b) {
    if (a.exponent_ != b.exponent_) [[unlikely]]
      common_exponent(a, b);
    return a.units_ <=> b.units_;
  }
  Money operator-() const { return Money(-units_, exponent_); }
  friend Money operator+(Money a, Money b) {
    std::int64_t sum = 0;
    DERIVD_CHECK(!__builtin_add_overflow(a.units_, b.units_, &sum), "amount overflow");
    if (a.exponent_ != b.exponent_) [[unlikely]]
      return Money(sum, common_exponent(a, b));
    return Money(sum, a.exponent_);
  }
  friend Money operator-(Money a, Money b) { return a + (-b); }
  Money& operator+=(Money b) { return *this = *this + b; }
  Money& operator-=(Money b) { return *this = *this - b; }

 private:
  constexpr Money(std::int64_t units, std::uint8_t exponent) : units_(units), exponent_(exponent) {}
  /// That of the one which is not zero, where they differ (CHECK). Out of the way of every sum: an
  /// account has one currency.
  [[gnu::cold]] static std::uint8_t common_exponent(Money a, Money b);
  std::int64_t units_ = 0;
  std::uint8_t exponent_ = kCents;
};

/// A quote: mantissa × 10^-decimals, where decimals belong to the symbol, so that the last digit is
/// a property of the formatted price: 2550.6 on a symbol of 3 decimals ends in 0.
class Price {
 public:
  constexpr Price() = default;
  static constexpr Price raw(std::int64_t mantissa, std::uint8_t decimals) {
    return Price(mantissa, decimals);
  }
  /// Text with more decimals than the symbol has (trailing zeros apart) is an error.
  static Result<Price> parse(std::string_view text, std::uint8_t decimals);
  static Result<Price> from(Decimal value, std::uint8_t decimals);

  constexpr std::int64_t mantissa() const { return mantissa_; }
  constexpr std::uint8_t decimals() const { return decimals_; }
  /// Last digit of the formatted price, 0..9.
  constexpr int last_digit() const {
    const auto d = static_cast<int>(mantissa_ % 10);
    return d < 0 ? -d : d;
  }
  std::string to_string() const;  // always `decimals` decimals
  double to_double() const;
  friend constexpr bool operator==(Price, Price) = default;
  friend std::strong_ordering operator<=>(Price a, Price b) {
    DERIVD_CHECK(a.decimals_ == b.decimals_, "prices of different symbols compared");
    return a.mantissa_ <=> b.mantissa_;
  }
  /// Adds an offset given in the same decimals.
  friend Price operator+(Price a, Price b);
  Price operator-() const { return Price(-mantissa_, decimals_); }

 private:
  constexpr Price(std::int64_t m, std::uint8_t d) : mantissa_(m), decimals_(d) {}
  std::int64_t mantissa_ = 0;
  std::uint8_t decimals_ = 0;
};

}  // namespace derivd::core
