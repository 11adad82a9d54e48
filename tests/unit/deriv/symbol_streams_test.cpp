// The ticks of streamed symbols: which are new, when they are late, when they are silent.
#include <gtest/gtest.h>

#include "deriv/symbol_streams.hpp"
#include "parts_rig.hpp"

namespace derivd::deriv::test {
namespace {

using Place = SymbolStream::Place;
using core::Duration;
using core::Instant;
using core::VenueTime;

constexpr Instant kStart{1'000'000'000'000};

Instant after(Duration passed) { return kStart + passed; }

struct StreamTest : testing::Test {
  /// As if the venue had answered the subscription at the start.
  StreamTest() { run(stream); }
  static void run(SymbolStream& s) {
    s.task.finish();
    s.answered(kStart);
  }
  void take(std::int64_t epoch, Duration passed) {
    stream.heard(after(passed));
    ASSERT_NE(stream.place_of({epoch}), Place::kSeen);
    stream.take({epoch}, after(passed));
  }
  SymbolStream stream{"R_100", seconds(2), kStart};
  SymbolStream unknown{"frxXXXYYY", {}, kStart};
};

TEST_F(StreamTest, ATickIsNewOnce) {
  EXPECT_EQ(stream.place_of({100}), Place::kNew);
  EXPECT_EQ(stream.place_of({100}), Place::kNew) << "until it is taken";
  stream.take({100}, kStart);
  EXPECT_EQ(stream.place_of({100}), Place::kSeen);
  EXPECT_EQ(stream.place_of({99}), Place::kSeen);
  EXPECT_EQ(stream.place_of({102}), Place::kNew);
  EXPECT_TRUE(stream.has_seen({100}));
  EXPECT_FALSE(stream.has_seen({101}));
}

TEST_F(StreamTest, ManyOlderTicksInARowSayThatTheVenuesClockWentBack) {
  take(1000, seconds(1));
  for (int i = 1; i < SymbolStream::kMaxStaleRun; ++i) {
    ASSERT_EQ(stream.place_of({500 + i}), Place::kSeen) << i;
  }
  EXPECT_EQ(stream.place_of({600}), Place::kBack);
  stream.take({600}, kStart);
  EXPECT_EQ(stream.last_epoch(), VenueTime{600});
  EXPECT_EQ(stream.place_of({599}), Place::kSeen) << "the run begins anew";
}

TEST_F(StreamTest, TheFirstHistoryOfALinkTellsWhetherTheClockWentBack) {
  take(1000, seconds(1));
  EXPECT_FALSE(stream.went_back(VenueTime{1})) << "no new link";
  stream.restart(after(seconds(2)));
  EXPECT_FALSE(stream.went_back(VenueTime{940})) << "within the margin";
  EXPECT_FALSE(stream.went_back(VenueTime{1})) << "only the first one";
  stream.restart(after(seconds(3)));
  EXPECT_TRUE(stream.went_back(VenueTime{939}));
  EXPECT_FALSE(stream.last_epoch());
  EXPECT_EQ(stream.place_of({500}), Place::kNew);
}

TEST_F(StreamTest, AHistoryClosesTheGapAndMore) {
  EXPECT_EQ(stream.history_for(10, {1000}), 10U);
  stream.wanted_from = VenueTime{800};
  EXPECT_EQ(stream.history_for(10, {1000}), 105U) << "200 s of a tick each two, and a margin";
  take(900, seconds(1));
  EXPECT_EQ(stream.history_for(10, {1000}), 55U) << "what was seen counts more";
  EXPECT_EQ(stream.history_for(70, {1000}), 70U);
  EXPECT_EQ(stream.history_for(10, {900}), 10U);
  EXPECT_EQ(stream.history_for(10, {900'000}), kMaxHistory);
}

TEST_F(StreamTest, LateIsWhatIsLaterThanThreeIntervals) {
  EXPECT_EQ(stream.late_after(), seconds(8));
  EXPECT_EQ(unknown.late_after(), SymbolStream::kUnknownLate);
  EXPECT_EQ(SymbolStream("R_1", minutes(5), kStart).late_after(), SymbolStream::kLongestLate);
}

TEST_F(StreamTest, AnUnknownRhythmIsLearnedFromTheLongestRecentPause) {
  run(unknown);
  unknown.heard(after(seconds(4)));
  EXPECT_EQ(unknown.late_after(), 3 * seconds(4) + seconds(2));
  unknown.heard(after(seconds(5)));
  EXPECT_EQ(unknown.late_after(), 3 * milliseconds(3500) + seconds(2)) << "forgotten by an eighth";
  unknown.heard(after(seconds(50)));
  EXPECT_EQ(unknown.late_after(), SymbolStream::kLongestLate) << "10 s are the most it learns";
}

TEST_F(StreamTest, WhatIsLateThoughTheVenueIsThereIsExcusedUntilItsNextTick) {
  EXPECT_TRUE(stream.is_ticking());
  stream.excuse_if_late(after(seconds(8) - milliseconds(1)));
  EXPECT_TRUE(stream.is_ticking());
  stream.excuse_if_late(after(seconds(8)));
  EXPECT_FALSE(stream.is_ticking());
  stream.heard(after(seconds(9)));
  EXPECT_TRUE(stream.is_ticking());
  // Silence by its own will teaches nothing about the rhythm.
  run(unknown);
  unknown.excuse_if_late(after(seconds(10)));
  unknown.heard(after(seconds(60)));
  EXPECT_EQ(unknown.late_after(), SymbolStream::kUnknownLate);
}

TEST_F(StreamTest, AStreamThatStaysSilentIsWantedAgainAtGrowingIntervals) {
  stream.id = kStream;
  EXPECT_EQ(stream.lost_by_silence_at(), after(minutes(1)));
  EXPECT_FALSE(stream.lost_by_silence(after(minutes(1) - milliseconds(1))));
  EXPECT_EQ(stream.lost_by_silence(after(minutes(1))), StreamId(kStream));
  EXPECT_TRUE(stream.task.wanted());
  EXPECT_TRUE(stream.id.empty());
  EXPECT_FALSE(stream.lost_by_silence_at()) << "it does not run";
  Duration passed = minutes(1);
  for (const int wait : {2, 4, 8, 10, 10}) {
    stream.task.finish();
    EXPECT_EQ(stream.lost_by_silence_at(), after(passed + minutes(wait))) << wait;
    passed += minutes(wait);
    EXPECT_TRUE(stream.lost_by_silence(after(passed)));
  }
  stream.task.finish();
  stream.heard(after(passed));
  EXPECT_EQ(stream.lost_by_silence_at(), after(passed + minutes(1)));
}

TEST_F(StreamTest, ItsSilenceIsToldOnceAndEndedByATick) {
  EXPECT_EQ(stream.falls_silent_at(), after(minutes(1)));
  EXPECT_FALSE(stream.falls_silent(after(minutes(1) - milliseconds(1))));
  EXPECT_EQ(stream.falls_silent(after(minutes(1))), minutes(1));
  EXPECT_FALSE(stream.falls_silent(after(minutes(9))));
  EXPECT_FALSE(stream.falls_silent_at());
  const auto taken = stream.take({100}, after(minutes(10)));
  EXPECT_TRUE(taken.ends_silence);
  EXPECT_EQ(taken.pause, minutes(10));
  EXPECT_FALSE(stream.take({102}, after(minutes(10) + seconds(2))).ends_silence);
  EXPECT_EQ(stream.falls_silent_at(), after(minutes(11) + seconds(2)));
}

TEST_F(StreamTest, ANewLinkWaitsAnewAndKeepsWhatWasSeen) {
  take(1000, seconds(10));
  stream.id = kStream;
  stream.restart(after(minutes(30)));
  EXPECT_TRUE(stream.task.wanted());
  EXPECT_TRUE(stream.id.empty());
  EXPECT_EQ(stream.waits_since(), after(minutes(30)));
  EXPECT_TRUE(stream.has_seen({1000}));
}

TEST_F(StreamTest, ItsAgeIsThatOfTheLastTickAndLateOnlyWithALink) {
  auto age = stream.age(after(seconds(9)), true);
  EXPECT_FALSE(age.any);
  EXPECT_TRUE(age.late);
  EXPECT_EQ(age.age, seconds(9));
  take(1000, seconds(10));
  age = stream.age(after(seconds(15)), true);
  EXPECT_TRUE(age.any);
  EXPECT_FALSE(age.late);
  EXPECT_EQ(age.age, seconds(5));
  EXPECT_FALSE(stream.age(after(minutes(1)), false).late);
}

using StreamDeathTest = StreamTest;

TEST_F(StreamDeathTest, ThePastHasNoTickTwice) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  stream.take_past({100});
  stream.take_past({102});
  EXPECT_DEATH(stream.take_past({102}), "no tick twice");
}

struct StreamsTest : testing::Test, PartRig {
  StreamsTest() { clock.tell(now.venue, now.instant); }
  void pump() { streams.pump(requests, clock, now); }
  VenueClock clock;
  SymbolStreams streams;
};

TEST_F(StreamsTest, TheSetChangesAndWhatStaysGoesOnUndisturbed) {
  auto change = streams.set({"R_100", "R_75", "R_100"}, 0, now.instant);
  EXPECT_EQ(change.added.size(), 2U);
  pump();
  EXPECT_EQ(sent().size(), 2U);
  streams.find("R_75")->id = kStream;
  change = streams.set({"R_100", "R_50", "no symbol"}, 0, now.instant);
  ASSERT_EQ(change.forgotten.size(), 1U);
  EXPECT_EQ(change.forgotten[0], StreamId(kStream));
  ASSERT_EQ(change.added.size(), 1U);
  EXPECT_EQ(change.added[0], "R_50");
  ASSERT_EQ(change.refused.size(), 1U);
  EXPECT_EQ(streams.find("R_75"), nullptr);
  pump();
  EXPECT_EQ(only()["ticks"], "R_50");
}

TEST_F(StreamsTest, NoMoreAreStreamedThanTheVenueAllows) {
  std::vector<market::SymbolCode> many;
  for (std::size_t i = 0; i <= SymbolStreams::kMost; ++i) many.push_back(fmt::format("S_{}", i));
  const auto change = streams.set(many, 0, now.instant);
  EXPECT_EQ(change.added.size(), SymbolStreams::kMost);
  ASSERT_EQ(change.refused.size(), 1U);
  EXPECT_EQ(change.refused[0], many.back());
}

TEST_F(StreamsTest, AStreamBeginsWithItsHistoryAndAnotherMayBeAskedForBeside) {
  streams.set({"R_100"}, 20, now.instant);
  pump();
  auto asked = only();
  EXPECT_EQ(asked["ticks_history"], "R_100");
  EXPECT_EQ(asked["count"], 20);
  EXPECT_EQ(asked["subscribe"], 1);
  auto& stream = *streams.find("R_100");
  const auto id = asked["req_id"].get<std::int64_t>();
  EXPECT_EQ(streams.find_asked(id), &stream);
  EXPECT_EQ(streams.find_task(id), &stream.task);
  stream.history.want();
  pump();
  asked = only();
  EXPECT_EQ(asked["count"], 20);
  EXPECT_FALSE(asked.contains("subscribe"));
  EXPECT_EQ(streams.find_task(asked["req_id"].get<std::int64_t>()), &stream.history);
  EXPECT_EQ(streams.find_task(99), nullptr);
}

TEST_F(StreamsTest, TheSymbolWithTheShortestIntervalDecidesHowLongNothingMayCome) {
  streams.set({"R_100", "1HZ100V"}, 0, now.instant);
  EXPECT_EQ(streams.quiet_limit(seconds(30)), seconds(30)) << "none of them runs";
  for (auto& stream : streams) StreamTest::run(stream);
  EXPECT_EQ(streams.quiet_limit(seconds(30)), seconds(5));
  streams.find("1HZ100V")->task.want();
  EXPECT_EQ(streams.quiet_limit(seconds(30)), seconds(8));
}

TEST_F(StreamsTest, EachSilenceIsToldOnceAndIsADeadlineWhereItIsTold) {
  streams.set({"R_100", "R_75"}, 0, now.instant);
  EXPECT_FALSE(streams.next_deadline(false));
  EXPECT_EQ(streams.next_deadline(true), now.instant + minutes(1));
  pass(minutes(1));
  EXPECT_EQ(streams.falls_silent(now.instant)->symbol, "R_100");
  EXPECT_EQ(streams.falls_silent(now.instant)->symbol, "R_75");
  EXPECT_FALSE(streams.falls_silent(now.instant));
  EXPECT_FALSE(streams.next_deadline(true));
  auto& stream = *streams.find("R_75");
  stream.task.finish();
  stream.answered(now.instant);
  EXPECT_EQ(streams.next_deadline(false), now.instant + minutes(1));
}

}  // namespace
}  // namespace derivd::deriv::test
