// What a fixed piece of work costs here and now: the unit in which compare.py reckons the others,
// so that a figure of one machine says something about another, and a busy hour about an idle one.
// It uses nothing of derivd, so that no change of derivd can move it. Whoever changes it measures
// the baseline anew.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <numeric>
#include <utility>

namespace derivd::bench {
namespace {

/// 128 KiB of places, each of which names the next: beyond the nearest cache, within the second, as
/// what a daemon touches from tick to tick is.
constexpr std::size_t kPlaces = 1U << 15U;
constexpr int kSteps = 2'000;

std::uint64_t mixed(std::uint64_t x) {
  x ^= x >> 12U;
  x ^= x << 25U;
  x ^= x >> 27U;
  return x * 0x2545f4914f6cdd1dULL;
}

/// One ring through all places (Sattolo), so that no walk is shorter than another.
std::array<std::uint32_t, kPlaces> ring() {
  std::array<std::uint32_t, kPlaces> next{};
  std::iota(next.begin(), next.end(), 0U);
  std::uint64_t x = 1;
  for (std::size_t i = kPlaces - 1; i > 0; --i) {
    x = mixed(x);
    std::swap(next[i], next[x % i]);
  }
  return next;
}

void calibration(benchmark::State& state) {
  static const auto next = ring();
  std::uint32_t place = 0;
  std::uint64_t x = 88'172'645'463'325'252ULL;
  for (auto _ : state) {
    for (int i = 0; i < kSteps; ++i) {
      place = next[place];
      // Arithmetic that waits for itself, a branch that nobody foresees, and a division.
      x = mixed(x + place);
      if ((x & 0x80U) != 0) x += 0x9e3779b97f4a7c15ULL;
      if ((i & 7) == 0) x ^= x / (place | 1U);
    }
    benchmark::DoNotOptimize(place);
    benchmark::DoNotOptimize(x);
  }
}
BENCHMARK(calibration);

}  // namespace
}  // namespace derivd::bench
