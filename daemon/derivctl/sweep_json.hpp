// Owns the written forms of a sweep: the file of a shard, and the result as table, CSV and JSON.
// sweep and merge both print through it, so that merged shards are the whole run byte for byte. It
// never runs anything.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backtest/sweep.hpp"
#include "common/files.hpp"

namespace derivd::ctl {

struct Shard {
  std::int64_t index = 1;  // from 1
  std::int64_t of = 1;
};

/// What all shards of one sweep have in common.
struct SweepHead {
  backtest::SweepQuestion question;
  std::uint64_t seed = 0;
  std::string fingerprint;                      // of configurations, ticks and options
  std::uint8_t decimals = core::Money::kCents;  // of every amount
  friend bool operator==(const SweepHead&, const SweepHead&) = default;
  std::int64_t units() const {
    return static_cast<std::int64_t>(question.values.size()) + question.permutations;
  }
};

std::string shard_text(const SweepHead& head, const Shard& shard,
                       const std::vector<backtest::UnitResult>& results);

inline constexpr int kShardVersion = 1;
struct ShardFile {
  SweepHead head;
  std::vector<backtest::UnitResult> results;
};
/// What shard_text() made, whoever gives it. Every number is within what `derivctl sweep` can make.
/// kInvalid: what is wrong with it.
core::Result<ShardFile> read_shard(daemon::ByteSource& bytes);
/// The same of a file; "-": standard input. Errors begin with the path.
core::Result<ShardFile> read_shard(const std::string& path);

/// Puts shards of one sweep together, file by file.
class ShardSum final {
 public:
  /// `name` stands for the shard in errors. kRefused: it is of another sweep, or was given before.
  core::Result<void> add(ShardFile shard, const std::string& name);
  /// Every unit once, in order. kRefused: one is missing.
  core::Result<std::vector<backtest::UnitResult>> take();
  const SweepHead& head() const { return *head_; }

 private:
  std::optional<SweepHead> head_;
  std::string first_;
  std::vector<std::optional<backtest::UnitResult>> found_;
};

enum class SweepFormat { kTable, kCsv, kJson };
/// `results`: every unit once, in order.
std::string sweep_text(const SweepHead& head, const std::vector<backtest::UnitResult>& results,
                       SweepFormat format);

}  // namespace derivd::ctl
