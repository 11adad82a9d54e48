// When a tick is foreseen, and that rehearsing leaves no trace.
#include "deriv/anticipation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig.hpp"

namespace derivd::deriv::test {
namespace {

using core::Duration;
using core::Instant;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr Instant kStart{1'000'000'000'000};
constexpr Duration kWindow = milliseconds(5);

Instant after(Duration passed) { return kStart + passed; }

struct RhythmTest : testing::Test {
  /// Arrivals after these milliseconds.
  void arrive(std::initializer_list<int> at) {
    for (const auto ms : at) rhythm.arrived(after(milliseconds(ms)), kWindow);
  }
  TickRhythm rhythm;
};

TEST_F(RhythmTest, FourPausesThatAreAlikeForetellTheNextTick) {
  arrive({0, 1000, 2000, 3000});
  EXPECT_FALSE(rhythm.next());
  arrive({4000});
  EXPECT_EQ(rhythm.next(), after(seconds(5)));
}

TEST_F(RhythmTest, TheIntervalIsLearned) {
  for (int i = 0; i < 5; ++i) arrive({i * 2000});
  EXPECT_EQ(rhythm.next(), after(seconds(10)));
  rhythm.forget();
  for (int i = 0; i < 5; ++i) arrive({i * 137});
  EXPECT_EQ(rhythm.next(), after(milliseconds(5 * 137)));
}

TEST_F(RhythmTest, JitterWithinTheWindowIsSmoothed) {
  for (int i = 0; i < 60; ++i) arrive({i * 1000 + (i % 2 == 0 ? 2 : 0)});
  ASSERT_TRUE(rhythm.next());
  EXPECT_LT(std::chrono::abs(*rhythm.next() - after(milliseconds(60'001))), milliseconds(1));
}

TEST_F(RhythmTest, AClockThatRunsFasterIsFollowed) {
  for (int i = 0; i < 600; ++i) {  // 1 ms in a second: far more than any clock
    rhythm.arrived(after(milliseconds(999) * i), kWindow);
    if (i >= 4) {
      ASSERT_TRUE(rhythm.next()) << i;
    }
  }
}

TEST_F(RhythmTest, ATickAtAnotherTimeEndsItUntilFourAreAlikeAgain) {
  arrive({0, 1000, 2000, 3000, 4000, 5006});
  EXPECT_FALSE(rhythm.next());
  arrive({6000, 7000, 8000, 9000});
  EXPECT_FALSE(rhythm.next());
  arrive({10'000});
  EXPECT_EQ(rhythm.next(), after(seconds(11)));
}

TEST_F(RhythmTest, AMissedTickIsNoTickOnTime) {
  arrive({0, 1000, 2000, 3000, 4000, 6000});
  EXPECT_FALSE(rhythm.next());
}

TEST_F(RhythmTest, WhatIsNotRegularIsNeverForeseen) {
  core::Rng rng(7);
  Instant at = kStart;
  for (int i = 0; i < 2000; ++i) {
    at = at + milliseconds(200 + static_cast<int>(rng.next() % 1600));
    rhythm.arrived(at, kWindow);
    ASSERT_FALSE(rhythm.next()) << i;
  }
}

TEST_F(RhythmTest, PausesThatAreTooShortOrTooLongAreNone) {
  for (int i = 0; i < 50; ++i) arrive({i * 49});
  EXPECT_FALSE(rhythm.next()) << "a fifth of the time";
  rhythm.forget();
  for (int i = 0; i < 50; ++i) arrive({i * 50});
  EXPECT_TRUE(rhythm.next());
  rhythm.forget();
  for (int i = 0; i < 50; ++i) arrive({i * 10'001});
  EXPECT_FALSE(rhythm.next());
}

struct AnticipationTest : testing::Test {
  void tick(const char* symbol, int ms) { anticipation.arrived(symbol, after(milliseconds(ms))); }
  Anticipation anticipation;
};

TEST_F(AnticipationTest, OffItForeseesNothing) {
  EXPECT_FALSE(anticipation.is_on());
  anticipation.set({}, {"R_100"});
  EXPECT_FALSE(anticipation.is_on());
  for (int i = 0; i < 9; ++i) tick("R_100", i * 1000);
  EXPECT_FALSE(anticipation.next(after(seconds(8))));
}

TEST_F(AnticipationTest, AWindowLiesAroundTheTickAndEndsWithIt) {
  anticipation.set(kWindow, {"R_100"});
  for (int i = 0; i < 5; ++i) tick("R_100", i * 1000);
  const Anticipation::Window window{after(milliseconds(4995)), after(milliseconds(5005))};
  EXPECT_EQ(anticipation.next(after(milliseconds(4001))), window);
  EXPECT_EQ(anticipation.next(after(milliseconds(5004))), window) << "it has begun";
  EXPECT_FALSE(anticipation.next(after(milliseconds(5005)))) << "the tick has not come";
  tick("R_100", 5000);
  EXPECT_EQ(anticipation.next(after(milliseconds(5000)))->from, after(milliseconds(5995)));
}

TEST_F(AnticipationTest, OfSeveralSymbolsTheEarliestCountsAndOthersAreNotWatched) {
  anticipation.set(kWindow, {"R_100", "1HZ100V", "R_100"});
  for (int i = 0; i < 5; ++i) {
    tick("R_100", i * 2000);
    tick("1HZ100V", i * 1000 + 300);
    tick("R_50", i * 100);
  }
  EXPECT_EQ(anticipation.next(after(milliseconds(4400)))->from, after(milliseconds(5295)));
  EXPECT_EQ(anticipation.next(after(milliseconds(8000)))->from, after(milliseconds(9995)))
      << "the other one has not come";
}

TEST_F(AnticipationTest, WhatIsLearnedStaysWithTheSymbolAndGoesWithTheLink) {
  anticipation.set(kWindow, {"R_100"});
  for (int i = 0; i < 5; ++i) tick("R_100", i * 1000);
  anticipation.set(kWindow, {"R_50", "R_100"});
  EXPECT_TRUE(anticipation.next(after(seconds(4))));
  anticipation.set(2 * kWindow, {"R_100"});
  EXPECT_FALSE(anticipation.next(after(seconds(4)))) << "another window is another measure";
  for (int i = 5; i < 10; ++i) tick("R_100", i * 1000);
  EXPECT_TRUE(anticipation.next(after(seconds(9))));
  anticipation.forget();
  EXPECT_FALSE(anticipation.next(after(seconds(9))));
  EXPECT_TRUE(anticipation.is_on());
}

// ---- in a session ----

struct AwakeSession : testing::TestWithParam<Dialect> {
  AwakeSession() {
    rig.to_live();
    rig.session->set_symbols({"R_100"}, 0, rig.now());
    rig.session->anticipate(kWindow, {"R_100"});
    rig.answer(rig.request("ticks"), rig.tick("R_100", rig.epoch + 1, 1451.5));
  }
  void tick(int number) {
    rig.advance(seconds(1));
    rig.frame(rig.tick("R_100", rig.epoch + 1 + number, 1451.25 + number));
  }
  void ticks() {
    for (int i = 1; i <= 4; ++i) tick(i);
  }
  Rig rig{GetParam()};
};

TEST_P(AwakeSession, ForeseesTheNextTickWhileItIsLive) {
  EXPECT_FALSE(rig.session->foreseen(rig.now().instant));
  ticks();
  const auto window = rig.session->foreseen(rig.now().instant);
  ASSERT_TRUE(window);
  EXPECT_EQ(window->from, rig.now().instant + seconds(1) - kWindow);
  EXPECT_EQ(window->until, rig.now().instant + seconds(1) + kWindow);
  rig.session->on_closed(0, "gone", rig.now());
  EXPECT_FALSE(rig.session->foreseen(rig.now().instant));
  rig.reconnect();
  EXPECT_FALSE(rig.session->foreseen(rig.now().instant)) << "another link";
}

TEST_P(AwakeSession, ARehearsalHasNoEffect) {
  ticks();
  rig.buy_one(1);
  rig.answer_buy();
  const auto sent = rig.wire.log;
  const auto told = rig.listener.log;
  const auto stats = rig.session->stats();
  const auto deadline = rig.session->next_deadline();
  const auto window = rig.session->foreseen(rig.now().instant);
  for (int i = 0; i < 100; ++i) rig.session->rehearse();
  EXPECT_EQ(rig.wire.log, sent);
  EXPECT_EQ(rig.listener.log, told);
  EXPECT_EQ(rig.session->stats().frames, stats.frames);
  EXPECT_EQ(rig.session->stats().ticks, stats.ticks);
  EXPECT_EQ(rig.session->next_deadline(), deadline);
  EXPECT_EQ(rig.session->foreseen(rig.now().instant), window);
  // Neither a number nor a place of the budget was used.
  const auto before = rig.request("buy").at("req_id").get<int>();
  rig.buy_one(2);
  EXPECT_EQ(rig.request("buy").at("req_id").get<int>(), before + 1);
  // The same tick again is no new one, and the next one is.
  tick(5);
  EXPECT_EQ(rig.session->stats().ticks, stats.ticks + 1);
}

TEST_P(AwakeSession, WithoutATickOrAPurchaseThereIsNothingToRehearse) {
  Rig fresh(GetParam());
  fresh.session->rehearse();
  EXPECT_TRUE(fresh.wire.log.empty());
}

INSTANTIATE_TEST_SUITE_P(Dialects, AwakeSession, testing::Values(Dialect::kOptions, Dialect::kV3));

TEST(RehearsalTest, ReadsTheTickAndWritesThePurchaseAsTheyWere) {
  const auto rules = make_rules(Dialect::kOptions);
  Decoder decoder(rules->names());
  Rehearsal rehearsal(*rules);
  EXPECT_FALSE(rehearsal.has_frame());
  rehearsal.keep(std::string(Rehearsal::kMaxFrame + 1, ' '));
  EXPECT_FALSE(rehearsal.has_frame()) << "no tick is so long";
  Rig rig;
  rehearsal.keep(rig.tick("R_100", 1'700'000'000, 1451.5).dump());
  rehearsal.keep(spec_of(market::ContractType::kDigitOdd), core::Money::minor(35));
  rehearsal.perform(decoder, "USD");
  ASSERT_EQ(rehearsal.read().message, Message::kTick);
  EXPECT_EQ(std::get<TickPayload>(rehearsal.read().payload).symbol, "R_100");
  EXPECT_THAT(rehearsal.written(), HasSubstr("DIGITODD"));
  const auto first = rehearsal.written();
  rehearsal.perform(decoder, "USD");
  EXPECT_EQ(rehearsal.written(), first);
}

}  // namespace
}  // namespace derivd::deriv::test
