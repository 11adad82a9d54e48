#include "risk/exit_rules.hpp"

#include <fmt/format.h>

#include "core/check.hpp"
#include "market/integer.hpp"

namespace derivd::risk {
namespace {

using market::Wide;

/// By value: what was written and what the venue says may have different numbers of decimals.
core::Decimal exact(core::Money money) { return {money.units(), money.exponent()}; }

constexpr std::int64_t kHundred = 100;

}  // namespace

bool ExitLevel::reached(core::Money value, core::Money stake) const {
  if (amount) return exact(value) >= exact(*amount);
  DERIVD_CHECK(value.is_zero() || value.exponent() == stake.exponent(),
               "a value in another currency than its stake");
  // At most 18 digits times 100 times 10^6 on either side (the configuration's readers): 128 bits.
  const auto have = Wide{value.units()} * kHundred * core::pow10(percent.scale);
  return have >= Wide{stake.units()} * percent.mantissa;
}

std::string ExitLevel::to_string() const {
  return amount ? amount->to_string() : percent.to_string() + "%";
}

std::string ExitAfter::to_string() const {
  return ticks > 0 ? fmt::format("{}t", ticks) : fmt::format("{}s", time.count());
}

std::string_view name_of(ExitRule rule) {
  switch (rule) {
    case ExitRule::kProfit:
      return "profit";
    case ExitRule::kLoss:
      return "loss";
    case ExitRule::kTrailing:
      return "trailing";
    case ExitRule::kAfter:
      return "after";
  }
  return "?";
}

std::optional<ExitRule> ExitRules::held(const ExitView& view) const {
  if (view.bid) {
    const auto holds = [&](const std::optional<ExitLevel>& level, core::Money value) {
      return level && level->reached(value, view.stake);
    };
    if (holds(profit, *view.bid - view.stake)) return ExitRule::kProfit;
    if (holds(loss, view.stake - *view.bid)) return ExitRule::kLoss;
    if (holds(trailing, view.best - *view.bid)) return ExitRule::kTrailing;
  }
  if (!after) return std::nullopt;
  const bool over = after->ticks > 0 ? view.ticks >= after->ticks : view.age >= after->time;
  return over ? std::optional(ExitRule::kAfter) : std::nullopt;
}

std::string words_of(ExitRule rule, const ExitRules& rules, const ExitView& view) {
  const auto of = [&](core::Money value, const std::optional<ExitLevel>& level) {
    DERIVD_CHECK(level.has_value(), "a rule that is not set");
    return fmt::format("{} {} of {}", name_of(rule), value.to_string(), level->to_string());
  };
  DERIVD_CHECK(view.bid || rule == ExitRule::kAfter, "a rule of values without one");
  switch (rule) {
    case ExitRule::kProfit:
      return of(*view.bid - view.stake, rules.profit);
    case ExitRule::kLoss:
      return of(view.stake - *view.bid, rules.loss);
    case ExitRule::kTrailing:
      return fmt::format("{} below {}", of(view.best - *view.bid, rules.trailing),
                         view.best.to_string());
    case ExitRule::kAfter:
      break;
  }
  DERIVD_CHECK(rules.after.has_value(), "a rule that is not set");
  const ExitAfter passed{rules.after->ticks > 0 ? view.ticks : 0, view.age};
  return fmt::format("{} {} of {}", name_of(rule), passed.to_string(), rules.after->to_string());
}

}  // namespace derivd::risk
