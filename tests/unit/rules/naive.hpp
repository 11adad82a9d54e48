// The indicators as a textbook has them: each value from the whole list of closes, highs and lows
// up to it, in doubles, with nothing kept from one bar to the next but what the formula itself
// carries on. It shares no code with lib/rules.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

namespace derivd::rules::naive {

using Series = std::vector<double>;
inline const double kNone = std::numeric_limits<double>::quiet_NaN();

/// f(i) for each i from `first` on, kNone before.
template <class F>
Series from(std::size_t size, std::size_t first, F&& f) {
  Series out(size, kNone);
  for (std::size_t i = first; i < size; ++i) out[i] = f(i);
  return out;
}
/// The n values that end at i.
inline Series window(const Series& x, std::size_t i, std::size_t n) {
  return Series(x.begin() + static_cast<std::ptrdiff_t>(i + 1 - n),
                x.begin() + static_cast<std::ptrdiff_t>(i + 1));
}
inline double mean(const Series& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}
inline double deviation(const Series& x) {
  const double m = mean(x);
  double sum = 0;
  for (const double v : x) sum += (v - m) * (v - m);
  return std::sqrt(sum / static_cast<double>(x.size()));
}

inline Series sma(const Series& x, std::size_t n) {
  return from(x.size(), n - 1, [&](std::size_t i) { return mean(window(x, i, n)); });
}
inline Series stdev(const Series& x, std::size_t n) {
  return from(x.size(), n - 1, [&](std::size_t i) { return deviation(window(x, i, n)); });
}
/// `x` may begin with values that are none.
inline Series ema(const Series& x, std::size_t n) {
  std::size_t first = 0;
  while (first < x.size() && std::isnan(x[first])) ++first;
  Series out(x.size(), kNone);
  if (first + n > x.size()) return out;
  const double k = 2.0 / (static_cast<double>(n) + 1.0);
  double value = mean(window(x, first + n - 1, n));
  out[first + n - 1] = value;
  for (std::size_t i = first + n; i < x.size(); ++i) {
    value = k * x[i] + (1 - k) * value;
    out[i] = value;
  }
  return out;
}
inline Series wilder(const Series& x, std::size_t n) {  // x[0] is none
  Series out(x.size(), kNone);
  if (n + 1 > x.size()) return out;
  double value = mean(window(x, n, n));
  out[n] = value;
  for (std::size_t i = n + 1; i < x.size(); ++i) {
    value = (value * (static_cast<double>(n) - 1.0) + x[i]) / static_cast<double>(n);
    out[i] = value;
  }
  return out;
}
inline Series rsi(const Series& x, std::size_t n) {
  const auto gains = from(x.size(), 1, [&](auto i) { return std::max(x[i] - x[i - 1], 0.0); });
  const auto losses = from(x.size(), 1, [&](auto i) { return std::max(x[i - 1] - x[i], 0.0); });
  const auto g = wilder(gains, n);
  const auto l = wilder(losses, n);
  return from(x.size(), 0, [&](std::size_t i) {
    if (std::isnan(g[i])) return kNone;
    if (g[i] == 0 && l[i] == 0) return 50.0;
    return l[i] == 0 ? 100.0 : 100.0 - 100.0 / (1.0 + g[i] / l[i]);
  });
}
inline Series atr(const Series& high, const Series& low, const Series& close, std::size_t n) {
  const auto range = from(close.size(), 1, [&](std::size_t i) {
    return std::max(
        {high[i] - low[i], std::abs(high[i] - close[i - 1]), std::abs(low[i] - close[i - 1])});
  });
  return wilder(range, n);
}
inline Series highest(const Series& x, std::size_t n) {
  return from(x.size(), n - 1, [&](std::size_t i) {
    const auto w = window(x, i, n);
    return *std::max_element(w.begin(), w.end());
  });
}
inline Series lowest(const Series& x, std::size_t n) {
  return from(x.size(), n - 1, [&](std::size_t i) {
    const auto w = window(x, i, n);
    return *std::min_element(w.begin(), w.end());
  });
}
inline Series momentum(const Series& x, std::size_t n) {
  return from(x.size(), n, [&](std::size_t i) { return x[i] - x[i - n]; });
}
inline Series band(const Series& x, std::size_t n, double k) {
  const auto m = sma(x, n);
  const auto d = stdev(x, n);
  return from(x.size(), 0, [&](std::size_t i) { return m[i] + k * d[i]; });
}
inline Series macd(const Series& x, std::size_t fast, std::size_t slow) {
  const auto f = ema(x, fast);
  const auto s = ema(x, slow);
  return from(x.size(), 0, [&](std::size_t i) { return f[i] - s[i]; });
}
/// The mean of the last n values that are some.
inline Series smooth(const Series& x, std::size_t n) {
  return from(x.size(), n - 1, [&](std::size_t i) { return mean(window(x, i, n)); });
}
inline Series stoch_k(const Series& high, const Series& low, const Series& close, std::size_t n,
                      std::size_t s) {
  const auto h = highest(high, n);
  const auto l = lowest(low, n);
  return smooth(from(close.size(), 0,
                     [&](std::size_t i) {
                       return h[i] == l[i] ? 50.0 : 100.0 * (close[i] - l[i]) / (h[i] - l[i]);
                     }),
                s);
}

}  // namespace derivd::rules::naive
