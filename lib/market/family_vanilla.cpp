// Vanilla calls and puts: at the end each contract pays how far the exit is beyond the strike.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/check.hpp"
#include "market/assumed.hpp"
#include "market/integer.hpp"
#include "market/point_notes.hpp"
#include "market/points.hpp"
#include "market/rows.hpp"
#include "market/shortcode.hpp"
#include "market/walk.hpp"

namespace derivd::market {
namespace {

bool is_call(const ContractSpec& spec) { return kind_of(spec.type).direction > 0; }

/// Black-Scholes with r = 0, of one contract, in points.
double value_of(bool call, double spot, double strike, double deviation) {
  const double inner = call ? spot - strike : strike - spot;
  if (deviation <= 0) return std::max(inner, 0.0);
  const double d1 = std::log(spot / strike) / deviation + deviation / 2;
  const double d2 = d1 - deviation;
  return call ? spot * normal_cdf(d1) - strike * normal_cdf(d2)
              : strike * normal_cdf(-d2) - spot * normal_cdf(-d1);
}

constexpr double kMargin = static_cast<double>(assumed::kVanillaMarginNano) / kNano;

// Contracts = stake / premium. Their number is the venue's to say; what it is here is a model.
void begin(Life& life, const SymbolInfo* symbol) {
  if (!life.entry()) return;
  DERIVD_CHECK(symbol != nullptr && symbol->sigma_percent != 0,
               "a vanilla has the volatility of its symbol");
  const auto spot = life.entry()->quote;
  const auto strike = level_of(life.spec().barriers[0], spot);
  DERIVD_CHECK(strike && strike->mantissa() > 0, "a vanilla has a strike");
  life.notes[kLevel] = strike->mantissa();
  const auto seconds = life_seconds(life.spec().duration, *symbol, life.start());
  const double premium = value_of(is_call(life.spec()), spot.to_double(), strike->to_double(),
                                  deviation_of(*symbol, seconds)) *
                         (1 + kMargin);
  // Far out of the money it costs next to nothing: no more contracts than a pip can pay for.
  const double least = 1 / static_cast<double>(core::pow10(spot.decimals()));
  const double contracts = life.purchase().stake.to_double() / std::max(premium, least);
  life.notes[kContracts] = std::llround(contracts * static_cast<double>(kContractUnit));
}

Wide beyond(const Life& life) {
  const Wide move = life.last()->quote.mantissa() - life.notes[kLevel];
  return std::max<Wide>(is_call(life.spec()) ? move : -move, 0);
}

core::Money value(const Life& life) {
  if (!life.entry()) return life.purchase().stake;
  const auto exponent = life.purchase().stake.exponent();
  const Wide unit = core::pow10(life.entry()->quote.decimals());
  const auto units = half_up_div(beyond(life) * life.notes[kContracts] * core::pow10(exponent),
                                 unit * kContractUnit);
  return core::Money::minor(units, exponent);
}

core::Money bid(const Life& life, const SymbolInfo& symbol, core::VenueTime now) {
  if (!life.entry()) return life.purchase().stake;
  const auto exponent = life.purchase().stake.exponent();
  const auto deviation = deviation_of(symbol, seconds_left(life, symbol, now));
  const double each = value_of(is_call(life.spec()), life.last()->quote.to_double(),
                               points_of(life).level.to_double(), deviation) *
                      (1 - kMargin);
  const double contracts =
      static_cast<double>(life.notes[kContracts]) / static_cast<double>(kContractUnit);
  return core::Money::minor(
      std::llround(each * contracts * static_cast<double>(core::pow10(exponent))), exponent);
}

End at_end(const Life& life) { return beyond(life) > 0 ? End::kWon : End::kLost; }

std::optional<core::Price> level(const Life& life) { return points_of(life).level; }

std::string rule(const ContractSpec& spec) {
  const auto& strike = spec.barriers[0];
  return fmt::format("pays for each contract how far the exit is {} the strike, {}{}",
                     is_call(spec) ? "above" : "below",
                     strike.form == Barrier::Form::kOffset ? "the entry " : "", text_of(strike));
}

constexpr Kind row(std::string_view name, std::int8_t direction) {
  Kind kind{.name = name, .v3_name = name, .family = "vanilla", .payoff = Payoff::kValue};
  kind.needs = {.barrier = BarrierForm::kOffset, .ticks = false, .min_seconds = 60};
  kind.entry = EntryRule::kKnown;
  kind.amounts = {core::Money::minor(100), core::Money::minor(2'000'00), std::nullopt};
  kind.direction = direction;
  kind.begin = begin;
  kind.at_end = at_end;
  kind.value = value;
  kind.bid = bid;
  kind.level = level;
  kind.rule = rule;
  kind.code_agrees = levels_code_agrees;
  return kind;
}

}  // namespace

constinit const Kind rows::kVanillaCall = row("VANILLALONGCALL", 1);
constinit const Kind rows::kVanillaPut = row("VANILLALONGPUT", -1);

}  // namespace derivd::market
