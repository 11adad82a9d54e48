// Types that are short for `rules`: digit_over_under, digit_matches, indicator and accumulator.
// Each is written out as the rules that it stands for, by the rules' own parser, so that it means
// what those rules mean. A signal restarts nothing: it holds as long as its condition does.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/check.hpp"
#include "core/decimal.hpp"
#include "market/rows.hpp"
#include "rules/parse.hpp"
#include "strategy/types.hpp"

namespace derivd::strategy {
namespace {

using market::ContractType;

/// The bet that is even for both sides, as even and odd are.
constexpr std::int64_t kDefaultOver = 4;
constexpr std::int64_t kDefaultUnder = 5;
/// A hundred ticks is what digit statistics of the field show.
constexpr std::int64_t kDefaultWindow = 100;

enum class Pick : std::int64_t { kLast, kHottest, kColdest };
enum class Indicator : std::int64_t { kRsi, kStochastic, kBollinger, kSma, kEma, kMacd };

std::optional<std::int64_t> given(const Params& params, std::string_view name) {
  const auto at = params.find(name);
  return at == params.end() ? std::nullopt : std::optional(at->second);
}

rules::Expr condition(std::string_view text, rules::Where candles) {
  auto parsed = rules::parse_condition(text, candles);
  DERIVD_CHECK(std::holds_alternative<rules::Expr>(parsed), "a short form that is no rule");
  return std::move(std::get<rules::Expr>(parsed));
}

rules::Rule rule(std::string_view when, ContractType type, rules::Where candles) {
  rules::Rule out;
  out.when = condition(when, candles);
  out.buy.type = type;
  return out;
}

void predict(rules::Rule& rule, std::string_view digit) {
  auto parsed = rules::parse_number(digit, {});
  DERIVD_CHECK(std::holds_alternative<rules::Expr>(parsed), "a short form that is no digit");
  rule.buy.prediction = std::move(std::get<rules::Expr>(parsed));
}

/// One side of digit_over_under: `won` and `lost` are what a digit is, as "digit > 4".
rules::Rule side(const Params& params, ContractType type, std::int64_t digit, std::string_view won,
                 std::string_view lost) {
  // Whatever the digit is, it is at least 0: a condition that holds at every tick.
  auto when = fmt::format("run({}) >= {}", lost, params.at("streak"));
  if (params.at("streak") == 0) when = "digit >= 0";
  if (const auto share = given(params, "share")) {
    when += fmt::format(" and share({}, {}) < {}%", won,
                        given(params, "window").value_or(kDefaultWindow), *share);
  }
  auto out = rule(when, type, {});
  predict(out, fmt::format("{}", digit));
  return out;
}

// ---- indicator ----

/// Which parameters an indicator has a use for, with what they are where they are left out.
struct Usage {
  std::string_view param;
  std::int64_t fallback;
};
constexpr std::array kOfRsi{Usage{"period", 14}, Usage{"below", 30'00}, Usage{"above", 70'00}};
constexpr std::array kOfStochastic{Usage{"period", 14}, Usage{"below", 20'00},
                                   Usage{"above", 80'00}};
constexpr std::array kOfBollinger{Usage{"period", 20}, Usage{"deviations", 2'00}};
constexpr std::array kOfMeans{Usage{"fast", 12}, Usage{"slow", 26}};
constexpr std::array kOfMacd{Usage{"fast", 12}, Usage{"slow", 26}, Usage{"signal", 9}};

Indicator indicator_of(const Params& params) {
  return static_cast<Indicator>(params.at("indicator"));
}

std::span<const Usage> usage_of(Indicator indicator) {
  switch (indicator) {
    case Indicator::kRsi:
      return kOfRsi;
    case Indicator::kStochastic:
      return kOfStochastic;
    case Indicator::kBollinger:
      return kOfBollinger;
    case Indicator::kSma:
    case Indicator::kEma:
      return kOfMeans;
    case Indicator::kMacd:
      break;
  }
  return kOfMacd;
}

std::int64_t value_of(const Params& params, std::string_view name) {
  if (const auto value = given(params, name)) return *value;
  for (const auto& usage : usage_of(indicator_of(params))) {
    if (usage.param == name) return usage.fallback;
  }
  DERIVD_CHECK(false, "a parameter that its indicator does not use");
  return 0;
}

/// Of two decimals, as the rules write it.
std::string hundredths(const Params& params, std::string_view name) {
  return core::Decimal{value_of(params, name), 2}.to_string();
}

/// What must hold for a rise to be bought, and for a fall.
std::pair<std::string, std::string> conditions_of(const Params& params) {
  const auto whole = [&](std::string_view name) { return value_of(params, name); };
  const auto indicator = indicator_of(params);
  const auto between = [&](std::string_view value) {
    return std::pair(fmt::format("{} < {}", value, hundredths(params, "below")),
                     fmt::format("{} > {}", value, hundredths(params, "above")));
  };
  const auto crossing = [](std::string_view a, std::string_view b) {
    return std::pair(fmt::format("crosses_above({}, {})", a, b),
                     fmt::format("crosses_below({}, {})", a, b));
  };
  switch (indicator) {
    case Indicator::kRsi:
      return between(fmt::format("rsi({})", whole("period")));
    case Indicator::kStochastic:
      return between(fmt::format("stoch_k({}, 3)", whole("period")));
    case Indicator::kBollinger: {
      const auto band = fmt::format("({}, {})", whole("period"), hundredths(params, "deviations"));
      return {"close < bb_lower" + band, "close > bb_upper" + band};
    }
    case Indicator::kSma:
    case Indicator::kEma: {
      const auto name = kIndicatorWords[static_cast<std::size_t>(indicator)];
      return crossing(fmt::format("{}({})", name, whole("fast")),
                      fmt::format("{}({})", name, whole("slow")));
    }
    case Indicator::kMacd:
      break;
  }
  const auto periods = fmt::format("({}, {}, {})", whole("fast"), whole("slow"), whole("signal"));
  return crossing("macd" + periods, "macd_signal" + periods);
}

}  // namespace

rules::RuleSet rules_of_over_under(const Params& params, rules::Where) {
  const auto over = given(params, "over");
  const auto under = given(params, "under");
  const bool neither = !over && !under;
  rules::RuleSet out;
  if (over || neither) {
    const auto digit = over.value_or(kDefaultOver);
    out.rules.push_back(side(params, ContractType::kDigitOver, digit,
                             fmt::format("digit > {}", digit), fmt::format("digit <= {}", digit)));
  }
  if (under || neither) {
    const auto digit = under.value_or(kDefaultUnder);
    out.rules.push_back(side(params, ContractType::kDigitUnder, digit,
                             fmt::format("digit < {}", digit), fmt::format("digit >= {}", digit)));
  }
  return out;
}

std::optional<ParamProblem> check_over_under(const Params& params) {
  if (!given(params, "window") || given(params, "share")) return std::nullopt;
  return ParamProblem{"window", "is that of share, which is not there; leave it out, or say share"};
}

rules::RuleSet rules_of_matches(const Params& params, rules::Where) {
  const auto fixed = given(params, "prediction");
  const auto absent = given(params, "absent");
  const auto window = given(params, "window").value_or(kDefaultWindow);
  rules::RuleSet out;
  out.rules.push_back(
      rule(absent ? fmt::format("run(digit != {}) >= {}", *fixed, *absent) : "digit >= 0",
           ContractType::kDigitMatch, {}));
  auto digit = fixed ? fmt::format("{}", *fixed) : std::string("digit");
  switch (static_cast<Pick>(given(params, "pick").value_or(0))) {
    case Pick::kLast:
      break;
    case Pick::kHottest:
      digit = fmt::format("hottest({})", window);
      break;
    case Pick::kColdest:
      digit = fmt::format("coldest({})", window);
      break;
  }
  predict(out.rules.back(), digit);
  return out;
}

std::optional<ParamProblem> check_matches(const Params& params) {
  const auto pick = given(params, "pick");
  if (pick && given(params, "prediction")) {
    return ParamProblem{"pick", "stands beside params.prediction; keep one of the two"};
  }
  if (given(params, "absent") && !given(params, "prediction")) {
    return ParamProblem{"absent", "counts the ticks without params.prediction, which is not there"};
  }
  const bool counts = pick && static_cast<Pick>(*pick) != Pick::kLast;
  if (given(params, "window") && !counts) {
    return ParamProblem{"window", "is that of pick: hottest and pick: coldest; leave it out"};
  }
  return std::nullopt;
}

rules::RuleSet rules_of_indicator(const Params& params, rules::Where candles) {
  const auto [rise, fall] = conditions_of(params);
  rules::RuleSet out;
  out.candles = candles;
  out.rules.push_back(rule(rise, ContractType::kCall, candles));
  out.rules.push_back(rule(fall, ContractType::kPut, candles));
  return out;
}

std::optional<ParamProblem> check_indicator(const Params& params) {
  const auto indicator = indicator_of(params);
  const auto usage = usage_of(indicator);
  const auto uses = [&](std::string_view name) {
    return std::ranges::find(usage, name, &Usage::param) != usage.end();
  };
  for (const auto& [name, value] : params) {
    if (name == "indicator" || uses(name)) continue;
    return ParamProblem{name, fmt::format("has no meaning for {}; leave it out",
                                          kIndicatorWords[static_cast<std::size_t>(indicator)])};
  }
  if (uses("below") && value_of(params, "below") > value_of(params, "above")) {
    return ParamProblem{given(params, "below") ? "below" : "above",
                        fmt::format("below ({}) is higher than above ({}): between them both sides "
                                    "would hold",
                                    hundredths(params, "below"), hundredths(params, "above"))};
  }
  if (uses("fast") && value_of(params, "fast") >= value_of(params, "slow")) {
    return ParamProblem{given(params, "fast") ? "fast" : "slow",
                        fmt::format("fast ({}) must be below slow ({})", value_of(params, "fast"),
                                    value_of(params, "slow"))};
  }
  return std::nullopt;
}

rules::RuleSet rules_of_accumulator(const Params& params, rules::Where) {
  const auto calm = given(params, "calm");
  rules::RuleSet out;
  out.rules.push_back(
      rule(calm ? fmt::format("stdev({}, ticks) < stdev({}, ticks)", *calm, *calm * kCalmAgainst)
                : "price > 0",
           ContractType(market::rows::kAccumulator), {}));
  return out;
}

}  // namespace derivd::strategy
