#include "core/currency.hpp"

#include <gtest/gtest.h>

#include "core/decimal.hpp"

namespace derivd::core {
namespace {

TEST(Currency, HasItsDecimals) {
  EXPECT_EQ(decimals_of("USD"), 2);
  EXPECT_EQ(decimals_of("BTC"), 8);
  EXPECT_EQ(decimals_of("JPY"), 0);
  EXPECT_EQ(decimals_of("btc"), std::nullopt);
  EXPECT_EQ(decimals_of(""), std::nullopt);
}

TEST(Currency, NoneHasMoreDecimalsThanAllowed) {
  std::size_t at = 0;
  const auto all = known_currencies() + ", ";
  for (std::size_t end = all.find(", "); end != std::string::npos; end = all.find(", ", at)) {
    const auto code = all.substr(at, end - at);
    ASSERT_TRUE(decimals_of(code)) << code;
    EXPECT_LE(*decimals_of(code), kMostDecimals) << code;
    EXPECT_TRUE(CurrencyCode::fits(code)) << code;
    at = end + 2;
  }
}

TEST(Money, NothingIsNothingInEveryCurrency) {
  const auto satoshi = Money::minor(7, 8);
  EXPECT_EQ(Money{} + satoshi, satoshi);
  EXPECT_EQ(satoshi + Money{}, satoshi);
  EXPECT_EQ((Money{} + satoshi).exponent(), 8);
  EXPECT_EQ((satoshi - satoshi).exponent(), 8);
  EXPECT_EQ((Money::minor(0, 8) + Money{}).exponent(), 8);
  EXPECT_LT(Money{}, satoshi);
  EXPECT_LT(-satoshi, Money{});
  EXPECT_EQ(Money::minor(0, 8), Money{});
}

TEST(Money, IsReadAsItWasWritten) {
  EXPECT_EQ(Money::parse_as_written("0.00001000").value().exponent(), 8);
  EXPECT_EQ(Money::parse_as_written("0.00001000").value().units(), 1000);
  EXPECT_EQ(Money::parse_as_written("-150").value(), Money::minor(-150, 0));
  EXPECT_EQ(Money::parse_as_written("-150").value().exponent(), 0);
  EXPECT_EQ(Money::parse_as_written("0.35").value(), Money::minor(35));
  EXPECT_FALSE(Money::parse_as_written("0.000000001"));
  EXPECT_FALSE(Money::parse_as_written("1.2.3"));
  EXPECT_FALSE(Money::parse_as_written(""));
}

}  // namespace
}  // namespace derivd::core
