#include "core/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "core/rng.hpp"

namespace derivd::core {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Instant kStart{5'000'000'000};

RateBudget budget(std::uint32_t per_minute, std::uint32_t per_hour, std::uint32_t headroom = 0) {
  return {.per_minute = per_minute, .per_hour = per_hour, .headroom_percent = headroom};
}

TEST(RateLimiter, AdmitsExactlyTheMinuteBudgetAtOnce) {
  RateLimiter limiter(budget(3, 0));
  EXPECT_TRUE(limiter.try_take(kStart));
  EXPECT_TRUE(limiter.try_take(kStart));
  EXPECT_EQ(limiter.next_free(kStart), kStart);
  EXPECT_TRUE(limiter.try_take(kStart));
  EXPECT_FALSE(limiter.try_take(kStart));
  EXPECT_EQ(limiter.next_free(kStart), kStart + minutes(1));
}

TEST(RateLimiter, ACallLeavesTheWindowAfterExactlyOneMinute) {
  RateLimiter limiter(budget(2, 0));
  EXPECT_TRUE(limiter.try_take(kStart));
  EXPECT_TRUE(limiter.try_take(kStart + seconds(20)));
  EXPECT_FALSE(limiter.try_take(kStart + minutes(1) - Duration(1)));
  EXPECT_EQ(limiter.next_free(kStart + seconds(30)), kStart + minutes(1));
  EXPECT_TRUE(limiter.try_take(kStart + minutes(1)));
  // The window slid: the next to leave is the call at 20 s, not a fixed minute's start.
  EXPECT_EQ(limiter.next_free(kStart + minutes(1)), kStart + seconds(80));
  EXPECT_FALSE(limiter.try_take(kStart + seconds(79)));
  EXPECT_TRUE(limiter.try_take(kStart + seconds(80)));
}

TEST(RateLimiter, ARefusedCallIsNotCounted) {
  RateLimiter limiter(budget(1, 0));
  EXPECT_TRUE(limiter.try_take(kStart));
  for (int i = 1; i < 60; ++i) EXPECT_FALSE(limiter.try_take(kStart + seconds(i)));
  EXPECT_TRUE(limiter.try_take(kStart + seconds(60)));
}

TEST(RateLimiter, TheHourBindsWhenTheMinuteDoesNot) {
  RateLimiter limiter(budget(5, 7));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(limiter.try_take(kStart));
  EXPECT_TRUE(limiter.try_take(kStart + minutes(1)));
  EXPECT_TRUE(limiter.try_take(kStart + minutes(1)));
  EXPECT_FALSE(limiter.try_take(kStart + minutes(2)));
  EXPECT_EQ(limiter.next_free(kStart + minutes(2)), kStart + hours(1));
  EXPECT_TRUE(limiter.try_take(kStart + hours(1)));
}

TEST(RateLimiter, MinuteLargerThanHourIsBoundByTheHour) {
  RateLimiter limiter(budget(10, 4));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(limiter.try_take(kStart));
  EXPECT_EQ(limiter.next_free(kStart), kStart + hours(1));
}

TEST(RateLimiter, HeadroomIsLeftAndNeverTakesTheLastCall) {
  const RateLimiter deriv(budget(360, 14'400, 10));
  EXPECT_EQ(deriv.per_minute(), 324U);
  EXPECT_EQ(deriv.per_hour(), 12'960U);
  EXPECT_EQ(RateLimiter(budget(30, 1'500, 15)).per_minute(), 25U);  // 25.5 rounded down
  EXPECT_EQ(RateLimiter(budget(1, 0, 99)).per_minute(), 1U);
  EXPECT_EQ(RateLimiter(budget(5, 5, 100)).per_hour(), 1U);
}

TEST(RateLimiter, NoLimitAdmitsEverything) {
  RateLimiter limiter(budget(0, 0));
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(limiter.try_take(kStart));
  EXPECT_EQ(limiter.next_free(kStart), kStart);
  EXPECT_EQ(limiter.next_free(kStart, 1000), kStart);
}

TEST(RateLimiter, ReserveKeepsRoomForWhatMustNotWait) {
  RateLimiter limiter(budget(4, 0));
  EXPECT_TRUE(limiter.try_take(kStart, 2));
  EXPECT_TRUE(limiter.try_take(kStart + seconds(1), 2));
  EXPECT_FALSE(limiter.try_take(kStart + seconds(2), 2));
  EXPECT_EQ(limiter.next_free(kStart + seconds(2), 2), kStart + minutes(1));
  EXPECT_TRUE(limiter.try_take(kStart + seconds(2)));
  EXPECT_TRUE(limiter.try_take(kStart + seconds(2)));
  EXPECT_FALSE(limiter.try_take(kStart + seconds(3)));
  // At 60 s one call left, but the two without reserve still fill the reserve's room.
  EXPECT_FALSE(limiter.try_take(kStart + minutes(1), 2));
  EXPECT_EQ(limiter.next_free(kStart + minutes(1), 2), kStart + seconds(62));
  EXPECT_TRUE(limiter.try_take(kStart + seconds(62), 2));
}

TEST(RateLimiter, AReserveTooLargeForTheWindowStillLetsOneCallThrough) {
  RateLimiter limiter(budget(2, 0));
  EXPECT_TRUE(limiter.try_take(kStart, 50));
  EXPECT_FALSE(limiter.try_take(kStart, 50));
  EXPECT_EQ(limiter.next_free(kStart, 50), kStart + minutes(1));
}

TEST(RateLimiter, AClockThatStepsBackAdmitsNoMore) {
  RateLimiter limiter(budget(2, 0));
  EXPECT_TRUE(limiter.try_take(kStart + seconds(30)));
  EXPECT_TRUE(limiter.try_take(kStart));
  EXPECT_FALSE(limiter.try_take(kStart + seconds(61)));
  EXPECT_TRUE(limiter.try_take(kStart + seconds(90)));
}

// Against the definition: count the admitted calls of the last minute and hour one by one.
TEST(RateLimiter, LeftIsWhatStillFits) {
  RateLimiter limiter(budget(5, 7));
  EXPECT_EQ(limiter.left(kStart), 5U);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(limiter.try_take(kStart + seconds(10 * i)));
  EXPECT_EQ(limiter.left(kStart + seconds(59)), 0U);
  EXPECT_EQ(limiter.left(kStart + seconds(60)), 1U);
  EXPECT_EQ(limiter.left(kStart + minutes(5)), 2U) << "the hour";
  EXPECT_EQ(limiter.left(kStart + hours(1)), 3U);
  EXPECT_EQ(limiter.left(kStart + hours(2)), 5U);
  EXPECT_GT(RateLimiter(budget(0, 0)).left(kStart), 1'000'000U);
}

TEST(RateLimiter, AnotherBudgetInheritsWhatWasCounted) {
  RateLimiter wide(budget(10, 0));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(wide.try_take(kStart + seconds(i)));
  RateLimiter narrow(budget(3, 0));
  narrow.inherit(wide);
  EXPECT_EQ(narrow.left(kStart + seconds(10)), 0U);
  EXPECT_EQ(narrow.next_free(kStart + seconds(10)), kStart + seconds(61)) << "the newest three";
  RateLimiter wider(budget(6, 0));
  wider.inherit(wide);
  EXPECT_EQ(wider.left(kStart + seconds(10)), 2U);
  wider.inherit(RateLimiter(budget(6, 0)));
  EXPECT_EQ(wider.left(kStart + seconds(10)), 6U);
}

TEST(RateLimiter, AgreesWithCountingOneByOne) {
  Rng rng(20'260'814);
  for (int round = 0; round < 20; ++round) {
    const auto per_minute = static_cast<std::uint32_t>(1 + rng.below(12));
    const auto per_hour = static_cast<std::uint32_t>(1 + rng.below(60));
    RateLimiter limiter(budget(per_minute, per_hour));
    std::deque<Instant> admitted;
    auto now = kStart;
    for (int step = 0; step < 2000; ++step) {
      now = now + milliseconds(static_cast<std::int64_t>(rng.below(20'000)));
      const auto within = [&](Duration window) {
        return static_cast<std::uint32_t>(std::count_if(
            admitted.begin(), admitted.end(), [&](Instant t) { return now - t < window; }));
      };
      const bool fits = within(minutes(1)) < per_minute && within(hours(1)) < per_hour;
      const auto next = limiter.next_free(now);
      ASSERT_EQ(next == now, fits) << "round " << round << " step " << step;
      ASSERT_EQ(limiter.try_take(now), fits) << "round " << round << " step " << step;
      if (fits) admitted.push_back(now);
    }
  }
}

// next_free() is the first moment: it says no one nanosecond before, yes at it.
TEST(RateLimiter, NextFreeIsTheFirstMoment) {
  Rng rng(7);
  RateLimiter limiter(budget(5, 20));
  auto now = kStart;
  for (int i = 0; i < 500; ++i) {
    const auto free = limiter.next_free(now);
    if (free > now) {
      ASSERT_FALSE(limiter.try_take(free - Duration(1)));
    }
    ASSERT_TRUE(limiter.try_take(free));
    now = free + milliseconds(static_cast<std::int64_t>(rng.below(9'000)));
  }
}

}  // namespace
}  // namespace derivd::core
