// Counts heap allocations of the whole test program. In a file of its own, so that the compiler
// cannot see through the replaced operators.
#pragma once

#include <cstddef>

namespace derivd::engine::test {

std::size_t allocations();

}  // namespace derivd::engine::test
