#include "sim/deal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/check.hpp"
#include "market/accumulator.hpp"
#include "market/hours.hpp"
#include "market/kind.hpp"
#include "market/multiplier.hpp"
#include "market/points.hpp"
#include "sim/json.hpp"
#include "sim/rules.hpp"

namespace derivd::sim {
namespace {

using market::ContractType;
using market::kSecondsOfDay;

/// How a longcode says when a type wins.
enum class Phrase : std::uint8_t {
  kExit,      // "is strictly higher than entry spot"
  kDigit,     // "the last digit … is odd"
  kTouch,     // "touches entry spot plus 0.10 through …"
  kEnds,      // "ends between … to …"
  kStays,     // "stays between … to … through …"
  kMean,      // "the last tick … is strictly higher than the average of the 5 ticks"
  kRun,       // "has only ups after 5 ticks"
  kExtreme,   // "tick 3 … is the highest among all 5 ticks"
  kReset,     // "is strictly higher than it was at either entry or …"
  kPosition,  // in sentences of its own
};

/// The simulator's own knowledge of the types, so that a mistake in the table of kinds is found by
/// the two of them disagreeing.
struct WireName {
  std::string_view name;     // options
  std::string_view v3_name;  // v3
  std::string_view words;    // of a longcode
  bool offset = false;       // with a barrier that is not a digit
  Phrase phrase = Phrase::kExit;
  /// What the venue says to a barrier that the type does not take (contracts.md section 1.2).
  std::string_view no_barrier = "Invalid barrier.";
};
constexpr std::string_view kNotAllowed = "Barrier is not allowed for this contract type.";
constexpr std::string_view kNonAtm = "Non atm barrier is not allowed for reset contract.";
constexpr std::array kWireNames{
    WireName{"CALL", "CALL", "strictly higher than"},
    WireName{"PUT", "PUT", "strictly lower than"},
    WireName{"CALLE", "CALLE", "higher than or equal to"},
    WireName{"PUTE", "PUTE", "lower than or equal to"},
    WireName{"HIGHER", "CALL", "strictly higher than", true},
    WireName{"LOWER", "PUT", "strictly lower than", true},
    WireName{"DIGITEVEN", "DIGITEVEN", "even", false, Phrase::kDigit, kNotAllowed},
    WireName{"DIGITODD", "DIGITODD", "odd", false, Phrase::kDigit, kNotAllowed},
    WireName{"DIGITMATCH", "DIGITMATCH", "", false, Phrase::kDigit},
    WireName{"DIGITDIFF", "DIGITDIFF", "not", false, Phrase::kDigit},
    WireName{"DIGITOVER", "DIGITOVER", "strictly higher than", false, Phrase::kDigit},
    WireName{"DIGITUNDER", "DIGITUNDER", "strictly lower than", false, Phrase::kDigit},
    WireName{"MULTUP", "MULTUP", "Up", false, Phrase::kPosition, kNotAllowed},
    WireName{"MULTDOWN", "MULTDOWN", "Down", false, Phrase::kPosition, kNotAllowed},
    WireName{"ONETOUCH", "ONETOUCH", "touches", true, Phrase::kTouch},
    WireName{"NOTOUCH", "NOTOUCH", "does not touch", true, Phrase::kTouch},
    WireName{"EXPIRYRANGE", "EXPIRYRANGE", "strictly between", true, Phrase::kEnds},
    WireName{"EXPIRYMISS", "EXPIRYMISS", "outside", true, Phrase::kEnds},
    WireName{"EXPIRYRANGEE", "EXPIRYRANGEE", "between", true, Phrase::kEnds},
    WireName{"EXPIRYMISSE", "EXPIRYMISSE", "outside or at", true, Phrase::kEnds},
    WireName{"RANGE", "RANGE", "stays between", true, Phrase::kStays},
    WireName{"UPORDOWN", "UPORDOWN", "goes outside", true, Phrase::kStays},
    WireName{"ASIANU", "ASIANU", "higher", false, Phrase::kMean, kNotAllowed},
    WireName{"ASIAND", "ASIAND", "lower", false, Phrase::kMean, kNotAllowed},
    WireName{"RUNHIGH", "RUNHIGH", "ups", false, Phrase::kRun},
    WireName{"RUNLOW", "RUNLOW", "downs", false, Phrase::kRun},
    WireName{"TICKHIGH", "TICKHIGH", "highest", false, Phrase::kExtreme, kNotAllowed},
    WireName{"TICKLOW", "TICKLOW", "lowest", false, Phrase::kExtreme, kNotAllowed},
    WireName{"RESETCALL", "RESETCALL", "higher", false, Phrase::kReset, kNonAtm},
    WireName{"RESETPUT", "RESETPUT", "lower", false, Phrase::kReset, kNonAtm},
    WireName{"ACCU", "ACCU", "", false, Phrase::kPosition, kNotAllowed},
    WireName{"TURBOSLONG", "TURBOSLONG", "above", true, Phrase::kPosition},
    WireName{"TURBOSSHORT", "TURBOSSHORT", "below", true, Phrase::kPosition},
    WireName{"VANILLALONGCALL", "VANILLALONGCALL", "above", true, Phrase::kPosition},
    WireName{"VANILLALONGPUT", "VANILLALONGPUT", "below", true, Phrase::kPosition},
};

const WireName* wire_name_of(ContractType type) {
  const auto* it = std::ranges::find(kWireNames, market::name_of(type), &WireName::name);
  return it == kWireNames.end() ? nullptr : it;
}

struct Civil {
  std::int64_t year;
  int month, day;
};
/// Days since 1970 to the proleptic Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms").
Civil civil_of(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto doe = days - era * 146'097;
  const auto yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const auto doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const auto mp = (5 * doy + 2) / 153;
  const int day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
  const int month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  return {yoe + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

std::string plural(std::int64_t n, std::string_view unit) {
  return fmt::format("{} {}{}", n, unit, n == 1 ? "" : "s");
}

std::string duration_words(std::int64_t seconds) {
  std::string out;
  const auto add = [&](std::int64_t n, std::string_view unit) {
    if (n != 0) out += (out.empty() ? "" : " ") + plural(n, unit);
  };
  add(seconds / 3600, "hour");
  add(seconds / 60 % 60, "minute");
  add(seconds % 60, "second");
  return out;
}

/// "entry spot", "entry spot plus 0.100", "entry spot minus 0.100", "812.30".
std::string barrier_words(const market::Barrier& barrier) {
  const auto& value = barrier.value;
  if (barrier.form == market::Barrier::Form::kAbsolute) return value.to_string();
  if (barrier.form != market::Barrier::Form::kOffset || value.mantissa() == 0) return "entry spot";
  const bool up = value.mantissa() > 0;
  return fmt::format("entry spot {} {}", up ? "plus" : "minus", (up ? value : -value).to_string());
}

std::string_view comparison_words(ContractType type) {
  const auto* row = wire_name_of(type);
  return row == nullptr ? std::string_view{} : row->words;
}

/// "at 5 minutes after contract start time", "at close on 2026-11-29", "at 2026-… GMT".
std::string end_words(const market::ContractSpec& spec, core::VenueTime start,
                      std::optional<core::VenueTime> fixed_expiry) {
  if (fixed_expiry) return fmt::format("at {} GMT", format_moment(fixed_expiry->s));
  if (spec.duration.unit == market::ContractDuration::Unit::kDays)
    return fmt::format("at close on {}", format_day(market::expiry_of(spec.duration, start).s));
  return fmt::format("at {} after contract start time", duration_words(spec.duration.seconds()));
}

/// "through 5 minutes after contract start time", "through 5 ticks".
std::string through_words(const market::ContractSpec& spec, core::VenueTime start,
                          std::optional<core::VenueTime> fixed_expiry) {
  if (spec.duration.in_ticks()) return "through " + plural(spec.duration.count, "tick");
  auto words = end_words(spec, start, fixed_expiry);
  return words.replace(0, 2, "through");
}

std::string digit_words(const market::ContractSpec& spec, std::string_view name,
                        std::string_view words) {
  std::string what(words);
  if (market::has_form(spec.type, market::BarrierForm::kDigit))
    what += fmt::format("{}{}", what.empty() ? "" : " ", spec.digit());
  // "after 1 ticks" is the venue's own wording for digits.
  return fmt::format("the last digit of {} is {} after {} ticks", name, what, spec.duration.count);
}

std::string reset_words(const market::ContractSpec& spec, std::string_view name,
                        std::string_view words) {
  const auto half = spec.duration.count / 2;
  if (spec.duration.in_ticks())
    return fmt::format("{} after {} is strictly {} than it was at either entry or {}", name,
                       plural(spec.duration.count, "tick"), words, plural(half, "tick"));
  return fmt::format(
      "{} is strictly {} than it was at either entry or at the middle of the contract", name,
      words);
}

/// What stands between "Win payout if " and the full stop.
std::string condition_words(const market::ContractSpec& spec, std::string_view name,
                            core::VenueTime start, std::optional<core::VenueTime> fixed_expiry) {
  const auto& row = *wire_name_of(spec.type);
  const auto first = barrier_words(spec.barriers[0]);
  const auto second = barrier_words(spec.barriers[1]);
  const auto count = spec.duration.count;
  switch (row.phrase) {
    case Phrase::kExit:
      if (spec.duration.in_ticks())
        return fmt::format("{} after {} is {} {}", name, plural(count, "tick"), row.words, first);
      return fmt::format("{} is {} {} {}", name, row.words, first,
                         end_words(spec, start, fixed_expiry));
    case Phrase::kDigit:
      return digit_words(spec, name, row.words);
    case Phrase::kTouch:
      return fmt::format("{} {} {} {}", name, row.words, first,
                         through_words(spec, start, fixed_expiry));
    case Phrase::kEnds:
      return fmt::format("{} ends {} {} to {} {}", name, row.words, second, first,
                         end_words(spec, start, fixed_expiry));
    case Phrase::kStays:
      return fmt::format("{} {} {} to {} {}", name, row.words, second, first,
                         through_words(spec, start, fixed_expiry));
    case Phrase::kMean:
      return fmt::format("the last tick of {} is strictly {} than the average of the {} ticks",
                         name, row.words, count);
    case Phrase::kRun:
      return fmt::format("{} has only {} after {} ticks", name, row.words, count);
    case Phrase::kExtreme:
      return fmt::format("tick {} of {} is the {} among all {} ticks", spec.selected_tick(), name,
                         row.words, count);
    case Phrase::kReset:
      return reset_words(spec, name, row.words);
    case Phrase::kPosition:
      break;
  }
  return std::string(name);
}

std::string growth_words(const market::ContractSpec& spec, const market::SymbolInfo& symbol) {
  const auto growth = spec.accumulator()->growth;
  const auto barrier = market::growth_barrier(symbol, growth).value_or(0);
  return fmt::format(
      "After the entry spot tick, your stake will grow continuously by {}% for every tick that the "
      "spot price remains within the \u00b1 {:.5f}% from the previous spot price.",
      core::Decimal{growth.mantissa * 100, growth.scale}.to_string(),
      static_cast<double>(barrier) / static_cast<double>(market::kBarrierUnit) * 100);
}

std::string points_words(const market::ContractSpec& spec, const market::Life& life) {
  if (market::kind_of(spec.type).needs.points)
    return "You will receive a payout at expiry if the spot price never breaches the barrier. The "
           "payout is equal to the payout per point multiplied by the distance between the final "
           "price and the barrier.";
  const auto points = market::points_of(life);
  return fmt::format("Your payout will be {} for each point {} {} at expiry time",
                     core::Decimal{points.contracts, 6}.to_string(), wire_name_of(spec.type)->words,
                     points.level.to_string());
}

/// "S10P" of an offset of ten pips, "1460000000" of the quote 1460.00.
std::string barrier_code(const market::Barrier& barrier) {
  if (barrier.form != market::Barrier::Form::kAbsolute)
    return fmt::format("S{}P", barrier.value.mantissa());
  const int missing = 6 - barrier.value.decimals();
  DERIVD_CHECK(missing >= 0, "a quote of more than six decimals has no code");
  return fmt::format("{}", barrier.value.mantissa() * core::pow10(missing));
}

/// Payouts are printed without decimals when whole.
std::string amount_code(core::Money m) {
  if (m.units() % core::pow10(m.exponent()) == 0)
    return fmt::format("{}", m.units() / core::pow10(m.exponent()));
  return m.to_string();
}

std::string price_text(double price, std::uint8_t decimals) {
  return core::Price::raw(std::llround(price * static_cast<double>(core::pow10(decimals))),
                          decimals)
      .to_string();
}

// ---- the open contract ----

/// 0.000433139675 of a share in units of 10^-12.
std::string share_text(std::int64_t barrier) { return core::Decimal{barrier, 12}.to_string(); }

/// 3.692058 of millionths.
std::string contracts_text(std::int64_t contracts) {
  return core::Decimal{contracts, 6}.to_string();
}

bool is_growth(const market::ContractSpec& spec) { return spec.accumulator() != nullptr; }

bool is_multiplier(const venue::Contract& c) { return c.spec.multiplier() != nullptr; }

std::string_view status_of(const DealView& v) {
  if (v.deal.shown != Shown::kSold) return "open";
  if (v.contract.outcome == venue::Outcome::kCancelled) return "cancelled";
  if (v.deal.sold_early) return "sold";
  if (!market::has_payout(v.contract.spec.type)) {
    return v.contract.profit().units() >= 0 ? "won" : "lost";
  }
  const auto how = v.contract.life.ended()->how;
  if (how == market::End::kExpiredEmpty) return "sold";  // refunded
  return how == market::End::kWon ? "won" : "lost";
}

/// Writes the members whose name or type depends on the dialect.
class Members {
 public:
  Members(JsonOut& out, Dialect dialect) : out_(out), v3_(dialect == Dialect::kV3) {}

  void money(std::string_view name, core::Money m) {
    v3_ ? out_.raw(name, number(m)) : out_.text(name, m.to_string());
  }
  void spot(std::string_view name, const market::Tick& t) {
    v3_ ? out_.raw(name, number(t.quote)) : out_.text(name, t.quote.to_string());
    if (v3_) out_.text(fmt::format("{}_display_value", name), t.quote.to_string());
  }

 private:
  JsonOut& out_;
  bool v3_;
};

void write_spots(JsonOut& out, Members& m, const DealView& v) {
  const bool v3 = v.deal.dialect == Dialect::kV3;
  const auto& entry = v.contract.life.entry();
  if (v.spot) {
    m.spot("current_spot", *v.spot);
    out.integer("current_spot_time", v.spot->epoch.s);
  }
  if (entry) {
    m.spot("entry_spot", *entry);
    if (v3) m.spot("entry_tick", *entry);
    out.integer(v3 ? "entry_tick_time" : "entry_spot_time", entry->epoch.s);
  }
  std::optional<market::Tick> exit;
  if (market::has_payout(v.contract.spec.type)) {
    exit = v.contract.life.exit();
  } else if (v.deal.shown == Shown::kSold) {
    exit = v.contract.life.last();
  }
  if (!exit && v.deal.sold_early) exit = v.deal.last_spot;
  if (v.deal.shown == Shown::kOpen) exit.reset();
  if (exit) {
    m.spot(v3 ? "exit_tick" : "exit_spot", *exit);
    out.integer(v3 ? "exit_tick_time" : "exit_spot_time", exit->epoch.s);
  }
  if (v.deal.shown != Shown::kSold) return;
  if (v3 && exit) {
    m.spot("sell_spot", *exit);
    out.integer("sell_spot_time", exit->epoch.s);
  }
  m.money("sell_price", v.contract.sell_price);
  out.integer("sell_time", v.deal.sell_time.s);
}

/// As captured: the venue refuses to buy for less than the stake what can be cancelled.
constexpr std::string_view kCancelIsBetter =
    "The spot price has moved. We have not closed this contract because your profit is negative "
    "and "
    "deal cancellation is active. Cancel your contract to get your full stake back.";

void write_state(JsonOut& out, const DealView& v) {
  const bool entered = v.contract.life.entry().has_value();
  const bool sold = v.deal.shown == Shown::kSold;
  const bool expired = v.deal.shown == Shown::kExpired || (sold && !v.deal.sold_early);
  const bool can_cancel = v.deal.shown == Shown::kOpen && v.can_cancel;
  const bool below = can_cancel && v.bid < v.contract.life.purchase().stake;
  const bool resale =
      v.deal.shown == Shown::kExpired || (resale_offered(v.contract, v.deal) && !below);
  out.flag("is_expired", expired).flag("is_settleable", expired).flag("is_sold", sold);
  out.flag("is_valid_to_cancel", can_cancel).flag("is_valid_to_sell", !sold && resale);
  out.text("status", status_of(v));
  std::string_view error;
  if (sold)
    error = "This contract has been sold.";
  else if (!entered && !expired)
    error = "Waiting for entry tick.";
  else if (below)
    error = kCancelIsBetter;
  else if (!resale)
    error = "Resale of this contract is not offered.";
  if (!error.empty()) out.text("validation_error", error).text("validation_error_code", "General");
}

/// Levels of the tick that came last, and of the one that comes next.
void write_growth(JsonOut& out, const DealView& v) {
  const auto& c = v.contract;
  if (!is_growth(c.spec)) return;
  const auto growth = market::growth_of(c.life);
  out.raw("growth_rate", c.spec.accumulator()->growth.to_string());
  out.integer("tick_count", growth.max_ticks);
  out.integer("tick_passed", growth.survived);
  if (!c.life.last()) return;
  const auto next = market::growth_levels(c.life.last()->quote, growth.barrier);
  out.text("barrier_spot_distance", next.distance.to_string());
  out.text("current_spot_high_barrier", next.high.to_string());
  out.text("current_spot_low_barrier", next.low.to_string());
  if (c.stream.size() < 2) return;
  const auto now = market::growth_levels(c.stream[c.stream.size() - 2].quote, growth.barrier);
  out.text("high_barrier", now.high.to_string()).text("low_barrier", now.low.to_string());
}

void write_barrier(JsonOut& out, const DealView& v) {
  const auto& c = v.contract;
  if (is_growth(c.spec)) {
    out.integer("barrier_count", 2);
    return;
  }
  if (is_of_points(c.spec) && c.life.entry())
    out.text("display_number_of_contracts", contracts_text(market::points_of(c.life).contracts));
  const bool pair = market::has_form(c.spec.type, market::BarrierForm::kPair);
  out.integer("barrier_count", pair ? 2 : 1);
  if (const int tick = c.spec.selected_tick(); tick > 0) out.integer("selected_tick", tick);
  if (pair) {
    if (const auto high = c.life.barrier_price()) out.text("high_barrier", high->to_string());
    if (const auto low = c.life.low_barrier_price()) out.text("low_barrier", low->to_string());
    return;
  }
  if (const auto barrier = c.life.barrier_price())
    out.text("barrier", barrier->to_string());
  else if (market::has_form(c.spec.type, market::BarrierForm::kDigit) && c.life.entry())
    out.text("barrier", fmt::format("{}", c.spec.digit()));
}

void write_ticks(JsonOut& out, const DealView& v) {
  const auto& needs = market::kind_of(v.contract.spec.type).needs;
  const bool counted = needs.has_length() && v.contract.spec.duration.in_ticks();
  if (!counted && !needs.growth) return;
  if (counted) out.integer("tick_count", v.contract.spec.duration.count);
  if (v.contract.stream.empty()) return;
  out.key("tick_stream").begin_array();
  for (const auto& t : v.contract.stream)
    out.begin_object()
        .integer("epoch", t.epoch.s)
        .raw("tick", number(t.quote))
        .text("tick_display_value", t.quote.to_string())
        .end_object();
  out.end_array();
}

// ---- audit details: the ticks around start and end, once the contract has expired ----

class Audit {
 public:
  explicit Audit(const DealView& v) : v_(v), decimals_(v.deal.symbol->decimals) {}

  std::string json() {
    const auto& life = v_.contract.life;
    JsonOut out;
    out.begin_object();
    const std::int64_t start = life.start().s;
    const std::int64_t entry = life.entry()->epoch.s;
    const std::int64_t exit = life.exit()->epoch.s;
    if (v_.contract.spec.duration.in_ticks()) {
      out.key("all_ticks");
      range(out, before(start, 2), after(exit, 2));
    } else {
      out.key("contract_start");
      range(out, before(start, 2), after(entry, 2));
      out.key("contract_end");
      range(out, before(exit, 2), after(exit, 2));
    }
    return out.end_object().take();
  }

 private:
  using At = std::deque<Point>::const_iterator;
  At first_from(std::int64_t epoch) const {
    return std::lower_bound(v_.history.begin(), v_.history.end(), epoch,
                            [](const Point& p, std::int64_t e) { return p.epoch < e; });
  }
  /// `n` ticks before the first one at or after `epoch`.
  At before(std::int64_t epoch, std::ptrdiff_t n) const {
    const At at = first_from(epoch);
    return at - std::min(n, at - v_.history.begin());
  }
  /// Past the end of `n` ticks after `epoch`.
  At after(std::int64_t epoch, std::ptrdiff_t n) const {
    const At at = first_from(epoch + 1);
    return at + std::min(n, v_.history.end() - at);
  }
  /// Name and flag of an epoch that matters.
  std::pair<std::string, std::string> mark(std::int64_t epoch) const {
    const auto& life = v_.contract.life;
    std::string name;
    bool spot = false;
    const auto add = [&](bool here, bool is_spot, std::string_view what) {
      if (!here) return;
      name += (name.empty() ? "" : " and ") + std::string(what);
      spot = spot || is_spot;
    };
    add(epoch == life.start().s, false, "Start Time");
    add(epoch == life.entry()->epoch.s, true, "Entry Spot");
    add(epoch == life.expiry().s, false, "End Time");
    add(epoch == life.exit()->epoch.s, true, "Exit Spot");
    return {name, name.empty() ? "" : spot ? "highlight_tick" : "highlight_time"};
  }
  void entry(JsonOut& out, std::int64_t epoch, const Point* tick) const {
    const auto [name, flag] = mark(epoch);
    out.begin_object().integer("epoch", epoch);
    if (!name.empty()) out.text("flag", flag).text("name", name);
    if (tick != nullptr) {
      const auto price = core::Price::raw(tick->mantissa, decimals_);
      out.raw("tick", number(price)).text("tick_display_value", price.to_string());
    }
    out.end_object();
  }
  /// The ticks, and between them the start and the expiry where no tick fell on them.
  void range(JsonOut& out, At from, At to) const {
    const auto& life = v_.contract.life;
    std::vector<std::int64_t> bare{life.start().s};
    if (life.expiry() != life.start()) bare.push_back(life.expiry().s);
    out.begin_array();
    for (At at = from; at != to; ++at) {
      entry(out, at->epoch, &*at);
      const At next = at + 1;
      for (const auto epoch : bare)
        if (epoch > at->epoch && (next == v_.history.end() || epoch < next->epoch) && next != to)
          entry(out, epoch, nullptr);
    }
    out.end_array();
  }

  const DealView& v_;
  std::uint8_t decimals_;
};

void write_multiplier(JsonOut& out, Members& m, const DealView& v) {
  if (is_growth(v.contract.spec) && v.deal.take_profit)
    out.raw("limit_order", limit_order_json(v.contract, v.deal, true, true));
  if (!is_multiplier(v.contract)) return;
  out.integer("multiplier", v.contract.spec.multiplier()->multiplier);
  m.money("commission", market::position_of(v.contract.life).commission());
  out.raw("limit_order", limit_order_json(v.contract, v.deal, true, true));
  if (const auto end = market::cancellation_end(v.contract.spec, v.contract.purchase_time)) {
    out.key("cancellation").begin_object();
    out.raw("ask_price", number(v.contract.stake - v.contract.life.purchase().stake));
    out.integer("date_expiry", end->s).end_object();
  }
  const bool open = v.deal.shown == Shown::kOpen && !v.can_cancel;
  out.key("is_valid_to_update").begin_object();
  out.flag("stop_loss", open).flag("stop_out", false).flag("take_profit", open).end_object();
}

void write_limit(JsonOut& out, std::string_view key, std::string_view name,
                 std::optional<core::Money> amount, std::int64_t date,
                 const std::optional<std::string>& value, bool with_display) {
  out.key(key).begin_object().text("display_name", name);
  if (with_display) {
    out.key("display_order_amount");
    amount ? out.value(amount->to_string()) : out.null();
  }
  out.raw("order_amount", amount ? number(*amount) : "null").integer("order_date", date);
  out.key("value");
  value ? out.value(*value) : out.null();
  out.end_object();
}

/// The quote at which the position's profit is `profit`.
std::optional<std::string> level_for(const venue::Contract& c, const market::SymbolInfo& symbol,
                                     std::optional<core::Money> profit) {
  if (!profit || !is_multiplier(c) || !c.life.entry()) return std::nullopt;
  const double exposure = c.life.purchase().stake.to_double() * c.spec.multiplier()->multiplier;
  const double share = (*profit + market::position_of(c.life).commission()).to_double() / exposure;
  const double direction = market::kind_of(c.spec.type).direction;
  return price_text(c.life.entry()->quote.to_double() * (1 + direction * share), symbol.decimals);
}

}  // namespace

std::optional<ContractType> type_from_wire(Dialect dialect, std::string_view name,
                                           bool has_barrier) {
  if (dialect == Dialect::kOptions) return market::contract_type_from(name);
  const WireName* found = nullptr;
  for (const auto& w : kWireNames)
    if (w.v3_name == name && (found == nullptr || w.offset == has_barrier)) found = &w;
  return found == nullptr ? std::nullopt : market::contract_type_from(found->name);
}

bool is_of_points(const market::ContractSpec& spec) {
  return !market::has_payout(spec.type) &&
         market::has_form(spec.type, market::BarrierForm::kOffset);
}

std::string_view barrier_refusal(ContractType type) {
  const auto* row = wire_name_of(type);
  return row == nullptr ? std::string_view("Invalid barrier.") : row->no_barrier;
}

std::string barrier_of_transaction(const market::ContractSpec& spec) {
  if (market::has_form(spec.type, market::BarrierForm::kDigit))
    return fmt::format("{}", spec.digit());
  return barrier_code(spec.barriers[0]);
}

std::string_view wire_type(Dialect dialect, ContractType type) {
  const auto* row = wire_name_of(type);
  return dialect == Dialect::kV3 && row != nullptr ? row->v3_name : market::name_of(type);
}

std::vector<std::string_view> cancellation_times(const market::SymbolInfo& symbol) {
  if (symbol.submarket != "random_index" || symbol.sigma_percent == 0) return {};
  return {"5m", "10m", "15m", "30m", "60m"};
}

std::vector<std::uint16_t> accepted_multipliers(const market::SymbolInfo& symbol) {
  std::vector<std::uint16_t> out;
  for (const auto m : symbol.multipliers)
    if (m != 0) out.push_back(m);
  // Recorded contracts on other indices had 10, 30 and 100; nobody recorded a whole list.
  if (out.empty()) out = {10, 20, 30, 40, 50, 100, 200, 300, 400, 500};
  return out;
}

core::Money most_of(const market::Kind& kind, std::uint8_t decimals) {
  const auto amounts = kind.amounts.in(decimals);
  const auto& most = amounts.max_payout ? amounts.max_payout : amounts.max_stake;
  DERIVD_CHECK(most.has_value(), "a kind without a largest amount");
  return *most;
}

std::string format_day(std::int64_t epoch) {
  const auto c = civil_of(epoch / kSecondsOfDay);
  return fmt::format("{:04}-{:02}-{:02}", c.year, c.month, c.day);
}

std::string format_moment(std::int64_t epoch) {
  const auto s = epoch % kSecondsOfDay;
  return fmt::format("{} {:02}:{:02}:{:02}", format_day(epoch), s / 3600, s / 60 % 60, s % 60);
}

std::string longcode_of(const market::ContractSpec& spec, const market::SymbolInfo& symbol,
                        const market::Life& life, core::VenueTime start,
                        std::optional<core::VenueTime> fixed_expiry) {
  const auto& kind = market::kind_of(spec.type);
  if (is_growth(spec)) return growth_words(spec, symbol);
  if (is_of_points(spec)) return points_words(spec, life);
  if (kind.needs.multiplier) {
    const auto& stake = life.purchase().stake;
    const auto exposure =
        core::Money::minor(stake.units() * spec.multiplier()->multiplier, stake.exponent());
    return fmt::format(
        "If you select '{}', your total profit/loss will be the percentage {} in {}, multiplied by "
        "{}, minus commissions.",
        comparison_words(spec.type), kind.direction > 0 ? "increase" : "decrease",
        symbol.display_name, number(exposure));
  }
  return fmt::format("Win payout if {}.",
                     condition_words(spec, symbol.display_name, start, fixed_expiry));
}

namespace {

std::string end_code(const market::ContractSpec& spec, core::VenueTime start,
                     std::optional<core::VenueTime> fixed_expiry) {
  if (spec.duration.in_ticks()) return fmt::format("{}T", spec.duration.count);
  if (fixed_expiry) return fmt::format("{}F", fixed_expiry->s);
  return fmt::format("{}", market::expiry_of(spec.duration, start).s);
}

std::string points_code(const market::Life& life, std::string_view type,
                        std::optional<core::VenueTime> fixed_expiry) {
  const auto& spec = life.spec();
  const auto points = market::points_of(life);
  // A turbo that was bought by its payout per point has its distance all the same.
  const auto level = market::kind_of(spec.type).needs.points
                         ? market::Barrier::offset(points.level + -life.entry()->quote)
                         : market::Barrier::absolute(points.level);
  return fmt::format("{}_{}_{}_{}_{}_{}_{}_{}", type, spec.symbol,
                     life.purchase().stake.to_string(), life.start().s,
                     end_code(spec, life.start(), fixed_expiry), barrier_code(level),
                     contracts_text(points.contracts), life.entry()->epoch.s);
}

}  // namespace

std::string shortcode_of(const market::Life& life, std::string_view type,
                         std::optional<core::VenueTime> fixed_expiry,
                         std::optional<core::Money> take_profit) {
  const auto& spec = life.spec();
  // In capitals as a whole, whatever the symbol's own spelling.
  std::string symbol = spec.symbol.str();
  std::transform(symbol.begin(), symbol.end(), symbol.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  const auto& [start, stake, payout, known] = life.purchase();
  if (is_of_points(spec)) return points_code(life, type, fixed_expiry);
  if (is_growth(spec))
    return fmt::format("{}_{}_{}_0_{}_1_{}_{}", type, symbol, stake.to_string(),
                       spec.accumulator()->growth.to_string(),
                       share_text(market::growth_of(life).barrier), start.s);
  if (market::kind_of(spec.type).needs.multiplier)
    return fmt::format(
        "{}_{}_{}_{}_{}_{}_{}_{}_N1", type, symbol, stake.to_string(),
        spec.multiplier()->multiplier, start.s, far_expiry(start).s,
        market::has_cancellation(spec) ? spec.multiplier()->cancellation->to_string() : "0",
        take_profit ? take_profit->to_string() : "0.00");
  std::string out = fmt::format("{}_{}_{}_{}_", type, symbol, amount_code(payout), start.s);
  out += end_code(spec, start, fixed_expiry);
  if (const int tick = spec.selected_tick(); tick > 0) return out + fmt::format("_{}", tick);
  switch (market::kind_of(spec.type).needs.barrier) {
    case market::BarrierForm::kNone:
      return out;
    case market::BarrierForm::kDigit:
      return out + fmt::format("_{}_0", spec.digit());
    case market::BarrierForm::kEntry:
    case market::BarrierForm::kOffset:
      return out + fmt::format("_{}_0", barrier_code(spec.barriers[0]));
    case market::BarrierForm::kPair:
      return out +
             fmt::format("_{}_{}", barrier_code(spec.barriers[0]), barrier_code(spec.barriers[1]));
  }
  return out;
}

core::VenueTime far_expiry(core::VenueTime start) {
  return {start.s / kSecondsOfDay * kSecondsOfDay + 36'500 * kSecondsOfDay + kSecondsOfDay - 1};
}

core::VenueTime growth_expiry(core::VenueTime start) {
  return {start.s / kSecondsOfDay * kSecondsOfDay + 365 * kSecondsOfDay + kSecondsOfDay - 1};
}

core::VenueTime expiry_of(const venue::Contract& contract) {
  if (is_growth(contract.spec)) return growth_expiry(contract.purchase_time);
  if (!market::kind_of(contract.spec.type).needs.has_length()) {
    return far_expiry(contract.purchase_time);
  }
  return contract.life.expiry();
}

bool resale_offered(const venue::Contract& c, const Deal& deal) {
  if (deal.shown != Shown::kOpen) return false;
  if (!market::is_resold(c.spec)) return false;
  if (is_growth(c.spec) && c.life.ticks_passed() == 0) return false;
  return c.life.entry().has_value();
}

std::string limit_order_json(const venue::Contract& c, const Deal& deal, bool with_stop_out,
                             bool with_display_amount) {
  JsonOut out;
  out.begin_object();
  const std::int64_t bought = c.purchase_time.s;
  const auto date = [&](std::string_view kind) {
    for (auto it = deal.limit_history.rbegin(); it != deal.limit_history.rend(); ++it)
      if (it->order_type == kind) return it->at.s;
    return bought;
  };
  const auto loss = deal.stop_loss ? std::optional(-*deal.stop_loss) : std::nullopt;
  // An open contract shows the orders that exist; contract_update answers with both.
  if (deal.stop_loss || !with_stop_out)
    write_limit(out, "stop_loss", "Stop loss", loss, date("stop_loss"),
                level_for(c, *deal.symbol, loss), with_display_amount);
  if (with_stop_out && is_multiplier(c) && c.life.entry()) {
    const auto percent = stop_out_percent(market::kind_of(c.spec.type));
    const auto stake = c.life.purchase().stake;
    const auto amount = core::Money::minor(-stake.units() * percent / 100, stake.exponent());
    const auto level = percent == 100
                           ? std::optional(market::position_of(c.life).stop_out().to_string())
                           : level_for(c, *deal.symbol, amount);
    write_limit(out, "stop_out", "Stop out", amount, bought, level, with_display_amount);
  }
  if (deal.take_profit || !with_stop_out)
    write_limit(out, "take_profit", "Take profit", deal.take_profit, date("take_profit"),
                level_for(c, *deal.symbol, deal.take_profit), with_display_amount);
  return out.end_object().take();
}

std::string open_contract_json(const DealView& v) {
  const auto& c = v.contract;
  const bool v3 = v.deal.dialect == Dialect::kV3;
  JsonOut out;
  Members m(out, v.deal.dialect);
  out.begin_object().integer("account_id", v.account_number);
  const bool decided = market::has_payout(c.spec.type) && c.life.exit().has_value();
  if (decided && v.deal.shown != Shown::kOpen) out.raw("audit_details", Audit(v).json());
  write_barrier(out, v);
  m.money("bid_price", v.bid);
  m.money("buy_price", c.stake);
  out.integer("contract_id", c.id.value).text("contract_type", v.deal.wire_type);
  out.text("currency", v.currency);
  // Until its exit is known a tick contract shows the estimate of its purchase.
  const auto expiry = v.deal.shown == Shown::kOpen ? v.deal.expiry_at_purchase : expiry_of(c);
  out.integer("date_expiry", expiry.s);
  const bool endless = !market::kind_of(c.spec.type).needs.has_length();
  out.integer("date_settlement", expiry.s + (endless ? 1 : 0));
  out.integer("date_start", c.purchase_time.s);
  if (v3) out.text("display_name", v.deal.symbol->display_name);
  out.integer("expiry_time", expiry.s);
  if (!v.stream_id.empty()) out.text("id", v.stream_id);
  if (v3) out.flag("is_forward_starting", false);
  out.flag("is_intraday", expiry.s - c.purchase_time.s <= kSecondsOfDay);
  out.flag("is_path_dependent", is_multiplier(c) || market::kind_of(c.spec.type).path_dependent);
  out.text("longcode", v.deal.longcode);
  if (market::has_payout(c.spec.type)) m.money("payout", c.payout);
  // The fee of a deal cancellation is no part of it.
  const auto stake = market::stake_in(c.spec, c.stake);
  const auto profit = v.bid - stake;
  m.money("profit", profit);
  const auto hundredths = std::llround(static_cast<double>(profit.units()) * 10'000.0 /
                                       static_cast<double>(stake.units()));
  out.raw("profit_percentage", core::Decimal{hundredths, 2}.to_string());
  out.integer("purchase_time", c.purchase_time.s).text("shortcode", v.deal.shortcode);
  out.key("transaction_ids").begin_object().integer("buy", c.buy_tx.value);
  if (v.deal.shown == Shown::kSold) out.integer("sell", v.deal.sell_tx.value);
  out.end_object().text(v3 ? "underlying" : "underlying_symbol", v.deal.symbol->code);
  write_spots(out, m, v);
  write_ticks(out, v);
  write_growth(out, v);
  write_multiplier(out, m, v);
  write_state(out, v);
  return out.end_object().take();
}

}  // namespace derivd::sim
