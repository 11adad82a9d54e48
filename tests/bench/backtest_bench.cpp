// What a year of seconds costs: reading the file alone, and the whole back-test of a martingale
// that trades to the end of it. The time of the year is that of one iteration times the ratio of
// ticks.
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "backtest/backtest.hpp"
#include "make_ticks.hpp"
#include "rules/parse.hpp"
#include "store/tick_csv.hpp"

namespace derivd::bench {
namespace {

constexpr std::int64_t kTicks = kYear / 10;

/// One file for all benchmarks of the program, gone with it.
class TickFile {
 public:
  TickFile() {
    const int fd = ::mkstemp(path_.data());
    auto* file = fd < 0 ? nullptr : ::fdopen(fd, "w");
    if (file == nullptr || !write_ticks(file, kTicks, 1)) std::abort();
    std::fclose(file);
  }
  ~TickFile() { ::unlink(path_.c_str()); }
  static std::unique_ptr<store::TickCsv> open() {
    static const TickFile file;
    auto csv = store::TickCsv::open(file.path_, *market::find_symbol("1HZ100V"));
    if (!csv) std::abort();
    return std::move(*csv);
  }

 private:
  std::string path_ = "/tmp/derivd-bench-XXXXXX";
};

void count_ticks(benchmark::State& state, std::int64_t ticks) {
  state.SetItemsProcessed(state.iterations() * ticks);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  state.counters["max_rss_kb"] = static_cast<double>(usage.ru_maxrss);
}

void tick_csv_read(benchmark::State& state) {
  std::vector<market::TickRow> rows(2048);
  TickFile::open();
  for (auto _ : state) {
    const auto csv = TickFile::open();
    std::int64_t n = 0;
    while (const auto got = csv->read(rows).value()) n += static_cast<std::int64_t>(got);
    if (n != kTicks) std::abort();
  }
  count_ticks(state, kTicks);
}
BENCHMARK(tick_csv_read)->Unit(benchmark::kMillisecond);

core::Money usd(std::int64_t cents) { return core::Money::minor(cents); }

/// Session and daily limits are there and checked at every purchase, too wide to end it early.
backtest::Options martingale() {
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
  s.session.trailing = true;
  backtest::Options options;
  options.settings.strategies = {s};
  options.settings.limits.max_stake = usd(50'00);
  options.settings.limits.max_open_contracts = 3;
  options.settings.limits.daily_loss = usd(100'000'00);
  options.settings.limits.max_trades_per_day = 100'000;
  options.settings.limits.min_balance = usd(100);
  options.balance = usd(10'000'000'00);
  return options;
}

/// `streak` 3 buys every seventh tick, 100 never.
void backtest_streak(benchmark::State& state) {
  auto options = martingale();
  options.settings.strategies[0].params["streak"] = state.range(0);
  std::int64_t trades = 0;
  TickFile::open();
  for (auto _ : state) {
    const auto csv = TickFile::open();
    const backtest::Tape tape{"1HZ100V", csv.get()};
    const auto result = backtest::run(options, {&tape, 1}).value();
    if (result.ticks != kTicks) std::abort();
    trades = result.total.trades;
  }
  count_ticks(state, kTicks);
  state.counters["trades"] = static_cast<double>(trades);
}
BENCHMARK(backtest_streak)->Arg(3)->Arg(100)->Unit(benchmark::kMillisecond);

/// Three indicators, of ticks or of candles of a minute; it buys now and then.
void backtest_rules(benchmark::State& state) {
  auto options = martingale();
  auto& s = options.settings.strategies[0];
  s.type = "rules";
  s.params.clear();
  const rules::Where where{static_cast<std::int32_t>(state.range(0))};
  auto when =
      rules::parse_condition("rsi(14) < 15 and close > ema(50) and close < bb_upper(20, 2)", where);
  s.rules.rules.push_back({std::get<rules::Expr>(std::move(when)), {}});
  std::int64_t trades = 0;
  TickFile::open();
  for (auto _ : state) {
    const auto csv = TickFile::open();
    const backtest::Tape tape{"1HZ100V", csv.get()};
    const auto result = backtest::run(options, {&tape, 1}).value();
    if (result.ticks != kTicks) std::abort();
    trades = result.total.trades;
  }
  count_ticks(state, kTicks);
  state.counters["trades"] = static_cast<double>(trades);
}
BENCHMARK(backtest_rules)->Arg(0)->Arg(60)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace derivd::bench
