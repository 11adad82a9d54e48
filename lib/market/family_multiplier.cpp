// Multipliers: the position gains or loses a multiple of the quote's move since its entry, less one
// commission, until it is sold or the venue closes it at one of its levels.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/check.hpp"
#include "market/assumed.hpp"
#include "market/integer.hpp"
#include "market/kind.hpp"
#include "market/multiplier.hpp"
#include "market/shortcode.hpp"

namespace derivd::market {
namespace {

std::optional<SpecProblem> check(const ContractSpec& spec, const SymbolInfo& symbol) {
  const auto positive = [](const std::optional<core::Money>& m) { return !m || m->units() > 0; };
  const auto& terms = *spec.multiplier();
  if (!positive(terms.take_profit) || !positive(terms.stop_loss)) {
    return SpecProblem{SpecFault::kMultiplier, "Take profit and stop loss must be above zero."};
  }
  std::string accepted;
  for (const auto m : symbol.multipliers) {
    if (m == 0) continue;
    if (m == terms.multiplier) return std::nullopt;
    accepted += fmt::format("{}{}", accepted.empty() ? "" : ",", m);
  }
  if (accepted.empty() && terms.multiplier > 0) return std::nullopt;  // the venue knows
  return SpecProblem{
      SpecFault::kMultiplier,
      accepted.empty()
          ? "Multiplier must be above zero."
          : fmt::format("Multiplier is not in acceptable range. Accepts {}.", accepted)};
}

std::string rule(const ContractSpec& spec) {
  return fmt::format(
      "worth the stake plus stake x {} x the {} of the quote since the entry, "
      "less the commission, never below 0; closed when nothing is left",
      spec.multiplier() != nullptr ? spec.multiplier()->multiplier : 0,
      kind_of(spec.type).direction > 0 ? "rise" : "fall");
}

Agreement code_agrees(const ContractSpec& spec, CodeFields& fields) {
  const auto multiplier = fields.number();
  const auto* terms = spec.multiplier();
  if (!multiplier || terms == nullptr) return Agreement::kUnreadable;
  return agreement(*multiplier == terms->multiplier);
}

const MultiplierTerms& terms_of(const ContractSpec& spec) {
  const auto* terms = spec.multiplier();
  DERIVD_CHECK(terms != nullptr, "not a multiplier");
  return *terms;
}

// Its only note: the rate of the symbol, in nano.
void begin(Life& life, const SymbolInfo* symbol) {
  DERIVD_CHECK(symbol != nullptr, "a multiplier has terms of its symbol");
  DERIVD_CHECK(life.purchase().stake.units() > 0 && terms_of(life.spec()).multiplier > 0,
               "a multiplier without stake or factor");
  life.notes[0] = std::llround(symbol->multiplier_commission * kNano);
}

std::optional<End> step(Life& life) {
  const auto position = position_of(life);
  const auto& quote = life.last()->quote;
  const auto level = position.stop_out();
  if (position.rises ? quote <= level : quote >= level) return End::kStopOut;
  const auto profit = position.profit_at(quote);
  const auto& [multiplier, take_profit, stop_loss, cancellation] = position.terms;
  if (take_profit && profit >= *take_profit) return End::kTakeProfit;
  if (stop_loss && profit <= -*stop_loss) return End::kStopLoss;
  return std::nullopt;
}

core::Money value(const Life& life) {
  const auto position = position_of(life);
  const auto profit = life.last() ? position.profit_at(life.last()->quote) : -position.commission();
  return life.purchase().stake + profit;
}

constexpr Kind row(std::string_view name, std::int8_t direction) {
  Kind kind{.name = name, .v3_name = name, .family = "multiplier", .payoff = Payoff::kValue};
  kind.needs = {.barrier = BarrierForm::kNone, .ticks = false, .time = false, .multiplier = true};
  kind.resale = Resale::kAlways;
  kind.entry = assumed::kPositionsEnterAtKnownTick ? EntryRule::kKnown : EntryRule::kNext;
  kind.amounts = {core::Money::minor(100), core::Money::minor(2'000'00), std::nullopt};
  kind.direction = direction;
  kind.check = check;
  kind.begin = begin;
  kind.step = step;
  kind.value = value;
  kind.rule = rule;
  kind.code_agrees = code_agrees;
  return kind;
}

}  // namespace

constinit const Kind rows::kMultUp = row("MULTUP", 1);
constinit const Kind rows::kMultDown = row("MULTDOWN", -1);

MultiplierPosition position_of(const Life& life) {
  MultiplierPosition out{terms_of(life.spec()), kind_of(life.spec().type).direction > 0,
                         life.purchase().stake, life.notes[0], std::nullopt};
  if (life.entry()) out.entry = life.entry()->quote;
  return out;
}

core::Money MultiplierPosition::commission() const {
  return core::Money::minor(
      half_up_div(static_cast<Wide>(stake.units()) * terms.multiplier * commission_rate, kNano),
      stake.exponent());
}

core::Money MultiplierPosition::profit_at(core::Price spot) const {
  if (!entry) return -commission();
  DERIVD_CHECK(spot.decimals() == entry->decimals(), "prices of different symbols compared");
  const auto from = static_cast<Wide>(entry->mantissa());
  const auto rise = static_cast<Wide>(spot.mantissa()) - from;
  const auto gain = (rises ? rise : -rise) * kNano;
  // The commission inside is the exact one, not the shown one: the captured stop-out level 614.26
  // and bid 8.90 both come from it.
  const auto numerator =
      static_cast<Wide>(stake.units()) * terms.multiplier * (gain - commission_rate * from);
  const auto units = half_up_div(numerator, from * kNano);
  return core::Money::minor(std::max(units, -stake.units()), stake.exponent());
}

core::Price MultiplierPosition::stop_out() const {
  DERIVD_CHECK(entry.has_value(), "there is no level before the entry");
  // (stake − rate × stake × multiplier) / (stake × multiplier) = 1 / multiplier − rate.
  const Wide scale = static_cast<Wide>(terms.multiplier) * kNano;
  const Wide room = kNano - static_cast<Wide>(commission_rate) * terms.multiplier;
  const auto from = static_cast<Wide>(entry->mantissa());
  const auto level =
      rises ? ceil_div(from * (scale - room), scale) : floor_div(from * (scale + room), scale);
  return core::Price::raw(level, entry->decimals());
}

}  // namespace derivd::market
