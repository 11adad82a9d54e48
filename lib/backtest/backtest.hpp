// Owns the back-test: the very engine of the daemon, driven in virtual time over recorded ticks,
// with this file's driver in the place of the venue. derivctl, sweep, odds and the report call it,
// each run from one thread. It never has rules of its own: signals, stakes and limits are the
// engine's, settlement is market/'s.
//
// Rules: the product's contract, "Backtest".
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backtest/payouts.hpp"
#include "core/event.hpp"
#include "core/result.hpp"
#include "engine/settings.hpp"
#include "market/spec.hpp"
#include "market/tick_source.hpp"
#include "rules/evaluator.hpp"
#include "script/runner.hpp"
#include "strategy/program.hpp"

namespace derivd::backtest {

/// The venue's last ticks that a program starts with; so many of its symbol's are its past.
inline constexpr std::int64_t kWarmup = 1000;
inline constexpr std::int64_t kMaxWarmup = 1'000'000;

/// What a program said (script_message), and when.
using OnMessage = std::function<void(core::VenueTime, const core::Event&)>;

struct Options {
  engine::Settings settings;  // valid (config/ checked them)
  Payouts payouts;
  core::Money balance = core::Money::minor(10'000'00);
  /// A result arrives at the first tick whose epoch is at least exit + this, before strategies see
  /// that tick; live it is 1 to 3 s. 0: at the tick that decides the contract.
  std::chrono::seconds settle_delay{0};
  /// A purchase starts so many ticks of its symbol after the signal's, at that tick's epoch. 0: at
  /// the signal's tick. An early sale is at the tick that brings it, at the model's bid, and its
  /// result arrives with it, whatever both delays are.
  int latency_ticks = 0;
  /// Of programs (type dbot): Init and the first Start happen at the last of so many ticks.
  std::int64_t warmup = kWarmup;      // 1 to kMaxWarmup
  std::optional<std::uint64_t> seed;  // of their random numbers; empty: the configuration's
  OnMessage on_message;
  /// Ticks before `from` and from `to` on are as if they were not recorded.
  std::optional<core::VenueTime> from;
  std::optional<core::VenueTime> to;
  /// Runs the programs of strategies of type script; called from the run's own thread.
  script::MakeProgram make_program;
  /// Hears what programs say of themselves; empty: nobody does.
  std::function<void(core::VenueTime, const core::Name& strategy, std::string_view)> on_log;
};
inline constexpr std::chrono::seconds kMaxSettleDelay{3600};
inline constexpr int kMaxLatencyTicks = 60;

/// The recorded ticks of one symbol, which market/ must know.
struct Tape {
  market::SymbolCode symbol;
  market::TickSource* source = nullptr;
};

/// One settled contract.
struct Trade {
  std::int64_t n = 0;          // from 1, in purchase order, over settled contracts
  std::uint32_t strategy = 0;  // index into Options::settings.strategies
  std::uint32_t tape = 0;      // index into the tapes
  market::ContractType type = market::ContractType::kCall;
  core::VenueTime signal_epoch;
  core::VenueTime purchase_epoch;  // where the contract starts
  core::VenueTime entry_epoch;
  core::VenueTime exit_epoch;
  core::VenueTime settled_epoch;  // of the tick at which its result arrived
  std::int64_t settled_n = 0;     // from 1, in the order in which results arrived
  core::Price entry;
  core::Price exit;
  core::Money stake;               // what was paid, with the fee
  std::optional<core::Money> fee;  // of a deal cancellation
  core::Money payout;              // the quoted one, also of a lost contract; of a position none
  core::Money profit;
  market::End end = market::End::kWon;
  std::optional<core::VenueTime> sell_epoch;  // of one that was sold before its end, or cancelled
  std::optional<core::Price> barrier;         // the level in force at its end, of two the high one
  std::optional<core::Price> low_barrier;     // of types that have two
};

/// Results in settlement order: what was won, from what peak it fell.
struct Sums {
  std::int64_t trades = 0;  // settled; break-evens are here alone
  std::int64_t won = 0;
  std::int64_t lost = 0;
  core::Money stakes;
  core::Money profit;
  core::Money peak;          // of the profit, at least 0
  core::Money max_drawdown;  // positive, from the peak
  core::Money max_stake;     // of settled contracts
  std::int64_t longest_losing_run = 0;
  std::int64_t losing_run = 0;  // now; a break-even neither adds nor ends

  void add(core::Money stake, core::Money result);
};

struct StrategyResult {
  core::Name name;
  Sums sums;
  std::int64_t open = 0;              // at the end of the ticks
  std::optional<std::string> halted;  // "take_profit", "stop_loss", "refused", "script"
  std::string halt_reason;            // one sentence; empty: not halted
  /// Of one that is not halted, a limit of the account that allows it nothing more at the end of
  /// the ticks, for the day or for good: its name, and a sentence.
  std::string blocked;
  std::string block_reason;
  std::int64_t refused = 0;                      // timed contracts that would have had no tick
  bool has_ticks = false;                        // of its symbol, at least one
  std::vector<rules::RuleView> rules;            // of type rules: at the last evaluation
  std::optional<strategy::ProgramView> program;  // of type dbot: at the end
  std::int64_t messages = 0;                     // that it wrote
};

struct Result {
  std::vector<StrategyResult> strategies;  // in the order of the configuration, the disabled too
  Sums total;
  core::Money balance;  // at the end, stakes of open contracts paid
  std::int64_t ticks = 0;
  std::optional<core::VenueTime> first;
  std::optional<core::VenueTime> last;
};

/// Called in purchase order, as soon as every contract bought before is settled; trades wait for
/// that in memory. Without a listener nothing is kept.
using OnTrade = std::function<void(const Trade&)>;

/// Ticks are merged by epoch, equal epochs in the order of `tapes`. As the venue does, a stake
/// above what is left of the balance is refused (InsufficientBalance), which halts its strategy.
/// Errors: those of a source, no enabled strategy has ticks, a payout table without a type that a
/// strategy may buy, a symbol that is not known or given twice. Deterministic: the same input gives
/// the same result.
core::Result<Result> run(const Options& options, std::span<const Tape> tapes,
                         const OnTrade& on_trade = {});

}  // namespace derivd::backtest
