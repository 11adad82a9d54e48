// The table of contract kinds: a row that is not here does not exist.
#include <algorithm>
#include <array>

#include "market/kind.hpp"

namespace derivd::market {
namespace {

constexpr std::array kKinds{
    &rows::kCall,      &rows::kPut,        &rows::kCallE,    &rows::kPutE,       &rows::kHigher,
    &rows::kLower,     &rows::kDigitEven,  &rows::kDigitOdd, &rows::kDigitMatch, &rows::kDigitDiff,
    &rows::kDigitOver, &rows::kDigitUnder, &rows::kMultUp,   &rows::kMultDown,
};

}  // namespace

std::span<const Kind* const> all_kinds() { return kKinds; }

}  // namespace derivd::market
