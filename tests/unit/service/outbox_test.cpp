// One receiver's queue: nothing is sent twice at a time, nothing waits for ever, nothing floods.
#include "service/outbox.hpp"

#include <gtest/gtest.h>

namespace derivd::service {
namespace {

using core::Instant;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Fate = Outbox::Fate;

core::Notice notice(const std::string& text) {
  core::Notice n;
  n.text = text;
  return n;
}

class OutboxTest : public ::testing::Test {
 protected:
  /// The text of what is to be sent now; empty: nothing.
  std::string next() {
    const auto* n = box.next(now);
    return n == nullptr ? "" : n->text;
  }
  void pass(core::Duration d) { now = now + d; }

  Instant now{1'000'000'000'000'000};
  core::Rng rng{7};
  Outbox box{20, rng};
};

TEST_F(OutboxTest, OneAtATimeInOrder) {
  EXPECT_EQ(next(), "");
  EXPECT_EQ(box.next_deadline(now), std::nullopt);
  box.push(notice("a"), now);
  box.push(notice("b"), now);
  EXPECT_EQ(box.next_deadline(now), now);
  EXPECT_EQ(next(), "a");
  EXPECT_TRUE(box.under_way());
  EXPECT_EQ(next(), "") << "a second exchange beside the first";
  EXPECT_EQ(box.done(Fate::kDelivered, "", now), std::nullopt) << "success is not told";
  EXPECT_EQ(next(), "b");
  EXPECT_EQ(box.done(Fate::kDelivered, "", now), std::nullopt);
  EXPECT_EQ(next(), "");
}

TEST_F(OutboxTest, AFailureIsRetriedWithGrowingWaitsAndToldOnce) {
  box.push(notice("a"), now);
  ASSERT_EQ(next(), "a");
  EXPECT_EQ(box.done(Fate::kRetry, "no route", now), "no route; trying again");
  EXPECT_EQ(next(), "") << "at once again";
  core::Duration longest{0};
  for (int i = 0; i < 12; ++i) {
    const auto due = box.next_deadline(now);
    ASSERT_TRUE(due);
    const auto wait = *due - now;
    EXPECT_GE(wait, Outbox::kFirstRetry / 2);
    EXPECT_LE(wait, Outbox::kLongestRetry);
    longest = std::max(longest, wait);
    now = *due;
    ASSERT_EQ(next(), "a");
    EXPECT_EQ(box.done(Fate::kRetry, "no route", now), std::nullopt) << "told again";
  }
  EXPECT_GT(longest, Outbox::kFirstRetry * 4) << "the waits do not grow";
  now = *box.next_deadline(now);
  ASSERT_EQ(next(), "a");
  EXPECT_EQ(box.done(Fate::kDelivered, "", now), "notifications arrive again");
  box.push(notice("b"), now);
  EXPECT_EQ(next(), "b") << "after a success there is no wait";
}

TEST_F(OutboxTest, ARefusedMessageDoesNotBlockTheNext) {
  box.push(notice("a"), now);
  box.push(notice("b"), now);
  ASSERT_EQ(next(), "a");
  EXPECT_EQ(box.done(Fate::kRefused, "HTTP status 400", now),
            "HTTP status 400; the message is lost");
  ASSERT_EQ(next(), "b");
  EXPECT_EQ(box.done(Fate::kDelivered, "", now), "notifications arrive again; 1 were lost");
}

TEST_F(OutboxTest, TheHourIsLimitedAndTheCountTold) {
  for (int i = 0; i < 50; ++i) box.push(notice(std::to_string(i)), now);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(next(), std::to_string(i));
    box.done(Fate::kDelivered, "", now);
  }
  EXPECT_EQ(next(), "") << "the limit of an hour is passed";
  const auto due = box.next_deadline(now);
  ASSERT_TRUE(due);
  EXPECT_EQ(*due - now, hours(1));
  now = *due;
  const auto* told = box.next(now);
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->kind, core::NoticeKind::kHeldBack);
  EXPECT_EQ(told->text, "30 further notifications were held back: the limit is 20 an hour");
  box.done(Fate::kDelivered, "", now);
  EXPECT_EQ(box.next_deadline(now), std::nullopt) << "the count is told once";
}

TEST_F(OutboxTest, ADeadReceiverHoldsABoundedNumber) {
  Outbox wide(1000, rng);
  for (int i = 0; i < 500; ++i) {
    wide.push(notice(std::to_string(i)), now);
    if (i == 0) {
      ASSERT_NE(wide.next(now), nullptr);
    }
  }
  EXPECT_EQ(wide.waiting(), Outbox::kMaxWaiting);
  // The one under way is still the first; behind it are the newest.
  wide.done(Fate::kDelivered, "", now);
  const auto* after = wide.next(now);
  ASSERT_NE(after, nullptr);
  EXPECT_EQ(after->text, std::to_string(500 - static_cast<int>(Outbox::kMaxWaiting) + 1));
}

TEST_F(OutboxTest, WhatWaitedForAnotherReceiverComesFirst) {
  Outbox former{20, rng};
  former.push(notice("a"), now);
  former.push(notice("b"), now);
  ASSERT_NE(former.next(now), nullptr) << "a is under way there";
  box.push(notice("c"), now);
  box.inherit(former);
  EXPECT_EQ(former.waiting(), 0u);
  for (const auto* text : {"a", "b", "c"}) {
    EXPECT_EQ(next(), text);
    box.done(Fate::kDelivered, "", now);
  }
  for (std::size_t i = 0; i < Outbox::kMaxWaiting; ++i) {
    Outbox one{20, rng};
    one.push(notice("x"), now);
    box.inherit(one);
    box.inherit(one);
  }
  Outbox last{20, rng};
  last.push(notice("y"), now);
  box.inherit(last);
  EXPECT_EQ(box.waiting(), Outbox::kMaxWaiting) << "bounded";
}

TEST_F(OutboxTest, AReceiverThatNamesAWaitIsLeftInPeaceThatLong) {
  box.push(notice("a"), now);
  ASSERT_NE(box.next(now), nullptr);
  box.done(Fate::kRetry, "too many", now, seconds(90));
  const auto due = box.next_deadline(now);
  ASSERT_TRUE(due);
  EXPECT_GE(*due - now, seconds(90));
  now = *due;
  ASSERT_NE(box.next(now), nullptr);
  box.done(Fate::kRetry, "too many", now, hours(24 * 365));
  EXPECT_LE(*box.next_deadline(now) - now, Outbox::kLongestWait) << "a year is not believed";
}

TEST_F(OutboxTest, OldNewsAreDropped) {
  box.push(notice("old"), now);
  pass(Outbox::kKeep - minutes(1));
  box.push(notice("new"), now);
  pass(minutes(2));
  EXPECT_EQ(next(), "new");
}

}  // namespace
}  // namespace derivd::service
