// High tick and low tick: the selected one of five ticks is the highest (lowest) of them. The entry
// is tick 1. It ends at the tick that makes it impossible.
#include <fmt/format.h>

#include <array>

#include "market/assumed.hpp"
#include "market/rows.hpp"
#include "market/shortcode.hpp"

namespace derivd::market {
namespace {

constexpr int kTicks = 5;
enum Note : std::size_t { kBest, kSelected };

/// Whether `quote` keeps the other one from being the extreme.
bool beats(const Life& life, std::int64_t quote, std::int64_t other) {
  if (assumed::kTieLosesHighTick && quote == other) return true;
  return kind_of(life.spec().type).direction < 0 ? quote < other : quote > other;
}

std::optional<End> step(Life& life) {
  const auto quote = life.last()->quote.mantissa();
  const auto at = life.ticks_passed();
  const auto selected = life.spec().selected_tick();
  auto& best = life.notes[kBest];
  if (at == selected) {
    life.notes[kSelected] = quote;
    return at > 1 && beats(life, best, quote) ? std::optional(End::kLost) : std::nullopt;
  }
  if (at < selected) {
    if (at == 1 || beats(life, quote, best)) best = quote;
    return std::nullopt;
  }
  return beats(life, quote, life.notes[kSelected]) ? std::optional(End::kLost) : std::nullopt;
}
End at_end(const Life&) { return End::kWon; }

// Of five points of a walk: C(2k-2, k-1) C(10-2k, 5-k) / 4^4 (deriv/v3-api.md section 5).
constexpr std::array<double, kTicks> kOdds{70 / 256.0, 40 / 256.0, 36 / 256.0, 40 / 256.0,
                                           70 / 256.0};
double odds(const ContractSpec& spec) {
  return kOdds.at(static_cast<std::size_t>(spec.selected_tick() - 1));
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
  return spec.selected_tick() > 0 ? std::optional(odds(spec)) : std::nullopt;
}

std::string rule(const ContractSpec& spec) {
  return fmt::format(
      "wins when tick {} of five is the {} of them, the entry being tick 1; a tie {}",
      spec.selected_tick(), kind_of(spec.type).direction < 0 ? "lowest" : "highest",
      assumed::kTieLosesHighTick ? "loses" : "wins");
}

constexpr Kind row(std::string_view name, std::int8_t direction) {
  Kind kind{.name = name, .v3_name = name, .family = "high tick"};
  kind.needs = {
      .barrier = BarrierForm::kNone, .time = false, .min_ticks = kTicks, .max_ticks = kTicks};
  kind.needs.select_of = kTicks;
  kind.resale = Resale::kNever;
  kind.direction = direction;
  kind.entry_counts = true;
  kind.path_dependent = true;
  kind.fair_because = "a walk of five ticks has no other odds";
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

constinit const Kind rows::kTickHigh = row("TICKHIGH", 1);
constinit const Kind rows::kTickLow = row("TICKLOW", -1);

}  // namespace derivd::market
