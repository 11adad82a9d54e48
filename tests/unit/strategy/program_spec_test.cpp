// From what a program wishes to a contract: semantics.md, section 5.
#include "strategy/program_spec.hpp"

#include <gtest/gtest.h>

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

TEST(DbotSpec, WhatIsBoughtIsWhatHasAFixedPayout) {
  EXPECT_TRUE(is_bought("DIGITOVER"));
  EXPECT_TRUE(is_bought("CALL"));
  EXPECT_TRUE(is_bought("RUNHIGH"));
  EXPECT_TRUE(is_bought("EXPIRYRANGE"));
  EXPECT_FALSE(is_bought("MULTUP"));
  EXPECT_FALSE(is_bought("ACCU"));
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
