#include "rules/needs.hpp"

#include <algorithm>

namespace derivd::rules {
namespace {

/// The bar before the first one, which changes are measured against, and one to compare with
/// (crosses_above).
constexpr std::int64_t kBefore = 2;

std::int64_t windows_of(const StudyKey& key) {
  const auto [n, second, third] = key.args;
  switch (key.word) {
    case Word::kEma:
      return kSettledPeriods * n;
    case Word::kRsi:
    case Word::kAtr:
      return 2 * kSettledPeriods * n;
    case Word::kMacd:
      return kSettledPeriods * (second + third);
    case Word::kStochK:
      return n + second + third;
    case Word::kRun:
      return kRunCandles;
    default:
      return n;
  }
}

}  // namespace

std::int64_t bars_for(const StudyKey& key) {
  return std::min(windows_of(key) + kBefore, kMaxPeriod);
}

}  // namespace derivd::rules
