// Owns the Strategy interface: a tick goes in, maybe a signal comes out. The engine calls it on the
// loop thread for each tick of its symbol, history included. It never knows money, limits or
// orders.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "market/spec.hpp"
#include "market/tick.hpp"
#include "rules/evaluator.hpp"

namespace derivd::strategy {

class Program;

/// A wish to enter now. The engine may drop it; it is never queued.
struct Signal {
  market::ContractType type = market::ContractType::kCall;
  std::int8_t prediction = -1;  // digit contracts with a prediction, else -1
  /// Where the signal says so, else what `contract` of the settings says.
  std::optional<market::ContractDuration> duration = std::nullopt;
  std::optional<market::Barrier> barrier = std::nullopt;
  std::optional<market::Barrier> barrier2 = std::nullopt;
  std::int8_t selected_tick = 0;  // 0: what the settings say
  market::Terms terms{};          // none: what the settings say
  /// Where the signal is the whole contract: of programs.
  std::optional<market::ContractSpec> spec = std::nullopt;
  std::optional<core::Money> stake = std::nullopt;  // where it is not the stake plan's
  std::uint64_t wish = 0;                           // a script's number for it; 0: of no script
};

class Strategy {
 public:
  Strategy() = default;
  Strategy(const Strategy&) = delete;
  Strategy& operator=(const Strategy&) = delete;
  virtual ~Strategy() = default;

  /// Feeds the counters with every tick, whether the strategy may enter or not. A signal restarts
  /// the counters as contract.md says, also when the engine then drops it.
  virtual std::optional<Signal> on_tick(const market::Tick& tick) = 0;
  /// Forgets all ticks seen.
  virtual void reset() = 0;
  /// Counters and windows as one line of text, for the journal; load() takes only what save() gave.
  virtual std::string save() const = 0;
  virtual core::Result<void> load(std::string_view saved) = 0;

  /// Whether it is made ready by a past of ticks, as long as there is, instead of by what save()
  /// wrote: it is fed that past at each start, and its signals then mean nothing.
  virtual bool wants_past() const { return false; }
  /// The candles that it looks at, for which begin_candles() makes it ready; empty: none, or those
  /// of ticks alone.
  virtual std::vector<rules::CandleNeed> candle_needs() const { return {}; }
  /// What the venue's candles of one length were, rising, the last one perhaps still growing: after
  /// reset() and before the ticks, some of which may be in them already.
  virtual void begin_candles(rules::Where, std::span<const rules::Candle::Closed>) {}
  /// A tick of a symbol that it watches, of a second before that of the tick of its own that comes
  /// next.
  virtual void on_watched(const market::Tick&) {}
  /// begin_candles() of a symbol that it watches, whose quotes have so many decimals.
  virtual void begin_watched(const market::SymbolCode&, std::uint8_t, rules::Where,
                             std::span<const rules::Candle::Closed>) {}
  /// Whether it looks at its own results: then see() is called before each tick.
  virtual bool wants_own() const { return false; }
  virtual void see(const rules::Own&) {}
  /// What a program that runs elsewhere wants kept over a restart; save() has it.
  virtual void keep(std::string) {}
  virtual std::string_view kept() const { return {}; }
  /// What its last decision was made of, for people; empty: it has nothing to say.
  virtual std::vector<rules::RuleView> explain() const { return {}; }
  /// Itself, where it is a program, which is fed and answered otherwise; null: it is none.
  virtual Program* program() { return nullptr; }
};

}  // namespace derivd::strategy
