#include "dbot/indicators.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "dbot/number.hpp"

namespace derivd::dbot {
namespace {

constexpr std::string_view kTooLong = "Periods longer than data length";
constexpr std::string_view kBadPeriod = "a period must be a whole number above 0";
/// MACD's averages are computed with so many places, which rounds nothing away.
constexpr int kUnrounded = 20;

/// A period that the runtime can use, 0 for one that it cannot.
std::size_t whole(double period) {
  if (!(period >= 1) || period > 1e6 || period != std::trunc(period)) return 0;
  return static_cast<std::size_t>(period);
}

double mean(std::span<const double> list) {
  double sum = 0;
  for (const double x : list) sum += x;
  return sum / static_cast<double>(list.size());
}

/// Why `period` does not fit, if it does not.
std::optional<IndicatorError> misfit(std::size_t period, std::size_t size) {
  if (period == 0) return IndicatorError{kBadPeriod};
  if (size < period) return IndicatorError{kTooLong};
  return std::nullopt;
}

struct Averages {
  double gain = 0;
  double loss = 0;
};

void add_move(Averages& a, double from, double to) {
  a.gain += to > from ? to - from : 0;
  a.loss += to < from ? from - to : 0;
}

Averages first_averages(std::span<const double> list, std::size_t period) {
  Averages out;
  for (std::size_t i = 1; i <= period; ++i) add_move(out, list[i - 1], list[i]);
  out.gain /= static_cast<double>(period);
  out.loss /= static_cast<double>(period);
  return out;
}

void smooth(Averages& a, double from, double to, double period) {
  const double gain = to > from ? to - from : 0;
  const double loss = to < from ? from - to : 0;
  a.gain = (a.gain * (period - 1) + gain) / period;
  a.loss = (a.loss * (period - 1) + loss) / period;
}

double index_of(const Averages& a) {
  if (a.gain == 0) return 0;
  if (a.loss == 0) return 100;
  return 100 - 100 / (1 + a.gain / a.loss);
}

Numbers padded(const Numbers& list, std::size_t length) {
  Numbers out(length - list.size(), 0.0);
  out.insert(out.end(), list.begin(), list.end());
  return out;
}

}  // namespace

Indicated<double> sma(std::span<const double> list, double period) {
  const auto n = whole(period);
  if (const auto e = misfit(n, list.size())) return *e;
  double sum = 0;
  for (const double x : list.last(n)) sum += x;
  return sum / period;
}

Indicated<Numbers> sma_list(std::span<const double> list, double period, int pip) {
  const auto n = whole(period);
  if (const auto e = misfit(n, list.size())) return *e;
  Numbers out;
  for (std::size_t i = 0; i + n <= list.size(); ++i) {
    double sum = 0;
    for (const double x : list.subspan(i, n)) sum += x;
    out.push_back(rounded(sum / period, pip));
  }
  return out;
}

Indicated<double> ema(std::span<const double> list, double period, int pip) {
  const auto n = whole(period);
  if (const auto e = misfit(n, list.size())) return *e;
  const double weight = 2 / (period + 1);
  double value = mean(list.first(n));
  for (const double x : list.subspan(n)) value = (x - value) * weight + value;
  return rounded(value, pip);
}

Indicated<Numbers> ema_list(std::span<const double> list, double period, int pip) {
  const auto n = whole(period);
  if (const auto e = misfit(n, list.size())) return *e;
  const double weight = 2 / (period + 1);
  double value = rounded(mean(list.first(n)), pip);
  Numbers out{value};
  for (const double x : list.subspan(n)) {
    // A value of exactly 0 counts as no value, so that the rule of the first one holds again, with
    // a list of one item: too short for any period but 1 (section 10).
    if (value == 0 || std::isnan(value)) {
      if (n > 1) return IndicatorError{kTooLong};
      value = rounded(x, pip);
    } else {
      value = (x - value) * weight + value;
    }
    out.push_back(value);
  }
  return out;
}

Indicated<double> rsi(std::span<const double> list, double period) {
  const auto n = whole(period);
  if (const auto e = misfit(n, list.size())) return *e;
  if (list.size() == n) return 0.0;
  auto averages = first_averages(list, n);
  for (std::size_t i = n + 1; i < list.size(); ++i) smooth(averages, list[i - 1], list[i], period);
  return index_of(averages);
}

Indicated<Numbers> rsi_list(std::span<const double> list, double period, int pip) {
  const auto n = whole(period);
  if (const auto e = misfit(n, list.size())) return *e;
  Numbers out;
  if (list.size() == n) return out;
  auto averages = first_averages(list, n);
  out.push_back(rounded(index_of(averages), pip));
  for (std::size_t i = n + 1; i < list.size(); ++i) {
    smooth(averages, list[i - 1], list[i], period);
    out.push_back(rounded(index_of(averages), pip));
  }
  return out;
}

Indicated<double> bands(std::span<const double> list, double period, double up, double down,
                        int part, int pip) {
  const auto n = whole(period);
  if (const auto e = misfit(n, list.size())) return *e;
  const auto last = list.last(n);
  double sum = 0;
  for (const double x : last) sum += x;
  const double middle = sum / period;
  const double center = mean(last);
  double squares = 0;
  for (const double x : last) squares += (x - center) * (x - center);
  const double deviation = std::sqrt(squares / static_cast<double>(n));
  if (part == 1) return rounded(middle + deviation * up, pip);
  if (part == 2) return rounded(middle - deviation * down, pip);
  return rounded(middle, pip);
}

Indicated<Numbers> bands_list(std::span<const double> list, double period, double up, double down,
                              int part, int pip) {
  const auto n = whole(period);
  if (const auto e = misfit(n, list.size())) return *e;
  Numbers out;
  for (std::size_t i = 0; i + n <= list.size(); ++i) {
    const auto one = bands(list.subspan(i, n), period, up, down, part, pip);
    if (const auto* e = std::get_if<IndicatorError>(&one)) return *e;
    out.push_back(std::get<double>(one));
  }
  return out;
}

Indicated<Numbers> macd_list(std::span<const double> list, double fast, double slow, double signal,
                             int part, int pip) {
  const auto fast_list = ema_list(list, fast, kUnrounded);
  if (const auto* e = std::get_if<IndicatorError>(&fast_list)) return *e;
  const auto slow_list = ema_list(list, slow, kUnrounded);
  if (const auto* e = std::get_if<IndicatorError>(&slow_list)) return *e;
  const auto f = padded(std::get<Numbers>(fast_list), list.size());
  const auto s = padded(std::get<Numbers>(slow_list), list.size());
  Numbers macd;
  for (std::size_t i = 0; i < list.size(); ++i) macd.push_back(rounded(f[i] - s[i], pip));
  const auto from = static_cast<std::size_t>(slow) - 1;
  const auto signals = ema_list(std::span(macd).subspan(from), signal, kUnrounded);
  if (const auto* e = std::get_if<IndicatorError>(&signals)) return *e;
  const auto smoothed = padded(std::get<Numbers>(signals), list.size());
  Numbers out;
  const auto begin = static_cast<std::size_t>(slow) + static_cast<std::size_t>(signal) - 2;
  for (std::size_t i = begin; i < list.size(); ++i) {
    if (part == 1) {
      out.push_back(macd[i]);
    } else {
      out.push_back(rounded(part == 0 ? macd[i] - smoothed[i] : smoothed[i], pip));
    }
  }
  return out;
}

}  // namespace derivd::dbot
