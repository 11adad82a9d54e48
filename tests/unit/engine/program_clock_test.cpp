#include "engine/program_clock.hpp"

#include <gtest/gtest.h>

namespace derivd::engine {
namespace {

constexpr core::Instant after(std::int64_t ms) { return {ms * 1'000'000}; }

TEST(ProgramClock, KnowsNothingBeforeTheFirstTick) {
  const ProgramClock clock;
  EXPECT_EQ(clock.at(after(5)), 0);
  EXPECT_FALSE(clock.when(1000));
}

TEST(ProgramClock, OurOwnSecondsPassBetweenTicks) {
  ProgramClock clock;
  clock.show({100}, after(10));
  EXPECT_EQ(clock.at(after(10)), 100'000);
  EXPECT_EQ(clock.at(after(760)), 100'750);
  EXPECT_EQ(*clock.when(100'750), after(760));
}

TEST(ProgramClock, ATickIsItsSecondAtLeast) {
  ProgramClock clock;
  clock.show({100}, after(0));
  // A simulator that is faster than we are.
  clock.show({160}, after(1000));
  EXPECT_EQ(clock.at(after(1000)), 160'000);
}

TEST(ProgramClock, NeitherOurDriftNorALateTickRunsAway) {
  ProgramClock clock;
  clock.show({100}, after(0));
  clock.show({101}, after(1'300));  // late by 300 ms: both readings hold
  EXPECT_EQ(clock.at(after(1'300)), 101'300);
  clock.show({102}, after(4'000));  // our clock says 104
  EXPECT_EQ(clock.at(after(4'000)), 103'500);
  clock.show({50}, after(5'000));  // the venue's clock went back
  EXPECT_EQ(clock.at(after(5'000)), 51'500);
}

}  // namespace
}  // namespace derivd::engine
