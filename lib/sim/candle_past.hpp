// Owns what the simulated venue says of candles from before its ticks: minutes that are made up,
// the same ones for the same seed and symbol whatever anybody asks, and minutes of ticks that it no
// longer keeps. The feed has one for each symbol. It never reads a clock and moves no quote of the
// feed.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sim/candle.hpp"

namespace derivd::sim {

/// How far back the venue's candles reach (contracts.md, row 7).
inline constexpr std::int64_t kCandleDays = 365;

class CandlePast final {
 public:
  struct Options {
    std::uint64_t seed = 0;  // of the symbol
    Point anchor;            // the first tick that the venue has ever had
    double sigma = 0;        // of one year; 0: not known
    /// Whether the market was open in the minute that begins then; empty: always.
    std::function<bool(std::int64_t)> is_open = {};
    bool reaches_back = true;  // false: the symbol did not exist before its first tick
  };
  CandlePast() = default;
  explicit CandlePast(Options options) : options_(std::move(options)) {}

  /// A tick that the feed does not keep any longer; they rise.
  void drop(const Point& tick);
  /// Minutes from the one in which `start` lies to those of the last dropped tick, rising. The last
  /// of them may go on in the ticks that are kept.
  std::vector<Candle> minutes_from(std::int64_t start);

 private:
  void reach(std::int64_t start);
  Candle make(std::int64_t minute, double close) const;

  Options options_;
  std::vector<Candle> before_;  // made up, falling: the first is the one before the anchor's minute
  double level_ = 0;            // where the next of them closes
  std::vector<Candle> dropped_;
};

}  // namespace derivd::sim
