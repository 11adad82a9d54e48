// From what a program wishes to a contract: semantics.md, section 5.
#include "strategy/program_spec.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

namespace derivd::strategy {
namespace {

TEST(DbotSpec, BarriersAreHigherAndLower) {
  const auto* symbol = market::find_symbol("1HZ100V");
  dbot::Buy wish;
  wish.type = "PUT";
  wish.duration = 5;
  wish.barrier = "-0.37";
  const auto spec = spec_of(wish, *symbol);
  ASSERT_TRUE(spec.has_value());
  EXPECT_EQ(spec->type, market::ContractType::kLower);
  EXPECT_EQ(spec->offset().to_string(), "-0.37");
  wish.barrier = "+-0.5";
  EXPECT_FALSE(spec_of(wish, *symbol).has_value());
  wish.barrier.reset();
  EXPECT_EQ(spec_of(wish, *symbol)->type, market::ContractType::kPut);
  // What only exists with a barrier is no other type without one.
  wish.type = "HIGHER";
  EXPECT_EQ(spec_of(wish, *symbol).error().text, "a barrier is needed");
  wish.barrier = "+0.5";
  EXPECT_EQ(spec_of(wish, *symbol)->offset().to_string(), "0.50");
}

TEST(DbotSpec, WhatIsBoughtIsWhatDerivdHasAModelOf) {
  EXPECT_TRUE(is_bought("DIGITOVER"));
  EXPECT_TRUE(is_bought("CALL"));
  EXPECT_TRUE(is_bought("RUNHIGH"));
  EXPECT_TRUE(is_bought("EXPIRYRANGE"));
  EXPECT_TRUE(is_bought("MULTUP"));
  EXPECT_TRUE(is_bought("ACCU"));
  EXPECT_FALSE(is_bought("CALLSPREAD"));
}

TEST(DbotSpec, AMultiplierHasItsFactorAndLimitsAndNoLength) {
  const auto* symbol = market::find_symbol("R_100");
  dbot::Buy wish;
  wish.type = "MULTUP";
  wish.multiplier = 100;
  wish.take_profit = core::Money::minor(250);
  wish.stop_loss = core::Money::minor(300);
  // What options of another block would leave behind is no length of a position.
  wish.duration = 5;
  const auto spec = spec_of(wish, *symbol);
  ASSERT_TRUE(spec.has_value()) << spec.error().text;
  EXPECT_EQ(market::encode(*spec), "MULTUP R_100 - multiplier=100 take_profit=2.50 stop_loss=3.00");
  wish.type = "MULTDOWN";
  wish.take_profit.reset();
  wish.stop_loss.reset();
  EXPECT_EQ(market::encode(*spec_of(wish, *symbol)), "MULTDOWN R_100 - multiplier=100");
  for (const double none : {0.0, 0.5, 2.5, 70'000.0}) {
    wish.multiplier = none;
    EXPECT_EQ(spec_of(wish, *symbol).error().text, "MULTDOWN needs a multiplier") << none;
    EXPECT_EQ(spec_of(wish, *symbol).error().code, "OfferingsValidationError");
  }
}

TEST(DbotSpec, AnAccumulatorHasItsRateAndTakeProfit) {
  const auto* symbol = market::find_symbol("R_100");
  dbot::Buy wish;
  wish.type = "ACCU";
  for (int percent = 1; percent <= 5; ++percent) {
    wish.growth = percent / 100.0;
    const auto spec = spec_of(wish, *symbol);
    ASSERT_TRUE(spec.has_value()) << spec.error().text;
    EXPECT_EQ(market::encode(*spec), fmt::format("ACCU R_100 - growth=0.0{}", percent));
  }
  wish.take_profit = core::Money::minor(150);
  EXPECT_EQ(market::encode(*spec_of(wish, *symbol)), "ACCU R_100 - growth=0.05 take_profit=1.50");
  wish.growth = 0.06;
  EXPECT_EQ(spec_of(wish, *symbol).error().text, "Growth rate must be one of 0.01 to 0.05.");
  for (const double none : {0.0, 0.025, -0.01, 2.0}) {
    wish.growth = none;
    EXPECT_EQ(spec_of(wish, *symbol).error().text, "ACCU needs a growth rate of 0.01 to 0.05")
        << none;
  }
}

TEST(DbotSpec, BarriersOfGrowthAreTheSymbolsOwn) {
  // Recorded: 0.000433139675 and, by three per cent, 0.000379665263.
  const auto barriers = growth_barriers_of(*market::find_symbol("1HZ100V"));
  EXPECT_NEAR(static_cast<double>(barriers[0]), 433'139'675, 20);
  EXPECT_NEAR(static_cast<double>(barriers[2]), 379'665'263, 20);
  EXPECT_GT(barriers[3], barriers[4]);
  EXPECT_EQ(growth_barriers_of(*market::find_symbol("BOOM1000")), (std::array<std::int64_t, 5>{}));
}

TEST(DbotSpec, TwoBarriersALevelAndASelectedTickAreTaken) {
  const auto* symbol = market::find_symbol("R_100");
  dbot::Buy wish;
  wish.type = "EXPIRYRANGE";
  wish.duration = 5;
  wish.unit = 'm';
  wish.barrier = "+0.50";
  EXPECT_EQ(spec_of(wish, *symbol).error().text, "two barriers are needed");
  wish.barrier2 = "-0.40";
  const auto range = spec_of(wish, *symbol);
  ASSERT_TRUE(range.has_value()) << range.error().text;
  EXPECT_EQ(market::encode(*range), "EXPIRYRANGE R_100 5m +0.50 -0.40");
  wish.type = "ONETOUCH";
  wish.barrier = "1234.56";
  wish.barrier2.reset();
  const auto touch = spec_of(wish, *symbol);
  ASSERT_TRUE(touch.has_value()) << touch.error().text;
  EXPECT_EQ(touch->barriers[0], market::Barrier::absolute(*core::Price::parse("1234.56", 2)));
  wish.type = "TICKHIGH";
  wish.barrier.reset();
  wish.duration = 5;
  wish.unit = 't';
  EXPECT_EQ(spec_of(wish, *symbol).error().text, "a prediction is needed");
  wish.prediction = 3;
  ASSERT_TRUE(spec_of(wish, *symbol).has_value());
  EXPECT_EQ(spec_of(wish, *symbol)->selected_tick(), 3);
}

}  // namespace
}  // namespace derivd::strategy
