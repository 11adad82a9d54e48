// Owns what the plans of this room share: the choice of a barrier, of a multiplier, of a distance.
// The files of the table use it. It never judges.
#pragma once

#include <array>

#include "proof/probe.hpp"

namespace derivd::proof {

/// Indices that walk and sell nearly every type: the first that the venue lists is asked.
inline constexpr std::array<std::string_view, 2> kWalks{"R_100", "1HZ100V"};

/// A type that is sold at listed barriers alone, at the one in their middle. `length`: "5t".
Request with_middle_barrier(const Market& market, std::string_view type, std::string_view length,
                            core::Money stake);
/// The largest that is known to be sold on the symbol; 100 where none is known.
std::uint16_t multiplier_of(const Market& market);
/// The lowest of them.
std::uint16_t least_multiplier_of(const Market& market);
/// So many standard deviations of `seconds` away from the latest quote, to one significant digit
/// and at least a pip: people choose such barriers.
core::Price distance(const Market& market, double seconds, double deviations);
/// "+2.00".
std::string signed_text(core::Price offset);

}  // namespace derivd::proof
