// sweep and merge: many configurations over the same ticks, and how much of the best is luck.
#include "backtest/sweep.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "common/files.hpp"
#include "common/output.hpp"
#include "config/config.hpp"
#include "config/vary.hpp"
#include "derivctl/backtest_options.hpp"
#include "derivctl/command.hpp"
#include "derivctl/payout_choice.hpp"
#include "derivctl/sweep_json.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using backtest::Sweep;
using backtest::UnitResult;

constexpr int kMaxThreads = 256;
/// Ticks that are held in memory, 16 bytes each and as many again for each thread.
constexpr std::size_t kMaxTicks = 200'000'000;
constexpr std::size_t kSweepBatch = 65'536;
/// Bytes after which the problems of a variant are counted only: each stands in every shard.
constexpr std::size_t kMaxProblem = 2000;

struct SweepArgs : BacktestArgs {
  std::string vary;
  std::vector<std::string> set;
  std::string by = "profit";
  int permutations = 200;
  int random_runs = 50;
  int walk_forward = 0;
  int threads = 0;
  std::uint64_t seed = 1;
  std::string shard;
  std::string format;
};

/// FNV-1a: tells files of different sweeps apart; nobody forges them.
class Fingerprint final {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) {
      hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3;
    }
    hash_ = (hash_ ^ 0xff) * 0x100'0000'01b3;  // the end of one is not the start of the next
  }
  void add(const std::vector<market::TickRow>& rows) {
    for (const auto& row : rows) {
      hash_ = (hash_ ^ static_cast<std::uint64_t>(row.epoch.s)) * 0x100'0000'01b3;
      hash_ = (hash_ ^ static_cast<std::uint64_t>(row.mantissa)) * 0x100'0000'01b3;
    }
  }
  std::string text() const { return fmt::format("{:016x}", hash_); }

 private:
  std::uint64_t hash_ = 0xcbf2'9ce4'8422'2325;
};

core::Result<std::vector<config::Varied>> varied(const SweepArgs& args) {
  std::vector<config::Varied> out;
  if (!args.vary.empty()) {
    const auto text = daemon::read_file(args.vary, config::kMaxFile);
    if (!text) return text.error();
    auto list = config::load_varied(*text);
    if (!list) return core::invalid(fmt::format("{}:{}", args.vary, list.error().text));
    out = std::move(*list);
  }
  for (const auto& text : args.set) {
    auto one = config::parse_varied(text);
    if (!one) return core::invalid("--set: " + one.error().text);
    out.push_back(std::move(*one));
  }
  std::int64_t all = 1;
  for (std::size_t i = 0; i < out.size(); ++i) {
    all *= static_cast<std::int64_t>(out[i].values.size());
    for (std::size_t k = 0; k < i; ++k) {
      if (out[k].key == out[i].key) return core::invalid(out[i].key + " is varied twice");
    }
    if (all > backtest::kMaxVariants || i >= config::kMaxVariedKeys) {
      return core::invalid(fmt::format("more than {} combinations or {} keys",
                                       backtest::kMaxVariants, config::kMaxVariedKeys));
    }
  }
  return out;
}

/// The combinations in the order of a counter whose last key moves fastest.
std::vector<std::vector<std::string>> combinations(const std::vector<config::Varied>& keys) {
  std::vector<std::vector<std::string>> out{{}};
  for (const auto& key : keys) {
    std::vector<std::vector<std::string>> longer;
    for (const auto& start : out) {
      for (const auto& value : key.values) {
        longer.push_back(start);
        longer.back().push_back(value);
      }
    }
    out = std::move(longer);
  }
  return out;
}

core::Result<backtest::Variant> variant_of(const std::string& text, std::string_view directory,
                                           const std::vector<config::Varied>& keys,
                                           const std::vector<std::string>& values,
                                           const market::Symbols& symbols,
                                           Fingerprint& fingerprint) {
  std::vector<config::Replacement> replacements;
  for (std::size_t i = 0; i < keys.size(); ++i) replacements.push_back({keys[i].key, values[i]});
  const auto changed = config::with_values(text, replacements);
  if (!changed) return changed.error();
  fingerprint.add(*changed);
  backtest::Variant out;
  out.values = values;
  auto loaded = config::load_text(*changed, directory, symbols);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    for (const auto& p : *problems) {
      if (out.problem.size() > kMaxProblem) {
        out.problem += fmt::format("; {} problems in all", problems->size());
        break;
      }
      out.problem += fmt::format("{}{}: {}", out.problem.empty() ? "" : "; ", p.key, p.reason);
    }
  } else {
    out.settings = std::move(std::get<config::Config>(loaded).engine);
  }
  return out;
}

std::optional<Refusal> load_tapes(BacktestJob& job, Sweep& sweep) {
  const auto in_window = [&](core::VenueTime t) {
    return (!job.options.from || t >= *job.options.from) &&
           (!job.options.to || t < *job.options.to);
  };
  std::vector<market::TickRow> batch(kSweepBatch);
  std::size_t all = 0;
  for (const auto& tape : job.tapes) {
    backtest::SweepTape out{tape.symbol, {}};
    while (true) {
      const auto n = tape.source->read(batch);
      if (!n) return Refusal{code_of(n.error()), n.error().text};
      if (*n == 0) break;
      for (std::size_t i = 0; i < *n; ++i) {
        if (in_window(batch[i].epoch)) out.rows.push_back(batch[i]);
      }
      if (all + out.rows.size() > kMaxTicks) {
        return Refusal{service::kCtlRefused, fmt::format("more than {} ticks", kMaxTicks)};
      }
    }
    all += out.rows.size();
    sweep.tapes.push_back(std::move(out));
  }
  if (all == 0) return Refusal{service::kCtlRefused, "ticks: there are none in that time"};
  return std::nullopt;
}

void warn_sweep_of_missing_ticks(const Sweep& sweep) {
  std::set<std::pair<std::string, std::string>> told;
  for (const auto& variant : sweep.variants) {
    for (const auto& s : variant.settings.strategies) {
      const auto it = std::ranges::find(sweep.tapes, s.symbol, &backtest::SweepTape::symbol);
      const bool fed = it != sweep.tapes.end() && !it->rows.empty();
      if (!s.enabled || fed || !told.emplace(s.name.view(), s.symbol.view()).second) continue;
      warn(fmt::format("strategy {} does nothing: there are no ticks of {}; add --ticks {}=FILE",
                       s.name, s.symbol, s.symbol));
    }
  }
}

struct Prepared {
  Sweep sweep;
  std::string fingerprint;
};
boost::system::result<Prepared, Refusal> prepare_sweep(const Context& context,
                                                       const SweepArgs& args) {
  const auto refuse = [](const core::Error& e) { return Refusal{code_of(e), e.text}; };
  auto job = make_job(context, args);
  // A sweep's output has no place for it, and who reads it must know all the same.
  if (job && args.payouts.empty()) out::error("{}", payouts_text(job->payouts));
  if (!job) return job.error();
  Prepared out;
  auto& sweep = out.sweep;
  const auto keys = varied(args);
  if (!keys) return Refusal{service::kCtlUsage, keys.error().text};
  const auto file = args.config.empty() ? context.config_file() : args.config;
  const auto directory = config::directory_of(file);
  const auto text = daemon::read_file(file, config::kMaxFile);
  if (!text) return refuse(text.error());
  Fingerprint fingerprint;
  for (const auto& key : *keys) sweep.keys.push_back(key.key);
  for (const auto& values : combinations(*keys)) {
    auto variant =
        variant_of(*text, directory, *keys, values, job->options.settings.symbols, fingerprint);
    if (!variant) return Refusal{service::kCtlUsage, variant.error().text};
    sweep.variants.push_back(std::move(*variant));
  }
  if (auto r = load_tapes(*job, sweep)) return *r;
  warn_sweep_of_missing_ticks(sweep);
  job->options.from.reset();
  job->options.to.reset();
  sweep.options = job->options;
  sweep.by = *backtest::measure_from(args.by);
  sweep.permutations = args.permutations;
  sweep.random_runs = args.random_runs;
  sweep.walk_forward = args.walk_forward;
  sweep.seed = args.seed;
  std::size_t most = 0;
  for (const auto& tape : sweep.tapes) {
    most = std::max(most, tape.rows.size());
    fingerprint.add(tape.symbol.view());
    fingerprint.add(tape.rows);
  }
  if (most < 2 * static_cast<std::size_t>(args.walk_forward + 1)) {
    return Refusal{service::kCtlUsage, "--walk-forward: more parts than there are ticks for"};
  }
  fingerprint.add(fmt::format("{} {} {} {} {} {} {} {} {}", sweep.options.payouts.identity(),
                              args.balance, args.settle_delay, args.latency_ticks, args.by,
                              args.permutations, args.random_runs, args.walk_forward, args.seed));
  out.fingerprint = fingerprint.text();
  return out;
}

SweepHead sweep_head_of(const Prepared& p) {
  return {question_of(p.sweep), p.sweep.seed, p.fingerprint,
          p.sweep.options.settings.money_decimals};
}

/// Says on a terminal how far it is; elsewhere nothing, so that logs of many shards stay short.
class Progress final {
 public:
  explicit Progress(std::size_t all) : all_(all), shown_(::isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (shown_) out::erase_line();
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void done() {
    const std::lock_guard lock(mutex_);
    ++done_;
    if (shown_) out::redraw(fmt::format("{} of {} ({} %)", done_, all_, 100 * done_ / all_));
  }

 private:
  std::mutex mutex_;
  std::size_t all_;
  std::size_t done_ = 0;
  bool shown_;
};

/// Runs the units on so many threads. Results come back in the order of `units`.
core::Result<std::vector<UnitResult>> run_units(const Sweep& sweep,
                                                const std::vector<std::int64_t>& units,
                                                int threads) {
  std::vector<UnitResult> results(units.size());
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::optional<core::Error> failed;
  Progress progress(units.size());
  const auto work = [&] {
    while (!stop) {
      const auto i = next++;
      if (i >= units.size()) return;
      auto result = backtest::run_unit(sweep, units[i], stop);
      if (result) {
        results[i] = std::move(*result);
        progress.done();
        continue;
      }
      const std::lock_guard lock(mutex);
      if (!failed) failed = result.error();
      stop = true;
    }
  };
  std::vector<std::thread> pool;
  for (int i = 1; i < threads; ++i) pool.emplace_back(work);
  work();
  for (auto& thread : pool) thread.join();
  if (failed) return *failed;
  return results;
}

std::optional<Shard> shard_of(const std::string& text) {
  Shard out;
  if (text.empty()) return out;
  int used = 0;
  const auto read = std::sscanf(text.c_str(), "%9ld/%9ld%n", &out.index, &out.of, &used);
  if (read != 2 || static_cast<std::size_t>(used) != text.size()) return std::nullopt;
  if (out.index < 1 || out.of < out.index) return std::nullopt;
  return out;
}

SweepFormat format_of(const Context& context, const std::string& format) {
  if (context.json || format == "json") return SweepFormat::kJson;
  return format == "csv" ? SweepFormat::kCsv : SweepFormat::kTable;
}

int print_sweep(const std::string& text, bool is_json) {
  const bool done = is_json ? out::json_text(text) : out::write(out::To::kOutput, text);
  return done && out::flush() ? service::kCtlOk
                              : fail(service::kCtlOther, "the output cannot be written");
}

int sweep(const Context& context, const SweepArgs& args) {
  const auto shard = shard_of(args.shard);
  if (!shard) {
    return fail(
        service::kCtlUsage,
        fmt::format("--shard: '{}' is not I/N, as in 3/16: the third of sixteen", args.shard));
  }
  const auto prepared = prepare_sweep(context, args);
  if (!prepared) return fail(prepared.error().code, prepared.error().text);
  std::vector<std::int64_t> units;
  for (auto u = shard->index - 1; u < units_of(prepared->sweep); u += shard->of) units.push_back(u);
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  const auto results =
      run_units(prepared->sweep, units, args.threads > 0 ? args.threads : std::max(1, cores));
  if (!results) return fail(code_of(results.error()), results.error().text);
  const auto head = sweep_head_of(*prepared);
  if (!args.shard.empty()) return print_sweep(shard_text(head, *shard, *results), true);
  const auto format = format_of(context, args.format);
  return print_sweep(sweep_text(head, *results, format), format == SweepFormat::kJson);
}

int merge(const Context& context, const std::vector<std::string>& files,
          const std::string& format) {
  ShardSum sum;
  for (const auto& file : files) {
    auto shard = read_shard(file);
    if (!shard) return fail(code_of(shard.error()), shard.error().text);
    if (const auto done = sum.add(std::move(*shard), file); !done) {
      return fail(code_of(done.error()), done.error().text);
    }
  }
  const auto results = sum.take();
  if (!results) return fail(code_of(results.error()), results.error().text);
  const auto form = format_of(context, format);
  return print_sweep(sweep_text(sum.head(), *results, form), form == SweepFormat::kJson);
}

const std::vector<std::string> kFormats{"table", "csv", "json"};

}  // namespace

void add_sweep(Commands& commands) {
  const auto& context = commands.context();
  const auto args = std::make_shared<SweepArgs>();
  auto c = commands.add("sweep", "many configurations over the same ticks, and how much is luck");
  add_backtest_options(c, *args);
  c.option("--vary", args->vary, "YAML file: keys with lists or ranges of values");
  c.option("--set", args->set, "KEY=VALUE,VALUE…: values of one key; repeatable");
  c.option("--by", args->by, "what is best: profit, per_trade, return; default profit")
      .one_of({"profit", "per_trade", "return"});
  c.option("--permutations", args->permutations, "tapes in shuffled order; default 200")
      .between(0, backtest::kMaxPermutations);
  c.option("--random-runs", args->random_runs, "runs with random entries; default 50")
      .between(0, backtest::kMaxRandomRuns);
  c.option("--walk-forward", args->walk_forward,
           "parts on which the best of the part before is judged; default 0")
      .between(0, backtest::kMaxParts);
  c.option("--seed", args->seed, "of shuffling and random entries; default 1");
  c.option("--threads", args->threads, "default: as many as there are cores")
      .between(1, kMaxThreads);
  c.option("--shard", args->shard, "I/N: only that part, for derivctl merge");
  c.option("--format", args->format, "table, csv or json").one_of(kFormats);
  commands.on(c, [&context, args] { return sweep(context, *args); });

  const auto files = std::make_shared<std::vector<std::string>>();
  const auto format = std::make_shared<std::string>();
  auto m = commands.add("merge", "the result of a sweep from the files of all its shards");
  m.option("files", *files, "what sweep --shard printed, in any order").required();
  m.option("--format", *format, "table, csv or json").one_of(kFormats);
  commands.on(m, [&context, files, format] { return merge(context, *files, *format); });
}

}  // namespace derivd::ctl
