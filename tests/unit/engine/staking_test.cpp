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
  // In flight nothing has been paid, and open it counts as if it were not.
  const auto first = buy.order;
  rig.tick("100.02");
  buy = rig.buy();
  EXPECT_EQ(buy.stake, usd("10.00"));
  rig.bought(first, 1, "19.50", "990.00");
  EXPECT_EQ(rig.view("a").next_stake, usd("10.00"));
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

Settings automatic() {
  Settings settings;
  settings.strategies = {every_tick("a")};
  settings.strategies[0].staking.plan = "martingale";
  settings.strategies[0].staking.auto_factor = true;
  return settings;
}

/// One lost contract of 1.00 that would have paid 1.95.
void lose_once(Rig& rig) {
  rig.now.venue = {1'000};
  rig.restore();
  rig.live();
  rig.tick("100.01");
  EXPECT_TRUE(rig.quotes.empty()) << "the base needs no quote";
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
}

TEST(AutoFactor, TheSignalWaitsForTheQuoteThatSaysItsStake) {
  Rig rig(automatic());
  lose_once(rig);
  EXPECT_EQ(rig.view("a").next_stake, usd("2.06")) << "by the terms of the last contract";
  rig.tick("100.02");
  EXPECT_TRUE(rig.buys.empty());
  ASSERT_EQ(rig.quotes.size(), 1U);
  EXPECT_EQ(rig.quotes[0].stake, usd("2.06"));
  EXPECT_EQ(rig.view("a").last_decision, "asked for a quote");
  rig.quote(rig.quotes[0].order, "4.02", "2.06");
  const auto buy = rig.buy();
  EXPECT_EQ(buy.stake, usd("2.06"));
  EXPECT_EQ(buy.quote_id, "q1");
}

TEST(AutoFactor, AnotherPayoutAsksForAnotherStake) {
  Rig rig(automatic());
  lose_once(rig);
  rig.tick("100.02");
  ASSERT_EQ(rig.quotes.size(), 1U);
  rig.quote(rig.quotes[0].order, "3.71", "2.06");  // 1.65 on 2.06: 1 + 2.06/1.65 = 2.2485
  EXPECT_TRUE(rig.buys.empty());
  ASSERT_EQ(rig.quotes.size(), 2U);
  EXPECT_EQ(rig.quotes[1].stake, usd("2.25"));
  rig.quote(rig.quotes[1].order, "4.05", "2.25");  // 1.80 on 2.25: 1 + 1.25 = 2.25
  EXPECT_EQ(rig.buy().stake, usd("2.25"));
}

TEST(AutoFactor, QuotesOfASignalEndWithIt) {
  Rig rig(automatic());
  lose_once(rig);
  rig.tick("100.02");
  ASSERT_EQ(rig.quotes.size(), 1U);
  rig.quote(rig.quotes[0].order, "3.71", "2.06");
  ASSERT_EQ(rig.quotes.size(), 2U);
  rig.run_for(std::chrono::seconds(3));
  rig.tick("100.03");
  ASSERT_EQ(rig.quotes.size(), 3U);
  EXPECT_EQ(rig.quotes[2].stake, usd("2.06"));
}

TEST(AutoFactor, ASignalWithoutAQuoteComesToNothingAndTheStepStays) {
  Rig rig(automatic());
  lose_once(rig);
  rig.tick("100.02");
  rig.run_for(std::chrono::seconds(3));
  EXPECT_TRUE(rig.told(core::EventKind::kSignalDropped));
  EXPECT_EQ(rig.view("a").next_stake, usd("2.06"));
  rig.tick("100.03");
  ASSERT_EQ(rig.quotes.size(), 2U);
}

TEST(AutoFactor, TheGateLooksAtTheStakeThatTheQuoteAsksFor) {
  auto settings = automatic();
  settings.limits.max_stake = usd("2.10");
  Rig rig(settings);
  lose_once(rig);
  rig.tick("100.02");
  ASSERT_EQ(rig.quotes.size(), 1U);
  rig.quote(rig.quotes[0].order, "3.71", "2.06");
  // 2.25 fits nowhere: the plan begins anew, and its base needs no quote.
  const auto buy = rig.buy();
  EXPECT_EQ(buy.stake, usd("1.00"));
  EXPECT_TRUE(buy.quote_id.empty()) << "that quote was of another stake";
  EXPECT_EQ(rig.quotes.size(), 1U);
}

TEST(AutoFactor, ARestartKeepsTheLossesToWinBack) {
  Rig rig(automatic());
  lose_once(rig);
  rig.restart();
  EXPECT_EQ(rig.view("a").next_stake, usd("2.06"));
  rig.live("9999.00");
  rig.tick("100.02");
  ASSERT_EQ(rig.quotes.size(), 1U);
  EXPECT_EQ(rig.quotes[0].stake, usd("2.06"));
}

TEST(AutoFactor, TheRatioThatIsAskedForIsThatOfTheStakeThatIsBought) {
  auto settings = automatic();
  settings.strategies[0].guards.min_payout_ratio = core::Decimal{90, 2};
  Rig rig(settings);
  rig.now.venue = {1'000};
  rig.restore();
  rig.live();
  rig.tick("100.01");
  ASSERT_EQ(rig.quotes.size(), 1U);
  rig.quote(rig.quotes[0].order, "1.95", "1.00");
  rig.bought(rig.buy().order, 1, "1.95");
  rig.settle(1, "0.00");
  rig.tick("100.02");
  ASSERT_EQ(rig.quotes.size(), 2U);
  rig.quote(rig.quotes[1].order, "3.91", "2.06");  // 0.898
  ASSERT_EQ(rig.quotes.size(), 3U);
  EXPECT_EQ(rig.quotes[2].stake, usd("2.12"));
  rig.quote(rig.quotes[2].order, "4.02", "2.12");  // 0.896
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.engine->decisions("a", 1).at(0).denied->limit, risk::Limit::kMinPayoutRatio);
}

}  // namespace
}  // namespace derivd::engine::test
