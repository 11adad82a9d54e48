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
  EXPECT_FALSE(is_bought("RUNHIGH"));
  EXPECT_FALSE(is_bought("MULTUP"));
}

}  // namespace
}  // namespace derivd::strategy
