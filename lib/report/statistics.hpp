// Owns the statistics of single numbers: confidence bands of a frequency, runs of losses against
// what chance gives, quantiles, the thinning of long curves. The analysis and its tests call them.
// It never knows what a trade is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace derivd::report {

/// 97.5 % quantile of the standard normal: bands of 95 %.
inline constexpr double kZ95 = 1.959963984540054;

struct Band {
  double low = 0;
  double high = 1;
};
/// Wilson's score interval of a frequency (Wilson 1927); the whole range for n = 0.
Band wilson(std::int64_t successes, std::int64_t n, double z = kZ95);

/// Expected number of maximal runs of exactly `length` failures in n independent trials that fail
/// with probability q: exact (Mood 1940). length >= 1.
double expected_runs(std::int64_t n, double q, std::int64_t length);

/// Expected length of the longest run of failures in n independent trials that fail with
/// probability q, by the exact recurrence, to within 1e-6; O(n × answer). n is taken as at most
/// kMaxTrials, beyond which it grows like log n: then log(n / kMaxTrials) / log(1 / q) is added.
inline constexpr std::int64_t kMaxTrials = 20'000;
double expected_longest_run(std::int64_t n, double q);

/// Nearest-rank quantile, p in [0, 1]; 0 for an empty list. `sorted` rises.
std::int64_t quantile(std::span<const std::int64_t> sorted, double p);

struct Point {
  std::int64_t x = 0;
  std::int64_t y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};
/// At most 4 points for each of `buckets` slices of the x range: first, lowest, highest and last of
/// each, in their order, so that no extreme is lost and the line looks the same at that many
/// pixels. x rises. Curves that are short enough come back whole.
std::vector<Point> thin(std::span<const Point> curve, std::size_t buckets);

}  // namespace derivd::report
