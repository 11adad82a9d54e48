#include "report/statistics.hpp"

#include <algorithm>
#include <cmath>

#include "core/check.hpp"

namespace derivd::report {

Band wilson(std::int64_t successes, std::int64_t n, double z) {
  DERIVD_CHECK(successes >= 0 && successes <= n, "more successes than trials");
  if (n == 0) return {};
  const auto count = static_cast<double>(n);
  const double p = static_cast<double>(successes) / count;
  const double z2 = z * z;
  const double scale = 1 + z2 / count;
  const double centre = (p + z2 / (2 * count)) / scale;
  const double half = z * std::sqrt(p * (1 - p) / count + z2 / (4 * count * count)) / scale;
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

double expected_runs(std::int64_t n, double q, std::int64_t length) {
  DERIVD_CHECK(length >= 1, "a run has a length");
  if (length > n) return 0;
  const double p = 1 - q;
  const double all = std::pow(q, static_cast<double>(length));
  if (length == n) return all;
  // A run at either end needs one success beside it, one inside needs two.
  return all * (2 * p + static_cast<double>(n - length - 1) * p * p);
}

double expected_longest_run(std::int64_t n, double q) {
  if (n <= 0 || q <= 0) return 0;
  if (q >= 1) return static_cast<double>(n);
  const auto trials = std::min(n, kMaxTrials);
  double sum = 0;
  std::vector<double> below(static_cast<std::size_t>(trials) + 1);
  // E[L] = sum over k of P(L >= k). P(no run of k in m trials) follows from the place of the run
  // that ends it first: F(m) = F(m - 1) - p q^k F(m - k - 1).
  for (std::int64_t k = 1; k <= trials; ++k) {
    const double whole = std::pow(q, static_cast<double>(k));
    for (std::int64_t m = 0; m <= trials; ++m) {
      auto& f = below[static_cast<std::size_t>(m)];
      if (m < k) {
        f = 1;
      } else if (m == k) {
        f = 1 - whole;
      } else {
        f = below[static_cast<std::size_t>(m - 1)] -
            (1 - q) * whole * below[static_cast<std::size_t>(m - k - 1)];
      }
    }
    const double reached = 1 - below.back();
    sum += reached;
    if (reached < 1e-9) break;
  }
  if (n > trials)
    sum += std::log(static_cast<double>(n) / static_cast<double>(trials)) / -std::log(q);
  return sum;
}

std::int64_t quantile(std::span<const std::int64_t> sorted, double p) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(p * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

std::vector<Point> thin(std::span<const Point> curve, std::size_t buckets) {
  if (curve.size() <= 4 * buckets || buckets == 0) return {curve.begin(), curve.end()};
  std::vector<Point> out;
  const auto first = curve.front().x;
  const auto range = curve.back().x - first + 1;
  const auto slice = [&](const Point& p) {
    return static_cast<std::size_t>(static_cast<double>(p.x - first) / static_cast<double>(range) *
                                    static_cast<double>(buckets));
  };
  for (std::size_t begin = 0; begin < curve.size();) {
    std::size_t end = begin;
    std::size_t low = begin;
    std::size_t high = begin;
    const auto mine = slice(curve[begin]);
    for (; end < curve.size() && slice(curve[end]) == mine; ++end) {
      if (curve[end].y < curve[low].y) low = end;
      if (curve[end].y > curve[high].y) high = end;
    }
    std::size_t keep[] = {begin, std::min(low, high), std::max(low, high), end - 1};
    std::size_t last = curve.size();
    for (const auto i : keep) {
      if (i != last) out.push_back(curve[i]);
      last = i;
    }
    begin = end;
  }
  return out;
}

}  // namespace derivd::report
