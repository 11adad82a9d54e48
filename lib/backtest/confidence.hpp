// Owns the interval in which a probability lies when all that is known is how often it happened.
// The odds of a measured win rate are computed at both of its ends. It never rounds an interval to
// look better than it is.
#pragma once

#include <cstdint>

namespace derivd::backtest {

struct Interval {
  double low = 0;
  double high = 1;
};

/// Clopper and Pearson's interval (Biometrika 26, 1934): it holds the true probability at least as
/// often as `confidence` says, whatever it is. 0 <= happened <= of, of > 0, confidence in (0, 1).
Interval clopper_pearson(std::int64_t happened, std::int64_t of, double confidence);

}  // namespace derivd::backtest
