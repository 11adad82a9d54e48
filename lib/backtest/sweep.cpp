#include "backtest/sweep.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/check.hpp"
#include "core/rng.hpp"
#include "market/kind.hpp"
#include "strategy/registry.hpp"

namespace derivd::backtest {
namespace {

/// Seeds of different purposes must not meet.
constexpr std::uint64_t kShuffleSalt = 0x5348'5546'464c'4544;
constexpr std::uint64_t kRandomSalt = 0x5241'4e44'4f4d'0000;

std::uint64_t mixed(std::uint64_t seed, std::uint64_t salt, std::uint64_t n) {
  return core::Rng(seed ^ salt ^ (n * 0x9e37'79b9'7f4a'7c15)).next();
}

Score score_of(const Sums& s) {
  return {s.trades, s.won, s.lost, s.stakes, s.profit, s.max_drawdown, s.max_stake};
}

core::Result<Score> run_once(const Sweep& sweep, const engine::Settings& settings,
                             const std::vector<SweepTape>& tapes,
                             std::optional<std::pair<core::VenueTime, core::VenueTime>> window) {
  auto options = sweep.options;
  options.settings = settings;
  if (window) {
    options.from = window->first;
    options.to = window->second;
  }
  std::vector<std::unique_ptr<market::RowSource>> sources;
  std::vector<Tape> with;
  for (const auto& tape : tapes) {
    sources.push_back(std::make_unique<market::RowSource>(tape.rows));
    with.push_back({tape.symbol, sources.back().get()});
  }
  const auto result = run(options, with);
  if (!result) return result.error();
  return score_of(result->total);
}

std::int64_t ticks_of(const std::vector<SweepTape>& tapes) {
  std::size_t most = 0;
  for (const auto& tape : tapes) most = std::max(most, tape.rows.size());
  return static_cast<std::int64_t>(most);
}

/// Epochs at which the parts begin, and the end of the last: equal numbers of ticks of the longest
/// tape.
std::vector<core::VenueTime> cuts(const Sweep& sweep) {
  const auto longest = std::max_element(
      sweep.tapes.begin(), sweep.tapes.end(),
      [](const SweepTape& a, const SweepTape& b) { return a.rows.size() < b.rows.size(); });
  std::vector<core::VenueTime> out;
  const auto parts = static_cast<std::size_t>(sweep.walk_forward) + 1;
  const auto& rows = longest->rows;
  for (std::size_t i = 0; i < parts; ++i) out.push_back(rows[rows.size() * i / parts].epoch);
  out.front() = core::VenueTime{std::numeric_limits<std::int32_t>::min()};
  out.push_back(core::VenueTime{std::numeric_limits<std::int64_t>::max()});
  return out;
}

/// Empty: random entries know no such contracts.
std::optional<std::int64_t> random_kind(std::string_view type) {
  // The words of random's parameter `contract` are names of strategy types.
  const auto* random = strategy::find_type("random");
  DERIVD_CHECK(random != nullptr, "the registry has random entries");
  for (const auto& spec : random->params) {
    if (spec.name != "contract") continue;
    const auto word = std::find(spec.words.begin(), spec.words.end(), type);
    if (word == spec.words.end()) return std::nullopt;
    return word - spec.words.begin();
  }
  return std::nullopt;
}

bool can_be_random(const engine::Settings& settings) {
  return std::all_of(settings.strategies.begin(), settings.strategies.end(), [](const auto& s) {
    return !s.enabled || s.type == "random" || random_kind(s.type).has_value();
  });
}

core::Result<UnitResult> run_variant(const Sweep& sweep, std::int64_t unit,
                                     const std::atomic<bool>& stop) {
  UnitResult out;
  out.unit = unit;
  const auto& variant = sweep.variants[static_cast<std::size_t>(unit)];
  out.problem = variant.problem;
  if (!out.problem.empty()) return out;
  const auto real = run_once(sweep, variant.settings, sweep.tapes, std::nullopt);
  if (!real) return real.error();
  out.score = *real;
  const int runs = can_be_random(variant.settings) ? sweep.random_runs : 0;
  for (int i = 0; i < runs && !stop; ++i) {
    const auto seed = mixed(sweep.seed, kRandomSalt, static_cast<std::uint64_t>(i) + 1);
    const auto settings =
        with_random_entries(variant.settings, real->trades, ticks_of(sweep.tapes), seed);
    const auto score = run_once(sweep, settings, sweep.tapes, std::nullopt);
    if (!score) return score.error();
    out.random.push_back(*score);
  }
  if (sweep.walk_forward == 0) return out;
  const auto at = cuts(sweep);
  for (std::size_t i = 0; i + 1 < at.size() && !stop; ++i) {
    const auto score = run_once(sweep, variant.settings, sweep.tapes, std::pair{at[i], at[i + 1]});
    if (!score) return score.error();
    out.parts.push_back(*score);
  }
  return out;
}

core::Result<UnitResult> run_permutation(const Sweep& sweep, std::int64_t unit,
                                         const std::atomic<bool>& stop) {
  UnitResult out;
  out.unit = unit;
  out.best = std::numeric_limits<double>::lowest();
  std::vector<SweepTape> tapes;
  for (std::size_t i = 0; i < sweep.tapes.size(); ++i) {
    const auto n = static_cast<std::uint64_t>(unit) * 64 + i;
    tapes.push_back(
        {sweep.tapes[i].symbol, shuffled(sweep.tapes[i].rows, mixed(sweep.seed, kShuffleSalt, n))});
  }
  for (const auto& variant : sweep.variants) {
    if (stop) break;
    if (!variant.problem.empty()) continue;
    const auto score = run_once(sweep, variant.settings, tapes, std::nullopt);
    if (!score) return score.error();
    out.best = std::max(out.best, value_of(*score, sweep.by));
  }
  return out;
}

/// Ticks after its signal at which a contract of this length is still open: at the tick that
/// settles it the strategy may enter again. A timed one counts its seconds, which is too much where
/// ticks are further apart; its random entries are then a little more.
std::int64_t busy_ticks(const market::ContractDuration& duration, bool entry_counts) {
  if (!duration.in_ticks()) return duration.seconds();
  return duration.count - (entry_counts ? 1 : 0);
}

}  // namespace

std::string_view name_of(Measure measure) {
  switch (measure) {
    case Measure::kProfit:
      return "profit";
    case Measure::kPerTrade:
      return "per_trade";
    case Measure::kReturn:
      return "return";
  }
  return "?";
}

std::optional<Measure> measure_from(std::string_view name) {
  for (const auto m : {Measure::kProfit, Measure::kPerTrade, Measure::kReturn}) {
    if (name_of(m) == name) return m;
  }
  return std::nullopt;
}

double value_of(const Score& s, Measure measure) {
  const auto profit = s.profit.to_double();
  switch (measure) {
    case Measure::kProfit:
      return profit;
    case Measure::kPerTrade:
      return s.trades == 0 ? 0 : profit / static_cast<double>(s.trades);
    case Measure::kReturn:
      return s.stakes.is_zero() ? 0 : profit / s.stakes.to_double();
  }
  return 0;
}

std::int64_t units_of(const Sweep& sweep) {
  return static_cast<std::int64_t>(sweep.variants.size()) + sweep.permutations;
}

core::Result<UnitResult> run_unit(const Sweep& sweep, std::int64_t unit,
                                  const std::atomic<bool>& stop) {
  return unit < static_cast<std::int64_t>(sweep.variants.size())
             ? run_variant(sweep, unit, stop)
             : run_permutation(sweep, unit, stop);
}

std::vector<market::TickRow> shuffled(const std::vector<market::TickRow>& rows,
                                      std::uint64_t seed) {
  auto out = rows;
  if (rows.size() < 3) return out;
  // The changes take the place of the quotes: each thread holds such a copy, of millions of ticks.
  for (std::size_t i = out.size() - 1; i > 0; --i) out[i].mantissa -= out[i - 1].mantissa;
  core::Rng rng(seed);
  for (std::size_t i = out.size() - 1; i > 1; --i) {
    std::swap(out[i].mantissa, out[1 + static_cast<std::size_t>(rng.below(i))].mantissa);
  }
  auto level = rows.front().mantissa;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    level += rng.below(2) == 0 ? out[i].mantissa : -out[i].mantissa;
    if (const auto pip = rng.below(4); pip < 2) level += pip == 0 ? 1 : -1;
    // Changes of a level far away may lead below 0, where no quote is.
    out[i].mantissa = std::max<std::int64_t>(1, level);
  }
  return out;
}

engine::Settings with_random_entries(const engine::Settings& settings, std::int64_t trades,
                                     std::int64_t ticks, std::uint64_t seed) {
  auto out = settings;
  std::int64_t enabled = 0;
  for (const auto& s : out.strategies) enabled += s.enabled ? 1 : 0;
  std::uint64_t n = 0;
  for (auto& s : out.strategies) {
    if (!s.enabled) continue;
    // Each takes its share of the trades, out of the ticks at which it could enter.
    const auto share = static_cast<double>(trades) / static_cast<double>(enabled);
    const auto first = strategy::contracts_of(*strategy::find_type(s.type), s.params).front();
    const auto busy = share * static_cast<double>(busy_ticks(s.contract.duration,
                                                             market::kind_of(first).entry_counts));
    const auto free = std::max(1.0, static_cast<double>(ticks) - busy);
    const auto ppm = static_cast<std::int64_t>(1e6 * std::min(1.0, share / free) + 0.5);
    const auto kind = s.type == "random" ? s.params.at("contract") : *random_kind(s.type);
    s.type = "random";
    s.params = {{"probability", std::clamp<std::int64_t>(ppm, 1, 1'000'000)},
                {"seed", static_cast<std::int64_t>(mixed(seed, kRandomSalt, ++n) >> 33)},
                {"contract", kind}};
  }
  return out;
}

}  // namespace derivd::backtest
