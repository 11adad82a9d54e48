// Owns the tests of the feed of one symbol: what is a hole in it, what is missing to us alone, and
// which stamps are believed.
#include "engine/feed.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace derivd::engine {
namespace {

using Push = Feed::Push;
using std::chrono::seconds;

constexpr std::int64_t kT0 = 1'782'086'400;

/// `at`: seconds after kT0.
market::Tick tick(std::int64_t at, std::int64_t cents = 100, std::string_view symbol = "R_100") {
  return {symbol, {kT0 + at}, core::Price::raw(cents, 2)};
}

std::int64_t since(core::VenueTime time) { return time.s - kT0; }

TEST(FeedOfASymbol, DropsWhatItHasAndTellsWhatIsMissing) {
  Feed feed("R_100");
  EXPECT_EQ(feed.interval_s(), 2);
  EXPECT_EQ(feed.push(tick(0), false), Push::kNew);
  EXPECT_EQ(feed.push(tick(2), false), Push::kNew);
  EXPECT_EQ(feed.push(tick(2), false), Push::kDropped);
  EXPECT_EQ(feed.push(tick(0), true), Push::kDropped);
  EXPECT_EQ(since(feed.complete_since()), 0);
  EXPECT_EQ(feed.push(tick(6), false), Push::kNewAfterHole);
  EXPECT_EQ(since(feed.complete_since()), 6);
  EXPECT_EQ(since(feed.linked_since()), 0) << "the venue left it out, we did not lose it";
  EXPECT_EQ(since(feed.last_epoch()), 6);
}

TEST(FeedOfASymbol, ALostLinkIsAHoleUnlessTheNextTickIsInLine) {
  Feed feed("R_100");
  feed.push(tick(0), false);
  feed.lose_link();
  EXPECT_EQ(feed.push(tick(2), false), Push::kNew);
  EXPECT_EQ(since(feed.linked_since()), 0);
  EXPECT_EQ(since(feed.complete_since()), 0);
  feed.lose_link();
  EXPECT_EQ(feed.push(tick(6), false), Push::kNewAfterHole);
  EXPECT_EQ(since(feed.linked_since()), 6);
  // The very tick that was seen last: nothing is missing in between.
  feed.lose_link();
  EXPECT_EQ(feed.push(tick(6), true), Push::kDropped);
  EXPECT_EQ(feed.push(tick(10), false), Push::kNewAfterHole);
  EXPECT_EQ(since(feed.linked_since()), 6);
  // Another one of that second is not.
  feed.lose_link();
  EXPECT_EQ(feed.push(tick(10, 999), true), Push::kDropped);
  feed.push(tick(14), false);
  EXPECT_EQ(since(feed.linked_since()), 14);
}

TEST(FeedOfASymbol, AHoleInAHistoryWasLostToUs) {
  Feed feed("R_100");
  feed.push(tick(0), true);
  feed.push(tick(2), true);
  EXPECT_EQ(since(feed.linked_since()), 0);
  EXPECT_EQ(feed.push(tick(8), true), Push::kNewAfterHole);
  EXPECT_EQ(since(feed.linked_since()), 8);
}

TEST(FeedOfASymbol, WithoutAKnownRhythmHasNoHolesButThoseOfTheLink) {
  Feed feed("frxEURUSD");
  EXPECT_EQ(feed.interval_s(), 0);
  const auto push = [&](std::int64_t at) { return feed.push(tick(at, 100, "frxEURUSD"), false); };
  EXPECT_EQ(push(0), Push::kNew);
  EXPECT_EQ(push(7), Push::kNew);
  EXPECT_EQ(push(8), Push::kNew);
  EXPECT_EQ(since(feed.complete_since()), 0);
  feed.lose_link();
  EXPECT_EQ(push(9), Push::kNewAfterHole);
  EXPECT_EQ(since(feed.linked_since()), 9);
  EXPECT_EQ(since(feed.complete_since()), 9);
}

TEST(FeedOfASymbol, BeginsAnewAtTheFifthLiveTickThatIsBehind) {
  Feed feed("R_100", true);
  feed.push(tick(1'000), false);
  for (int i = 1; i <= 4; ++i) EXPECT_EQ(feed.push(tick(2 * i), false), Push::kDropped) << i;
  for (int i = 0; i < 9; ++i) EXPECT_EQ(feed.push(tick(2 * i), true), Push::kDropped) << "a past";
  EXPECT_EQ(feed.push(tick(10), false), Push::kRestarted);
  EXPECT_EQ(since(feed.last_epoch()), 10);
  EXPECT_EQ(since(feed.linked_since()), 10);
  int known = 0;
  feed.each_after({0}, [&](const market::Tick&) { ++known; });
  EXPECT_EQ(known, 1) << "what was before is void";
  EXPECT_EQ(feed.push(tick(12), false), Push::kNew);
  // One that goes on in between begins the count anew.
  for (int i = 1; i <= 4; ++i) feed.push(tick(2 * i), false);
  EXPECT_EQ(feed.push(tick(14), false), Push::kNew);
  for (int i = 1; i <= 4; ++i) EXPECT_EQ(feed.push(tick(2 * i), false), Push::kDropped);
}

TEST(FeedOfASymbol, TheSameTickAgainAndAgainIsNotBehind) {
  Feed feed("R_100");
  feed.push(tick(0), false);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(feed.push(tick(0), false), Push::kDropped);
}

TEST(FeedOfASymbol, RemembersAsFarAsItsMemoryReaches) {
  Feed feed("R_100");
  EXPECT_FALSE(feed.remembers({kT0}));
  const auto n = static_cast<std::int64_t>(Feed::kMemory);
  for (std::int64_t i = 0; i < n; ++i) {
    feed.push(tick(2 * i), false);
    EXPECT_EQ(feed.remembers({kT0}), true) << i;
    EXPECT_FALSE(feed.remembers({kT0 - 1})) << "before the first";
  }
  feed.push(tick(2 * n), false);
  EXPECT_FALSE(feed.remembers({kT0 + 1})) << "the first was forgotten";
  EXPECT_TRUE(feed.remembers({kT0 + 2}));
  std::vector<std::int64_t> after;
  feed.each_after({kT0 + 2 * n - 4},
                  [&](const market::Tick& t) { after.push_back(since(t.epoch)); });
  EXPECT_EQ(after, (std::vector<std::int64_t>{2 * n - 2, 2 * n}));
}

TEST(FeedOfASymbol, KeepsAPastOnlyWhereItIsWanted) {
  const auto past_of = [](bool keeps) {
    Feed feed("R_100", keeps);
    for (int i = 0; i < 4; ++i) feed.push(tick(2 * i), false);
    std::vector<std::int64_t> out;
    feed.each_past([&](const market::Tick& t) { out.push_back(since(t.epoch)); });
    out.push_back(since(feed.past_since()));
    return out;
  };
  EXPECT_EQ(past_of(true), (std::vector<std::int64_t>{0, 2, 4, 0})) << "the last one is not past";
  EXPECT_EQ(past_of(false), (std::vector<std::int64_t>{6}));
  // What was before a loss is no past of what came after it, nor are quotes of other decimals.
  Feed feed("R_100", true);
  feed.push(tick(0), false);
  feed.lose_link();
  feed.push(tick(10), false);
  feed.push(tick(12), false);
  EXPECT_EQ(since(feed.past_since()), 10);
  EXPECT_TRUE(feed.remembers({kT0 + 10}));
  feed.push({"R_100", {kT0 + 14}, core::Price::raw(1'000, 3)}, false);
  EXPECT_EQ(since(feed.past_since()), 14);
  EXPECT_FALSE(feed.remembers({kT0 + 12}));
  std::vector<market::Tick> after;
  feed.each_after({kT0}, [&](const market::Tick& t) { after.push_back(t); });
  EXPECT_EQ(after, std::vector<market::Tick>{*feed.last()});
}

TEST(FeedOfASymbol, KeepsEveryTickOfItsPastAsItWasAndNoneAfter2106) {
  Feed feed("frxUSDJPY", true);
  constexpr std::int64_t kLast = 4'294'967'295;  // seconds of 32 bits
  const auto n = static_cast<std::int64_t>(Feed::kPast) + 7;
  const auto made = [](std::int64_t i) {
    return market::Tick{"frxUSDJPY", {kLast - i}, core::Price::raw(9'000'000'000'000'000 - i, 8)};
  };
  for (auto i = n; i >= 0; --i) feed.push(made(i), false);
  auto expected = static_cast<std::int64_t>(Feed::kPast) - 1;
  feed.each_past([&](const market::Tick& t) { EXPECT_EQ(t, made(expected--)); });
  EXPECT_EQ(expected, 0) << "all but the last one, and the oldest that have no room";
  feed.push(made(-1), false);
  feed.each_past([](const market::Tick&) { ADD_FAILURE(); });
  EXPECT_EQ(feed.past_since(), made(-1).epoch);
  ASSERT_NE(feed.last(), nullptr);
  EXPECT_EQ(*feed.last(), made(-1));
}

// ---- stamps ----

struct Clock {
  Feed feed{"R_100"};
  core::Instant now{1'000'000'000};
  /// What is believed of a tick that comes so long after the last and says `at`.
  std::int64_t after(core::Duration wait, std::int64_t at) {
    now = now + wait;
    return since(feed.believable(tick(at), now));
  }
};

TEST(Stamps, InLineAreBelievedWheneverTheyCome) {
  Clock clock;
  EXPECT_EQ(clock.after(seconds(0), 0), 0);
  EXPECT_EQ(clock.after(seconds(0), 2), 2);
  EXPECT_EQ(clock.after(seconds(9), 4), 4);
  EXPECT_EQ(clock.after(seconds(2), 4), 4) << "the same again";
}

TEST(Stamps, AheadOfOurSecondsAreCutUntilTheyLast) {
  Clock clock;
  clock.after(seconds(0), 0);
  EXPECT_EQ(clock.after(seconds(2), 30), 2);
  EXPECT_EQ(clock.after(seconds(2), 32), 4);
  EXPECT_EQ(clock.after(seconds(3), 34), 7);
  EXPECT_EQ(clock.after(seconds(2), 36), 9);
  EXPECT_EQ(clock.after(seconds(2), 38), 11);
  EXPECT_EQ(clock.after(seconds(2), 40), 40) << "the sixth in a row";
  EXPECT_EQ(clock.after(seconds(2), 42), 42);
  EXPECT_EQ(clock.after(seconds(2), 70), 44) << "after one in line, cut again";
}

TEST(Stamps, MayBeAsMuchLaterAsOurOwnSecondsAre) {
  Clock clock;
  clock.after(seconds(0), 0);
  EXPECT_EQ(clock.after(seconds(20), 20), 20);
  EXPECT_EQ(clock.after(seconds(20), 41), 40);
  EXPECT_EQ(clock.after(std::chrono::milliseconds(4'499), 50), 44) << "rounded";
  EXPECT_EQ(clock.after(std::chrono::milliseconds(4'501), 60), 49);
}

TEST(Stamps, OfAClockThatWentBackAreBelievedAtOnce) {
  Clock clock;
  clock.after(seconds(0), 1'000);
  EXPECT_EQ(clock.after(seconds(2), 10), 10);
  EXPECT_EQ(clock.after(seconds(2), 12), 12);
}

}  // namespace
}  // namespace derivd::engine
