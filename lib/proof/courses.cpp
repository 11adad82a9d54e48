// How contracts enter, are decided and end: one purchase each, and the readings of its rule that it
// can tell apart.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "market/kind.hpp"
#include "market/life.hpp"
#include "market/multiplier.hpp"
#include "market/pricing.hpp"
#include "proof/plan.hpp"
#include "proof/reading.hpp"

namespace derivd::proof {
namespace {

using market::Tick;

// A step index never stands still, so that every second end of two ticks is a tie.
constexpr std::array<std::string_view, 3> kSteps{"stpRNG", "R_100", "1HZ100V"};

using Readings = std::vector<Reading>;
using Ticks = std::vector<Tick>;

/// The readings of each course, judged together.
template <ReadingsOf readings>
Finding judge(const Seen& seen) {
  return judge_courses(seen, readings);
}

/// Ticks after the start, the entry of most kinds first.
Ticks after_start(const Course& course) {
  Ticks out;
  for (const auto& tick : course.ticks) {
    if (tick.epoch > course.start) out.push_back(tick);
  }
  return out;
}
std::optional<Tick> latest_at(const Course& course, core::VenueTime time) {
  std::optional<Tick> out;
  for (const auto& tick : course.ticks) {
    if (tick.epoch <= time) out = tick;
  }
  return out;
}
/// Whether the ticks go on behind `time`, so that the last one before it is known.
bool reaches(const Course& course, core::VenueTime time) {
  return !course.ticks.empty() && course.ticks.back().epoch >= time;
}
core::VenueTime end_of(const Course& course) {
  return market::expiry_of(course.bought.spec.duration, course.start);
}

Request least(const Market& m, const std::string& text) {
  const auto spec = spec_of(text);
  return {spec, least_stake(m, spec.type)};
}

// ---- the entry ----

Request one_multiplier(const Market& m) {
  return least(m, fmt::format("MULTUP {} - multiplier={}", m.symbol.code, multiplier_of(m)));
}
Request growing(const Market& m) {
  return least(m, fmt::format("ACCU {} - growth=0.01", m.symbol.code));
}
Request one_turbo(const Market& m) {
  const auto type = spec_of("TURBOSLONG R_100 5t").type;
  return with_middle_barrier(m, "TURBOSLONG", "5t", least_stake(m, type));
}

template <bool next_is_assumed>
Readings entries(const Course& course, const market::SymbolInfo&) {
  Readings out{{"it enters at the next tick", next_is_assumed},
               {"it enters at the latest tick when it is bought", !next_is_assumed}};
  const auto after = after_start(course);
  if (!after.empty()) out[0].predicted.entry = after.front().epoch;
  if (const auto known = latest_at(course, course.start)) out[1].predicted.entry = known->epoch;
  return out;
}

// ---- ties ----

Request rise(const Market& m) { return least(m, fmt::format("CALL {} 2t", m.symbol.code)); }
Request rise_or_tie(const Market& m) {
  return least(m, fmt::format("CALLE {} 2t", m.symbol.code));
}
Request fall_or_tie(const Market& m) { return least(m, fmt::format("PUTE {} 2t", m.symbol.code)); }

/// Of a rise, or of a fall. `tie_wins`: so it is assumed.
template <bool rises, bool tie_wins>
Readings ties(const Course& course, const market::SymbolInfo&) {
  Readings out{{"a tie loses", !tie_wins}, {"a tie wins", tie_wins}};
  const auto after = after_start(course);
  const auto moves = static_cast<std::size_t>(course.bought.spec.duration.count);
  if (after.size() <= moves) return out;
  const auto entry = after.front().quote, exit = after[moves].quote;
  const bool beyond = rises ? exit > entry : exit < entry;
  out[0].predicted.won = beyond;
  out[1].predicted.won = beyond || exit == entry;
  return out;
}

Request of_two_barriers(const Market& m, std::string_view type) {
  const auto away = distance(m, 120, 1.0);
  return least(m, fmt::format("{} {} 2m {} {}", type, m.symbol.code, signed_text(away),
                              signed_text(-away)));
}
Request inclusive(const Market& m) { return of_two_barriers(m, "EXPIRYRANGEE"); }
Request inclusive_outside(const Market& m) { return of_two_barriers(m, "EXPIRYMISSE"); }

/// Of an exit between two barriers, or outside of them.
template <bool inside_wins>
Readings range_ties(const Course& course, const market::SymbolInfo&) {
  Readings out{{"an exit on a barrier wins", true}, {"an exit on a barrier loses", false}};
  const auto after = after_start(course);
  const auto exit = latest_at(course, end_of(course));
  if (after.empty() || !exit || !reaches(course, end_of(course))) return out;
  const auto& barriers = course.bought.spec.barriers;
  const auto high = market::level_of(barriers[0], after.front().quote);
  const auto low = market::level_of(barriers[1], after.front().quote);
  if (!high || !low) return out;
  const bool on_one = exit->quote == *high || exit->quote == *low;
  const bool between = exit->quote < *high && exit->quote > *low;
  const bool beyond = !on_one && between == inside_wins;
  out[0].predicted.won = beyond || on_one;
  out[1].predicted.won = beyond;
  return out;
}

// ---- the side from which a barrier is touched ----

// So near that the entry often lies behind it.
Request near_level(const Market& m) {
  const auto level = m.latest.quote + distance(m, std::max<int>(m.symbol.interval_s, 1), 0.5);
  return least(m, fmt::format("NOTOUCH {} 2m {}", m.symbol.code, level.to_string()));
}

/// Of NOTOUCH, the barrier being seen from `from`. `whole`: the ticks are all of its life; else
/// what they do not end ends behind the last of them.
Outcome touched_from(core::Price from, core::Price level, const Ticks& life, bool whole) {
  for (const auto& tick : life) {
    const bool reached =
        from == level || (level > from ? tick.quote >= level : tick.quote <= level);
    if (reached) return {.exit = tick.epoch, .won = false};
  }
  if (whole) return {.exit = life.back().epoch, .won = true};
  return {.exit = life.back().epoch + std::chrono::seconds(1)};
}

Readings sides(const Course& course, const market::SymbolInfo&) {
  Readings out{{"the side is that of the entry", true},
               {"the side is that of the latest quote when it is bought", false}};
  auto life = after_start(course);
  const auto known = latest_at(course, course.start);
  std::erase_if(life, [&](const Tick& t) { return t.epoch > end_of(course); });
  if (life.empty() || !known) return out;
  const auto level = course.bought.spec.barriers[0].value;
  const bool whole = reaches(course, end_of(course));
  out[0].predicted = touched_from(life.front().quote, level, life, whole);
  out[1].predicted = touched_from(known->quote, level, life, whole);
  return out;
}

// ---- high tick ----

Request first_of_five(const Market& m) {
  return least(m, fmt::format("TICKHIGH {} 5t tick=1", m.symbol.code));
}
Request last_of_five(const Market& m) {
  return least(m, fmt::format("TICKHIGH {} 5t tick=5", m.symbol.code));
}

struct HighTickRules {
  bool entry_counts = true;
  bool tie_loses = true;
  bool ends_early = true;
};

/// Of TICKHIGH under these rules; empty: not enough ticks are known.
Outcome high_tick(const Course& course, const HighTickRules& rules) {
  constexpr std::size_t kOf = 5;
  const auto after = after_start(course);
  const std::size_t first = rules.entry_counts ? 0 : 1;
  if (after.size() < first + kOf) return {};
  const auto selected = static_cast<std::size_t>(course.bought.spec.selected_tick()) - 1;
  const auto best = after[first + selected].quote;
  std::optional<std::size_t> beaten;
  for (std::size_t k = 0; k < kOf && !beaten; ++k) {
    if (k == selected) continue;
    const auto quote = after[first + k].quote;
    if (quote > best || (rules.tie_loses && quote == best)) beaten = std::max(k, selected);
  }
  Outcome out;
  out.won = !beaten;
  out.exit = after[first + (beaten && rules.ends_early ? *beaten : kOf - 1)].epoch;
  return out;
}

enum class HighTick { kFirst, kTie, kEnd };

/// All eight combinations, in the words of one of their three questions.
template <HighTick question>
Readings high_ticks(const Course& course, const market::SymbolInfo&) {
  Readings out;
  for (int n = 0; n < 8; ++n) {
    const HighTickRules rules{(n & 1) == 0, (n & 2) == 0, (n & 4) == 0};
    Reading r;
    switch (question) {
      case HighTick::kFirst:
        r.assumed = rules.entry_counts;
        r.says = r.assumed ? "the entry is tick 1 of five" : "the tick after the entry is tick 1";
        break;
      case HighTick::kTie:
        r.assumed = rules.tie_loses;
        r.says = r.assumed ? "a tie loses" : "a tie wins";
        break;
      case HighTick::kEnd:
        r.assumed = rules.ends_early;
        r.says =
            r.assumed ? "it ends at the tick that makes it impossible" : "it runs to its last tick";
        break;
    }
    r.predicted = high_tick(course, rules);
    out.push_back(std::move(r));
  }
  return out;
}

// ---- reset ----

Request reset_ticks(const Market& m) {
  return least(m, fmt::format("RESETCALL {} 5t", m.symbol.code));
}
Request reset_seconds(const Market& m) {
  return least(m, fmt::format("RESETCALL {} 25s", m.symbol.code));
}

/// A rise whose level is lowered by the quote of the middle.
Outcome reset_at(const Tick& entry, const Tick& middle, core::Price exit) {
  Outcome out;
  out.level = std::min(entry.quote, middle.quote);
  out.won = exit > *out.level;
  out.reset_time = middle.epoch;
  return out;
}

Readings odd_resets(const Course& course, const market::SymbolInfo&) {
  const auto ticks = static_cast<std::size_t>(course.bought.spec.duration.count);
  const auto middle = ticks / 2;
  Readings out{{fmt::format("the level is looked at after {} moves", middle), true},
               {fmt::format("the level is looked at after {} moves", middle + 1), false}};
  const auto after = after_start(course);
  if (after.size() <= ticks) return out;
  for (std::size_t n = 0; n < out.size(); ++n) {
    out[n].predicted = reset_at(after.front(), after[middle + n], after[ticks].quote);
  }
  return out;
}

Readings timed_resets(const Course& course, const market::SymbolInfo&) {
  Readings out{{"the level is the last tick at or before the middle", true},
               {"the level is the first tick at or after the middle", false}};
  const auto end = end_of(course);
  const core::VenueTime middle{course.start.s + (end - course.start).count() / 2};
  const auto after = after_start(course);
  const auto exit = latest_at(course, end);
  const auto before = latest_at(course, middle);
  const auto later = std::ranges::find_if(after, [&](const Tick& t) { return t.epoch >= middle; });
  if (after.empty() || !exit || !before || later == after.end() || !reaches(course, end))
    return out;
  if (before->epoch < after.front().epoch) return out;
  out[0].predicted = reset_at(after.front(), *before, exit->quote);
  out[1].predicted = reset_at(after.front(), *later, exit->quote);
  return out;
}

// ---- limits that the venue keeps ----

// A profit that a few ticks of the largest multiplier bring, and a loss that is no stop out.
Request limited(const Market& m) {
  auto request = one_multiplier(m);
  const auto part = [&](std::int64_t percent) {
    const auto units = request.amount.units() * percent / 100;
    return core::Money::minor(std::max<std::int64_t>(units, 1), request.amount.exponent());
  };
  request.spec.multiplier_terms().take_profit = part(10);
  request.spec.multiplier_terms().stop_loss = part(50);
  return request;
}

/// The profit is so near to a limit that a rounding decides whether it is reached.
bool is_close(const market::MultiplierPosition& position, core::Price quote) {
  const auto profit = position.profit_at(quote).units();
  const auto& [multiplier, take_profit, stop_loss, cancellation, fee] = position.terms;
  return (take_profit && std::abs(profit - take_profit->units()) <= 1) ||
         (stop_loss && std::abs(profit + stop_loss->units()) <= 1);
}

// Recorded rates are below a thousandth.
constexpr double kMostRate = 0.1;

/// As the venue let it enter and for the commission that it charged, so that this question is about
/// nothing else.
market::Life position_of(const Course& course, market::SymbolInfo& symbol) {
  const auto& request = course.bought;
  if (course.commission) {
    const double rate = course.commission->to_double() /
                        (request.amount.to_double() * request.spec.multiplier()->multiplier);
    if (rate >= 0 && rate < kMostRate) symbol.multiplier_commission = rate;
  }
  const core::VenueTime start{course.entry ? course.entry->s - 1 : course.start.s};
  return {request.spec, {start, request.amount, course.payout, course.ticks.front()}, &symbol};
}

Readings fills(const Course& course, const market::SymbolInfo& info) {
  Readings out{{"it is filled at the tick that reaches the limit", true},
               {"it is filled at the tick after that", false}};
  if (course.sold || course.ticks.empty()) return out;
  auto symbol = info;
  auto life = position_of(course, symbol);
  for (std::size_t n = 0; n + 1 < course.ticks.size(); ++n) {
    const bool over = life.on_tick(course.ticks[n]);
    if (!life.entry()) continue;
    const auto position = market::position_of(life);
    if (is_close(position, course.ticks[n].quote)) return out;
    if (!over) continue;
    for (std::size_t k = 0; k < out.size(); ++k) {
      const auto& tick = course.ticks[n + k];
      out[k].predicted.exit = tick.epoch;
      out[k].predicted.paid = course.bought.amount + position.profit_at(tick.quote);
    }
    return out;
  }
  return out;
}

// ---- the bid ----

constexpr std::int64_t kBidStakes = 6;  // times the least stake: a cent is a small part of it then
// What a bid may be away from the model's: a cent, and this share of the payout.
constexpr std::int64_t kBidWithinMille = 5;

Request resold(const Market& m) {
  auto request = least(m, fmt::format("CALL {} 2m", m.symbol.code));
  request.amount =
      core::Money::minor(request.amount.units() * kBidStakes, request.amount.exponent());
  return request;
}

Finding judge_bid(const Seen& seen) {
  Finding out{Verdict::kUndecided, "the venue showed no bid"};
  for (const auto& course : seen.courses) {
    if (seen.symbol.sigma_percent == 0) continue;
    market::Life life(course.bought.spec, {course.start, course.bought.amount, course.payout},
                      &seen.symbol);
    auto tick = course.ticks.begin();
    for (const auto& bid : course.bids) {
      while (tick != course.ticks.end() && tick->epoch <= bid.tick) life.on_tick(*tick++);
      if (!life.entry() || life.is_over() || life.last()->epoch != bid.tick) continue;
      const auto model = market::bid_for(seen.symbol, life, bid.tick);
      const auto within = 1 + course.payout.units() * kBidWithinMille / 1000;
      const auto apart = std::abs(bid.amount.units() - model.units());
      const auto share = bid.amount.to_double() / course.payout.to_double();
      const auto text =
          fmt::format("{} s after its start {} was bid, assumed {}",
                      (bid.tick - course.start).count(), bid.amount.to_string(), model.to_string());
      if (out.measured.size() < 5) {
        out.measured.push_back(
            {fmt::format("bid per payout {} after {} s", market::encode(course.bought.spec),
                         (bid.tick - course.start).count()),
             fmt::format("{:.4f}", share)});
      }
      if (out.verdict == Verdict::kNot) continue;
      if (apart > within || out.verdict == Verdict::kUndecided) out.seen = text;
      out.verdict = apart > within ? Verdict::kNot : Verdict::kAsAssumed;
    }
  }
  return out;
}

// ---- names ----

Request one_digit(const Market& m) {
  return least(m, fmt::format("DIGITEVEN {} 1t", m.symbol.code));
}
Finding judge_contract_names(const Seen& seen) {
  if (seen.courses.empty()) return {Verdict::kUndecided, "nothing was bought"};
  std::string missing;
  for (const auto& name : seen.courses.front().missing) {
    missing += (missing.empty() ? "" : ", ") + name;
  }
  if (missing.empty()) return {Verdict::kAsAssumed, "all are in the settled contract"};
  return {Verdict::kNot, "not there: " + missing};
}

const std::array kCourseProbes{
    Probe{.kind = "contract-fields",
          .assumed = "contracts have the fields that derivd reads, by their names",
          .symbols = kWalks,
          .type = "DIGITEVEN",
          .buys = one_digit,
          .judge = judge_contract_names},
    Probe{.kind = "entry-tick",
          .assumed = assumption("entry-tick"),
          .symbols = kWalks,
          .type = "MULTUP",
          .buys = one_multiplier,
          .hold_ticks = 2,
          .judge = judge<entries<true>>},
    Probe{.kind = "entry-tick-growth",
          .assumed = "ACCU enter at the next tick after the start (entry-tick)",
          .symbols = kWalks,
          .type = "ACCU",
          .buys = growing,
          .hold_ticks = 2,
          .judge = judge<entries<true>>},
    Probe{.kind = "known-entry",
          .assumed = assumption("known-entry"),
          .symbols = kWalks,
          .type = "TURBOSLONG",
          .buys = one_turbo,
          .judge = judge<entries<false>>},
    Probe{.kind = "rise-tie",
          .assumed = "CALL and PUT lose when the exit is the entry",
          .symbols = kSteps,
          .type = "CALL",
          .buys = rise,
          .by_chance = true,
          .judge = judge<ties<true, false>>},
    Probe{.kind = "rise-or-tie",
          .assumed = "CALLE wins when the exit is the entry",
          .symbols = kSteps,
          .type = "CALLE",
          .buys = rise_or_tie,
          .by_chance = true,
          .judge = judge<ties<true, true>>},
    Probe{.kind = "fall-or-tie",
          .assumed = "PUTE wins when the exit is the entry",
          .symbols = kSteps,
          .type = "PUTE",
          .buys = fall_or_tie,
          .by_chance = true,
          .judge = judge<ties<false, true>>},
    Probe{.kind = "high-tick-first",
          .assumed = assumption("high-tick-first"),
          .symbols = kWalks,
          .type = "TICKHIGH",
          .buys = last_of_five,
          .by_chance = true,
          .judge = judge<high_ticks<HighTick::kFirst>>},
    Probe{.kind = "high-tick-early-end",
          .assumed = assumption("high-tick-early-end"),
          .symbols = kWalks,
          .type = "TICKHIGH",
          .buys = first_of_five,
          .by_chance = true,
          .judge = judge<high_ticks<HighTick::kEnd>>},
    Probe{.kind = "high-tick-tie",
          .assumed = assumption("high-tick-tie"),
          .symbols = kWalks,
          .type = "TICKHIGH",
          .buys = first_of_five,
          .by_chance = true,
          .judge = judge<high_ticks<HighTick::kTie>>},
    Probe{.kind = "reset-odd-ticks",
          .assumed = assumption("reset-odd-ticks"),
          .symbols = kWalks,
          .type = "RESETCALL",
          .buys = reset_ticks,
          .by_chance = true,
          .judge = judge<odd_resets>},
    Probe{.kind = "reset-time",
          .assumed = assumption("reset-time"),
          .symbols = kWalks,
          .type = "RESETCALL",
          .buys = reset_seconds,
          .by_chance = true,
          .judge = judge<timed_resets>},
    Probe{.kind = "inclusive-range",
          .assumed = assumption("inclusive-range"),
          .symbols = kWalks,
          .type = "EXPIRYRANGEE",
          .buys = inclusive,
          .by_chance = true,
          .judge = judge<range_ties<true>>},
    Probe{.kind = "inclusive-miss",
          .assumed = "EXPIRYMISSE wins on an exit that is exactly a barrier (inclusive-range)",
          .symbols = kWalks,
          .type = "EXPIRYMISSE",
          .buys = inclusive_outside,
          .by_chance = true,
          .judge = judge<range_ties<false>>},
    Probe{.kind = "absolute-touch-side",
          .assumed = assumption("absolute-touch-side"),
          .symbols = kWalks,
          .type = "NOTOUCH",
          .buys = near_level,
          .by_chance = true,
          .judge = judge<sides>},
    Probe{.kind = "limit-fill",
          .assumed = "take profit and stop loss of MULT* are filled at the tick that reaches them",
          .symbols = kWalks,
          .type = "MULTUP",
          .buys = limited,
          .by_chance = true,
          .judge = judge<fills>},
    Probe{.kind = "bid",
          .assumed = assumption("bid"),
          .symbols = kWalks,
          .type = "CALL",
          .buys = resold,
          .hold_ticks = 5,
          .judge = judge_bid},
};

}  // namespace

std::span<const Probe> course_probes() { return kCourseProbes; }

}  // namespace derivd::proof
