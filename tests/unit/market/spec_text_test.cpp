#include "core/bounds.hpp"
#include "market/kind.hpp"
#include "market/spec.hpp"
#include "unit/market/market_fixture.hpp"

namespace derivd::market {
namespace {

// The form is in journals and in lists that people keep: it may grow, what stands here may not
// change.
TEST(SpecText, OfWhatIsSoldToday) {
  const auto same = [](const ContractSpec& spec, std::string_view text) {
    EXPECT_EQ(encode(spec), text);
    const auto read = decode(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, spec) << text;
  };
  same(spec_of(ContractType::kCall, "5t"), "CALL R_100 5t");
  same(spec_of(ContractType::kPutE, "1d", "1HZ100V"), "PUTE 1HZ100V 1d");
  same(barrier_spec(ContractType::kHigher, "5m", "R_100", "0.10"), "HIGHER R_100 5m +0.10");
  same(barrier_spec(ContractType::kLower, "15s", "R_10", "-0.100"), "LOWER R_10 15s -0.100");
  same(spec_of(ContractType::kDigitOver, "1t", "R_10", 7), "DIGITOVER R_10 1t =7");
  same(spec_of(ContractType::kDigitOdd, "10t"), "DIGITODD R_100 10t");
  auto mult = spec_of(ContractType::kMultUp, "");
  mult.terms = MultiplierTerms{100, usd("2.00"), usd("1.00"), lasting("15m")};
  same(mult, "MULTUP R_100 - multiplier=100 take_profit=2.00 stop_loss=1.00 cancellation=15m");
  mult.terms = MultiplierTerms{40, {}, {}, {}};
  same(mult, "MULTUP R_100 - multiplier=40");
}

TEST(SpecText, OfWhatIsToCome) {
  for (const auto* text :
       {"CALL R_50 until:1790000000", "CALL frxEURUSD 1d +0.0010 -0.0010", "CALL R_100 5m 812.30",
        "CALL R_100 - growth=0.03 take_profit=2.00", "CALL R_100 5t point=3",
        "CALL R_100 5t tick=3", "CALL R_100 5t basis=payout", "CALL R_100 5m . -0.10"}) {
    const auto spec = decode(text);
    ASSERT_TRUE(spec) << text;
    EXPECT_EQ(encode(*spec), text);
  }
}

TEST(SpecText, AnythingElseIsRefusedWithItsWords) {
  for (const auto* text : {"",
                           "CALL",
                           "CALL R_100",
                           "call R_100 5t",
                           "CALL  R_100 5t",
                           "CALL R_100 5t ",
                           " CALL R_100 5t",
                           "CALL R_100 5",
                           "CALL R_100 05t",
                           "CALL R_100 0t",
                           "CALL R_100 5t 5t",
                           "CALL R_100 5t +.5",
                           "CALL R_100 5t +1 +1 +1",
                           "CALL R_100 5t =10",
                           "CALL R_100 5t =-1",
                           "CALL R_100 5t basis=stake",
                           "CALL R_100 5t take_profit=1.00",
                           "MULTUP R_100 - take_profit=1.00 multiplier=100",
                           "MULTUP R_100 - multiplier=100 multiplier=100",
                           "MULTUP R_100 - multiplier=65536",
                           "CALL R_100 5t speed=3",
                           "CALL R%20100 5t x",
                           "CALL R%5F100 5t",
                           "CALL R%zz 5t",
                           "CALL 0123456789012345678901234567890 5t",
                           "CALL R_100 99999999999999999999t",
                           "CALL R_100 2147483648t",
                           "CALL R_100 -1t",
                           "CALL R_100 until:-1",
                           "CALL R_100 until:9223372036854775807",
                           "CALL R_100 5m +0.0000000000000000001",
                           "CALL R_100 5m +00000000000000000000000001.00"}) {
    EXPECT_FALSE(decode(text)) << text;
  }
  EXPECT_EQ(decode("CALL R_100\x1b[2J").error().text,
            "'CALL R_100?[2J' is not the text of a contract");
  EXPECT_FALSE(decode(std::string(kMaxSpecText + 1, '1')));
}

TEST(SpecText, FitsItsBoundAtItsLongest) {
  ContractSpec spec;
  spec.type = ContractType::kDigitMatch;
  spec.symbol = SymbolCode(std::string(30, '\n'));
  const auto last = ContractDuration::until({core::kLastSecond});
  spec.duration = last;
  const auto longest = core::Price::raw(INT64_MIN, 18);
  spec.barriers = {Barrier::offset(longest), Barrier::offset(longest)};
  const auto money = core::Money::minor(INT64_MIN, 18);
  spec.terms = MultiplierTerms{65535, money, money, last, money};
  spec.basis = Basis::kPayout;
  EXPECT_LE(encode(spec).size(), kMaxSpecText);
  EXPECT_EQ(decode(encode(spec)).value(), spec);
}

}  // namespace
}  // namespace derivd::market
