// Multipliers: the position gains or loses a multiple of the quote's move since its entry, less one
// commission, until it is sold or the venue closes it at one of its levels.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/check.hpp"
#include "market/assumed.hpp"
#include "market/commission.hpp"
#include "market/integer.hpp"
#include "market/kind.hpp"
#include "market/multiplier.hpp"
#include "market/shortcode.hpp"
#include "market/walk.hpp"

namespace derivd::market {
namespace {

/// Words and conditions: v3-api.md section 2, contracts.md section 2.4.
std::optional<SpecProblem> check_cancellation(const MultiplierTerms& terms,
                                              const SymbolInfo& symbol) {
  const auto problem = [](std::string_view text) {
    return SpecProblem{SpecFault::kMultiplier, std::string(text)};
  };
  if (!terms.cancellation) {
    return terms.fee ? std::optional(problem("A fee without deal cancellation.")) : std::nullopt;
  }
  using Unit = ContractDuration::Unit;
  const auto unit = terms.cancellation->unit;
  if (unit == Unit::kTicks || unit == Unit::kUntil || terms.cancellation->count <= 0) {
    return problem("Deal cancellation needs a time.");
  }
  if (terms.take_profit) {
    return problem(
        "You may use either take profit or deal cancellation, but not both. Please select either "
        "one.");
  }
  if (terms.stop_loss) {
    return problem(
        "You may use either stop loss or deal cancellation, but not both. Please select either "
        "one.");
  }
  if (terms.fee && terms.fee->units() <= 0) return problem("A fee must be above zero.");
  if (!symbol.submarket.empty() && symbol.submarket != kVolatilityIndices) {
    return problem("Deal cancellation is not available for this asset.");
  }
  return std::nullopt;
}

std::optional<SpecProblem> check(const ContractSpec& spec, const SymbolInfo& symbol) {
  const auto positive = [](const std::optional<core::Money>& m) { return !m || m->units() > 0; };
  const auto& terms = *spec.multiplier();
  if (!positive(terms.take_profit) || !positive(terms.stop_loss)) {
    return SpecProblem{SpecFault::kMultiplier, "Take profit and stop loss must be above zero."};
  }
  if (auto problem = check_cancellation(terms, symbol)) return problem;
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
  const auto* terms = spec.multiplier();
  auto text = fmt::format(
      "worth the stake plus stake x {} x the {} of the quote since the entry, "
      "less the commission, never below 0; closed when nothing is left",
      terms != nullptr ? terms->multiplier : 0, kind_of(spec.type).direction > 0 ? "rise" : "fall");
  if (terms == nullptr || !terms->cancellation) return text;
  return fmt::format(
      "{}; for {} after its start it can be cancelled, and is where nothing is left: then the "
      "stake comes back, the fee does not",
      text, terms->cancellation->to_string());
}

Agreement code_agrees(const ContractSpec& spec, CodeFields& fields) {
  const auto multiplier = fields.number();
  const auto* terms = spec.multiplier();
  if (!multiplier || terms == nullptr) return Agreement::kUnreadable;
  if (*multiplier != terms->multiplier) return Agreement::kDiffers;
  fields.text();  // the start
  fields.text();  // the end
  // "60m", or 0 without a cancellation; where the field is missing nothing is said of it.
  const auto cancellation = fields.text();
  if (cancellation.empty()) return Agreement::kAgrees;
  if (!has_cancellation(spec)) return agreement(cancellation == "0");
  const auto said = ContractDuration::parse(cancellation);
  return agreement(said && said->unit != ContractDuration::Unit::kTicks &&
                   said->seconds() == terms->cancellation->seconds());
}

const MultiplierTerms& terms_of(const ContractSpec& spec) {
  const auto* terms = spec.multiplier();
  DERIVD_CHECK(terms != nullptr, "not a multiplier");
  return *terms;
}

// Its only note: the rate of the symbol, in nano, or the one that the venue's least commission
// makes of a small exposure. Where no rate is known nothing is charged at all. The least is known
// in USD: for other currencies in cents it is assumed, and those in other units have none, as in
// quotes (commission.cpp).
void begin(Life& life, const SymbolInfo* symbol) {
  DERIVD_CHECK(symbol != nullptr, "a multiplier has terms of its symbol");
  DERIVD_CHECK(life.purchase().stake.units() > 0 && terms_of(life.spec()).multiplier > 0,
               "a multiplier without stake or factor");
  life.notes[0] = std::llround(symbol->multiplier_commission * kNano);
  const auto& stake = life.purchase().stake;
  const auto least = kLeastCommission;
  if (life.notes[0] == 0 || stake.exponent() != least.exponent()) return;
  const auto exposure = static_cast<Wide>(stake.units()) * terms_of(life.spec()).multiplier;
  life.notes[0] =
      std::max(life.notes[0], ceil_div(static_cast<Wide>(least.units()) * kNano, exposure));
}

std::optional<End> step(Life& life) {
  const auto position = position_of(life);
  const auto& quote = life.last()->quote;
  const auto level = position.stop_out();
  if (position.rises ? quote <= level : quote >= level) {
    // While it can be cancelled, that is what the venue does in the place of a stop-out.
    const bool cancels = can_cancel(life.spec(), life.start(), life.last()->epoch);
    return cancels ? End::kCancelled : End::kStopOut;
  }
  const auto profit = position.profit_at(quote);
  const auto& [multiplier, take_profit, stop_loss, cancellation, fee] = position.terms;
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

bool has_cancellation(const ContractSpec& spec) {
  const auto* terms = spec.multiplier();
  if (terms == nullptr || !terms->cancellation || terms->cancellation->count <= 0) return false;
  using Unit = ContractDuration::Unit;
  const auto unit = terms->cancellation->unit;
  return unit != Unit::kTicks && unit != Unit::kUntil;
}

std::optional<core::VenueTime> cancellation_end(const ContractSpec& spec, core::VenueTime start) {
  if (!has_cancellation(spec)) return std::nullopt;
  return start + std::chrono::seconds{spec.multiplier()->cancellation->seconds()};
}

bool can_cancel(const ContractSpec& spec, core::VenueTime start, core::VenueTime now) {
  const auto end = cancellation_end(spec, start);
  return end && now >= start && now <= *end;
}

// What comes back beyond the value of the position is the loss, at most the stake: where nothing is
// left in the meantime the stake comes back at once. By the principle of reflection that is worth a
// put at the entry less one that is two stakes out of the money.
std::optional<core::Money> modelled_fee(const ContractSpec& spec, const SymbolInfo& symbol,
                                        core::Money stake) {
  DERIVD_CHECK(has_cancellation(spec) && stake.units() > 0, "a fee of nothing");
  const auto seconds = static_cast<double>(spec.multiplier()->cancellation->seconds());
  const double deviation = deviation_of(symbol, seconds) * spec.multiplier()->multiplier;
  if (deviation <= 0) return std::nullopt;
  const double two = 2 / deviation;  // stakes, in deviations of the profit
  const double density = std::sqrt(2 * std::numbers::pi);
  const double value = deviation / density * (1 - std::exp(-two * two / 2)) + 2 * normal_cdf(-two);
  const auto share = std::llround(value * static_cast<double>(assumed::kCancellationFeeNano));
  const auto units = half_up_div(static_cast<Wide>(stake.units()) * share, kNano);
  return core::Money::minor(std::max<std::int64_t>(units, 1), stake.exponent());
}

core::Money stake_in(const ContractSpec& spec, core::Money price) {
  const auto* terms = spec.multiplier();
  const bool has_fee = terms != nullptr && terms->fee && terms->fee->exponent() == price.exponent();
  return has_fee ? price - *terms->fee : price;
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
