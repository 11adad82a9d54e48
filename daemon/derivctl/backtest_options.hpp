// Owns what the commands that back-test have in common: the options that describe a run, and their
// way into backtest::Options. backtest, sweep and report use it. It never runs anything.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backtest/backtest.hpp"
#include "config/config.hpp"
#include "derivctl/command.hpp"
#include "store/tick_csv.hpp"

namespace derivd::ctl {

using nlohmann::ordered_json;

/// As typed.
struct BacktestArgs {
  std::string config;
  std::vector<std::string> ticks;  // SYMBOL=FILE
  std::string payouts;             // see payout_choice.hpp
  std::string balance = "10000.00";
  std::int64_t settle_delay = 0;
  int latency_ticks = 0;
  std::int64_t warmup = backtest::kWarmup;
  std::optional<std::uint64_t> seed;  // of programs; where the command has such an option
  std::string from;
  std::string to;
};
void add_backtest_options(Command command, BacktestArgs& args);

/// Ticks of a symbol: `archive:` or `archive:DIRECTORY`, else a tick file.
core::Result<std::unique_ptr<market::TickSource>> open_source(const Context& context,
                                                              const std::string& place,
                                                              const market::SymbolInfo& symbol);

/// What is wrong, and the exit code for it. The texts of a bad configuration are several lines.
struct Refusal {
  int code = 0;
  std::string text;
};

/// A run, ready to start; sources live as long as it does.
struct BacktestJob {
  backtest::Options options;
  std::vector<std::unique_ptr<market::TickSource>> sources;
  std::vector<backtest::Tape> tapes;
  ordered_json payouts;  // PayoutChoice::said
};
boost::system::result<BacktestJob, Refusal> make_job(const Context& context,
                                                     const BacktestArgs& args);

/// The exit code for an error of a run or of its input.
int code_of(const core::Error& error);

}  // namespace derivd::ctl
