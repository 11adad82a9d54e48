// Deal cancellation in a back-test: the fee is a part of the price, what is cancelled brings the
// stake back, and a rule of `exit:` takes what pays more. Amounts by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/backtest/rig.hpp"

namespace derivd::backtest::test {
namespace {

using testing::HasSubstr;

/// Buys MULTUP x100 of 1HZ100V for 1.00 at the first tick; five minutes cost 0.1243, which is 0.12.
Rig deal(const risk::ExitRules& rules, const std::vector<std::int64_t>& quotes) {
  auto s = strategy("a", "random", 1);
  s.params = {{"probability", 1'000'000}, {"seed", 1}, {"contract", 0}};
  s.contract.types = {market::ContractType::kMultUp};
  s.contract.multiplier = 100;
  s.contract.cancellation = market::ContractDuration::parse("5m").value();
  s.exit = rules;
  Rig rig;
  rig.options.settings.strategies = {s};
  rig.ticks(1000, quotes);
  return rig;
}

risk::ExitRules loss(std::string_view amount) {
  risk::ExitRules rules;
  rules.loss = risk::ExitLevel{usd(amount), {}};
  return rules;
}

std::string row_of(const Rig& rig) {
  const Tape tape{"1HZ100V", nullptr};
  ResultJson json(rig.options, {&tape, 1});
  std::string text;
  json.trade(text, rig.trades.at(0));
  return text;
}

// 682.00 less 0.964 per cent is 675.43.
TEST(BacktestDeal, IsCancelledWhereItWouldBeStoppedOut) {
  auto rig = deal({}, {68'200, 68'200, 67'544, 67'543});
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1U);
  const auto& t = rig.trades[0];
  EXPECT_EQ(t.end, market::End::kCancelled);
  EXPECT_EQ(t.stake, usd("1.12"));
  EXPECT_EQ(t.fee, usd("0.12"));
  EXPECT_EQ(t.profit, usd("-0.12"));
  EXPECT_EQ(t.exit_epoch.s, 1003);
  EXPECT_THAT(row_of(rig), HasSubstr(R"("end":"cancelled","fee":"0.12","sell_epoch":1003)"));
}

TEST(BacktestDeal, IsStoppedOutOnceItsTimeIsOver) {
  std::vector<std::int64_t> quotes(302, 68'200);
  quotes[301] = 67'543;  // 1301, the second after the end
  auto rig = deal({}, quotes);
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1U);
  EXPECT_EQ(rig.trades[0].end, market::End::kStopOut);
  EXPECT_EQ(rig.trades[0].profit, usd("-1.12")) << "the stake and the fee";
  quotes.pop_back();
  quotes.back() = 67'543;  // 1300
  auto in_time = deal({}, quotes);
  in_time.run_all();
  ASSERT_EQ(in_time.trades.size(), 1U);
  EXPECT_EQ(in_time.trades[0].end, market::End::kCancelled);
}

// At 680.00 it is worth 1.00 - 0.2933 - 0.036 = 0.67, less than the stake that comes back.
TEST(BacktestDeal, ARuleCancelsBelowTheStake) {
  auto rig = deal(loss("0.40"), {68'200, 68'200, 68'100, 68'000, 68'000});
  rig.run_all();
  ASSERT_GE(rig.trades.size(), 1U);
  const auto& t = rig.trades[0];
  EXPECT_EQ(t.end, market::End::kCancelled);
  EXPECT_EQ(t.sell_epoch->s, 1003);
  EXPECT_EQ(t.profit, usd("-0.12"));
}

// At 684.00 it is worth 1.00 + 0.2933 - 0.036 = 1.26.
TEST(BacktestDeal, ARuleSellsAboveTheStake) {
  risk::ExitRules rules;
  rules.profit = risk::ExitLevel{usd("0.10"), {}};
  auto rig = deal(rules, {68'200, 68'200, 68'400, 68'400});
  rig.run_all();
  ASSERT_GE(rig.trades.size(), 1U);
  EXPECT_EQ(rig.trades[0].end, market::End::kSold);
  EXPECT_EQ(rig.trades[0].profit, usd("0.14"));
}

TEST(BacktestDeal, ARuleSellsBelowTheStakeOnceItsTimeIsOver) {
  std::vector<std::int64_t> quotes(303, 68'200);
  quotes[301] = quotes[302] = 68'000;
  auto rig = deal(loss("0.40"), quotes);
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1U);
  EXPECT_EQ(rig.trades[0].end, market::End::kSold);
  EXPECT_EQ(rig.trades[0].profit, usd("-0.45"));
}

TEST(BacktestDeal, LimitsLookAtStakeAndFee) {
  for (const auto* most : {"1.11", "1.12"}) {
    auto rig = deal({}, {68'200, 68'200, 67'543});
    rig.options.settings.limits.max_stake = usd(most);
    rig.run_all();
    EXPECT_EQ(rig.trades.size(), std::string_view(most) == "1.12" ? 1U : 0U) << most;
  }
}

}  // namespace
}  // namespace derivd::backtest::test
