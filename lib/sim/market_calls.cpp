#include "sim/market_calls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "market/hours.hpp"
#include "market/kind.hpp"
#include "sim/payloads.hpp"

namespace derivd::sim {
namespace {

using market::kSecondsOfDay;

/// Around today, as trading_times answers.
constexpr std::int64_t kTradingDays = 400;

std::int64_t int_or(const Json& json, std::string_view key, std::int64_t otherwise) {
  const Json* j = json.find(key);
  return j != nullptr ? j->as_int().value_or(otherwise) : otherwise;
}
std::string_view text_or(const Json& json, std::string_view key, std::string_view otherwise) {
  const Json* j = json.find(key);
  return j != nullptr ? std::string_view(j->text()) : otherwise;
}

std::vector<std::string> texts_of(const Json& json) {
  std::vector<std::string> out;
  if (json.is_string()) out.push_back(json.text());
  for (const Json& item : json.items()) out.push_back(item.text());
  return out;
}

WireError invalid_symbol(std::string_view symbol) {
  return {"InvalidSymbol", fmt::format("Symbol {} invalid.", symbol)};
}
WireError closed() { return {"MarketIsClosed", "This market is presently closed."}; }

/// The price step of active_symbols: 10^-decimals as a number.
std::string pip(std::uint8_t decimals) { return core::Decimal{1, decimals}.to_string(); }

struct Group {
  std::string_view submarket, submarket_name, subgroup, subgroup_name;
  std::string_view market = "synthetic_index", market_name = "Derived";
};
Group group_of(const market::SymbolInfo& symbol) {
  const auto code = symbol.code.view();
  if (!symbol.is_synthetic()) {
    const auto market = symbol.market.view();
    const auto submarket = symbol.submarket.view();
    return {submarket, submarket, "none", "None", market, market};
  }
  if (code.starts_with("JD")) return {"jump_index", "Jump Indices", "synthetics", "Synthetics"};
  if (code.starts_with("RD"))
    return {"random_daily", "Daily Reset Indices", "synthetics", "Synthetics"};
  if (code.starts_with("stp")) return {"step_index", "Step Indices", "synthetics", "Synthetics"};
  if (code.starts_with("BOOM") || code.starts_with("CRASH"))
    return {"crash_index", "Crash/Boom Indices", "synthetics", "Synthetics"};
  return {"random_index", "Continuous Indices", "synthetics", "Synthetics"};
}

// ---- candles ----

/// Of a market that is open for a seventh of the week.
constexpr std::int64_t kNights = 7;

constexpr std::array<std::int64_t, 12> kGranularities{60,   120,  180,  300,    600,    900,
                                                      1800, 3600, 7200, 14'400, 28'800, 86'400};

// ---- offerings (v3-api.md section 4.3) ----

struct Offer {
  std::string_view type, category, category_display, display, barrier_category, sentiment;
  std::string_view expiry, min, max;
  int barriers;
};

constexpr Offer kPlain[] = {
    {"CALL", "callput", "Up/Down", "Rise", "euro_atm", "up", "tick", "1t", "10t", 0},
    {"CALL", "callput", "Up/Down", "Rise", "euro_atm", "up", "intraday", "15s", "1d", 0},
    {"CALL", "callput", "Up/Down", "Rise", "euro_atm", "up", "daily", "1d", "365d", 0},
    {"PUT", "callput", "Up/Down", "Fall", "euro_atm", "down", "tick", "1t", "10t", 0},
    {"PUT", "callput", "Up/Down", "Fall", "euro_atm", "down", "intraday", "15s", "1d", 0},
    {"PUT", "callput", "Up/Down", "Fall", "euro_atm", "down", "daily", "1d", "365d", 0},
    {"CALLE", "callputequal", "Rise/Fall Equal", "Rise", "euro_atm", "up", "tick", "1t", "10t", 0},
    {"CALLE", "callputequal", "Rise/Fall Equal", "Rise", "euro_atm", "up", "intraday", "15s", "1d",
     0},
    {"PUTE", "callputequal", "Rise/Fall Equal", "Fall", "euro_atm", "down", "tick", "1t", "10t", 0},
    {"PUTE", "callputequal", "Rise/Fall Equal", "Fall", "euro_atm", "down", "intraday", "15s", "1d",
     0},
    {"HIGHER", "callput", "Up/Down", "Higher", "euro_non_atm", "up", "tick", "1t", "10t", 1},
    {"HIGHER", "callput", "Up/Down", "Higher", "euro_non_atm", "up", "intraday", "15s", "1d", 1},
    {"LOWER", "callput", "Up/Down", "Lower", "euro_non_atm", "down", "tick", "1t", "10t", 1},
    {"LOWER", "callput", "Up/Down", "Lower", "euro_non_atm", "down", "intraday", "15s", "1d", 1},
};
constexpr Offer kDigits[] = {
    {"DIGITMATCH", "digits", "Digits", "Digit Matches", "non_financial", "match", "tick", "1t",
     "10t", 1},
    {"DIGITDIFF", "digits", "Digits", "Digit Differs", "non_financial", "differ", "tick", "1t",
     "10t", 1},
    {"DIGITODD", "digits", "Digits", "Digit Odd", "non_financial", "odd", "tick", "1t", "10t", 0},
    {"DIGITEVEN", "digits", "Digits", "Digit Even", "non_financial", "even", "tick", "1t", "10t",
     0},
    {"DIGITOVER", "digits", "Digits", "Digit Over", "non_financial", "over", "tick", "1t", "10t",
     1},
    {"DIGITUNDER", "digits", "Digits", "Digit Under", "non_financial", "under", "tick", "1t", "10t",
     1},
};
constexpr Offer kMultiplierOffers[] = {
    {"MULTUP", "multiplier", "Multiply Up/Multiply Down", "Multiply Up", "american", "up",
     "no_expiry", "0", "0", 0},
    {"MULTDOWN", "multiplier", "Multiply Up/Multiply Down", "Multiply Down", "american", "down",
     "no_expiry", "0", "0", 0},
};

constexpr Offer kWalks[] = {
    {"ONETOUCH", "touchnotouch", "Touch/No Touch", "Touches", "american", "high_vol", "tick", "5t",
     "10t", 1},
    {"ONETOUCH", "touchnotouch", "Touch/No Touch", "Touches", "american", "high_vol", "intraday",
     "2m", "1d", 1},
    {"NOTOUCH", "touchnotouch", "Touch/No Touch", "Does Not Touch", "american", "low_vol", "tick",
     "5t", "10t", 1},
    {"NOTOUCH", "touchnotouch", "Touch/No Touch", "Does Not Touch", "american", "low_vol",
     "intraday", "2m", "1d", 1},
    {"EXPIRYRANGE", "endsinout", "Ends Between/Ends Outside", "Ends Between", "euro_non_atm",
     "low_vol", "intraday", "2m", "1d", 2},
    {"EXPIRYMISS", "endsinout", "Ends Between/Ends Outside", "Ends Outside", "euro_non_atm",
     "high_vol", "intraday", "2m", "1d", 2},
    {"EXPIRYRANGEE", "endsinout", "Ends Between/Ends Outside", "Ends Between", "euro_non_atm",
     "low_vol", "intraday", "2m", "1d", 2},
    {"EXPIRYMISSE", "endsinout", "Ends Between/Ends Outside", "Ends Outside", "euro_non_atm",
     "high_vol", "intraday", "2m", "1d", 2},
    {"RANGE", "staysinout", "Stays Between/Goes Outside", "Stays Between", "american", "low_vol",
     "intraday", "2m", "1d", 2},
    {"UPORDOWN", "staysinout", "Stays Between/Goes Outside", "Goes Outside", "american", "high_vol",
     "intraday", "2m", "1d", 2},
    {"ASIANU", "asian", "Asians", "Asian Up", "asian", "up", "tick", "5t", "10t", 0},
    {"ASIAND", "asian", "Asians", "Asian Down", "asian", "down", "tick", "5t", "10t", 0},
    {"RUNHIGH", "runs", "Only Ups/Only Downs", "Only Ups", "american", "up", "tick", "2t", "5t", 0},
    {"RUNLOW", "runs", "Only Ups/Only Downs", "Only Downs", "american", "down", "tick", "2t", "5t",
     0},
    {"TICKHIGH", "highlowticks", "High/Low Ticks", "High Tick", "non_financial", "high", "tick",
     "5t", "5t", 0},
    {"TICKLOW", "highlowticks", "High/Low Ticks", "Low Tick", "non_financial", "low", "tick", "5t",
     "5t", 0},
    {"RESETCALL", "reset", "Reset Call/Reset Put", "Reset Call", "reset", "up", "tick", "5t", "10t",
     0},
    {"RESETCALL", "reset", "Reset Call/Reset Put", "Reset Call", "reset", "up", "intraday", "20s",
     "2h", 0},
    {"RESETPUT", "reset", "Reset Call/Reset Put", "Reset Put", "reset", "down", "tick", "5t", "10t",
     0},
    {"RESETPUT", "reset", "Reset Call/Reset Put", "Reset Put", "reset", "down", "intraday", "20s",
     "2h", 0},
    {"ACCU", "accumulator", "Accumulator Up", "Accumulator Up", "american", "low_vol", "no_expiry",
     "0", "0", 2},
    {"TURBOSLONG", "turbos", "Turbos Options", "Turbos Long", "american", "up", "tick", "5t", "10t",
     1},
    {"TURBOSLONG", "turbos", "Turbos Options", "Turbos Long", "american", "up", "intraday", "15s",
     "1d", 1},
    {"TURBOSSHORT", "turbos", "Turbos Options", "Turbos Short", "american", "down", "tick", "5t",
     "10t", 1},
    {"TURBOSSHORT", "turbos", "Turbos Options", "Turbos Short", "american", "down", "intraday",
     "15s", "1d", 1},
    {"VANILLALONGCALL", "vanilla", "Vanilla Options", "Vanilla Long Call", "euro_non_atm", "up",
     "intraday", "1m", "1d", 1},
    {"VANILLALONGPUT", "vanilla", "Vanilla Options", "Vanilla Long Put", "euro_non_atm", "down",
     "intraday", "1m", "1d", 1},
};

std::vector<Offer> offers_of(const market::SymbolInfo& symbol, const Listing* listing) {
  std::vector<Offer> out(std::begin(kPlain), std::end(kPlain));
  if (symbol.has_digits) out.insert(out.end(), std::begin(kDigits), std::end(kDigits));
  // Of others neither touches nor ranges have a price here, nor their relatives.
  if (symbol.sigma_percent != 0) out.insert(out.end(), std::begin(kWalks), std::end(kWalks));
  out.insert(out.end(), std::begin(kMultiplierOffers), std::end(kMultiplierOffers));
  if (listing != nullptr)
    std::erase_if(out, [&](const Offer& o) { return !listing->offers_type(o.type); });
  return out;
}

void write_digit_range(JsonOut& out, const market::Needs& needs) {
  out.key("last_digit_range").begin_array();
  for (int d = needs.lowest_digit; d <= needs.highest_digit; ++d) out.value(std::int64_t{d});
  out.end_array();
}

void write_multiplier_range(JsonOut& out, const market::SymbolInfo& symbol) {
  out.key("multiplier_range").begin_array();
  for (const auto m : accepted_multipliers(symbol)) out.value(std::int64_t{m});
  out.end_array();
  out.key("cancellation_range").begin_array();
  for (const auto time : cancellation_times(symbol)) out.value(time);
  out.end_array();
}

void write_offer(JsonOut& out, const Offer& o, const market::SymbolInfo& symbol, bool v3,
                 std::uint8_t money_decimals) {
  const auto& kind = market::kind_of(*market::contract_type_from(o.type));
  const auto amounts = kind.amounts.in(money_decimals);
  const auto group = group_of(symbol);
  const auto type =
      wire_type(v3 ? Dialect::kV3 : Dialect::kOptions, *market::contract_type_from(o.type));
  out.begin_object();
  if (o.barriers > 0 && market::has_levels(*market::contract_type_from(o.type))) {
    const auto example = core::Price::raw(
        std::max<std::int64_t>(std::llround(symbol.typical_price * 1e-4 *
                                            static_cast<double>(core::pow10(symbol.decimals))),
                               1),
        symbol.decimals);
    out.text(o.barriers == 2 ? "high_barrier" : "barrier", "+" + example.to_string());
    if (o.barriers == 2) out.text("low_barrier", (-example).to_string());
  }
  if (v3) out.text("barrier_category", o.barrier_category);
  out.integer("barriers", o.barriers).text("contract_category", o.category);
  if (v3) out.text("contract_category_display", o.category_display);
  if (v3) out.text("contract_display", o.display);
  out.text("contract_type", type).raw("default_stake", "10");
  if (v3) out.text("exchange_name", "RANDOM");
  out.text("expiry_type", o.expiry);
  if (kind.needs.barrier == market::BarrierForm::kDigit) write_digit_range(out, kind.needs);
  out.text("market", group.market).text("max_contract_duration", o.max);
  out.raw("max_stake", number(most_of(kind, money_decimals)));
  out.text("min_contract_duration", o.min);
  out.raw("min_stake", number(amounts.min_stake));
  if (kind.needs.multiplier) write_multiplier_range(out, symbol);
  if (kind.needs.growth) {
    out.key("growth_rate_range").begin_array();
    for (const auto* rate : {"0.01", "0.02", "0.03", "0.04", "0.05"}) out.raw(rate);
    out.end_array();
  }
  if (amounts.max_payout) out.raw("payout_limit", number(*amounts.max_payout));
  out.text("sentiment", o.sentiment);
  if (v3) out.text("start_type", "spot");
  out.text("submarket", group.submarket).text("underlying_symbol", symbol.code).end_object();
}

}  // namespace

void MarketCalls::ping(Request& r) { r.reply(frame(r.envelope, "ping", "ping", "\"pong\"")); }

void MarketCalls::time_call(Request& r) {
  r.reply(frame(r.envelope, "time", "time", fmt::format("{}", r.now.venue.s)));
}

// ---- ticks ----

void MarketCalls::ticks(Request& r) {
  const auto symbols = texts_of(*r.json.find("ticks"));
  std::vector<std::size_t> indices;
  for (const auto& code : symbols) {
    const auto index = markets_.listed(code, r.now.venue);
    if (!index) return r.refuse(invalid_symbol(code));
    if (markets_.closed(*index, r.now.venue) || !markets_.last(*index)) return r.refuse(closed());
    indices.push_back(*index);
  }
  for (const auto index : indices) {
    const auto& info = markets_.info(index);
    std::string id;
    if (r.wants_stream()) {
      Stream* s = r.subscribe(Stream::Kind::kTicks, fmt::format("ticks {}", info.code), ids_);
      if (s == nullptr) return;
      s->symbol = index;
      id = s->id;
    }
    r.reply(frame(r.envelope, "tick", "tick", tick_payload(*markets_.last(index), id), id));
  }
}

void MarketCalls::ticks_history(Request& r) {
  const auto code = text_or(r.json, "ticks_history", "");
  const auto index = markets_.listed(code, r.now.venue);
  if (!index) return r.refuse(invalid_symbol(code));
  const bool candles = text_or(r.json, "style", "ticks") == "candles";
  const auto granularity = int_or(r.json, "granularity", 60);
  if (std::find(kGranularities.begin(), kGranularities.end(), granularity) == kGranularities.end())
    return r.refuse({"InvalidGranularity", "Invalid granularity."});
  const auto end_text = text_or(r.json, "end", "latest");
  std::int64_t end = r.now.venue.s;
  if (end_text != "latest")
    end = std::min(end, Json::number(std::string(end_text)).as_int().value_or(end));
  auto start = int_or(r.json, "start", 0);
  if (start > end)
    return r.refuse(
        {"InvalidStartEnd", fmt::format("Start time {} must be before end time {}", start, end)});
  if (r.wants_stream() && markets_.closed(*index, r.now.venue)) return r.refuse(closed());
  // A count above the cap, or none at all, is silently replaced.
  auto count = int_or(r.json, "count", 1'000);
  count = count <= 0 ? 1'000 : std::min(count, kHistoryCap);
  // Without a start it is where so many candles fit, also over the nights of a market.
  if (candles && r.json.find("start") == nullptr) {
    start = std::max<std::int64_t>(0, end - (count - 1) * granularity * kNights);
  }
  std::string id;
  if (r.wants_stream()) {
    const auto key =
        candles ? fmt::format("candles {} {}", code, granularity) : fmt::format("history {}", code);
    Stream* s = r.subscribe(candles ? Stream::Kind::kCandles : Stream::Kind::kHistory, key, ids_);
    if (s == nullptr) return;
    s->symbol = *index;
    s->granularity = granularity;
    id = s->id;
  }
  const auto payload =
      candles ? candles_payload(*index, start, end, static_cast<std::size_t>(count), granularity)
              : history_payload(*index, start, end, static_cast<std::size_t>(count), r);
  // pip_size stands beside the payload.
  const std::string_view name = candles ? "candles" : "history";
  std::string text = frame(r.envelope, name, name, payload, id);
  text.pop_back();
  r.reply(text + fmt::format(",\"pip_size\":{}}}", markets_.info(*index).decimals));
}

std::vector<Point> MarketCalls::points_between(std::size_t symbol, std::int64_t start,
                                               std::int64_t end) const {
  std::vector<Point> out;
  for (const Point& p : markets_.feed().history(symbol))
    if (p.epoch >= start && p.epoch <= end) out.push_back(p);
  return out;
}

/// Candles that touch [start, end], the last `count` of them.
std::string MarketCalls::candles_payload(std::size_t symbol, std::int64_t start, std::int64_t end,
                                         std::size_t count, std::int64_t granularity) {
  const auto price = [decimals = markets_.info(symbol).decimals](std::int64_t m) {
    return number(core::Price::raw(m, decimals));
  };
  const auto all = markets_.candles(symbol, granularity, start, end);
  JsonOut out;
  out.begin_array();
  for (std::size_t i = all.size() - std::min(all.size(), count); i < all.size(); ++i)
    out.begin_object()
        .raw("close", price(all[i].close))
        .integer("epoch", all[i].open_time)
        .raw("high", price(all[i].high))
        .raw("low", price(all[i].low))
        .raw("open", price(all[i].open))
        .end_object();
  return out.end_array().take();
}

/// The last `count` ticks within [start, end], as far as no fault has it otherwise.
std::string MarketCalls::history_payload(std::size_t symbol, std::int64_t start, std::int64_t end,
                                         std::size_t count, const Request& r) const {
  const auto ordered = [&](FaultKind kind) -> const Fault* {
    const auto at = std::find_if(r.faults.begin(), r.faults.end(),
                                 [kind](const Fault& f) { return f.kind == kind; });
    return at == r.faults.end() ? nullptr : &*at;
  };
  if (ordered(FaultKind::kLatestPage) != nullptr) {
    start = 0;
    end = r.now.venue.s;
  }
  auto points = points_between(symbol, start, end);
  if (ordered(FaultKind::kEmptyPage) != nullptr) points.clear();
  if (const auto* f = ordered(FaultKind::kShortPage)) {
    count = std::min(count, static_cast<std::size_t>(f->amount));
  }
  points.erase(points.begin(),
               points.end() - static_cast<std::ptrdiff_t>(std::min(points.size(), count)));
  if (const auto* f = ordered(FaultKind::kHoledPage)) {
    const auto from = points.begin() + static_cast<std::ptrdiff_t>(points.size() / 2);
    points.erase(from, from + std::min<std::ptrdiff_t>(points.end() - from, f->amount));
  }
  std::vector<std::string> prices;
  for (const Point& p : points)
    prices.push_back(number(core::Price::raw(p.mantissa, markets_.info(symbol).decimals)));
  if (const auto middle = points.size() / 2;
      ordered(FaultKind::kSpoiltPage) != nullptr && middle + 2 < points.size()) {
    prices[middle] = "0";
    prices[middle + 1] = "null";
    for (const auto again : {middle + 2, std::size_t{0}}) {
      points.push_back(points[again]);
      prices.push_back(prices[again]);
    }
  }
  JsonOut out;
  out.begin_object().key("prices").begin_array();
  for (const auto& price : prices) out.raw(price);
  out.end_array().key("times").begin_array();
  for (const Point& p : points) out.value(p.epoch);
  return out.end_array().end_object().take();
}

// ---- symbols and offerings ----

void MarketCalls::active_symbols(Request& r) {
  const bool v3 = r.v3();
  const bool full = text_or(r.json, "active_symbols", "brief") == "full";
  JsonOut out;
  out.begin_array();
  for (std::size_t i = 0; i < markets_.size(); ++i) {
    if (!markets_.feed().is_listed(i, r.now.venue)) continue;
    const auto& s = markets_.info(i);
    const auto group = group_of(s);
    const auto last = markets_.last(i);
    out.begin_object();
    if (v3) {
      out.flag("allow_forward_starting", true).integer("delay_amount", 0);
      out.text("display_name", s.display_name)
          .integer("display_order", static_cast<std::int64_t>(i));
    }
    out.flag("exchange_is_open", !markets_.closed(i, r.now.venue))
        .flag("is_trading_suspended", false);
    out.text("market", group.market);
    if (v3) {
      out.text("market_display_name", group.market_name).raw("pip", pip(s.decimals));
      if (full && last) {
        out.raw("spot", number(last->quote));
        out.text("spot_age", fmt::format("{}", r.now.venue.s - last->epoch.s));
        out.text("spot_time", fmt::format("{}", last->epoch.s));
      }
      out.text("subgroup", group.subgroup).text("subgroup_display_name", group.subgroup_name);
      out.text("submarket", group.submarket).text("submarket_display_name", group.submarket_name);
      out.text("symbol", s.code).text("symbol_type", "stockindex");
    } else {
      out.raw("pip_size", pip(s.decimals)).text("subgroup", group.subgroup);
      out.text("submarket", group.submarket).integer("trade_count", 0);
      out.text("underlying_symbol", s.code).text("underlying_symbol_name", s.display_name);
      out.text("underlying_symbol_type", "stockindex");
    }
    out.end_object();
  }
  r.reply(frame(r.envelope, "active_symbols", "active_symbols", out.end_array().str()));
}

void MarketCalls::contracts_for(Request& r) {
  const auto code = text_or(r.json, "contracts_for", "");
  const auto index = markets_.listed(code, r.now.venue);
  if (!index)
    return r.refuse({"OfferingsInvalidSymbol", "There's no contract available for this symbol."});
  const auto& symbol = markets_.info(*index);
  const bool v3 = r.v3();
  const auto offers = offers_of(symbol, markets_.feed().listing(*index));
  JsonOut out;
  out.begin_object().key("available").begin_array();
  for (const Offer& o : offers) {
    write_offer(out, o, symbol, v3, terms_.balance.exponent());
  }
  out.end_array();
  if (v3) {
    const auto midnight = r.now.venue.s - r.now.venue.s % kSecondsOfDay;
    out.integer("close", midnight + kSecondsOfDay - 1).text("feed_license", "realtime");
    out.integer("hit_count", static_cast<std::int64_t>(offers.size())).integer("open", midnight);
    const auto last = markets_.last(*index);
    out.raw("spot", last ? number(last->quote) : "null");
  } else {
    out.integer("hit_count", static_cast<std::int64_t>(offers.size()));
  }
  r.reply(frame(r.envelope, "contracts_for", "contracts_for", out.end_object().str()));
}

void MarketCalls::contracts_list(Request& r) {
  struct Family {
    std::string_view category, display;
    std::vector<std::string_view> types;
  };
  const std::array<Family, 4> families{{
      {"callput", "Up/Down", {"CALL", "PUT", "HIGHER", "LOWER"}},
      {"callputequal", "Rise/Fall Equal", {"CALLE", "PUTE"}},
      {"digits",
       "Digits",
       {"DIGITMATCH", "DIGITDIFF", "DIGITODD", "DIGITEVEN", "DIGITOVER", "DIGITUNDER"}},
      {"multiplier", "Multiply Up/Multiply Down", {"MULTUP", "MULTDOWN"}},
  }};
  JsonOut out;
  out.begin_array();
  for (const auto& f : families) {
    out.begin_object().text("contract_category", f.category).key("contract_types").begin_array();
    for (const auto t : f.types) out.value(t);
    out.end_array().text("display_name", f.display).end_object();
  }
  r.reply(frame(r.envelope, "contracts_list", "contracts_list", out.end_array().str()));
}

namespace {

/// "today" or "yyyy-mm-dd" as the midnight of that day; empty: neither.
std::optional<core::VenueTime> day_of(std::string_view text, core::VenueTime now) {
  const core::VenueTime today{now.s - now.s % kSecondsOfDay};
  if (text == "today") return today;
  // As far as anybody plans: the days around today, by their own names.
  for (std::int64_t away = -kTradingDays; away <= kTradingDays; ++away) {
    const core::VenueTime day{today.s + away * kSecondsOfDay};
    if (format_day(day.s) == text) return day;
  }
  return std::nullopt;
}

std::string clock_of(std::int64_t second) {
  if (second >= kSecondsOfDay) return "23:59:59";
  return fmt::format("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
}

void write_times(JsonOut& out, const std::vector<DaySpan>& spans) {
  out.key("times").begin_object().key("close").begin_array();
  for (const auto& s : spans) out.value(clock_of(s.to));
  if (spans.empty()) out.value("--");
  out.end_array().key("open").begin_array();
  for (const auto& s : spans) out.value(clock_of(s.from));
  if (spans.empty()) out.value("--");
  out.end_array();
  out.text("settlement", spans.empty() ? "--" : clock_of(spans.back().to)).end_object();
}

void write_trading_day(JsonOut& out, const market::SymbolInfo& s, const Listing* listing,
                       core::VenueTime day, bool v3) {
  static constexpr std::array<std::string_view, 7> kDayNames{"Sun", "Mon", "Tue", "Wed",
                                                             "Thu", "Fri", "Sat"};
  out.begin_object().key("events").begin_array();
  if (listing != nullptr)
    for (const auto& [date, name] : listing->holidays)
      out.begin_object().text("dates", date).text("descrip", name).end_object();
  out.end_array().text("name", s.display_name);
  write_times(out, listing == nullptr ? std::vector{DaySpan{}} : listing->spans_on(day));
  out.key("trading_days").begin_array();
  for (std::size_t d = 0; d < kDayNames.size(); ++d)
    if (listing == nullptr || listing->days[d]) out.value(kDayNames[d]);
  out.end_array().text(v3 ? "symbol" : "underlying_symbol", s.code).end_object();
}

}  // namespace

void MarketCalls::trading_times(Request& r) {
  const bool v3 = r.v3();
  const auto day = day_of(text_or(r.json, "trading_times", "today"), r.now.venue);
  if (!day) return r.refuse({"InvalidDate", "Invalid date."});
  // Market, then submarket, each once, in the order of the feed.
  std::vector<std::pair<std::string_view, std::string_view>> names;
  std::vector<std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < markets_.size(); ++i) {
    if (!markets_.feed().is_listed(i, r.now.venue)) continue;
    const auto group = group_of(markets_.info(i));
    const std::pair name{group.market_name, group.submarket_name};
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) {
      names.push_back(name);
      members.push_back({i});
    } else {
      members[static_cast<std::size_t>(at - names.begin())].push_back(i);
    }
  }
  JsonOut out;
  out.begin_object().key("markets").begin_array();
  std::vector<std::string_view> done;
  for (const auto& [market, first] : names) {
    if (std::find(done.begin(), done.end(), market) != done.end()) continue;
    done.push_back(market);
    out.begin_object().text("name", market).key("submarkets").begin_array();
    for (std::size_t k = 0; k < names.size(); ++k) {
      if (names[k].first != market) continue;
      out.begin_object().text("name", names[k].second).key("symbols").begin_array();
      for (const auto i : members[k])
        write_trading_day(out, markets_.info(i), markets_.feed().listing(i), *day, v3);
      out.end_array().end_object();
    }
    out.end_array().end_object();
  }
  out.end_array().end_object();
  r.reply(frame(r.envelope, "trading_times", "trading_times", out.str()));
}

// ---- v3 only ----

void MarketCalls::website_status(Request& r) {
  std::string id;
  if (r.wants_stream()) {
    Stream* s = r.subscribe(Stream::Kind::kWebsiteStatus, "website_status", ids_);
    if (s == nullptr) return;
    id = s->id;
  }
  r.reply(frame(r.envelope, "website_status", "website_status",
                website_status_payload(terms_, site_), id));
}

void MarketCalls::payout_currencies(Request& r) {
  r.reply(frame(r.envelope, "payout_currencies", "payout_currencies",
                fmt::format("[\"{}\"]", terms_.currency)));
}

// ---- streams ----

void MarketCalls::forget(Request& r) {
  const auto id = text_or(r.json, "forget", "");
  const auto before = r.conn.streams.size();
  r.conn.streams.drop([&](const Stream& s) { return s.id == id; });
  const bool found = r.conn.streams.size() != before;
  r.reply(frame(r.envelope, "forget", "forget", found ? "1" : "0"));
}

void MarketCalls::forget_all(Request& r) {
  const auto types = texts_of(*r.json.find("forget_all"));
  JsonOut out;
  out.begin_array();
  r.conn.streams.drop([&](const Stream& s) {
    const bool gone = std::find(types.begin(), types.end(), s.group()) != types.end();
    if (gone) out.value(s.id);
    return gone;
  });
  r.reply(frame(r.envelope, "forget_all", "forget_all", out.end_array().str()));
}

}  // namespace derivd::sim
