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

TEST(Hook, OnlyRealTradesAreTradesAndMoneyMovesWithThemAlone) {
  Rig rig;
  auto s = strategy("a", "even_odd", 1);
  s.staking.plan = "martingale";
  s.hook = engine::VirtualHook{2, 1, false};
  rig.options.settings.strategies = {s};
  // All even: virtual from 1000 and 1001, both lost by 1002, which buys; virtual from 1003 on.
  rig.ticks(1'000, {10'002, 10'002, 10'002, 10'002, 10'002, 10'002, 10'002});
  const auto result = rig.run_all();
  ASSERT_EQ(rig.trades.size(), 2U);
  EXPECT_EQ(rig.trades[0].signal_epoch, core::VenueTime{1'002});
  EXPECT_EQ(rig.trades[1].signal_epoch, core::VenueTime{1'005});
  EXPECT_EQ(stakes_of(rig, 0), (std::vector<std::string>{"1.00", "2.00"}));
  EXPECT_EQ(result.balance, usd("9997.00"));
}

TEST(Hook, AContractOfATimeEndsByTheClockOfTheTicks) {
  Rig rig;
  auto s = strategy("a", "rise_fall", 1);
  s.contract.duration = {16, market::ContractDuration::Unit::kSeconds};
  s.hook = engine::VirtualHook{1, 1, false};
  rig.options.settings.strategies = {s};
  // A rise at 1001 is followed; the quote at its end, 1017, is lower than the entry at 1002: lost.
  // Falls raise a signal at every other tick, that one included.
  rig.ticks(1'000, {10'000, 10'001, 10'005, 10'004});
  for (int i = 4; i < 40; ++i) rig.ticks(1'000 + i, {10'004 - i});
  rig.run_all();
  ASSERT_FALSE(rig.trades.empty());
  EXPECT_EQ(rig.trades[0].signal_epoch, core::VenueTime{1'017});
}

TEST(Alternate, TheSideChangesAfterEachLoss) {
  Rig rig;
  auto s = strategy("a", "even_odd", 1);
  s.contract.alternate = 1;
  rig.options.settings.strategies = {s};
  rig.ticks(1'000, {10'002, 10'002, 10'002, 10'003, 10'002});
  rig.run_all();
  std::vector<std::string_view> types;
  for (const auto& t : rig.trades) types.push_back(market::name_of(t.type));
  // ODD loses, so an even digit buys EVEN, which wins; then EVEN, which loses; then an odd digit
  // buys EVEN as ever, which wins.
  EXPECT_EQ(types,
            (std::vector<std::string_view>{"DIGITODD", "DIGITEVEN", "DIGITEVEN", "DIGITEVEN"}));
}

}  // namespace
}  // namespace derivd::backtest::test
