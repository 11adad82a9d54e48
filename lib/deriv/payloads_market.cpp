// What the venue offers, and when: contracts_for and trading_times.
#include <algorithm>

#include "deriv/payloads.hpp"
#include "market/kind.hpp"

namespace derivd::deriv {

using core::Decimal;
using core::Result;
using json::bad;
using json::each_element;
using json::each_field;
using json::read;
using json::read_cut;
using json::require;
using json::Status;
using json::Value;
using market::ContractDuration;
using market::Offer;

namespace {

// The venue has a dozen markets with a handful of submarkets each.
constexpr std::size_t kMaxGroups = 200;
constexpr std::size_t kMaxSpans = 16;    // of one day
constexpr std::size_t kMaxEvents = 100;  // of one symbol
constexpr std::size_t kMaxWords = 120;   // bytes of one text for people

/// "5t", "15s", "1d"; "0" and nothing: none. What has another form is none that we could compare.
ContractDuration duration_of(std::string_view text) {
  const auto parsed = ContractDuration::parse(text);
  return parsed ? *parsed : ContractDuration{};
}

template <class T, class Take>
Status read_list(Value value, std::string_view name, std::vector<T>& out, Take&& take) {
  if (!out.empty()) return bad(name, "appears twice");
  return each_element(value, name, market::kMaxChoices, [&](Value item) -> Status {
    auto one = take(item);
    if (!one) return one.error();
    if (*one) out.push_back(**one);
    return {};
  });
}

Result<std::optional<Decimal>> decimal_in(Value item) {
  std::optional<Decimal> out;
  DERIV_TRY(read(item, "contracts_for.list", out));
  return out;
}
Result<std::optional<std::uint16_t>> multiplier_in(Value item) {
  std::optional<std::int64_t> out;
  DERIV_TRY(read(item, "contracts_for.multiplier_range", out));
  // One beyond every order of ours is not offered to us.
  if (*out < 1 || *out > UINT16_MAX) return std::optional<std::uint16_t>{};
  return std::optional(static_cast<std::uint16_t>(*out));
}
Result<std::optional<ContractDuration>> duration_in(Value item) {
  std::optional<std::string_view> text;
  DERIV_TRY(read(item, "contracts_for.cancellation_range", text));
  const auto out = duration_of(*text);
  return out.count > 0 ? std::optional(out) : std::nullopt;
}
/// A quote as text or as number, as it may be shown.
Result<std::optional<core::ShortString<24>>> barrier_in(Value item) {
  const auto null = json::is_null(item, "contracts_for.barrier");
  if (!null) return null.error();
  if (*null) return std::optional<core::ShortString<24>>{};
  json::ondemand::json_type type{};
  if (const auto e = item.type().get(type)) return json::broken("contracts_for.barrier", e);
  if (type == json::ondemand::json_type::string) {
    std::optional<core::ShortString<24>> text;
    DERIV_TRY(read_cut(item, "contracts_for.barrier", text));
    return text;
  }
  std::optional<Decimal> number;
  DERIV_TRY(read(item, "contracts_for.barrier", number));
  return std::optional(core::ShortString<24>::truncated(number->to_string()));
}

/// One row of `available`.
struct OfferFields {
  Offer offer;
  std::optional<core::ShortString<24>> type;
  std::optional<std::string_view> expiry;
  std::optional<std::string_view> shortest, longest;
  std::optional<std::string_view> start;
  std::optional<std::int64_t> barriers;

  Status take(std::string_view key, Value v);
  Status take_list(std::string_view key, Value v);
  Status take_barrier(Value v, core::ShortString<24>& out);
};

Status OfferFields::take_barrier(Value v, core::ShortString<24>& out) {
  auto text = barrier_in(v);
  if (!text) return text.error();
  if (*text) out = **text;
  return {};
}

Status OfferFields::take_list(std::string_view key, Value v) {
  if (key == "growth_rate_range") return read_list(v, key, offer.growth_rates, decimal_in);
  if (key == "multiplier_range") return read_list(v, key, offer.multipliers, multiplier_in);
  if (key == "cancellation_range") return read_list(v, key, offer.cancellations, duration_in);
  if (key == "barrier_choices") return read_list(v, key, offer.barrier_choices, barrier_in);
  if (key == "payout_choices") return read_list(v, key, offer.payout_choices, decimal_in);
  return {};
}

Status OfferFields::take(std::string_view key, Value v) {
  if (key == "contract_type") return read(v, "contracts_for.contract_type", type);
  if (key == "expiry_type") return read(v, "contracts_for.expiry_type", expiry);
  if (key == "start_type") return read(v, "contracts_for.start_type", start);
  if (key == "min_contract_duration")
    return read(v, "contracts_for.min_contract_duration", shortest);
  if (key == "max_contract_duration")
    return read(v, "contracts_for.max_contract_duration", longest);
  if (key == "barriers") return read(v, "contracts_for.barriers", barriers);
  if (key == "barrier" || key == "high_barrier") return take_barrier(v, offer.barrier);
  if (key == "low_barrier") return take_barrier(v, offer.barrier2);
  if (key == "min_stake") return json::read_nullable(v, "contracts_for.min_stake", offer.min_stake);
  if (key == "max_stake") return json::read_nullable(v, "contracts_for.max_stake", offer.max_stake);
  if (key == "payout_limit") {
    return json::read_nullable(v, "contracts_for.payout_limit", offer.max_payout);
  }
  return take_list(key, v);
}

Status decode_offer(Value item, market::Offerings& out) {
  OfferFields f;
  DERIV_TRY(each_field(item, "contracts_for.available",
                       [&](std::string_view key, Value v) { return f.take(key, v); }));
  DERIV_TRY(require("contracts_for.contract_type", f.type));
  DERIV_TRY(require("contracts_for.expiry_type", f.expiry));
  // v3 also lists what starts later; derivd buys what starts now.
  if (f.start && *f.start == "forward") return {};
  const auto length = market::length_from(*f.expiry);
  if (!length) return {};  // a class of lengths that derivd has no word for
  f.offer.length = *length;
  f.offer.type = *f.type;
  f.offer.barriers =
      static_cast<std::uint8_t>(std::clamp<std::int64_t>(f.barriers.value_or(0), 0, 2));
  // The older dialect has one name for a type with a barrier and for the one without.
  const auto with_one = market::with_offset(f.type->view());
  if (f.offer.barriers == 1 && with_one) f.offer.type = market::name_of(*with_one);
  if (f.shortest) f.offer.shortest = duration_of(*f.shortest);
  if (f.longest) f.offer.longest = duration_of(*f.longest);
  out.offers.push_back(std::move(f.offer));
  return {};
}

std::string words(std::string_view text) { return json::to_show<kMaxWords>(text).str(); }

Status read_words(Value v, std::string_view name, std::string& out) {
  std::optional<std::string_view> text;
  DERIV_TRY(read(v, name, text));
  out = words(*text);
  return {};
}

Status read_words(Value v, std::string_view name, std::vector<std::string>& out) {
  if (!out.empty()) return bad(name, "appears twice");
  return each_element(v, name, kMaxSpans, [&](Value item) -> Status {
    return read_words(item, name, out.emplace_back());
  });
}

Status decode_times(Value v, market::MarketDay& day) {
  return each_field(v, "trading_times.times", [&](std::string_view key, Value list) -> Status {
    if (key == "open") return read_words(list, "trading_times.open", day.open);
    if (key == "close") return read_words(list, "trading_times.close", day.close);
    return {};
  });
}

Status decode_events(Value v, market::MarketDay& day) {
  return each_element(v, "trading_times.events", kMaxEvents, [&](Value item) -> Status {
    auto& event = day.events.emplace_back();
    return each_field(item, "trading_times.events",
                      [&](std::string_view key, Value text) -> Status {
                        if (key == "dates")
                          return read_words(text, "trading_times.dates", event.dates);
                        if (key == "descrip")
                          return read_words(text, "trading_times.descrip", event.what);
                        return {};
                      });
  });
}

Status decode_market_day(Value item, const WireNames& names, TradingTimesPayload& out) {
  std::optional<market::SymbolCode> symbol;
  market::MarketDay day;
  DERIV_TRY(each_field(item, "trading_times.symbols", [&](std::string_view key, Value v) -> Status {
    if (key == names.symbol) return read(v, "trading_times.symbol", symbol);
    if (key == "times") return decode_times(v, day);
    if (key == "events") return decode_events(v, day);
    if (key == "trading_days") return read_words(v, "trading_times.trading_days", day.days);
    return {};
  }));
  DERIV_TRY(require("trading_times.symbol", symbol));
  if (out.rows.size() >= market::kMaxListed) return bad("trading_times", "has too many symbols");
  out.rows.push_back({*symbol, std::move(day)});
  return {};
}

/// The elements of a list that stands under `key` in each element of `value`.
template <class Each>
Status each_below(Value value, std::string_view key, Each&& each) {
  return each_element(value, "trading_times", kMaxGroups, [&](Value group) -> Status {
    return each_field(group, "trading_times", [&](std::string_view name, Value list) -> Status {
      return name == key ? each(list) : Status{};
    });
  });
}

}  // namespace

Status decode_offerings(Value value, OfferingsPayload& out) {
  bool found = false;
  DERIV_TRY(each_field(value, "contracts_for", [&](std::string_view key, Value v) -> Status {
    if (key != "available") return {};
    if (found) return bad("contracts_for.available", "appears twice");
    found = true;
    return each_element(v, "contracts_for.available", market::kMaxOffers,
                        [&](Value item) { return decode_offer(item, out.offerings); });
  }));
  return found ? Status{} : Status{bad("contracts_for.available", "is missing")};
}

Status decode_trading_times(Value value, const WireNames& names, TradingTimesPayload& out) {
  bool found = false;
  DERIV_TRY(each_field(value, "trading_times", [&](std::string_view key, Value v) -> Status {
    if (key != "markets") return {};
    if (found) return bad("trading_times.markets", "appears twice");
    found = true;
    return each_below(v, "submarkets", [&](Value submarkets) {
      return each_below(submarkets, "symbols", [&](Value list) {
        return each_element(list, "trading_times.symbols", market::kMaxListed,
                            [&](Value item) { return decode_market_day(item, names, out); });
      });
    });
  }));
  return found ? Status{} : Status{bad("trading_times.markets", "is missing")};
}

}  // namespace derivd::deriv
