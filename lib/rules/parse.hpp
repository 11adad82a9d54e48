// Owns the reading of expressions. The configuration calls it once for each `when`, `prediction`
// and `barrier`. It is bounded in length, depth and parts, it refuses what has no meaning (a
// percentage of nothing, a comparison of conditions), and every refusal says where in the text and
// what is allowed.
//
// Grammar, from weak to strong: or; and; not; one comparison (< <= > >= == !=); + -; * /; unary
// minus; numbers, percentages, values, parentheses. A value of a watched symbol has the symbol and
// a dot before it; nothing stands between them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "rules/expr.hpp"

namespace derivd::rules {

struct Problem {
  std::size_t at = 0;  // byte of the text, from 0
  std::string text;
  friend bool operator==(const Problem&, const Problem&) = default;
};
using Parsed = std::variant<Expr, Problem>;
/// The symbols whose values may be named, as R_50.price.
using Watch = std::span<const market::SymbolCode>;

/// A condition. `candles`: what values are of that do not say otherwise.
Parsed parse_condition(std::string_view text, Where candles, Watch watch = {});
/// A number, for `prediction`.
Parsed parse_number(std::string_view text, Where candles, Watch watch = {});
/// A distance from the entry: a number behind + or -. The tree holds the sign.
Parsed parse_offset(std::string_view text, Where candles, Watch watch = {});

/// "ticks", "90s", "1m", "4h", "1d"; nothing for anything else.
std::optional<Where> parse_where(std::string_view text);
inline constexpr std::string_view kWhereAllowed = "ticks, or a time from 1s to 1d, as 1m or 15m";

}  // namespace derivd::rules
