#include "rules/rule_set.hpp"

#include <fmt/format.h>

#include <set>

#include "rules/study.hpp"
#include "rules/words.hpp"

namespace derivd::rules {
namespace {

std::string level_text(const Level& level) {
  auto value = to_string(level.value);
  const bool plus = level.is_offset && !value.starts_with('-');
  return plus ? "+" + value : value;
}

/// In the keys of `buy`; nothing where there are none.
std::string terms_text(const market::Terms& terms) {
  const auto limits = [](const std::optional<core::Money>& profit,
                         const std::optional<core::Money>& loss) {
    std::string out;
    if (profit) out += fmt::format(", take_profit: {}", profit->to_string());
    if (loss) out += fmt::format(", stop_loss: {}", loss->to_string());
    return out;
  };
  if (const auto* m = std::get_if<market::MultiplierTerms>(&terms)) {
    return fmt::format(", multiplier: {}{}{}", m->multiplier, limits(m->take_profit, m->stop_loss),
                       m->cancellation ? ", cancellation: " + m->cancellation->to_string() : "");
  }
  if (const auto* a = std::get_if<market::AccumulatorTerms>(&terms)) {
    return fmt::format(", growth: {}{}", a->growth.to_string(), limits(a->take_profit, {}));
  }
  if (const auto* p = std::get_if<market::PointTerms>(&terms)) {
    return fmt::format(", payout_per_point: {}", p->payout_per_point.to_string());
  }
  return {};
}

std::string buy_text(const Buy& buy) {
  std::string out = fmt::format("type: {}", market::name_of(buy.type));
  if (buy.duration) out += fmt::format(", duration: {}", buy.duration->to_string());
  if (buy.prediction) out += fmt::format(", prediction: {}", to_string(*buy.prediction));
  if (buy.barrier) out += fmt::format(", barrier: {}", level_text(*buy.barrier));
  if (buy.barrier2) out += fmt::format(", barrier2: {}", level_text(*buy.barrier2));
  out += terms_text(buy.terms);
  if (buy.selected_tick > 0) out += fmt::format(", selected_tick: {}", buy.selected_tick);
  return out;
}

}  // namespace

std::string to_string(const RuleSet& set) {
  std::string out;
  for (const auto& rule : set.rules) {
    out += fmt::format("{}when: {} buy: {{ {} }}", out.empty() ? "" : "; ", to_string(rule.when),
                       buy_text(rule.buy));
  }
  return out.empty() ? "[]" : out;
}

std::string excess_of(const RuleSet& set) {
  if (set.rules.size() > kMaxRules) return fmt::format("more than {} rules", kMaxRules);
  std::set<StudyKey> studies;
  using Series = std::pair<market::SymbolCode, Where>;
  std::set<Series> series{{}};  // ticks are always there
  const auto count = [&](const Expr& expr) {
    for (const auto& node : expr.nodes) {
      if (node.kind != Node::Kind::kValue || info_of(node.word).clock == Clock::kNeither) continue;
      studies.insert(study_of(node).key);
      // Candles of a watched symbol are looked at when those of the own symbol close.
      series.insert({{}, node.where});
      if (!node.where.is_ticks()) series.insert({node.symbol, node.where});
    }
  };
  for (const auto& rule : set.rules) {
    count(rule.when);
    if (rule.buy.prediction) count(*rule.buy.prediction);
    if (rule.buy.barrier) count(rule.buy.barrier->value);
    if (rule.buy.barrier2) count(rule.buy.barrier2->value);
  }
  if (studies.size() > kMaxStudies) {
    return fmt::format("more than {} different values of ticks and candles", kMaxStudies);
  }
  if (series.size() > kMaxSeries) {
    return fmt::format("candles of more than {} lengths, those of each watched symbol counted",
                       kMaxSeries - 1);
  }
  return {};
}

}  // namespace derivd::rules
