#include "market/rule.hpp"

#include <fmt/format.h>

namespace derivd::market {
namespace {

std::string offset_of(const ContractSpec& spec) {
  const auto offset = spec.barrier.to_string();
  return spec.barrier.mantissa() < 0 ? "minus " + offset.substr(1) : "plus " + offset;
}

std::string win_rule(const ContractSpec& spec) {
  switch (spec.type) {
    case ContractType::kCall:
      return "wins when the exit is above the entry; a tie loses";
    case ContractType::kPut:
      return "wins when the exit is below the entry; a tie loses";
    case ContractType::kCallE:
      return "wins when the exit is at or above the entry";
    case ContractType::kPutE:
      return "wins when the exit is at or below the entry";
    case ContractType::kHigher:
      return fmt::format("wins when the exit is above the entry {}; a tie loses", offset_of(spec));
    case ContractType::kLower:
      return fmt::format("wins when the exit is below the entry {}; a tie loses", offset_of(spec));
    case ContractType::kDigitEven:
      return "wins when the last digit of the exit is even; 0 is even";
    case ContractType::kDigitOdd:
      return "wins when the last digit of the exit is odd";
    case ContractType::kDigitMatch:
      return fmt::format("wins when the last digit of the exit is {}", spec.prediction);
    case ContractType::kDigitDiff:
      return fmt::format("wins when the last digit of the exit is not {}", spec.prediction);
    case ContractType::kDigitOver:
      return fmt::format("wins when the last digit of the exit is above {}", spec.prediction);
    case ContractType::kDigitUnder:
      return fmt::format("wins when the last digit of the exit is below {}", spec.prediction);
    case ContractType::kMultUp:
    case ContractType::kMultDown:
      return fmt::format(
          "worth the stake plus stake x {} x the {} of the quote since the entry, "
          "less the commission, never below 0; closed when nothing is left",
          spec.multiplier, spec.type == ContractType::kMultUp ? "rise" : "fall");
  }
  return {};
}

std::string exit_rule(const ContractSpec& spec) {
  if (is_multiplier(spec.type)) return "the exit is the tick at which it was closed";
  if (!spec.duration.in_ticks()) return "the exit is the last tick at or before its end";
  if (!is_digit(spec.type)) {
    return fmt::format("the exit is tick {} after the entry", spec.duration.count);
  }
  if (spec.duration.count == 1) return "the exit is the entry itself";
  return fmt::format("the exit is tick {}, the entry being tick 1", spec.duration.count);
}

}  // namespace

std::string rule_in_words(const ContractSpec& spec) {
  return fmt::format("{}{}: {}. The entry is the first tick after the start; {}.",
                     name_of(spec.type),
                     spec.duration.count > 0 ? ", " + spec.duration.to_string() : "",
                     win_rule(spec), exit_rule(spec));
}

}  // namespace derivd::market
