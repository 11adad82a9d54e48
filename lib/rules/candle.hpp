// Owns the making of candles out of ticks, one length at a time. The evaluator of rules and the
// past of a script push every tick through it. It never keeps a closed candle.
//
// A candle of N seconds holds the ticks of [k·N, k·N + N) since 1970; it is closed by the first
// tick behind it. The first one begins with the first tick known, or where begin() says. Seconds
// without ticks make no candle.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/time.hpp"
#include "rules/expr.hpp"
#include "rules/study.hpp"

namespace derivd::rules {

class Candle final {
 public:
  struct Closed {
    Bar bar;
    core::VenueTime begins;
    friend bool operator==(const Closed&, const Closed&) = default;
  };

  /// Not of ticks.
  explicit Candle(Where length) : seconds_(length.seconds) {}
  /// Adds a quote, which begins or joins the growing candle; the one that it closes, if it does.
  std::optional<Closed> push(core::VenueTime time, std::int64_t quote) {
    if (time.s < ends_) {
      // Of before the candle that begin() gave: it is in one that is closed.
      if (time.s < ends_ - seconds_) return std::nullopt;
      bar_.high = std::max(bar_.high, quote);
      bar_.low = std::min(bar_.low, quote);
      bar_.close = quote;
      return std::nullopt;
    }
    std::optional<Closed> closed;
    if (ends_ != 0) closed = Closed{bar_, {ends_ - seconds_}};
    bar_ = {quote, quote, quote, quote};
    ends_ = time.s / seconds_ * seconds_ + seconds_;
    return closed;
  }
  void clear() { ends_ = 0; }
  /// The one that grows, if one does.
  std::optional<Closed> growing() const {
    if (ends_ == 0) return std::nullopt;
    return Closed{bar_, {ends_ - seconds_}};
  }
  /// Goes on with a candle that somebody else has begun, which may hold ticks that are pushed
  /// again: its open stays, and no high or low counts twice.
  void begin(const Closed& growing) {
    bar_ = growing.bar;
    ends_ = growing.begins.s + seconds_;
  }

 private:
  std::int64_t seconds_;
  Bar bar_;                // the one that is growing
  std::int64_t ends_ = 0;  // epoch of its end; 0: none yet
};

}  // namespace derivd::rules
