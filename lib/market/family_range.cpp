// Two barriers: whether the exit ends between them (EXPIRYRANGE, EXPIRYMISS), or whether every tick
// stays between them (RANGE, UPORDOWN). An exit exactly on a barrier loses both of the first two
// and wins both of their E forms; a tick on a barrier has left the range.
#include <fmt/format.h>

#include "core/check.hpp"
#include "market/assumed.hpp"
#include "market/rows.hpp"
#include "market/shortcode.hpp"
#include "market/walk.hpp"

namespace derivd::market {
namespace {

struct Levels {
  core::Price high;
  core::Price low;
};
Levels levels_of(const ContractSpec& spec, core::Price entry) {
  const auto high = price_to_beat(spec, entry);
  const auto low = low_barrier(spec, entry);
  DERIVD_CHECK(high && low, "a range has two barriers");
  return {*high, *low};
}

// ---- where it ends ----

bool ends_between(const ContractSpec& spec, core::Price entry, core::Price exit) {
  const auto [high, low] = levels_of(spec, entry);
  return exit < high && exit > low;
}
bool ends_outside(const ContractSpec& spec, core::Price entry, core::Price exit) {
  const auto [high, low] = levels_of(spec, entry);
  return exit > high || exit < low;
}
bool ends_between_or_on(const ContractSpec& spec, core::Price entry, core::Price exit) {
  return !ends_outside(spec, entry, exit);
}
bool ends_outside_or_on(const ContractSpec& spec, core::Price entry, core::Price exit) {
  return !ends_between(spec, entry, exit);
}

double between(const Levels& levels, core::Price spot, double deviation) {
  const auto s = spot.to_double();
  return probability_above(s, levels.low.to_double(), deviation) -
         probability_above(s, levels.high.to_double(), deviation);
}

// ---- whether it stays ----

bool has_left(const Life& life) {
  const auto [high, low] = levels_of(life.spec(), life.entry()->quote);
  const auto& quote = life.last()->quote;
  return quote >= high || quote <= low;
}

template <bool staying_wins>
std::optional<End> step(Life& life) {
  if (!has_left(life)) return std::nullopt;
  return staying_wins ? End::kLost : End::kWon;
}
template <bool staying_wins>
End at_end(const Life&) {
  return staying_wins ? End::kWon : End::kLost;
}

double within(const Levels& levels, core::Price spot, double deviation) {
  return probability_within(spot.to_double(), levels.low.to_double(), levels.high.to_double(),
                            deviation);
}

// ---- both ----

using Inside = double (*)(const Levels&, core::Price, double);

template <Inside inside, bool inside_wins>
double probability(const ContractSpec& spec, const SymbolInfo& symbol,
                   std::optional<core::Price> spot, std::optional<core::VenueTime> start) {
  DERIVD_CHECK(spot.has_value(), "a barrier is priced on a quote");
  const auto deviation = deviation_of(symbol, life_seconds(spec.duration, symbol, start));
  const auto p = inside(levels_of(spec, *spot), *spot, deviation);
  return inside_wins ? p : 1 - p;
}

template <Inside inside, bool inside_wins>
double probability_now(const SymbolInfo& symbol, const Life& life, core::VenueTime now) {
  const auto deviation = deviation_of(symbol, seconds_left(life, symbol, now));
  const auto p = inside(levels_of(life.spec(), life.entry()->quote), life.last()->quote, deviation);
  return inside_wins ? p : 1 - p;
}

std::optional<double> as_quoted(const ContractSpec&) { return std::nullopt; }

std::string levels_in_words(const ContractSpec& spec) {
  const bool offsets = spec.barriers[0].form == Barrier::Form::kOffset;
  return fmt::format("{}{} and {}{}", offsets ? "the entry " : "", text_of(spec.barriers[1]),
                     offsets ? "the entry " : "", text_of(spec.barriers[0]));
}

std::string between_rule(const ContractSpec& spec) {
  return fmt::format("wins when the exit is between {}; an exit on a barrier loses",
                     levels_in_words(spec));
}
std::string outside_rule(const ContractSpec& spec) {
  return fmt::format("wins when the exit is not between {}; an exit on a barrier loses",
                     levels_in_words(spec));
}
std::string between_or_on_rule(const ContractSpec& spec) {
  return fmt::format("wins when the exit is between {}, or on one of them", levels_in_words(spec));
}
std::string outside_or_on_rule(const ContractSpec& spec) {
  return fmt::format("wins when the exit is not between {}, or on one of them",
                     levels_in_words(spec));
}
std::string stays_rule(const ContractSpec& spec) {
  return fmt::format(
      "wins when every tick from the entry on is between {}; a tick on a barrier "
      "has left",
      levels_in_words(spec));
}
std::string leaves_rule(const ContractSpec& spec) {
  return fmt::format(
      "wins when a tick from the entry on is not between {}; a tick on a barrier "
      "has left",
      levels_in_words(spec));
}

// Of a time only, from the two minutes that were recorded (v3-api.md section 5).
constexpr Needs kNeeds{.barrier = BarrierForm::kPair, .ticks = false, .min_seconds = 120};

constexpr Kind common(std::string_view name, decltype(Kind::rule) rule) {
  Kind kind{.name = name, .v3_name = name, .family = "range"};
  kind.needs = kNeeds;
  kind.least_price_nano = assumed::kLeastBarrierPriceNano;
  kind.fair = as_quoted;
  kind.rule = rule;
  kind.code_agrees = levels_code_agrees;
  return kind;
}

template <bool inside_wins>
constexpr Kind ends(std::string_view name, decltype(Kind::wins) wins, decltype(Kind::rule) rule) {
  auto kind = common(name, rule);
  kind.wins = wins;
  kind.at_end = won_or_lost;
  kind.probability = probability<between, inside_wins>;
  kind.probability_now = probability_now<between, inside_wins>;
  return kind;
}

template <bool staying_wins>
constexpr Kind stays(std::string_view name, decltype(Kind::rule) rule) {
  auto kind = common(name, rule);
  kind.path_dependent = true;
  kind.step = step<staying_wins>;
  kind.at_end = at_end<staying_wins>;
  kind.probability = probability<within, staying_wins>;
  kind.probability_now = probability_now<within, staying_wins>;
  return kind;
}

}  // namespace

constinit const Kind rows::kExpiryRange = ends<true>("EXPIRYRANGE", ends_between, between_rule);
constinit const Kind rows::kExpiryMiss = ends<false>("EXPIRYMISS", ends_outside, outside_rule);
constinit const Kind rows::kExpiryRangeE =
    ends<true>("EXPIRYRANGEE", ends_between_or_on, between_or_on_rule);
constinit const Kind rows::kExpiryMissE =
    ends<false>("EXPIRYMISSE", ends_outside_or_on, outside_or_on_rule);
constinit const Kind rows::kRange = stays<true>("RANGE", stays_rule);
constinit const Kind rows::kUpOrDown = stays<false>("UPORDOWN", leaves_rule);

}  // namespace derivd::market
