// The table of kinds with one row more.
#include <array>

#include "family/near.hpp"
#include "market/kind.hpp"

namespace derivd::market {
namespace {

constexpr std::array kKinds{&rows::kCall, &rows::kHigher, &rows::kDigitOver, &rows::kMultUp,
                            &rows::kNear};

}  // namespace

std::span<const Kind* const> all_kinds() { return kKinds; }

}  // namespace derivd::market
