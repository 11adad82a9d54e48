// Owns the written forms of a sweep: the file of a shard, and the result as table, CSV and JSON.
// sweep and merge both print through it, so that merged shards are the whole run byte for byte. It
// never runs anything.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "backtest/sweep.hpp"

namespace derivd::ctl {

struct Shard {
  std::int64_t index = 1;  // from 1
  std::int64_t of = 1;
};

/// What all shards of one sweep have in common.
struct SweepHead {
  backtest::SweepQuestion question;
  std::uint64_t seed = 0;
  std::string fingerprint;  // of configurations, ticks and options
  std::int64_t units() const {
    return static_cast<std::int64_t>(question.values.size()) + question.permutations;
  }
};

std::string shard_text(const SweepHead& head, const Shard& shard,
                       const std::vector<backtest::UnitResult>& results);

struct ShardFile {
  SweepHead head;
  std::vector<backtest::UnitResult> results;
};
/// A file of shard_text(). An error says what is wrong with it.
core::Result<ShardFile> read_shard(const std::string& path);

enum class SweepFormat { kTable, kCsv, kJson };
/// `results`: every unit once, in order.
std::string sweep_text(const SweepHead& head, const std::vector<backtest::UnitResult>& results,
                       SweepFormat format);

}  // namespace derivd::ctl
