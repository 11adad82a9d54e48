// Limits that the holder of the account has set at the venue: the narrower one of theirs and ours
// holds, at once and over a reload.
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

using execution::OwnLimits;

constexpr std::int64_t kStart = 1'782'086'400;  // 00:00 UTC

Settings settings_with(risk::AccountLimits limits) {
  Settings s;
  s.limits = limits;
  auto a = every_tick("a");
  a.guards.max_open = 9;
  s.strategies = {a};
  return s;
}

Rig live_rig(risk::AccountLimits limits) {
  Rig rig(settings_with(limits));
  rig.restore({});
  rig.now.venue = {kStart};
  rig.live();
  return rig;
}

Actions tell(Rig& rig, const OwnLimits& own) {
  Actions actions;
  rig.engine->on_own_limits(own, rig.now, actions);
  return actions;
}

/// A tick, and the venue's yes to what it brought: nothing is in flight after it.
void tick_and_buy(Rig& rig) {
  const auto before = rig.buys.size();
  rig.tick("1.02");
  if (rig.buys.size() == before) return;
  const auto order = rig.buys.back().order;
  rig.bought(order, 70 + order.value, "1.95");
}

std::string last_decision(const Rig& rig) {
  return rig.engine->strategies().at(0).last_decision.str();
}

TEST(OwnLimits, WhatTheHolderHasNotLimitedIsOursAlone) {
  risk::AccountLimits ours;
  ours.max_open_contracts = 2;
  auto rig = live_rig(ours);
  tell(rig, {.week_loss = usd("50.00")});
  for (int i = 0; i < 3; ++i) tick_and_buy(rig);
  EXPECT_EQ(last_decision(rig), "max_open_contracts: 2 of 2");
}

TEST(OwnLimits, TheNarrowerNumberOfOpenContractsHolds) {
  risk::AccountLimits ours;
  ours.max_open_contracts = 5;
  auto rig = live_rig(ours);
  tell(rig, {.max_open = 2});
  for (int i = 0; i < 4; ++i) tick_and_buy(rig);
  EXPECT_EQ(rig.buys.size(), 2U);
  EXPECT_EQ(last_decision(rig), "max_open_contracts: 2 of 2, set by the account's holder at Deriv");
  tell(rig, {.max_open = 7});
  for (int i = 0; i < 6; ++i) tick_and_buy(rig);
  EXPECT_EQ(rig.buys.size(), 5U) << "a wider one of theirs does not widen ours";
}

TEST(OwnLimits, TheLossOfADayBindsWithAndWithoutOneOfOurs) {
  for (const bool has_own : {false, true}) {
    risk::AccountLimits ours;
    if (has_own) ours.daily_loss = core::Money::minor(500);
    auto rig = live_rig(ours);
    tell(rig, {.day_loss = core::Money::minor(250)});
    for (int i = 0; i < 4; ++i) tick_and_buy(rig);
    EXPECT_EQ(rig.buys.size(), 2U) << "2.00 at risk; a third stake of 1.00 does not fit into 2.50";
    const auto text = last_decision(rig);
    EXPECT_TRUE(text.starts_with("daily_loss: a stake of 1.00")) << text;
    EXPECT_TRUE(text.ends_with(", set by the account's holder at Deriv")) << text;
  }
}

TEST(OwnLimits, AnExcludedAccountBuysNothingUntilTheTimeIsOver) {
  auto rig = live_rig({});
  tell(rig, {.excluded_until = core::VenueTime{kStart + 10}});
  rig.tick("R_100", kStart + 8, "1.02");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(last_decision(rig),
            "self_exclusion: the account is excluded at Deriv by its holder until "
            "2026-06-22T00:00:10Z");
  rig.tick("R_100", kStart + 10, "1.02");
  EXPECT_EQ(rig.buys.size(), 1U);
}

TEST(OwnLimits, TheyHoldOverAReloadAndPeopleAreToldOfEachChangeOnce) {
  risk::AccountLimits ours;
  ours.max_open_contracts = 5;
  auto rig = live_rig(ours);
  const auto told = tell(rig, {.max_open = 2});
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(std::get<Tell>(told[0]).event.text.view(),
            "the account's own limits at Deriv: open contracts 2");
  EXPECT_TRUE(tell(rig, {.max_open = 2}).empty());
  ours.max_open_contracts = 4;
  rig.reconfigure(settings_with(ours));
  EXPECT_EQ(rig.engine->limits().max_open_contracts, 2);
  const auto gone = tell(rig, {});
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(std::get<Tell>(gone[0]).event.text.view(), "the account's own limits at Deriv: none");
  EXPECT_EQ(rig.engine->limits().max_open_contracts, 4);
}

TEST(OwnLimits, WhateverTheyAreNoLimitIsEverWidened) {
  core::Rng rng(20261129);
  const auto maybe = [&](std::int64_t most) -> std::optional<std::int64_t> {
    const auto n = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(most) + 1));
    return n == 0 ? std::nullopt : std::optional(n);
  };
  for (int run = 0; run < 300; ++run) {
    const auto ours_open = maybe(4);
    const auto ours_loss = maybe(400);
    const auto own_open = maybe(4);
    const auto own_loss = maybe(400);
    risk::AccountLimits ours;
    ours.max_open_contracts = ours_open;
    if (ours_loss) ours.daily_loss = core::Money::minor(*ours_loss);
    OwnLimits own{.max_open = own_open};
    if (own_loss) own.day_loss = core::Money::minor(*own_loss);
    auto rig = live_rig(ours);
    tell(rig, own);
    for (int i = 0; i < 6; ++i) tick_and_buy(rig);
    // Stakes of 1.00, nothing settles: the most that each limit admits by itself.
    std::int64_t most = 6;
    for (const auto& open : {ours_open, own_open}) most = std::min(most, open.value_or(most));
    for (const auto& loss : {ours_loss, own_loss}) most = std::min(most, loss ? *loss / 100 : most);
    EXPECT_EQ(static_cast<std::int64_t>(rig.buys.size()), most) << "run " << run;
  }
}

}  // namespace
}  // namespace derivd::engine::test
