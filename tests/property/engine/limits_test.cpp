#include <gtest/gtest.h>

#include "property/engine/world.hpp"

namespace derivd::engine::test {
namespace {

struct Totals {
  std::size_t executed = 0, lost = 0, restarts = 0, halts = 0;
};

Totals run_worlds(std::uint64_t first, std::uint64_t count, int steps, WorldOptions options) {
  Totals totals;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(seed, options);
    world.run(steps);
    world.finish();
    totals.executed += world.executed;
    totals.lost += world.lost_answers;
    totals.restarts += world.restarts;
    totals.halts += world.halts;
    if (::testing::Test::HasFailure()) break;
  }
  fmt::print("{} contracts, {} lost answers, {} restarts, {} halts\n", totals.executed, totals.lost,
             totals.restarts, totals.halts);
  return totals;
}

TEST(Limits, AreNeverPassedOnACalmDay) {
  const auto t = run_worlds(1, 400, 200, {false, false, false});
  EXPECT_GT(t.executed, 5'000u);
  EXPECT_GT(t.halts, 100u);
}

TEST(Limits, AreNeverPassedWithLostAnswersAndLinks) {
  const auto t = run_worlds(100'000, 500, 250, {true, false, false});
  EXPECT_GT(t.executed, 5'000u);
  EXPECT_GT(t.lost, 1000u);
}

TEST(Limits, AreNeverPassedWithCrashesBetweenAnyTwoActions) {
  const auto t = run_worlds(200'000, 500, 250, {true, true, false});
  EXPECT_GT(t.executed, 5'000u);
  EXPECT_GT(t.restarts, 1000u);
}

TEST(Limits, AreNeverPassedWhileSomebodyElseTradesToo) {
  const auto t = run_worlds(300'000, 400, 250, {true, true, true});
  EXPECT_GT(t.executed, 5'000u);
}

}  // namespace
}  // namespace derivd::engine::test
