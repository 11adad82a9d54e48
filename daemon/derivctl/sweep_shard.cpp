// Shards of a sweep as they come back: files of others, put together to one result.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "common/json_walk.hpp"
#include "config/vary.hpp"
#include "core/bounds.hpp"
#include "core/currency.hpp"
#include "derivctl/sweep_json.hpp"

namespace derivd::ctl {
namespace {

using backtest::Score;
using backtest::UnitResult;
using daemon::JsonPath;
using daemon::JsonScalar;
using daemon::JsonVisitor;
using Kind = JsonScalar::Kind;

/// 100,000 variants with 50 random runs each. In memory a score takes some six times its text.
constexpr std::size_t kMaxShardFile = std::size_t{256} << 20;
constexpr std::size_t kScoreNumbers = 7;
/// Trades of one run, and of all parts together: far above the ticks of any run.
constexpr std::int64_t kSweepShardMaxTrades = 1'000'000'000'000;
/// The judged parts are added up.
constexpr std::int64_t kMaxAmount = core::kMostSummed / (backtest::kMaxParts + 1);

core::Error damaged(std::string text) { return core::invalid("damaged: " + std::move(text)); }

/// Keys of `sweep` and what they may be.
struct Count {
  std::string_view key;
  int backtest::SweepQuestion::*into;
  int most;
};
constexpr std::array kCounts{
    Count{"permutations", &backtest::SweepQuestion::permutations, backtest::kMaxPermutations},
    Count{"random_runs", &backtest::SweepQuestion::random_runs, backtest::kMaxRandomRuns},
    Count{"walk_forward", &backtest::SweepQuestion::walk_forward, backtest::kMaxParts}};

constexpr const char* kNotAShard = "not what derivctl sweep --shard prints, or not all of it";

class ShardReader final : public JsonVisitor {
 public:
  explicit ShardReader(ShardFile& out) : out_(out) {}

  core::Result<void> begin(const JsonPath& path, bool is_object) override {
    if (path.is({"units", "#"}) && is_object) {
      unit_ = {};
      unit_.unit = -1;
      has_score_ = false;
    }
    if (path.is({"values", "#"}) && !is_object) {
      if (question().values.size() == backtest::kMaxVariants) return damaged("too many variants");
      question().values.emplace_back();
    }
    if (is_score(path) && !is_object) numbers_ = {}, count_ = 0;
    return {};
  }

  core::Result<void> end(const JsonPath& path, bool is_object) override {
    if (path.is({"units", "#"}) && is_object) return take_unit();
    if (is_score(path) && !is_object) return take_score(path[2].key);
    return {};
  }

  core::Result<void> scalar(const JsonPath& path, const JsonScalar& value) override {
    if (path.is({"derivd_sweep_shard"})) {
      is_shard_ = value.kind == Kind::kWhole && value.whole == kShardVersion;
      return {};
    }
    // It is the first key of a shard: everything else would be read in vain.
    if (!is_shard_) return core::invalid(kNotAShard);
    if (path.size() == 2 && path[0].is_key && path[0].key == "sweep" && path[1].is_key) {
      return head(path[1].key, value);
    }
    if (path.is({"sweep", "keys", "#"}))
      return text(value, question().keys, config::kMaxVariedKeys);
    if (path.is({"values", "#", "#"})) {
      if (question().values.empty()) return damaged("values are no lists");
      return text(value, question().values.back(), config::kMaxVariedKeys);
    }
    if (path.size() == 3 && path[0].is_key && path[0].key == "units" && path[2].is_key) {
      return unit(path[2].key, value);
    }
    const bool in_score = path.is({"units", "#", "score", "#"}) ||
                          path.is({"units", "#", "random", "#", "#"}) ||
                          path.is({"units", "#", "parts", "#", "#"});
    return in_score ? number(value) : core::Result<void>{};
  }

  /// What only the whole file shows.
  core::Result<void> finish() {
    if (!is_shard_) return core::invalid(kNotAShard);
    if (heads_.size() != kHeads) return damaged("its head is not whole");
    for (const auto& values : question().values) {
      if (values.size() != question().keys.size()) return damaged("values and keys differ");
    }
    const auto parts =
        question().walk_forward == 0 ? 0u : static_cast<std::size_t>(question().walk_forward) + 1;
    for (const auto& r : out_.results) {
      const bool variant = r.unit < static_cast<std::int64_t>(question().values.size());
      const bool fits = r.unit < out_.head.units() &&
                        r.random.size() <= static_cast<std::size_t>(question().random_runs);
      if (!fits || (variant && r.problem.empty() && r.parts.size() != parts)) {
        return damaged("a unit that does not belong to it");
      }
    }
    return {};
  }

 private:
  static constexpr std::size_t kHeads = 3 + kCounts.size();  // by, seed, fingerprint and the counts

  backtest::SweepQuestion& question() { return out_.head.question; }

  static bool is_score(const JsonPath& path) {
    return path.is({"units", "#", "score"}) || path.is({"units", "#", "random", "#"}) ||
           path.is({"units", "#", "parts", "#"});
  }

  static core::Result<void> text(const JsonScalar& value, std::vector<std::string>& into,
                                 std::size_t most) {
    if (value.kind != Kind::kText || into.size() == most) {
      return damaged("keys or values that are no texts, or too many");
    }
    into.emplace_back(value.text);
    return {};
  }

  core::Result<void> head(std::string_view key, const JsonScalar& value) {
    for (const auto& count : kCounts) {
      if (count.key != key) continue;
      if (value.kind != Kind::kWhole || value.whole < 0 || value.whole > count.most) {
        return damaged(fmt::format("{} is no number from 0 to {}", key, count.most));
      }
      question().*count.into = static_cast<int>(value.whole);
      heads_.insert(std::string(key));
    }
    if (key == "by") {
      const auto by = value.kind == Kind::kText ? backtest::measure_from(value.text) : std::nullopt;
      if (!by) return damaged("an unknown measure");
      question().by = *by;
      heads_.insert("by");
    } else if (key == "seed") {
      return seed(value);
    } else if (key == "decimals") {
      if (value.kind != Kind::kWhole || value.whole < 0 || value.whole > core::kMostDecimals) {
        return damaged("decimals that no currency has");
      }
      out_.head.decimals = static_cast<std::uint8_t>(value.whole);
    } else if (key == "fingerprint") {
      if (value.kind != Kind::kText) return damaged("its fingerprint is no text");
      out_.head.fingerprint = value.text;
      heads_.insert("fingerprint");
    }
    return {};
  }

  /// Any of 64 bits: those from 2^63 on come as another kind of number.
  core::Result<void> seed(const JsonScalar& value) {
    const bool is_number = value.kind == Kind::kWhole || value.kind == Kind::kNumber;
    const auto* end = value.text.data() + value.text.size();
    const auto [at, error] = std::from_chars(value.text.data(), end, out_.head.seed);
    if (!is_number || error != std::errc{} || at != end) return damaged("its seed is no number");
    heads_.insert("seed");
    return {};
  }

  core::Result<void> unit(std::string_view key, const JsonScalar& value) {
    if (key == "unit") {
      if (value.kind != Kind::kWhole || value.whole < 0) return damaged("a unit without a number");
      unit_.unit = value.whole;
    } else if (key == "problem") {
      if (value.kind != Kind::kText) return damaged("a problem that is no text");
      unit_.problem = value.text;
    } else if (key == "best") {
      const bool is_number = value.kind == Kind::kWhole || value.kind == Kind::kNumber;
      if (!is_number || !std::isfinite(value.number)) return damaged("a measure that is no number");
      unit_.best = value.number;
    }
    return {};
  }

  core::Result<void> number(const JsonScalar& value) {
    if (value.kind != Kind::kWhole || count_ == kScoreNumbers)
      return damaged("a score that is none");
    numbers_[count_++] = value.whole;
    return {};
  }

  core::Result<void> take_score(std::string_view key) {
    const auto& n = numbers_;
    bool good = count_ == kScoreNumbers;
    for (std::size_t i = 0; i < 3; ++i) good = good && n[i] >= 0 && n[i] <= kSweepShardMaxTrades;
    for (std::size_t i = 3; i < kScoreNumbers; ++i) {
      good = good && n[i] <= kMaxAmount && n[i] >= -kMaxAmount;
    }
    if (!good) return damaged("a score with numbers that no run has");
    const auto money = [&](std::size_t i) { return core::Money::minor(n[i], out_.head.decimals); };
    const Score score{n[0], n[1], n[2], money(3), money(4), money(5), money(6)};
    if (key == "score") {
      unit_.score = score;
      has_score_ = true;
      return {};
    }
    auto& list = key == "random" ? unit_.random : unit_.parts;
    const auto most = key == "random" ? backtest::kMaxRandomRuns : backtest::kMaxParts + 1;
    if (list.size() == static_cast<std::size_t>(most)) return damaged("too many scores");
    list.push_back(score);
    return {};
  }

  core::Result<void> take_unit() {
    if (unit_.unit < 0 || !has_score_) return damaged("a unit that is not whole");
    constexpr std::size_t kMost = backtest::kMaxVariants + backtest::kMaxPermutations;
    if (out_.results.size() == kMost) return damaged("too many units");
    out_.results.push_back(std::move(unit_));
    unit_ = {};
    return {};
  }

  ShardFile& out_;
  UnitResult unit_;
  std::array<std::int64_t, kScoreNumbers> numbers_{};
  std::size_t count_ = 0;
  std::set<std::string> heads_;
  bool has_score_ = false;
  bool is_shard_ = false;
};

}  // namespace

core::Result<ShardFile> read_shard(daemon::ByteSource& bytes) {
  ShardFile out;
  ShardReader reader(out);
  if (const auto done = daemon::walk_json(bytes, kMaxShardFile, reader); !done) {
    const auto& text = done.error().text;
    return text.starts_with("not JSON") ? core::invalid(fmt::format("{}: {}", kNotAShard, text))
                                        : done.error();
  }
  if (const auto done = reader.finish(); !done) return done.error();
  return out;
}

core::Result<ShardFile> read_shard(const std::string& path) {
  auto bytes = daemon::ByteSource::open(path);
  if (!bytes) return bytes.error();
  auto out = read_shard(*bytes);
  if (out) return out;
  return core::Error{out.error().kind, fmt::format("{}: {}", path, out.error().text)};
}

core::Result<void> ShardSum::add(ShardFile shard, const std::string& name) {
  const auto refused = [](std::string text) {
    return core::Error{core::ErrorKind::kRefused, std::move(text)};
  };
  if (!head_) {
    head_ = shard.head;
    first_ = name;
    found_.resize(static_cast<std::size_t>(head_->units()));
  }
  // All of it: units of another list of variants would be judged as what they are not.
  if (shard.head != *head_) {
    return refused(fmt::format(
        "{} is of another sweep than {}: other configurations, ticks or options", name, first_));
  }
  for (auto& result : shard.results) {
    auto& place = found_[static_cast<std::size_t>(result.unit)];
    if (place) return refused(fmt::format("{}: a shard that was given before", name));
    place = std::move(result);
  }
  return {};
}

core::Result<std::vector<UnitResult>> ShardSum::take() {
  std::vector<UnitResult> results;
  results.reserve(found_.size());
  for (auto& result : found_) {
    if (!result) {
      return core::Error{core::ErrorKind::kRefused,
                         fmt::format("unit {} of {} is in none of the files: a shard is missing",
                                     results.size() + 1, found_.size())};
    }
    results.push_back(std::move(*result));
  }
  return results;
}

}  // namespace derivd::ctl
