// The committed fuzz corpus, in every build.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "fuzz/deriv_targets.hpp"

namespace derivd::deriv {
namespace {

std::vector<std::string> inputs(const char* name) {
  std::vector<std::string> out;
  const auto folder = std::filesystem::path(DERIVD_SOURCE) / "tests" / "fuzz" / "corpus" / name;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    out.push_back(text.str());
  }
  return out;
}

TEST(Corpus, OfTheDecoder) {
  const auto all = inputs("decoder");
  EXPECT_GE(all.size(), 25U);
  for (const auto& input : all) {
    fuzz::decode(input);
    for (std::size_t n = 0; n < input.size(); n += 7) fuzz::decode(input.substr(0, n));
  }
}

TEST(Corpus, OfSavedContracts) {
  const auto all = inputs("saved_contract");
  EXPECT_GE(all.size(), 12U);
  for (const auto& input : all) {
    fuzz::saved_contract(input);
    for (std::size_t n = 0; n < input.size(); n += 7) fuzz::saved_contract(input.substr(0, n));
  }
}

TEST(Corpus, OfTheSession) {
  const auto all = inputs("session");
  EXPECT_GE(all.size(), 5U);
  for (const auto& input : all) fuzz::live_session(input);
  std::string everything;
  for (const auto& input : all) everything += input;
  for (const auto& input : inputs("decoder")) everything += input;
  fuzz::live_session(everything);
}

}  // namespace
}  // namespace derivd::deriv
