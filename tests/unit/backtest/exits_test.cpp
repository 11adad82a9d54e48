// Early exits in a back-test, against values that are reckoned here by hand: the sale is at the
// tick at which a rule holds, at the price at which Deriv buys such a contract back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "backtest/bet.hpp"
#include "core/rng.hpp"
#include "unit/backtest/rig.hpp"

namespace derivd::backtest::test {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kBegin = 1000;
constexpr double kPayout = 1.95;

risk::ExitLevel amount(std::string_view text) { return {usd(text), {}}; }

/// Buys a CALL of five minutes for 1.00 at the first tick, and again once it has its result.
engine::StrategySettings leaving(const risk::ExitRules& rules) {
  auto s = strategy("a", "random", 1);
  s.params = {{"probability", 1'000'000}, {"seed", 1}, {"contract", 0}};
  s.contract.types = {market::ContractType::kCall};
  s.contract.duration = market::ContractDuration::parse("5m").value();
  s.exit = rules;
  return s;
}

/// In cents: Black and Scholes without interest, the volatility 100 % a year, 1.2 % of the payout
/// kept.
std::int64_t call_bid(double spot, double strike, double seconds) {
  const double deviation = std::sqrt(seconds / (365.0 * 86'400.0));
  const double d = (std::log(spot / strike) - deviation * deviation / 2) / deviation;
  const double probability = 0.5 * std::erfc(-d / std::numbers::sqrt2);
  return static_cast<std::int64_t>(std::floor(100 * kPayout * (probability - 0.012) + 0.5));
}

struct Sale {
  std::int64_t epoch = 0;
  std::int64_t bid = 0;
};

/// Bought at the tick with number `at`; nothing: it ran to its end, or the ticks did.
std::optional<Sale> by_hand(const std::vector<std::int64_t>& quotes, std::size_t at,
                            const risk::ExitRules& rules) {
  const auto entry = at + 1;
  std::int64_t best = 0;
  for (auto i = entry; i < quotes.size() && i < at + 300; ++i) {
    const auto left = 300.0 - static_cast<double>(i - at);
    const auto bid =
        call_bid(static_cast<double>(quotes[i]), static_cast<double>(quotes[entry]), left);
    best = std::max(best, bid);
    const bool sells = (rules.profit && bid - 100 >= rules.profit->amount->units()) ||
                       (rules.loss && 100 - bid >= rules.loss->amount->units()) ||
                       (rules.trailing && best - bid >= rules.trailing->amount->units()) ||
                       (rules.after && rules.after->ticks > 0 &&
                        static_cast<std::int64_t>(i - entry) >= rules.after->ticks) ||
                       (rules.after && rules.after->ticks == 0 &&
                        static_cast<std::int64_t>(i - entry) >= rules.after->time.count());
    if (sells) return Sale{kBegin + static_cast<std::int64_t>(i), bid};
  }
  return std::nullopt;
}

std::vector<std::int64_t> walk(std::uint64_t seed, std::size_t count) {
  core::Rng rng(seed);
  std::vector<std::int64_t> out{68'200};
  while (out.size() < count) {
    out.push_back(out.back() + static_cast<std::int64_t>(rng.below(25)) - 12);
  }
  return out;
}

Rig rig_of(const risk::ExitRules& rules, const std::vector<std::int64_t>& quotes) {
  Rig rig;
  rig.options.settings.strategies = {leaving(rules)};
  rig.ticks(kBegin, quotes);
  return rig;
}

TEST(BacktestExit, SellsAtTheTickAtWhichItsRuleHolds) {
  risk::ExitRules rules;
  rules.profit = amount("0.20");
  // Flat, and then up: the entry is 1001 at 682.00; half a per mille of it is worth 0.25 soon.
  std::vector<std::int64_t> quotes(10, 68'200);
  for (int i = 1; i <= 40; ++i) quotes.push_back(68'200 + 10 * i);
  const auto sale = by_hand(quotes, 0, rules);
  ASSERT_TRUE(sale);
  auto rig = rig_of(rules, quotes);
  rig.run_all();
  ASSERT_GE(rig.trades.size(), 1U);
  const auto& t = rig.trades[0];
  EXPECT_EQ(t.end, market::End::kSold);
  ASSERT_TRUE(t.sell_epoch);
  EXPECT_EQ(t.sell_epoch->s, sale->epoch);
  EXPECT_EQ(t.exit_epoch.s, sale->epoch);
  EXPECT_EQ(t.settled_epoch.s, sale->epoch);
  EXPECT_EQ(t.profit.units(), sale->bid - 100);
  EXPECT_GE(t.profit, usd("0.20"));
  ASSERT_GE(rig.trades.size(), 2U) << "what is sold at a tick makes room at that tick";
  EXPECT_EQ(rig.trades[1].signal_epoch.s, sale->epoch);
}

TEST(BacktestExit, TicksAreCountedFromTheEntry) {
  risk::ExitRules rules;
  rules.after = risk::ExitAfter{20, {}};
  auto rig = rig_of(rules, std::vector<std::int64_t>(60, 68'200));
  rig.run_all();
  ASSERT_GE(rig.trades.size(), 2U);
  EXPECT_EQ(rig.trades[0].entry_epoch.s, kBegin + 1);
  EXPECT_EQ(rig.trades[0].sell_epoch->s, kBegin + 21);
  EXPECT_EQ(rig.trades[1].entry_epoch.s, kBegin + 22);
  EXPECT_EQ(rig.trades[1].sell_epoch->s, kBegin + 42);
}

TEST(BacktestExit, AnEndBeforeAnyRuleIsAsEver) {
  risk::ExitRules rules;
  rules.after = risk::ExitAfter{0, std::chrono::seconds(300)};
  auto rig = rig_of(rules, std::vector<std::int64_t>(310, 68'200));
  rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1U);
  EXPECT_EQ(rig.trades[0].end, market::End::kLost);
  EXPECT_FALSE(rig.trades[0].sell_epoch);
  EXPECT_EQ(rig.trades[0].settled_epoch.s, kBegin + 300);
}

// Random walks and random rules: each trade is the one that is reckoned by hand, one after the
// other.
TEST(BacktestExit, AgreesWithAReckoningByHand) {
  core::Rng rng(11);
  std::size_t sold = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    risk::ExitRules rules;
    const auto cents = [&](std::uint64_t most) {
      return risk::ExitLevel{core::Money::minor(8 + static_cast<std::int64_t>(rng.below(most))),
                             {}};
    };
    if (rng.below(2) == 0) rules.profit = cents(60);
    if (rng.below(2) == 0) rules.loss = cents(80);
    if (rng.below(3) == 0) rules.trailing = cents(60);
    if (rng.below(3) == 0) {
      rules.after = risk::ExitAfter{1 + static_cast<std::int64_t>(rng.below(250)), {}};
    } else if (rng.below(3) == 0) {
      rules.after =
          risk::ExitAfter{0, std::chrono::seconds(1 + static_cast<std::int64_t>(rng.below(250)))};
    }
    const auto quotes = walk(seed, 1500);
    auto rig = rig_of(rules, quotes);
    rig.run_all();
    ASSERT_FALSE(rig.trades.empty());
    for (const auto& t : rig.trades) {
      const auto at = static_cast<std::size_t>(t.signal_epoch.s - kBegin);
      const auto sale = by_hand(quotes, at, rules);
      ASSERT_EQ(sale.has_value(), t.sell_epoch.has_value()) << seed << " at " << at;
      if (!sale) continue;
      ++sold;
      ASSERT_EQ(t.sell_epoch->s, sale->epoch) << seed << " at " << at;
      ASSERT_EQ(t.profit.units(), sale->bid - 100) << seed << " at " << at;
    }
  }
  EXPECT_GT(sold, 100U);
}

TEST(BacktestExit, AMultiplierIsSoldAtItsValue) {
  Rig rig;
  rig.options.payouts = Payouts{};
  risk::ExitRules rules;
  rules.loss = risk::ExitLevel{{}, core::Decimal{10, 0}};
  auto s = leaving(rules);
  s.contract.types = {market::ContractType::kMultUp};
  s.contract.multiplier = 100;
  s.staking.base = usd("10.00");
  rig.options.settings.strategies = {s};
  // A fall of 0.1 per cent of 682.00 is 10 per cent of the stake, to which the commission comes.
  rig.ticks(kBegin, {68'200, 68'200, 68'190, 68'180, 68'132, 68'100, 68'100});
  rig.run_all();
  ASSERT_GE(rig.trades.size(), 1U);
  EXPECT_EQ(rig.trades[0].end, market::End::kSold);
  EXPECT_EQ(rig.trades[0].sell_epoch->s, kBegin + 4);
  EXPECT_LE(rig.trades[0].profit, usd("-0.99"));
  EXPECT_GE(rig.trades[0].profit, usd("-1.50"));
}

TEST(BacktestExit, AnAccumulatorIsSoldForWhatItHasGrownTo) {
  Rig rig;
  rig.options.payouts = Payouts{};
  risk::ExitRules rules;
  rules.profit = amount("0.10");
  auto s = leaving(rules);
  s.contract.types = {market::contract_type_from("ACCU").value()};
  s.contract.growth = core::Decimal{5, 2};
  rig.options.settings.strategies = {s};
  // 1.05 at the first tick after its entry, 1.1025 at the second.
  rig.ticks(kBegin, {68'200, 68'200, 68'200, 68'200, 68'200});
  rig.run_all();
  ASSERT_GE(rig.trades.size(), 1U);
  EXPECT_EQ(rig.trades[0].sell_epoch->s, kBegin + 3);
  EXPECT_EQ(rig.trades[0].profit, usd("0.10"));
}

TEST(BacktestExit, RowsSayWhenItWasSoldAndThatBidsAreAModels) {
  risk::ExitRules rules;
  rules.after = risk::ExitAfter{5, {}};
  auto rig = rig_of(rules, std::vector<std::int64_t>(12, 68'200));
  const auto result = rig.run_all();
  ASSERT_EQ(rig.trades.size(), 1U);
  const Tape tape{"1HZ100V", nullptr};
  ResultJson json(rig.options, {&tape, 1});
  std::string text;
  json.trade(text, rig.trades[0]);
  EXPECT_THAT(text, HasSubstr(R"("settled_epoch":1006,"end":"sold","sell_epoch":1006,"barrier":)"
                              R"("682.00"})"));
  text.clear();
  json.end(text, result);
  EXPECT_THAT(text, HasSubstr(R"("bids":"model")"));
  // Without rules nothing is said of them, as ever.
  rig.options.settings.strategies[0].exit = {};
  ResultJson plain(rig.options, {&tape, 1});
  text.clear();
  plain.end(text, result);
  EXPECT_THAT(text, testing::Not(HasSubstr("bids")));
}

TEST(BacktestExit, WhatHasNoValueIsRefusedByName) {
  risk::ExitRules rules;
  rules.profit = amount("0.20");
  auto rig = rig_of(rules, {});
  auto& s = rig.options.settings.strategies[0];
  s.symbol = "BOOM500";
  rig.symbols.clear();
  rig.rows.clear();
  rig.ticks(kBegin, {5'000'000, 5'000'001}, "BOOM500");
  const auto ran = rig.try_run();
  ASSERT_FALSE(ran);
  EXPECT_THAT(ran.error().text, HasSubstr("exit: strategy a may sell CALL on BOOM500 early"));
}

TEST(BacktestExit, OddsAreRefusedByName) {
  risk::ExitRules rules;
  rules.profit = amount("0.20");
  const auto bet = Bet::of(leaving(rules), Payouts{}, {});
  ASSERT_FALSE(bet);
  EXPECT_THAT(bet.error().text, HasSubstr("a: it leaves contracts early (exit)"));
}

}  // namespace
}  // namespace derivd::backtest::test
