// Owns the places of a point position's notes. The files of turbos, vanillas and points share it.
#pragma once

#include <cstddef>

namespace derivd::market {

enum PointNote : std::size_t { kContracts, kLevel };

}  // namespace derivd::market
