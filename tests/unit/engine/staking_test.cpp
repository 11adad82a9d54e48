// Stake plans that look at more than results: what the engine tells them, and when.
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

StrategySettings percent(std::string_view name, std::string_view percent) {
  auto s = every_tick(name, "0.35");
  s.staking.plan = "percent_of_balance";
  s.staking.percent = *core::Decimal::parse(percent);
  return s;
}

TEST(PercentOfBalance, IsOfTheBalanceAndWhatIsOpenHasCost) {
  Settings settings;
  settings.strategies = {percent("a", "1")};
  settings.strategies[0].guards.max_open = 3;
  Rig rig(settings);
  rig.now.venue = {1'000};
  rig.restore();
  rig.live("1000.00");
  rig.tick("100.01");
  auto buy = rig.buy();
  EXPECT_EQ(buy.stake, usd("10.00"));
  // In flight: nothing has been paid.
  rig.tick("100.02");
  EXPECT_TRUE(rig.buys.empty()) << "an order just like it waits for its answer";
  rig.bought(buy.order, 1, "19.50", "990.00");
  // The held signal is bought now, with what is open as if it were not.
  buy = rig.buy();
  EXPECT_EQ(buy.stake, usd("10.00"));
  rig.bought(buy.order, 2, "19.50", "980.00");
  EXPECT_EQ(rig.view("a").next_stake, usd("10.00"));
  rig.settle(1, "19.50");
  rig.tick("100.03");
  buy = rig.buy();
  EXPECT_EQ(buy.stake, usd("10.10")) << "of 1009.50, half a cent up";
  rig.refused(buy.order, "RateLimit", execution::RefusalKind::kSingular);
  rig.settle(2, "0.00");
  rig.tick("100.04");
  EXPECT_EQ(rig.buy().stake, usd("10.00")) << "of 999.50, 9.995";
}

TEST(PercentOfBalance, ADepositCountsOnceTheVenueHasToldIt) {
  Settings settings;
  settings.strategies = {percent("a", "1")};
  Rig rig(settings);
  rig.now.venue = {1'000};
  rig.restore();
  rig.live("1000.00");
  rig.balance("1500.00");
  EXPECT_EQ(rig.view("a").next_stake, usd("15.00"));
  rig.tick("100.01");
  EXPECT_EQ(rig.buy().stake, usd("15.00"));
}

TEST(PercentOfBalance, IsTheSameAfterARestartWithAnOpenContract) {
  Settings settings;
  settings.strategies = {percent("a", "1")};
  settings.strategies[0].guards.max_open = 2;
  Rig rig(settings);
  rig.now.venue = {1'000};
  rig.restore();
  EXPECT_EQ(rig.view("a").next_stake, usd("0.35")) << "no balance yet";
  rig.live("1000.00");
  rig.tick("100.01");
  rig.bought(rig.buy().order, 1, "19.50", "990.00");
  const auto before = rig.view("a").next_stake;
  rig.restart();
  rig.online("990.00");
  auto report = rig.empty_report("990.00");
  execution::HistoryRow row;
  row.contract = {1};
  row.open = true;
  row.buy_price = usd("10.00");
  row.purchase_time = rig.engine->open_orders().at(0).purchase_time;
  report.portfolio.push_back(row);
  rig.report(report);
  EXPECT_EQ(rig.view("a").next_stake, before);
  EXPECT_EQ(before, usd("10.00"));
}

TEST(PercentOfBalance, AStakeThatFitsNowhereGivesWayToTheBase) {
  Settings settings;
  settings.strategies = {percent("a", "1")};
  settings.limits.max_stake = usd("9.99");
  Rig rig(settings);
  rig.now.venue = {1'000};
  rig.restore();
  rig.live("1000.00");
  rig.tick("100.01");
  EXPECT_EQ(rig.buy().stake, usd("0.35"));
}

}  // namespace
}  // namespace derivd::engine::test
