#include "service/pulse.hpp"

#include <gtest/gtest.h>

namespace derivd::service {
namespace {

using core::Instant;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart{1'000'000'000'000};

TEST(Pulse, IsHealthyWhileEverythingIsInTime) {
  Pulse pulse;
  pulse.armed(kStart, kStart);
  pulse.woke(kStart + milliseconds(3));
  EXPECT_EQ(pulse.check(kStart + milliseconds(3), kStart + seconds(1), true), std::nullopt);
  EXPECT_EQ(pulse.lag(), milliseconds(3));
  EXPECT_EQ(pulse.check(kStart + seconds(1), std::nullopt, true), std::nullopt);
  EXPECT_EQ(pulse.lag(), milliseconds(0)) << "the lag is that of the last span alone";
}

TEST(Pulse, ALateLoopIsToldOnceAndOverThen) {
  Pulse pulse;
  pulse.armed(kStart, kStart - seconds(1));
  pulse.woke(kStart + seconds(6));
  pulse.armed(kStart + seconds(6), kStart + seconds(6));
  pulse.woke(kStart + seconds(6));
  EXPECT_EQ(pulse.check(kStart + seconds(6), std::nullopt, true), "the loop was 6.0 s late");
  EXPECT_EQ(pulse.check(kStart + seconds(7), std::nullopt, true), std::nullopt);
}

TEST(Pulse, IsNotLateForWhatWasDueBeforeItCouldBeAskedFor) {
  Pulse pulse;
  pulse.armed(kStart - seconds(60), kStart);
  pulse.woke(kStart + milliseconds(2));
  EXPECT_EQ(pulse.check(kStart + milliseconds(2), std::nullopt, true), std::nullopt);
  EXPECT_EQ(pulse.lag(), milliseconds(2));
}

TEST(Pulse, ADeadlineThatIsNotPerformedStarves) {
  Pulse pulse;
  EXPECT_EQ(pulse.check(kStart + seconds(5), kStart, true), std::nullopt);
  EXPECT_EQ(pulse.check(kStart + milliseconds(5100), kStart, true),
            "a deadline is overdue by 5.1 s");
  EXPECT_EQ(pulse.check(kStart + seconds(60), kStart, true), "a deadline is overdue by 60.0 s");
}

TEST(Pulse, ABrokenJournalStarves) {
  Pulse pulse;
  EXPECT_EQ(pulse.check(kStart, std::nullopt, false), "the journal cannot be written");
}

}  // namespace
}  // namespace derivd::service
