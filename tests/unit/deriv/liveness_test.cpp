// Whether anything lives at the other end, and what time it is there.
#include <gtest/gtest.h>

#include "deriv/liveness.hpp"
#include "deriv/venue_clock.hpp"

namespace derivd::deriv {
namespace {

using core::Instant;
using core::VenueTime;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = Liveness::Verdict;

constexpr Instant kStart{1'000'000'000'000};

Instant after(core::Duration passed) { return kStart + passed; }

struct LivenessTest : testing::Test {
  LivenessTest() { liveness.opened(kStart); }
  static Pending ping(core::Duration sent, core::Duration deadline) {
    return {1, Call::kPing, 0, after(sent), after(deadline)};
  }
  Liveness liveness;
};

TEST_F(LivenessTest, APingIsDueWhenNothingComesForTheQuietTimeOrNothingWasSentForHalfAMinute) {
  EXPECT_EQ(liveness.next_ping(seconds(5), {}), after(seconds(5)));
  liveness.received(after(seconds(4)));
  EXPECT_EQ(liveness.next_ping(seconds(5), {}), after(seconds(9)));
  liveness.received(after(seconds(29)));
  EXPECT_EQ(liveness.next_ping(seconds(5), {}), after(seconds(30))) << "whatever comes";
  liveness.sent(after(seconds(10)));
  EXPECT_EQ(liveness.next_ping(seconds(60), {}), after(seconds(40)));
}

TEST_F(LivenessTest, AnAnswerThatIsLateMakesUsAskOnce) {
  const auto asked = after(seconds(1));
  EXPECT_EQ(liveness.next_ping(seconds(30), asked), after(seconds(6)));
  liveness.pinged(after(seconds(6)));
  EXPECT_TRUE(liveness.waits());
  EXPECT_EQ(liveness.asked_before(), asked) << "it is no newer than that: it asks no more";
}

TEST_F(LivenessTest, ThePingThatNothingFollowedEndsTheLink) {
  liveness.pinged(after(seconds(5)));
  EXPECT_EQ(liveness.overdue(ping(seconds(5), seconds(10)), after(seconds(10))),
            Verdict::kNothingArrives);
  EXPECT_FALSE(liveness.waits());
}

TEST_F(LivenessTest, WhereFramesComeItTakesTwoUnansweredPingsInARow) {
  liveness.received(after(seconds(6)));
  EXPECT_EQ(liveness.overdue(ping(seconds(5), seconds(10)), after(seconds(10))),
            Verdict::kAskAgain);
  liveness.answered();
  liveness.received(after(seconds(16)));
  EXPECT_EQ(liveness.overdue(ping(seconds(15), seconds(20)), after(seconds(20))),
            Verdict::kAskAgain)
      << "the answer in between began the count anew";
  liveness.answered_badly();
  liveness.received(after(seconds(26)));
  EXPECT_EQ(liveness.overdue(ping(seconds(25), seconds(30)), after(seconds(30))),
            Verdict::kPingsUnanswered)
      << "a refusal does not";
}

TEST_F(LivenessTest, WhoWasAwayHimselfAsksAgain) {
  EXPECT_EQ(liveness.overdue(ping(seconds(5), seconds(10)), after(seconds(12))),
            Verdict::kAskAgain);
  EXPECT_EQ(liveness.overdue(ping(seconds(5), seconds(10)), after(seconds(12) - milliseconds(1))),
            Verdict::kNothingArrives);
}

TEST_F(LivenessTest, ALostLinkLeavesNothingBehind) {
  liveness.received(after(seconds(6)));
  EXPECT_EQ(liveness.overdue(ping(seconds(5), seconds(10)), after(seconds(10))),
            Verdict::kAskAgain);
  liveness.pinged(after(seconds(10)));
  liveness.lost();
  EXPECT_FALSE(liveness.waits());
  liveness.opened(after(seconds(20)));
  liveness.received(after(seconds(26)));
  EXPECT_EQ(liveness.overdue(ping(seconds(25), seconds(30)), after(seconds(30))),
            Verdict::kAskAgain)
      << "the first of this link";
}

core::Now now_at(core::Duration passed, std::int64_t venue = 0) {
  return {after(passed), {}, {venue}};
}

TEST(VenueClock, WhatIsShownNeverLeadsBackAndTheVenuesWordMay) {
  VenueClock clock;
  EXPECT_TRUE(clock.show({1000}));
  EXPECT_FALSE(clock.show({1000}));
  EXPECT_FALSE(clock.show({999}));
  EXPECT_EQ(clock.shown(), VenueTime{1000});
  clock.tell({900}, kStart);
  EXPECT_EQ(clock.shown(), VenueTime{900});
  EXPECT_EQ(clock.told(), VenueTime{900});
}

TEST(VenueClock, ATickThatIsStampedAheadDatesNoReport) {
  VenueClock clock;
  clock.tell({1000}, kStart);
  EXPECT_TRUE(clock.show({5000}));
  EXPECT_EQ(clock.told(), VenueTime{1000});
  EXPECT_EQ(clock.shown(), VenueTime{5000});
}

TEST(VenueClock, GoesOnFromTheVenuesWordAndStandsNoEarlierThanWhatWasShown) {
  VenueClock clock;
  EXPECT_EQ(clock.at(now_at(seconds(0), 77)), VenueTime{77}) << "nothing is known yet";
  EXPECT_TRUE(clock.show({500}));
  EXPECT_EQ(clock.at(now_at(seconds(9), 77)), VenueTime{500});
  clock.tell({1000}, kStart);
  EXPECT_EQ(clock.at(now_at(milliseconds(2999))), VenueTime{1002});
  EXPECT_TRUE(clock.show({1010}));
  EXPECT_EQ(clock.at(now_at(seconds(3))), VenueTime{1010});
  EXPECT_EQ(clock.at(now_at(seconds(11))), VenueTime{1011});
}

TEST(VenueClock, ItsWordIsFreshForASecond) {
  VenueClock clock;
  EXPECT_TRUE(clock.show({1000}));
  EXPECT_FALSE(clock.is_fresh(kStart)) << "a tick is no word of the venue";
  clock.tell({1000}, kStart);
  EXPECT_TRUE(clock.is_fresh(after(seconds(1))));
  EXPECT_FALSE(clock.is_fresh(after(milliseconds(1001))));
}

}  // namespace
}  // namespace derivd::deriv
