#include "sim/deal.hpp"

#include <gtest/gtest.h>

namespace derivd::sim {
namespace {

using market::ContractType;

market::ContractSpec spec(ContractType type, std::string_view duration,
                          std::string_view symbol = "R_100") {
  market::ContractSpec s;
  s.type = type;
  s.symbol = symbol;
  s.duration = *market::ContractDuration::parse(duration);
  return s;
}
core::Money usd(std::int64_t cents) { return core::Money::minor(cents); }

/// Bought at the quote 1000.
market::Life bought(const market::ContractSpec& s, std::int64_t payout, std::int64_t start) {
  const auto* symbol = market::find_symbol(s.symbol);
  const market::Tick known{
      s.symbol, {start}, core::Price::raw(1000 * core::pow10(symbol->decimals), symbol->decimals)};
  return {s, {{start}, usd(900), usd(payout), known}, symbol};
}

std::string longcode(const market::ContractSpec& s, std::optional<core::VenueTime> until = {}) {
  const auto life = bought(s, 0, 1'716'220'583);
  return longcode_of(s, *market::find_symbol(s.symbol), life, life.start(), until);
}
std::string longcode(std::string_view text) { return longcode(*market::decode(text)); }

// Wordings of the recorded contracts.
TEST(Longcodes, ReadAsRecorded) {
  EXPECT_EQ(
      longcode(spec(ContractType::kCall, "1m")),
      "Win payout if Volatility 100 Index is strictly higher than entry spot at 1 minute after "
      "contract start time.");
  EXPECT_EQ(
      longcode(spec(ContractType::kPut, "5t", "1HZ100V")),
      "Win payout if Volatility 100 (1s) Index after 5 ticks is strictly lower than entry spot.");
  EXPECT_EQ(longcode(spec(ContractType::kCall, "1t")),
            "Win payout if Volatility 100 Index after 1 tick is strictly higher than entry spot.");
  EXPECT_EQ(longcode(spec(ContractType::kDigitEven, "1t", "1HZ75V")),
            "Win payout if the last digit of Volatility 75 (1s) Index is even after 1 ticks.");
  auto match = spec(ContractType::kDigitDiff, "5t");
  match.set_digit(4);
  EXPECT_EQ(longcode(match),
            "Win payout if the last digit of Volatility 100 Index is not 4 after 5 ticks.");
  match.type = ContractType::kDigitOver;
  EXPECT_EQ(
      longcode(match),
      "Win payout if the last digit of Volatility 100 Index is strictly higher than 4 after 5 "
      "ticks.");
  auto lower = spec(ContractType::kLower, "90s", "R_25");
  lower.set_offset(core::Price::raw(-100, 3));
  EXPECT_EQ(longcode(lower),
            "Win payout if Volatility 25 Index is strictly lower than entry spot minus 0.100 at 1 "
            "minute 30 seconds after contract start time.");
  EXPECT_EQ(longcode(spec(ContractType::kCall, "60s"), core::VenueTime{1'716'221'100}),
            "Win payout if Volatility 100 Index is strictly higher than entry spot at 2024-05-20 "
            "16:05:00 GMT.");
  market::ContractSpec mult;
  mult.type = ContractType::kMultUp;
  mult.symbol = "1HZ100V";
  mult.multiplier_terms().multiplier = 10;
  EXPECT_EQ(
      longcode(mult),
      "If you select 'Up', your total profit/loss will be the percentage increase in Volatility "
      "100 (1s) Index, multiplied by 90, minus commissions.");
}

std::string shortcode(const market::ContractSpec& s, std::int64_t payout, std::int64_t start,
                      std::optional<core::VenueTime> until = {}) {
  return shortcode_of(bought(s, payout, start), wire_type(Dialect::kV3, s.type), until, {});
}
std::string shortcode(std::string_view text) {
  return shortcode(*market::decode(text), 1800, 1'790'000'000);
}

TEST(Shortcodes, ReadAsRecorded) {
  EXPECT_EQ(shortcode(spec(ContractType::kDigitOdd, "5t", "1HZ50V"), 387, 1754561965),
            "DIGITODD_1HZ50V_3.87_1754561965_5T");
  EXPECT_EQ(shortcode(spec(ContractType::kDigitOdd, "1t", "1HZ75V"), 360, 1754939094),
            "DIGITODD_1HZ75V_3.60_1754939094_1T");
  EXPECT_EQ(shortcode(spec(ContractType::kCall, "1m"), 391, 1736296960),
            "CALL_R_100_3.91_1736296960_1736297020_S0P_0");
  EXPECT_EQ(shortcode(spec(ContractType::kCall, "5t", "1HZ10V"), 195, 1589779082),
            "CALL_1HZ10V_1.95_1589779082_5T_S0P_0");
  auto over = spec(ContractType::kDigitOver, "1t", "R_10");
  over.set_digit(2);
  EXPECT_EQ(shortcode(over, 47, 1791086752), "DIGITOVER_R_10_0.47_1791086752_1T_2_0");
  auto higher = spec(ContractType::kHigher, "1m");
  higher.set_offset(core::Price::raw(10, 2));
  EXPECT_EQ(shortcode(higher, 5000, 1587533920), "CALL_R_100_50_1587533920_1587533980_S10P_0");
  EXPECT_EQ(
      shortcode(spec(ContractType::kCall, "60s"), 1955, 1700481935, core::VenueTime{1700482235}),
      "CALL_R_100_19.55_1700481935_1700482235F_S0P_0");
  market::ContractSpec mult;
  mult.type = ContractType::kMultUp;
  mult.symbol = "1HZ100V";
  mult.multiplier_terms().multiplier = 10;
  EXPECT_EQ(shortcode(mult, 0, 1716220583),
            "MULTUP_1HZ100V_9.00_10_1716220583_4869849599_0_0.00_N1");
}

TEST(Longcodes, SayWhatEachFamilyWaitsFor) {
  const std::string name = "Win payout if Volatility 100 (1s) Index ";
  EXPECT_EQ(longcode("ONETOUCH 1HZ100V 5m +0.10"),
            name + "touches entry spot plus 0.10 through 5 minutes after contract start time.");
  EXPECT_EQ(longcode("NOTOUCH 1HZ100V 5t -0.10"),
            name + "does not touch entry spot minus 0.10 through 5 ticks.");
  EXPECT_EQ(longcode("EXPIRYMISS 1HZ100V 2m +1.25 -1.76"),
            name +
                "ends outside entry spot minus 1.76 to entry spot plus 1.25 at 2 minutes after "
                "contract start time.");
  EXPECT_EQ(longcode("RANGE 1HZ100V 2m 1001.25 998.00"),
            name + "stays between 998.00 to 1001.25 through 2 minutes after contract start time.");
  EXPECT_EQ(longcode("ASIANU 1HZ100V 5t"),
            "Win payout if the last tick of Volatility 100 (1s) Index is strictly higher than the "
            "average of the 5 ticks.");
  EXPECT_EQ(longcode("RUNLOW 1HZ100V 3t"), name + "has only downs after 3 ticks.");
  EXPECT_EQ(longcode("TICKHIGH 1HZ100V 5t tick=3"),
            "Win payout if tick 3 of Volatility 100 (1s) Index is the highest among all 5 ticks.");
  EXPECT_EQ(longcode("RESETCALL 1HZ100V 5t"),
            name + "after 5 ticks is strictly higher than it was at either entry or 2 ticks.");
  EXPECT_EQ(
      longcode("ACCU 1HZ100V - growth=0.01"),
      "After the entry spot tick, your stake will grow continuously by 1% for every tick that "
      "the spot price remains within the \u00b1 0.04331% from the previous spot price.");
}

TEST(Shortcodes, HoldWhatEachFamilyIsMadeOf) {
  EXPECT_EQ(shortcode("ONETOUCH 1HZ100V 5m +0.10"),
            "ONETOUCH_1HZ100V_18_1790000000_1790000300_S10P_0");
  EXPECT_EQ(shortcode("NOTOUCH 1HZ100V 5m 1012.50"),
            "NOTOUCH_1HZ100V_18_1790000000_1790000300_1012500000_0");
  EXPECT_EQ(shortcode("RANGE 1HZ100V 2m +0.10 -0.20"),
            "RANGE_1HZ100V_18_1790000000_1790000120_S10P_S-20P");
  EXPECT_EQ(shortcode("ASIANU 1HZ100V 5t"), "ASIANU_1HZ100V_18_1790000000_5T");
  EXPECT_EQ(shortcode("TICKLOW 1HZ100V 5t tick=4"), "TICKLOW_1HZ100V_18_1790000000_5T_4");
  EXPECT_EQ(shortcode("RESETPUT 1HZ100V 20s"), "RESETPUT_1HZ100V_18_1790000000_1790000020_S0P_0");
  EXPECT_EQ(shortcode("ACCU 1HZ100V - growth=0.01"),
            "ACCU_1HZ100V_9.00_0_0.01_1_0.000433139661_1790000000");
  // 9 / (2.50 + 0.284) contracts; 9 / (1.025 x the value of one) of the vanilla.
  EXPECT_EQ(shortcode("TURBOSLONG 1HZ100V 5m -2.50"),
            "TURBOSLONG_1HZ100V_9.00_1790000000_1790000300_S-250P_3.232759_1790000000");
  EXPECT_TRUE(shortcode("VANILLALONGCALL 1HZ100V 5m +0.00")
                  .starts_with("VANILLALONGCALL_1HZ100V_9.00_1790000000_1790000300_1000000000_"));
}

TEST(WireTypes, HigherIsACallWithABarrierInV3Alone) {
  EXPECT_EQ(type_from_wire(Dialect::kV3, "CALL", false), ContractType::kCall);
  EXPECT_EQ(type_from_wire(Dialect::kV3, "CALL", true), ContractType::kHigher);
  EXPECT_EQ(type_from_wire(Dialect::kV3, "HIGHER", true), std::nullopt);
  EXPECT_EQ(type_from_wire(Dialect::kOptions, "CALL", true), ContractType::kCall);
  EXPECT_EQ(type_from_wire(Dialect::kOptions, "LOWER", true), ContractType::kLower);
  EXPECT_EQ(wire_type(Dialect::kV3, ContractType::kLower), "PUT");
  EXPECT_EQ(wire_type(Dialect::kOptions, ContractType::kLower), "LOWER");
  EXPECT_EQ(type_from_wire(Dialect::kV3, "LBHIGHLOW", false), std::nullopt);
}

TEST(Dates, AreGregorian) {
  EXPECT_EQ(format_moment(0), "1970-01-01 00:00:00");
  EXPECT_EQ(format_day(951'782'400), "2000-02-29");
  EXPECT_EQ(format_moment(1'716'221'100), "2024-05-20 16:05:00");
  EXPECT_EQ(format_moment(4'869'849'599), "2124-04-26 23:59:59");
  EXPECT_EQ(far_expiry({1'716'220'583}).s, 4'869'849'599);  // captured
}

}  // namespace
}  // namespace derivd::sim
