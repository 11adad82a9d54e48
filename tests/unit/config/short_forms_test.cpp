// Types that are short for rules: their parameters, and every mistake at the user's own key.
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "engine/spec.hpp"
#include "market/kind.hpp"

namespace derivd::config {
namespace {

std::string of(std::string_view type, std::string_view more = "") {
  return "strategies:\n  - name: a\n    type: " + std::string(type) +
         "\n    symbol: R_100\n    staking: { base: 1.00 }\n" + std::string(more);
}

std::string problems(const std::string& text) {
  const auto loaded = load_text(text);
  const auto* list = std::get_if<std::vector<Problem>>(&loaded);
  if (list == nullptr) return "";
  std::string out;
  for (const auto& p : *list) out += format(p, "f") + "\n";
  return out;
}

void expect_problem(const std::string& text, std::string_view wanted) {
  const auto got = problems(text);
  EXPECT_NE(got.find(wanted), std::string::npos) << "wanted: " << wanted << "\ngot: " << got;
}

/// What it may buy, each with its digit: "DIGITOVER4 DIGITUNDER5".
std::string bought(const std::string& text) {
  const auto loaded = load_text(text);
  if (!std::holds_alternative<Config>(loaded)) return problems(text);
  std::string out;
  for (const auto& one : engine::buyables(std::get<Config>(loaded).engine.strategies.at(0))) {
    out += out.empty() ? "" : " ";
    out += market::name_of(one.signal.type);
    if (one.signal.prediction >= 0) out += std::to_string(one.signal.prediction);
  }
  return out;
}

TEST(ShortForms, StandWithTheirDefaults) {
  EXPECT_EQ(bought(of("digit_over_under")), "DIGITOVER4 DIGITUNDER5");
  EXPECT_EQ(bought(of("digit_matches")), "DIGITMATCH5") << "any digit: all are alike";
  EXPECT_EQ(bought(of("indicator", "    contract: { duration: 5t }\n")), "CALL PUT");
  EXPECT_EQ(bought(of("accumulator", "    contract: { growth: 0.03 }\n")), "ACCU");
}

TEST(ShortForms, TheirDigitsAreTheirOwn) {
  EXPECT_EQ(bought(of("digit_over_under", "    params: { over: 7 }\n")), "DIGITOVER7");
  EXPECT_EQ(bought(of("digit_over_under", "    params: { under: 2, over: 6, streak: 0 }\n")),
            "DIGITOVER6 DIGITUNDER2");
  EXPECT_EQ(bought(of("digit_matches", "    params: { prediction: 3 }\n")), "DIGITMATCH3");
}

TEST(ShortForms, AnIndicatorMayBuyAnyContract) {
  EXPECT_EQ(bought(of("indicator",
                      "    params: { indicator: macd }\n    candles: 1m\n"
                      "    contract: { type: [RUNHIGH, RUNLOW], duration: 3t }\n")),
            "RUNHIGH RUNLOW");
  EXPECT_EQ(bought(of("indicator",
                      "    contract: { type: [MULTUP, MULTDOWN], multiplier: 100, "
                      "take_profit: 0.50 }\n")),
            "MULTUP MULTDOWN");
}

TEST(ShortForms, AMistakeStandsAtItsKey) {
  expect_problem(of("digit_over_under", "    params: { over: 9 }\n"),
                 "f:6:21: strategies[0].params.over: '9' is out of range");
  expect_problem(of("digit_over_under", "    params: { under: 0 }\n"), "params.under: '0' is out");
  expect_problem(of("digit_over_under", "    params: { window: 50 }\n"),
                 "f:6:23: strategies[0].params.window: is that of share, which is not there");
  expect_problem(of("digit_over_under", "    params: { prediction: 3 }\n"),
                 "unknown parameter of digit_over_under");
  expect_problem(of("digit_matches", "    params: { prediction: 3, pick: hottest }\n"),
                 "f:6:36: strategies[0].params.pick: stands beside params.prediction");
  expect_problem(of("digit_matches", "    params: { absent: 12 }\n"),
                 "params.absent: counts the ticks without params.prediction");
  expect_problem(of("digit_matches", "    params: { pick: last, window: 9 }\n"),
                 "params.window: is that of pick: hottest and pick: coldest");
  expect_problem(of("digit_matches", "    params: { pick: warmest }\n"), "params.pick: ");
  expect_problem(of("digit_matches", "    candles: 1m\n"),
                 "candles: has no meaning for type digit_matches");
  expect_problem(of("digit_over_under", "    contract: { duration: 1m }\n"),
                 "contract.duration: '1m' is a time");
  expect_problem(of("accumulator"), "contract.growth: is required by the contracts of accumulator");
  expect_problem(of("accumulator", "    params: { calm: 501 }\n"), "params.calm: '501' is out");
}

TEST(ShortForms, AMistakeOfAnIndicatorStandsAtItsKey) {
  const auto with = [](std::string_view params) {
    return of("indicator",
              "    contract: { duration: 5t }\n    params: { " + std::string(params) + " }\n");
  };
  EXPECT_EQ(problems(with("indicator: rsi, period: 14, below: 30, above: 70")), "");
  EXPECT_EQ(problems(with("indicator: bollinger, deviations: 2.5")), "");
  expect_problem(with("indicator: rsj"), "f:7:26: strategies[0].params.indicator: ");
  expect_problem(with("indicator: macd, period: 3"),
                 "f:7:40: strategies[0].params.period: has no meaning for macd; leave it out");
  expect_problem(with("below: 60, above: 40"),
                 "f:7:22: strategies[0].params.below: below (60) is higher than above (40)");
  expect_problem(with("above: 20"), "f:7:22: strategies[0].params.above: below (30) is higher");
  expect_problem(with("indicator: ema, fast: 30"),
                 "params.fast: fast (30) must be below slow (26)");
  expect_problem(with("indicator: sma, slow: 12"),
                 "params.slow: fast (12) must be below slow (12)");
  expect_problem(with("period: 0"), "params.period: ");
  expect_problem(of("indicator", "    rules: []\n"), "rules: has no meaning for type indicator");
}

TEST(ShortForms, AChangeOfCandlesWaitsUntilNothingIsOpen) {
  const auto loaded = [](std::string_view candles) {
    return std::get<Config>(load_text(
        of("indicator",
           "    contract: { duration: 5t }\n    candles: " + std::string(candles) + "\n")));
  };
  const auto changes = diff(loaded("1m"), loaded("5m"));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].key, "strategies[a].candles");
  EXPECT_EQ(changes[0].reload, Reload::kWhenFlat);
}

}  // namespace
}  // namespace derivd::config
