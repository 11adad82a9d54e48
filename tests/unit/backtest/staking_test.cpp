// Stake plans that look at more than results, in a back-test.
#include "rig.hpp"

namespace derivd::backtest::test {
namespace {

std::vector<std::string> stakes_of(const Rig& rig, std::uint32_t strategy) {
  std::vector<std::string> out;
  for (const auto& t : rig.trades) {
    if (t.strategy == strategy) out.push_back(t.stake.to_string());
  }
  return out;
}

TEST(PercentOfBalance, IsOfTheBalanceAndTheProfitOfAllStrategies) {
  Rig rig;
  for (const auto* name : {"a", "b"}) {
    auto s = strategy(name, "even_odd", 1);
    s.staking.plan = "percent_of_balance";
    s.staking.percent = {10, 0};
    s.staking.base = usd("0.35");
    rig.options.settings.strategies.push_back(s);
  }
  rig.options.settings.strategies[1].staking.max_stake = usd("9.00");
  rig.options.balance = usd("100.00");
  // Each buys the opposite of the digit just seen: won, lost, won.
  rig.ticks(1'000, {10'002, 10'003, 10'003, 10'004});
  rig.run_all();
  // 100; both won: + 9.50 + 8.55; both lost: − 11.81 − 9.00.
  EXPECT_EQ(stakes_of(rig, 0), (std::vector<std::string>{"10.00", "11.81", "9.72"}));
  EXPECT_EQ(stakes_of(rig, 1), (std::vector<std::string>{"9.00", "9.00", "9.00"}));
}

TEST(AutoFactor, WinsEverythingBackByThePayoutOfTheTable) {
  Rig rig;
  auto s = strategy("a", "even_odd", 1);
  s.staking.plan = "martingale";
  s.staking.auto_factor = true;
  rig.options.settings.strategies = {s};
  // Against runs: four losses, then a win.
  rig.ticks(1'000, {10'001, 10'001, 10'001, 10'001, 10'001, 10'002, 10'001});
  rig.run_all();
  EXPECT_EQ(stakes_of(rig, 0),
            (std::vector<std::string>{"1.00", "2.06", "4.23", "8.68", "17.82", "1.00"}));
  // The win brings what a won base brings, up to the cent that a payout is rounded by.
  const auto after_win = -usd("15.97") + rig.trades[4].profit;
  EXPECT_GE(after_win, usd("0.94"));
  EXPECT_LE(after_win, usd("0.96"));
}

}  // namespace
}  // namespace derivd::backtest::test
