#include "sim/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "market/accumulator.hpp"
#include "market/multiplier.hpp"
#include "market/point_notes.hpp"
#include "market/points.hpp"

namespace derivd::sim {
namespace {

using market::End;
using market::Kind;
using market::Life;

constexpr std::int64_t kNano = 1'000'000'000;

/// The row that everybody else has of the type of this life.
const Kind& original(const Life& life) {
  return market::contract_type_from(market::name_of(life.spec().type))->kind();
}
std::int64_t quote_of(const Life& life) { return life.last()->quote.mantissa(); }
bool falls(const Life& life) { return market::kind_of(life.spec().type).direction < 0; }

// ---- high tick ----

enum HighTick : std::size_t { kBest, kSelected, kBeaten };

std::optional<End> tie_wins(Life& life) {
  const auto quote = quote_of(life);
  const auto beats = [&](std::int64_t a, std::int64_t b) { return falls(life) ? a < b : a > b; };
  const int at = life.ticks_passed();
  const int selected = life.spec().selected_tick();
  auto& best = life.notes[kBest];
  if (at == selected) {
    life.notes[kSelected] = quote;
    return at > 1 && beats(best, quote) ? std::optional(End::kLost) : std::nullopt;
  }
  if (at < selected) {
    if (at == 1 || beats(quote, best)) best = quote;
    return std::nullopt;
  }
  return beats(quote, life.notes[kSelected]) ? std::optional(End::kLost) : std::nullopt;
}

std::optional<End> goes_on_when_beaten(Life& life) {
  if (life.notes[kBeaten] == 0 && original(life).step(life)) life.notes[kBeaten] = 1;
  return std::nullopt;
}
End end_of_beaten(const Life& life) { return life.notes[kBeaten] != 0 ? End::kLost : End::kWon; }

// ---- touches ----

/// Seen from the quote at which it was bought, wherever it enters.
std::optional<End> seen_from_purchase(Life& life) {
  const auto level = *life.barrier_price();
  const auto& known = life.purchase().known;
  const auto from = known ? known->quote : life.entry()->quote;
  const auto& quote = life.last()->quote;
  const bool reached = from == level || (level > from ? quote >= level : quote <= level);
  if (!reached) return std::nullopt;
  return original(life).at_end(life) == End::kWon ? End::kLost : End::kWon;
}

// ---- reset ----

enum Reset : std::size_t { kResetLevel, kLooked };

void look(Life& life) {
  const auto quote = quote_of(life);
  auto& level = life.notes[kResetLevel];
  life.notes[kLooked] = 1;
  if (falls(life) ? quote > level : quote < level) level = quote;
}

/// `ticks_up`: an odd number of ticks has its middle one later; else it is the time that does.
template <bool ticks_up>
std::optional<End> looks_later(Life& life) {
  const auto& length = life.spec().duration;
  if (length.in_ticks() != ticks_up) return original(life).step(life);
  if (life.last()->epoch == life.entry()->epoch) life.notes[kResetLevel] = quote_of(life);
  const auto half = (life.expiry() - life.start()).count() / 2;
  const bool reached = ticks_up ? life.ticks_passed() >= (length.count + 1) / 2
                                : life.last()->epoch.s >= life.start().s + half;
  if (life.notes[kLooked] == 0 && reached) look(life);
  return std::nullopt;
}

// ---- positions ----

/// A third more than others charge, and the same at least.
void charges_more(Life& life, const market::SymbolInfo* symbol) {
  auto dearer = *symbol;
  dearer.multiplier_commission = dearer.multiplier_commission * 4 / 3;
  original(life).begin(life, &dearer);
}

/// Its only note is the rate.
void charges_by_rate_alone(Life& life, const market::SymbolInfo* symbol) {
  original(life).begin(life, symbol);
  life.notes[0] = std::llround(symbol->multiplier_commission * static_cast<double>(kNano));
}

constexpr int kEarlyStopOut = 90;
std::optional<End> stops_out_early(Life& life) {
  const auto profit = market::position_of(life).profit_at(life.last()->quote);
  if (-profit.units() * 100 >= life.purchase().stake.units() * kEarlyStopOut) {
    return End::kStopOut;
  }
  return original(life).step(life);
}

/// The second note of an accumulator is the quote before.
void grows_from_purchase(Life& life, const market::SymbolInfo* symbol) {
  original(life).begin(life, symbol);
  if (life.entry()) life.notes[1] = life.entry()->quote.mantissa();
}

/// Its first note is the share that a tick may not go.
void narrower(Life& life, const market::SymbolInfo* symbol) {
  original(life).begin(life, symbol);
  life.notes[0] = life.notes[0] * 98 / 100;
}

// A note that accumulators do not have themselves: the barrier was reached at the tick before.
constexpr std::size_t kReached = 3;

std::optional<End> knocks_out_a_tick_later(Life& life) {
  if (life.notes[kReached] != 0) return End::kKnockedOut;
  const auto how = original(life).step(life);
  if (how != End::kKnockedOut) return how;
  life.notes[kReached] = 1;
  return std::nullopt;
}

std::optional<End> pays_when_knocked_out(Life& life) {
  const auto how = original(life).step(life);
  return how == End::kKnockedOut ? End::kWon : how;
}

/// A tick on one of the levels that are shown is let through, as if the share were the whole quote.
std::optional<End> survives_a_touch(Life& life) {
  const auto& quote = life.last()->quote;
  const auto share = life.notes[0];
  if (life.ticks_passed() > 0) {
    const auto before = core::Price::raw(life.notes[1], quote.decimals());
    const auto levels = market::growth_levels(before, share);
    const auto finer = quote.mantissa() * 10;
    if (finer == levels.high.mantissa() || finer == levels.low.mantissa()) {
      life.notes[0] = market::kBarrierUnit;
    }
  }
  const auto how = original(life).step(life);
  life.notes[0] = share;
  return how;
}

/// Contracts for the same stake, in per cent of what others sell.
template <int percent>
void fewer_contracts(Life& life, const market::SymbolInfo* symbol) {
  original(life).begin(life, symbol);
  auto& contracts = life.notes[market::kContracts];
  contracts = contracts * percent / 100;
}

/// Of what enters at the next tick: sized there.
std::optional<End> sized_at_entry(Life& life) {
  if (life.ticks_passed() == 0) original(life).begin(life, nullptr);
  return original(life).step(life);
}

// ---- bids ----

constexpr double kLowBid = 0.9;
double lower_bid(const market::SymbolInfo& symbol, const Life& life, core::VenueTime now) {
  return original(life).probability_now(symbol, life, now) * kLowBid;
}

// ---- the table ----

const std::vector<std::string_view> kTouches{"ONETOUCH", "NOTOUCH", "RANGE", "UPORDOWN"};
const std::vector<std::string_view> kRises{"CALL", "PUT"};
const std::vector<std::string_view> kEven{"CALL", "PUT", "DIGITEVEN", "DIGITODD"};
const std::vector<std::string_view> kMultipliers{"MULTUP", "MULTDOWN"};
const std::vector<std::string_view> kTurbos{"TURBOSLONG", "TURBOSSHORT"};
const std::vector<std::string_view> kHighTicks{"TICKHIGH", "TICKLOW"};
const std::vector<std::string_view> kResets{"RESETCALL", "RESETPUT"};

struct Rule {
  std::string_view name;
  std::string_view value;  // the word that it takes; empty: a number above 0
  std::vector<std::string_view> types;
  void (*apply)(Kind& kind, double number);
};

std::int64_t nano(double number) { return std::llround(number * static_cast<double>(kNano)); }
void margin(Kind& kind, double number) { kind.margin_nano = nano(number); }
/// Of even odds a share of the payout is twice that share of the probability.
void commission(Kind& kind, double number) { kind.margin_nano = nano(2 * number); }
void with_ties(Kind& kind, double) {
  kind.tie_wins = true;
  kind.wins = market::contract_type_from(fmt::format("{}E", kind.name))->kind().wins;
}
void strict(Kind& kind, double) {
  const auto without_e = kind.name.substr(0, kind.name.size() - 1);
  kind.tie_wins = false;
  kind.wins = market::contract_type_from(without_e)->kind().wins;
}
void late_entry(Kind& kind, double) {
  kind.entry = market::EntryRule::kNext;
  kind.begin = nullptr;
  kind.step = sized_at_entry;
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all{
      {"commission", "", kEven, commission},
      {"touch-price", "", kTouches, margin},
      {"largest-payout", "", kTouches,
       [](Kind& k, double times) { k.least_price_nano = nano(1 / times); }},
      {"absolute-touch-side",
       "purchase",
       {"ONETOUCH", "NOTOUCH"},
       [](Kind& k, double) { k.step = seen_from_purchase; }},
      {"run-margin", "", {"RUNHIGH", "RUNLOW"}, margin},
      {"reset-price", "", kResets, margin},
      {"least-stake",
       "",
       {"DIGITEVEN", "DIGITODD"},
       [](Kind& k, double stake) {
         k.amounts.min_stake = core::Money::minor(std::llround(stake * 100));
       }},
      {"growth-ladder", "narrower", {"ACCU"}, [](Kind& k, double) { k.begin = narrower; }},
      {"multiplier-commission", "more", kMultipliers,
       [](Kind& k, double) { k.begin = charges_more; }},
      {"least-commission", "none", kMultipliers,
       [](Kind& k, double) { k.begin = charges_by_rate_alone; }},
      {"cancellation-fee", "more", {}, nullptr},
      {"stop-out", "early", kMultipliers, [](Kind& k, double) { k.step = stops_out_early; }},
      {"entry-tick", "current", kMultipliers,
       [](Kind& k, double) { k.entry = market::EntryRule::kKnown; }},
      {"entry-tick-growth",
       "current",
       {"ACCU"},
       [](Kind& k, double) {
         k.entry = market::EntryRule::kKnown;
         k.begin = grows_from_purchase;
       }},
      {"knock-out", "next", {"ACCU"}, [](Kind& k, double) { k.step = knocks_out_a_tick_later; }},
      {"knock-out", "pays", {"ACCU"}, [](Kind& k, double) { k.step = pays_when_knocked_out; }},
      {"knock-out-touch", "survives", {"ACCU"}, [](Kind& k, double) { k.step = survives_a_touch; }},
      {"turbo-cost", "more", kTurbos, [](Kind& k, double) { k.begin = fewer_contracts<95>; }},
      {"known-entry", "next", kTurbos, late_entry},
      {"vanilla-margin",
       "more",
       {"VANILLALONGCALL", "VANILLALONGPUT"},
       [](Kind& k, double) { k.begin = fewer_contracts<93>; }},
      {"high-tick-tie", "wins", kHighTicks, [](Kind& k, double) { k.step = tie_wins; }},
      {"high-tick-first", "next", kHighTicks, [](Kind& k, double) { k.entry_counts = false; }},
      {"high-tick-early-end", "no", kHighTicks,
       [](Kind& k, double) {
         k.step = goes_on_when_beaten;
         k.at_end = end_of_beaten;
       }},
      {"reset-odd-ticks", "up", kResets, [](Kind& k, double) { k.step = looks_later<true>; }},
      {"reset-time", "after", kResets, [](Kind& k, double) { k.step = looks_later<false>; }},
      {"rise-tie", "wins", kRises, with_ties},
      {"rise-or-tie", "loses", {"CALLE"}, strict},
      {"fall-or-tie", "loses", {"PUTE"}, strict},
      {"inclusive-range", "loses", {"EXPIRYRANGEE"}, strict},
      {"inclusive-miss", "loses", {"EXPIRYMISSE"}, strict},
      {"bid", "lower", kRises, [](Kind& k, double) { k.probability_now = lower_bid; }},
      {"limit-fill", "next", {}, nullptr},
      {"idle-timeout", "", {}, nullptr},
      {"field-names", "other", {}, nullptr},
      {"contract-fields", "other", {}, nullptr},
  };
  return all;
}

}  // namespace

std::string known_rules() {
  std::string out;
  for (const auto& r : rules()) {
    out += fmt::format("{}{}={}", out.empty() ? "" : ", ", r.name,
                       r.value.empty() ? "NUMBER" : r.value);
  }
  return out;
}

market::Kind& VenueRules::row(std::string_view type) {
  const auto at = rows_.find(type);
  if (at != rows_.end()) return *at->second;
  const auto& kind = market::contract_type_from(type)->kind();
  return *rows_.emplace(std::string(type), std::make_shared<Kind>(kind)).first->second;
}

core::Result<void> VenueRules::change(std::string_view text) {
  const auto equals = text.find('=');
  const auto name = text.substr(0, equals);
  const auto value = equals == std::string_view::npos ? "" : text.substr(equals + 1);
  // Some have more than one value.
  const auto rule = std::ranges::find_if(rules(), [&](const Rule& r) {
    return r.name == name && (r.value.empty() || r.value == value);
  });
  const auto bad = core::invalid(fmt::format("'{}' is no rule; rules are {}", text, known_rules()));
  if (rule == rules().end()) return bad;
  double number = 0;
  if (rule->value.empty()) {
    const auto decimal = core::Decimal::parse(value);
    if (!decimal || decimal->mantissa <= 0) return bad;
    number = decimal->to_double();
  }
  for (const auto type : rule->types) rule->apply(row(type), number);
  if (name == "limit-fill") fills_late_ = true;
  if (name == "idle-timeout") idle_after_s_ = std::llround(std::ceil(number));
  if (name == "cancellation-fee") asks_more_ = true;
  if (name == "field-names") renames_offers_ = true;
  if (name == "contract-fields") renames_contracts_ = true;
  return {};
}

market::ContractType VenueRules::in_force(market::ContractType type) const {
  const auto at = rows_.find(market::name_of(type));
  return at == rows_.end() ? type : market::ContractType(*at->second);
}

core::Money VenueRules::fee_of(core::Money fee) const {
  return asks_more_ ? core::Money::minor((fee.units() * 3 + 1) / 2, fee.exponent()) : fee;
}

std::string_view VenueRules::field(std::string_view name) const {
  if (renames_offers_ && name == "spot_time") return "spot_epoch";
  if (renames_contracts_ && name == "sell_time") return "sold_at";
  return name;
}

int stop_out_percent(const market::Kind& kind) {
  return kind.step == stops_out_early ? kEarlyStopOut : 100;
}

}  // namespace derivd::sim
