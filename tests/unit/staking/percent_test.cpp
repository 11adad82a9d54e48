// A share of what the account holds.
#include <gtest/gtest.h>

#include "staking/plan.hpp"

namespace derivd::staking {
namespace {

core::Money usd(std::string_view text) { return *core::Money::parse(text); }

Settings percent(std::string_view percent, std::string_view base = "0.35") {
  Settings s;
  s.plan = "percent_of_balance";
  s.base = usd(base);
  s.percent = *core::Decimal::parse(percent);
  return s;
}

std::unique_ptr<StakePlan> make(const Settings& s) { return find_plan(s.plan)->make(s); }

std::string at(StakePlan& plan, std::string_view balance) {
  plan.see_balance(usd(balance));
  return plan.next().to_string();
}

TEST(Percent, IsRoundedHalfUpToTheCent) {
  auto plan = make(percent("2"));
  EXPECT_TRUE(plan->wants_balance());
  EXPECT_EQ(at(*plan, "100.00"), "2.00");
  EXPECT_EQ(at(*plan, "100.24"), "2.00");  // 2.0048
  EXPECT_EQ(at(*plan, "100.25"), "2.01");  // 2.005
  EXPECT_EQ(at(*make(percent("0.000001")), "50000000.00"), "0.50");
  EXPECT_EQ(at(*make(percent("0.37")), "271.63"), "1.01");  // 1.005031
  EXPECT_EQ(at(*make(percent("100")), "12.34"), "12.34");
}

TEST(Percent, IsNeverBelowTheBaseNorAboveTheCap) {
  auto s = percent("2", "1.00");
  s.max_stake = usd("3.00");
  auto plan = make(s);
  EXPECT_EQ(plan->next(), usd("1.00")) << "before a balance was told";
  EXPECT_EQ(at(*plan, "49.99"), "1.00");
  EXPECT_EQ(at(*plan, "75.00"), "1.50");
  EXPECT_EQ(at(*plan, "150.00"), "3.00");
  EXPECT_EQ(at(*plan, "150.50"), "3.00");
  EXPECT_EQ(at(*plan, "0.00"), "1.00");
  EXPECT_EQ(at(*plan, "-5.00"), "1.00");
}

TEST(Percent, ResultsMoveItThroughTheBalanceAlone) {
  auto plan = make(percent("2"));
  EXPECT_EQ(at(*plan, "100.00"), "2.00");
  plan->on_result(usd("-2.00"));
  plan->on_result(usd("1.90"));
  plan->restart();
  EXPECT_EQ(plan->next(), usd("2.00"));
  EXPECT_EQ(plan->step(), 0);
}

TEST(Percent, IsExactWithTheDecimalsOfTheCurrency) {
  Settings s;
  s.plan = "percent_of_balance";
  s.base = core::Money::minor(10, 8);
  s.percent = {25, 1};
  auto plan = make(s);
  plan->see_balance(core::Money::minor(123'456'789, 8));
  EXPECT_EQ(plan->next(), core::Money::minor(3'086'420, 8));  // 3086419.725
}

TEST(Percent, IsCutBeforeItOverflows) {
  auto plan = make(percent("100"));
  plan->see_balance(core::Money::minor(9'000'000'000'000'000'000));
  EXPECT_EQ(plan->next().units(), kMaxStakeUnits);
}

TEST(Percent, ARefusedStakeBecomesTheBaseUntilTheNextResultOrHalfOfIt) {
  auto s = percent("2");
  auto restart = make(s);
  EXPECT_EQ(at(*restart, "500.00"), "10.00");
  restart->refuse(usd("10.01"));
  EXPECT_EQ(restart->next(), usd("10.00")) << "a higher one than the next";
  restart->refuse(usd("10.00"));
  EXPECT_EQ(at(*restart, "500.00"), "0.35");
  restart->on_result(usd("0.00"));
  EXPECT_EQ(at(*restart, "500.00"), "0.35");
  auto later = make(s);
  ASSERT_TRUE(later->load(restart->save()));
  EXPECT_EQ(at(*later, "500.00"), "0.35");
  later->on_result(usd("0.33"));
  EXPECT_EQ(at(*later, "500.33"), "10.01");

  s.on_cap = OnCap::kHold;
  auto hold = make(s);
  EXPECT_EQ(at(*hold, "500.00"), "10.00");
  hold->refuse(usd("10.00"));
  EXPECT_EQ(at(*hold, "500.00"), "5.00");
  hold->on_result(usd("4.75"));
  EXPECT_EQ(at(*hold, "504.75"), "5.00") << "the venue would refuse it again";
  hold->restart();
  EXPECT_EQ(at(*hold, "504.75"), "10.10");
}

TEST(Percent, OnlyAStateThatItCanBeInIsLoaded) {
  auto plan = make(percent("2"));
  EXPECT_TRUE(plan->load("percent_of_balance"));
  EXPECT_TRUE(plan->load("percent_of_balance 50"));
  for (const auto* bad : {"percent_of_balance 0", "percent_of_balance -1", "percent_of_balance 1 1",
                          "percent_of_balance x", "percent", "", "flat"}) {
    EXPECT_FALSE(plan->load(bad)) << bad;
  }
}

}  // namespace
}  // namespace derivd::staking
