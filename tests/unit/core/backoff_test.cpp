#include "core/backoff.hpp"

#include <gtest/gtest.h>

namespace derivd::core {
namespace {

using std::chrono::milliseconds;

constexpr Backoff::Settings kSettings{milliseconds(500), std::chrono::seconds(30)};

TEST(Backoff, FirstAttemptIsImmediate) {
  Rng rng(1);
  Backoff backoff(kSettings, rng);
  EXPECT_EQ(backoff.next(), Duration{0});
}

TEST(Backoff, GrowsWithinItsBoundsAndStopsAtTheCap) {
  Rng rng(7);
  Backoff backoff(kSettings, rng);
  backoff.next();
  Duration ceiling = milliseconds(500);
  Duration longest{0};
  for (int i = 0; i < 200; ++i) {
    const auto wait = backoff.next();
    EXPECT_GE(wait, milliseconds(250)) << i;
    EXPECT_LE(wait, std::min<Duration>(ceiling, std::chrono::seconds(30))) << i;
    if (ceiling < std::chrono::seconds(30)) ceiling *= 2;
    longest = std::max(longest, wait);
  }
  EXPECT_GT(longest, std::chrono::seconds(20));
  EXPECT_EQ(backoff.attempts(), 201);
}

TEST(Backoff, IsJitteredAcrossItsWholeRange) {
  Rng rng(3);
  Backoff backoff(kSettings, rng);
  for (int i = 0; i < 20; ++i) backoff.next();
  int low = 0;
  int high = 0;
  for (int i = 0; i < 400; ++i) {
    if (backoff.next() < std::chrono::seconds(15)) {
      ++low;
    } else {
      ++high;
    }
  }
  EXPECT_GT(low, 120);
  EXPECT_GT(high, 120);
}

TEST(Backoff, ResetMakesTheNextAttemptImmediateAgain) {
  Rng rng(5);
  Backoff backoff(kSettings, rng);
  for (int i = 0; i < 5; ++i) backoff.next();
  backoff.reset();
  EXPECT_EQ(backoff.attempts(), 0);
  EXPECT_EQ(backoff.next(), Duration{0});
  EXPECT_LE(backoff.next(), milliseconds(500));
}

}  // namespace
}  // namespace derivd::core
