// What is asked for, and what each kind of answer proves: driven against a venue that keeps a tape
// and answers as Deriv does (the latest of a span, 5000 at most; too old: other ticks), and for a
// while out of order in any of the ways that were seen.
#include "store/fetch_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "core/rng.hpp"

namespace derivd::store {
namespace {

using core::Instant;
using market::TickRow;

/// Venue's clock in most tests: every hole is long settled.
constexpr std::int64_t kMuchLater = 1'000'000'000;
/// One question and its answer.
constexpr core::Duration kTurn = std::chrono::milliseconds(50);

struct Tape {
  std::vector<TickRow> ticks;
  std::int64_t memory_from = 0;
  std::size_t page = 5000;
  /// Changes a right answer into a wrong one.
  std::function<void(std::vector<TickRow>&, Instant)> spoil;

  std::vector<TickRow> answer(const Span& asked, Instant now) const {
    std::vector<TickRow> out;
    const auto first = asked.first < memory_from ? memory_from : asked.first;
    for (const auto& t : ticks) {
      if (t.epoch.s >= first && (asked.first < memory_from || t.epoch.s <= asked.last)) {
        out.push_back(t);
      }
    }
    keep_latest(out, page);
    if (spoil) spoil(out, now);
    return out;
  }
  static void keep_latest(std::vector<TickRow>& out, std::size_t n) {
    if (out.size() > n) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(n));
  }
};

struct Result {
  std::set<std::int64_t> epochs;
  std::vector<Span> absent, unavailable, unproven, pending;
  int questions = 0;
  Instant end;
};

Result fetch(const Tape& tape, std::vector<Span> missing, std::int64_t cadence,
             std::int64_t latest = kMuchLater) {
  FetchPlan plan(std::move(missing), cadence, 5000, latest);
  Result out;
  auto done = plan.done();
  Instant now{1'000'000'000};
  for (;;) {
    if (const auto until = plan.wait_until(now)) {
      EXPECT_FALSE(plan.next(now));
      now = *until;
    }
    const auto asked = plan.next(now);
    if (!asked) break;
    EXPECT_LE(asked->first, asked->last);
    EXPECT_GT(asked->first, 0);
    const auto answer = plan.on_page(tape.answer(*asked, now), true, now);
    for (const auto& t : answer.ticks) out.epochs.insert(t.epoch.s);
    out.absent.insert(out.absent.end(), answer.absent.begin(), answer.absent.end());
    EXPECT_GE(plan.done(), done);
    done = plan.done();
    now = now + kTurn;
    if (++out.questions > 20'000) {
      ADD_FAILURE() << "the plan does not end";
      break;
    }
  }
  EXPECT_EQ(plan.done(), plan.total());
  out.unavailable = plan.unavailable();
  out.unproven = plan.unproven();
  out.pending = plan.pending();
  out.end = now;
  return out;
}

Tape tape_of(std::int64_t first, std::int64_t count, std::int64_t step) {
  Tape tape;
  for (std::int64_t i = 0; i < count; ++i) tape.ticks.push_back({{first + i * step}, 100 + i % 9});
  return tape;
}

TEST(FetchPlan, AsksForEachSecondOnceAndTakesWholePages) {
  const auto tape = tape_of(10'000, 23'000, 1);
  const auto got = fetch(tape, {{10'000, 32'999}}, 1);
  EXPECT_EQ(got.epochs.size(), 23'000U);
  EXPECT_EQ(got.questions, 5);
  EXPECT_TRUE(got.absent.empty());
  EXPECT_EQ(fetch(tape_of(10'000, 23'000, 2), {{10'000, 55'999}}, 2).questions, 5);
  // The first second of a range may lie between two ticks.
  EXPECT_EQ(fetch(tape_of(10'000, 23'000, 2), {{9'999, 55'999}}, 2).questions, 5);
}

TEST(FetchPlan, BelievesInAHoleWhenItIsShownTwiceWithWhatStandsBesideIt) {
  auto tape = tape_of(10'000, 1'000, 1);
  tape.ticks.erase(tape.ticks.begin() + 300, tape.ticks.begin() + 400);
  const auto got = fetch(tape, {{9'900, 11'200}}, 1);
  EXPECT_EQ(got.epochs.size(), 900U);
  EXPECT_EQ(got.absent, (std::vector<Span>{{9'900, 9'999}, {10'300, 10'399}, {11'000, 11'200}}));
  // Two pages; then each of three holes twice.
  EXPECT_EQ(got.questions, 2 + 3 * FetchPlan::kProofs);
  EXPECT_GE(got.end, Instant{1'000'000'000} + FetchPlan::kApart);
}

TEST(FetchPlan, WaitsForWhatMayStillCome) {
  const auto tape = tape_of(10'000, 1'000, 1);
  const auto latest = 11'200 + FetchPlan::kSettled;
  EXPECT_TRUE(fetch(tape, {{10'000, 10'999 + FetchPlan::kSettled}}, 1, 10'999 + FetchPlan::kSettled)
                  .absent.empty());
  const auto got = fetch(tape, {{10'000, latest}}, 1, latest);
  EXPECT_EQ(got.absent, (std::vector<Span>{{11'000, 11'200}}));
  EXPECT_EQ(got.pending, (std::vector<Span>{{11'201, latest}}));
  EXPECT_TRUE(got.unproven.empty());
}

TEST(FetchPlan, ComesBackForWhatAFullPageCutOff) {
  // Two ticks where one is expected: a page's span holds twice its ticks.
  const auto tape = tape_of(10'000, 20'000, 1);
  const auto got = fetch(tape, {{10'000, 29'999}}, 2);
  EXPECT_EQ(got.epochs.size(), 20'000U);
  EXPECT_TRUE(got.absent.empty());
}

// 1000 where 5000 were asked for, and the other ways: of 4501 ticks none is lost, none is called
// absent.
TEST(FetchPlan, TakesShortPagesForWhatTheyAre) {
  auto tape = tape_of(10'000, 4'501, 1);
  tape.page = 1000;
  const auto latest_of = fetch(tape, {{10'000, 14'500}}, 1);
  EXPECT_EQ(latest_of.epochs.size(), 4'501U);
  EXPECT_TRUE(latest_of.absent.empty());
  EXPECT_EQ(latest_of.questions, 5);
  tape.page = 5000;
  tape.spoil = [](std::vector<TickRow>& out, Instant) {
    if (out.size() > 1000) out.resize(1000);
  };
  const auto first_of = fetch(tape, {{10'000, 14'500}}, 1);
  EXPECT_EQ(first_of.epochs.size(), 4'501U);
  EXPECT_TRUE(first_of.absent.empty());
  tape.spoil = [](std::vector<TickRow>& out, Instant) {
    if (out.size() > 1000) out.erase(out.begin() + 100, out.end() - 100);
  };
  const auto hollow = fetch(tape, {{10'000, 14'500}}, 1);
  EXPECT_EQ(hollow.epochs.size(), 4'501U);
  EXPECT_TRUE(hollow.absent.empty());
}

TEST(FetchPlan, AnEmptyPageIsAskedForAgain) {
  auto tape = tape_of(10'000, 12'000, 1);
  int answers = 0;
  tape.spoil = [&](std::vector<TickRow>& out, Instant) {
    if (++answers == 2) out.clear();
  };
  const auto got = fetch(tape, {{10'000, 21'999}}, 1);
  EXPECT_EQ(got.epochs.size(), 12'000U);
  EXPECT_TRUE(got.absent.empty());
}

TEST(FetchPlan, AVenueThatSaysNothingAtAllProvesNothing) {
  auto tape = tape_of(10'000, 12'000, 1);
  tape.spoil = [](std::vector<TickRow>& out, Instant) { out.clear(); };
  const auto got = fetch(tape, {{10'000, 21'999}}, 1);
  EXPECT_TRUE(got.absent.empty());
  EXPECT_EQ(got.unproven, (std::vector<Span>{{10'000, 21'999}}));
  EXPECT_EQ(got.questions, 3 + FetchPlan::kMaxVain);
}

// From the second page on it knows nothing any more, not even the ticks that it gave a moment ago.
TEST(FetchPlan, AnAnswerThatLacksWhatTheVenueHasShownProvesNothing) {
  auto tape = tape_of(10'000, 12'000, 1);
  tape.spoil = [](std::vector<TickRow>& out, Instant) {
    std::erase_if(out, [](const TickRow& t) { return t.epoch.s > 14'998 && t.epoch.s != 15'500; });
  };
  const auto got = fetch(tape, {{10'000, 21'999}}, 1);
  EXPECT_TRUE(std::none_of(got.absent.begin(), got.absent.end(),
                           [](const Span& s) { return s.first < 14'999; }));
  // What stands beside may be the archive's alone, which the venue need not have: with neither side
  // shown, nothing is proven.
  tape.spoil = [](std::vector<TickRow>& out, Instant) {
    std::erase_if(out, [](const TickRow& t) { return t.epoch.s < 11'000 || t.epoch.s > 12'000; });
  };
  EXPECT_EQ(fetch(tape, {{11'000, 11'099}}, 1).epochs.size(), 100U);
  EXPECT_EQ(fetch(tape, {{10'500, 10'599}}, 1).unproven, (std::vector<Span>{{10'500, 10'599}}));
}

// It answers its latest page whatever was asked for: nothing is taken for what it is not, and it
// ends.
TEST(FetchPlan, EndsWhereAnswersAreAlwaysTheLatestPage) {
  auto tape = tape_of(10'000, 60'000, 1);
  const std::vector<TickRow> latest(tape.ticks.end() - 5000, tape.ticks.end());
  tape.spoil = [&](std::vector<TickRow>& out, Instant) { out = latest; };
  const auto got = fetch(tape, {{10'000, 39'999}}, 1);
  EXPECT_TRUE(got.epochs.empty());
  EXPECT_TRUE(got.absent.empty());
  EXPECT_EQ(got.unavailable, (std::vector<Span>{{10'000, 39'999}}));
  EXPECT_LT(got.questions, 40);
}

TEST(FetchPlan, OneAnswerOfOtherTicksIsNoEndOfItsMemory) {
  auto tape = tape_of(10'000, 60'000, 1);
  const std::vector<TickRow> latest(tape.ticks.end() - 5000, tape.ticks.end());
  for (int wrong = 1; wrong <= 14; ++wrong) {
    int answers = 0;
    tape.spoil = [&](std::vector<TickRow>& out, Instant) {
      if (++answers == wrong) out = latest;
    };
    const auto got = fetch(tape, {{10'000, 39'999}}, 1);
    EXPECT_EQ(got.epochs.size(), 30'000U) << wrong;
    EXPECT_TRUE(got.unavailable.empty() && got.absent.empty()) << wrong;
  }
}

TEST(FetchPlan, FindsWhereTheVenuesMemoryBegins) {
  auto tape = tape_of(1'000'000, 400'000, 1);
  tape.memory_from = 1'250'000;
  const auto got = fetch(tape, {{1'000'000, 1'399'999}}, 1);
  EXPECT_LT(got.questions, 80);
  EXPECT_GE(got.epochs.size(), 150'000U - FetchPlan::kFine);
  ASSERT_EQ(got.unavailable.size(), 1U);
  EXPECT_EQ(got.unavailable[0].first, 1'000'000);
  EXPECT_NEAR(static_cast<double>(got.unavailable[0].last), 1'249'999.0, FetchPlan::kFine);
  EXPECT_TRUE(got.absent.empty()) << "too old proves nothing";
  // Nothing that old at all.
  tape.memory_from = 1'399'990;
  const auto none = fetch(tape, {{1'000'000, 1'200'000}}, 1);
  EXPECT_TRUE(none.epochs.empty());
  EXPECT_EQ(none.unavailable, (std::vector<Span>{{1'000'000, 1'200'000}}));
}

bool holds(const std::vector<Span>& spans, std::int64_t second) {
  return std::any_of(spans.begin(), spans.end(),
                     [second](const Span& s) { return second >= s.first && second <= s.last; });
}

struct Case {
  Tape tape;
  std::int64_t cadence;
  std::vector<Span> missing;
};

Case any_case(core::Rng& rng) {
  Case out;
  out.cadence = 1 + static_cast<std::int64_t>(rng.below(2));
  out.tape = tape_of(50'000, 3'000, out.cadence);
  out.tape.page = 50 + rng.below(300);
  std::erase_if(out.tape.ticks, [](const TickRow& t) { return t.epoch.s % 977 < 40; });
  for (std::int64_t at = 49'000; at < 58'000;) {
    const auto last = at + static_cast<std::int64_t>(rng.below(2'000));
    out.missing.push_back({at, last});
    at = last + 2 + static_cast<std::int64_t>(rng.below(500));
  }
  return out;
}

/// Every second that was missing: kept if it is on the tape, in no mark if it is, in exactly one
/// list if it is not and no tick covers it.
void expect_accounted(const Case& c, const Result& got, std::uint64_t seed) {
  std::set<std::int64_t> on_tape;
  for (const auto& t : c.tape.ticks) on_tape.insert(t.epoch.s);
  for (const auto& span : c.missing) {
    auto covered_until = span.first + c.cadence - 2;  // by a tick before it, for all we know
    for (auto s = span.first; s <= span.last; ++s) {
      const bool marked = holds(got.absent, s);
      const bool unproven = holds(got.unproven, s);
      const bool kept = got.epochs.count(s) == 1;
      ASSERT_FALSE(marked && unproven) << "seed " << seed << " second " << s;
      if (on_tape.count(s) == 1) {
        ASSERT_FALSE(marked) << "seed " << seed << " second " << s;
        ASSERT_TRUE(kept || unproven) << "seed " << seed << " second " << s;
        covered_until = s + c.cadence - 1;
      } else if (s > covered_until + c.cadence - 1 && !on_tape.count(s + 1)) {
        ASSERT_TRUE(marked || unproven) << "seed " << seed << " second " << s;
      }
    }
  }
}

// Any tape with holes, any gaps to fill: what is kept is what the tape has there, what is marked is
// what it has not, and nothing is left over.
TEST(FetchPlan, AccountsForEverySecondOfAnyTape) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    core::Rng rng(seed);
    const auto c = any_case(rng);
    const auto got = fetch(c.tape, c.missing, c.cadence);
    expect_accounted(c, got, seed);
    for (const auto& span : c.missing) {
      for (auto s = span.first; s <= span.last; ++s) {
        const bool kept = std::any_of(c.tape.ticks.begin(), c.tape.ticks.end(),
                                      [s](const TickRow& t) { return t.epoch.s == s; });
        ASSERT_EQ(got.epochs.count(s) == 1, kept) << "seed " << seed << " second " << s;
      }
    }
  }
}

// A venue that is out of order in any way for less than the distance of two proofs: no tick that it
// has is ever called absent, whenever that begins.
TEST(FetchPlan, ATroubledVenueLosesNothing) {
  std::size_t kept = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    core::Rng rng(seed);
    auto c = any_case(rng);
    const auto kind = rng.below(5);
    const Instant from = Instant{1'000'000'000} + static_cast<int>(rng.below(160)) * kTurn;
    const auto latest = std::vector<TickRow>(c.tape.ticks.end() - 40, c.tape.ticks.end());
    c.tape.spoil = [&](std::vector<TickRow>& out, Instant now) {
      if (now < from || now >= from + FetchPlan::kApart) return;
      const auto n = static_cast<std::ptrdiff_t>(out.size());
      if (kind == 0) out.clear();
      if (kind == 1) Tape::keep_latest(out, 10);
      if (kind == 2 && n > 10) out.resize(10);
      if (kind == 3 && n > 2) out.erase(out.begin() + 1, out.end() - 1);
      if (kind == 4) out = latest;
    };
    const auto got = fetch(c.tape, c.missing, c.cadence);
    if (kind != 4 || got.unavailable.empty()) expect_accounted(c, got, seed);
    for (const auto& t : c.tape.ticks) {
      ASSERT_FALSE(holds(got.absent, t.epoch.s)) << "seed " << seed << " second " << t.epoch.s;
    }
    kept += got.epochs.size();
  }
  EXPECT_GT(kept, 200U * 1000U);
}

}  // namespace
}  // namespace derivd::store
