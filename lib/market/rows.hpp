// Owns the declarations of the rows that only the table and their own file name. The table of kinds
// (kinds.cpp) and the family that defines a row include it; other code finds a row by its name
// (contract_type_from). A row that code buys by itself is declared in spec.hpp.
#pragma once

#include "market/kind.hpp"

namespace derivd::market::rows {

extern const Kind kOneTouch, kNoTouch;
extern const Kind kExpiryRange, kExpiryMiss, kExpiryRangeE, kExpiryMissE;
extern const Kind kRange, kUpOrDown;
extern const Kind kAsianUp, kAsianDown;
extern const Kind kRunHigh, kRunLow;
extern const Kind kTickHigh, kTickLow;
extern const Kind kResetCall, kResetPut;
extern const Kind kAccumulator;
extern const Kind kTurbosLong, kTurbosShort;
extern const Kind kVanillaCall, kVanillaPut;

}  // namespace derivd::market::rows
