// The committed seeds of the fuzz target, in every build.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "fuzz/rules_target.hpp"

namespace derivd::rules {
namespace {

TEST(Corpus, EveryTextIsReadOrRefused) {
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(DERIVD_SOURCE "/tests/fuzz/corpus/rules")) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    fuzz::expression(text.str());
    ++files;
  }
  EXPECT_GE(files, 12);
}

}  // namespace
}  // namespace derivd::rules
