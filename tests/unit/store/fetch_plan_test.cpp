// What is asked for, and what each kind of answer proves: driven against a venue that keeps a tape
// and answers as Deriv does (the latest of a span, 5000 at most; too old: other ticks).
#include "store/fetch_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/rng.hpp"

namespace derivd::store {
namespace {

using market::TickRow;

struct Tape {
  std::vector<TickRow> ticks;
  std::int64_t memory_from = 0;
  std::size_t page = 5000;

  std::vector<TickRow> answer(const Span& asked) const {
    std::vector<TickRow> out;
    const auto first = asked.first < memory_from ? memory_from : asked.first;
    for (const auto& t : ticks) {
      if (t.epoch.s >= first && (asked.first < memory_from || t.epoch.s <= asked.last)) {
        out.push_back(t);
      }
    }
    if (out.size() > page) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(page));
    return out;
  }
};

struct Result {
  std::set<std::int64_t> epochs;
  std::vector<Span> absent;
  std::vector<Span> unavailable;
  int questions = 0;
};

Result fetch(const Tape& tape, std::vector<Span> missing, std::int64_t cadence,
             std::int64_t latest) {
  FetchPlan plan(std::move(missing), cadence, static_cast<std::int64_t>(tape.page), latest);
  Result out;
  auto done = plan.done();
  while (const auto asked = plan.next()) {
    EXPECT_LE(asked->first, asked->last);
    const auto answer = plan.on_page(tape.answer(*asked));
    for (const auto& t : answer.ticks) out.epochs.insert(t.epoch.s);
    out.absent.insert(out.absent.end(), answer.absent.begin(), answer.absent.end());
    EXPECT_GE(plan.done(), done);
    done = plan.done();
    if (++out.questions > 10'000) {
      ADD_FAILURE() << "the plan does not end";
      break;
    }
  }
  EXPECT_EQ(plan.done(), plan.total());
  out.unavailable = plan.unavailable();
  return out;
}

Tape tape_of(std::int64_t first, std::int64_t count, std::int64_t step) {
  Tape tape;
  for (std::int64_t i = 0; i < count; ++i) tape.ticks.push_back({{first + i * step}, 100 + i % 9});
  return tape;
}

TEST(FetchPlan, AsksForEachSecondOnceAndTakesWholePages) {
  const auto tape = tape_of(10'000, 23'000, 1);
  const auto got = fetch(tape, {{10'000, 32'999}}, 1, 40'000);
  EXPECT_EQ(got.epochs.size(), 23'000U);
  EXPECT_EQ(got.questions, 5);
  EXPECT_TRUE(got.absent.empty());
  EXPECT_EQ(fetch(tape_of(10'000, 23'000, 2), {{10'000, 55'999}}, 2, 60'000).questions, 5);
}

TEST(FetchPlan, MarksWhatTheVenueDoesNotHaveUnlessItMayStillCome) {
  auto tape = tape_of(10'000, 1'000, 1);
  tape.ticks.erase(tape.ticks.begin() + 300, tape.ticks.begin() + 400);
  const auto got = fetch(tape, {{9'900, 11'200}}, 1, 11'200);
  EXPECT_EQ(got.epochs.size(), 900U);
  EXPECT_EQ(got.absent, (std::vector<Span>{{9'900, 9'999}, {10'300, 10'399}, {11'000, 11'140}}));
}

TEST(FetchPlan, ComesBackForWhatAFullPageCutOff) {
  // Two ticks where one is expected: a page's span holds twice its ticks.
  const auto tape = tape_of(10'000, 20'000, 1);
  const auto got = fetch(tape, {{10'000, 29'999}}, 2, 40'000);
  EXPECT_EQ(got.epochs.size(), 20'000U);
  EXPECT_TRUE(got.absent.empty());
}

TEST(FetchPlan, FindsWhereTheVenuesMemoryBegins) {
  auto tape = tape_of(1'000'000, 400'000, 1);
  tape.memory_from = 1'250'000;
  const auto got = fetch(tape, {{1'000'000, 1'399'999}}, 1, 1'500'000);
  EXPECT_LT(got.questions, 80);
  EXPECT_GE(got.epochs.size(), 150'000U - FetchPlan::kFine);
  ASSERT_EQ(got.unavailable.size(), 1U);
  EXPECT_EQ(got.unavailable[0].first, 1'000'000);
  EXPECT_NEAR(static_cast<double>(got.unavailable[0].last), 1'249'999.0, FetchPlan::kFine);
  EXPECT_TRUE(got.absent.empty()) << "too old proves nothing";
  // Nothing that old at all.
  tape.memory_from = 1'399'990;
  const auto none = fetch(tape, {{1'000'000, 1'200'000}}, 1, 1'500'000);
  EXPECT_TRUE(none.epochs.empty());
  EXPECT_EQ(none.unavailable, (std::vector<Span>{{1'000'000, 1'200'000}}));
}

// Any tape with holes, any gaps to fill: what is kept is what the tape has there, what is marked is
// what it has not, and nothing is left over.
TEST(FetchPlan, AccountsForEverySecondOfAnyTape) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    core::Rng rng(seed);
    const std::int64_t cadence = 1 + static_cast<std::int64_t>(rng.below(2));
    auto tape = tape_of(50'000, 3'000, cadence);
    tape.page = 50 + rng.below(300);
    std::erase_if(tape.ticks, [&](const TickRow& t) { return t.epoch.s % 977 < 40; });
    std::vector<Span> missing;
    for (std::int64_t at = 49'000; at < 58'000;) {
      const auto last = at + static_cast<std::int64_t>(rng.below(2'000));
      missing.push_back({at, last});
      at = last + 2 + static_cast<std::int64_t>(rng.below(500));
    }
    const auto got = fetch(tape, missing, cadence, 1'000'000);
    for (const auto& span : missing) {
      std::int64_t held_until = 0;
      for (auto s = span.first; s <= span.last; ++s) {
        const bool on_tape = std::any_of(tape.ticks.begin(), tape.ticks.end(),
                                         [s](const TickRow& t) { return t.epoch.s == s; });
        ASSERT_EQ(got.epochs.count(s) == 1, on_tape) << "seed " << seed << " second " << s;
        if (on_tape) held_until = s + cadence - 1;
        const bool marked = std::any_of(got.absent.begin(), got.absent.end(),
                                        [s](const Span& m) { return s >= m.first && s <= m.last; });
        if (s > held_until) {
          ASSERT_TRUE(marked) << "seed " << seed << " second " << s;
        }
        ASSERT_FALSE(marked && on_tape) << "seed " << seed << " second " << s;
      }
    }
  }
}

}  // namespace
}  // namespace derivd::store
