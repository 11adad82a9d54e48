// Owns the run of one Deriv Bot program over recorded ticks, left alone: the back-test of a
// strategy that no limit holds. derivctl's import calls it. It has no rules of its own.
//
// Rules: the product's contract, "Deriv Bot and Binary Bot programs".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backtest/backtest.hpp"
#include "core/result.hpp"
#include "dbot/program.hpp"
#include "market/tick_source.hpp"

namespace derivd::backtest {

struct DbotOptions {
  std::shared_ptr<const dbot::Program> program;
  std::string file;           // for messages
  market::SymbolCode symbol;  // one that `symbols` has
  market::Symbols symbols = {};
  std::vector<std::string> answers;
  std::uint64_t seed = 1;
  std::int64_t warmup = kWarmup;  // 1 to kMaxWarmup
  core::Money balance = core::Money::minor(10'000'00);
  Payouts payouts;
};

struct DbotResult {
  StrategyResult strategy;  // `halted`: why it ended before the ticks did
  std::int64_t ticks = 0;
  core::Money balance;
  bool started = false;  // there were ticks enough
};

/// Deterministic. Errors: those of the source, too few answers, a warm-up that is none.
core::Result<DbotResult> run_dbot(const DbotOptions& options, market::TickSource& source,
                                  const OnTrade& on_trade = {}, const OnMessage& on_message = {});

}  // namespace derivd::backtest
