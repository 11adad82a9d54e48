// What exact decimals cost: each tick is parsed once and each stake formatted once.
#include <benchmark/benchmark.h>

#include <array>
#include <string_view>

#include "core/decimal.hpp"
#include "core/rate_limiter.hpp"

namespace derivd::core {
namespace {

constexpr std::array<std::string_view, 8> kQuotes = {"1234.56", "9876.5",   "100",     "0.01",
                                                     "2550.60", "12345.67", "8999.99", "1e2"};

void decimal_parse(benchmark::State& state) {
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(Decimal::parse(kQuotes[i++ % kQuotes.size()]));
}
BENCHMARK(decimal_parse);

void money_parse(benchmark::State& state) {
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(Money::parse(kQuotes[i++ % kQuotes.size()]));
}
BENCHMARK(money_parse);

void price_parse(benchmark::State& state) {
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(Price::parse(kQuotes[i++ % kQuotes.size()], 2));
}
BENCHMARK(price_parse);

void decimal_to_string(benchmark::State& state) {
  const Decimal value{123456, 2};
  for (auto _ : state) benchmark::DoNotOptimize(value.to_string());
}
BENCHMARK(decimal_to_string);

void money_to_string(benchmark::State& state) {
  const auto value = Money::minor(123'456);
  for (auto _ : state) benchmark::DoNotOptimize(value.to_string());
}
BENCHMARK(money_to_string);

void price_to_string(benchmark::State& state) {
  const auto value = Price::raw(1'234'560, 3);
  for (auto _ : state) benchmark::DoNotOptimize(value.to_string());
}
BENCHMARK(price_to_string);

void rate_limiter_take(benchmark::State& state) {
  RateLimiter limiter({.per_minute = 360, .per_hour = 14'400});
  Instant now{0};
  for (auto _ : state) {
    now = now + std::chrono::milliseconds(100);
    benchmark::DoNotOptimize(limiter.try_take(now));
  }
}
BENCHMARK(rate_limiter_take);

}  // namespace
}  // namespace derivd::core
