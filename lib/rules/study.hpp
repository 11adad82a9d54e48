// Owns the studies: what is computed from a series of bars, one bar at a time. The evaluator makes
// one for each different value that its rules name and pushes every bar of its series. A study
// never looks at a clock and never allocates after it is made.
//
// How they stay right over a day of ticks, and over a year: sums, spreads and extremes are kept in
// whole mantissas, which are exact; what is smoothed (EMA, Wilder) forgets its rounding errors as
// it forgets its past; results are divided by the decimals only when they are read.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>

#include "rules/expr.hpp"

namespace derivd::rules {

inline constexpr double kNotReady = std::numeric_limits<double>::quiet_NaN();

/// In mantissas of the symbol. A tick is a bar whose four quotes are the same.
struct Bar {
  std::int64_t open = 0;
  std::int64_t high = 0;
  std::int64_t low = 0;
  std::int64_t close = 0;
  friend bool operator==(const Bar&, const Bar&) = default;
};

class Study {
 public:
  Study() = default;
  Study(const Study&) = delete;
  Study& operator=(const Study&) = delete;
  virtual ~Study() = default;

  /// `scale`: 10^decimals, by which a mantissa becomes a price.
  virtual void push(const Bar& bar, double scale) = 0;
  void reset() {
    out_.fill(kNotReady);
    forget();
  }
  /// kNotReady (not a number) until there is enough past. The address stays.
  const double* value(std::size_t which) const { return &out_[which]; }

 protected:
  virtual void forget() = 0;
  std::array<double, 3> out_{kNotReady, kNotReady, kNotReady};
};

/// How often each digit came in the last n ticks.
class DigitCounts : public Study {
 public:
  /// 1: the most frequent; the lower digit first among equals. kNotReady for what is no digit.
  virtual double rank(double digit) const = 0;
};

/// A study and which of its values it is; several words are of one study (bb_upper, bb_lower).
struct StudyKey {
  Word word = Word::kPrice;  // the first word of its family
  std::array<std::int64_t, 3> args{};
  std::int64_t factor_nano = 0;  // Bollinger's k
  Where where;
  Predicate predicate;
  market::SymbolCode symbol;  // empty: the strategy's own
  friend auto operator<=>(const StudyKey&, const StudyKey&) = default;
};
struct StudyOf {
  StudyKey key;
  std::size_t which = 0;
};
/// Of a value that is made from bars; not for crossings, results and times (CHECK).
StudyOf study_of(const Node& value);
std::unique_ptr<Study> make_study(const StudyKey& key);

}  // namespace derivd::rules
