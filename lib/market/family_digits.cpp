// Digits: the last digit of the exit, as the symbol's decimals print it, against a digit or a
// parity. The entry tick is tick 1, so that one tick is entry and exit at once.
#include <fmt/format.h>

#include "market/kind.hpp"
#include "market/shortcode.hpp"

namespace derivd::market {
namespace {

bool is_even(const ContractSpec&, core::Price, core::Price exit) {
  return exit.last_digit() % 2 == 0;
}
bool is_odd(const ContractSpec&, core::Price, core::Price exit) {
  return exit.last_digit() % 2 == 1;
}
bool matches(const ContractSpec& spec, core::Price, core::Price exit) {
  return exit.last_digit() == spec.digit();
}
bool differs(const ContractSpec& spec, core::Price, core::Price exit) {
  return exit.last_digit() != spec.digit();
}
bool is_over(const ContractSpec& spec, core::Price, core::Price exit) {
  return exit.last_digit() > spec.digit();
}
bool is_under(const ContractSpec& spec, core::Price, core::Price exit) {
  return exit.last_digit() < spec.digit();
}

// Of ten digits that are equally likely.
double one_half(const ContractSpec&) { return 0.5; }
double one_tenth(const ContractSpec&) { return 0.1; }
double nine_tenths(const ContractSpec&) { return 0.9; }
double digits_above(const ContractSpec& spec) { return (9 - spec.digit()) / 10.0; }
double digits_below(const ContractSpec& spec) { return spec.digit() / 10.0; }

template <double (*odds)(const ContractSpec&)>
double probability(const ContractSpec& spec, const SymbolInfo&, std::optional<core::Price>,
                   std::optional<core::VenueTime>) {
  return odds(spec);
}
// Digits keep their first value until their exit (deriv/v3-api.md section 4.4).
template <double (*odds)(const ContractSpec&)>
double probability_now(const SymbolInfo&, const Life& life, core::VenueTime) {
  return odds(life.spec());
}
template <double (*odds)(const ContractSpec&)>
std::optional<double> fair(const ContractSpec& spec) {
  const bool asked = kind_of(spec.type).needs.digit_is_priced;
  return asked && spec.digit() < 0 ? std::nullopt : std::optional(odds(spec));
}

std::string even_rule(const ContractSpec&) {
  return "wins when the last digit of the exit is even; 0 is even";
}
std::string odd_rule(const ContractSpec&) { return "wins when the last digit of the exit is odd"; }
std::string match_rule(const ContractSpec& spec) {
  return fmt::format("wins when the last digit of the exit is {}", spec.digit());
}
std::string differ_rule(const ContractSpec& spec) {
  return fmt::format("wins when the last digit of the exit is not {}", spec.digit());
}
std::string over_rule(const ContractSpec& spec) {
  return fmt::format("wins when the last digit of the exit is above {}", spec.digit());
}
std::string under_rule(const ContractSpec& spec) {
  return fmt::format("wins when the last digit of the exit is below {}", spec.digit());
}

constexpr Needs kParity{.barrier = BarrierForm::kNone, .time = false, .quotes_digits = true};
constexpr Needs kDigit{.barrier = BarrierForm::kDigit, .time = false, .quotes_digits = true};

template <double (*odds)(const ContractSpec&)>
constexpr Kind row(std::string_view name, const Needs& needs, decltype(Kind::wins) wins,
                   decltype(Kind::rule) rule) {
  Kind kind{.name = name, .v3_name = name, .family = "digit", .needs = needs};
  kind.resale = Resale::kNever;
  kind.entry_counts = true;
  kind.fair_because = "the ten last digits are equally likely";
  kind.wins = wins;
  kind.at_end = won_or_lost;
  kind.probability = probability<odds>;
  kind.probability_now = probability_now<odds>;
  kind.fair = fair<odds>;
  kind.rule = rule;
  kind.code_agrees = needs.barrier == BarrierForm::kDigit ? digit_code_agrees : length_code_agrees;
  return kind;
}

constexpr Needs graded(std::int8_t lowest, std::int8_t highest) {
  auto needs = kDigit;
  needs.digit_is_priced = true;
  needs.lowest_digit = lowest;
  needs.highest_digit = highest;
  return needs;
}

}  // namespace

constinit const Kind rows::kDigitEven = row<one_half>("DIGITEVEN", kParity, is_even, even_rule);
constinit const Kind rows::kDigitOdd = row<one_half>("DIGITODD", kParity, is_odd, odd_rule);
constinit const Kind rows::kDigitMatch = row<one_tenth>("DIGITMATCH", kDigit, matches, match_rule);
constinit const Kind rows::kDigitDiff = row<nine_tenths>("DIGITDIFF", kDigit, differs, differ_rule);
constinit const Kind rows::kDigitOver =
    row<digits_above>("DIGITOVER", graded(0, 8), is_over, over_rule);
constinit const Kind rows::kDigitUnder =
    row<digits_below>("DIGITUNDER", graded(1, 9), is_under, under_rule);

}  // namespace derivd::market
