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

std::string longcode(const market::ContractSpec& s, std::optional<core::VenueTime> until = {}) {
  return longcode_of(s, *market::find_symbol(s.symbol), usd(900), {1'716'220'583}, until);
}

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
  return shortcode_of(s, wire_type(Dialect::kV3, s.type), usd(900), usd(payout), {start}, until,
                      {});
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

TEST(WireTypes, HigherIsACallWithABarrierInV3Alone) {
  EXPECT_EQ(type_from_wire(Dialect::kV3, "CALL", false), ContractType::kCall);
  EXPECT_EQ(type_from_wire(Dialect::kV3, "CALL", true), ContractType::kHigher);
  EXPECT_EQ(type_from_wire(Dialect::kV3, "HIGHER", true), std::nullopt);
  EXPECT_EQ(type_from_wire(Dialect::kOptions, "CALL", true), ContractType::kCall);
  EXPECT_EQ(type_from_wire(Dialect::kOptions, "LOWER", true), ContractType::kLower);
  EXPECT_EQ(wire_type(Dialect::kV3, ContractType::kLower), "PUT");
  EXPECT_EQ(wire_type(Dialect::kOptions, ContractType::kLower), "LOWER");
  EXPECT_EQ(type_from_wire(Dialect::kV3, "ACCU", false), std::nullopt);
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
