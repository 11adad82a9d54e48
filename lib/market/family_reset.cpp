// Reset calls and puts: the exit against the entry, or against the quote of the middle where that
// was on the losing side of the entry. A tie loses.
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "market/assumed.hpp"
#include "market/rows.hpp"
#include "market/shortcode.hpp"

namespace derivd::market {
namespace {

// Notes: the level in force, whether the middle has passed, and the quote before.
enum Note : std::size_t { kLevel, kLooked, kBefore };

bool is_worse(const Life& life, std::int64_t quote, std::int64_t than) {
  return kind_of(life.spec().type).direction < 0 ? quote > than : quote < than;
}

void look(Life& life, std::int64_t quote) {
  life.notes[kLooked] = 1;
  if (is_worse(life, quote, life.notes[kLevel])) life.notes[kLevel] = quote;
}

/// The quote at the middle of the life, once this tick shows it; empty: not yet.
std::optional<std::int64_t> quote_of_middle(const Life& life) {
  const auto quote = life.last()->quote.mantissa();
  const auto& length = life.spec().duration;
  if (length.in_ticks()) {
    const auto middle = assumed::reset_tick(static_cast<std::int32_t>(length.count));
    return life.ticks_passed() == middle ? std::optional(quote) : std::nullopt;
  }
  const auto middle = life.start().s + (life.expiry() - life.start()).count() / 2;
  if (life.last()->epoch.s < middle) return std::nullopt;
  return life.last()->epoch.s == middle ? quote : life.notes[kBefore];
}

std::optional<End> step(Life& life) {
  const auto quote = life.last()->quote.mantissa();
  if (life.last()->epoch == life.entry()->epoch) life.notes[kLevel] = life.notes[kBefore] = quote;
  if (life.notes[kLooked] == 0) {
    if (const auto middle = quote_of_middle(life)) look(life, *middle);
  }
  life.notes[kBefore] = quote;
  return std::nullopt;
}

// Where no tick came after the middle, the exit is the quote of the middle itself: on the losing
// side it loses with or without another level.
End at_end(const Life& life) {
  const auto quote = life.last()->quote.mantissa();
  const auto level = life.notes[kLevel];
  const bool won = quote != level && !is_worse(life, quote, level);
  return won ? End::kWon : End::kLost;
}

std::optional<core::Price> level(const Life& life) {
  return core::Price::raw(life.notes[kLevel], life.entry()->quote.decimals());
}

// A walk is above where it began at its middle in one of two cases; then it must be there at its
// end too, else it must only end above its middle: 1/4 + (1/4 + asin(sqrt(part)) / 2 pi).
double odds(const ContractSpec& spec) {
  double part = 0.5;
  const auto& length = spec.duration;
  if (length.in_ticks() && length.count > 1) {
    const auto middle = assumed::reset_tick(static_cast<std::int32_t>(length.count));
    part = static_cast<double>(middle) / static_cast<double>(length.count);
  }
  return 0.5 + std::asin(std::sqrt(part)) / (2 * std::numbers::pi);
}
double probability(const ContractSpec& spec, const SymbolInfo&, std::optional<core::Price>,
                   std::optional<core::VenueTime>) {
  return odds(spec);
}
// Nobody recorded a bid: its first value stays, and it is not bought back here.
double probability_now(const SymbolInfo&, const Life& life, core::VenueTime) {
  return odds(life.spec());
}
std::optional<double> as_quoted(const ContractSpec&) { return std::nullopt; }

std::string rule(const ContractSpec& spec) {
  const bool up = kind_of(spec.type).direction > 0;
  return fmt::format(
      "wins when the exit is {} the entry, or {} the quote of its middle where that "
      "is {} the entry; a tie loses",
      up ? "above" : "below", up ? "above" : "below", up ? "below" : "above");
}

// v3-api.md section 4.3: 5 to 10 ticks, 20 seconds to 2 hours.
constexpr Needs kNeeds{.min_ticks = 5, .min_seconds = 20, .max_seconds = 7200};

constexpr Kind row(std::string_view name, std::int8_t direction) {
  Kind kind{.name = name, .v3_name = name, .family = "reset"};
  kind.needs = kNeeds;
  kind.resale = Resale::kNever;
  kind.direction = direction;
  kind.path_dependent = true;
  kind.level = level;
  kind.step = step;
  kind.at_end = at_end;
  kind.probability = probability;
  kind.probability_now = probability_now;
  kind.fair = as_quoted;
  kind.rule = rule;
  kind.code_agrees = offset_code_agrees;
  return kind;
}

}  // namespace

constinit const Kind rows::kResetCall = row("RESETCALL", 1);
constinit const Kind rows::kResetPut = row("RESETPUT", -1);

}  // namespace derivd::market
