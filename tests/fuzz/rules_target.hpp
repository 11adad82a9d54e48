// What the fuzz target of expressions asks of any text; the property test asks the same of spoiled
// ones, the unit test of the committed corpus, in every build.
#pragma once

#include <array>
#include <string_view>

#include "core/check.hpp"
#include "rules/evaluator.hpp"
#include "rules/parse.hpp"

namespace derivd::fuzz {

inline const std::array<market::SymbolCode, 2> kWatched{"R_50", "1HZ100V"};

inline void one_expression(const rules::Parsed& parsed, std::string_view text, bool is_condition) {
  if (const auto* problem = std::get_if<rules::Problem>(&parsed)) {
    DERIVD_CHECK(problem->at <= text.size(), "a refusal has its place in the text");
    DERIVD_CHECK(!problem->text.empty(), "a refusal says why");
    DERIVD_CHECK(problem->text.size() < 1000, "a refusal can be read");
    return;
  }
  const auto& expr = std::get<rules::Expr>(parsed);
  DERIVD_CHECK(!expr.nodes.empty() && expr.nodes.size() <= rules::kMaxNodes, "bounded");
  const auto printed = rules::to_string(expr);
  if (printed.size() <= rules::kMaxText) {
    const auto again = is_condition ? rules::parse_condition(printed, {}, kWatched)
                                    : rules::parse_number(printed, {}, kWatched);
    DERIVD_CHECK(std::holds_alternative<rules::Expr>(again), "what is printed can be read");
    DERIVD_CHECK(std::get<rules::Expr>(again) == expr, "and is the same");
  }
  rules::RuleSet set;
  set.rules.emplace_back();
  auto& rule = set.rules.back();
  if (is_condition) {
    rule.when = expr;
  } else {
    rule.when = std::get<rules::Expr>(rules::parse_condition("price > 0", {}));
    rule.buy.type = market::ContractType::kDigitMatch;
    rule.buy.prediction = expr;
    rule.buy.barrier = expr;
  }
  if (!rules::excess_of(set).empty()) return;
  rules::Evaluator evaluator(set);
  for (std::int64_t i = 0; i < 40; ++i) {
    const auto quote = core::Price::raw(100 + i * i % 23, 2);
    const core::VenueTime before{1'700'000'000 + 7 * i - 2};
    for (const auto& symbol : kWatched) {
      evaluator.on_watched({symbol, before, core::Price::raw(500 + i * i % 19, 4)});
    }
    const auto wish = evaluator.on_tick({"R_100", {1'700'000'000 + 7 * i}, quote});
    DERIVD_CHECK(!wish || (wish->prediction >= -1 && wish->prediction <= 9), "a digit");
  }
  DERIVD_CHECK(evaluator.explain().size() == 1, "each rule is explained");
}

/// No crash and no unbounded work; a refusal has a place and a reason; what is accepted is printed,
/// read back and run.
inline void expression(std::string_view text) {
  for (const rules::Where candles : {rules::Where{}, rules::Where{60}}) {
    one_expression(rules::parse_condition(text, candles, kWatched), text, true);
    one_expression(rules::parse_number(text, candles, kWatched), text, false);
    one_expression(rules::parse_offset(text, candles, kWatched), text, false);
  }
}

}  // namespace derivd::fuzz
