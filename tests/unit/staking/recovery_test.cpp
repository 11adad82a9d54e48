// Martingale with factor: auto.
#include <gtest/gtest.h>

#include "staking/plan.hpp"

namespace derivd::staking {
namespace {

core::Money usd(std::string_view text) { return *core::Money::parse(text); }

Settings automatic(std::string_view base = "1.00") {
  Settings s;
  s.plan = "martingale";
  s.auto_factor = true;
  s.base = usd(base);
  return s;
}

std::unique_ptr<StakePlan> make(const Settings& s) { return find_plan(s.plan)->make(s); }

/// round half up(stake × percent / 100), as a venue quotes.
core::Money payout(core::Money stake, std::int64_t percent) {
  return core::Money::minor((stake.units() * percent + 50) / 100);
}

/// What a signal comes to at a venue that pays so much, and how often it had to be asked.
core::Money stake_at(StakePlan& plan, std::int64_t percent, int* quotes = nullptr) {
  plan.begin_signal();
  while (plan.wants_quote()) {
    const auto stake = plan.next();
    plan.see_quote(stake, payout(stake, percent));
    if (quotes != nullptr) ++*quotes;
    if (plan.next() == stake) break;
  }
  return plan.next();
}

/// 'L', 'W' and '=' as at that venue; the stakes before each result and after the last.
std::string stakes(StakePlan& plan, std::string_view results, std::int64_t percent) {
  auto stake = stake_at(plan, percent);
  auto out = stake.to_string();
  for (const char r : results) {
    const auto pays = payout(stake, percent);
    plan.see_terms(stake, pays);
    plan.on_result(r == 'W' ? pays - stake : r == 'L' ? -stake : usd("0"));
    stake = stake_at(plan, percent);
    out += " " + stake.to_string();
  }
  return out;
}

TEST(Recovery, StakesTheLeastThatWinsEverythingBack) {
  auto plan = make(automatic());
  // Profit 0.95 a unit: 1 + 1/0.95 = 2.0527; 1 + 3.06/0.95 = 4.2211; 1 + 7.29/0.95 = 8.6737.
  EXPECT_EQ(stakes(*plan, "LLL", 195), "1.00 2.06 4.23 8.68");
}

TEST(Recovery, AWinReturnsToTheBaseAndABreakEvenStays) {
  auto plan = make(automatic());
  EXPECT_EQ(stakes(*plan, "L=WL", 200), "1.00 2.00 2.00 1.00 2.00");
  EXPECT_EQ(plan->step(), 1);
}

TEST(Recovery, WhatItBuysWinsItBackAtItsOwnQuote) {
  int ended = 0;
  for (const std::int64_t percent : {109, 112, 150, 179, 185, 195, 200, 240, 910}) {
    for (const std::string_view base : {"0.35", "0.50", "1.00", "3.33"}) {
      auto plan = make(automatic(base));
      core::Money lost;
      for (int losses = 0; losses < 6; ++losses) {
        int quotes = 0;
        const auto stake = stake_at(*plan, percent, &quotes);
        const auto profit = payout(stake, percent) - stake;
        // losses + base × p/q, exactly, unless the quotes came to no end.
        if (quotes < 8) {
          EXPECT_GE(profit.units() * stake.units(),
                    lost.units() * stake.units() + usd(base).units() * profit.units())
              << base << " at " << percent << " after " << losses;
        }
        ended += quotes < 8 ? 1 : 0;
        // And not more than what payouts that are rounded make of it.
        const auto least =
            usd(base).to_double() + lost.to_double() * 100 / static_cast<double>(percent - 100);
        const auto rounding = 0.02 + 0.01 * 100 / static_cast<double>(percent - 100);
        EXPECT_NEAR(stake.to_double(), least, rounding + least * 0.02) << base << " " << percent;
        EXPECT_LE(quotes, 8);
        plan->see_terms(stake, payout(stake, percent));
        plan->on_result(-stake);
        lost += stake;
      }
    }
  }
  EXPECT_GE(ended, 9 * 4 * 6 - 2);
}

TEST(Recovery, FollowsTheQuoteAndNotTheTermsOfBefore) {
  auto plan = make(automatic());
  plan->see_terms(usd("1.00"), usd("1.95"));
  plan->on_result(usd("-1.00"));
  EXPECT_EQ(plan->next(), usd("2.06")) << "as far as the last contract tells";
  EXPECT_EQ(stake_at(*plan, 150), usd("3.00"));
  EXPECT_EQ(stake_at(*plan, 300), usd("1.50"));
  plan->begin_signal();
  EXPECT_EQ(plan->next(), usd("2.06")) << "quotes of a signal end with it";
  plan->see_quote(usd("2.05"), usd("3.00"));
  EXPECT_EQ(plan->next(), usd("2.06")) << "a quote of another stake says nothing";
}

TEST(Recovery, WithoutTermsItAsksAsIfItPaidEvenMoney) {
  auto plan = make(automatic());
  plan->on_result(usd("-1.00"));
  EXPECT_EQ(plan->next(), usd("2.00"));
  EXPECT_EQ(stake_at(*plan, 150), usd("3.00"));
}

TEST(Recovery, AsksForNothingAtItsBase) {
  auto plan = make(automatic());
  EXPECT_FALSE(plan->wants_quote());
  plan->on_result(usd("-1.00"));
  EXPECT_TRUE(plan->wants_quote());
  plan->restart();
  EXPECT_FALSE(plan->wants_quote());
  EXPECT_EQ(plan->next(), usd("1.00"));
}

TEST(Recovery, AVenueWhosePayoutsJumpIsNotAskedForEver) {
  auto plan = make(automatic());
  plan->on_result(usd("-1.00"));
  plan->begin_signal();
  int quotes = 0;
  for (; quotes < 100; ++quotes) {
    const auto stake = plan->next();
    // The more is wanted, the less is paid.
    plan->see_quote(stake, core::Money::minor(stake.units() + 10));
    if (plan->next() == stake) break;
  }
  EXPECT_EQ(quotes, 7);
}

TEST(Recovery, WhereNothingIsWonBackItBeginsAnew) {
  auto plan = make(automatic());
  plan->on_result(usd("-1.00"));
  EXPECT_EQ(stake_at(*plan, 100), usd("1.00"));
  EXPECT_EQ(plan->step(), 0);
}

TEST(Recovery, MaxStepsAndTheCapAreAsForAnyMartingale) {
  auto s = automatic();
  s.max_steps = 2;
  EXPECT_EQ(stakes(*make(s), "LLL", 200), "1.00 2.00 4.00 1.00");
  s.max_steps.reset();
  s.max_stake = usd("3.00");
  EXPECT_EQ(stakes(*make(s), "LL", 200), "1.00 2.00 1.00");
  s.on_cap = OnCap::kHold;
  EXPECT_EQ(stakes(*make(s), "LLLW", 200), "1.00 2.00 3.00 3.00 1.00");
  s.max_stake = usd("4.00");
  EXPECT_EQ(stakes(*make(s), "LL", 200), "1.00 2.00 4.00") << "exactly the cap is taken";
}

TEST(Recovery, KeepsItsLossesOverARestart) {
  auto s = automatic();
  auto before = make(s);
  stakes(*before, "LL", 195);
  auto after = make(s);
  ASSERT_TRUE(after->load(before->save()));
  EXPECT_EQ(after->save(), before->save());
  EXPECT_EQ(after->next(), usd("4.22")) << "by the terms of the last contract, 4.02 for 2.06";
  EXPECT_EQ(stakes(*after, "LW", 195), stakes(*before, "LW", 195));
  for (const auto* bad :
       {"martingale 2", "martingale_auto 2", "martingale_auto 2 300 100",
        "martingale_auto -1 0 0 0", "martingale_auto 0 5 0 0", "martingale_auto 1 0 0 0",
        "martingale_auto 1 100 -1 0", "martingale_auto 1 100 0 -1", "martingale_auto 1 100 0 0 0",
        "martingale_auto 10001 100 0 0"}) {
    EXPECT_FALSE(after->load(bad)) << bad;
  }
  s.auto_factor = false;
  EXPECT_FALSE(make(s)->load(before->save())) << "a step of another kind";
}

TEST(Recovery, ARefusedStakeDoesWhatTheCapWouldDo) {
  auto s = automatic();
  auto restart = make(s);
  EXPECT_EQ(stakes(*restart, "LLL", 200), "1.00 2.00 4.00 8.00");
  restart->refuse(usd("8.01"));
  EXPECT_EQ(restart->next(), usd("8.00"));
  restart->refuse(usd("8.00"));
  EXPECT_EQ(restart->next(), usd("1.00"));
  s.on_cap = OnCap::kHold;
  auto hold = make(s);
  stakes(*hold, "LLL", 200);
  hold->refuse(usd("8.00"));
  EXPECT_EQ(stake_at(*hold, 200), usd("4.00")) << "which was taken";
  auto later = make(s);
  ASSERT_TRUE(later->load(hold->save()));
  EXPECT_EQ(stake_at(*later, 200), usd("4.00"));
  for (int i = 0; i < 20; ++i) hold->refuse(hold->next());
  EXPECT_EQ(hold->next(), usd("1.00"));
}

TEST(Recovery, ARefusalCountsAlsoOnceTheNextSignalHasBegun) {
  for (const auto on_cap : {OnCap::kRestart, OnCap::kHold}) {
    auto s = automatic();
    s.on_cap = on_cap;
    auto plan = make(s);
    plan->see_terms(usd("1.00"), usd("1.95"));
    plan->on_result(usd("-1.00"));
    EXPECT_EQ(stake_at(*plan, 150), usd("3.00"));
    plan->begin_signal();  // which asks for 2.06 first
    plan->refuse(usd("3.00"));
    const auto next = stake_at(*plan, 150);
    EXPECT_EQ(next, usd("1.00")) << "the base, or the stake before it";
    // A refusal of before a result says nothing of what is asked for after it.
    auto later = make(s);
    later->see_terms(usd("1.00"), usd("1.95"));
    later->on_result(usd("-1.00"));
    EXPECT_EQ(stake_at(*later, 150), usd("3.00"));
    later->on_result(usd("6.00"));
    later->on_result(usd("-1.00"));
    EXPECT_EQ(stake_at(*later, 250), usd("1.67"));
    later->refuse(usd("3.00"));
    EXPECT_EQ(stake_at(*later, 250), usd("1.67"));
  }
}

}  // namespace
}  // namespace derivd::staking
