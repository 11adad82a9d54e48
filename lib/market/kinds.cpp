// The table of contract kinds: a row that is not here does not exist.
#include <algorithm>
#include <array>

#include "market/kind.hpp"
#include "market/rows.hpp"

namespace derivd::market {
namespace {

constexpr std::array kKinds{
    &rows::kCall,        &rows::kPut,         &rows::kCallE,        &rows::kPutE,
    &rows::kHigher,      &rows::kLower,       &rows::kDigitEven,    &rows::kDigitOdd,
    &rows::kDigitMatch,  &rows::kDigitDiff,   &rows::kDigitOver,    &rows::kDigitUnder,
    &rows::kMultUp,      &rows::kMultDown,    &rows::kOneTouch,     &rows::kNoTouch,
    &rows::kExpiryRange, &rows::kExpiryMiss,  &rows::kExpiryRangeE, &rows::kExpiryMissE,
    &rows::kRange,       &rows::kUpOrDown,    &rows::kAsianUp,      &rows::kAsianDown,
    &rows::kRunHigh,     &rows::kRunLow,      &rows::kTickHigh,     &rows::kTickLow,
    &rows::kResetCall,   &rows::kResetPut,    &rows::kAccumulator,  &rows::kTurbosLong,
    &rows::kTurbosShort, &rows::kVanillaCall, &rows::kVanillaPut,
};

}  // namespace

std::span<const Kind* const> all_kinds() { return kKinds; }

}  // namespace derivd::market
