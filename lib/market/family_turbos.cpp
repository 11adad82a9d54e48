// Turbos: at the end each contract pays the distance of the quote from a barrier; a tick on or
// beyond the barrier ends it for nothing.
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

namespace derivd::market {
namespace {

bool is_long(const ContractSpec& spec) { return kind_of(spec.type).direction > 0; }

std::optional<SpecProblem> check(const ContractSpec& spec, const SymbolInfo&) {
  if (const auto* points = spec.points()) {
    if (points->payout_per_point.mantissa > 0) return std::nullopt;
    return SpecProblem{SpecFault::kMultiplier, "Payout per point must be above zero."};
  }
  const auto& barrier = spec.barriers[0];
  const bool offset = barrier.form == Barrier::Form::kOffset;
  const bool sided = is_long(spec) ? barrier.value.mantissa() < 0 : barrier.value.mantissa() > 0;
  if (offset && sided) return std::nullopt;
  return SpecProblem{SpecFault::kBarrier,
                     fmt::format("The barrier of {} is a distance {} the entry.",
                                 name_of(spec.type), is_long(spec) ? "below" : "above")};
}

/// What one contract costs beyond its distance, in nano units of the quote's last decimal.
Wide cost_of(core::Price spot) {
  return static_cast<Wide>(spot.mantissa()) * assumed::kTurboCostNano;
}

// By its barrier: contracts = stake / (distance + cost). By a payout per point that is their
// number, and the barrier follows.
void begin(Life& life, const SymbolInfo*) {
  if (!life.entry()) return;
  const auto spot = life.entry()->quote;
  const auto& stake = life.purchase().stake;
  const Wide unit = core::pow10(spot.decimals());
  const Wide paid = static_cast<Wide>(stake.units()) * unit;  // × 10^-exponent, in last decimals
  const Wide cent = core::pow10(stake.exponent());
  if (const auto* points = life.spec().points()) {
    const auto& each = points->payout_per_point;
    life.notes[kContracts] =
        half_up_div(static_cast<Wide>(each.mantissa) * kContractUnit, core::pow10(each.scale));
    DERIVD_CHECK(life.notes[kContracts] > 0, "a payout per point is above zero");
    const auto whole = half_up_div(paid * kContractUnit, cent * life.notes[kContracts]);
    const auto distance = std::max<std::int64_t>(whole - half_up_div(cost_of(spot), kNano), 1);
    life.notes[kLevel] = spot.mantissa() + (is_long(life.spec()) ? -distance : distance);
    return;
  }
  const auto level = level_of(life.spec().barriers[0], spot);
  DERIVD_CHECK(level.has_value(), "a turbo has a barrier");
  life.notes[kLevel] = level->mantissa();
  const Wide away = std::abs(spot.mantissa() - level->mantissa());
  const Wide price = away * kNano + cost_of(spot);
  life.notes[kContracts] = half_up_div(paid * kNano * kContractUnit, cent * price);
}

std::optional<End> step(Life& life) {
  const auto quote = life.last()->quote.mantissa();
  const auto level = life.notes[kLevel];
  const bool out = is_long(life.spec()) ? quote <= level : quote >= level;
  return out ? std::optional(End::kKnockedOut) : std::nullopt;
}

/// contracts × points, in the account's currency.
core::Money worth(const Life& life, Wide nano_points) {
  const auto exponent = life.purchase().stake.exponent();
  const Wide unit = core::pow10(life.entry()->quote.decimals());
  const auto units =
      half_up_div(nano_points / 1000 * life.notes[kContracts] * core::pow10(exponent),
                  unit * kContractUnit * (kNano / 1000));
  return core::Money::minor(std::max<std::int64_t>(units, 0), exponent);
}

Wide distance_now(const Life& life) {
  return std::abs(life.last()->quote.mantissa() - life.notes[kLevel]);
}

core::Money value(const Life& life) {
  return life.entry() ? worth(life, distance_now(life) * kNano) : life.purchase().stake;
}
core::Money bid(const Life& life, const SymbolInfo&, core::VenueTime) {
  if (!life.entry()) return life.purchase().stake;
  return worth(life, distance_now(life) * kNano - cost_of(life.last()->quote));
}
End at_end(const Life&) { return End::kWon; }

std::optional<core::Price> level(const Life& life) {
  return core::Price::raw(life.notes[kLevel], life.entry()->quote.decimals());
}

std::string rule(const ContractSpec& spec) {
  return fmt::format(
      "pays for each contract how far the exit is {} its barrier, and nothing once a "
      "tick has reached it",
      is_long(spec) ? "above" : "below");
}

// START_END_S-255P_CONTRACTS_ENTRY
Agreement code_agrees(const ContractSpec& spec, CodeFields& fields) {
  return spec.points() != nullptr ? length_code_agrees(spec, fields)
                                  : levels_code_agrees(spec, fields);
}

constexpr Kind row(std::string_view name, std::int8_t direction) {
  Kind kind{.name = name, .v3_name = name, .family = "turbo", .payoff = Payoff::kValue};
  kind.needs = {.barrier = BarrierForm::kOffset, .min_ticks = 5, .max_seconds = 86'400};
  kind.needs.points = true;
  kind.entry = EntryRule::kKnown;
  kind.amounts = {core::Money::minor(100), core::Money::minor(2'000'00), std::nullopt};
  kind.direction = direction;
  kind.path_dependent = true;
  kind.check = check;
  kind.begin = begin;
  kind.step = step;
  kind.at_end = at_end;
  kind.value = value;
  kind.bid = bid;
  kind.level = level;
  kind.rule = rule;
  kind.code_agrees = code_agrees;
  return kind;
}

}  // namespace

constinit const Kind rows::kTurbosLong = row("TURBOSLONG", 1);
constinit const Kind rows::kTurbosShort = row("TURBOSSHORT", -1);

}  // namespace derivd::market
