// What a sweep says: the ranking, how easily luck does as well, and the walk-forward.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "backtest/sweep.hpp"
#include "core/check.hpp"
#include "core/counted.hpp"

namespace derivd::backtest {
namespace {

/// (1 + those that did as well) / (1 + all): the observed one counts too, so that no number of
/// tries makes anything impossible (Phipson and Smyth 2010).
double p_of(std::int64_t as_well, std::int64_t of) {
  return static_cast<double>(1 + as_well) / static_cast<double>(1 + of);
}

std::string shown_value(double value, Measure measure) {
  switch (measure) {
    case Measure::kProfit:
      return fmt::format("{:.2f}", value);
    case Measure::kPerTrade:
      return fmt::format("{:.4f} a trade", value);
    case Measure::kReturn:
      return fmt::format("{:.2f} % of the stakes", 100 * value);
  }
  return {};
}

std::string described(const SweepQuestion& q, std::int64_t variant) {
  std::string out;
  for (std::size_t i = 0; i < q.keys.size(); ++i) {
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", q.keys[i],
                       q.values[static_cast<std::size_t>(variant)][i]);
  }
  return out.empty() ? "the configuration as it is" : out;
}

void walk_forward(const SweepQuestion& q, const std::vector<UnitResult>& results, Judgement& j) {
  const auto nothing = core::Money::minor(0);
  j.walk_profit = nothing;
  for (std::size_t step = 0; step < static_cast<std::size_t>(q.walk_forward); ++step) {
    // Ties go to the first, as in the ranking.
    std::optional<std::int64_t> best;
    for (auto v : j.ranking) {
      const auto value = [&](std::int64_t of) {
        return value_of(results[static_cast<std::size_t>(of)].parts[step], q.by);
      };
      if (!best || value(v) > value(*best) || (value(v) == value(*best) && v < *best)) best = v;
    }
    if (!best) return;
    const auto& parts = results[static_cast<std::size_t>(*best)].parts;
    j.walk.push_back({*best, value_of(parts[step], q.by), parts[step + 1]});
    j.walk_profit += parts[step + 1].profit;
  }
}

}  // namespace

SweepQuestion question_of(const Sweep& sweep) {
  SweepQuestion q;
  q.keys = sweep.keys;
  for (const auto& v : sweep.variants) q.values.push_back(v.values);
  q.by = sweep.by;
  q.permutations = sweep.permutations;
  q.random_runs = sweep.random_runs;
  q.walk_forward = sweep.walk_forward;
  return q;
}

Judgement judge(const SweepQuestion& q, const std::vector<UnitResult>& results) {
  const auto variants = q.values.size();
  DERIVD_CHECK(results.size() == variants + static_cast<std::size_t>(q.permutations),
               "every unit once");
  Judgement j;
  const auto value = [&](std::int64_t v) {
    return value_of(results[static_cast<std::size_t>(v)].score, q.by);
  };
  for (std::size_t v = 0; v < variants; ++v) {
    if (results[v].problem.empty()) j.ranking.push_back(static_cast<std::int64_t>(v));
  }
  std::stable_sort(j.ranking.begin(), j.ranking.end(),
                   [&](std::int64_t a, std::int64_t b) { return value(a) > value(b); });
  walk_forward(q, results, j);
  const bool traded = std::any_of(j.ranking.begin(), j.ranking.end(), [&](std::int64_t v) {
    return results[static_cast<std::size_t>(v)].score.trades > 0;
  });
  if (!traded) return j;
  const auto best = j.ranking.front();
  const auto& random = results[static_cast<std::size_t>(best)].random;
  if (!random.empty()) {
    std::int64_t as_well = 0;
    double sum = 0;
    for (const auto& score : random) {
      as_well += value_of(score, q.by) >= value(best) ? 1 : 0;
      sum += value_of(score, q.by);
    }
    j.random_mean = sum / static_cast<double>(random.size());
    j.p_random = p_of(as_well, static_cast<std::int64_t>(random.size()));
  }
  j.verdict = Verdict::kNotTested;
  if (q.permutations == 0) return j;
  std::int64_t as_well = 0;
  for (auto u = variants; u < results.size(); ++u)
    as_well += results[u].best >= value(best) ? 1 : 0;
  j.p_value = p_of(as_well, q.permutations);
  j.verdict = *j.p_value < kSignificance ? Verdict::kUnlikelyLuck : Verdict::kLuck;
  return j;
}

std::vector<std::string> verdict_text(const SweepQuestion& q,
                                      const std::vector<UnitResult>& results, const Judgement& j) {
  std::vector<std::string> out;
  if (j.ranking.empty()) return {"No variant could be run."};
  const auto best = j.ranking.front();
  const auto& score = results[static_cast<std::size_t>(best)].score;
  out.push_back(fmt::format("Best of {}: {}, {} in {}.", j.ranking.size(), described(q, best),
                            shown_value(value_of(score, q.by), q.by),
                            core::counted(score.trades, "trade")));
  if (score.trades > 0 && score.profit.units() <= 0) {
    out.push_back("Even the best wins nothing: whatever follows, it is not worth trading.");
  }
  if (j.p_random) {
    out.push_back(fmt::format(
        "Random entries with the same stakes and limits bring {} on average; {:.1f} % of {} did as "
        "well.",
        shown_value(j.random_mean, q.by), 100 * *j.p_random, q.random_runs));
  }
  switch (j.verdict) {
    case Verdict::kNothing:
      out.push_back("Nothing was traded, so there is nothing to judge.");
      break;
    case Verdict::kNotTested:
      out.push_back("Without permutations nobody knows whether this is luck.");
      break;
    case Verdict::kLuck:
      out.push_back(fmt::format(
          "This is luck: on shuffled ticks, of which nothing can be known, the best of as "
          "many "
          "tries does as well in {:.1f} % of the cases (p = {:.3f}, corrected for all tries).",
          100 * *j.p_value, *j.p_value));
      break;
    case Verdict::kUnlikelyLuck:
      out.push_back(fmt::format(
          "Luck does not explain it well: on shuffled ticks the best of as many tries "
          "does "
          "as well in {:.1f} % of the cases (p = {:.3f}, corrected for all tries). It was found on "
          "these ticks; only others can confirm it.",
          100 * *j.p_value, *j.p_value));
      break;
  }
  if (!j.walk.empty()) {
    std::int64_t trades = 0;
    for (const auto& step : j.walk) trades += step.judged.trades;
    out.push_back(
        fmt::format("Walk-forward: the best of each part brings {} on the part after it, {} "
                    "and {} together.",
                    j.walk_profit.to_string(), core::counted(j.walk.size(), "part"),
                    core::counted(trades, "trade")));
  }
  return out;
}

}  // namespace derivd::backtest
