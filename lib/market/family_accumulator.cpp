// Accumulators: the stake grows by a rate at each tick after the entry, until a tick goes too far
// from the one before, which ends it for nothing, or until it is sold or one of its limits closes
// it.
#include <fmt/format.h>

#include <cmath>

#include "core/check.hpp"
#include "market/accumulator.hpp"
#include "market/assumed.hpp"
#include "market/integer.hpp"
#include "market/rows.hpp"
#include "market/shortcode.hpp"
#include "market/walk.hpp"

namespace derivd::market {
namespace {

// Notes: the share that a tick may not go, the quote before, and the rung of the ladder.
enum Note : std::size_t { kBarrier, kBefore, kStep };

constexpr Wide kOne = 1'000'000'000'000'000'000;  // of the growth factor

/// 1 to 5; empty: another rate.
std::optional<std::int64_t> percent_of(core::Decimal growth) {
  for (std::int64_t g = 1; g <= std::ssize(assumed::kGrowthSteps); ++g) {
    if (growth == core::Decimal{g, 2}) return g;
  }
  return std::nullopt;
}

const AccumulatorTerms& terms_of(const ContractSpec& spec) {
  const auto* terms = spec.accumulator();
  DERIVD_CHECK(terms != nullptr, "not an accumulator");
  return *terms;
}

std::optional<SpecProblem> check(const ContractSpec& spec, const SymbolInfo&) {
  const auto& terms = terms_of(spec);
  if (!percent_of(terms.growth)) {
    return SpecProblem{SpecFault::kMultiplier, "Growth rate must be one of 0.01 to 0.05."};
  }
  if (!terms.take_profit || terms.take_profit->units() > 0) return std::nullopt;
  return SpecProblem{SpecFault::kMultiplier, "Take profit must be above zero."};
}

void begin(Life& life, const SymbolInfo* symbol) {
  const auto growth = terms_of(life.spec()).growth;
  const auto barrier = symbol == nullptr ? std::nullopt : growth_barrier(*symbol, growth);
  DERIVD_CHECK(barrier.has_value(), "an accumulator on a symbol without a barrier for it");
  life.notes[kBarrier] = *barrier;
  life.notes[kStep] = *percent_of(growth) - 1;
}

core::Money grown_by(core::Money stake, std::int64_t percent, int ticks) {
  Wide factor = kOne;
  for (int k = 0; k < ticks; ++k) factor = factor * (100 + percent) / 100;
  return core::Money::minor(half_up_div(static_cast<Wide>(stake.units()) * factor, kOne),
                            stake.exponent());
}

core::Money value(const Life& life) {
  return grown_by(life.purchase().stake, life.notes[kStep] + 1, life.ticks_passed());
}

std::optional<End> step(Life& life) {
  const auto& quote = life.last()->quote;
  const auto before = core::Price::raw(life.notes[kBefore], quote.decimals());
  const bool is_entry = life.ticks_passed() == 0;
  const bool out = !is_entry && reaches_barrier(before, quote, life.notes[kBarrier]);
  life.notes[kBefore] = quote.mantissa();
  if (out) return End::kKnockedOut;
  if (is_entry) return std::nullopt;
  const auto now = value(life);
  const auto& take_profit = terms_of(life.spec()).take_profit;
  if (take_profit && now - life.purchase().stake >= *take_profit) return End::kTakeProfit;
  const auto most = in_currency(core::Money::minor(assumed::kMaxAccumulated), now.exponent());
  const bool full = now >= most;
  if (full || life.ticks_passed() >= growth_of(life).max_ticks) return End::kWon;
  return std::nullopt;
}

std::string rule(const ContractSpec& spec) {
  const auto* terms = spec.accumulator();
  return fmt::format(
      "grows by {} of itself at each tick after the entry, ends for nothing at a tick that is too "
      "far from the one before, and is closed when it has reached its take profit or its most "
      "ticks",
      terms != nullptr ? terms->growth.to_string() : "its rate");
}

// ACCU_SYMBOL_STAKE_0_0.01_1_0.000433139675_START
Agreement code_agrees(const ContractSpec& spec, CodeFields& fields) {
  fields.text();  // always 0
  const auto growth = core::Decimal::parse(fields.text());
  const auto* terms = spec.accumulator();
  if (!growth || terms == nullptr) return Agreement::kUnreadable;
  return agreement(*growth == terms->growth);
}

constexpr Kind row() {
  Kind kind{.name = "ACCU", .v3_name = "ACCU", .family = "accumulator", .payoff = Payoff::kValue};
  kind.needs = {.barrier = BarrierForm::kNone, .ticks = false, .time = false};
  kind.needs.growth = true;
  kind.resale = Resale::kAlways;
  kind.entry = assumed::kPositionsEnterAtKnownTick ? EntryRule::kKnown : EntryRule::kNext;
  kind.path_dependent = true;
  kind.amounts = {core::Money::minor(100), core::Money::minor(1'000'00), std::nullopt};
  kind.check = check;
  kind.begin = begin;
  kind.step = step;
  kind.value = value;
  kind.rule = rule;
  kind.code_agrees = code_agrees;
  return kind;
}

}  // namespace

constinit const Kind rows::kAccumulator = row();

std::optional<std::int64_t> growth_barrier(const SymbolInfo& symbol, core::Decimal growth) {
  const auto percent = percent_of(growth);
  if (symbol.sigma_percent == 0 || !percent) return std::nullopt;
  const auto normal = assumed::kGrowthSteps.at(static_cast<std::size_t>(*percent - 1)).normal;
  const auto share = normal * deviation_of(symbol, symbol.interval_s);
  return std::llround(share * static_cast<double>(kBarrierUnit));
}

bool reaches_barrier(core::Price before, core::Price now, std::int64_t barrier) {
  DERIVD_CHECK(before.decimals() == now.decimals(), "prices of different symbols compared");
  const Wide from = before.mantissa();
  const Wide to = now.mantissa();
  const Wide moved = to > from ? to - from : from - to;
  return moved * kBarrierUnit >= from * barrier;
}

core::Money grown(core::Money stake, core::Decimal growth, int ticks) {
  const auto percent = percent_of(growth);
  DERIVD_CHECK(percent.has_value(), "a growth that is not sold");
  return grown_by(stake, *percent, ticks);
}

Growth growth_of(const Life& life) {
  DERIVD_CHECK(life.spec().accumulator() != nullptr, "not an accumulator");
  const auto& step = assumed::kGrowthSteps.at(static_cast<std::size_t>(life.notes[kStep]));
  return {life.notes[kBarrier], step.max_ticks, life.ticks_passed()};
}

GrowthLevels growth_levels(core::Price quote, std::int64_t barrier) {
  const auto decimals = static_cast<std::uint8_t>(quote.decimals() + 1);
  const auto finer = core::Price::raw(quote.mantissa() * 10, decimals);
  const auto away = ceil_div(static_cast<Wide>(finer.mantissa()) * barrier, kBarrierUnit);
  const auto distance = core::Price::raw(away, decimals);
  return {finer + distance, finer + -distance, distance};
}

}  // namespace derivd::market
