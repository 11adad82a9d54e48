// The journal that derivd 0.1.0 left, journal_v2.sql beside this file, for the tests of what
// becomes of it.
#pragma once

#include <string>

namespace derivd::test {

/// SQL that makes it in an empty file.
std::string journal_of_version2();

}  // namespace derivd::test
