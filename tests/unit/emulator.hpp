// What runs this program where that is no kernel of its processor: some tests ask the kernel for
// what an emulator does not do, and have to say that they are skipped.
#pragma once

#include <cstdlib>

namespace derivd::test {

/// Its name; nullptr: none. platforms/on says it.
inline const char* emulator() { return std::getenv("DERIVD_EMULATOR"); }

}  // namespace derivd::test
