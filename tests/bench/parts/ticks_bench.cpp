// What one tick costs an indicator, and a back-test; without a file, so that its reading is not in
// the figure.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string_view>
#include <vector>

#include "backtest/backtest.hpp"
#include "core/rng.hpp"
#include "market/tick_source.hpp"
#include "rules/evaluator.hpp"
#include "rules/parse.hpp"

namespace derivd::bench {
namespace {

constexpr std::size_t kTicks = 10'000;

/// A walk of one second from tick to tick, the same in every run.
const std::vector<market::TickRow>& walk() {
  static const auto rows = [] {
    std::vector<market::TickRow> out;
    core::Rng rng(1);
    std::int64_t cents = 1'000'00;
    for (std::size_t i = 0; i < kTicks; ++i) {
      cents += static_cast<std::int64_t>(rng.normal() * 20);
      if (cents < 500'00 || cents > 2'000'00) cents = 1'000'00;
      out.push_back({{1'735'689'600 + static_cast<std::int64_t>(i)}, cents});
    }
    return out;
  }();
  return rows;
}

rules::Expr condition(std::string_view text) {
  auto parsed = rules::parse_condition(text, rules::Where{});
  return std::get<rules::Expr>(std::move(parsed));
}

/// Each condition is one that never holds, so that nothing but the value is made at every tick.
void indicator(benchmark::State& state, std::string_view when) {
  rules::RuleSet set;
  set.rules.push_back({condition(when), {}});
  rules::Evaluator evaluator(set);
  const auto& rows = walk();
  std::size_t i = 0;
  std::int64_t epoch = rows[0].epoch.s;
  for (auto _ : state) {
    if (evaluator.on_tick({"1HZ100V", {epoch++}, core::Price::raw(rows[i].mantissa, 2)}))
      std::abort();
    if (++i == rows.size()) i = 0;
  }
}
BENCHMARK_CAPTURE(indicator, rsi, "rsi(14) < -1");
BENCHMARK_CAPTURE(indicator, sma, "sma(50) < -1");
BENCHMARK_CAPTURE(indicator, ema, "ema(50) < -1");
BENCHMARK_CAPTURE(indicator, macd, "macd(12, 26, 9) < -100000");
BENCHMARK_CAPTURE(indicator, bollinger, "bb_upper(20, 2) < -1");

core::Money usd(std::int64_t cents) { return core::Money::minor(cents); }

/// A martingale that buys at every seventh tick or so, one time the ticks of the walk.
void backtest_of_10k_ticks(benchmark::State& state) {
  engine::StrategySettings s;
  s.name = "parity";
  s.type = "even_odd";
  s.symbol = "1HZ100V";
  s.params["streak"] = 3;
  s.staking.plan = "martingale";
  s.staking.base = usd(35);
  s.staking.factor = {21, 1};
  s.staking.max_steps = 5;
  s.session.take_profit = usd(1'000'000'00);
  s.session.stop_loss = usd(1'000'000'00);
  backtest::Options options;
  options.settings.strategies = {s};
  options.settings.limits.max_stake = usd(50'00);
  options.settings.limits.max_open_contracts = 3;
  options.settings.limits.daily_loss = usd(100'000'00);
  options.balance = usd(10'000'000'00);
  std::int64_t trades = 0;
  for (auto _ : state) {
    market::RowSource source(walk());
    const backtest::Tape tape{"1HZ100V", &source};
    const auto result = backtest::run(options, {&tape, 1}).value();
    if (result.ticks != static_cast<std::int64_t>(kTicks) || result.total.trades < 500) {
      std::abort();
    }
    trades = result.total.trades;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kTicks));
  state.counters["trades"] = static_cast<double>(trades);
}
BENCHMARK(backtest_of_10k_ticks)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace derivd::bench
