// Owns the running of a rule set: candles out of ticks, a study for each value, each rule as a
// short list of instructions. The strategy feeds it every tick of its symbol, history included; the
// same evaluator runs live, on paper and in a back-test. It never allocates after it is made, and
// what is not ready (no past, a division by zero) makes no rule true.
//
// A candle (candle.hpp) is closed by the first tick behind it, before that tick is looked at.
//
// Watched symbols: at a tick of second T everything is known of them that happened in the seconds
// before T, and nothing of T itself, so that the order in which ticks of one second arrive decides
// nothing. Their candles are closed by the own symbol's tick: all of one length close together.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/decimal.hpp"
#include "market/tick.hpp"
#include "rules/candle.hpp"
#include "rules/needs.hpp"
#include "rules/rule_set.hpp"
#include "rules/study.hpp"

namespace derivd::rules {

/// Results of the strategy itself, as the engine books them.
struct Own {
  std::int64_t wins_in_row = 0;
  std::int64_t losses_in_row = 0;
  core::Money last_profit;
  core::Money session_profit;
  std::int64_t open = 0;
  std::int64_t trades_today = 0;
};

/// What a rule that holds wants to buy.
struct Wish {
  std::size_t rule = 0;
  market::ContractType type = market::ContractType::kCall;
  std::optional<market::ContractDuration> duration;
  std::int8_t prediction = -1;
  std::optional<market::Barrier> barrier;
  std::optional<market::Barrier> barrier2;
  std::int8_t selected_tick = 0;
  market::Terms terms{};
};

/// A part of a rule with its value at the last evaluation, for people.
struct Part {
  std::string text;
  std::string value;  // "28.31", "true", "not ready"
};
struct RuleView {
  std::string when;
  std::string result;                 // "true", "false", "not ready", "not evaluated yet"
  std::optional<core::VenueTime> at;  // of the tick at which it was evaluated last
  std::vector<Part> parts;            // values first, then what is made of them
};

class Evaluator final {
 public:
  explicit Evaluator(const RuleSet& set);
  // Its instructions point into it.
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  /// Before the tick: what the values of the strategy itself are. Only where uses_own().
  void set_own(const Own& own);
  bool uses_own() const { return uses_own_; }
  /// The first rule that holds, if one does. A tick whose quote is none (below 0, beyond
  /// kMostMantissa) changes nothing.
  std::optional<Wish> on_tick(const market::Tick& tick);
  /// A tick of a watched symbol, of a second before that of the next own tick. One of a symbol that
  /// no value is of changes nothing, and so does a quote that is none.
  void on_watched(const market::Tick& tick);
  /// Forgets all ticks.
  void reset();

  /// The candles that its values are of, each length of each symbol once, and how many of each they
  /// need.
  std::vector<CandleNeed> candle_needs() const;
  /// The past of one length of candles, rising, the last one perhaps still growing: after reset()
  /// and before the first tick, which may be one that is in them already. Each closed one is looked
  /// at when the first tick behind it comes, as if it had been made of ticks. Allocates. A length
  /// that no value is of changes nothing.
  void begin_candles(Where where, std::span<const Candle::Closed> past);
  /// The same of a watched symbol, whose quotes have so many decimals.
  void begin_watched(const market::SymbolCode& symbol, std::uint8_t decimals, Where where,
                     std::span<const Candle::Closed> past);

  std::vector<RuleView> explain() const;

 private:
  friend std::optional<double> constant_of(const Expr& expr);
  enum class Op : std::uint8_t {
    kLoad,
    kNumber,
    kRank,
    kMinus,
    kNot,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kLess,
    kLessEq,
    kGreater,
    kGreaterEq,
    kEq,
    kNotEq,
    kAnd,
    kOr,
    kCrossesAbove,
    kCrossesBelow,
    kLoadWatched,
    kRankWatched,
  };
  struct Instruction {
    Op op = Op::kNumber;
    std::uint16_t a = 0;  // registers of the rule
    std::uint16_t b = 0;
    std::uint16_t crossing = 0;  // or the place of the watched symbol
    double number = 0;
    const double* source = nullptr;       // kLoad, kLoadWatched
    const DigitCounts* digits = nullptr;  // kRank, kRankWatched
    std::int32_t node = -1;               // of the expression, for people; -1: of none
  };
  struct Program {
    std::vector<Instruction> code;
    std::vector<double> registers;
    std::size_t when = 0;  // registers of the results
    std::optional<std::size_t> prediction;
    std::optional<std::size_t> barrier;
    std::optional<std::size_t> barrier2;
    bool every_tick = true;
    std::uint32_t series = 0;  // bit i: a candle of the length of series i is among its values
    std::optional<core::VenueTime> at;
  };
  struct Series {
    explicit Series(Where of) : where(of), candle(of) {}
    Where where;
    std::vector<std::unique_ptr<Study>> studies;
    Candle candle;                     // not of ticks
    std::uint32_t bit = 0;             // of the own symbol's series of this length
    core::VenueTime ended;             // of a watched symbol: the end of the last that was closed
    std::vector<Candle::Closed> past;  // begin_candles(): closed, and from `next` on not pushed yet
    std::size_t next = 0;
    /// When the first of those ends; nullopt: there is none.
    std::optional<core::VenueTime> next_end() const {
      if (next >= past.size()) return std::nullopt;
      return core::VenueTime{past[next].begins.s + where.seconds};
    }
  };

  struct Watched {
    explicit Watched(const market::SymbolCode& of) : symbol(of) {}
    market::SymbolCode symbol;
    std::vector<std::unique_ptr<Study>> studies;  // of its ticks
    std::vector<Series> series;                   // of its candles
    std::optional<std::uint8_t> decimals;
    double scale = 1;
    core::VenueTime latest;  // of what is known of it; 0: nothing is
    bool silent = true;      // at the evaluation at hand: for longer than kWatchedSilence
  };

  std::size_t series_of(Where where);
  std::size_t watched_of(const market::SymbolCode& symbol);
  Watched* find_watched(const market::SymbolCode& symbol);
  std::vector<std::unique_ptr<Study>>& studies_of(const StudyKey& key);
  const Study& study(const StudyKey& key);
  std::size_t compile(Program& program, const Expr& expr);
  Instruction value_of(const Node& node, const std::vector<std::size_t>& at);
  void compile_rule(const Rule& rule);
  static bool is_due(const Program& program, std::uint32_t closed);
  std::uint32_t close_candles(const market::Tick& tick);
  std::uint32_t close_past(core::VenueTime until);
  std::optional<core::VenueTime> next_past() const;
  std::uint32_t push_past(core::VenueTime end);
  void look_back(core::VenueTime end, std::uint32_t closed);
  void begin(Series& series, std::span<const Candle::Closed> past);
  static void set_decimals(Watched& watched, std::uint8_t decimals);
  static void close_watched(Watched& watched, core::VenueTime now);
  void see_watched(core::VenueTime now);
  void set_time(core::VenueTime time);
  void run(Program& program);
  double step(const Instruction& i, const double* registers);
  double cross(const Instruction& i, double a, double b);
  std::optional<Wish> wish_of(std::size_t rule) const;
  std::optional<market::Barrier> barrier_of(const Level& level, double value) const;

  RuleSet set_;
  std::vector<Program> programs_;
  std::vector<Series> series_;  // the first is that of ticks
  std::vector<Watched> watched_;
  std::map<StudyKey, Study*> known_;
  std::vector<std::int8_t> sides_;  // of each crossing: a against b last time, or kUnknownSide
  std::array<double, 6> own_{};
  std::array<double, 3> time_{};
  bool uses_own_ = false;
  bool uses_time_ = false;
  bool has_past_ = false;     // begin_candles() gave candles that are not pushed yet
  core::VenueTime past_end_;  // of those of them that were pushed last
  std::optional<std::uint8_t> decimals_;
  double scale_ = 1;
};

/// The value of an expression that looks at nothing; empty: it does, or divides by zero.
std::optional<double> constant_of(const Expr& expr);

}  // namespace derivd::rules
