// Owns the search for the smallest scenario that still fails, and how an outcome is written. The
// command line and the tests use it. It never changes a seed.
#pragma once

#include <string>

#include "world.hpp"

namespace derivd::chaos {

/// Takes away kinds of fault one at a time, then time, as long as the run still fails.
Outcome shrink(const Scenario& failing);

/// "seed N mask M: …" with the violations below.
std::string describe(const Outcome& outcome);

}  // namespace derivd::chaos
