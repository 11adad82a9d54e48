// The user's own list of stakes.
#include <gtest/gtest.h>

#include "staking/plan.hpp"

namespace derivd::staking {
namespace {

core::Money usd(std::string_view text) { return *core::Money::parse(text); }

Settings table(std::initializer_list<std::string_view> stakes, OnCap on_cap = OnCap::kRestart) {
  Settings s;
  s.plan = "table";
  for (const auto stake : stakes) s.stakes.push_back(usd(stake));
  s.base = s.stakes.front();
  s.on_cap = on_cap;
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

TEST(Table, ALossWalksOnAndAWinBeginsAgain) {
  auto plan = make(table({"0.35", "0.80", "1.70"}));
  EXPECT_EQ(stakes(*plan, "L=LWLW"), "0.35 0.80 0.80 1.70 0.35 0.80 0.35");
}

TEST(Table, PastTheEndItBeginsAgainOrHoldsTheLast) {
  auto restart = make(table({"0.35", "0.80", "1.70"}));
  EXPECT_EQ(stakes(*restart, "LLLL"), "0.35 0.80 1.70 0.35 0.80");
  auto hold = make(table({"0.35", "0.80", "1.70"}, OnCap::kHold));
  EXPECT_EQ(stakes(*hold, "LLLLW"), "0.35 0.80 1.70 1.70 1.70 0.35");
  auto one = make(table({"0.50"}));
  EXPECT_EQ(stakes(*one, "LLW"), "0.50 0.50 0.50 0.50");
}

TEST(Table, AdvanceWinWalksOnWithWins) {
  auto s = table({"0.35", "0.80", "1.70"});
  s.advance = Advance::kWin;
  auto plan = make(s);
  EXPECT_EQ(stakes(*plan, "WW=LWWW"), "0.35 0.80 1.70 1.70 0.35 0.80 1.70 0.35");
}

TEST(Table, NeedNotRise) {
  auto plan = make(table({"1.00", "3.00", "2.00", "6.00"}));
  EXPECT_EQ(stakes(*plan, "LLLL"), "1.00 3.00 2.00 6.00 1.00");
}

TEST(Table, UsesNoMaxSteps) {
  auto s = table({"0.35", "0.80", "1.70"});
  s.max_steps = 1;
  EXPECT_EQ(stakes(*make(s), "LL"), "0.35 0.80 1.70");
}

TEST(Table, AnEntryAboveTheCapDoesAsOnCapSays) {
  auto s = table({"1.00", "3.00", "2.00", "6.00"});
  s.max_stake = usd("2.50");
  EXPECT_EQ(stakes(*make(s), "LL"), "1.00 1.00 1.00") << "3.00 is above it";
  s.on_cap = OnCap::kHold;
  EXPECT_EQ(stakes(*make(s), "LLLLW"), "1.00 2.50 2.00 2.50 2.50 1.00");
  s.max_stake = usd("3.00");
  EXPECT_EQ(stakes(*make(s), "L"), "1.00 3.00") << "a stake of exactly the cap is taken";
}

TEST(Table, ARefusedStakeGivesWayToTheLargestLowerOneBeforeIt) {
  auto s = table({"1.00", "3.00", "2.00", "6.00"}, OnCap::kHold);
  auto plan = make(s);
  EXPECT_EQ(stakes(*plan, "LLL"), "1.00 3.00 2.00 6.00");
  plan->refuse(usd("6.00"));
  EXPECT_EQ(plan->next(), usd("3.00"));
  auto later = make(s);
  ASSERT_TRUE(later->load(plan->save()));
  EXPECT_EQ(stakes(*later, "LWLLL"), "3.00 3.00 1.00 3.00 2.00 6.00");
  s.on_cap = OnCap::kRestart;
  auto restart = make(s);
  stakes(*restart, "LLL");
  restart->refuse(usd("6.00"));
  EXPECT_EQ(restart->next(), usd("1.00"));
}

TEST(Table, OnlyAPlaceThatItCanHaveIsLoadedAndTodaysTableCounts) {
  auto plan = make(table({"0.35", "0.80", "1.70"}));
  ASSERT_TRUE(plan->load("table 2"));
  EXPECT_EQ(plan->next(), usd("1.70"));
  ASSERT_TRUE(plan->load("table 3")) << "it was longer once";
  EXPECT_EQ(plan->next(), usd("0.35"));
  auto hold = make(table({"0.35", "0.80", "1.70"}, OnCap::kHold));
  ASSERT_TRUE(hold->load("table 7"));
  EXPECT_EQ(hold->next(), usd("1.70"));
  for (const auto* bad : {"table -1", "table 100", "table", "table 1 0", "table 1 1 1", "flat"}) {
    EXPECT_FALSE(plan->load(bad)) << bad;
  }
}

}  // namespace
}  // namespace derivd::staking
