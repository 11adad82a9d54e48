#include "strategy/registry.hpp"

#include <fmt/format.h>

#include <array>

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

/// What `buy:` of a rule and buy() of a script may name.
constexpr std::array kRuled{ContractType::kCall,
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

constexpr std::array kEvenOdd{ContractType::kDigitEven, ContractType::kDigitOdd};
constexpr std::array kCallPut{ContractType::kCall, ContractType::kPut};
constexpr std::array kHigherLower{ContractType::kHigher, ContractType::kLower};
constexpr std::array kMultipliers{ContractType::kMultUp, ContractType::kMultDown};
constexpr std::array kDiff{ContractType::kDigitDiff};

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
    StrategyType{"rules",
                 "Buys what the first rule says whose condition holds: `rules:`, a list of `when` "
                 "and `buy`.",
                 {},
                 kRuled,
                 false,
                 nullptr},
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
    StrategyType{
        "script",
        "Buys what a JavaScript program says: `params: { file, answers, cpu, memory }`. It "
        "runs in a process of its own (package derivd-script).",
        {},
        kRuled,
        false,
        nullptr,
        nullptr,
        false,
        false,
        true},
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
  return type.is_ruled() ? make_rules(of.rules) : type.make(params);
}

std::span<const StrategyType> strategy_types() { return kTypes; }

const StrategyType* find_type(std::string_view name) {
  for (const auto& type : kTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

}  // namespace derivd::strategy
