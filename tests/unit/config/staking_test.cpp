// `staking:`, `virtual:` and `contract.alternate` of a strategy: what they take, and what has no
// meaning.
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
              AllOf(StartsWith("f:5:37: strategies[0].staking.stakes: '0.35' is no table"),
                    HasSubstr("allowed: a list of 1 to 100 amounts")));
  EXPECT_THAT(problem("{ plan: table, stakes: [] }"), HasSubstr("a list of 0 is no table"));
  EXPECT_THAT(problem("{ plan: table, stakes: [0.35, 0] }"), HasSubstr("entry 2: "));
  EXPECT_THAT(problem("{ plan: table, stakes: [0.35, 0.801] }"), HasSubstr("entry 2: "));
  EXPECT_THAT(problem("{ plan: table, stakes: [0.35, 0.34] }"),
              HasSubstr("staking.stakes: 0.34 is below the venue's smallest stake"));
  EXPECT_THAT(problem("{ plan: table, stakes: [0.35, 0.80], base: 0.50 }"),
              HasSubstr("staking.base: 0.50 is not the first of staking.stakes"));
  EXPECT_THAT(problem("{ plan: table, stakes: [0.35, 0.80], advance: loose }"),
              HasSubstr("staking.advance: unknown value 'loose', available: loss, win"));
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
  for (const auto* bad : {"0", "-1", "101", "0.0000001", "all", "[2]", "2%%", "\"%\""}) {
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

// ---- virtual ----

std::string with_hook(std::string_view type, std::string_view hook, std::string_view more = "") {
  return fmt::format(
      "strategies:\n  - name: a\n    type: {}\n    symbol: 1HZ100V\n"
      "    virtual: {}\n    staking: {{ base: 1.00 }}\n{}",
      type, hook, more);
}
std::string hook_problem(std::string_view type, std::string_view hook, std::string_view more = "") {
  const auto loaded = load_text(with_hook(type, hook, more));
  const auto* problems = std::get_if<std::vector<Problem>>(&loaded);
  return problems == nullptr ? "" : format(problems->front(), "f");
}
std::optional<engine::VirtualHook> hook(std::string_view text) {
  const auto loaded = load_text(with_hook("even_odd", text));
  const auto* problems = std::get_if<std::vector<Problem>>(&loaded);
  EXPECT_EQ(problems, nullptr) << format(problems->front(), "f");
  return problems == nullptr ? std::get<Config>(loaded).engine.strategies[0].hook : std::nullopt;
}

TEST(Virtual, IsAsItIsWritten) {
  EXPECT_EQ(hook("{ losses: 3 }"), (engine::VirtualHook{3, 1, false}));
  EXPECT_EQ(hook("{ losses: 3, trades: 2 }"), (engine::VirtualHook{3, 2, false}));
  EXPECT_EQ(hook("{ losses: 3, until: win }"), (engine::VirtualHook{3, 1, true}));
  EXPECT_EQ(hook("null"), std::nullopt);
}

TEST(Virtual, WhatIsWrongIsSaid) {
  EXPECT_THAT(hook_problem("even_odd", "{ trades: 2 }"),
              HasSubstr("virtual.losses: is required; allowed: 1 to 1000"));
  EXPECT_THAT(hook_problem("even_odd", "{ losses: 0 }"), HasSubstr("virtual.losses: '0'"));
  EXPECT_THAT(hook_problem("even_odd", "{ losses: 1, trades: 0 }"),
              HasSubstr("virtual.trades: '0'"));
  EXPECT_THAT(hook_problem("even_odd", "{ losses: 1, until: loss }"), HasSubstr("virtual.until: "));
  EXPECT_THAT(hook_problem("even_odd", "{ losses: 1, trades: 1, until: win }"),
              HasSubstr("virtual.trades: until: win says how long it stays real"));
  EXPECT_THAT(hook_problem("even_odd", "3"), HasSubstr("virtual: '3' where a map"));
  EXPECT_THAT(hook_problem("multiplier", "{ losses: 1 }", "    contract: { multiplier: 100 }\n"),
              HasSubstr("virtual: whether a MULTUP wins cannot be told from ticks alone"));
  EXPECT_THAT(hook_problem("rise_fall", "{ losses: 1 }",
                           "    contract: { duration: 5m }\n    exit: { profit: 50% }\n"),
              HasSubstr("virtual: what a contract could be sold for only the venue says"));
}

// ---- alternate ----

std::string alternate_problem(std::string_view type, std::string_view contract) {
  const auto loaded =
      load_text(fmt::format("strategies:\n  - name: a\n    type: {}\n    symbol: 1HZ100V\n"
                            "    contract: {}\n    staking: {{ base: 1.00 }}\n",
                            type, contract));
  const auto* problems = std::get_if<std::vector<Problem>>(&loaded);
  return problems == nullptr ? "" : format(problems->front(), "f");
}

TEST(Alternate, IsAsItIsWritten) {
  for (const auto& [written, losses] :
       {std::pair{"after_loss", 1}, {"after_losses 3", 3}, {"\"after_losses 3\"", 3}}) {
    const auto loaded =
        load_text(fmt::format("strategies:\n  - name: a\n    type: even_odd\n    symbol: 1HZ100V\n"
                              "    contract: {{ alternate: {} }}\n    staking: {{ base: 1.00 }}\n",
                              written));
    ASSERT_TRUE(std::holds_alternative<Config>(loaded)) << written;
    const auto& c = std::get<Config>(loaded);
    EXPECT_EQ(c.engine.strategies[0].contract.alternate, losses) << written;
    const auto all = in_force(c);
    const auto shown = std::find_if(all.begin(), all.end(), [](const auto& k) {
      return k.key == "strategies[a].contract.alternate";
    });
    EXPECT_EQ(shown->value, losses == 1 ? "after_loss" : "after_losses 3");
  }
}

TEST(Alternate, NeedsTwoTypesThatCanChangePlaces) {
  for (const auto* type : {"even_odd", "random"}) {
    EXPECT_EQ(alternate_problem(type, "{ alternate: after_loss }"), "") << type;
  }
  for (const auto* type : {"rise_fall", "indicator"}) {
    EXPECT_EQ(alternate_problem(type, "{ duration: 5t, alternate: after_loss }"), "") << type;
  }
  EXPECT_EQ(alternate_problem("rise_fall", "{ type: [PUT, CALL], alternate: after_loss }"), "");
  EXPECT_THAT(alternate_problem("rise_fall", "{ type: CALL, alternate: after_loss }"),
              HasSubstr("contract.alternate: has no meaning for CALL: there is no second type"));
  EXPECT_THAT(alternate_problem("digit_differs", "{ alternate: after_loss }"),
              HasSubstr("contract.alternate: has no meaning for the contracts of digit_differs"));
  EXPECT_THAT(alternate_problem("digit_over_under", "{ alternate: after_loss }"),
              HasSubstr("each of which has a digit of its own"));
  for (const auto* bad : {"after_losses", "after_losses 0", "after_losses x", "before", "true",
                          "[after_loss]", "after_losses 1001"}) {
    EXPECT_THAT(alternate_problem("even_odd", fmt::format("{{ alternate: {} }}", bad)),
                HasSubstr("is not when the two types change places; allowed: after_loss"))
        << bad;
  }
}

}  // namespace
}  // namespace derivd::config
