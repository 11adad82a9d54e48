#include "core/backoff.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace derivd::core {
namespace {

using core::Duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

// The ceiling of the n-th wait after the immediate one, from the definition.
Duration ceiling(int n, const Backoff::Settings& settings) {
  auto d = settings.base;
  for (int i = 1; i < n; ++i) d = std::min<Duration>(settings.cap, d * 2);
  return std::min<Duration>(settings.cap, d);
}

TEST(Backoff, TheFirstAttemptIsImmediateAndTheNextIsNot) {
  core::Rng rng(1);
  Backoff backoff({}, rng);
  EXPECT_EQ(backoff.next(), Duration{0});
  EXPECT_GE(backoff.next(), milliseconds(250));
}

TEST(Backoff, EachWaitLiesWithinItsBoundsAndFillsThem) {
  const Backoff::Settings settings{milliseconds(500), seconds(30)};
  core::Rng rng(42);
  constexpr int kRounds = 4000;
  for (int n = 1; n <= 12; ++n) {
    std::vector<Duration> waits;
    for (int round = 0; round < kRounds; ++round) {
      Backoff backoff(settings, rng);
      for (int i = 0; i < n; ++i) (void)backoff.next();
      waits.push_back(backoff.next());
    }
    const auto low = settings.base / 2;
    const auto high = ceiling(n, settings);
    const auto [least, most] = std::minmax_element(waits.begin(), waits.end());
    EXPECT_GE(*least, low) << n;
    EXPECT_LE(*most, high) << n;
    // Uniform: both ends are reached to 1 %, and the mean lies in the middle. The standard error of
    // the mean is span/sqrt(12·4000) = 0.46 % of the span; 2 % is four of them.
    const auto span = high - low;
    EXPECT_LT(*least - low, span / 100) << n;
    EXPECT_LT(high - *most, span / 100) << n;
    Duration sum{0};
    for (const auto wait : waits) sum += wait;
    const auto mean = sum / kRounds;
    EXPECT_LT(std::abs((mean - (low + span / 2)).count()), (span / 50).count()) << n;
  }
}

TEST(Backoff, NeverGivesUpAndNeverExceedsTheCap) {
  core::Rng rng(3);
  Backoff backoff({milliseconds(500), seconds(30)}, rng);
  (void)backoff.next();
  Duration longest{0};
  for (int i = 0; i < 100'000; ++i) {
    const auto wait = backoff.next();
    ASSERT_GE(wait, milliseconds(250));
    ASSERT_LE(wait, seconds(30));
    longest = std::max(longest, wait);
  }
  EXPECT_GT(longest, seconds(29));
  EXPECT_EQ(backoff.attempts(), 100'001);
}

TEST(Backoff, ResetMakesTheNextOneImmediateAgain) {
  core::Rng rng(4);
  Backoff backoff({}, rng);
  for (int i = 0; i < 10; ++i) (void)backoff.next();
  backoff.reset();
  EXPECT_EQ(backoff.attempts(), 0);
  EXPECT_EQ(backoff.next(), Duration{0});
  EXPECT_LE(backoff.next(), milliseconds(500));
}

TEST(Backoff, ACapBelowTheBaseHolds) {
  core::Rng rng(5);
  Backoff backoff({seconds(2), seconds(1)}, rng);
  (void)backoff.next();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(backoff.next(), seconds(1));
}

TEST(Backoff, TwoClientsOfOneMomentDoNotMoveInStep) {
  core::Rng a(6), b(7);
  Backoff first({}, a), second({}, b);
  int equal = 0;
  for (int i = 0; i < 100; ++i) equal += first.next() == second.next() ? 1 : 0;
  EXPECT_EQ(equal, 1);  // the immediate one
}

}  // namespace
}  // namespace derivd::core
