#include <gtest/gtest.h>

#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

using core::EventKind;
using std::chrono::seconds;

constexpr std::int64_t kStart = 1'782'086'400;  // a Monday, 00:00 UTC

Settings one(const StrategySettings& s) {
  Settings out;
  out.strategies = {s};
  return out;
}

Rig live_rig(const Settings& settings) {
  Rig rig(settings);
  rig.restore({});
  rig.now.venue = {kStart};
  rig.live();
  return rig;
}

StrategySettings martingale(std::string_view name) {
  auto s = every_tick(name);
  s.staking.plan = "martingale";
  return s;
}

/// Buys at the next tick and loses.
void lose(Rig& rig, std::int64_t contract) {
  rig.tick("1.02");
  rig.bought(rig.buy().order, contract, "1.95");
  rig.settle(contract, "0.00");
}

bool mentions(const Rig& rig, std::string_view what) {
  return std::any_of(rig.log.begin(), rig.log.end(),
                     [&](const auto& line) { return line.find(what) != std::string::npos; });
}

TEST(Reconfigure, TheSameSettingsChangeNothing) {
  const auto settings = one(martingale("a"));
  auto rig = live_rig(settings);
  lose(rig, 5);
  rig.tick("1.04");
  rig.bought(rig.buy().order, 6, "1.95");
  const auto before = rig.book.records;
  rig.log.clear();
  rig.reconfigure(settings);
  EXPECT_TRUE(rig.log.empty()) << rig.log.front();
  EXPECT_EQ(rig.book.records, before);
  EXPECT_EQ(rig.view("a").next_stake, usd("2.00"));
  EXPECT_EQ(rig.view("a").open, 1);
  EXPECT_FALSE(rig.view("a").change_pending);
}

TEST(Reconfigure, LimitsHoldAtTheNextSignal) {
  auto settings = one(every_tick("a", "2.00"));
  settings.limits.max_stake = usd("2.00");
  auto rig = live_rig(settings);
  settings.limits.max_stake = usd("1.99");
  rig.reconfigure(settings);
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_TRUE(mentions(rig, "max_stake"));
  settings.limits.max_stake = usd("2.00");
  rig.reconfigure(settings);
  rig.tick("1.04");
  EXPECT_EQ(rig.buy().stake, usd("2.00"));
}

TEST(Reconfigure, ALimitBelowWhatIsOpenSellsNothingAndAdmitsNothing) {
  auto a = every_tick("a");
  a.guards.max_open = 3;
  auto settings = one(a);
  auto rig = live_rig(settings);
  for (const std::int64_t contract : {5, 6}) {
    rig.tick("1.02");
    rig.bought(rig.buy().order, contract, "1.95");
  }
  settings.limits.max_open_contracts = 1;
  rig.log.clear();
  rig.reconfigure(settings);
  EXPECT_TRUE(rig.log.empty());
  rig.tick("1.02");
  rig.settle(5, "1.95");
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty()) << "one is open still";
  rig.settle(6, "1.95");
  rig.tick("1.02");
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Reconfigure, SettingsOfAContractWaitUntilNothingIsOpen) {
  auto a = every_tick("a");
  a.guards.max_open = 2;
  auto settings = one(a);
  auto rig = live_rig(settings);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 5, "1.95");
  settings.strategies[0].contract.duration.count = 4;
  rig.reconfigure(settings);
  EXPECT_TRUE(rig.view("a").change_pending);
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty()) << "it would never be flat otherwise";
  rig.settle(5, "0.00");
  rig.tick("1.02");
  EXPECT_FALSE(rig.view("a").change_pending);
  EXPECT_TRUE(rig.told(EventKind::kConfigChanged));
  EXPECT_EQ(rig.buy().spec.duration.count, 4);
  EXPECT_EQ(rig.view("a").profit, usd("-1.00"));
}

TEST(Reconfigure, AnUnknownOrderIsAtRisk) {
  auto settings = one(every_tick("a"));
  auto rig = live_rig(settings);
  rig.tick("1.02");
  rig.unknown(rig.buy().order);
  settings.strategies[0].symbol = "R_50";
  rig.reconfigure(settings);
  EXPECT_TRUE(rig.view("a").change_pending);
  EXPECT_EQ(rig.view("a").symbol, "R_100");
}

TEST(Reconfigure, TakenBackBeforeItHeldIsNoChange) {
  const auto settings = one(every_tick("a"));
  auto rig = live_rig(settings);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 5, "1.95");
  auto other = settings;
  other.strategies[0].staking.base = usd("3.00");
  rig.reconfigure(other);
  rig.reconfigure(settings);
  EXPECT_FALSE(rig.view("a").change_pending);
  rig.settle(5, "0.00");
  rig.tick("1.02");
  EXPECT_EQ(rig.buy().stake, usd("1.00"));
}

TEST(Reconfigure, ANewBaseKeepsTheStepAndANewPlanBeginsAtItsBase) {
  auto settings = one(martingale("a"));
  auto rig = live_rig(settings);
  lose(rig, 5);
  lose(rig, 6);
  EXPECT_EQ(rig.view("a").next_stake, usd("4.00"));
  settings.strategies[0].staking.base = usd("0.50");
  rig.reconfigure(settings);
  EXPECT_EQ(rig.view("a").next_stake, usd("2.00")) << "0.50 x 2^2";
  settings.strategies[0].staking.plan = "dalembert";
  rig.reconfigure(settings);
  EXPECT_EQ(rig.view("a").next_stake, usd("0.50"));
  EXPECT_TRUE(mentions(rig, "dalembert 0")) << "the new step is on disk";
}

TEST(Reconfigure, ALowerCapOfThePlanHoldsAtOnce) {
  auto settings = one(martingale("a"));
  auto rig = live_rig(settings);
  lose(rig, 5);
  lose(rig, 6);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 7, "7.80");
  settings.strategies[0].staking.max_steps = 1;
  rig.reconfigure(settings);
  EXPECT_FALSE(rig.view("a").change_pending) << "a cap needs no flat strategy";
  EXPECT_EQ(rig.view("a").next_stake, usd("1.00")) << "step 2 is above max_steps: the base";
  settings.strategies[0].staking.max_stake = usd("1.50");
  settings.strategies[0].staking.on_cap = staking::OnCap::kHold;
  rig.reconfigure(settings);
  rig.settle(7, "0.00");
  EXPECT_EQ(rig.view("a").next_stake, usd("1.50"));
}

TEST(Reconfigure, AStrategyThatIsGoneBuysNothingAndItsContractsSettle) {
  auto settings = one(martingale("a"));
  settings.strategies.push_back(martingale("b"));
  settings.strategies[1].symbol = "R_50";
  auto rig = live_rig(settings);
  rig.tick("R_50", kStart + 2, "1.0002");
  rig.bought(rig.buy().order, 5, "1.95");
  auto without = settings;
  without.strategies.pop_back();
  const auto revision = rig.engine->symbols_revision();
  rig.reconfigure(without);
  EXPECT_EQ(rig.engine->symbols().size(), 2u) << "its contract needs ticks";
  EXPECT_EQ(rig.engine->symbols_revision(), revision);
  EXPECT_EQ(rig.view("b").status, StrategyStatus::kDisabled);
  rig.tick("R_50", kStart + 4, "1.0002");
  EXPECT_TRUE(rig.buys.empty());
  rig.settle(5, "0.00");
  EXPECT_EQ(rig.engine->account().day_profit, usd("-1.00"));
  rig.tick("R_50", kStart + 6, "1.0002");
  rig.tick("1.02");
  EXPECT_EQ(rig.buy().spec.symbol, "R_100") << "the other one goes on";
  EXPECT_EQ(rig.engine->symbols().size(), 1u);
  EXPECT_NE(rig.engine->symbols_revision(), revision);
  EXPECT_EQ(rig.engine->strategies().size(), 1u);
  // Its memory belongs to its name.
  rig.reconfigure(settings);
  EXPECT_EQ(rig.engine->symbols().size(), 2u);
  EXPECT_EQ(rig.view("b").profit, usd("-1.00"));
  EXPECT_EQ(rig.view("b").next_stake, usd("2.00"));
}

TEST(Reconfigure, AHaltOutlivesItAndARemovalToo) {
  const auto settings = one(every_tick("a"));
  auto rig = live_rig(settings);
  rig.engine->halt("a", "by hand", rig.now, rig.actions);
  rig.reconfigure(settings);
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kHalted);
  rig.reconfigure({});
  EXPECT_TRUE(rig.engine->strategies().empty());
  rig.reconfigure(settings);
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kHalted);
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
}

TEST(Reconfigure, ANameThatOnlyTheJournalKnowsComesBackWithItsStep) {
  const auto settings = one(martingale("a"));
  auto rig = live_rig(settings);
  lose(rig, 5);
  rig.settings = {};
  rig.restart();  // without it
  rig.live();
  rig.reconfigure(settings);
  EXPECT_EQ(rig.view("a").next_stake, usd("2.00"));
  EXPECT_EQ(rig.view("a").profit, usd("-1.00"));
}

TEST(Reconfigure, AddedAndEnabledStrategiesCountFromTheirFirstTick) {
  auto a = every_tick("a");
  a.params["streak"] = 2;
  auto rig = live_rig(one(a));
  rig.tick("1.02");
  auto settings = one(a);
  settings.strategies[0].enabled = false;
  rig.reconfigure(settings);
  rig.tick("1.04");
  settings.strategies[0].enabled = true;
  settings.strategies.push_back(every_tick("b"));
  settings.strategies[1].params["streak"] = 2;
  settings.strategies[1].staking.base = usd("7.00");
  rig.reconfigure(settings);
  rig.tick("1.06");
  EXPECT_TRUE(rig.buys.empty()) << "the ticks in between were not seen";
  rig.tick("1.08");
  EXPECT_EQ(rig.buys.size(), 2u);
}

TEST(Reconfigure, ATargetThatIsReachedAlreadyHaltsAtOnce) {
  auto settings = one(every_tick("a"));
  auto rig = live_rig(settings);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 5, "1.95");
  rig.settle(5, "1.95");
  settings.strategies[0].session.take_profit = usd("0.95");
  rig.reconfigure(settings);
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kHalted);
  EXPECT_TRUE(rig.book.halts.at("a").halted);
  EXPECT_EQ(rig.book.halts.at("a").kind, "take_profit");
  settings.strategies[0].session.take_profit = usd("5.00");
  rig.reconfigure(settings);
  EXPECT_EQ(rig.view("a").status, StrategyStatus::kHalted) << "only resume clears it";
}

TEST(Reconfigure, ADailyProfitThatIsReachedAlreadyEndsTheDay) {
  auto settings = one(every_tick("a"));
  auto rig = live_rig(settings);
  rig.tick("1.02");
  rig.bought(rig.buy().order, 5, "1.95");
  rig.settle(5, "1.95");
  settings.limits.daily_profit = usd("0.50");
  rig.reconfigure(settings);
  EXPECT_TRUE(rig.told(EventKind::kAccountLimit));
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty());
  settings.limits.daily_profit = usd("9.00");
  rig.reconfigure(settings);
  rig.tick("1.02");
  EXPECT_TRUE(rig.buys.empty()) << "latched until the day ends";
}

TEST(Reconfigure, ASignalThatWaitsForItsQuoteIsDroppedWithItsSettings) {
  auto a = every_tick("a");
  a.guards.min_payout_ratio = core::Decimal{9, 1};
  auto settings = one(a);
  auto rig = live_rig(settings);
  rig.tick("1.02");
  ASSERT_EQ(rig.quotes.size(), 1u);
  settings.strategies[0].contract.duration.count = 3;
  rig.reconfigure(settings);
  rig.quote(rig.quotes[0].order, "1.95", "1.00");
  EXPECT_TRUE(rig.buys.empty()) << "the quote was for another contract";
  rig.tick("1.02");
  ASSERT_EQ(rig.quotes.size(), 2u);
  EXPECT_EQ(rig.quotes[1].spec.duration.count, 3);
  settings.strategies[0].enabled = false;
  rig.reconfigure(settings);
  rig.quote(rig.quotes[1].order, "1.95", "1.00");
  EXPECT_TRUE(rig.buys.empty());
}

TEST(Reconfigure, TheDayKeepsItsBeginning) {
  auto settings = one(every_tick("a"));
  auto rig = live_rig(settings);
  lose(rig, 5);
  settings.limits.day_starts = std::chrono::hours(12);
  rig.reconfigure(settings);
  rig.tick("1.02");
  EXPECT_EQ(rig.engine->account().day_profit, usd("-1.00"));
}

TEST(Reconfigure, SettingsHoldInTheOrderOfTheFile) {
  auto settings = one(every_tick("a"));
  settings.strategies.push_back(every_tick("b", "2.00"));
  auto rig = live_rig(settings);
  std::swap(settings.strategies[0], settings.strategies[1]);
  rig.reconfigure(settings);
  EXPECT_EQ(rig.engine->strategies()[0].name, "b");
  EXPECT_EQ(rig.engine->strategies()[1].name, "a");
}

}  // namespace
}  // namespace derivd::engine::test
