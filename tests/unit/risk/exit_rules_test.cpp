// The rules of `exit:` by hand, and against exact fractions over random values.
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "market/integer.hpp"
#include "risk/exit_rules.hpp"

namespace derivd::risk {
namespace {

core::Money usd(std::string_view text) { return core::Money::parse(text).value(); }
ExitLevel amount(std::string_view text) { return {usd(text), {}}; }
ExitLevel percent(std::string_view text) { return {{}, core::Decimal::parse(text).value()}; }

ExitView at(std::string_view bid, std::string_view best = "", std::string_view stake = "1.00") {
  ExitView view;
  view.stake = usd(stake);
  view.bid = usd(bid);
  view.best = usd(best.empty() ? bid : best);
  return view;
}

TEST(ExitRules, NothingIsSetByDefault) {
  ExitRules rules;
  EXPECT_FALSE(rules.any());
  EXPECT_FALSE(rules.held(at("5.00")));
}

TEST(ExitRules, ProfitAndLossHoldFromTheirAmountOn) {
  ExitRules rules;
  rules.profit = amount("0.50");
  rules.loss = amount("0.80");
  EXPECT_FALSE(rules.held(at("1.49")));
  EXPECT_EQ(rules.held(at("1.50")), ExitRule::kProfit);
  EXPECT_FALSE(rules.held(at("0.21")));
  EXPECT_EQ(rules.held(at("0.20")), ExitRule::kLoss);
  EXPECT_FALSE(rules.held(at("1.00")));
}

TEST(ExitRules, ASmallLossIsNotTakenForAProfit) {
  ExitRules rules;
  rules.profit = percent("0.01");
  EXPECT_FALSE(rules.held(at("0.99")));
  EXPECT_FALSE(rules.held(at("1.00")));
  EXPECT_EQ(rules.held(at("1.01")), ExitRule::kProfit);
}

TEST(ExitRules, SharesAreOfWhatTheContractCost) {
  ExitRules rules;
  rules.profit = percent("50");
  rules.loss = percent("33.333333");
  EXPECT_FALSE(rules.held(at("3.74", "", "2.50")));
  EXPECT_EQ(rules.held(at("3.75", "", "2.50")), ExitRule::kProfit);
  // A third of 3.00 is not yet 0.99 of it, and 1.00 is more than it.
  EXPECT_FALSE(rules.held(at("2.01", "", "3.00")));
  EXPECT_EQ(rules.held(at("2.00", "", "3.00")), ExitRule::kLoss);
}

TEST(ExitRules, TrailingIsTheFallFromTheBestValue) {
  ExitRules rules;
  rules.trailing = amount("0.30");
  EXPECT_FALSE(rules.held(at("1.31", "1.60")));
  EXPECT_EQ(rules.held(at("1.30", "1.60")), ExitRule::kTrailing);
  EXPECT_EQ(rules.held(at("0.65", "0.95")), ExitRule::kTrailing) << "also below the stake";
}

TEST(ExitRules, TimeIsTicksOrSeconds) {
  ExitRules rules;
  rules.after = ExitAfter{20, {}};
  ExitView view = at("1.00");
  view.age = std::chrono::hours(9);
  view.ticks = 19;
  EXPECT_FALSE(rules.held(view));
  view.ticks = 20;
  EXPECT_EQ(rules.held(view), ExitRule::kAfter);
  view.bid.reset();
  EXPECT_EQ(rules.held(view), ExitRule::kAfter) << "without a value, too";
  rules.after = ExitAfter{0, std::chrono::seconds(30)};
  view.age = std::chrono::seconds(29);
  EXPECT_FALSE(rules.held(view));
  view.age = std::chrono::seconds(30);
  EXPECT_EQ(rules.held(view), ExitRule::kAfter);
}

TEST(ExitRules, OfSeveralThatHoldTheFirstIsTold) {
  ExitRules rules{amount("0.10"), amount("0.10"), amount("0.10"), ExitAfter{1, {}}};
  auto view = at("1.20", "1.40");
  view.ticks = 9;
  EXPECT_EQ(rules.held(view), ExitRule::kProfit);
  view.bid = usd("0.80");
  EXPECT_EQ(rules.held(view), ExitRule::kLoss);
  view.bid = usd("1.05");
  EXPECT_EQ(rules.held(view), ExitRule::kTrailing);
  view.best = usd("1.05");
  EXPECT_EQ(rules.held(view), ExitRule::kAfter);
}

TEST(ExitRules, WithoutAValueNoRuleOfValuesHolds) {
  ExitRules rules{amount("0.10"), amount("0.10"), amount("0.10"), {}};
  ExitView view;
  view.stake = usd("1.00");
  view.best = usd("9.00");
  EXPECT_FALSE(rules.held(view));
}

TEST(ExitRules, AnAmountIsComparedByItsValueWhateverItsDecimals) {
  ExitRules rules;
  rules.profit = ExitLevel{core::Money::minor(50, 2), {}};
  ExitView view;
  view.stake = core::Money::minor(100'000'000, 8);
  view.bid = core::Money::minor(149'999'999, 8);
  view.best = *view.bid;
  EXPECT_FALSE(rules.held(view));
  view.bid = core::Money::minor(150'000'000, 8);
  EXPECT_EQ(rules.held(view), ExitRule::kProfit);
}

TEST(ExitRules, WordsSayTheNumbers) {
  ExitRules rules{amount("0.50"), percent("80"), amount("0.30"), ExitAfter{20, {}}};
  auto view = at("1.52", "1.90");
  view.ticks = 21;
  EXPECT_EQ(words_of(ExitRule::kProfit, rules, view), "profit 0.52 of 0.50");
  EXPECT_EQ(words_of(ExitRule::kTrailing, rules, view), "trailing 0.38 of 0.30 below 1.90");
  EXPECT_EQ(words_of(ExitRule::kAfter, rules, view), "after 21t of 20t");
  EXPECT_EQ(words_of(ExitRule::kLoss, rules, at("0.10")), "loss 0.90 of 80%");
  rules.after = ExitAfter{0, std::chrono::seconds(90)};
  view.age = std::chrono::seconds(91);
  EXPECT_EQ(words_of(ExitRule::kAfter, rules, view), "after 91s of 90s");
}

// A share is exact: the same answer as by fractions of 128 bits, and monotone in the value.
TEST(ExitRules, PropertySharesAreExactAndMonotone) {
  core::Rng rng(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto stake = core::Money::minor(1 + static_cast<std::int64_t>(rng.below(5'000'000)));
    const auto value = core::Money::minor(static_cast<std::int64_t>(rng.below(10'000'000)));
    const core::Decimal share{1 + static_cast<std::int64_t>(rng.below(200'000'000)), 6};
    const ExitLevel level{{}, share};
    const auto left = static_cast<market::Wide>(value.units()) * 100 * 1'000'000;
    const auto right = static_cast<market::Wide>(stake.units()) * share.mantissa;
    const bool reached = level.reached(value, stake);
    ASSERT_EQ(reached, left >= right) << value.to_string() << " of " << stake.to_string();
    ASSERT_EQ(level.reached(value + core::Money::minor(1), stake) || !reached, true);
  }
}

}  // namespace
}  // namespace derivd::risk
