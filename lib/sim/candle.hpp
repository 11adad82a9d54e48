// Owns Candle and Point, the quotes of the simulated venue as they are kept and told. Values and
// how ticks and shorter candles become longer ones; nothing else.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace derivd::sim {

/// A quote without its symbol, as kept in histories and read from files.
struct Point {
  std::int64_t epoch = 0;
  std::int64_t mantissa = 0;  // × 10^-decimals of the symbol
  friend bool operator==(Point, Point) = default;
};

struct Candle {
  std::int64_t open_time = 0;
  std::int64_t open = 0, high = 0, low = 0, close = 0;
  friend bool operator==(const Candle&, const Candle&) = default;
};

/// Continues a list of candles of one length with what came next: a tick, or a shorter candle.
inline void add_to(std::vector<Candle>& list, const Candle& part, std::int64_t length) {
  const auto open_time = part.open_time - part.open_time % length;
  if (list.empty() || list.back().open_time != open_time) {
    list.push_back(part);
    list.back().open_time = open_time;
    return;
  }
  auto& c = list.back();
  c.high = std::max(c.high, part.high);
  c.low = std::min(c.low, part.low);
  c.close = part.close;
}
inline void add_to(std::vector<Candle>& list, const Point& p, std::int64_t length) {
  add_to(list, Candle{p.epoch, p.mantissa, p.mantissa, p.mantissa, p.mantissa}, length);
}

}  // namespace derivd::sim
