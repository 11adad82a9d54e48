#include "report/analysis.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "core/rng.hpp"

namespace derivd::report {
namespace {

using market::ContractType;
using testing::ElementsAre;

constexpr std::int64_t kT0 = 1'782'086'400;  // midnight UTC

Trade trade(std::int64_t n, std::int64_t stake, std::int64_t payout, bool won,
            ContractType type = ContractType::kDigitOdd) {
  Trade t;
  t.id = n;
  t.strategy = "s";
  t.symbol = "R_100";
  t.type = type;
  t.bought = {kT0 + 60 * n};
  t.settled = {kT0 + 60 * n + 2};
  t.asked = t.stake = core::Money::minor(stake);
  t.payout = core::Money::minor(payout);
  t.profit = core::Money::minor(won ? payout - stake : -stake);
  t.ending = won ? Ending::kWon : Ending::kLost;
  return t;
}

std::vector<Trade> walk(std::string_view results, std::int64_t stake = 100) {
  std::vector<Trade> out;
  for (const char c : results) {
    const auto n = static_cast<std::int64_t>(out.size()) + 1;
    out.push_back(trade(n, stake, stake * 195 / 100, c == 'w'));
    if (c != '=') continue;
    out.back().profit = core::Money{};
    out.back().ending = Ending::kBreakEven;
  }
  return out;
}

TEST(Sums, OfAShortSeries) {
  const auto a = analyse(walk("wwlll=lwl"));
  const auto& t = a.total;
  EXPECT_EQ(t.settled, 9);
  EXPECT_EQ(t.won, 3);
  EXPECT_EQ(t.lost, 5);
  EXPECT_EQ(t.even, 1);
  EXPECT_EQ(t.profit, 3 * 95 - 500);
  EXPECT_EQ(t.stakes, 900);
  EXPECT_EQ(t.gross_profit, 285);
  EXPECT_EQ(t.gross_loss, 500);
  EXPECT_EQ(t.max_drawdown, 405);  // 190 → −210 → −115 → −215
  EXPECT_EQ(t.longest_losing, 4) << "a break-even neither adds nor ends";
  EXPECT_EQ(t.longest_winning, 2);
  EXPECT_NEAR(*t.frequency(), 3.0 / 8, 1e-12);
  EXPECT_EQ(t.win_rate.low, wilson(3, 8).low);
  std::vector<std::int64_t> equity;
  for (const auto& p : a.equity) equity.push_back(p.y);
  EXPECT_THAT(equity, ElementsAre(0, 95, 190, 90, -10, -110, -110, -210, -115, -215));
  EXPECT_EQ(a.drawdown.back(), (Point{9, -405}));
  ASSERT_EQ(a.losing.size(), 4u);
  EXPECT_EQ(a.losing[0].seen, 1);
  EXPECT_EQ(a.losing[3].seen, 1);
  EXPECT_NEAR(a.losing[0].expected, expected_runs(8, 5.0 / 8, 1), 1e-12);
}

TEST(Sums, CountWhatIsNotSettledApart) {
  auto trades = walk("wl");
  trades[0].strategy = "other";
  trades[1].symbol = "R_50";
  trades[1].mismatch = true;
  for (const auto ending : {Ending::kOpen, Ending::kUnknown, Ending::kRefused}) {
    auto t = trade(9, 100, 195, true);
    t.profit.reset();
    t.settled = {};
    t.ending = ending;
    t.reason = "InsufficientBalance";
    trades.push_back(t);
  }
  const auto a = analyse(trades);
  EXPECT_EQ(a.total.settled, 2);
  EXPECT_EQ(a.total.open, 1);
  EXPECT_EQ(a.total.unknown, 1);
  EXPECT_EQ(a.total.refused, 1);
  EXPECT_EQ(a.total.mismatches, 1);
  EXPECT_EQ(a.strategies.at("other").profit, 95);
  EXPECT_EQ(a.strategies.at("s").profit, -100);
  EXPECT_EQ(a.symbols.at("R_50").settled, 1);
  EXPECT_EQ(a.refusals.at("InsufficientBalance"), 1);
  EXPECT_EQ(analyse({}).total.settled, 0);
}

TEST(Expectations, AreTheSumOfWhatEachContractWasWorth) {
  // 400 trades of 1.00 to win 1.95 at one half: −0.025 each, variance 1.95² / 4.
  std::vector<Trade> trades;
  for (int i = 0; i < 400; ++i) trades.push_back(trade(i, 100, 195, i % 2 == 0));
  auto a = analyse(trades);
  EXPECT_EQ(a.expectation.trades, 400);
  EXPECT_NEAR(a.expectation.expected, -1000, 1e-9);
  EXPECT_NEAR(a.expectation.actual, -1000, 1e-9);
  EXPECT_NEAR(a.expectation.standard_error, std::sqrt(400 * 195.0 * 195 / 4), 1e-9);
  EXPECT_NEAR(a.expectation.z(), 0, 1e-12);
  trades.push_back(trade(400, 100, 8900, true, ContractType::kDigitMatch));
  a = analyse(trades);
  EXPECT_NEAR(a.expectation.expected, -1000 + 0.1 * 8900 - 100, 1e-9);
  trades.back().ending = Ending::kSold;
  a = analyse(trades);
  EXPECT_EQ(a.expectation.left_out, 1);
  EXPECT_NEAR(a.expectation.expected, -1000, 1e-9);
}

// If results are as fair as they are said to be, z is a standard normal: over many seeded accounts
// with a martingale, whose stakes depend on the results before.
TEST(Expectations, AreHonestAboutLuck) {
  core::Rng rng(5);
  double sum = 0;
  double squares = 0;
  constexpr int kAccounts = 400;
  for (int account = 0; account < kAccounts; ++account) {
    std::vector<Trade> trades;
    std::int64_t stake = 35;
    for (int i = 0; i < 500; ++i) {
      const bool won = rng.uniform() < 0.5;
      trades.push_back(trade(i, stake, stake * 195 / 100, won));
      stake = won || stake > 500 ? 35 : stake * 2;
    }
    const double z = analyse(std::move(trades)).expectation.z();
    sum += z;
    squares += z * z;
  }
  EXPECT_NEAR(sum / kAccounts, 0, 4 / std::sqrt(kAccounts));
  EXPECT_NEAR(squares / kAccounts, 1, 0.25);
}

TEST(Probabilities, OfEachKind) {
  auto t = trade(1, 100, 195, true);
  const auto p = [&](ContractType type, std::int8_t digit = -1) {
    t.type = type;
    t.prediction = digit;
    return fair_probability(t);
  };
  EXPECT_EQ(p(ContractType::kCall), 0.5);
  EXPECT_EQ(p(ContractType::kDigitDiff, 3), 0.9);
  EXPECT_EQ(p(ContractType::kDigitOver, 4), 0.5);
  EXPECT_EQ(p(ContractType::kDigitUnder, 2), 0.2);
  EXPECT_NEAR(*p(ContractType::kHigher), 100.0 / 195 - 0.012, 1e-12);
  EXPECT_NEAR(*p(ContractType::kDigitOver), 100.0 / 195 - 0.012, 1e-12);
  EXPECT_FALSE(p(ContractType::kMultUp));
  t.payout.reset();
  EXPECT_FALSE(p(ContractType::kHigher));
}

TEST(Payouts, AreGroupedByKindAndRatio) {
  std::vector<Trade> trades{trade(1, 35, 68, true), trade(2, 100, 195, false),
                            trade(3, 100, 300, true),
                            trade(4, 100, 109, true, ContractType::kDigitDiff)};
  const auto a = analyse(trades);
  ASSERT_EQ(a.payouts.size(), 3u);
  EXPECT_EQ(a.payouts[0].trades, 2);
  EXPECT_EQ(a.payouts[0].won, 1);
  EXPECT_NEAR(a.payouts[0].break_even, (35.0 / 68 + 100.0 / 195) / 2, 1e-12);
  EXPECT_NEAR(a.payouts[1].ratio, 3, 1e-12);
  EXPECT_EQ(a.payouts[2].type, ContractType::kDigitDiff);
}

TEST(Results, FallIntoBarsThatHoldThemAll) {
  core::Rng rng(9);
  for (int round = 0; round < 50; ++round) {
    std::vector<Trade> trades;
    const auto n = 1 + static_cast<int>(rng.below(60));
    for (int i = 0; i < n; ++i) {
      trades.push_back(trade(i, 1 + static_cast<std::int64_t>(rng.below(100'000)),
                             static_cast<std::int64_t>(rng.below(300'000)), rng.below(2) == 0));
    }
    const auto a = analyse(trades);
    ASSERT_LE(a.results.size(), kResultBars + 1);
    std::int64_t sum = 0;
    for (const auto& bar : a.results) {
      std::int64_t here = 0;
      for (const auto& t : trades) {
        here += t.profit->units() >= bar.from && t.profit->units() < bar.to ? 1 : 0;
      }
      ASSERT_EQ(bar.count, here) << bar.from << " " << bar.to;
      sum += bar.count;
    }
    ASSERT_EQ(sum, n);
  }
}

TEST(Hours, AreThoseOfThePurchaseInUtc) {
  auto trades = walk("wl");
  trades[0].bought = {kT0 + 3600 * 5};
  trades[1].bought = {kT0 - 1};
  const auto a = analyse(trades);
  EXPECT_EQ(a.hours[5].profit, 95);
  EXPECT_EQ(a.hours[5].won, 1);
  EXPECT_EQ(a.hours[23].lost, 1);
}

TEST(Execution, LatencyAndSlippage) {
  auto trades = walk("wlwl");
  trades[0].latency_us = 1'500;
  trades[1].latency_us = 3'000;
  trades[2].latency_us = 90'000;
  trades[3].asked = core::Money::minor(105);
  const auto a = analyse(trades);
  EXPECT_EQ(a.latency.count, 3);
  EXPECT_EQ(a.latency.p50, 3'000);
  EXPECT_EQ(a.latency.max, 90'000);
  std::int64_t sum = 0;
  for (const auto& bar : a.latency.bars) sum += bar.count;
  EXPECT_EQ(sum, 3);
  EXPECT_EQ(a.latency.bars.front().from, 1'000);
  EXPECT_GT(a.latency.bars.back().to, 90'000);
  EXPECT_EQ(a.slippage.same, 3);
  EXPECT_EQ(a.slippage.cheaper, 1);
  EXPECT_EQ(a.slippage.sum, -5);
}

TEST(Order, OfSettlementDecidesNotThatOfThePurchase) {
  auto trades = walk("lw");
  trades[0].settled = trades[1].settled + std::chrono::seconds(10);
  const auto a = analyse(trades);
  EXPECT_EQ(a.equity[1].y, 95);
  EXPECT_EQ(a.total.max_drawdown, 100);
}

}  // namespace
}  // namespace derivd::report
