// NEAR, which no venue sells: wins when the exit is within an offset of the entry, that distance
// included.
#pragma once

#include "market/contract.hpp"

namespace derivd::market::rows {
extern const Kind kNear;
}  // namespace derivd::market::rows
