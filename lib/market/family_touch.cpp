// Touch and no touch: whether any tick of the life reaches the barrier; exactly on it is reached.
// The side from which it is reached is that of the entry.
#include <fmt/format.h>

#include "core/check.hpp"
#include "market/assumed.hpp"
#include "market/rows.hpp"
#include "market/shortcode.hpp"
#include "market/walk.hpp"

namespace derivd::market {
namespace {

std::optional<SpecProblem> check(const ContractSpec& spec, const SymbolInfo&) {
  const auto& barrier = spec.barriers[0];
  if (barrier.form != Barrier::Form::kOffset || barrier.value.mantissa() != 0) return std::nullopt;
  return SpecProblem{SpecFault::kBarrier, "A barrier at the entry itself is touched by it."};
}

// Its only note is the side of the barrier seen from the entry: 1 above, -1 below, 0 on it.
bool is_touched(Life& life) {
  const auto level = *life.barrier_price();
  const auto& quote = life.last()->quote;
  if (life.last()->epoch == life.entry()->epoch) {
    life.notes[0] = level > quote ? 1 : level < quote ? -1 : 0;
  }
  if (life.notes[0] == 0) return true;
  return life.notes[0] > 0 ? quote >= level : quote <= level;
}

template <bool touch_wins>
std::optional<End> step(Life& life) {
  if (!is_touched(life)) return std::nullopt;
  return touch_wins ? End::kWon : End::kLost;
}

template <bool touch_wins>
End at_end(const Life&) {
  return touch_wins ? End::kLost : End::kWon;
}

double touches(const SymbolInfo& symbol, core::Price spot, core::Price level, double seconds) {
  return probability_of_touch(spot.to_double(), level.to_double(), deviation_of(symbol, seconds));
}

template <bool touch_wins>
double probability(const ContractSpec& spec, const SymbolInfo& symbol,
                   std::optional<core::Price> spot, std::optional<core::VenueTime> start) {
  DERIVD_CHECK(spot.has_value(), "a barrier is priced on a quote");
  const auto touch = touches(symbol, *spot, *price_to_beat(spec, *spot),
                             life_seconds(spec.duration, symbol, start));
  return touch_wins ? touch : 1 - touch;
}

template <bool touch_wins>
double probability_now(const SymbolInfo& symbol, const Life& life, core::VenueTime now) {
  const auto touch =
      touches(symbol, life.last()->quote, *life.barrier_price(), seconds_left(life, symbol, now));
  return touch_wins ? touch : 1 - touch;
}

std::optional<double> as_quoted(const ContractSpec&) { return std::nullopt; }

template <bool touch_wins>
std::string rule(const ContractSpec& spec) {
  const auto& barrier = spec.barriers[0];
  return fmt::format("wins when {} tick from the entry on reaches {}{}; a tick on it reaches it",
                     touch_wins ? "a" : "no",
                     barrier.form == Barrier::Form::kOffset ? "the entry " : "", text_of(barrier));
}

// Ticks as Deriv's contracts_for has them; of a time, 1 minute was refused and 2 were sold
// (contracts.md section 1.2, v3-api.md section 4.3).
constexpr Needs kNeeds{.barrier = BarrierForm::kOffset, .min_ticks = 5, .min_seconds = 120};

template <bool touch_wins>
constexpr Kind row(std::string_view name) {
  Kind kind{.name = name, .v3_name = name, .family = "touch"};
  kind.needs = kNeeds;
  kind.path_dependent = true;
  kind.least_price_nano = assumed::kLeastBarrierPriceNano;
  kind.check = check;
  kind.step = step<touch_wins>;
  kind.at_end = at_end<touch_wins>;
  kind.probability = probability<touch_wins>;
  kind.probability_now = probability_now<touch_wins>;
  kind.fair = as_quoted;
  kind.rule = rule<touch_wins>;
  kind.code_agrees = levels_code_agrees;
  return kind;
}

}  // namespace

constinit const Kind rows::kOneTouch = row<true>("ONETOUCH");
constinit const Kind rows::kNoTouch = row<false>("NOTOUCH");

}  // namespace derivd::market
