#include "staking/plan.hpp"

#include <gtest/gtest.h>

namespace derivd::staking {
namespace {

core::Money usd(std::string_view text) { return *core::Money::parse(text); }

Settings settings(std::string_view plan, std::string_view base, std::string_view factor = "2") {
  Settings s;
  s.plan = plan;
  s.base = usd(base);
  s.factor = *core::Decimal::parse(factor);
  s.percent = {1, 0};
  // Of a table: five, so that four results in a row stay within it.
  for (const int bases : {1, 2, 3, 5, 8}) {
    s.stakes.push_back(core::Money::minor(bases * s.base.units()));
  }
  return s;
}

std::unique_ptr<StakePlan> make(const Settings& s) { return find_plan(s.plan)->make(s); }

// 'L' loses, 'W' wins, '=' breaks even; the stakes before each result and after the last.
std::string stakes(StakePlan& plan, std::string_view results) {
  std::string out = plan.next().to_string();
  for (const char r : results) {
    plan.on_result(r == 'W' ? usd("0.33") : r == 'L' ? -plan.next() : usd("0"));
    out += " " + plan.next().to_string();
  }
  return out;
}

TEST(Flat, NeverMoves) {
  auto plan = make(settings("flat", "0.35"));
  EXPECT_EQ(stakes(*plan, "LLWL="), "0.35 0.35 0.35 0.35 0.35 0.35");
  EXPECT_EQ(plan->step(), 0);
}

TEST(Martingale, RoundsEachStakeFromTheBase) {
  auto s = settings("martingale", "0.35", "2.1");
  s.max_steps = 5;
  auto plan = make(s);
  // 0.735 → 0.74, 1.5435 → 1.54, 3.24135 → 3.24, 6.806835 → 6.81, 14.2943535 → 14.29: not
  // 0.74 × 2.1 = 1.554 → 1.55. The sixth raise starts again.
  EXPECT_EQ(stakes(*plan, "LLLLLL"), "0.35 0.74 1.54 3.24 6.81 14.29 0.35");
  EXPECT_EQ(plan->step(), 0);
}

TEST(Martingale, AWinReturnsToTheBaseAndABreakEvenStays) {
  auto plan = make(settings("martingale", "1.00"));
  EXPECT_EQ(stakes(*plan, "LL=W=L"), "1.00 2.00 4.00 4.00 1.00 1.00 2.00");
}

TEST(Martingale, HalfACentGoesUp) {
  // 0.35 × 1.1 = 0.385; 0.35 × 1.21 = 0.4235.
  auto plan = make(settings("martingale", "0.35", "1.1"));
  EXPECT_EQ(stakes(*plan, "LL"), "0.35 0.39 0.42");
  EXPECT_EQ(power_stake(usd("0.01"), *core::Decimal::parse("1.5"), 1), usd("0.02"));
  EXPECT_EQ(power_stake(usd("0.01"), *core::Decimal::parse("1.49"), 1), usd("0.01"));
}

TEST(Martingale, IsExactWhereADoubleIsNot) {
  // 1.15^20 × 1.00 = 16.36653739294609…; 1.005 × 1.00 is 1.00499999… as a double.
  EXPECT_EQ(power_stake(usd("1.00"), *core::Decimal::parse("1.15"), 20), usd("16.37"));
  EXPECT_EQ(power_stake(usd("1.00"), *core::Decimal::parse("1.005"), 1), usd("1.01"));
}

TEST(Martingale, StopsGrowingBeforeItOverflows) {
  auto plan = make(settings("martingale", "100.00", "10"));
  for (int i = 0; i < 200; ++i) plan->on_result(usd("-1"));
  EXPECT_EQ(plan->next().units(), kMaxStakeUnits);
  for (std::int64_t i = 200; i <= kMaxStep; ++i) plan->on_result(usd("-1"));
  EXPECT_EQ(plan->next(), usd("100.00"));
}

TEST(Martingale, TheCapRestartsOrHolds) {
  auto s = settings("martingale", "1.00");
  s.max_stake = usd("4.00");
  auto restart = make(s);
  EXPECT_EQ(stakes(*restart, "LLLL"), "1.00 2.00 4.00 1.00 2.00");
  s.on_cap = OnCap::kHold;
  s.max_stake = usd("3.00");
  auto hold = make(s);
  EXPECT_EQ(stakes(*hold, "LLLLW"), "1.00 2.00 3.00 3.00 3.00 1.00");
  s.max_steps = 3;
  auto both = make(s);
  EXPECT_EQ(stakes(*both, "LLLL"), "1.00 2.00 3.00 3.00 1.00");
}

TEST(Martingale, NoStepsAllowedMeansFlat) {
  auto s = settings("martingale", "1.00");
  s.max_steps = 0;
  auto plan = make(s);
  EXPECT_EQ(stakes(*plan, "LLL"), "1.00 1.00 1.00 1.00");
}

TEST(ReverseMartingale, RaisesOnWins) {
  auto s = settings("reverse_martingale", "1.00", "2");
  s.max_steps = 2;
  auto plan = make(s);
  EXPECT_EQ(stakes(*plan, "WWWWLW=L"), "1.00 2.00 4.00 1.00 2.00 1.00 2.00 2.00 1.00");
}

TEST(Dalembert, OneUnitUpAndDown) {
  auto plan = make(settings("dalembert", "0.35"));
  EXPECT_EQ(stakes(*plan, "LLWWWL"), "0.35 0.70 1.05 0.70 0.35 0.35 0.70");
  auto s = settings("dalembert", "0.35");
  s.unit = *core::Decimal::parse("0.5");
  auto half = make(s);
  // 0.525 → 0.53, 0.70, 0.875 → 0.88.
  EXPECT_EQ(stakes(*half, "LLL"), "0.35 0.53 0.70 0.88");
  s.max_steps = 1;
  auto capped = make(s);
  EXPECT_EQ(stakes(*capped, "LLL"), "0.35 0.53 0.35 0.53");
}

TEST(ReverseDalembert, OneUnitUpOnAWin) {
  auto plan = make(settings("reverse_dalembert", "1.00"));
  EXPECT_EQ(stakes(*plan, "WWLLLW"), "1.00 2.00 3.00 2.00 1.00 1.00 2.00");
}

TEST(OneThreeTwoSix, RunsThroughFourWins) {
  auto s = settings("one_three_two_six", "1.00");
  s.max_steps = 1;  // not used by this plan
  auto plan = make(s);
  EXPECT_EQ(stakes(*plan, "WWWWWL=W"), "1.00 3.00 2.00 6.00 1.00 3.00 1.00 1.00 3.00");
}

TEST(Fibonacci, OneUpTwoDown) {
  auto plan = make(settings("fibonacci", "1.00"));
  EXPECT_EQ(stakes(*plan, "LLLLLWWW"), "1.00 1.00 2.00 3.00 5.00 8.00 3.00 1.00 1.00");
}

TEST(OscarsGrind, RaisesAfterAWinThatFollowsALossUntilInProfit) {
  auto plan = make(settings("oscars_grind", "1.00"));
  const auto result = [&](std::string_view profit) {
    plan->on_result(usd(profit));
    return plan->next().to_string();
  };
  EXPECT_EQ(result("-1.00"), "1.00");  // −1.00
  EXPECT_EQ(result("-1.00"), "1.00");  // −2.00
  EXPECT_EQ(result("0.95"), "2.00");   // −1.05: one up, goal allows 2.05 → 2
  EXPECT_EQ(result("0.00"), "2.00");
  EXPECT_EQ(result("-2.00"), "2.00");  // −3.05
  EXPECT_EQ(result("1.90"), "2.00");   // −1.15: one up to 3, the goal needs 2.15 → 2
  EXPECT_EQ(result("1.90"), "1.00");   // +0.75: a new grind
  EXPECT_EQ(plan->step(), 0);
}

TEST(Plans, SaveAndLoadContinue) {
  for (const auto& type : plan_types()) {
    auto s = settings(type.name, "0.35", "2.1");
    auto a = type.make(s);
    auto b = type.make(s);
    stakes(*a, "LLWLLW");
    ASSERT_TRUE(b->load(a->save())) << type.name;
    EXPECT_EQ(stakes(*a, "LWWLLLW"), stakes(*b, "LWWLLLW")) << type.name;
    EXPECT_FALSE(b->load("")) << type.name;
    EXPECT_FALSE(b->load(a->save() + " 1 1")) << type.name;
    EXPECT_FALSE(b->load("other 1")) << type.name;
    a->restart();
    EXPECT_EQ(a->next(), usd("0.35")) << type.name;
    EXPECT_EQ(a->step(), 0) << type.name;
  }
}

TEST(Plans, ARefusedStakeDoesWhatTheCapWouldDo) {
  for (const auto on_cap : {OnCap::kRestart, OnCap::kHold}) {
    for (const auto& type : plan_types()) {
      for (const std::string_view results : {"LLLLL", "WWWWW", "LWLWLWL", "LLWLLWW", "LLLW"}) {
        auto s = settings(type.name, "1.00", "2.1");
        s.on_cap = on_cap;
        auto plan = type.make(s);
        stakes(*plan, results);
        const auto refused = plan->next();
        plan->refuse(refused);
        const auto then = plan->next();
        const auto what = std::string(type.name) + " after " + std::string(results);
        if (refused == s.base) {
          EXPECT_EQ(then, refused) << what << ": the base is not raised";
          continue;
        }
        EXPECT_LT(then, refused) << what;
        EXPECT_GE(then, s.base) << what;
        if (on_cap == OnCap::kRestart) {
          EXPECT_EQ(then, s.base) << what;
        }
        // Again and again, down to the base and no further.
        for (int i = 0; i < 20; ++i) plan->refuse(plan->next());
        EXPECT_EQ(plan->next(), s.base) << what;
      }
    }
  }
}

TEST(Plans, ARefusalOfAHigherStakeThanTheNextChangesNothing) {
  for (const auto& type : plan_types()) {
    auto plan = type.make(settings(type.name, "1.00"));
    stakes(*plan, "LLLW");
    const auto before = plan->save();
    plan->refuse(plan->next() + usd("0.01"));
    EXPECT_EQ(plan->save(), before) << type.name;
  }
}

TEST(Martingale, HoldsBelowTheRefusedStakeUntilItIsBackAtItsBase) {
  auto s = settings("martingale", "1.00");
  s.on_cap = OnCap::kHold;
  auto plan = make(s);
  EXPECT_EQ(stakes(*plan, "LLL"), "1.00 2.00 4.00 8.00");
  plan->refuse(usd("8.00"));
  EXPECT_EQ(stakes(*plan, "LL"), "4.00 4.00 4.00");
  auto later = make(s);
  ASSERT_TRUE(later->load(plan->save()));
  EXPECT_EQ(stakes(*later, "LWLLL"), "4.00 4.00 1.00 2.00 4.00 8.00");
  plan->refuse(usd("4.00"));
  EXPECT_EQ(plan->next(), usd("2.00"));
  // Settings of today: a lower cap of its own, another on_cap, another base.
  s.max_stake = usd("1.50");
  auto capped = make(s);
  ASSERT_TRUE(capped->load("martingale 5 200"));
  EXPECT_EQ(capped->next(), usd("1.50"));
  auto dearer = make(settings("martingale", "3.00"));
  ASSERT_TRUE(dearer->load("martingale 1 200"));
  EXPECT_EQ(dearer->next(), usd("6.00")) << "with on_cap restart a ceiling means nothing";
  EXPECT_FALSE(dearer->load("martingale 1 -200"));
  EXPECT_FALSE(dearer->load("martingale 1 200 3"));
}

TEST(Martingale, FindsTheLowerStakeFromVeryFarUp) {
  auto s = settings("martingale", "1.00", "1.01");
  s.on_cap = OnCap::kHold;
  auto plan = make(s);
  ASSERT_TRUE(plan->load("martingale 9000"));
  const auto cut = plan->next();
  plan->refuse(cut);
  EXPECT_LT(plan->next(), cut);
  EXPECT_GT(plan->next().units(), cut.units() / 102 * 100) << "the step below it";
}

TEST(OscarsGrind, HoldsBelowTheRefusedStakeUntilTheGrindIsOver) {
  auto s = settings("oscars_grind", "1.00");
  s.on_cap = OnCap::kHold;
  auto plan = make(s);
  ASSERT_TRUE(plan->load("oscars_grind 4 -1500 0"));
  EXPECT_EQ(plan->next(), usd("4.00"));
  plan->refuse(usd("4.00"));
  EXPECT_EQ(plan->next(), usd("3.00"));
  auto later = make(s);
  ASSERT_TRUE(later->load(plan->save()));
  EXPECT_EQ(later->next(), usd("3.00"));
  later->on_result(usd("16.00"));
  EXPECT_EQ(later->save(), "oscars_grind 1 0 0");
}

TEST(Plans, ALoadedStepObeysTodaysSettings) {
  auto s = settings("martingale", "1.00");
  s.max_steps = 2;
  auto plan = make(s);
  ASSERT_TRUE(plan->load("martingale 3"));
  EXPECT_EQ(plan->next(), usd("1.00"));
  EXPECT_FALSE(plan->load("martingale -1"));
}

TEST(Plans, RegistryKnowsWhatEachUses) {
  EXPECT_EQ(find_plan("nope"), nullptr);
  std::string used;
  for (const auto& type : plan_types()) {
    used += std::string(type.name) + (type.uses_factor ? " factor" : "") +
            (type.uses_unit ? " unit" : "") + (type.uses_max_steps ? " max_steps" : "") +
            (type.uses_stakes ? " stakes" : "") + (type.uses_percent ? " percent" : "") + "\n";
  }
  EXPECT_EQ(used,
            "flat\n"
            "martingale factor max_steps\n"
            "reverse_martingale factor max_steps\n"
            "dalembert unit max_steps\n"
            "reverse_dalembert unit max_steps\n"
            "oscars_grind\n"
            "one_three_two_six\n"
            "fibonacci max_steps\n"
            "table stakes\n"
            "percent_of_balance percent\n");
}

TEST(Plans, WhatUsesMaxStepsObeysThemAndTheOthersDoNot) {
  for (const auto& type : plan_types()) {
    auto s = settings(type.name, "1.00");
    s.max_steps = 1;
    std::int64_t highest = 0;
    for (const std::string_view results : {"LLLL", "WWWW"}) {
      const auto plan = type.make(s);
      for (const char r : results) {
        plan->on_result(r == 'W' ? usd("0.95") : -plan->next());
        highest = std::max(highest, plan->step());
      }
    }
    const bool never_raised =
        type.name == "flat" || type.name == "oscars_grind" || type.uses_percent;
    const std::int64_t free_to_go = type.name == "one_three_two_six" ? 3 : never_raised ? 0 : 4;
    EXPECT_EQ(highest, type.uses_max_steps ? 1 : free_to_go) << type.name;
  }
}

TEST(Plans, OnlyAStateThatItCanBeInIsLoaded) {
  auto s = settings("martingale", "1.00");
  s.on_cap = OnCap::kHold;
  auto plan = make(s);
  for (const auto* good : {"0", "10000", "3 1", "3 250"}) {
    EXPECT_TRUE(plan->load(std::string("martingale ") + good)) << good;
  }
  for (const auto* bad : {"-1", "10001", "3 0", "3 -1", "3 1 1", "x", "", "3 1x"}) {
    EXPECT_FALSE(plan->load(std::string("martingale ") + bad)) << bad;
  }
  EXPECT_TRUE(make(settings("flat", "1.00"))->load("flat"));
  EXPECT_FALSE(make(settings("flat", "1.00"))->load("flat 1"));
}

TEST(OscarsGrind, AStakeOfExactlyTheCapIsTaken) {
  auto s = settings("oscars_grind", "1.00");
  s.on_cap = OnCap::kRestart;
  for (const auto& [cap, after] : {std::pair{"2.00", "2.00"}, {"1.99", "1.00"}}) {
    s.max_stake = usd(cap);
    auto plan = make(s);
    for (const auto* profit : {"-1.00", "-1.00", "-1.00", "0.95"}) plan->on_result(usd(profit));
    EXPECT_EQ(plan->next(), usd(after)) << cap;
  }
}

TEST(OscarsGrind, OnlyAStateThatItCanBeInIsLoaded) {
  auto plan = make(settings("oscars_grind", "1.00"));
  for (const auto* good : {"1 0 0", "1 0 1", "1 -5 1", "3 -5 0", "1 -5 0 1", "1 0 0 100"}) {
    EXPECT_TRUE(plan->load(std::string("oscars_grind ") + good)) << good;
  }
  for (const auto* bad : {"0 0 0", "-1 0 0", "1 1 0", "1 0 2", "1 0 -1", "1 0 0 0", "1 0 0 -1"}) {
    EXPECT_FALSE(plan->load(std::string("oscars_grind ") + bad)) << bad;
  }
}

}  // namespace
}  // namespace derivd::staking
