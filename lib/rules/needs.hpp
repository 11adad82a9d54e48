// Owns how much past an expression looks at: of each length of candles, how many of them make its
// values right from the first decision on. The engine asks the venue for so many. It never asks by
// itself.
#pragma once

#include <cstdint>
#include <vector>

#include "rules/expr.hpp"
#include "rules/study.hpp"

namespace derivd::rules {

struct CandleNeed {
  Where where;                     // not ticks
  std::int64_t count = 0;          // closed candles
  market::SymbolCode symbol = {};  // empty: the strategy's own
  friend bool operator==(const CandleNeed&, const CandleNeed&) = default;
};

/// What is smoothed never forgets its beginning altogether. After so many periods an exponential
/// mean keeps 2 parts of it in 10^9 (Wilder's: after twice as many), which no quote has digits for.
inline constexpr std::int64_t kSettledPeriods = 10;
/// A run has no bound of its own: what is looked for began within so many candles, or its length is
/// not told in full.
inline constexpr std::int64_t kRunCandles = 1000;

/// Bars after which the study's value no longer depends on what was before them, as far as a quote
/// has digits; at most kMaxPeriod.
std::int64_t bars_for(const StudyKey& key);

}  // namespace derivd::rules
