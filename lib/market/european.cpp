#include "market/european.hpp"

#include "core/check.hpp"
#include "market/walk.hpp"

namespace derivd::market {
namespace {

// At the money a short contract costs exactly one half (section 5: "fixed 0.5 for tick/short
// contracts"); from the recorded payouts, five minutes are no longer short.
constexpr double kLongFrom = 300;

double on_its_side(const ContractSpec& spec, double above) {
  return kind_of(spec.type).direction < 0 ? 1 - above : above;
}

}  // namespace

double european_probability(const ContractSpec& spec, const SymbolInfo& symbol,
                            std::optional<core::Price> spot, std::optional<core::VenueTime> start) {
  const auto seconds = life_seconds(spec.duration, symbol, start);
  double above = 0.5;
  if (is_off_the_money(spec)) {
    DERIVD_CHECK(spot.has_value(), "a barrier is priced on a quote");
    above = probability_above(spot->to_double(), level_of(spec.barriers[0], *spot)->to_double(),
                              deviation_of(symbol, seconds));
  } else if (!spec.duration.in_ticks() && seconds >= kLongFrom) {
    above = probability_above(1, 1, deviation_of(symbol, seconds));
  }
  return on_its_side(spec, above);
}

double european_probability_now(const SymbolInfo& symbol, const Life& life, core::VenueTime now) {
  const auto& spec = life.spec();
  const auto& spot = life.last()->quote;
  const double left = seconds_left(life, symbol, now);
  if (left <= 0) return wins(spec, life.entry()->quote, spot) ? 1 : 0;
  const double above = probability_above(spot.to_double(), life.barrier_price()->to_double(),
                                         deviation_of(symbol, left));
  return on_its_side(spec, above);
}

bool is_off_the_money(const ContractSpec& spec) {
  const auto& barrier = spec.barriers[0];
  return barrier.form == Barrier::Form::kAbsolute || spec.offset().mantissa() != 0;
}

bool is_beyond(const ContractSpec& spec, core::Price entry, core::Price exit) {
  const auto beat = price_to_beat(spec, entry);
  DERIVD_CHECK(beat.has_value(), "nothing to compare the exit with");
  const auto& level = *beat;
  return kind_of(spec.type).direction < 0 ? exit < level : exit > level;
}

}  // namespace derivd::market
