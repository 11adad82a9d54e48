// NEAR, which no venue sells: wins when the exit is within an offset of the entry, that distance
// included.
#pragma once

#include "market/spec.hpp"

namespace derivd::market::rows {
extern const Kind kNear;
}  // namespace derivd::market::rows
