// Asians: the last tick against the mean of all ticks of the life, the entry and the last one
// included; exactly on the mean loses. The entry is tick 1.
#include "market/integer.hpp"
#include "market/rows.hpp"
#include "market/shortcode.hpp"

namespace derivd::market {
namespace {

// Its only note: the sum of the quotes so far, in units of their last decimal.
std::optional<End> step(Life& life) {
  life.notes[0] += life.last()->quote.mantissa();
  return std::nullopt;
}

// Against the sum and not against a mean, which may have more decimals than the quotes.
End at_end(const Life& life) {
  const Wide last = static_cast<Wide>(life.last()->quote.mantissa()) * life.ticks_passed();
  const Wide sum = life.notes[0];
  const bool won = kind_of(life.spec().type).direction < 0 ? last < sum : last > sum;
  return won ? End::kWon : End::kLost;
}

// Its probability stays what it was, as for the other contracts that are counted in ticks and not
// bought back (deriv/v3-api.md section 4.4).
double probability(const ContractSpec&, const SymbolInfo&, std::optional<core::Price>,
                   std::optional<core::VenueTime>) {
  return 0.5;
}
double probability_now(const SymbolInfo&, const Life&, core::VenueTime) { return 0.5; }
std::optional<double> fair(const ContractSpec&) { return 0.5; }

std::string up_rule(const ContractSpec&) {
  return "wins when the last tick is above the mean of all its ticks, the entry and the last one "
         "included; a tie loses";
}
std::string down_rule(const ContractSpec&) {
  return "wins when the last tick is below the mean of all its ticks, the entry and the last one "
         "included; a tie loses";
}

constexpr Kind row(std::string_view name, std::int8_t direction, decltype(Kind::rule) rule) {
  Kind kind{.name = name, .v3_name = name, .family = "asian"};
  kind.needs = {.barrier = BarrierForm::kNone, .time = false, .min_ticks = 5};
  kind.resale = Resale::kNever;
  kind.direction = direction;
  kind.entry_counts = true;
  kind.path_dependent = true;
  kind.fair_because = "the last quote is as likely above the mean as below it";
  kind.step = step;
  kind.at_end = at_end;
  kind.probability = probability;
  kind.probability_now = probability_now;
  kind.fair = fair;
  kind.rule = rule;
  kind.code_agrees = length_code_agrees;
  return kind;
}

}  // namespace

constinit const Kind rows::kAsianUp = row("ASIANU", 1, up_rule);
constinit const Kind rows::kAsianDown = row("ASIAND", -1, down_rule);

}  // namespace derivd::market
