#include "deriv/saved_contract.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/currency.hpp"
#include "deriv/json.hpp"
#include "market/kind.hpp"
#include "market/shortcode.hpp"
#include "market/spec.hpp"
#include "market/symbol.hpp"

namespace derivd::deriv {
namespace {

using core::Decimal;
using core::Money;
using core::Price;
using core::Result;
using core::VenueTime;
using execution::Claim;
using execution::Outcome;
using json::each_element;
using json::each_field;
using json::read_nullable;
using json::Status;
using json::Value;
using market::ContractDuration;
using market::ContractSpec;
using market::ContractType;

constexpr std::size_t kMaxSavedTicks = 100'000;
/// The venue sells up to 10 ticks and up to 365 days (v3-api.md section 4.3); beyond is a slip.
constexpr std::int64_t kMaxTickCount = 100;
constexpr std::chrono::seconds kMaxLife = std::chrono::days(366);

struct SavedTick {
  VenueTime epoch;
  Decimal quote;
};

/// One message, as it stands. A quote may be there several times under different names.
struct Fields {
  std::optional<core::ContractId> contract;
  std::optional<core::ShortString<40>> type;
  std::optional<core::ShortString<40>> symbol;
  std::optional<core::ShortString<160>> shortcode;
  std::optional<std::string_view> longcode;
  std::optional<core::ShortString<16>> status;
  std::optional<core::ShortString<20>> currency;
  std::optional<bool> is_sold;
  std::optional<bool> is_expired;
  std::optional<bool> is_forward;
  std::optional<VenueTime> start;
  std::optional<VenueTime> expiry;
  std::optional<VenueTime> expiry_again;
  std::optional<VenueTime> entry_time;
  std::optional<VenueTime> exit_time;
  std::optional<VenueTime> current_time;
  std::optional<VenueTime> sell_spot_time;
  std::optional<VenueTime> sell_time;
  std::optional<VenueTime> cancellation_end;
  std::optional<std::int64_t> tick_count;
  std::optional<std::int64_t> multiplier;
  std::optional<Decimal> buy_price;
  std::optional<Decimal> payout;
  std::optional<Decimal> sell_price;
  std::optional<Decimal> profit;
  std::optional<Decimal> bid_price;
  std::optional<Decimal> cancellation_fee;
  std::optional<Decimal> barrier;
  std::optional<Decimal> high_barrier;
  std::optional<Decimal> low_barrier;
  std::optional<std::int64_t> selected_tick;
  std::vector<Decimal> entry;
  std::vector<Decimal> exit;
  std::vector<Decimal> current;
  std::vector<Decimal> sell_spot;
  std::vector<SavedTick> ticks;

  Status take(std::string_view key, Value v);
  Status take_text(std::string_view key, Value v);
  Status take_time(std::string_view key, Value v);
  Status take_money(std::string_view key, Value v);
  Status take_quote(std::string_view key, Value v);
  Status take_nested(std::string_view key, Value v);
  Status take_ticks(std::string_view key, Value v);
  bool is_client_form = false;  // names of a client library
};

bool is_any_of(std::string_view key, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), key) != names.end();
}

Status Fields::take_text(std::string_view key, Value v) {
  if (key == "contract_id") return read_nullable(v, key, contract);
  if (key == "contract_type") return read_nullable(v, key, type);
  if (is_any_of(key, {"underlying", "underlying_symbol"})) return read_nullable(v, key, symbol);
  if (key == "shortcode") return read_nullable(v, key, shortcode);
  if (key == "longcode") return read_nullable(v, key, longcode);
  if (key == "status") return read_nullable(v, key, status);
  if (key == "currency") return read_nullable(v, key, currency);
  if (key == "is_sold") return read_nullable(v, key, is_sold);
  if (key == "is_expired") return read_nullable(v, key, is_expired);
  if (key == "is_forward_starting") return read_nullable(v, key, is_forward);
  if (key == "tick_count") return read_nullable(v, key, tick_count);
  if (key == "multiplier") return read_nullable(v, key, multiplier);
  if (key == "selected_tick") return read_nullable(v, key, selected_tick);
  return {};
}

Status Fields::take_time(std::string_view key, Value v) {
  if (key == "start_time") is_client_form = true;
  if (is_any_of(key, {"date_start", "start_time"})) return read_nullable(v, key, start);
  if (key == "date_expiry") return read_nullable(v, key, expiry);
  if (key == "expiry_time") return read_nullable(v, key, expiry_again);
  if (is_any_of(key, {"entry_tick_time", "entry_spot_time"})) {
    return read_nullable(v, key, entry_time);
  }
  if (is_any_of(key, {"exit_tick_time", "exit_spot_time"})) return read_nullable(v, key, exit_time);
  if (key == "current_spot_time") return read_nullable(v, key, current_time);
  if (key == "sell_spot_time") return read_nullable(v, key, sell_spot_time);
  if (key == "sell_time") return read_nullable(v, key, sell_time);
  return {};
}

Status Fields::take_money(std::string_view key, Value v) {
  if (is_any_of(key, {"buy_price", "buy_price_value"})) return read_nullable(v, key, buy_price);
  if (key == "payout") return read_nullable(v, key, payout);
  if (is_any_of(key, {"sell_price", "sell_price_value"})) return read_nullable(v, key, sell_price);
  if (key == "profit") return read_nullable(v, key, profit);
  if (is_any_of(key, {"bid_price", "bid_price_value"})) return read_nullable(v, key, bid_price);
  return {};
}

Status Fields::take_quote(std::string_view key, Value v) {
  auto* list = is_any_of(key, {"entry_tick", "entry_spot", "entry_tick_display_value",
                               "entry_spot_display_value", "entry_spot_value"})
                   ? &entry
               : is_any_of(key, {"exit_tick", "exit_spot", "exit_tick_display_value",
                                 "exit_spot_display_value", "exit_spot_value"})
                   ? &exit
               : is_any_of(key, {"current_spot", "current_spot_display_value"}) ? &current
               : is_any_of(key, {"sell_spot", "sell_spot_display_value"})       ? &sell_spot
                                                                                : nullptr;
  auto* level = key == "barrier"        ? &barrier
                : key == "high_barrier" ? &high_barrier
                : key == "low_barrier"  ? &low_barrier
                                        : nullptr;
  if (list == nullptr && level == nullptr) return {};
  std::optional<Decimal> quote;
  DERIV_TRY(read_nullable(v, key, quote));
  if (level != nullptr) *level = quote;
  if (list != nullptr && quote) list->push_back(*quote);
  return {};
}

// {epoch, tick, tick_display_value, flag, name}; "Start Time" has no tick where none fell on it.
Status Fields::take_ticks(std::string_view key, Value v) {
  return each_element(v, key, kMaxSavedTicks, [&](Value item) -> Status {
    std::optional<VenueTime> epoch;
    std::vector<Decimal> quotes;
    DERIV_TRY(each_field(item, key, [&](std::string_view name, Value field) -> Status {
      if (name == "epoch") return read_nullable(field, "epoch", epoch);
      if (name != "tick" && name != "tick_display_value") return {};
      std::optional<Decimal> quote;
      DERIV_TRY(read_nullable(field, name, quote));
      if (quote) quotes.push_back(*quote);
      return {};
    }));
    if (!epoch) return {};
    for (const auto& quote : quotes) ticks.push_back({*epoch, quote});
    return {};
  });
}

Status Fields::take_nested(std::string_view key, Value v) {
  const auto null = json::is_null(v, key);
  if (!null) return null.error();
  if (*null) return {};
  if (is_any_of(key, {"tick_stream", "audit_ticks"})) return take_ticks(key, v);
  if (key == "audit_details") {
    return each_field(v, key, [&](std::string_view name, Value list) -> Status {
      const auto empty = json::is_null(list, name);
      if (!empty) return empty.error();
      return *empty ? Status{} : take_ticks(name, list);
    });
  }
  return each_field(v, key, [&](std::string_view name, Value field) -> Status {
    if (name == "date_expiry") {
      return read_nullable(field, "cancellation.date_expiry", cancellation_end);
    }
    return name == "ask_price" ? read_nullable(field, "cancellation.ask_price", cancellation_fee)
                               : Status{};
  });
}

Status Fields::take(std::string_view key, Value v) {
  if (key == "proposal_open_contract") {
    return each_field(v, key, [&](std::string_view name, Value field) {
      return name == key ? Status{} : take(name, field);
    });
  }
  if (is_any_of(key, {"tick_stream", "audit_ticks", "audit_details", "cancellation"})) {
    return take_nested(key, v);
  }
  DERIV_TRY(take_text(key, v));
  DERIV_TRY(take_time(key, v));
  DERIV_TRY(take_money(key, v));
  return take_quote(key, v);
}

// ---- from fields to a claim ----

void contradict(Claim& claim, std::string_view field, std::string_view said, std::string expected) {
  claim.contradictions.push_back({field, core::printable(said), std::move(expected)});
}

/// What was kept of a longcode where neither type nor symbol was: a client library's form.
struct Longcode {
  ContractType type;
  const market::SymbolInfo* symbol;
  std::int32_t ticks;
};

bool skip(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

const market::SymbolInfo* skip_display_name(std::string_view& text,
                                            const market::Symbols& symbols) {
  const market::SymbolInfo* best = nullptr;
  for (const auto* s : symbols.all()) {
    const auto name = s->display_name.view();
    const bool longer = best == nullptr || name.size() > best->display_name.view().size();
    if (!name.empty() && text.starts_with(name) && longer) best = s;
  }
  if (best != nullptr) text.remove_prefix(best->display_name.view().size());
  return best;
}

std::optional<std::int32_t> skip_ticks(std::string_view& text) {
  if (!skip(text, " after ")) return std::nullopt;
  std::int32_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || n < 1) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return skip(text, " ticks") || skip(text, " tick") ? std::optional(n) : std::nullopt;
}

// "Win payout if NAME after 5 ticks is strictly higher than entry spot."
// "Win payout if the last digit of NAME is odd after 1 ticks."
std::optional<Longcode> read_longcode(std::string_view text, const market::Symbols& symbols) {
  if (!skip(text, "Win payout if ")) return std::nullopt;
  const bool digit = skip(text, "the last digit of ");
  const auto* symbol = skip_display_name(text, symbols);
  if (symbol == nullptr) return std::nullopt;
  if (digit) {
    if (!skip(text, " is ")) return std::nullopt;
    const bool odd = skip(text, "odd");
    if (!odd && !skip(text, "even")) return std::nullopt;
    const auto ticks = skip_ticks(text);
    if (!ticks || text != ".") return std::nullopt;
    return Longcode{odd ? ContractType::kDigitOdd : ContractType::kDigitEven, symbol, *ticks};
  }
  const auto ticks = skip_ticks(text);
  if (!ticks || !skip(text, " is strictly ")) return std::nullopt;
  const bool higher = skip(text, "higher");
  if (!higher && !skip(text, "lower")) return std::nullopt;
  if (text != " than entry spot.") return std::nullopt;
  return Longcode{higher ? ContractType::kCall : ContractType::kPut, symbol, *ticks};
}

/// The amounts of a payload, in the decimals of its currency.
struct SavedAmounts {
  std::optional<Money> buy_price;
  std::optional<Money> payout;
  std::optional<Money> sell_price;
  std::optional<Money> profit;
  std::optional<Money> bid_price;
  std::optional<Money> cancellation_fee;
};

/// Old payloads name no currency: they are of accounts in dollars.
Result<SavedAmounts> amounts_of(const Fields& f) {
  auto decimals = std::optional(Money::kCents);
  if (f.currency) decimals = core::decimals_of(f.currency->view());
  if (!decimals) {
    return core::refused_error(fmt::format(
        "contracts in {} are not audited: its decimals are not known", f.currency->view()));
  }
  SavedAmounts out;
  const auto take = [&](std::string_view name, const std::optional<Decimal>& said,
                        std::optional<Money>& amount) -> Status {
    if (!said) return {};
    auto money = Money::from(*said, *decimals);
    if (!money) return json::bad(name, money.error().text);
    amount = *money;
    return {};
  };
  DERIV_TRY(take("buy_price", f.buy_price, out.buy_price));
  DERIV_TRY(take("payout", f.payout, out.payout));
  DERIV_TRY(take("sell_price", f.sell_price, out.sell_price));
  DERIV_TRY(take("profit", f.profit, out.profit));
  DERIV_TRY(take("bid_price", f.bid_price, out.bid_price));
  DERIV_TRY(take("cancellation.ask_price", f.cancellation_fee, out.cancellation_fee));
  return out;
}

class Reader final {
 public:
  Reader(const Fields& fields, const market::Symbols& symbols) : f_(fields), symbols_(symbols) {}
  Result<SavedContract> read();

 private:
  Status identify();
  Status describe(const std::optional<market::Shortcode>& code);
  Status describe_length(const std::optional<market::Shortcode>& code);
  Status describe_barrier(const std::optional<market::Shortcode>& code);
  Status describe_no_barrier();
  Status describe_digit(const std::optional<market::Shortcode>& code);
  Status describe_offset(const std::optional<market::Shortcode>& code);
  Status describe_pair(const std::optional<market::Shortcode>& code);
  Result<market::Barrier> level(const std::optional<std::int64_t>& pips,
                                const std::optional<std::int64_t>& millionths,
                                const std::optional<Decimal>& shown, std::string_view what) const;
  Status describe_selected_tick();
  Status take_result();
  Status take_quotes();
  void check_code(const market::Shortcode& code);
  void check_state(bool sold);
  std::optional<Price> price(const std::vector<Decimal>& said, std::string_view field);
  Result<Price> price(Decimal quote) const;
  ContractSpec& spec() { return out_.claim.order.spec; }

  const Fields& f_;
  const market::Symbols& symbols_;
  SavedAmounts paid_;
  SavedContract out_;
  std::string type_;
  const market::SymbolInfo* symbol_ = nullptr;
  std::optional<Longcode> longcode_;
};

Result<Price> Reader::price(Decimal quote) const { return Price::from(quote, symbol_->decimals); }

std::optional<Price> Reader::price(const std::vector<Decimal>& said, std::string_view field) {
  std::optional<Price> first;
  for (const auto& quote : said) {
    const auto p = price(quote);
    if (!p) {
      contradict(out_.claim, field, quote.to_string(),
                 fmt::format("a quote of {} decimals", symbol_->decimals));
    } else if (!first) {
      first = *p;
    } else if (*first != *p) {
      contradict(out_.claim, field, p->to_string(), first->to_string());
    }
  }
  return first;
}

// Type and symbol.
Status Reader::identify() {
  std::string_view symbol = f_.symbol ? f_.symbol->view() : std::string_view{};
  if (f_.type) type_ = f_.type->str();
  if (type_.empty() && f_.shortcode) {
    type_ = f_.shortcode->view().substr(0, f_.shortcode->view().find('_'));
  }
  if ((type_.empty() || symbol.empty()) && f_.longcode)
    longcode_ = read_longcode(*f_.longcode, symbols_);
  if (type_.empty() && longcode_) type_ = market::name_of(longcode_->type);
  if (symbol.empty() && longcode_) symbol = longcode_->symbol->code;
  if (type_.empty()) return core::invalid("no contract: neither contract_type nor shortcode");
  const auto type = market::contract_type_from(type_);
  // What pays by the venue's own barrier or number of contracts cannot be reckoned from its ticks.
  const bool follows =
      type && (market::has_payout(*type) || market::kind_of(*type).needs.multiplier);
  if (!follows) return core::refused_error(type_ + " contracts are not audited");
  if (symbol.empty()) return core::invalid("no contract: it names no symbol");
  symbol_ = symbols_.find(symbol);
  if (symbol_ == nullptr) {
    return core::refused_error(fmt::format(
        "contracts on {} are not audited: its decimals are not known", symbol.substr(0, 40)));
  }
  spec().symbol = symbol_->code;
  spec().type = *market::contract_type_from(type_);
  return {};
}

void Reader::check_code(const market::Shortcode& code) {
  auto& claim = out_.claim;
  if (code.type != type_) contradict(claim, "type", type_, std::string(code.type));
  if (f_.start && *f_.start != code.start) {
    contradict(claim, "start", std::to_string(f_.start->s), std::to_string(code.start.s));
  }
  const auto& whole = market::has_payout(spec().type) ? paid_.payout : std::optional<Money>{};
  const auto amount = Money::from(code.amount, whole ? whole->exponent() : Money::kCents);
  if (whole && amount && *whole != *amount) {
    contradict(claim, "payout", whole->to_string(), amount->to_string());
  }
  if (code.ticks && f_.tick_count && *f_.tick_count != *code.ticks) {
    contradict(claim, "tick_count", std::to_string(*f_.tick_count), std::to_string(*code.ticks));
  }
  if (code.expiry && f_.expiry && *f_.expiry != *code.expiry) {
    contradict(claim, "expiry", std::to_string(f_.expiry->s), std::to_string(code.expiry->s));
  }
}

Status Reader::describe_length(const std::optional<market::Shortcode>& code) {
  using Unit = ContractDuration::Unit;
  const auto& needs = market::kind_of(spec().type).needs;
  if (!needs.has_length()) return {};
  std::optional<std::int64_t> ticks = f_.tick_count;
  if (code) {
    ticks = code->ticks;
  } else if (!ticks && longcode_) {
    ticks = longcode_->ticks;
  }
  if (ticks) {
    if (*ticks < 1 || *ticks > kMaxTickCount) {
      return core::invalid("tick_count is not a number of ticks");
    }
    spec().duration = {static_cast<std::int32_t>(*ticks), Unit::kTicks};
    return {};
  }
  if (!needs.time) {
    return core::invalid(
        fmt::format("a {} contract without tick_count", market::kind_of(spec().type).family));
  }
  const auto expiry = code ? code->expiry : f_.expiry ? f_.expiry : f_.expiry_again;
  const auto start = out_.claim.order.purchase_time;
  if (!expiry || *expiry <= start) return core::invalid("neither ticks nor an end are said");
  if (*expiry - start > kMaxLife) return core::invalid("its end is years after its start");
  // As seconds whatever it was sold as: a contract of days ends at a close, which this says too.
  spec().duration = {static_cast<std::int32_t>((*expiry - start).count()), Unit::kSeconds};
  return {};
}

// The kinds that are measured against no barrier: a shown one must be 0.
Status Reader::describe_no_barrier() {
  const auto shown = f_.barrier;
  // An asian shows its mean there.
  const bool none = !market::kind_of(spec().type).path_dependent;
  if (none && shown && shown->mantissa != 0) {
    contradict(out_.claim, "barrier", shown->to_string(), "none");
  }
  return {};
}

Status Reader::describe_digit(const std::optional<market::Shortcode>& code) {
  const auto shown = f_.barrier;
  const auto coded = code ? code->absolute_barrier : std::optional<std::int64_t>{};
  if (!coded && !shown) {
    return core::invalid(
        fmt::format("a {} contract without its digit", market::kind_of(spec().type).family));
  }
  const auto digit = coded ? Decimal{*coded, 0} : *shown;
  if (shown && *shown != digit) {
    contradict(out_.claim, "barrier", shown->to_string(), digit.to_string());
  }
  for (std::int8_t d = 0; d <= 9; ++d) {
    if (digit == Decimal{d, 0}) spec().set_digit(d);
  }
  if (spec().digit() < 0) return core::invalid("the digit is not one of 0 to 9");
  return {};
}

// An offset from the entry; an absolute barrier becomes one.
Status Reader::describe_offset(const std::optional<market::Shortcode>& code) {
  auto& claim = out_.claim;
  if (f_.barrier) {
    const auto shown = price(*f_.barrier);
    if (!shown) return core::invalid("barrier: " + shown.error().text);
    claim.barrier = *shown;
  }
  std::optional<Price> offset;
  if (code && code->offset_pips) offset = Price::raw(*code->offset_pips, symbol_->decimals);
  if (code && code->absolute_barrier && *code->absolute_barrier != 0 && claim.order.entry) {
    const auto absolute = price(Decimal{*code->absolute_barrier, 6});
    if (!absolute) return core::invalid("the barrier of the shortcode has too many decimals");
    offset = *absolute + -claim.order.entry->quote;
  }
  // A level that moves is where the barrier stands, and no distance that was bought.
  const bool moves = market::kind_of(spec().type).level != nullptr;
  if (!code && !moves && claim.barrier && claim.order.entry) {
    offset = *claim.barrier + -claim.order.entry->quote;
  }
  if (!offset || offset->mantissa() == 0) return {};
  const auto type = market::with_offset(type_);
  if (!type) return core::refused_error(type_ + " with a barrier is not audited");
  spec().type = *type;
  spec().set_offset(*offset);
  return {};
}

Result<market::Barrier> Reader::level(const std::optional<std::int64_t>& pips,
                                      const std::optional<std::int64_t>& millionths,
                                      const std::optional<Decimal>& shown,
                                      std::string_view what) const {
  if (pips) return market::Barrier::offset(Price::raw(*pips, symbol_->decimals));
  const auto quote = millionths ? std::optional(Decimal{*millionths, 6}) : shown;
  if (!quote)
    return core::invalid(fmt::format("a {} contract without its {}",
                                     market::kind_of(out_.claim.order.spec.type).family, what));
  const auto absolute = price(*quote);
  if (!absolute) return core::invalid(fmt::format("{}: {}", what, absolute.error().text));
  return market::Barrier::absolute(*absolute);
}

// Two barriers, as the shortcode has them, else as they are shown.
Status Reader::describe_pair(const std::optional<market::Shortcode>& code) {
  using Number = std::optional<std::int64_t>;
  const auto high =
      level(code ? code->offset_pips : Number{}, code ? code->absolute_barrier : Number{},
            f_.high_barrier, "high_barrier");
  if (!high) return high.error();
  const auto low =
      level(code ? code->low_offset_pips : Number{}, code ? code->low_absolute_barrier : Number{},
            f_.low_barrier, "low_barrier");
  if (!low) return low.error();
  spec().barriers = {*high, *low};
  if (high->form != low->form || high->value <= low->value) {
    return core::invalid("the high barrier is not above the low one");
  }
  return {};
}

Status Reader::describe_selected_tick() {
  const auto most = market::kind_of(spec().type).needs.select_of;
  if (most == 0) return {};
  const auto tick = f_.selected_tick.value_or(0);
  if (tick < 1 || tick > most) {
    return core::invalid(fmt::format("selected_tick is not one of 1 to {}", most));
  }
  spec().terms = market::TickTerms{static_cast<std::int8_t>(tick)};
  return {};
}

Status Reader::describe_barrier(const std::optional<market::Shortcode>& code) {
  const auto& kind = market::kind_of(spec().type);
  switch (kind.needs.barrier) {
    case market::BarrierForm::kNone:
      return market::has_payout(kind) ? describe_no_barrier() : Status{};
    case market::BarrierForm::kDigit:
      return describe_digit(code);
    case market::BarrierForm::kPair:
      return describe_pair(code);
    case market::BarrierForm::kEntry:
      return describe_offset(code);
    case market::BarrierForm::kOffset:
      DERIV_TRY(describe_offset(code));
      if (spec().barriers[0].form == market::Barrier::Form::kOffset) return {};
      return core::invalid(fmt::format("a {} contract without its barrier", kind.family));
  }
  return {};
}

Status Reader::describe(const std::optional<market::Shortcode>& code) {
  auto& order = out_.claim.order;
  if (f_.is_forward.value_or(false) || (code && code->starts_later)) {
    return core::refused_error("contracts that start later than they are bought are not audited");
  }
  const auto start = code ? std::optional(code->start) : f_.start;
  if (!start) return core::invalid("no contract: it has no start");
  order.purchase_time = *start;
  if (code) check_code(*code);
  DERIV_TRY(describe_length(code));
  DERIV_TRY(take_quotes());
  DERIV_TRY(describe_barrier(code));
  DERIV_TRY(describe_selected_tick());
  if (!market::kind_of(spec().type).needs.multiplier) return {};
  const auto multiplier = code ? code->multiplier : f_.multiplier.value_or(0);
  if (multiplier < 1 || multiplier > 10'000) return core::invalid("multiplier is not a multiplier");
  if (f_.multiplier && *f_.multiplier != multiplier) {
    contradict(out_.claim, "multiplier", std::to_string(*f_.multiplier),
               std::to_string(multiplier));
  }
  spec().multiplier_terms().multiplier = static_cast<std::uint16_t>(multiplier);
  return {};
}

Status Reader::take_quotes() {
  auto& order = out_.claim.order;
  const auto add = [&](VenueTime epoch, Price quote) {
    out_.ticks.push_back({spec().symbol, epoch, quote});
  };
  for (const auto& t : f_.ticks) {
    if (const auto quote = price(std::vector{t.quote}, "ticks")) add(t.epoch, *quote);
  }
  const auto entry = price(f_.entry, "entry");
  const auto exit = price(f_.exit, "exit");
  // A client library's form has no time of the exit; a contract of ticks ends with it.
  const auto exit_time = f_.exit_time        ? f_.exit_time
                         : f_.is_client_form ? f_.expiry_again
                                             : std::nullopt;
  if (entry && f_.entry_time) order.entry = {spec().symbol, *f_.entry_time, *entry};
  if (exit && exit_time) order.exit = {spec().symbol, *exit_time, *exit};
  if (const auto now = price(f_.current, "current_spot"); now && f_.current_time) {
    add(*f_.current_time, *now);
  }
  if (const auto sold = price(f_.sell_spot, "sell_spot"); sold && f_.sell_spot_time) {
    add(*f_.sell_spot_time, *sold);
  }
  // The one source of a contract whose list of ticks was shortened: the entry itself, where no
  // tick speaks against it.
  const auto known = [&](VenueTime epoch) {
    return std::any_of(out_.ticks.begin(), out_.ticks.end(),
                       [&](const market::Tick& t) { return t.epoch == epoch; });
  };
  if (order.entry && !out_.ticks.empty() && !known(order.entry->epoch)) {
    add(order.entry->epoch, order.entry->quote);
  }
  return {};
}

void Reader::check_state(bool sold) {
  auto& claim = out_.claim;
  const auto status = f_.status ? f_.status->view() : std::string_view{};
  const bool closed = is_any_of(status, {"won", "lost", "sold", "cancelled"});
  if (f_.is_sold && f_.status && *f_.is_sold != closed) {
    contradict(claim, "status", std::string(status), sold ? "closed, as it is sold" : "open");
  }
  if (sold && paid_.bid_price && *paid_.bid_price != claim.order.sell_price) {
    contradict(claim, "bid_price", paid_.bid_price->to_string(),
               claim.order.sell_price.to_string());
  }
}

Status Reader::take_result() {
  auto& claim = out_.claim;
  auto& order = claim.order;
  const auto status = f_.status ? f_.status->view() : std::string_view{};
  const bool sold = f_.is_sold.value_or(is_any_of(status, {"won", "lost", "sold", "cancelled"}));
  claim.is_over = sold || f_.is_expired.value_or(false);
  if (!claim.is_over) return {};
  order.state = execution::OrderState::kSettled;
  if (!paid_.buy_price) return core::invalid("buy_price is missing");
  order.buy_price = *paid_.buy_price;
  order.stake = *paid_.buy_price - paid_.cancellation_fee.value_or(Money{});
  if (market::has_payout(spec().type)) order.payout = paid_.payout;
  order.profit = paid_.profit;
  if (f_.sell_time) order.settled_time = *f_.sell_time;
  const auto paid = sold ? paid_.sell_price : paid_.bid_price;
  claim.has_paid = paid || (sold && paid_.profit);
  order.sell_price = paid ? *paid : paid_.profit ? order.stake + *paid_.profit : Money{};
  check_state(sold);
  if (status == "won") order.outcome = Outcome::kWon;
  if (status == "lost") order.outcome = Outcome::kLost;
  if (market::has_payout(spec().type)) {
    const auto end = f_.expiry ? f_.expiry : f_.expiry_again;
    const auto closed_at = f_.sell_time ? f_.sell_time : f_.sell_spot_time;
    const bool ended =
        f_.is_expired.value_or(closed_at && end) && (!closed_at || !end || *closed_at >= *end);
    const bool says_early = status == "sold";
    if ((says_early || status.empty()) && sold && !ended) order.outcome = Outcome::kSold;
    if (status == "cancelled" || (says_early && ended)) {
      contradict(claim, "status", std::string(status), "won or lost: it ran to its end");
    }
    return {};
  }
  auto& terms = spec().multiplier_terms();
  if (f_.cancellation_end && *f_.cancellation_end > order.purchase_time) {
    const auto seconds = (*f_.cancellation_end - order.purchase_time).count();
    terms.cancellation = {seconds, market::ContractDuration::Unit::kSeconds};
    terms.fee = paid_.cancellation_fee;
  }
  if (status == "cancelled") order.outcome = Outcome::kCancelled;
  return {};
}

Result<SavedContract> Reader::read() {
  auto paid = amounts_of(f_);
  if (!paid) return paid.error();
  paid_ = *paid;
  DERIV_TRY(identify());
  std::optional<market::Shortcode> code;
  if (f_.shortcode) {
    code = market::read_shortcode(f_.shortcode->view(), symbol_->code);
    if (!code) {
      return core::invalid(fmt::format("shortcode '{}' is not one of a contract on {}",
                                       f_.shortcode->view(), symbol_->code));
    }
  }
  DERIV_TRY(describe(code));
  DERIV_TRY(take_result());
  if (f_.contract) out_.contract = *f_.contract;
  out_.claim.order.contract = out_.contract;
  out_.type = type_;
  return std::move(out_);
}

// ---- JSON ----

/// Calls each(value) for the one message, or for every message of a list.
template <class Each>
Status each_message(json::ondemand::document& document, Each&& each) {
  json::ondemand::json_type type{};
  if (const auto e = document.type().get(type)) return json::broken("the file", e);
  Value value;
  if (const auto e = document.get_value().get(value)) return json::broken("the file", e);
  if (type == json::ondemand::json_type::array) {
    return each_element(value, "the file", kMaxSavedMessages, each);
  }
  return each(value);
}

Result<json::ondemand::document> open(json::ondemand::parser& parser,
                                      const simdjson::padded_string& text) {
  json::ondemand::document document;
  if (const auto e = parser.iterate(text).get(document)) return json::broken("the file", e);
  return document;
}

Status check_size(std::string_view text) {
  if (text.size() <= kMaxSavedBytes) return {};
  return core::invalid("the file is too large for a saved payload");
}

Result<SavedContract> contract_of(std::string_view text, const market::Symbols& symbols) {
  DERIV_TRY(check_size(text));
  const simdjson::padded_string padded(text);
  json::ondemand::parser parser;
  auto document = open(parser, padded);
  if (!document) return document.error();
  Fields last;
  std::vector<SavedTick> spots;
  DERIV_TRY(each_message(*document, [&](Value message) -> Status {
    if (!last.current.empty() && last.current_time) {
      for (const auto& quote : last.current) spots.push_back({*last.current_time, quote});
    }
    last = Fields{};
    return each_field(message, "the file", [&](std::string_view key, Value v) -> Status {
      // What was asked, and what stands beside the payload, is no part of it.
      if (is_any_of(key, {"echo_req", "req_id", "subscription", "passthrough"})) return {};
      return last.take(key, v);
    });
  }));
  if (!json::at_end(*document)) return json::bad("the file", "has text after its end");
  last.ticks.insert(last.ticks.begin(), spots.begin(), spots.end());
  return Reader(last, symbols).read();
}

Result<std::vector<market::Tick>> ticks_of(std::string_view text,
                                           const market::SymbolInfo& symbol) {
  DERIV_TRY(check_size(text));
  const simdjson::padded_string padded(text);
  json::ondemand::parser parser;
  auto document = open(parser, padded);
  if (!document) return document.error();
  std::vector<VenueTime> times;
  std::vector<Decimal> quotes;
  const auto one = [](Value v, std::string_view name, auto& out) -> Status {
    std::optional<typename std::decay_t<decltype(out)>::value_type> value;
    DERIV_TRY(json::read(v, name, value));
    out.push_back(*value);
    return {};
  };
  const auto list = [&](Value v, std::string_view name, auto& out) -> Status {
    return each_element(v, name, kMaxSavedTicks,
                        [&](Value item) -> Status { return one(item, name, out); });
  };
  DERIV_TRY(each_message(*document, [&](Value message) -> Status {
    return each_field(message, "ticks", [&](std::string_view key, Value v) -> Status {
      if (key == "epoch") return one(v, key, times);
      if (key == "quote") return one(v, key, quotes);
      if (key != "history") return {};
      return each_field(v, key, [&](std::string_view name, Value values) -> Status {
        if (name == "times") return list(values, name, times);
        if (name == "prices") return list(values, name, quotes);
        return {};
      });
    });
  }));
  if (times.size() != quotes.size() || times.empty()) {
    return core::invalid(
        "no ticks: neither a history with times and prices nor a list of "
        "{epoch, quote}");
  }
  std::vector<market::Tick> out;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto quote = Price::from(quotes[i], symbol.decimals);
    if (!quote) return core::invalid(fmt::format("tick {}: {}", i + 1, quote.error().text));
    out.push_back({symbol.code, times[i], *quote});
  }
  return out;
}

template <class T>
Result<T> in_one_line(Result<T> result) {
  if (result) return result;
  return core::Error{result.error().kind, core::printable(result.error().text)};
}

}  // namespace

Result<SavedContract> read_saved_contract(std::string_view text, const market::Symbols& symbols) {
  return in_one_line(contract_of(text, symbols));
}

Result<std::vector<market::Tick>> read_saved_ticks(std::string_view text,
                                                   const market::SymbolInfo& symbol) {
  return in_one_line(ticks_of(text, symbol));
}

}  // namespace derivd::deriv
