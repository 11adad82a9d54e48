// `rules:` from the file to the settings, and every mistake with its place and its remedy.
#include "config/rules.hpp"

#include <gtest/gtest.h>

#include "config/config.hpp"
#include "engine/spec.hpp"
#include "rules/parse.hpp"

namespace derivd::config {
namespace {

/// A strategy of type rules around what is given below `rules:`, which begins in line 6.
std::string around(std::string_view rules, std::string_view more = "") {
  return std::string(
             "strategies:\n"
             "  - name: dip\n"
             "    type: rules\n"
             "    symbol: R_100\n"
             "    rules:\n") +
         std::string(rules) + "    staking: { base: 0.35 }\n" + std::string(more);
}

std::string problems(const std::string& text) {
  const auto loaded = load_text(text);
  const auto* list = std::get_if<std::vector<Problem>>(&loaded);
  if (list == nullptr) return "";
  std::string out;
  for (const auto& p : *list) out += format(p, "f") + "\n";
  return out;
}

Config config(const std::string& text) {
  auto loaded = load_text(text);
  if (std::holds_alternative<Config>(loaded)) return std::move(std::get<Config>(loaded));
  ADD_FAILURE() << problems(text);
  return {};
}

void expect_problem(const std::string& text, std::string_view wanted) {
  const auto got = problems(text);
  EXPECT_NE(got.find(wanted), std::string::npos) << "wanted: " << wanted << "\ngot: " << got;
}

TEST(Rules, TheExampleOfTheContract) {
  const auto c = config(
      "strategies:\n"
      "  - name: dip\n"
      "    type: rules\n"
      "    symbol: R_100\n"
      "    candles: 1m\n"
      "    rules:\n"
      "      - when: rsi(14) < 30 and close > ema(50, 5m)\n"
      "        buy: { type: CALL, duration: 5m }\n"
      "      - when: rsi(14) > 70 and not run(rise, ticks) >= 4\n"
      "        buy: { type: PUT, duration: 5m }\n"
      "      - when: share(digit > 4, 100) < 40%\n"
      "        buy: { type: DIGITOVER, prediction: 4, duration: 1t }\n"
      "    staking: { base: 0.35 }\n");
  const auto& rules = c.engine.strategies.at(0).rules;
  EXPECT_EQ(rules.candles, rules::Where{60});
  EXPECT_EQ(
      to_string(rules),
      "when: rsi(14, 1m) < 30 and close(0, 1m) > ema(50, 5m) buy: { type: CALL, duration: 5m "
      "}; when: rsi(14, 1m) > 70 and not run(rise, ticks) >= 4 buy: { type: PUT, duration: 5m "
      "}; when: share(digit > 4, 100, ticks) < 40% buy: { type: DIGITOVER, duration: 1t, "
      "prediction: 4 }");
  EXPECT_EQ(c.places.at("strategies[0].rules[1].when"), (Place{9, 15}));
}

TEST(Rules, BarriersPredictionsAndDefaults) {
  const auto c =
      config(around("      - when: price > 0\n"
                    "        buy: { type: HIGHER, barrier: +0.25 }\n"
                    "      - when: price > 0\n"
                    "        buy:\n"
                    "          type: LOWER\n"
                    "          duration: 15s\n"
                    "          barrier: -2 * atr(14, 1m)\n"
                    "      - when: price > 0\n"
                    "        buy: { type: DIGITMATCH, prediction: hottest(100) }\n",
                    "    contract: { duration: 5t }\n"));
  const auto& all = c.engine.strategies.at(0).rules.rules;
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(rules::to_string(all[0].buy.barrier->value), "0.25");
  EXPECT_FALSE(all[0].buy.duration);
  EXPECT_EQ(rules::to_string(all[1].buy.barrier->value), "-2 * atr(14, 1m)");
  EXPECT_EQ(rules::to_string(*all[2].buy.prediction), "hottest(100)");
}

TEST(Rules, ARefusalNamesLineAndColumnOfTheWord) {
  expect_problem(
      around("      - when: rsi(14) < 30 and clse > 3\n"
             "        buy: { type: CALL }\n"),
      "f:6:32: strategies[0].rules[0].when: unknown value 'clse', did you mean 'close'?");
  expect_problem(around("      - when: rsi(14) < 30 and\n"
                        "              clse > 3\n"
                        "        buy: { type: CALL }\n"),
                 "f:7:15: strategies[0].rules[0].when: unknown value 'clse'");
  expect_problem(around("      - when: \"rsi(14) < 30 and clse > 3\"\n"
                        "        buy: { type: CALL }\n"),
                 "f:6:33: strategies[0].rules[0].when: unknown value 'clse'");
  expect_problem(around("      - when: >\n"
                        "          rsi(14) < 30 and\n"
                        "          clse > 3\n"
                        "        buy: { type: CALL }\n"),
                 "f:8:11: strategies[0].rules[0].when: unknown value 'clse'");
  expect_problem(around("      - when: 'price >'\n"
                        "        buy: { type: CALL }\n"),
                 "f:6:23: strategies[0].rules[0].when: the expression ends where a number");
  expect_problem(around("      - when: price > 1\n"
                        "        buy: { type: HIGHER, barrier: + atr(0) }\n"),
                 "f:7:45: strategies[0].rules[0].buy.barrier: 0 is out of range");
}

TEST(Rules, PlacesWithinEveryKindOfScalar) {
  const auto place = [](std::string_view text, std::size_t offset) {
    const auto parsed = parse_yaml(text);
    const auto& node = std::get<YamlNode>(parsed).entries.at(0).value;
    return place_within(text, node, offset);
  };
  EXPECT_EQ(place("k: abc def", 4), (Place{1, 8}));
  EXPECT_EQ(place("k: abc  def", 5), (Place{1, 9})) << "blanks within a line stay";
  EXPECT_EQ(place("k: 'it''s x'", 5), (Place{1, 11}));
  EXPECT_EQ(place("k: \"a\\tb c\"", 4), (Place{1, 4})) << "escapes: the scalar's own place";
  EXPECT_EQ(place("k: &name abc", 1), (Place{1, 11}));
  EXPECT_EQ(place("k: |\n  ab\n  cd\n", 3), (Place{3, 3}));
  EXPECT_EQ(place("k: abc", 3), (Place{1, 7})) << "behind the end";
}

TEST(Rules, WhatIsBoughtIsChecked) {
  const auto rule = [](std::string_view buy) {
    return around("      - when: price > 1\n        buy: " + std::string(buy) + "\n");
  };
  expect_problem(rule("{ duration: 1t }"), "rules[0].buy.type: is required; available: CALL, PUT,");
  expect_problem(rule("{ type: CALLSPREAD }"),
                 "f:7:22: strategies[0].rules[0].buy.type: 'CALLSPREAD' is not available in this "
                 "version, available: CALL, PUT, CALLE");
  expect_problem(rule("{ type: DIGITOVR }"), "did you mean 'DIGITOVER'?");
  expect_problem(rule("{ type: DIGITOVER }"), "buy.prediction: is required by DIGITOVER");
  expect_problem(rule("{ type: DIGITOVER, prediction: 9 }"),
                 "9' is out of range; allowed for DIGITOVER: a digit from 0 to 8");
  expect_problem(rule("{ type: DIGITMATCH, prediction: 2.5 }"), "a digit from 0 to 9");
  expect_problem(rule("{ type: CALL, prediction: 3 }"), "has no meaning for CALL; leave it out");
  expect_problem(rule("{ type: CALL, barrier: +1 }"), "or buy HIGHER, which is CALL with one");
  expect_problem(rule("{ type: HIGHER }"), "buy.barrier: is required by HIGHER");
  expect_problem(rule("{ type: HIGHER, barrier: 0 }"), "is no quote of R_100");
  expect_problem(rule("{ type: ONETOUCH, duration: 5t }"), "buy.barrier: is required by ONETOUCH");
  expect_problem(rule("{ type: RANGE, duration: 5m, barrier: +1 }"),
                 "buy.barrier2: is required by RANGE");
  expect_problem(rule("{ type: RANGE, duration: 5m, barrier: -1, barrier2: +1 }"),
                 "The high barrier must be above the low one.");
  expect_problem(rule("{ type: TICKHIGH, duration: 5t }"),
                 "selected_tick: is required by TICKHIGH");
  expect_problem(rule("{ type: TICKHIGH, duration: 5t, selected_tick: 6 }"),
                 "a whole number from 1 to 5");
  expect_problem(rule("{ type: CALL, selected_tick: 3 }"), "has no meaning for CALL");
  EXPECT_EQ(problems(rule("{ type: ONETOUCH, duration: 5t, barrier: +atr(14) }")), "");
  EXPECT_EQ(problems(rule("{ type: RANGE, duration: 5m, barrier: +atr(14), barrier2: -atr(14) }")),
            "");
  expect_problem(rule("{ type: RUNHIGH, duration: 6t }"),
                 "Number of ticks must be between 2 and 5.");
  expect_problem(rule("{ type: HIGHER, barrier: +0.105 }"), "of at most 2 decimals");
  expect_problem(rule("{ type: HIGHER, barrier: +0 }"), "a number other than 0");
  expect_problem(rule("{ type: DIGITEVEN, duration: 1m }"),
                 "f:7:43: strategies[0].rules[0].buy: R_100 DIGITEVEN 1m: Digit contracts are "
                 "offered in ticks only.");
  expect_problem(rule("{ type: CALL, duration: 5s }"), "Trading is not offered for this duration");
  expect_problem(rule("{ type: CALL, durration: 5m }"), "did you mean 'duration'?");
  expect_problem(
      rule("{ type: CALL, growth: 0.03 }"),
      "f:7:36: strategies[0].rules[0].buy.growth: has no meaning for CALL; leave it out");
  expect_problem(rule("{ type: CALL, basis: payout }"),
                 "buy.basis: is not known to rules in this version");
  expect_problem(rule("{ type: HIGHER, barrier: +bb_upper(20, 2) }"),
                 "put the expression into quotes");
  expect_problem(rule("CALL"), "'CALL' where a map is wanted, as buy: { type: CALL");
}

TEST(Rules, PositionsHaveTheirTermsInBuy) {
  const auto rule = [](std::string_view buy) {
    // A stake that the venue takes for every position.
    auto text = around("      - when: price > 1\n        buy: " + std::string(buy) + "\n");
    return text.replace(text.find("0.35"), 4, "1.00");
  };
  const auto c = config(rule("{ type: ACCU, growth: 3%, take_profit: 0.20 }"));
  const auto& buy = c.engine.strategies.at(0).rules.rules.at(0).buy;
  EXPECT_EQ(buy.terms,
            (market::Terms{market::AccumulatorTerms{core::Decimal{3, 2}, core::Money::minor(20)}}));
  EXPECT_EQ(to_string(c.engine.strategies.at(0).rules),
            "when: price > 1 buy: { type: ACCU, growth: 0.03, take_profit: 0.20 }");
  const auto& settings = c.engine.strategies.at(0);
  const auto spec = engine::make_spec(settings, engine::buyables(settings).at(0).signal, 2);
  EXPECT_EQ(market::encode(*spec), "ACCU R_100 - growth=0.03 take_profit=0.20");
  for (const auto* good :
       {"{ type: MULTUP, multiplier: 100, take_profit: 0.50, stop_loss: 0.80 }",
        "{ type: MULTDOWN, multiplier: 100 }", "{ type: TURBOSLONG, duration: 5t, barrier: -60 }",
        "{ type: TURBOSSHORT, duration: 5t, payout_per_point: 0.03 }",
        "{ type: VANILLALONGCALL, duration: 1m, barrier: +atr(14) }"}) {
    EXPECT_EQ(problems(rule(good)), "") << good;
  }
  expect_problem(rule("{ type: ACCU }"), "buy.growth: is required by ACCU");
  expect_problem(rule("{ type: ACCU, growth: 0.07 }"),
                 "f:7:36: strategies[0].rules[0].buy.growth: '0.07' is no growth rate");
  expect_problem(rule("{ type: ACCU, growth: 0.03, stop_loss: 1 }"),
                 "buy.stop_loss: has no meaning for ACCU");
  expect_problem(rule("{ type: ACCU, growth: 0.03, duration: 5t }"),
                 "buy.duration: has no meaning for ACCU");
  expect_problem(rule("{ type: MULTUP }"), "buy.multiplier: is required by MULTUP");
  const auto deal = config(rule("{ type: MULTUP, multiplier: 100, cancellation: 15m }"));
  EXPECT_EQ(to_string(deal.engine.strategies.at(0).rules),
            "when: price > 1 buy: { type: MULTUP, multiplier: 100, cancellation: 15m }");
  expect_problem(rule("{ type: MULTUP, multiplier: 100, cancellation: 15m, stop_loss: 0.80 }"),
                 "You may use either stop loss or deal cancellation");
  expect_problem(rule("{ type: MULTUP, multiplier: 100, cancellation: 90m }"),
                 "buy.cancellation: '90m' is no time of a deal cancellation");
  expect_problem(rule("{ type: ACCU, growth: 0.03, cancellation: 15m }"),
                 "buy.cancellation: has no meaning for ACCU");
  auto listed = rule("{ type: MULTUP, multiplier: 7 }");
  listed.replace(listed.find("R_100"), 5, "R_75");
  expect_problem(listed, "f:7:42: strategies[0].rules[0].buy: R_75 MULTUP: ");
  expect_problem(rule("{ type: MULTUP, multiplier: 100, take_profit: 0.001 }"),
                 "buy.take_profit: 0.001 has more than 2 decimals");
  expect_problem(rule("{ type: TURBOSLONG, duration: 5t }"),
                 "buy.barrier: is required by TURBOSLONG");
  expect_problem(rule("{ type: TURBOSLONG, duration: 5t, barrier: -60, payout_per_point: 3 }"),
                 "buy.barrier: has no meaning for TURBOSLONG");
  expect_problem(rule("{ type: TURBOSLONG, duration: 5t, payout_per_point: 0 }"),
                 "buy.payout_per_point: '0'");
}

TEST(Rules, TheListIsChecked) {
  expect_problem(around("      []\n"), "holds no rule; needed: a list of when and buy");
  expect_problem(around("      - when: price > 1\n"), "rules[0].buy: is required in each rule");
  expect_problem(around("      - wen: price > 1\n        buy: { type: CALL }\n"),
                 "unknown key, did you mean 'when'?");
  expect_problem(around("      - when:\n        buy: { type: CALL }\n"),
                 "rules[0].when: stands here without a value");
  expect_problem(around("      - price > 1\n"), "where a map is wanted, as - when");
  expect_problem(around("      - when: [1]\n        buy: { type: CALL }\n"), "belongs into quotes");
  std::string many;
  for (int i = 0; i < 33; ++i) many += "      - when: price > 1\n        buy: { type: CALL }\n";
  expect_problem(around(many), "more than 32 rules");
}

TEST(Rules, KeysBelongToTheirType) {
  const std::string strategy =
      "strategies:\n  - name: a\n    symbol: R_100\n    staking: { base: 0.35 }\n";
  expect_problem(strategy + "    type: rules\n", "rules: is required by type rules");
  expect_problem(strategy + "    type: even_odd\n    candles: 1m\n",
                 "candles: has no meaning for type even_odd; leave it out, or write type: rules");
  expect_problem(strategy + "    type: even_odd\n    time_zone: Asia/Tokyo\n",
                 "time_zone: has no meaning for type even_odd");
  expect_problem(strategy + "    type: even_odd\n    rules: []\n", "rules: has no meaning");
  expect_problem(strategy + "    type: rules\n    rules: x\n", "'x' where a list is wanted");
  expect_problem(strategy + "    type: rules\n    candles: 3x\n",
                 "'3x' is no length of candles; allowed: ticks, or a time from 1s to 1d");
  const std::string good =
      "    type: rules\n    rules:\n      - when: price > 1\n"
      "        buy: { type: CALL }\n";
  EXPECT_EQ(problems(strategy + good), "");
  EXPECT_EQ(problems(strategy + good + "    time_zone: Europe/Berlin\n"), "");
  expect_problem(strategy + good + "    time_zone: Europe/Berln\n",
                 "unknown time zone 'Europe/Berln', did you mean 'Europe/Berlin'?");
  expect_problem(strategy + good + "    params: { streak: 1 }\n", "type rules takes no parameters");
  expect_problem(strategy + good + "    contract: { barrier: 1 }\n",
                 "contract.barrier: has no meaning for type rules");
}

TEST(Rules, TheExampleThatIsShippedIsGood) {
  const auto loaded = load_file(DERIVD_SOURCE "/config/examples/rules.yaml");
  ASSERT_TRUE(std::holds_alternative<Config>(loaded))
      << format(std::get<std::vector<Problem>>(loaded).at(0), "rules.yaml");
  EXPECT_EQ(std::get<Config>(loaded).engine.strategies.size(), 3U);
}

TEST(Rules, AChangeOfThemWaitsUntilNothingIsOpen) {
  const auto before = config(around("      - when: price > 1\n        buy: { type: CALL }\n"));
  const auto after = config(around("      - when: price > 2\n        buy: { type: CALL }\n"));
  EXPECT_TRUE(diff(before, before).empty());
  const auto changes = diff(before, after);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].key, "strategies[dip].rules");
  EXPECT_EQ(changes[0].before, "when: price > 1 buy: { type: CALL }");
  EXPECT_EQ(changes[0].reload, Reload::kWhenFlat);
}

}  // namespace
}  // namespace derivd::config
