// What people are told is left is what the gate admits: a stake of exactly that fits, a cent more
// does not.
#include "risk/left.hpp"

#include <gtest/gtest.h>

namespace derivd::risk {
namespace {

core::Money usd(std::int64_t cents) { return core::Money::minor(cents); }

Standing standing() {
  Standing s;
  s.ready = true;
  s.account_open = 2;
  s.day_trades = 7;
  s.account_open_stake = usd(150);
  s.day_profit = usd(-400);
  s.balance = usd(1'000'00);
  s.session = {usd(120), usd(300)};
  s.session_open = usd(50);
  return s;
}

TEST(Left, NoLimitsNothingToTell) { EXPECT_EQ(left_of({}, standing()), AccountLeft{}); }

TEST(Left, EverythingOpenCountsAsLost) {
  AccountLimits limits;
  limits.max_open_contracts = 3;
  limits.max_open_stake = usd(500);
  limits.daily_loss = usd(2000);
  limits.daily_profit = usd(5000);
  limits.max_trades_per_day = 10;
  limits.min_balance = usd(900'00);
  const auto left = left_of(limits, standing());
  EXPECT_EQ(left.open_contracts, 1);
  EXPECT_EQ(left.trades_per_day, 3);
  EXPECT_EQ(left.open_stake, usd(350));
  EXPECT_EQ(left.daily_loss, usd(2000 - 400 - 150));
  EXPECT_EQ(left.daily_profit, usd(5400));
  EXPECT_EQ(left.min_balance, usd(100'00 - 150));
}

TEST(Left, NeverBelowNothing) {
  AccountLimits limits;
  limits.max_open_contracts = 1;
  limits.max_open_stake = usd(100);
  limits.daily_loss = usd(100);
  limits.min_balance = usd(2'000'00);
  const auto left = left_of(limits, standing());
  EXPECT_EQ(left.open_contracts, 0);
  EXPECT_EQ(left.open_stake, usd(0));
  EXPECT_EQ(left.daily_loss, usd(0));
  EXPECT_EQ(left.min_balance, usd(0));
}

TEST(Left, AProfitOfTheDayLendsNothing) {
  AccountLimits limits;
  limits.daily_loss = usd(1000);
  auto s = standing();
  s.day_profit = usd(777);
  EXPECT_EQ(left_of(limits, s).daily_loss, usd(850));
}

TEST(Left, IsExactlyWhatTheGateAdmits) {
  struct Case {
    AccountLimits account;
    SessionLimits session;
  };
  std::vector<Case> cases(4);
  cases[0].account.max_open_stake = usd(500);
  cases[1].account.daily_loss = usd(900);
  cases[2].account.min_balance = usd(990'00);
  cases[3].session.stop_loss = usd(400);
  cases[3].session.trailing = true;
  for (const auto& c : cases) {
    const auto s = standing();
    const auto account = left_of(c.account, s);
    auto left = session_left(c.session, s.session, s.session_open);
    for (const auto& other : {account.open_stake, account.daily_loss, account.min_balance}) {
      if (other) left = other;
    }
    ASSERT_TRUE(left);
    EXPECT_EQ(check_money(*left, s, c.session, c.account, false), std::nullopt);
    EXPECT_TRUE(check_money(*left + usd(1), s, c.session, c.account, false));
  }
}

TEST(Left, WithoutABalanceThereIsNoneAboveTheFloor) {
  AccountLimits limits;
  limits.min_balance = usd(1);
  auto s = standing();
  s.balance.reset();
  EXPECT_EQ(left_of(limits, s).min_balance, usd(0));
}

TEST(Left, ToTheTakeProfit) {
  SessionLimits limits;
  EXPECT_EQ(target_left(limits, {usd(120), usd(300)}), std::nullopt);
  limits.take_profit = usd(500);
  EXPECT_EQ(target_left(limits, {usd(120), usd(300)}), usd(380)) << "the peak does not count";
  EXPECT_EQ(target_left(limits, {usd(-120), usd(300)}), usd(620));
  EXPECT_EQ(target_left(limits, {usd(520), usd(520)}), usd(0));
}

}  // namespace
}  // namespace derivd::risk
