// The fixed seeds of every test run, and the seeds that failed once.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "shrink.hpp"
#include "world.hpp"

namespace derivd::chaos {
namespace {

constexpr std::uint64_t kShards = 8;
constexpr std::uint64_t kSeedsPerShard = 40;

class Runs : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Runs, HoldEveryInvariant) {
  for (std::uint64_t i = 0; i < kSeedsPerShard; ++i) {
    const auto s = scenario(1 + GetParam() * kSeedsPerShard + i);
    const auto out = run(s);
    ASSERT_TRUE(out.violations.empty()) << describe(out) << "smallest: " << describe(shrink(s));
  }
}
INSTANTIATE_TEST_SUITE_P(FixedSeeds, Runs, testing::Range<std::uint64_t>(0, kShards));

TEST(Reproduction, OneSeedIsOneRunToTheByte) {
  for (const std::uint64_t seed : {11, 12, 13, 14, 15, 16}) {
    const auto first = run(scenario(seed));
    const auto again = run(scenario(seed));
    EXPECT_EQ(first.hash, again.hash) << "seed " << seed;
    EXPECT_NE(first.hash, run(scenario(seed + 100)).hash);
  }
}

TEST(Coverage, TheFixedSeedsTradeAndEveryFaultHappens) {
  std::array<std::uint64_t, kKinds> faults{};
  std::size_t contracts = 0;
  std::size_t foreign = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto out = run(scenario(seed));
    contracts += out.contracts;
    foreign += out.foreign;
    for (std::size_t i = 0; i < kKinds; ++i) faults[i] += out.faults[i];
  }
  EXPECT_GT(contracts, 1000U);
  EXPECT_GT(foreign, 100U);
  for (std::size_t i = 0; i < kKinds; ++i) {
    EXPECT_GT(faults[i], 0U) << name_of(static_cast<Kind>(i));
  }
}

TEST(Sqlite, TheRealJournalHoldsTheSameInvariants) {
  auto dir = (std::filesystem::temp_directory_path() / "derivd-chaos-XXXXXX").string();
  ASSERT_NE(::mkdtemp(dir.data()), nullptr);
  for (std::uint64_t seed = 5'001; seed <= 5'006; ++seed) {
    const auto path = fmt::format("{}/{}.db", dir, seed);
    // The file itself never loses a tail here: power failures are the memory journal's part.
    const auto s = scenario(seed, kAllKinds & ~bit(Kind::kPowerLoss), 60);
    const auto out = run(s, path);
    EXPECT_TRUE(out.violations.empty()) << describe(out);
    EXPECT_EQ(out.hash, run(s).hash) << "the journal in memory gave another run, seed " << seed;
  }
  std::filesystem::remove_all(dir);
}

TEST(Regressions, SeedsThatFailedOnceHold) {
  std::ifstream file(DERIVD_SOURCE "/tests/chaos/regressions.txt");
  ASSERT_TRUE(file.is_open());
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line.substr(0, line.find(';')));
    std::uint64_t seed = 0;
    Mask mask = kAllKinds;
    std::int64_t seconds = 0;
    ASSERT_TRUE(words >> seed) << line;
    words >> mask >> seconds;
    const auto out = run(scenario(seed, mask, seconds));
    EXPECT_TRUE(out.violations.empty()) << line << "\n" << describe(out);
  }
}

}  // namespace
}  // namespace derivd::chaos
