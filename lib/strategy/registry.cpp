#include "strategy/registry.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "core/check.hpp"
#include "core/decimal.hpp"
#include "market/rows.hpp"
#include "strategy/types.hpp"

namespace derivd::strategy {
namespace {

using market::ContractType;

constexpr std::int64_t kMaxStreak = 100;

constexpr std::array kDigitStreak{
    ParamSpec{"streak", 1, kMaxStreak, 1, "last digits of one parity in a row before it buys"}};
constexpr std::array kQuoteStreak{
    ParamSpec{"streak", 1, kMaxStreak, 1, "strict rises (or falls) in a row before it buys"}};
constexpr std::array kPrediction{ParamSpec{"prediction", 0, 9, std::nullopt,
                                           "digit to differ from; without it the digit just seen"}};

constexpr std::int64_t kMaxDigitStreak = 100;
constexpr std::array kOverUnder{
    ParamSpec{"over", 0, 8, std::nullopt,
              "buys DIGITOVER of this digit; over 4 and under 5 where neither is given"},
    ParamSpec{"under", 1, 9, std::nullopt, "buys DIGITUNDER of this digit"},
    ParamSpec{"streak", 0, kMaxDigitStreak, 1,
              "so many digits in a row, up to this one, would have lost; 0: it buys at each tick"},
    ParamSpec{"share", 1, 100, std::nullopt,
              "and less than this percentage of the last `window` digits would have won"},
    ParamSpec{"window", 1, rules::kMaxPeriod, std::nullopt, "ticks of share; 100 if left out"}};
constexpr std::array kMatches{
    ParamSpec{"prediction", 0, 9, std::nullopt, "the digit; without it the one that `pick` says"},
    ParamSpec{"pick", 0, 2, std::nullopt,
              "the digit just seen, or the most or the least frequent one of the last `window` "
              "ticks; last if left out",
              0, kPickWords},
    ParamSpec{"window", 1, rules::kMaxPeriod, std::nullopt,
              "ticks of hottest and coldest; 100 if left out"},
    ParamSpec{"absent", 1, rules::kMaxPeriod, std::nullopt,
              "buys only after so many ticks in a row without `prediction`"}};
constexpr std::array kIndicator{
    ParamSpec{"indicator", 0, 5, 0, "what raises the signal", 0, kIndicatorWords},
    ParamSpec{"period", 1, rules::kMaxPeriod, std::nullopt,
              "of rsi and stochastic (14 if left out) and bollinger (20)"},
    ParamSpec{"below", 0, 100'00, std::nullopt,
              "rsi (30) and stochastic (20): below it a rise is bought; 0: never", 2},
    ParamSpec{"above", 0, 100'00, std::nullopt,
              "rsi (70) and stochastic (80): above it a fall is bought; 100: never", 2},
    ParamSpec{"deviations", 1, 100'00, std::nullopt,
              "bollinger: how far the bands are from their middle (2)", 2},
    ParamSpec{"fast", 1, rules::kMaxPeriod, std::nullopt,
              "sma, ema and macd: the shorter mean (12)"},
    ParamSpec{"slow", 2, rules::kMaxPeriod, std::nullopt,
              "sma, ema and macd: the longer mean (26)"},
    ParamSpec{"signal", 1, rules::kMaxPeriod, std::nullopt, "macd: the mean of it (9)"}};
constexpr std::array kAccumulatorCalm{
    ParamSpec{"calm", 2, rules::kMaxPeriod / kCalmAgainst, std::nullopt,
              "buys only while the quotes of the last so many ticks deviate less from their mean "
              "than those of the last ten times as many"}};

// In the order of the words of random's parameter `contract`, which are names of types.
constexpr std::array<std::string_view, 4> kRandomKinds{"even_odd", "rise_fall", "digit_differs",
                                                       "higher_lower"};
constexpr std::array kRandom{
    ParamSpec{"probability", 1, 1'000'000, 100'000, "of a signal at each tick", 6},
    ParamSpec{"seed", 0, 2'147'483'647, 1, "another seed enters at other ticks"},
    ParamSpec{"contract", 0, 3, 0, "what it buys: the contracts of that type, either side alike", 0,
              kRandomKinds}};
constexpr std::array kAny{ContractType::kDigitEven, ContractType::kDigitOdd,  ContractType::kCall,
                          ContractType::kPut,       ContractType::kDigitDiff, ContractType::kHigher,
                          ContractType::kLower};

template <std::size_t A, std::size_t B>
constexpr std::array<ContractType, A + B> joined(const std::array<ContractType, A>& a,
                                                 const std::array<ContractType, B>& b) {
  const auto all = [&]<std::size_t... I, std::size_t... J>(std::index_sequence<I...>,
                                                           std::index_sequence<J...>) {
    return std::array<ContractType, A + B>{a[I]..., b[J]...};
  };
  return all(std::make_index_sequence<A>{}, std::make_index_sequence<B>{});
}

/// What buy() of a script may name.
constexpr std::array kScripted{ContractType::kCall,
                               ContractType::kPut,
                               ContractType::kCallE,
                               ContractType::kPutE,
                               ContractType::kHigher,
                               ContractType::kLower,
                               ContractType::kDigitEven,
                               ContractType::kDigitOdd,
                               ContractType::kDigitMatch,
                               ContractType::kDigitDiff,
                               ContractType::kDigitOver,
                               ContractType::kDigitUnder,
                               ContractType(market::rows::kOneTouch),
                               ContractType(market::rows::kNoTouch),
                               ContractType(market::rows::kExpiryRange),
                               ContractType(market::rows::kExpiryMiss),
                               ContractType(market::rows::kExpiryRangeE),
                               ContractType(market::rows::kExpiryMissE),
                               ContractType(market::rows::kRange),
                               ContractType(market::rows::kUpOrDown),
                               ContractType(market::rows::kAsianUp),
                               ContractType(market::rows::kAsianDown),
                               ContractType(market::rows::kRunHigh),
                               ContractType(market::rows::kRunLow),
                               ContractType(market::rows::kTickHigh),
                               ContractType(market::rows::kTickLow),
                               ContractType(market::rows::kResetCall),
                               ContractType(market::rows::kResetPut)};
/// What has terms of its own, and what `buy:` of a rule may name beside the others.
constexpr std::array kPositions{ContractType(market::rows::kAccumulator),
                                ContractType::kMultUp,
                                ContractType::kMultDown,
                                ContractType(market::rows::kTurbosLong),
                                ContractType(market::rows::kTurbosShort),
                                ContractType(market::rows::kVanillaCall),
                                ContractType(market::rows::kVanillaPut)};
constexpr auto kRuled = joined(kScripted, kPositions);

constexpr std::array kEvenOdd{ContractType::kDigitEven, ContractType::kDigitOdd};
constexpr std::array kCallPut{ContractType::kCall, ContractType::kPut};
constexpr std::array kHigherLower{ContractType::kHigher, ContractType::kLower};
constexpr std::array kMultipliers{ContractType::kMultUp, ContractType::kMultDown};
constexpr std::array kDiff{ContractType::kDigitDiff};
constexpr std::array kOverAndUnder{ContractType::kDigitOver, ContractType::kDigitUnder};
constexpr std::array kMatch{ContractType::kDigitMatch};
constexpr std::array kAccu{ContractType(market::rows::kAccumulator)};

constexpr std::array kTypes{
    StrategyType{"even_odd",
                 "After `streak` even last digits in a row buys DIGITODD, after `streak` odd ones "
                 "DIGITEVEN.",
                 kDigitStreak, kEvenOdd, true, make_even_odd},
    StrategyType{"rise_fall",
                 "When the last `streak`+1 quotes strictly rise buys CALL, when they strictly fall "
                 "PUT.",
                 kQuoteStreak, kCallPut, false, make_rise_fall, nullptr, true},
    StrategyType{"digit_differs",
                 "On every tick buys DIGITDIFF against the last digit just seen, or against "
                 "`prediction`.",
                 kPrediction, kDiff, true, make_digit_differs},
    StrategyType{"higher_lower",
                 "The rise_fall signal, as HIGHER with +barrier or LOWER with -barrier.",
                 kQuoteStreak, kHigherLower, false, make_higher_lower},
    StrategyType{"multiplier",
                 "The rise_fall signal, as MULTUP or MULTDOWN, which the venue closes at "
                 "contract.take_profit and contract.stop_loss.",
                 kQuoteStreak, kMultipliers, false, make_multiplier},
    StrategyType{
        "random",
        "Buys at random, for comparison: what any signal must do better than. The same seed "
        "enters at the same ticks, live as in a back-test.",
        kRandom, kAny, false, make_random,
        [](const Params& params) { return random_contracts(params.at("contract")); }, true},
    StrategyType{.name = "digit_over_under",
                 .help =
                     "Short for rules: after `streak` digits in a row that would have lost buys "
                     "DIGITOVER `over` or DIGITUNDER `under`.",
                 .params = kOverUnder,
                 .contracts = kOverAndUnder,
                 .digits = true,
                 .make = nullptr,
                 .expand = rules_of_over_under,
                 .check = check_over_under},
    StrategyType{.name = "digit_matches",
                 .help =
                     "Short for rules: buys DIGITMATCH of `prediction`, of the digit just seen, "
                     "or of the hottest or coldest one.",
                 .params = kMatches,
                 .contracts = kMatch,
                 .digits = true,
                 .make = nullptr,
                 .expand = rules_of_matches,
                 .check = check_matches},
    StrategyType{.name = "indicator",
                 .help =
                     "Short for rules: rsi and stochastic buy CALL below `below` and PUT above "
                     "`above`; bollinger buys CALL below the lower band and PUT above the upper "
                     "one; sma, ema and macd buy CALL when the fast line (macd: the line) "
                     "crosses above the slow one (macd: its signal), PUT when it crosses below. "
                     "contract.type: [PUT, CALL] turns the sides.",
                 .params = kIndicator,
                 .contracts = kCallPut,
                 .digits = false,
                 .make = nullptr,
                 .any_contract = true,
                 .expand = rules_of_indicator,
                 .check = check_indicator,
                 .uses_candles = true},
    StrategyType{.name = "accumulator",
                 .help = "Short for rules: buys ACCU at each tick at which it may; contract.growth "
                         "says how fast it grows, contract.take_profit when the venue closes it.",
                 .params = kAccumulatorCalm,
                 .contracts = kAccu,
                 .digits = false,
                 .make = nullptr,
                 .expand = rules_of_accumulator},
    StrategyType{.name = "rules",
                 .help = "Buys what the first rule says whose condition holds: `rules:`, a list of "
                         "`when` and `buy`.",
                 .params = {},
                 .contracts = kRuled,
                 .digits = false,
                 .make = nullptr,
                 .uses_candles = true},
    StrategyType{"dbot",
                 "Runs a Deriv Bot or Binary Bot program: params file, answers, symbol and seed. "
                 "The program says what it buys and stakes; limits, session and guards hold.",
                 {},
                 {},
                 false,
                 nullptr,
                 nullptr,
                 false,
                 true},
    StrategyType{.name = "script",
                 .help =
                     "Buys what a JavaScript program says: `params: { file, answers, cpu, memory "
                     "}`. It runs in a process of its own (package derivd-script).",
                 .params = {},
                 .contracts = kScripted,
                 .digits = false,
                 .make = nullptr,
                 .is_scripted = true,
                 .uses_candles = true},
};

}  // namespace

std::span<const ContractType> random_contracts(std::int64_t kind) {
  switch (kind) {
    case 0:
      return kEvenOdd;
    case 1:
      return kCallPut;
    case 2:
      return kDiff;
    default:
      return kHigherLower;
  }
}

std::string text_of(const ParamSpec& spec, std::int64_t value) {
  if (!spec.words.empty()) {
    DERIVD_CHECK(value >= 0 && value < static_cast<std::int64_t>(spec.words.size()),
                 "no such word");
    return std::string(spec.words[static_cast<std::size_t>(value)]);
  }
  return core::Decimal{value, spec.decimals}.to_string();
}

std::string allowed_of(const ParamSpec& spec) {
  if (spec.words.empty()) {
    return fmt::format("{} to {}", text_of(spec, spec.min), text_of(spec, spec.max));
  }
  std::string out;
  for (const auto word : spec.words) out += fmt::format("{}{}", out.empty() ? "" : ", ", word);
  return out;
}

std::span<const ContractType> contracts_of(const StrategyType& type, const Params& params) {
  return type.bought == nullptr ? type.contracts : type.bought(params);
}

std::unique_ptr<Strategy> make_strategy(const StrategyType& type, const Params& params,
                                        const Made& of) {
  if (type.programmed) return make_program(of.program, of.symbol);
  if (type.is_scripted) return make_script();
  if (type.is_ruled()) return make_rules(of.rules);
  if (type.is_short_form()) return make_rules(type.expand(params, of.rules.candles));
  return type.make(params);
}

std::span<const StrategyType> strategy_types() { return kTypes; }

const StrategyType* find_type(std::string_view name) {
  for (const auto& type : kTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

}  // namespace derivd::strategy
