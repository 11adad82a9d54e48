// Owns the making of tick files for measurements: seeded, so that a figure can be measured again.
// The benchmarks and make_ticks write with it. It never holds the file in memory.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "core/rng.hpp"

namespace derivd::bench {

inline constexpr std::int64_t kYear = 31'536'000;
inline constexpr std::int64_t kBegin = 1'735'689'600;  // 2025-01-01

/// False when the file cannot be written.
inline bool write_ticks(std::FILE* file, std::int64_t count, std::uint64_t seed) {
  core::Rng rng(seed);
  const double deviation = std::sqrt(1.0 / static_cast<double>(kYear));  // volatility 100 %
  double level = 1000;
  bool good = std::fputs("epoch,quote\n", file) >= 0;
  for (std::int64_t i = 0; i < count && good; ++i) {
    level *= std::exp(deviation * rng.normal() - deviation * deviation / 2);
    // A year at 100 % may go anywhere; the line should stay as long as real ones are.
    if (level < 150 || level > 6000) level = 1000;
    good = std::fprintf(file, "%lld,%.2f\n", static_cast<long long>(kBegin + i), level) > 0;
  }
  return std::fflush(file) == 0 && good;
}

}  // namespace derivd::bench
