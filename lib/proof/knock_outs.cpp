// How accumulators end: on which tick a knock-out is booked, what it pays, and whether a tick that
// is exactly on the barrier is one. One purchase each, held until it is knocked out or, after a
// bounded number of ticks, sold.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "market/accumulator.hpp"
#include "market/kind.hpp"
#include "proof/plan.hpp"
#include "proof/reading.hpp"

namespace derivd::proof {
namespace {

// The fewest pips lie within the barrier of R_100, so that a tick is exactly on it soonest.
constexpr std::array<std::string_view, 2> kCoarseWalks{"R_100", "1HZ100V"};

// At the fastest growth a tick is within the barrier with a chance of 0.9465 (contracts.md section
// 2.3): 94 of 100 are knocked out by then, 100 s on R_100, and the venue closes it by itself at 55.
constexpr int kHeldTicks = 50;
// No accumulator has more (contracts.md section 2.3), and what it grows to by then fits its type.
constexpr std::size_t kLongestLife = 250;

/// As a share in units of kBarrierUnit; empty: the venue did not show it, or finer than that.
std::optional<std::int64_t> barrier_of(const Course& course) {
  constexpr std::uint8_t kDecimals = 12;
  if (!course.share || course.share->scale > kDecimals || course.share->mantissa <= 0) {
    return std::nullopt;
  }
  const auto finer = core::pow10(kDecimals - course.share->scale);
  if (course.share->mantissa >= market::kBarrierUnit / finer) return std::nullopt;
  return course.share->mantissa * finer;
}

/// The quote is exactly one of the levels that the venue shows, which have a decimal more. The
/// share itself is finer than any quote, so that no tick is exactly on that.
bool touches(core::Price before, core::Price now, std::int64_t barrier) {
  const auto levels = market::growth_levels(before, barrier);
  const auto finer = now.mantissa() * 10;
  return finer == levels.high.mantissa() || finer == levels.low.mantissa();
}

enum class Booked { kAtOnce, kNextTick, kPaysNow, kPaysBefore };

struct KnockOutRules {
  bool touch_counts = true;
  Booked booked = Booked::kAtOnce;
};

using TickRow = std::vector<market::Tick>;

/// The place of the first tick after the entry that these rules knock out at; empty: none is known.
std::optional<std::size_t> reached_at(const TickRow& ticks, std::size_t entry, std::int64_t barrier,
                                      bool touch_counts) {
  for (auto n = entry + 1; n < ticks.size() && n <= entry + kLongestLife; ++n) {
    const auto &before = ticks[n - 1].quote, &now = ticks[n].quote;
    if (!market::reaches_barrier(before, now, barrier)) continue;
    if (touch_counts || !touches(before, now, barrier)) return n;
  }
  return std::nullopt;
}

Outcome knocked_out(const Course& course, std::size_t entry, std::int64_t barrier,
                    const KnockOutRules& rules) {
  const auto& ticks = course.ticks;
  const auto at = reached_at(ticks, entry, barrier, rules.touch_counts);
  const auto nothing = core::Money::minor(0, course.bought.amount.exponent());
  const auto behind_all = ticks.back().epoch + std::chrono::seconds(1);
  if (!at) return {.exit = behind_all};  // it would have gone on
  const auto growth = course.bought.spec.accumulator()->growth;
  const auto grown_after = static_cast<int>(*at - entry);
  switch (rules.booked) {
    case Booked::kAtOnce:
      return {.exit = ticks[*at].epoch, .paid = nothing};
    case Booked::kNextTick:
      return {.exit = *at + 1 < ticks.size() ? ticks[*at + 1].epoch : behind_all, .paid = nothing};
    case Booked::kPaysNow:
      return {.exit = ticks[*at].epoch,
              .paid = market::grown(course.bought.amount, growth, grown_after)};
    case Booked::kPaysBefore:
      return {.exit = ticks[*at].epoch,
              .paid = market::grown(course.bought.amount, growth, grown_after - 1)};
  }
  return {};
}

/// What ended it is no knock-out: our own sale, or a limit of the venue's. A sale that was too late
/// is none: a running one is never worth nothing.
bool ended_otherwise(const Course& course, std::size_t entry, std::int64_t barrier) {
  if (!course.paid || course.paid->is_zero()) return false;
  if (course.sold || !course.exit) return true;
  const auto first = reached_at(course.ticks, entry, barrier, true);
  return !first || course.ticks[*first].epoch > *course.exit;
}

/// Every tick of the symbol from the entry to the end is there: over a gap two quotes are compared
/// that the venue did not compare.
bool is_whole(const Course& course, std::size_t entry, int interval_s) {
  if (interval_s == 0) return true;
  for (auto n = entry + 1; n < course.ticks.size(); ++n) {
    if (course.exit && course.ticks[n - 1].epoch >= *course.exit) return true;
    if ((course.ticks[n].epoch - course.ticks[n - 1].epoch).count() > interval_s) return false;
  }
  return true;
}

std::string_view words_of(Booked booked) {
  switch (booked) {
    case Booked::kAtOnce:
      return "it ends for nothing at the tick that reaches the barrier";
    case Booked::kNextTick:
      return "it ends for nothing at the tick after the one that reaches the barrier";
    case Booked::kPaysNow:
    case Booked::kPaysBefore:
      return "it pays what it had grown to when a tick reaches the barrier";
  }
  return "?";
}

enum class KnockOut { kBooked, kTouch };

/// All combinations, in the words of one of the two questions.
template <KnockOut question>
std::vector<Reading> knock_outs(const Course& course, const market::SymbolInfo& symbol) {
  const auto barrier = barrier_of(course);
  const auto entry = std::ranges::find_if(
      course.ticks, [&](const market::Tick& t) { return t.epoch == course.entry; });
  const auto at = static_cast<std::size_t>(entry - course.ticks.begin());
  const bool tells = barrier && entry != course.ticks.end() &&
                     is_whole(course, at, symbol.interval_s) &&
                     !ended_otherwise(course, at, *barrier);
  std::vector<Reading> out;
  for (const bool touch_counts : {true, false}) {
    for (const auto booked :
         {Booked::kAtOnce, Booked::kNextTick, Booked::kPaysNow, Booked::kPaysBefore}) {
      Reading r;
      if constexpr (question == KnockOut::kBooked) {
        r.assumed = booked == Booked::kAtOnce;
        r.says = words_of(booked);
      } else {
        r.assumed = touch_counts;
        r.says = touch_counts ? "a tick exactly on the barrier ends it"
                              : "a tick exactly on the barrier does not end it";
      }
      if (tells) r.predicted = knocked_out(course, at, *barrier, {touch_counts, booked});
      out.push_back(std::move(r));
    }
  }
  return out;
}

template <KnockOut question>
Finding judge_knock_out(const Seen& seen) {
  auto out = judge_courses(seen, knock_outs<question>);
  const bool all_sold =
      !seen.courses.empty() && std::ranges::all_of(seen.courses, [](const Course& c) {
        return c.sold && c.paid && !c.paid->is_zero();
      });
  if (out.verdict == Verdict::kUndecided && all_sold) {
    out.seen = fmt::format("no tick reached the barrier for {} ticks, and it was sold ({} of {})",
                           kHeldTicks, seen.courses.size(), seen.courses.size());
  }
  return out;
}

Request fastest_growth(const Market& m) {
  const auto spec = spec_of(fmt::format("ACCU {} - growth=0.05", m.symbol.code));
  return {spec, least_stake(m, spec.type)};
}

const std::array kKnockOutProbes{
    Probe{.kind = "knock-out",
          .assumed = "ACCU end for nothing at the tick that goes as far as the exact share",
          .symbols = kCoarseWalks,
          .type = "ACCU",
          .buys = fastest_growth,
          .hold_ticks = kHeldTicks,
          .by_chance = true,
          .judge = judge_knock_out<KnockOut::kBooked>},
    Probe{.kind = "knock-out-touch",
          .assumed = "ACCU end at a tick that is exactly on the barrier that is shown",
          .symbols = kCoarseWalks,
          .type = "ACCU",
          .buys = fastest_growth,
          .hold_ticks = kHeldTicks,
          .by_chance = true,
          .judge = judge_knock_out<KnockOut::kTouch>},
};

}  // namespace

std::span<const Probe> knock_out_probes() { return kKnockOutProbes; }

}  // namespace derivd::proof
