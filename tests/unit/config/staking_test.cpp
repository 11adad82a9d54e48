// `staking:` of a strategy: what each plan takes, and what has no meaning for it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"

namespace derivd::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string text_of(std::string_view staking, std::string_view more = "") {
  return fmt::format(
      "strategies:\n  - name: a\n    type: even_odd\n    symbol: 1HZ100V\n"
      "    staking: {}\n{}",
      staking, more);
}

std::string problem(std::string_view staking, std::string_view more = "") {
  const auto loaded = load_text(text_of(staking, more));
  const auto* problems = std::get_if<std::vector<Problem>>(&loaded);
  return problems == nullptr ? "" : format(problems->front(), "f");
}

staking::Settings staking(std::string_view staking) {
  const auto loaded = load_text(text_of(staking));
  const auto* problems = std::get_if<std::vector<Problem>>(&loaded);
  EXPECT_EQ(problems, nullptr) << format(problems->front(), "f");
  return problems == nullptr ? std::get<Config>(loaded).engine.strategies[0].staking
                             : staking::Settings{};
}

/// What `check --explain` prints of a key.
std::string in_force_value(std::string_view staking, std::string_view key) {
  const auto loaded = load_text(text_of(staking));
  for (const auto& k : in_force(std::get<Config>(loaded))) {
    if (k.key == fmt::format("strategies[a].staking.{}", key)) return k.value;
  }
  return "no such key";
}

TEST(TablePlan, ItsFirstStakeIsTheBase) {
  const auto s = staking("{ plan: table, stakes: [0.35, 0.80, 1.7], advance: win, on_cap: hold }");
  EXPECT_EQ(s.base, core::Money::minor(35));
  EXPECT_EQ(s.stakes,
            (std::vector{core::Money::minor(35), core::Money::minor(80), core::Money::minor(170)}));
  EXPECT_EQ(s.advance, staking::Advance::kWin);
  EXPECT_EQ(s.on_cap, staking::OnCap::kHold);
  EXPECT_EQ(staking("{ plan: table, stakes: [0.35], base: 0.35 }").advance,
            staking::Advance::kLoss);
}

TEST(TablePlan, IsShownAsItIsWritten) {
  EXPECT_EQ(in_force_value("{ plan: table, stakes: [0.35, 0.8] }", "stakes"), "[0.35, 0.80]");
  EXPECT_EQ(in_force_value("{ plan: table, stakes: [0.35, 0.8] }", "base"), "0.35");
  EXPECT_EQ(in_force_value("{ plan: table, stakes: [0.35] }", "advance"), "loss");
  EXPECT_EQ(in_force_value("{ base: 0.35 }", "stakes"), "null");
}

TEST(TablePlan, WhatIsWrongIsSaidWithItsPlace) {
  EXPECT_THAT(problem("{ plan: table }"),
              StartsWith("f:2:5: strategies[0].staking.stakes: is required by plan table"));
  EXPECT_THAT(problem("{ plan: table, stakes: 0.35 }"),
              AllOf(StartsWith("f:5:36: strategies[0].staking.stakes: '0.35' is no table"),
                    HasSubstr("allowed: a list of 1 to 100 amounts")));
  EXPECT_THAT(problem("{ plan: table, stakes: [] }"), HasSubstr("a list of 0 is no table"));
  EXPECT_THAT(problem("{ plan: table, stakes: [0.35, 0] }"), HasSubstr("entry 2: "));
  EXPECT_THAT(problem("{ plan: table, stakes: [0.35, 0.801] }"), HasSubstr("entry 2: "));
  EXPECT_THAT(problem("{ plan: table, stakes: [0.35, 0.34] }"),
              HasSubstr("staking.stakes: 0.34 is below the venue's smallest stake"));
  EXPECT_THAT(problem("{ plan: table, stakes: [0.35, 0.80], base: 0.50 }"),
              HasSubstr("staking.base: 0.50 is not the first of staking.stakes"));
  EXPECT_THAT(problem("{ plan: table, stakes: [0.35, 0.80], advance: loose }"),
              HasSubstr("did you mean 'loss'?"));
  EXPECT_THAT(problem("{ plan: table, stakes: [2.00] }", "limits: { max_stake: 1.00 }\n"),
              HasSubstr("staking.stakes: 2.00 is above limits.max_stake 1.00"));
}

TEST(TablePlan, ItsKeysMeanNothingToOtherPlans) {
  EXPECT_THAT(
      problem("{ base: 0.35, stakes: [0.35] }"),
      HasSubstr("staking.stakes: has no meaning for plan flat; leave it out, or write plan: "
                "table"));
  EXPECT_THAT(problem("{ plan: martingale, base: 0.35, advance: win }"),
              HasSubstr("staking.advance: has no meaning for plan martingale"));
  EXPECT_THAT(problem("{ plan: martingale }"), HasSubstr("staking.base: is required"));
}

TEST(TablePlan, AnotherTableWaitsUntilTheStrategyIsFlat) {
  const auto before = std::get<Config>(load_text(text_of("{ plan: table, stakes: [0.35, 0.80] }")));
  const auto after = std::get<Config>(load_text(text_of("{ plan: table, stakes: [0.35, 0.90] }")));
  const auto changes = diff(before, after);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].key, "strategies[a].staking.stakes");
  EXPECT_EQ(changes[0].before, "[0.35, 0.80]");
  EXPECT_EQ(changes[0].reload, Reload::kWhenFlat);
}

TEST(PercentPlan, TakesANumberOrAPercentage) {
  for (const auto* written : {"2", "2%", "\"2%\"", "2.0"}) {
    const auto s =
        staking(fmt::format("{{ plan: percent_of_balance, base: 0.35, percent: {} }}", written));
    EXPECT_EQ(s.percent, core::Decimal(2, 0)) << written;
  }
  constexpr auto kHalf = "{ plan: percent_of_balance, base: 0.35, percent: 0.5 }";
  EXPECT_EQ(in_force_value(kHalf, "percent"), "0.5%");
  EXPECT_EQ(in_force_value("{ base: 0.35 }", "percent"), "null");
}

TEST(PercentPlan, WhatIsWrongIsSaid) {
  EXPECT_THAT(problem("{ plan: percent_of_balance, base: 0.35 }"),
              HasSubstr("staking.percent: is required by plan percent_of_balance"));
  for (const auto* bad : {"0", "-1", "101", "0.0000001", "all", "[2]", "2%%", "%"}) {
    EXPECT_THAT(
        problem(fmt::format("{{ plan: percent_of_balance, base: 0.35, percent: {} }}", bad)),
        HasSubstr("staking.percent:"))
        << bad;
  }
  EXPECT_THAT(problem("{ plan: percent_of_balance, percent: 2 }"),
              HasSubstr("staking.base: is required"));
  EXPECT_THAT(problem("{ base: 0.35, percent: 2 }"),
              HasSubstr("staking.percent: has no meaning for plan flat; leave it out, or write "
                        "plan: percent_of_balance"));
  EXPECT_THAT(problem("{ plan: percent_of_balance, base: 0.35, percent: 2 }",
                      "    contract: { basis: payout }\n"),
              HasSubstr("contract.basis: percent_of_balance says a stake, not a payout"));
}

TEST(AutoFactor, IsOfTheMartingale) {
  const auto s = staking("{ plan: martingale, base: 0.35, factor: auto }");
  EXPECT_TRUE(s.auto_factor);
  EXPECT_EQ(in_force_value("{ plan: martingale, base: 0.35, factor: auto }", "factor"), "auto");
  EXPECT_EQ(in_force_value("{ plan: martingale, base: 0.35 }", "factor"), "2");
  EXPECT_FALSE(staking("{ plan: martingale, base: 0.35, factor: 2.1 }").auto_factor);
}

TEST(AutoFactor, WhatIsWrongIsSaid) {
  EXPECT_THAT(problem("{ plan: martingale, base: 0.35, factor: automatic }"),
              AllOf(HasSubstr("staking.factor: 'automatic'"), HasSubstr(", or auto")));
  EXPECT_THAT(problem("{ plan: reverse_martingale, base: 0.35, factor: auto }"),
              HasSubstr("staking.factor: auto has no meaning for plan reverse_martingale"));
  EXPECT_THAT(problem("{ plan: martingale, base: 0.35, factor: auto }",
                      "    contract: { basis: payout }\n"),
              HasSubstr("contract.basis: factor: auto reckons a stake, not a payout"));
  const auto positions = load_text(
      "strategies:\n  - name: a\n    type: multiplier\n    symbol: 1HZ100V\n"
      "    contract: { multiplier: 100 }\n"
      "    staking: { plan: martingale, base: 1.00, factor: auto }\n");
  const auto* problems = std::get_if<std::vector<Problem>>(&positions);
  ASSERT_NE(problems, nullptr);
  EXPECT_THAT(format(problems->front(), "f"),
              HasSubstr("staking.factor: auto needs a payout, and MULTUP has none"));
}

}  // namespace
}  // namespace derivd::config
