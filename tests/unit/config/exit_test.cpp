// `exit:` of a strategy: how its values are written, and what cannot be sold early.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "config/table.hpp"

namespace derivd::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kCall = "type: CALL, duration: 5m";

std::string text_of(std::string_view contract, std::string_view exit) {
  return fmt::format(
      "strategies:\n  - name: a\n    type: random\n    symbol: 1HZ100V\n"
      "    contract: {{ {} }}\n    exit: {}\n    staking: {{ base: 1.00 }}\n",
      contract, exit);
}

std::string problem(std::string_view contract, std::string_view exit) {
  const auto loaded = load_text(text_of(contract, exit));
  const auto* problems = std::get_if<std::vector<Problem>>(&loaded);
  return problems == nullptr ? "" : format(problems->front(), "f");
}

risk::ExitRules rules(std::string_view exit) {
  const auto loaded = load_text(text_of(kCall, exit));
  const auto* problems = std::get_if<std::vector<Problem>>(&loaded);
  EXPECT_EQ(problems, nullptr) << format(problems->front(), "f");
  return problems == nullptr ? std::get<Config>(loaded).engine.strategies[0].exit
                             : risk::ExitRules{};
}

TEST(Exit, IsAsTheContractWritesIt) {
  const auto r = rules("{ profit: 0.50, loss: 0.80, after: 20t, trailing: 0.30 }");
  EXPECT_EQ(r.profit->amount, core::Money::minor(50));
  EXPECT_EQ(r.loss->amount, core::Money::minor(80));
  EXPECT_EQ(r.trailing->amount, core::Money::minor(30));
  EXPECT_EQ(r.after->ticks, 20);
}

TEST(Exit, SharesAndTimesAreWrittenSo) {
  const auto r = rules("{ profit: 50%, loss: \"80%\", trailing: 12.5%, after: 5m }");
  EXPECT_FALSE(r.profit->amount);
  EXPECT_EQ(r.profit->percent, core::Decimal(50));
  EXPECT_EQ(r.loss->percent, core::Decimal(80));
  EXPECT_EQ(r.trailing->percent, (core::Decimal{125, 1}));
  EXPECT_EQ(r.after->time, std::chrono::minutes(5));
  EXPECT_EQ(rules("{ after: 1h }").after->time, std::chrono::hours(1));
  EXPECT_EQ(rules("{ after: 30s }").after->time, std::chrono::seconds(30));
}

TEST(Exit, OneRuleIsEnoughAndNoneIsNone) {
  EXPECT_TRUE(rules("{ loss: 0.10 }").any());
  EXPECT_FALSE(rules("null").any());
  EXPECT_FALSE(rules("{}").any());
  EXPECT_FALSE(rules("{ profit: null }").any());
}

TEST(Exit, IsShownAsItWasRead) {
  const auto loaded = load_text(text_of(kCall, "{ profit: 50%, loss: 0.80, after: 90s }"));
  auto config = std::get<Config>(loaded);
  Target target{config, &config.engine.strategies[0]};
  std::map<std::string, std::string, std::less<>> shown;
  for (const auto& s : settings()) {
    if (s.path.starts_with("strategies[].exit.")) shown[std::string(s.path)] = s.show(target);
  }
  EXPECT_EQ(shown["strategies[].exit.profit"], "50%");
  EXPECT_EQ(shown["strategies[].exit.loss"], "0.80");
  EXPECT_EQ(shown["strategies[].exit.trailing"], "null");
  EXPECT_EQ(shown["strategies[].exit.after"], "90s");
}

TEST(Exit, WrongValuesAreNamedWithTheirPlace) {
  EXPECT_THAT(problem(kCall, "{ profit: 0 }"),
              StartsWith("f:6:21: strategies[0].exit.profit: 0 is not above 0"));
  EXPECT_THAT(problem(kCall, "{ profit: 0% }"), HasSubstr("'0%' is no share of the stake"));
  EXPECT_THAT(problem(kCall, "{ loss: 101% }"), HasSubstr("at most 100%"));
  EXPECT_THAT(problem(kCall, "{ profit: -1 }"), HasSubstr("'-1' is negative"));
  EXPECT_THAT(problem(kCall, "{ trailing: much }"), HasSubstr("or a share of the stake, as 50%"));
  EXPECT_THAT(problem(kCall, "{ profit: [1] }"), HasSubstr("exit.profit"));
  EXPECT_THAT(problem(kCall, "{ after: 20 }"), HasSubstr("'20' is no time to wait"));
  EXPECT_THAT(problem(kCall, "{ after: 0t }"), HasSubstr("'0t' is no time to wait"));
  EXPECT_THAT(problem(kCall, "{ after: 0s }"), HasSubstr("'0s' is no time to wait"));
  EXPECT_THAT(problem(kCall, "{ after: -5t }"), HasSubstr("'-5t' is no time to wait"));
  EXPECT_THAT(problem(kCall, "{ after: 2000000t }"), HasSubstr("at most 1000000t"));
}

TEST(Exit, KeysWithoutValueAndUnknownOnesAreMistakes) {
  EXPECT_THAT(problem(kCall, "\n      profit:\n      loss: 0.10"),
              StartsWith("f:7:7: strategies[0].exit.profit: stands here without a value"));
  EXPECT_THAT(problem(kCall, ""), HasSubstr("strategies[0].exit: stands here without any key"));
  EXPECT_THAT(problem(kCall, "{ profits: 0.10 }"), HasSubstr("did you mean 'profit'?"));
  EXPECT_THAT(problem(kCall, "5"), HasSubstr("where a map of keys is wanted"));
}

TEST(Exit, WhatCannotBeSoldEarlyIsRefusedAtTheKey) {
  EXPECT_THAT(problem("type: CALL, duration: 5t", "{ profit: 0.10 }"),
              StartsWith("f:6:11: strategies[0].exit: CALL of 5t cannot be sold before its end: "
                         "Deriv buys no contract back that counts in ticks"));
  EXPECT_THAT(problem("type: DIGITEVEN, duration: 5t", "{ profit: 0.10 }"),
              HasSubstr("DIGITEVEN of 5t cannot be sold before its end: Deriv buys no digit "
                        "contract back; leave exit out"));
  EXPECT_THAT(problem("type: [CALL, RUNHIGH], duration: 5t", "{ after: 3t }"),
              HasSubstr("cannot be sold before its end"));
  EXPECT_EQ(problem("type: DIGITEVEN, duration: 5t", "null"), "");
  EXPECT_EQ(problem("type: MULTUP, multiplier: 100", "{ profit: 0.10 }"), "");
  EXPECT_EQ(problem("type: ACCU, growth: 0.03", "{ profit: 0.10 }"), "");
  EXPECT_EQ(problem("type: ONETOUCH, duration: 5m, barrier: +0.50", "{ profit: 0.10 }"), "");
}

TEST(Exit, EachRuleOfAListIsLookedAt) {
  const auto text = [](std::string_view duration) {
    return fmt::format(
        "strategies:\n  - name: a\n    type: rules\n    symbol: 1HZ100V\n    rules:\n"
        "      - when: price > 1\n        buy: {{ type: CALL, duration: 5m }}\n"
        "      - when: price > 2\n        buy: {{ type: PUT, duration: {} }}\n"
        "    exit: {{ loss: 20% }}\n    staking: {{ base: 1.00 }}\n",
        duration);
  };
  EXPECT_TRUE(std::holds_alternative<Config>(load_text(text("10m"))));
  const auto refused = load_text(text("3t"));
  ASSERT_TRUE(std::holds_alternative<std::vector<Problem>>(refused));
  EXPECT_THAT(std::get<std::vector<Problem>>(refused).front().reason,
              HasSubstr("PUT of 3t cannot be sold before its end"));
}

TEST(Exit, AWrongContractIsToldAlone) {
  const auto loaded = load_text(text_of("type: CALL, duration: 5x", "{ profit: 0.10 }"));
  EXPECT_EQ(std::get<std::vector<Problem>>(loaded).size(), 1u);
}

}  // namespace
}  // namespace derivd::config
