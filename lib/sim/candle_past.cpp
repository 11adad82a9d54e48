#include "sim/candle_past.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/rng.hpp"

namespace derivd::sim {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr double kMinutesOfYear = 365.0 * 1440.0;
/// A range goes beyond open and close by about so much of the minute's own spread.
constexpr double kWick = 0.4;
/// Of a symbol whose own is not known.
constexpr double kSomeSigma = 0.1;
/// A path that nears zero would lose its digits.
constexpr double kLowest = 100;

/// Neighbouring minutes must not draw neighbouring numbers.
std::uint64_t mixed(std::uint64_t x) {
  x ^= x >> 30U;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27U;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

}  // namespace

void CandlePast::drop(const Point& tick) { add_to(dropped_, tick, kMinute); }

/// Backwards: the minute that closes at `close`. It depends on its own number alone, beside where
/// the later ones have left off.
Candle CandlePast::make(std::int64_t minute, double close) const {
  core::Rng rng(options_.seed ^ mixed(static_cast<std::uint64_t>(minute)));
  const double sigma = options_.sigma > 0 ? options_.sigma : kSomeSigma;
  const double spread = sigma / std::sqrt(kMinutesOfYear);
  const double open = std::max(kLowest, close * std::exp(-spread * rng.normal()));
  const double above = std::abs(rng.normal()) * spread * kWick;
  const double below = std::abs(rng.normal()) * spread * kWick;
  Candle c;
  c.open_time = minute * kMinute;
  const auto rounded = [](double level) { return static_cast<std::int64_t>(std::llround(level)); };
  c.open = rounded(open);
  c.close = rounded(close);
  c.high = rounded(std::max(open, close) * (1 + above));
  c.low = rounded(std::min(open, close) * (1 - below));
  return c;
}

void CandlePast::reach(std::int64_t start) {
  const auto anchor = options_.anchor.epoch / kMinute;
  const auto oldest = anchor - kCandleDays * 1440;
  const auto wanted = std::max(start / kMinute, oldest);
  if (before_.empty()) level_ = static_cast<double>(options_.anchor.mantissa);
  auto next = before_.empty() ? anchor - 1 : before_.back().open_time / kMinute - 1;
  for (; next >= wanted; --next) {
    if (options_.is_open && !options_.is_open(next * kMinute)) continue;
    before_.push_back(make(next, level_));
    level_ = static_cast<double>(before_.back().open);
  }
}

std::vector<Candle> CandlePast::minutes_from(std::int64_t start) {
  std::vector<Candle> out;
  if (options_.anchor.epoch == 0) return out;
  const auto first = start - start % kMinute;
  if (options_.reaches_back) reach(start);
  const auto behind = std::partition_point(before_.begin(), before_.end(),
                                           [&](const Candle& c) { return c.open_time >= first; });
  out.assign(std::make_reverse_iterator(behind), before_.rend());
  for (const auto& c : dropped_) {
    if (c.open_time >= first) out.push_back(c);
  }
  return out;
}

}  // namespace derivd::sim
