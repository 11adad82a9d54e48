#include "backtest/sweep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/rng.hpp"

namespace derivd::backtest {
namespace {

constexpr std::int64_t kStart = 1'782'000'000;

/// A random walk of 1HZ100V. With `edge`, after two last digits of one parity the other comes that
/// often; 0.5 is none.
std::vector<market::TickRow> walk(std::size_t n, std::uint64_t seed, double edge) {
  core::Rng rng(seed);
  std::vector<market::TickRow> rows;
  std::int64_t quote = 68'223;
  int run = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto before = quote % 2;
    auto step = std::llround(12 * rng.normal());
    bool other = rng.uniform() < 0.5;
    if (run >= 2) other = rng.uniform() < edge;
    if ((std::abs(step) % 2 == 1) != other) ++step;
    quote += step;
    run = quote % 2 == before ? run + 1 : 1;
    rows.push_back({{kStart + static_cast<std::int64_t>(i)}, quote});
  }
  return rows;
}

Sweep sweep_of(std::vector<market::TickRow> rows) {
  Sweep s;
  s.keys = {"params.streak"};
  for (std::int64_t streak = 1; streak <= 4; ++streak) {
    engine::StrategySettings one;
    one.name = core::Name("parity");
    one.type = "even_odd";
    one.symbol = market::SymbolCode("1HZ100V");
    one.params = {{"streak", streak}};
    one.staking.base = core::Money::minor(100);
    Variant v;
    v.values = {std::to_string(streak)};
    v.settings.strategies = {one};
    s.variants.push_back(std::move(v));
  }
  s.tapes = {{market::SymbolCode("1HZ100V"), std::move(rows)}};
  s.permutations = 60;
  s.random_runs = 20;
  return s;
}

std::vector<UnitResult> run_all(const Sweep& s) {
  const std::atomic<bool> stop{false};
  std::vector<UnitResult> out;
  for (std::int64_t u = 0; u < units_of(s); ++u) {
    auto r = run_unit(s, u, stop);
    EXPECT_TRUE(r);
    out.push_back(*r);
  }
  return out;
}

TEST(Sweep, LuckOnARandomWalkIsCalledLuck) {
  auto s = sweep_of(walk(3000, 1, 0.5));
  s.walk_forward = 3;
  const auto results = run_all(s);
  const auto q = question_of(s);
  const auto j = judge(q, results);
  EXPECT_EQ(j.verdict, Verdict::kLuck);
  EXPECT_GT(*j.p_value, 0.05);
  EXPECT_GT(*j.p_random, 0.05);
  EXPECT_EQ(j.walk.size(), 3u);
  const auto text = verdict_text(q, results, j);
  EXPECT_THAT(text, testing::Contains(testing::StartsWith("This is luck")));
  EXPECT_THAT(text, testing::Contains(testing::StartsWith("Walk-forward")));
  auto lost = results;
  for (auto& r : lost) r.score.profit = core::Money::minor(-1);
  EXPECT_THAT(verdict_text(q, lost, judge(q, lost)),
              testing::Contains(testing::StartsWith("Even the best wins nothing")));
}

TEST(Sweep, ARealEdgeIsFound) {
  auto s = sweep_of(walk(3000, 1, 0.7));
  s.walk_forward = 3;
  const auto results = run_all(s);
  const auto j = judge(question_of(s), results);
  EXPECT_EQ(j.verdict, Verdict::kUnlikelyLuck);
  EXPECT_LT(*j.p_value, 0.05);
  EXPECT_LT(*j.p_random, 0.05);
  EXPECT_GT(results[1].score.profit.units(), 0);
  EXPECT_GT(j.walk_profit.units(), 0);
}

TEST(Sweep, OfShuffledTicksNothingIsKnown) {
  const auto rows = walk(4000, 3, 0.9);
  const auto other = shuffled(rows, 7);
  ASSERT_EQ(other.size(), rows.size());
  EXPECT_EQ(other.front(), rows.front());
  std::vector<std::int64_t> before, after;
  std::int64_t ups = 0, odd = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].epoch, other[i].epoch);
    const auto change = other[i].mantissa - other[i - 1].mantissa;
    before.push_back(std::abs(rows[i].mantissa - rows[i - 1].mantissa));
    after.push_back(std::abs(change));
    ups += change > 0 ? 1 : 0;
    odd += std::abs(change) % 2;
  }
  // Sizes stay, to a pip.
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_LE(std::abs(before[i] - after[i]), 1);
  // 4000 tosses: 2000 ± 32, those without a change apart.
  EXPECT_NEAR(static_cast<double>(ups), 1935, 4 * 32);
  EXPECT_NEAR(static_cast<double>(odd), 2000, 4 * 32);
  EXPECT_EQ(shuffled(rows, 7), other);
  EXPECT_NE(shuffled(rows, 8), other);
}

TEST(Sweep, RandomEntriesAreAboutAsMany) {
  const auto s = sweep_of(walk(3000, 1, 0.5));
  const std::atomic<bool> stop{false};
  for (std::int64_t u = 0; u < 4; ++u) {
    const auto r = run_unit(s, u, stop);
    ASSERT_EQ(r->random.size(), 20u);
    double sum = 0;
    for (const auto& score : r->random) sum += static_cast<double>(score.trades);
    const auto trades = static_cast<double>(r->score.trades);
    EXPECT_NEAR(sum / 20, trades, 0.15 * trades) << u;
    EXPECT_NE(r->random[0], r->random[1]);
  }
}

TEST(Sweep, AVariantThatCannotRunIsLeftOut) {
  auto s = sweep_of(walk(300, 1, 0.5));
  s.variants[0].problem = "params.streak: too small";
  s.permutations = 2;
  const auto results = run_all(s);
  const auto j = judge(question_of(s), results);
  EXPECT_EQ(j.ranking.size(), 3u);
  EXPECT_EQ(std::count(j.ranking.begin(), j.ranking.end(), 0), 0);
  for (auto& v : s.variants) v.problem = "no";
  EXPECT_EQ(judge(question_of(s), run_all(s)).verdict, Verdict::kNothing);
}

TEST(Sweep, JudgesByWhatWasAsked) {
  const Score few{10, 6, 4, core::Money::minor(1000), core::Money::minor(100), {}, {}};
  const Score many{1000, 510, 490, core::Money::minor(100'000), core::Money::minor(200), {}, {}};
  EXPECT_LT(value_of(few, Measure::kProfit), value_of(many, Measure::kProfit));
  EXPECT_GT(value_of(few, Measure::kPerTrade), value_of(many, Measure::kPerTrade));
  EXPECT_DOUBLE_EQ(value_of(few, Measure::kReturn), 0.1);
  EXPECT_EQ(value_of(Score{}, Measure::kReturn), 0);
  for (const auto m : {Measure::kProfit, Measure::kPerTrade, Measure::kReturn}) {
    EXPECT_EQ(measure_from(name_of(m)), m);
  }
  // 3 of 4 shuffled tapes have a best below it: p = (1 + 1) / (1 + 4).
  SweepQuestion q;
  q.values = {{}};
  q.permutations = 4;
  std::vector<UnitResult> results(5);
  results[0].score = many;
  for (std::size_t i = 1; i < 5; ++i) results[i].best = i == 1 ? 2.0 : 1.5;
  EXPECT_DOUBLE_EQ(*judge(q, results).p_value, 0.4);
}

}  // namespace
}  // namespace derivd::backtest
