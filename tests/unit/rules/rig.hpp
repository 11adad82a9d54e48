// What the tests of rules share: bars from quotes, the values of a study, and an evaluator that is
// fed by hand.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "rules/evaluator.hpp"
#include "rules/parse.hpp"
#include "rules/study.hpp"

namespace derivd::rules::test {

inline Expr number(std::string_view text, Where candles = {}) {
  auto parsed = parse_number(text, candles);
  if (const auto* p = std::get_if<Problem>(&parsed)) {
    ADD_FAILURE() << text << ": " << p->text;
    return {};
  }
  return std::get<Expr>(parsed);
}

inline Expr condition(std::string_view text, Where candles = {}) {
  auto parsed = parse_condition(text, candles);
  if (const auto* p = std::get_if<Problem>(&parsed)) {
    ADD_FAILURE() << text << ": " << p->at << ": " << p->text;
    return {};
  }
  return std::get<Expr>(parsed);
}

/// Mantissas of 2 decimals as bars of ticks.
inline std::vector<Bar> ticks(std::initializer_list<std::int64_t> quotes) {
  std::vector<Bar> out;
  for (const auto q : quotes) out.push_back({q, q, q, q});
  return out;
}

/// The value after each bar, fed one at a time.
inline std::vector<double> values(std::string_view text, const std::vector<Bar>& bars,
                                  double scale = 100) {
  const auto expr = number(text);
  if (expr.nodes.empty()) return {};
  const auto of = study_of(expr.root());
  const auto study = make_study(of.key);
  std::vector<double> out;
  for (const auto& bar : bars) {
    study->push(bar, scale);
    out.push_back(*study->value(of.which));
  }
  return out;
}

/// Both not ready, or near each other by their size.
inline bool same(double a, double b, double tolerance = 1e-9) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) == std::isnan(b);
  return std::abs(a - b) <= tolerance * std::max({1.0, std::abs(a), std::abs(b)});
}

inline RuleSet rule(std::string_view when, Where candles = {}) {
  RuleSet set;
  set.candles = candles;
  set.rules.push_back({condition(when, candles), {}});
  return set;
}

/// Ticks two seconds apart from 1700000040, a whole minute.
class Feed {
 public:
  static constexpr std::int64_t kStart = 1'700'000'040;
  explicit Feed(const RuleSet& set) : evaluator(set) {}
  std::optional<Wish> operator()(std::int64_t mantissa, std::uint8_t decimals = 2) {
    const market::Tick tick{"R_100", {epoch}, core::Price::raw(mantissa, decimals)};
    epoch += 2;
    return evaluator.on_tick(tick);
  }
  /// "-" and "X" for what it wished at each.
  std::string run(std::initializer_list<std::int64_t> quotes) {
    std::string out;
    for (const auto q : quotes) out += (*this)(q) ? 'X' : '-';
    return out;
  }
  Evaluator evaluator;
  std::int64_t epoch = kStart;
};

}  // namespace derivd::rules::test
