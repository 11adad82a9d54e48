// Owns Tick, one quote of one symbol at one epoch. Codecs and tick files make it; it travels by
// value. It never knows who listens.
#pragma once

#include "core/decimal.hpp"
#include "core/time.hpp"
#include "market/symbol.hpp"

namespace derivd::market {

struct Tick {
  SymbolCode symbol;
  core::VenueTime epoch;
  core::Price quote;
  friend bool operator==(const Tick&, const Tick&) = default;
};

}  // namespace derivd::market
