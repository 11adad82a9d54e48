#include "unit/store/journal_v2.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace derivd::test {

std::string journal_of_version2() {
  std::ifstream in(DERIVD_SOURCE "/tests/unit/store/journal_v2.sql");
  std::string text(std::istreambuf_iterator<char>(in), {});
  EXPECT_FALSE(text.empty());
  return text;
}

}  // namespace derivd::test
