#include "strategy/registry.hpp"

#include <array>

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

constexpr std::array kEvenOdd{ContractType::kDigitEven, ContractType::kDigitOdd};
constexpr std::array kCallPut{ContractType::kCall, ContractType::kPut};
constexpr std::array kHigherLower{ContractType::kHigher, ContractType::kLower};
constexpr std::array kDiff{ContractType::kDigitDiff};

constexpr std::array kTypes{
    StrategyType{"even_odd",
                 "After `streak` even last digits in a row buys DIGITODD, after `streak` odd ones "
                 "DIGITEVEN.",
                 kDigitStreak, kEvenOdd, true, make_even_odd},
    StrategyType{"rise_fall",
                 "When the last `streak`+1 quotes strictly rise buys CALL, when they strictly fall "
                 "PUT.",
                 kQuoteStreak, kCallPut, false, make_rise_fall},
    StrategyType{"digit_differs",
                 "On every tick buys DIGITDIFF against the last digit just seen, or against "
                 "`prediction`.",
                 kPrediction, kDiff, true, make_digit_differs},
    StrategyType{"higher_lower",
                 "The rise_fall signal, as HIGHER with +barrier or LOWER with -barrier.",
                 kQuoteStreak, kHigherLower, false, make_higher_lower},
};

}  // namespace

std::span<const StrategyType> strategy_types() { return kTypes; }

const StrategyType* find_type(std::string_view name) {
  for (const auto& type : kTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

}  // namespace derivd::strategy
