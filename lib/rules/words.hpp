// Owns the table of what an expression can ask for: names, arguments with their bounds, meaning.
// The parser reads expressions by it, the printer writes them by it, and the manual page is made
// from it. It never computes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "rules/expr.hpp"

namespace derivd::rules {

struct ArgInfo {
  std::string_view name;
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::int64_t fallback = -1;  // -1: it must be given
  bool whole = true;
};

/// What decides when a rule with this value is evaluated.
enum class Clock : std::uint8_t {
  kTicks,   // at each tick
  kBars,    // at each tick or each closed candle, as its `where` says
  kNeither  // it follows the rest of its rule
};

struct WordInfo {
  Word word;
  std::string_view name;
  std::span<const ArgInfo> args;
  Node::Type type;
  Clock clock;
  bool predicate;      // its first argument is a predicate
  std::uint8_t exprs;  // so many arguments are expressions
  bool is_price;       // a price, or a distance of prices
  std::string_view form;
  std::string_view help;
  bool takes_where() const { return clock == Clock::kBars; }
};

/// The signs of comparisons, in the order of Predicate::Compare and of Node::Kind from kLess on.
inline constexpr std::array<std::string_view, 6> kCompares{"<", "<=", ">", ">=", "==", "!="};

std::span<const WordInfo> words();
const WordInfo& info_of(Word word);
/// By name; "open" is the candle's (the parser knows when it counts contracts).
const WordInfo* find_word(std::string_view name);
/// All names, for messages.
std::span<const std::string_view> word_names();
/// For the manual page: every value with its meaning.
std::string words_text();

}  // namespace derivd::rules
