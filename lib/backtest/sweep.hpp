// Owns the sweep: many configurations back-tested over the same ticks, each also on ticks whose
// order was shuffled and with random entries, so that the best of many is not mistaken for skill.
// derivctl sweep and merge call it; units of work are independent of each other and of their order.
// It never starts a thread and never picks a winner without saying how easily luck makes one.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backtest/backtest.hpp"
#include "core/result.hpp"
#include "market/tick_source.hpp"

namespace derivd::backtest {

/// What makes one configuration better than another.
enum class Measure : std::uint8_t {
  kProfit,    // of the account
  kPerTrade,  // profit / trades
  kReturn,    // profit / stakes
};
std::string_view name_of(Measure measure);
std::optional<Measure> measure_from(std::string_view name);

/// Figures of one run, all strategies together.
struct Score {
  std::int64_t trades = 0;
  std::int64_t won = 0;
  std::int64_t lost = 0;
  core::Money stakes;
  core::Money profit;
  core::Money max_drawdown;
  core::Money max_stake;
  friend bool operator==(const Score&, const Score&) = default;
};
/// 0 without a trade: not to trade is a result too.
double value_of(const Score& score, Measure measure);

/// One configuration of the sweep.
struct Variant {
  std::vector<std::string> values;  // of Sweep::keys
  engine::Settings settings;        // valid, unless there is a problem
  std::string problem;              // why it was not run; empty: it was
};

struct SweepTape {
  market::SymbolCode symbol;
  std::vector<market::TickRow> rows;
};

inline constexpr std::int64_t kMaxVariants = 100'000;
inline constexpr int kMaxPermutations = 100'000;
inline constexpr int kMaxRandomRuns = 10'000;
inline constexpr int kMaxParts = 1'000;

struct Sweep {
  std::vector<std::string> keys;
  std::vector<Variant> variants;
  std::vector<SweepTape> tapes;
  Options options;  // settings apart
  Measure by = Measure::kProfit;
  int permutations = 200;
  int random_runs = 50;
  /// Judged parts of the walk-forward split: the ticks are cut into one more. 0: none.
  int walk_forward = 0;
  std::uint64_t seed = 1;
};

/// What one unit of work came to. Unit u < variants.size() is a variant: its run, those with random
/// entries, those on the parts. The units after them are permutations.
struct UnitResult {
  std::int64_t unit = 0;
  std::string problem;  // of a variant
  Score score;
  std::vector<Score> random;
  std::vector<Score> parts;
  double best = 0;  // of a permutation: the best measure of any variant
};

std::int64_t units_of(const Sweep& sweep);
/// Single-threaded; any number of units may run at once on the same sweep. Stops early, with a
/// result that means nothing, once `stop` is true.
core::Result<UnitResult> run_unit(const Sweep& sweep, std::int64_t unit,
                                  const std::atomic<bool>& stop);

/// Ticks with the same epochs and first quote as `rows` and changes of the same sizes, in an order
/// of their own, up or down by chance, and in half of the cases one pip more or less. Nothing can
/// be known of such ticks: order alone would leave a drift, or a parity that changes more often
/// than not, where it was.
std::vector<market::TickRow> shuffled(const std::vector<market::TickRow>& rows, std::uint64_t seed);

/// The same settings, every enabled strategy entering at random, about `trades` times over so many
/// ticks, with contracts of the same kind.
engine::Settings with_random_entries(const engine::Settings& settings, std::int64_t trades,
                                     std::int64_t ticks, std::uint64_t seed);

// ---- What it all says ----

/// What a judgement needs to know of a sweep; all of it comes out of the shards' files.
struct SweepQuestion {
  std::vector<std::string> keys;
  std::vector<std::vector<std::string>> values;  // of each variant
  Measure by = Measure::kProfit;
  int permutations = 0;
  int random_runs = 0;
  int walk_forward = 0;
  friend bool operator==(const SweepQuestion&, const SweepQuestion&) = default;
};
SweepQuestion question_of(const Sweep& sweep);

struct WalkStep {
  std::int64_t chosen = 0;  // variant that was best on the part before
  double trained = 0;       // its measure there
  Score judged;             // on the next part
};

enum class Verdict : std::uint8_t {
  kNothing,    // no variant could be run, or none traded
  kNotTested,  // no permutations
  kLuck,
  kUnlikelyLuck,
};
/// Below this a best result is no longer called luck.
inline constexpr double kSignificance = 0.05;

struct Judgement {
  std::vector<std::int64_t> ranking;  // variants that ran, best first; ties in their order
  Verdict verdict = Verdict::kNothing;
  /// Share of shuffled tapes, this one included, on which the best of all variants did as well:
  /// corrected for the number of tries, because on each tape the best of as many counts.
  std::optional<double> p_value;
  /// Share of random entries, this run included, that did as well as the best variant.
  std::optional<double> p_random;
  double random_mean = 0;
  std::vector<WalkStep> walk;
  core::Money walk_profit;  // of the judged parts together
};
/// `results` holds every unit once, in their order.
Judgement judge(const SweepQuestion& question, const std::vector<UnitResult>& results);

/// The judgement in plain words, one sentence a line.
std::vector<std::string> verdict_text(const SweepQuestion& question,
                                      const std::vector<UnitResult>& results,
                                      const Judgement& judgement);

}  // namespace derivd::backtest
