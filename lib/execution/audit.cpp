#include "execution/audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/counted.hpp"
#include "market/kind.hpp"
#include "market/multiplier.hpp"
#include "market/spec.hpp"
#include "market/symbol.hpp"

namespace derivd::execution {
namespace {

using core::Money;
using core::VenueTime;
using market::ContractSpec;
using market::Tick;

std::string shown(const Tick& tick) {
  return fmt::format("{} at {}", tick.quote.to_string(), tick.epoch.s);
}

void differ(std::vector<Difference>& out, std::string_view field, std::string said,
            std::string expected) {
  out.push_back({field, std::move(said), std::move(expected)});
}

Money nothing_of(const Order& order) { return Money::minor(0, order.buy_price.exponent()); }

/// Amounts of one claim, which cannot be compared where the currencies' exponents differ.
bool one_currency(const Order& o) {
  const auto e = o.buy_price.exponent();
  return o.sell_price.exponent() == e && (!o.payout || o.payout->exponent() == e) &&
         (!o.profit || o.profit->exponent() == e);
}

/// What the venue pays for this result; empty where it never said what a win is worth.
std::optional<Money> pays(const Order& order, bool won) {
  return won ? order.payout : std::optional(nothing_of(order));
}

void check_profit(const Order& o, std::vector<Difference>& out) {
  // Of a multiplier with deal cancellation the fee is not part of the profit: the stake counts.
  const auto cost = market::has_payout(o.spec.type) ? o.buy_price : o.stake;
  if (!o.profit || *o.profit == o.sell_price - cost) return;
  differ(out, "profit", o.profit->to_string(),
         fmt::format("{} ({} paid back on {})", (o.sell_price - cost).to_string(),
                     o.sell_price.to_string(), cost.to_string()));
}

void check_result(const Order& o, bool won, std::vector<Difference>& out) {
  if ((o.outcome == Outcome::kWon && !won) || (o.outcome == Outcome::kLost && won)) {
    differ(out, "status", std::string(name_of(o.outcome)), won ? "won" : "lost");
  }
  const auto expected = pays(o, won);
  if (expected ? o.sell_price != *expected : o.sell_price.is_zero()) {
    differ(out, "paid", o.sell_price.to_string(), expected ? expected->to_string() : "the payout");
  }
}

// ---- ticks as evidence ----

/// Ticks of the contract's symbol, rising; what is said twice and differently is a difference.
std::vector<Tick> in_order(const ContractSpec& spec, std::span<const Tick> ticks,
                           std::vector<Difference>& out) {
  std::vector<Tick> mine;
  std::copy_if(ticks.begin(), ticks.end(), std::back_inserter(mine),
               [&](const Tick& t) { return t.symbol == spec.symbol; });
  std::stable_sort(mine.begin(), mine.end(),
                   [](const Tick& a, const Tick& b) { return a.epoch < b.epoch; });
  std::vector<Tick> unique;
  for (const auto& t : mine) {
    if (unique.empty() || unique.back().epoch < t.epoch) {
      unique.push_back(t);
    } else if (!same_tick(unique.back(), t)) {
      differ(out, "ticks", shown(t), shown(unique.back()));
    }
  }
  return unique;
}

/// Seconds between two ticks; 0: not known, the symbol ticks as it likes.
std::int64_t cadence_of(const ContractSpec& spec) {
  const auto* symbol = market::find_symbol(spec.symbol);
  return symbol != nullptr ? symbol->interval_s : 0;
}

/// Tick seconds in (after, up_to] that have no tick. Ticks fall on whole multiples of the cadence
/// (v3-api.md section 6).
std::int64_t missing_in(std::span<const Tick> ticks, std::int64_t cadence, VenueTime after,
                        VenueTime up_to) {
  const auto seconds = up_to.s / cadence - after.s / cadence;
  const auto there = std::count_if(ticks.begin(), ticks.end(), [&](const Tick& t) {
    return t.epoch > after && t.epoch <= up_to && t.epoch.s % cadence == 0;
  });
  return std::max<std::int64_t>(seconds - there, 0);
}

/// Why these ticks do not prove the life that they led to; empty: they do.
std::string hole_in(const ContractSpec& spec, const market::Life& life, std::span<const Tick> ticks,
                    VenueTime start) {
  const auto cadence = cadence_of(spec);
  const auto entry = life.entry()->epoch;
  const auto exit = life.exit()->epoch;
  const bool early = life.ended()->when < life.expiry();
  const bool timed = !spec.duration.in_ticks() && !early;
  if (cadence == 0) {
    const bool before = ticks.front().epoch <= start;
    const bool after = !timed || ticks.back().epoch >= life.expiry();
    if (before && after) return {};
    return fmt::format(
        "the ticks do not reach from before the start to the end, and {} has no "
        "known rhythm",
        spec.symbol);
  }
  // Of a time only both ends matter, unless a tick between them can decide.
  const bool all = !timed || market::kind_of(spec.type).path_dependent;
  const auto missing =
      (all ? missing_in(ticks, cadence, start, exit) : missing_in(ticks, cadence, start, entry)) +
      (timed ? missing_in(ticks, cadence, exit, life.expiry()) : 0);
  if (missing == 0) return {};
  return fmt::format("{} tick second{} without a tick where {}", missing, missing == 1 ? "" : "s",
                     !all                       ? "the entry or the exit is decided"
                     : spec.duration.in_ticks() ? "ticks are counted"
                                                : "any tick decides");
}

/// Whether entry and exit of the claim can be those of the contract, judged by their times alone.
void check_times(const Claim& claim, std::vector<Difference>& out,
                 std::vector<std::string>& notes) {
  const auto& o = claim.order;
  const auto& entry = *o.entry;
  const auto& exit = *o.exit;
  const auto cadence = std::max<std::int64_t>(cadence_of(o.spec), 1);
  const auto first = (o.purchase_time.s / cadence + 1) * cadence;
  if (entry.epoch.s < first || entry.epoch.s % cadence != 0) {
    differ(out, "entry time", std::to_string(entry.epoch.s),
           fmt::format("{}, the first tick second after the start", first));
  } else if (entry.epoch.s > first) {
    notes.push_back(fmt::format("the first tick second after the start is {}, the entry {}", first,
                                entry.epoch.s));
  }
  if (!o.spec.duration.in_ticks()) {
    const auto end = market::expiry_of(o.spec.duration, o.purchase_time).s;
    const auto last = end / cadence * cadence;
    if (exit.epoch.s > end || exit.epoch.s % cadence != 0 || exit.epoch < entry.epoch) {
      differ(out, "exit time", std::to_string(exit.epoch.s),
             fmt::format("{}, the last tick second of its life", last));
    } else if (exit.epoch.s < last) {
      notes.push_back(
          fmt::format("the last tick second of its life is {}, the exit {}", last, exit.epoch.s));
    }
    return;
  }
  const auto steps = o.spec.duration.count - (market::kind_of(o.spec.type).entry_counts ? 1 : 0);
  const auto earliest = entry.epoch.s + steps * cadence;
  if (exit.epoch.s < earliest || exit.epoch.s % cadence != 0) {
    differ(out, "exit time", std::to_string(exit.epoch.s),
           fmt::format("{}, {} after the entry", earliest, core::counted(steps, "tick")));
  } else if (exit.epoch.s > earliest) {
    notes.push_back(fmt::format("without a gap in the ticks the exit would be at {}, it is at {}",
                                earliest, exit.epoch.s));
  }
  if (steps == 0 && exit.epoch == entry.epoch && !same_tick(entry, exit)) {
    differ(out, "exit", shown(exit), shown(entry));
  }
}

/// `wins` compares prices of one symbol; a claim may hold them with other decimals.
bool comparable(const ContractSpec& spec, const Tick& entry, const Tick& exit) {
  const auto d = entry.quote.decimals();
  return d == exit.quote.decimals() && market::has_decimals(spec, d);
}

void set_result(Audit& a, const ContractSpec& spec, const OwnResult& own, const Order& order) {
  a.entry = own.entry;
  a.exit = own.exit;
  a.won = own.won;
  a.expected = pays(order, own.won);
  if (!a.barrier) a.barrier = market::price_to_beat(spec, own.entry.quote);
}

/// Our own result from the ticks, where they prove one.
std::optional<OwnResult> from_ticks(const Claim& claim, std::span<const Tick> ticks, Audit& a) {
  const auto& o = claim.order;
  if (ticks.empty()) return std::nullopt;
  market::Life life(o.spec, {o.purchase_time, o.stake, {}}, market::find_symbol(o.spec.symbol));
  for (const auto& t : ticks) life.on_tick(t);
  // It is over: the time after its end has passed whether or not a later tick is there.
  if (!o.spec.duration.in_ticks()) life.on_time(life.expiry() + std::chrono::seconds(1));
  if (!life.exit()) {
    a.notes.push_back("the ticks at hand do not reach to the end of the contract");
    return std::nullopt;
  }
  if (const auto hole = hole_in(o.spec, life, ticks, o.purchase_time); !hole.empty()) {
    a.notes.push_back(hole);
    return std::nullopt;
  }
  a.barrier = life.barrier_price();
  return OwnResult{*life.entry(), *life.exit(), life.ended()->how == market::End::kWon};
}

void judge_digital(const Claim& claim, std::span<const Tick> ticks, Audit& a) {
  const auto& o = claim.order;
  auto own = from_ticks(claim, ticks, a);
  if (own) {
    a.evidence = Evidence::kTicks;
  } else if (market::kind_of(o.spec.type).wins == nullptr) {
    a.notes.push_back("any tick of its life can decide it, so that all of them are needed");
    return;
  } else if (o.entry && o.exit && comparable(o.spec, *o.entry, *o.exit)) {
    a.evidence = Evidence::kTwoTicks;
    a.notes.push_back(
        "judged by the recorded entry and exit; that they are the right ticks is "
        "not proven");
    check_times(claim, a.differences, a.notes);
    own = OwnResult{*o.entry, *o.exit, market::wins(o.spec, o.entry->quote, o.exit->quote)};
  }
  if (!own) {
    a.notes.push_back("neither its ticks nor its entry and exit are known");
    return;
  }
  set_result(a, o.spec, *own, o);
  if (claim.barrier && a.barrier && *claim.barrier != *a.barrier) {
    differ(a.differences, "barrier", claim.barrier->to_string(), a.barrier->to_string());
  }
  if (!claim.has_paid) a.notes.push_back("what it paid is not known");
  for (auto& d : differences(o, *own)) {
    if (claim.has_paid || (d.field != "paid" && d.field != "profit")) {
      a.differences.push_back(std::move(d));
    }
  }
  if (o.settled_time.s != 0 && o.settled_time < own->exit.epoch) {
    differ(a.differences, "settled", std::to_string(o.settled_time.s),
           fmt::format("not before its exit at {}", own->exit.epoch.s));
  }
  a.verdict = AuditVerdict::kAgrees;
}

/// The first tick at which nothing is left, if that is before `exit`.
std::optional<Tick> stopped_out_before(const Claim& claim, const market::SymbolInfo& symbol,
                                       std::span<const Tick> ticks, VenueTime exit) {
  auto spec = claim.order.spec;
  // Its limits may have been changed during its life.
  spec.terms = market::MultiplierTerms{spec.multiplier()->multiplier, {}, {}, {}};
  market::Life life(spec, {claim.order.purchase_time, claim.order.stake, {}}, &symbol);
  for (const auto& t : ticks) {
    if (t.epoch >= exit) break;
    if (life.on_tick(t)) return t;
  }
  return std::nullopt;
}

void judge_multiplier(const Claim& claim, std::span<const Tick> ticks, Audit& a) {
  const auto& o = claim.order;
  const auto* symbol = market::find_symbol(o.spec.symbol);
  if (symbol == nullptr || symbol->multiplier_commission <= 0) {
    a.notes.push_back(fmt::format("the commission on {} is not known", o.spec.symbol));
    return;
  }
  if (!o.entry || !o.exit || !comparable(o.spec, *o.entry, *o.exit) ||
      o.entry->quote.decimals() != symbol->decimals || o.spec.multiplier() == nullptr ||
      o.spec.multiplier()->multiplier == 0 || o.stake.units() <= 0) {
    a.notes.push_back("its entry, exit, stake or multiplier is not known");
    return;
  }
  market::Life life(o.spec, {o.purchase_time, o.stake, {}}, symbol);
  life.on_tick(*o.entry);
  a.evidence = Evidence::kTwoTicks;
  a.entry = o.entry;
  a.exit = o.exit;
  a.expected = o.stake + market::position_of(life).profit_at(o.exit->quote);
  a.notes.push_back("the value at its exit tick; whether it had to be closed there is not proven");
  if (!ticks.empty() &&
      missing_in(ticks, symbol->interval_s, o.purchase_time, o.exit->epoch) == 0) {
    a.evidence = Evidence::kTicks;
    if (const auto early = stopped_out_before(claim, *symbol, ticks, o.exit->epoch)) {
      differ(a.differences, "exit", shown(*o.exit), shown(*early) + ", stopped out");
    }
  }
  if (claim.has_paid && o.sell_price != *a.expected) {
    // Before 2026-11-30 the simulator and paper charged a small exposure no least commission.
    auto by_rate = market::position_of(life);
    by_rate.commission_rate = std::llround(symbol->multiplier_commission * 1e9);
    const auto without = o.stake + by_rate.profit_at(o.exit->quote);
    if (o.sell_price == without) {
      a.expected = without;
      a.notes.push_back("paid as without the venue's least commission");
    } else {
      differ(a.differences, "paid", o.sell_price.to_string(), a.expected->to_string());
    }
  }
  check_profit(o, a.differences);
  a.verdict = AuditVerdict::kAgrees;
}

// Ended by hand or where nothing was left: both pay the same.
void judge_cancelled(const Claim& claim, Audit& a) {
  const auto& o = claim.order;
  a.entry = o.entry;
  a.expected = o.stake;
  if (!market::has_cancellation(o.spec)) {
    differ(a.differences, "status", "cancelled", "another end: it has no deal cancellation");
  } else if (const auto end = *market::cancellation_end(o.spec, o.purchase_time);
             o.settled_time.s != 0 && o.settled_time > end) {
    a.notes.push_back(fmt::format(
        "paid at {}, {} s after its cancellation ended; when it was cancelled is not known",
        o.settled_time.s, (o.settled_time - end).count()));
  }
  if (claim.has_paid && o.sell_price != o.stake) {
    differ(a.differences, "paid", o.sell_price.to_string(), o.stake.to_string());
  }
  check_profit(o, a.differences);
  a.verdict = AuditVerdict::kAgrees;
}

// Accumulators, turbos, vanillas: by figures of the venue's own, which no witness hands on.
void judge_value(const Claim& claim, Audit& a) {
  const auto& o = claim.order;
  a.entry = o.entry;
  a.exit = o.exit;
  a.notes.push_back(
      "what it pays follows from the venue's own barrier or number of contracts: the profit alone "
      "is checked");
  check_profit(o, a.differences);
  a.verdict = AuditVerdict::kAgrees;
}

void judge_sold(const Claim& claim, Audit& a) {
  const auto& o = claim.order;
  a.entry = o.entry;
  a.exit = o.exit;
  a.notes.push_back("sold before its end: the price was the venue's offer, the profit is checked");
  check_profit(o, a.differences);
  a.verdict = AuditVerdict::kAgrees;
}

}  // namespace

bool same_tick(const Tick& a, const Tick& b) {
  return a.epoch == b.epoch && core::Decimal{a.quote.mantissa(), a.quote.decimals()} ==
                                   core::Decimal{b.quote.mantissa(), b.quote.decimals()};
}

std::vector<Difference> differences(const Order& settled, const OwnResult& own) {
  std::vector<Difference> out;
  if (settled.outcome != Outcome::kSold) {
    if (settled.entry && !same_tick(*settled.entry, own.entry)) {
      differ(out, "entry", shown(*settled.entry), shown(own.entry));
    }
    if (settled.exit && !same_tick(*settled.exit, own.exit)) {
      differ(out, "exit", shown(*settled.exit), shown(own.exit));
    }
    check_result(settled, own.won, out);
  }
  check_profit(settled, out);
  return out;
}

Claim claim_of(const Order& settled) {
  Claim claim;
  claim.order = settled;
  // The fee is the quoted one; what was paid beyond the position may have been less.
  claim.order.stake = market::has_cancellation(settled.spec)
                          ? market::stake_in(settled.spec, settled.stake)
                          : settled.buy_price;
  if (settled.profit) {
    claim.order.profit = *settled.profit + (settled.buy_price - claim.order.stake);
  }
  claim.is_over = settled.state == OrderState::kSettled;
  claim.has_paid = claim.is_over;
  return claim;
}

std::string_view name_of(Evidence evidence) {
  switch (evidence) {
    case Evidence::kNone:
      return "none";
    case Evidence::kTwoTicks:
      return "two_ticks";
    case Evidence::kTicks:
      return "ticks";
  }
  return "?";
}

std::string_view name_of(AuditVerdict verdict) {
  switch (verdict) {
    case AuditVerdict::kAgrees:
      return "agrees";
    case AuditVerdict::kDiffers:
      return "differs";
    case AuditVerdict::kUnjudged:
      return "unjudged";
  }
  return "?";
}

Audit audit(const Claim& claim, std::span<const Tick> ticks) {
  Audit a;
  const auto& o = claim.order;
  a.differences = claim.contradictions;
  if (claim.has_paid) a.paid = o.sell_price;
  if (!claim.is_over) {
    a.notes.push_back("the contract is still open");
  } else if (!one_currency(o)) {
    a.notes.push_back("its amounts are in different currencies");
  } else {
    const auto mine = in_order(o.spec, ticks, a.differences);
    if (o.outcome == Outcome::kSold && market::has_payout(o.spec.type)) {
      judge_sold(claim, a);
    } else if (o.outcome == Outcome::kCancelled) {
      judge_cancelled(claim, a);
    } else if (market::kind_of(o.spec.type).needs.multiplier) {
      judge_multiplier(claim, mine, a);
    } else if (!market::has_payout(o.spec.type)) {
      judge_value(claim, a);
    } else {
      judge_digital(claim, mine, a);
    }
  }
  if (!a.differences.empty()) a.verdict = AuditVerdict::kDiffers;
  return a;
}

}  // namespace derivd::execution
