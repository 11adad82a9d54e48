// Numbers go to text and back without losing a digit, whatever the text.

#include "core/decimal.hpp"

#include "core/rng.hpp"

namespace derivd::core {
namespace {

constexpr int kCases = 20'000;

std::int64_t any_units(Rng& rng) {
  const auto magnitude = static_cast<std::int64_t>(rng.next() >> (rng.below(60) + 4));
  return rng.below(2) == 0 ? magnitude : -magnitude;
}

std::string without_trailing_zeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

// 123.45 → 12345e-2 or 0.012345e4: what JSON allows.
std::string with_exponent(Rng& rng, std::int64_t mantissa, int decimals) {
  const int shift = static_cast<int>(rng.below(4));
  const auto text = Decimal{mantissa, static_cast<std::uint8_t>(shift)}.to_string();
  return text + (rng.below(2) == 0 ? "e" : "E") + std::to_string(shift - decimals);
}

TEST(RoundTrip, Money) {
  Rng rng(1);
  for (int i = 0; i < kCases; ++i) {
    const auto exponent = static_cast<std::uint8_t>(rng.below(9));
    const auto money = Money::minor(any_units(rng) / 100, exponent);
    const auto text = money.to_string();
    ASSERT_EQ(Money::parse(text, exponent).value(), money) << text;
    ASSERT_EQ(Money::parse(without_trailing_zeros(text), exponent).value(), money) << text;
    ASSERT_EQ(Money::parse(text + (exponent == 0 ? ".0" : "0"), exponent).value(), money) << text;
    ASSERT_FALSE(Money::parse(text + (exponent == 0 ? ".1" : "1"), exponent)) << text;
    const auto sum = money + Money::minor(17, exponent);
    ASSERT_EQ(sum - Money::minor(17, exponent), money);
    ASSERT_GT(sum, money);
    ASSERT_EQ(money - money, Money::minor(0, exponent));
  }
}

TEST(RoundTrip, PriceAndItsLastDigit) {
  Rng rng(2);
  for (int i = 0; i < kCases; ++i) {
    const auto decimals = static_cast<std::uint8_t>(rng.below(6));
    const auto price = Price::raw(any_units(rng) / 1000, decimals);
    const auto text = price.to_string();
    ASSERT_EQ(price.last_digit(), text.back() - '0') << text;
    const auto short_text = without_trailing_zeros(text);
    ASSERT_EQ(Price::parse(short_text, decimals).value(), price) << short_text;
    ASSERT_EQ(Price::parse(short_text, decimals)->last_digit(), price.last_digit()) << short_text;
    const auto scientific = with_exponent(rng, price.mantissa(), decimals);
    ASSERT_EQ(Price::parse(scientific, decimals).value(), price) << scientific;
    const auto point = text.find('.');
    const auto shown = point == std::string::npos ? 0 : text.size() - point - 1;
    ASSERT_EQ(shown, decimals) << text;
  }
}

TEST(RoundTrip, Decimal) {
  Rng rng(3);
  for (int i = 0; i < kCases; ++i) {
    const Decimal value{any_units(rng) % 1'000'000'000'000'000'000,
                        static_cast<std::uint8_t>(rng.below(19))};
    const auto text = value.to_string();
    const auto back = Decimal::parse(text);
    ASSERT_TRUE(back) << text;
    ASSERT_EQ(*back, value) << text;
    ASSERT_EQ(back->to_string(), text);
    ASSERT_EQ(without_trailing_zeros(text), text);
  }
}

TEST(Order, OfDecimalsIsThatOfTheirValues) {
  Rng rng(4);
  for (int i = 0; i < kCases; ++i) {
    const Decimal a{any_units(rng) % 100'000, static_cast<std::uint8_t>(rng.below(6))};
    const Decimal b{any_units(rng) % 100'000, static_cast<std::uint8_t>(rng.below(6))};
    const auto scaled = [](const Decimal& d) { return d.mantissa * pow10(5 - d.scale); };
    ASSERT_EQ(a <=> b, scaled(a) <=> scaled(b));
    ASSERT_EQ(a == b, b == a);
  }
}

// Broken text is refused or means what it shows; it never becomes something else in silence.
TEST(Parsing, OfMutilatedTextIsRefusedOrHonest) {
  Rng rng(5);
  static constexpr std::string_view kAlphabet = "0123456789+-.eE xninfa,\n\t_";
  int accepted = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text =
        Decimal{any_units(rng) % 1'000'000'000'000, static_cast<std::uint8_t>(rng.below(12))}
            .to_string();
    for (auto edits = rng.below(4); edits > 0; --edits) {
      const auto at = rng.below(text.size() + 1);
      const char c = kAlphabet[rng.below(kAlphabet.size())];
      if (rng.below(2) == 0 || at == text.size()) {
        text.insert(at, 1, c);
      } else {
        text[at] = c;
      }
    }
    const auto value = Decimal::parse(text);
    if (!value) continue;
    ++accepted;
    ASSERT_EQ(text.find_first_not_of("0123456789+-.eE"), std::string::npos) << text;
    ASSERT_EQ(Decimal::parse(value->to_string()).value(), *value) << text;
    const double shown = std::stod(text);
    ASSERT_NEAR(value->to_double(), shown, std::abs(shown) * 1e-12 + 1e-18) << text;
  }
  EXPECT_GT(accepted, 20'000);
}

}  // namespace
}  // namespace derivd::core
