#include "risk/volatility.hpp"

#include <algorithm>
#include <cmath>

#include "core/check.hpp"

namespace derivd::risk {
namespace {

using market::Wide;

/// A return of 1 (100 %).
constexpr std::int64_t kWhole = 1'000'000'000'000;
/// More than any tick brings. With it, and kMost of them, n × Σx² ≤ 4000² × 10^26 < 2^127.
constexpr std::int64_t kMostReturn = 10 * kWhole;
/// Percent of a bound to the unit of returns.
constexpr int kPercentDigits = 10;

std::int64_t return_of(core::Price from, core::Price to) {
  const Wide base = from.mantissa();
  const auto change = (Wide{to.mantissa()} - base) * kWhole;
  if (change >= base * kMostReturn) return kMostReturn;
  return market::half_up_div(change, base);
}

}  // namespace

Volatility::Volatility(std::int64_t returns) : ring_(static_cast<std::size_t>(returns)) {
  DERIVD_CHECK(returns >= kLeast && returns <= kMost, "settings were not checked");
}

void Volatility::push(core::Price quote) {
  DERIVD_CHECK(quote.mantissa() > 0, "a quote that is none");
  if (has_last_ && last_.decimals() != quote.decimals()) clear();
  if (has_last_) {
    const auto value = return_of(last_, quote);
    auto& place = ring_[next_];
    if (ready()) {
      sum_ -= place;
      squares_ -= Wide{place} * place;
    } else {
      ++size_;
    }
    place = value;
    sum_ += value;
    squares_ += Wide{value} * value;
    next_ = next_ + 1 == ring_.size() ? 0 : next_ + 1;
  }
  last_ = quote;
  has_last_ = true;
}

void Volatility::clear() {
  next_ = size_ = 0;
  sum_ = squares_ = 0;
  has_last_ = false;
}

Wide Volatility::scaled_variance() const {
  DERIVD_CHECK(ready(), "a deviation of too few returns");
  return static_cast<Wide>(size_) * squares_ - sum_ * sum_;
}

std::strong_ordering Volatility::against(core::Decimal percent) const {
  DERIVD_CHECK(percent.scale <= kDecimals, "a bound with too many decimals");
  const auto bound = Wide{percent.mantissa} * core::pow10(kPercentDigits - percent.scale) *
                     static_cast<Wide>(size_);
  const auto have = scaled_variance();
  const auto want = bound * bound;
  return have < want   ? std::strong_ordering::less
         : have > want ? std::strong_ordering::greater
                       : std::strong_ordering::equal;
}

core::Decimal Volatility::percent() const {
  const auto deviation =
      std::sqrt(static_cast<double>(scaled_variance())) / static_cast<double>(size_);
  const auto unit = static_cast<double>(core::pow10(kPercentDigits - kDecimals));
  return {std::llround(deviation / unit), kDecimals};
}

}  // namespace derivd::risk
