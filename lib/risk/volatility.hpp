// Owns how much a market has moved of late: the population standard deviation of the last returns
// from tick to tick, in percent. The engine shows it every tick of the strategy's symbol, the gate
// compares it with the guard's bounds. It never forgets by itself what was missed: whoever loses
// ticks clears it.
//
// All of it is whole numbers: what it says depends on the ticks of its window alone, not on those
// before, so that a restart, a back-test and a second run agree. Memory is taken when it is made.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/decimal.hpp"
#include "market/integer.hpp"

namespace derivd::risk {

class Volatility final {
 public:
  /// Returns in a window. The venue's answer of 5000 ticks fills the longest.
  static constexpr std::int64_t kLeast = 2;
  static constexpr std::int64_t kMost = 4000;
  /// A bound has at most so many decimals and is at most 100 %.
  static constexpr std::uint8_t kDecimals = 6;

  /// `returns`: kLeast to kMost.
  explicit Volatility(std::int64_t returns);

  /// The next quote, which is above 0. With other decimals than the last one it begins anew.
  void push(core::Price quote);
  /// The next quote follows none.
  void clear();

  /// Quotes that are in it, and how many it takes to say anything.
  std::int64_t quotes() const { return has_last_ ? static_cast<std::int64_t>(size_) + 1 : 0; }
  std::int64_t needed() const { return static_cast<std::int64_t>(ring_.size()) + 1; }
  bool ready() const { return size_ == ring_.size(); }
  /// The deviation against a bound in percent; exact for the returns as they are kept, rounded to
  /// 10^-12. Ready.
  std::strong_ordering against(core::Decimal percent) const;
  /// The deviation in percent, rounded to kDecimals, for people. Ready.
  core::Decimal percent() const;

 private:
  /// Sum of the squares' mean less the mean's square, times n².
  market::Wide scaled_variance() const;

  std::vector<std::int64_t> ring_;  // returns in 10^-12
  std::size_t next_ = 0;
  std::size_t size_ = 0;
  market::Wide sum_ = 0;
  market::Wide squares_ = 0;
  core::Price last_;
  bool has_last_ = false;
};

}  // namespace derivd::risk
