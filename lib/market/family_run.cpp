// Only ups and only downs: each of N moves after the entry is strictly up (down); the first that is
// not ends the contract.
#include <fmt/format.h>

#include <cmath>

#include "market/assumed.hpp"
#include "market/rows.hpp"
#include "market/shortcode.hpp"

namespace derivd::market {
namespace {

// Its only note: the quote before.
std::optional<End> step(Life& life) {
  const auto quote = life.last()->quote.mantissa();
  const auto before = life.notes[0];
  life.notes[0] = quote;
  if (life.ticks_passed() == 0) return std::nullopt;
  const bool goes_on = kind_of(life.spec().type).direction < 0 ? quote < before : quote > before;
  return goes_on ? std::nullopt : std::optional(End::kLost);
}
End at_end(const Life&) { return End::kWon; }

double odds(const ContractSpec& spec) {
  return std::ldexp(1.0, -static_cast<int>(spec.duration.count));
}
double probability(const ContractSpec& spec, const SymbolInfo&, std::optional<core::Price>,
                   std::optional<core::VenueTime>) {
  return odds(spec);
}
// Its first value stays, as of others that are counted in ticks and not bought back.
double probability_now(const SymbolInfo&, const Life& life, core::VenueTime) {
  return odds(life.spec());
}
std::optional<double> fair(const ContractSpec& spec) {
  return spec.duration.count > 0 ? std::optional(odds(spec)) : std::nullopt;
}

std::string rule(const ContractSpec& spec) {
  return fmt::format("wins when each of the {} moves after the entry is strictly {}",
                     spec.duration.count, kind_of(spec.type).direction < 0 ? "down" : "up");
}

constexpr Kind row(std::string_view name, std::int8_t direction) {
  Kind kind{.name = name, .v3_name = name, .family = "run"};
  kind.needs = {.barrier = BarrierForm::kNone, .time = false, .min_ticks = 2, .max_ticks = 5};
  kind.resale = Resale::kNever;
  kind.direction = direction;
  kind.path_dependent = true;
  kind.margin_nano = assumed::kRunMarginNano;
  kind.fair_because = "a move is as likely up as down";
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

constinit const Kind rows::kRunHigh = row("RUNHIGH", 1);
constinit const Kind rows::kRunLow = row("RUNLOW", -1);

}  // namespace derivd::market
