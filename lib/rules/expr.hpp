// Owns the tree of an expression of `rules:`: numbers, values, operators, and its canonical text.
// The parser makes it, the evaluator compiles it, the configuration compares and shows it. It never
// knows a price: what the values are worth is the evaluator's.
//
// Rule: the product's contract, "Rules".
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/decimal.hpp"
#include "core/time.hpp"
#include "market/symbol.hpp"

namespace derivd::rules {

/// The longest period, and the farthest look back. One answer of the venue holds 5000 ticks: with
/// more than that a value would not be ready for a long time after each start.
inline constexpr std::int64_t kMaxPeriod = 5000;
/// A rule that a person can still read has a tenth of these.
inline constexpr std::size_t kMaxNodes = 128;
inline constexpr int kMaxNesting = 24;
inline constexpr std::size_t kMaxText = 1000;
/// Symbols that one strategy may watch beside its own.
inline constexpr std::size_t kMaxWatched = 8;
/// A watched symbol whose latest tick is older than this has no value: its market is closed, or its
/// stream is cut off. A market that is open has a tick every few seconds, also at night.
inline constexpr std::chrono::seconds kWatchedSilence{60};

/// The bars that a value is of: single ticks, or candles of so many seconds, which begin at whole
/// multiples of their length since 1970.
struct Where {
  static constexpr std::int32_t kLongest = 86'400;
  std::int32_t seconds = 0;  // 0: ticks
  constexpr bool is_ticks() const { return seconds == 0; }
  friend constexpr auto operator<=>(Where, Where) = default;
};
std::string to_string(Where where);  // "ticks", "90s", "5m"

enum class Word : std::uint8_t {
  kPrice,
  kDigit,
  kChange,
  kOpen,
  kHigh,
  kLow,
  kClose,
  kShare,
  kCount,
  kRun,
  kSince,
  kHottest,
  kColdest,
  kRank,
  kSma,
  kEma,
  kRsi,
  kAtr,
  kStdev,
  kHighest,
  kLowest,
  kMomentum,
  kBbUpper,
  kBbMiddle,
  kBbLower,
  kMacd,
  kMacdSignal,
  kMacdHist,
  kStochK,
  kStochD,
  kCrossesAbove,
  kCrossesBelow,
  kWinsInRow,
  kLossesInRow,
  kLastProfit,
  kSessionProfit,
  kOpenContracts,
  kTradesToday,
  kHour,
  kMinute,
  kWeekday,
};

/// What a bar may be, for shares, counts, runs: a property of its last digit or of its direction
/// against the bar before.
struct Predicate {
  enum class Kind : std::uint8_t { kEven, kOdd, kRise, kFall, kFlat, kDigit };
  enum class Compare : std::uint8_t { kLess, kLessEq, kGreater, kGreaterEq, kEq, kNotEq };
  Kind kind = Kind::kEven;
  Compare compare = Compare::kEq;  // kDigit
  std::int8_t digit = 0;           // kDigit
  bool of_digit() const;
  /// Bit d: digit d fits. Not for directions (CHECK).
  std::uint16_t digits() const;
  friend auto operator<=>(const Predicate&, const Predicate&) = default;
};
std::string to_string(const Predicate& predicate);  // "even", "digit > 4"

struct Node {
  enum class Kind : std::uint8_t {
    kNumber,
    kPercent,
    kValue,
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
  };
  /// What it stands for. kPoints (share, rsi, stoch) is a number of 0 to 100 that may also meet a
  /// percentage; kPercent is a percentage as such.
  enum class Type : std::uint8_t { kBool, kNumber, kPoints, kPercent };

  Kind kind = Kind::kNumber;
  Type type = Type::kNumber;
  core::Decimal number;  // kNumber, kPercent
  // kValue:
  Word word = Word::kPrice;
  std::array<core::Decimal, 3> args{};
  Where where;
  Predicate predicate;
  market::SymbolCode symbol;  // of a watched symbol; empty: the strategy's own
  // Operators; a value whose arguments are expressions (crosses_above, rank).
  std::int16_t a = -1;
  std::int16_t b = -1;

  friend bool operator==(const Node&, const Node&) = default;
};

/// Children stand before their parents; the last node is the root.
struct Expr {
  std::vector<Node> nodes;
  const Node& root() const { return nodes.back(); }
  friend bool operator==(const Expr&, const Expr&) = default;
};

/// The canonical text: every default written out, so that it means the same everywhere. Parsing it
/// gives the same tree.
std::string to_string(const Expr& expr);
std::string to_string(const Expr& expr, std::size_t node);  // of one part

}  // namespace derivd::rules
