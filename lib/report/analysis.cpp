#include "report/analysis.hpp"

#include <algorithm>
#include <cmath>

#include "market/kind.hpp"
#include "market/pricing.hpp"

namespace derivd::report {
namespace {

/// Ratios of one such step are one group: stakes of few cents round their payouts (0.35 to 0.68,
/// 1.00 to 1.95).
constexpr double kRatioStep = 0.1;

/// Lengths of runs that are listed each, seen or not. Of longer ones only what was seen: their
/// number grows like the root of that of the trades.
constexpr std::int64_t kEveryRun = 500;

/// Totals that are being summed: peak and runs.
struct Running {
  Totals totals;
  std::int64_t peak = 0;
  std::int64_t losing = 0, winning = 0;

  void settle(const Trade& t) {
    auto& s = totals;
    const auto profit = t.profit->units();
    ++s.settled;
    s.decimals = t.stake.exponent();
    s.stakes += t.stake.units();
    s.profit += profit;
    s.max_stake = std::max(s.max_stake, t.stake.units());
    if (t.ending == Ending::kSold) ++s.sold;
    if (profit > 0) {
      ++s.won;
      s.gross_profit += profit;
      losing = 0;
      s.longest_winning = std::max(s.longest_winning, ++winning);
    } else if (profit < 0) {
      ++s.lost;
      s.gross_loss -= profit;
      winning = 0;
      s.longest_losing = std::max(s.longest_losing, ++losing);
    } else {
      ++s.even;
    }
    peak = std::max(peak, s.profit);
    s.max_drawdown = std::max(s.max_drawdown, peak - s.profit);
  }

  void count(const Trade& t) {
    if (t.ending == Ending::kOpen) ++totals.open;
    if (t.ending == Ending::kUnknown) ++totals.unknown;
    if (t.ending == Ending::kRefused) ++totals.refused;
    if (t.mismatch) ++totals.mismatches;
  }
};

Totals finished(const Running& r) {
  auto t = r.totals;
  t.win_rate = wilson(t.won, t.won + t.lost);
  return t;
}

void add_curves(const std::vector<const Trade*>& settled, Analysis& a) {
  std::vector<Point> equity{{0, 0}};
  std::vector<Point> drawdown{{0, 0}};
  std::vector<Point> stakes;
  std::int64_t sum = 0;
  std::int64_t peak = 0;
  for (const auto* t : settled) {
    sum += t->profit->units();
    peak = std::max(peak, sum);
    const auto x = equity.back().x + 1;
    equity.push_back({x, sum});
    drawdown.push_back({x, sum - peak});
    stakes.push_back({x, t->stake.units()});
  }
  a.equity = thin(equity, kCurveBuckets);
  a.drawdown = thin(drawdown, kCurveBuckets);
  a.stakes = thin(stakes, kCurveBuckets);
  for (std::size_t i = 0; i < kTimeMarks && !settled.empty(); ++i) {
    a.times.push_back(settled[i * (settled.size() - 1) / (kTimeMarks - 1)]->settled);
  }
}

/// A width of 1, 2 or 5 × 10^n that covers `range` with at most `bars`.
std::int64_t nice_width(std::int64_t range, std::size_t bars) {
  for (std::int64_t unit = 1;; unit *= 10) {
    for (const std::int64_t step : {1, 2, 5}) {
      if (range / (unit * step) < static_cast<std::int64_t>(bars) - 1) return unit * step;
    }
  }
}

void add_results(const std::vector<const Trade*>& settled, Analysis& a) {
  if (settled.empty()) return;
  std::int64_t low = 0;
  std::int64_t high = 0;
  for (const auto* t : settled) {
    low = std::min(low, t->profit->units());
    high = std::max(high, t->profit->units());
  }
  const auto width = nice_width(high - low, kResultBars);
  const auto floor_to = [&](std::int64_t v) {
    return (v >= 0 ? v / width : -((-v + width - 1) / width)) * width;
  };
  for (auto from = floor_to(low); from <= high; from += width)
    a.results.push_back({from, from + width, 0});
  for (const auto* t : settled) {
    const auto index = (floor_to(t->profit->units()) - a.results.front().from) / width;
    ++a.results[static_cast<std::size_t>(index)].count;
  }
}

/// Runs over won and lost trades; break-evens neither add nor end.
std::vector<Streak> streaks(const std::vector<const Trade*>& settled, bool of_losses) {
  std::map<std::int64_t, std::int64_t> seen;
  std::int64_t run = 0;
  std::int64_t n = 0;
  std::int64_t hits = 0;
  for (const auto* t : settled) {
    if (t->profit->is_zero()) continue;
    ++n;
    if ((t->profit->units() < 0) == of_losses) {
      ++hits;
      ++run;
    } else if (run > 0) {
      ++seen[run];
      run = 0;
    }
  }
  if (run > 0) ++seen[run];
  std::vector<Streak> out;
  if (n == 0) return out;
  const double q = static_cast<double>(hits) / static_cast<double>(n);
  const auto longest = seen.empty() ? 0 : seen.rbegin()->first;
  const auto all = std::min(n, kEveryRun);
  for (std::int64_t k = 1; k <= all && (k <= longest || expected_runs(n, q, k) >= 0.5); ++k) {
    const auto found = seen.find(k);
    out.push_back({k, found == seen.end() ? 0 : found->second, expected_runs(n, q, k)});
  }
  for (auto at = seen.upper_bound(kEveryRun); at != seen.end(); ++at) {
    out.push_back({at->first, at->second, expected_runs(n, q, at->first)});
  }
  return out;
}

void add_hours(const std::vector<const Trade*>& settled, Analysis& a) {
  for (const auto* t : settled) {
    const auto second = ((t->bought.s % 86400) + 86400) % 86400;
    auto& hour = a.hours[static_cast<std::size_t>(second / 3600)];
    ++hour.trades;
    hour.won += t->profit->units() > 0 ? 1 : 0;
    hour.lost += t->profit->units() < 0 ? 1 : 0;
    hour.profit += t->profit->units();
  }
}

/// A contract that ran to its end and whose payout is known.
bool ran_to_its_end(const Trade& t) {
  return (t.ending == Ending::kWon || t.ending == Ending::kLost) && t.payout &&
         t.payout->units() > 0 && t.stake.units() > 0;
}

void add_payouts(const std::vector<const Trade*>& settled, Analysis& a) {
  struct Sum {
    PayoutGroup group;
    double ratio = 0, break_even = 0;
  };
  std::map<std::pair<std::size_t, std::int64_t>, Sum> groups;  // by the kinds' order
  for (const auto* t : settled) {
    if (!ran_to_its_end(*t)) continue;
    const double ratio = t->payout->to_double() / t->stake.to_double();
    const auto step = static_cast<std::int64_t>(std::floor(ratio / kRatioStep + 1e-9));
    auto& sum = groups[{market::rank_of(t->type), step}];
    sum.group.type = t->type;
    ++sum.group.trades;
    sum.group.won += t->ending == Ending::kWon ? 1 : 0;
    sum.ratio += ratio;
    sum.break_even += 1 / ratio;
  }
  for (auto& [key, sum] : groups) {
    auto& g = sum.group;
    g.ratio = sum.ratio / static_cast<double>(g.trades);
    g.break_even = sum.break_even / static_cast<double>(g.trades);
    g.band = wilson(g.won, g.trades);
    a.payouts.push_back(g);
  }
}

void add_expectation(const std::vector<const Trade*>& settled, Analysis& a) {
  auto& e = a.expectation;
  double variance = 0;
  for (const auto* t : settled) {
    const auto p = ran_to_its_end(*t) ? fair_probability(*t) : std::nullopt;
    if (!p) {
      ++e.left_out;
      continue;
    }
    const auto payout = static_cast<double>(t->payout->units());
    ++e.trades;
    e.actual += static_cast<double>(t->profit->units());
    e.expected += *p * payout - static_cast<double>(t->stake.units());
    variance += *p * (1 - *p) * payout * payout;
  }
  e.standard_error = std::sqrt(variance);
}

void add_latency(const std::vector<Trade>& trades, Analysis& a) {
  std::vector<std::int64_t> all;
  for (const auto& t : trades) {
    if (t.latency_us) all.push_back(std::max<std::int64_t>(*t.latency_us, 0));
  }
  if (all.empty()) return;
  std::sort(all.begin(), all.end());
  a.latency = {static_cast<std::int64_t>(all.size()),
               quantile(all, 0.5),
               quantile(all, 0.9),
               quantile(all, 0.99),
               all.back(),
               {}};
  std::int64_t from = 0;
  std::int64_t to = 1000;  // one millisecond: less is loopback
  while (to <= all.front()) from = to, to *= 2;
  for (auto at = all.begin(); at != all.end(); from = to, to *= 2) {
    const auto end = std::lower_bound(at, all.end(), to);
    a.latency.bars.push_back({from, to, end - at});
    at = end;
  }
}

void add_slippage(const std::vector<Trade>& trades, Analysis& a) {
  for (const auto& t : trades) {
    if (t.ending == Ending::kRefused || t.ending == Ending::kUnknown) continue;
    const auto difference = t.stake.units() - t.asked.units();
    ++(difference == 0 ? a.slippage.same : difference < 0 ? a.slippage.cheaper : a.slippage.dearer);
    a.slippage.sum += difference;
  }
}

}  // namespace

std::string_view name_of(Ending ending) {
  switch (ending) {
    case Ending::kOpen:
      return "open";
    case Ending::kUnknown:
      return "unknown";
    case Ending::kRefused:
      return "refused";
    case Ending::kWon:
      return "won";
    case Ending::kLost:
      return "lost";
    case Ending::kBreakEven:
      return "break-even";
    case Ending::kSold:
      return "sold";
    case Ending::kCancelled:
      return "cancelled";
  }
  return "?";
}

std::optional<double> Totals::frequency() const {
  if (won + lost == 0) return std::nullopt;
  return static_cast<double>(won) / static_cast<double>(won + lost);
}

double Expectation::z() const {
  return standard_error > 0 ? (actual - expected) / standard_error : 0;
}

std::optional<double> fair_probability(const Trade& t) {
  const auto& kind = market::kind_of(t.type);
  if (!market::has_payout(kind)) return std::nullopt;
  market::ContractSpec spec;
  spec.type = t.type;
  spec.set_digit(t.prediction);
  if (const auto fair = kind.fair(spec)) return fair;
  if (!t.payout || t.payout->units() <= 0) return std::nullopt;
  const double quoted = t.stake.to_double() / t.payout->to_double() - market::kCommission;
  return std::clamp(quoted, 0.0, 1.0);
}

Analysis analyse(std::vector<Trade> trades) {
  Analysis a;
  std::stable_sort(trades.begin(), trades.end(),
                   [](const Trade& x, const Trade& y) { return x.settled < y.settled; });
  std::vector<const Trade*> settled;
  Running total;
  std::map<std::string, Running> strategies;
  std::map<std::string, Running> symbols;
  for (const auto& t : trades) {
    for (auto* r : {&total, &strategies[t.strategy], &symbols[t.symbol]}) {
      r->count(t);
      if (is_settled(t)) r->settle(t);
    }
    if (is_settled(t)) settled.push_back(&t);
    if (t.ending == Ending::kRefused) ++a.refusals[t.reason];
  }
  a.total = finished(total);
  for (const auto& [name, r] : strategies) a.strategies[name] = finished(r);
  for (const auto& [name, r] : symbols) a.symbols[name] = finished(r);
  add_curves(settled, a);
  add_results(settled, a);
  a.losing = streaks(settled, true);
  a.winning = streaks(settled, false);
  const auto decided = a.total.won + a.total.lost;
  if (decided > 0) {
    a.expected_longest_losing = expected_longest_run(
        decided, static_cast<double>(a.total.lost) / static_cast<double>(decided));
  }
  add_hours(settled, a);
  add_payouts(settled, a);
  add_expectation(settled, a);
  add_latency(trades, a);
  add_slippage(trades, a);
  return a;
}

}  // namespace derivd::report
