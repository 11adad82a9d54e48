#include "core/decimal.hpp"

#include <limits>

namespace derivd::core {
namespace {

TEST(Decimal, ReadsNumbersAsWritten) {
  struct Row {
    const char* text;
    std::int64_t mantissa;
    int scale;
  };
  for (const auto& row : {Row{"0", 0, 0}, Row{"2.1", 21, 1}, Row{"-0.35", -35, 2}, Row{"+7", 7, 0},
                          Row{"2550.600", 2550600, 3}, Row{"1e3", 1000, 0}, Row{"1.5e-3", 15, 4},
                          Row{"1.5E2", 150, 0}, Row{"0001.50", 150, 2},
                          Row{"999999999999999999", 999'999'999'999'999'999, 0},
                          Row{"0.000000000000000001", 1, 18}}) {
    const auto d = Decimal::parse(row.text);
    ASSERT_TRUE(d) << row.text;
    EXPECT_EQ(d->mantissa, row.mantissa) << row.text;
    EXPECT_EQ(d->scale, row.scale) << row.text;
  }
}

TEST(Decimal, RefusesEverythingElse) {
  for (const auto* text : {"",
                           " ",
                           "-",
                           "+",
                           ".",
                           "nan",
                           "NaN",
                           "inf",
                           "-inf",
                           "Infinity",
                           "0x10",
                           "1,5",
                           "1_000",
                           " 1",
                           "1 ",
                           "1.2.3",
                           "1e",
                           "1e+",
                           "e5",
                           "--1",
                           "+-1",
                           "1-",
                           "1e5.5",
                           "1d",
                           "١",
                           "1234567890123456789",
                           "123456789012345678e1",
                           "0.0000000000000000001",
                           "1e99",
                           "1e999999999999",
                           "1e-19",
                           "1e-99",
                           "9e18e",
                           "9e18",
                           "1e18"}) {
    EXPECT_FALSE(Decimal::parse(text)) << text;
  }
  EXPECT_FALSE(Decimal::parse(std::string_view("1\0", 2)));
}

TEST(Decimal, ZeroIsZeroHoweverWritten) {
  for (const auto* text : {"0", "-0", "+0.00", "0e99", "0.000000000000000000000000", "-0e-9"}) {
    const auto d = Decimal::parse(text);
    ASSERT_TRUE(d) << text;
    EXPECT_EQ(*d, Decimal{}) << text;
    EXPECT_EQ(d->to_string(), "0") << text;
  }
}

TEST(Decimal, ComparesByValue) {
  const auto d = [](const char* text) { return Decimal::parse(text).value(); };
  EXPECT_EQ(d("2.10"), d("2.1"));
  EXPECT_LT(d("2.09"), d("2.1"));
  EXPECT_GT(d("-2.09"), d("-2.1"));
  EXPECT_LT(d("99999999999999999"), d("9e17"));
  EXPECT_GT(d("1e-17"), d("1e-18"));
  EXPECT_EQ(d("2.10").to_string(), "2.1");
  EXPECT_EQ(d("100").to_string(), "100");
  EXPECT_DOUBLE_EQ(d("0.0072").to_double(), 0.0072);
}

TEST(Money, IsExactToTheCent) {
  EXPECT_EQ(Money::parse("0.35")->units(), 35);
  EXPECT_EQ(Money::parse("10")->units(), 1000);
  EXPECT_EQ(Money::parse("0.3500")->units(), 35);
  EXPECT_EQ(Money::parse("-2.5")->units(), -250);
  EXPECT_EQ(Money::parse("1e2")->units(), 10000);
  EXPECT_FALSE(Money::parse("0.355"));
  EXPECT_FALSE(Money::parse("0.3500001"));
  EXPECT_FALSE(Money::parse("1e18"));  // 1e20 cents
  EXPECT_FALSE(Money::parse("ten"));
  EXPECT_EQ(Money::parse("0.00000001", 8)->units(), 1);
  EXPECT_EQ(Money::parse("5", 0)->units(), 5);
  EXPECT_FALSE(Money::parse("5.5", 0));
}

TEST(Money, ShowsAllItsDecimals) {
  EXPECT_EQ(Money::minor(35).to_string(), "0.35");
  EXPECT_EQ(Money::minor(-35).to_string(), "-0.35");
  EXPECT_EQ(Money::minor(-5).to_string(), "-0.05");
  EXPECT_EQ(Money::minor(1000).to_string(), "10.00");
  EXPECT_EQ(Money{}.to_string(), "0.00");
  EXPECT_EQ(Money::minor(5, 0).to_string(), "5");
  EXPECT_EQ(Money::minor(1, 8).to_string(), "0.00000001");
  EXPECT_EQ(Money::minor(std::numeric_limits<std::int64_t>::min()).to_string(),
            "-92233720368547758.08");
}

TEST(Money, Adds) {
  auto m = Money::minor(100);
  m += Money::minor(35);
  m -= Money::minor(200);
  EXPECT_EQ(m, Money::minor(-65));
  EXPECT_EQ(-m, Money::minor(65));
  EXPECT_LT(m, Money{});
  EXPECT_TRUE(Money{}.is_zero());
  EXPECT_NE(Money::minor(1, 2), Money::minor(1, 3));
}

TEST(MoneyDeathTest, MixingCurrenciesOrOverflowingIsABug) {
  EXPECT_DEATH((void)(Money::minor(1, 2) + Money::minor(1, 8)), "CHECK failed");
  EXPECT_DEATH((void)(Money::minor(1, 2) < Money::minor(1, 8)), "CHECK failed");
  EXPECT_DEATH((void)(Money::minor(std::numeric_limits<std::int64_t>::max()) + Money::minor(1)),
               "CHECK failed");
}

TEST(Price, KeepsTheSymbolsDecimals) {
  const auto p = Price::parse("2550.6", 3).value();
  EXPECT_EQ(p.to_string(), "2550.600");
  EXPECT_EQ(p.last_digit(), 0);
  EXPECT_EQ(p, Price::parse("2550.600", 3).value());
  EXPECT_NE(p, Price::parse("2550.6", 1).value());
  EXPECT_EQ(Price::parse("95382.30", 2)->last_digit(), 0);
  EXPECT_EQ(Price::parse("163.1425", 4)->last_digit(), 5);
  EXPECT_EQ(Price::parse("163", 4)->last_digit(), 0);
  EXPECT_EQ(Price::parse("-0.07", 2)->last_digit(), 7);
  EXPECT_FALSE(Price::parse("163.14251", 4));
  EXPECT_TRUE(Price::parse("163.142500", 4));
  EXPECT_EQ(Price::parse("1.6e2", 2)->to_string(), "160.00");
}

TEST(Price, AddsOffsetsAndCompares) {
  const auto p = [](const char* text) { return Price::parse(text, 2).value(); };
  EXPECT_EQ(p("1417.65") + p("0.10"), p("1417.75"));
  EXPECT_EQ(p("1417.65") + p("-0.10"), p("1417.55"));
  EXPECT_EQ(-p("0.10"), p("-0.10"));
  EXPECT_LT(p("1417.64"), p("1417.65"));
  EXPECT_DOUBLE_EQ(p("1417.65").to_double(), 1417.65);
}

TEST(PriceDeathTest, PricesOfDifferentSymbolsDoNotMix) {
  EXPECT_DEATH((void)(Price::raw(1, 2) < Price::raw(1, 3)), "CHECK failed");
  EXPECT_DEATH((void)(Price::raw(1, 2) + Price::raw(1, 3)), "CHECK failed");
}

TEST(Pow10, CoversItsRange) {
  EXPECT_EQ(pow10(0), 1);
  EXPECT_EQ(pow10(18), 1'000'000'000'000'000'000);
  EXPECT_DEATH((void)pow10(19), "CHECK failed");
  EXPECT_DEATH((void)pow10(-1), "CHECK failed");
}

}  // namespace
}  // namespace derivd::core
