#include "report/statistics.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "core/rng.hpp"

namespace derivd::report {
namespace {

using testing::ElementsAre;

TEST(Wilson, KnownValues) {
  // 8 of 10: Wilson's interval as in Brown, Cai and DasGupta (2001).
  EXPECT_NEAR(wilson(8, 10).low, 0.4902, 1e-4);
  EXPECT_NEAR(wilson(8, 10).high, 0.9433, 1e-4);
  EXPECT_EQ(wilson(0, 10).low, 0);
  EXPECT_NEAR(wilson(0, 10).high, 0.2775, 1e-4);
  EXPECT_NEAR(wilson(10, 10).low, 1 - 0.2775, 1e-4);
  EXPECT_EQ(wilson(0, 0).low, 0);
  EXPECT_EQ(wilson(0, 0).high, 1);
}

// The band is where the frequency is the quantile of its own standard error: the defining equation.
TEST(Wilson, SolvesItsEquation) {
  for (const auto& [k, n] :
       {std::pair{1, 7}, std::pair{50, 100}, std::pair{513, 1000}, std::pair{9, 9999}}) {
    const auto band = wilson(k, n);
    for (const double p : {band.low, band.high}) {
      const double distance = std::abs(static_cast<double>(k) / n - p);
      EXPECT_NEAR(distance, kZ95 * std::sqrt(p * (1 - p) / n), 1e-12) << k << "/" << n;
    }
  }
}

/// Every sequence of n trials with its probability: the slow model of both run statistics.
struct Enumerated {
  std::vector<double> runs;  // by length
  double longest = 0;
};
Enumerated enumerate(int n, double q) {
  Enumerated e;
  e.runs.resize(static_cast<std::size_t>(n) + 1);
  for (unsigned bits = 0; bits < (1U << n); ++bits) {
    double p = 1;
    int run = 0;
    int longest = 0;
    std::vector<int> seen;
    for (int i = 0; i < n; ++i) {
      const bool fails = (bits >> i & 1U) != 0;
      p *= fails ? q : 1 - q;
      if (fails) {
        longest = std::max(longest, ++run);
      } else {
        if (run > 0) seen.push_back(run);
        run = 0;
      }
    }
    if (run > 0) seen.push_back(run);
    for (const int length : seen) e.runs[static_cast<std::size_t>(length)] += p;
    e.longest += p * longest;
  }
  return e;
}

TEST(Runs, AreThoseOfEverySequence) {
  for (const int n : {1, 2, 5, 12}) {
    for (const double q : {0.1, 0.5, 0.51, 0.9}) {
      const auto all = enumerate(n, q);
      for (int k = 1; k <= n; ++k) {
        EXPECT_NEAR(expected_runs(n, q, k), all.runs[static_cast<std::size_t>(k)], 1e-12) << n << k;
      }
      EXPECT_NEAR(expected_longest_run(n, q), all.longest, 1e-9) << n << " " << q;
    }
  }
  EXPECT_EQ(expected_runs(3, 0.5, 4), 0);
  EXPECT_EQ(expected_longest_run(0, 0.5), 0);
  EXPECT_EQ(expected_longest_run(7, 1), 7);
  EXPECT_EQ(expected_longest_run(7, 0), 0);
}

TEST(Runs, OfLongSeriesAreThoseOfASimulation) {
  core::Rng rng(11);
  constexpr int kSeries = 300;
  constexpr std::int64_t kTrials = 50'000;  // beyond kMaxTrials
  double sum = 0;
  double squares = 0;
  for (int s = 0; s < kSeries; ++s) {
    int run = 0;
    int longest = 0;
    for (std::int64_t i = 0; i < kTrials; ++i) {
      run = rng.uniform() < 0.5 ? run + 1 : 0;
      longest = std::max(longest, run);
    }
    sum += longest;
    squares += longest * longest;
  }
  const double mean = sum / kSeries;
  const double error = std::sqrt((squares / kSeries - mean * mean) / kSeries);
  EXPECT_NEAR(expected_longest_run(kTrials, 0.5), mean, 4 * error);
}

TEST(Quantiles, AreTheNearestRank) {
  const std::vector<std::int64_t> v{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  EXPECT_EQ(quantile(v, 0.5), 5);
  EXPECT_EQ(quantile(v, 0.9), 9);
  EXPECT_EQ(quantile(v, 0.91), 10);
  EXPECT_EQ(quantile(v, 0), 1);
  EXPECT_EQ(quantile(v, 1), 10);
  EXPECT_EQ(quantile({}, 0.5), 0);
}

TEST(Thinning, KeepsShortCurvesWhole) {
  const std::vector<Point> curve{{0, 1}, {1, 5}, {2, 0}};
  EXPECT_EQ(thin(curve, 100), curve);
}

TEST(Thinning, LosesNoExtremeOfAnySlice) {
  core::Rng rng(3);
  std::vector<Point> curve;
  std::int64_t y = 0;
  for (std::int64_t x = 0; x < 100'000; ++x) {
    y += static_cast<std::int64_t>(rng.below(401)) - 200;
    curve.push_back({x, y});
  }
  curve[77'777].y = 10'000'000;
  curve[12'345].y = -10'000'000;
  constexpr std::size_t kBuckets = 450;
  const auto thinned = thin(curve, kBuckets);
  EXPECT_LE(thinned.size(), 4 * kBuckets);
  EXPECT_EQ(thinned.front(), curve.front());
  EXPECT_EQ(thinned.back(), curve.back());
  EXPECT_TRUE(std::is_sorted(thinned.begin(), thinned.end(),
                             [](const Point& a, const Point& b) { return a.x < b.x; }));
  // Slice by slice, the slow way.
  for (std::size_t b = 0; b < kBuckets; ++b) {
    const auto mine = [&](const Point& p) {
      return static_cast<std::size_t>(p.x * static_cast<std::int64_t>(kBuckets) / 100'000) == b;
    };
    const auto extremes = [&](const std::vector<Point>& points) {
      std::pair<std::int64_t, std::int64_t> e{INT64_MAX, INT64_MIN};
      for (const auto& p : points) {
        if (mine(p)) e = {std::min(e.first, p.y), std::max(e.second, p.y)};
      }
      return e;
    };
    ASSERT_EQ(extremes(thinned), extremes(curve)) << b;
  }
}

}  // namespace
}  // namespace derivd::report
