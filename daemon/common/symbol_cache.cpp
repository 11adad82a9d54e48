#include "common/symbol_cache.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/bounds.hpp"
#include "core/check.hpp"
#include "core/printable.hpp"
#include "store/archive_files.hpp"
#include "threads/without_signals.hpp"

namespace derivd::daemon {
namespace {

using core::Decimal;
using core::Result;
using core::VenueTime;
using market::ContractDuration;
using market::ListedSymbol;
using market::Offer;
using market::Offerings;
using market::TradingHours;
using nlohmann::json;

constexpr std::string_view kHead = "derivd-symbols 1 ";
constexpr std::size_t kMaxSpans = 200;      // of eight days
constexpr std::int64_t kMostDecimals = 12;  // as the session believes
/// What is learned in one go is written in one go.
constexpr auto kSettleDown = std::chrono::milliseconds(500);

std::string checksum(std::string_view body) {
  const auto sum = ::crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  return fmt::format("{:08x}", static_cast<std::uint32_t>(sum));
}

// ---- writing ----

template <class T, class Text>
json list_of(const std::vector<T>& values, Text&& text) {
  auto out = json::array();
  for (const auto& v : values) out.push_back(text(v));
  return out;
}
json text_of(const std::optional<Decimal>& value) {
  return value ? json(value->to_string()) : json(nullptr);
}
std::string of_decimal(const Decimal& d) { return d.to_string(); }
std::string of_duration(const ContractDuration& d) { return d.to_string(); }
std::string of_barrier(const core::ShortString<24>& b) { return b.str(); }

json symbol_to_json(const Offer& o) {
  json out{
      {"type", o.type.view()}, {"length", market::name_of(o.length)}, {"barriers", o.barriers}};
  if (o.shortest.count > 0) out["from"] = o.shortest.to_string();
  if (o.longest.count > 0) out["to"] = o.longest.to_string();
  if (!o.barrier.empty()) out["barrier"] = o.barrier.view();
  if (!o.barrier2.empty()) out["barrier2"] = o.barrier2.view();
  const auto put = [&out](const char* key, json list) {
    if (!list.empty()) out[key] = std::move(list);
  };
  put("growth_rates", list_of(o.growth_rates, of_decimal));
  put("multipliers", json(o.multipliers));
  put("cancellations", list_of(o.cancellations, of_duration));
  put("barrier_choices", list_of(o.barrier_choices, of_barrier));
  put("payout_choices", list_of(o.payout_choices, of_decimal));
  out["min_stake"] = text_of(o.min_stake);
  out["max_stake"] = text_of(o.max_stake);
  out["max_payout"] = text_of(o.max_payout);
  return out;
}

json symbol_to_json(const TradingHours& h) {
  auto spans = json::array();
  for (const auto& s : h.spans()) spans.push_back({s.from.s, s.to.s});
  return {{"from", h.known_from().s},
          {"until", h.known_until().s},
          {"open", std::move(spans)},
          {"reason", h.reason()}};
}

json symbol_to_json(const ListedSymbol& row, const market::Symbols& symbols) {
  const auto& s = row.symbol;
  json out{{"code", s.code.view()},        {"name", s.display_name.view()},
           {"market", s.market.view()},    {"submarket", s.submarket.view()},
           {"decimals", s.decimals},       {"open", row.is_open},
           {"suspended", row.is_suspended}};
  const auto* offerings = symbols.offerings(s.code);
  if (offerings != nullptr && offerings->asked.s > 0) {
    auto offers = json::array();
    for (const auto& o : offerings->offers) offers.push_back(symbol_to_json(o));
    out["offerings"] = {{"asked", offerings->asked.s}, {"offers", std::move(offers)}};
  }
  if (const auto* hours = symbols.hours(s.code)) out["hours"] = symbol_to_json(*hours);
  return out;
}

// ---- reading ----

core::Error bad(std::string_view what) { return core::invalid(std::string(what)); }

Result<std::string> text_at(const json& j, const char* key, std::size_t most) {
  const auto at = j.find(key);
  if (at == j.end()) return std::string{};
  if (!at->is_string()) return bad(fmt::format("{} is not a text", key));
  auto out = at->get<std::string>();
  if (out.size() > most || !core::is_printable(out)) return bad(fmt::format("{} is no word", key));
  return out;
}
Result<std::int64_t> number_at(const json& j, const char* key, std::int64_t low,
                               std::int64_t high) {
  const auto at = j.find(key);
  if (at == j.end() || !at->is_number_integer()) return bad(fmt::format("{} is no number", key));
  // Beyond the signed range nlohmann keeps an unsigned one.
  const bool huge = at->is_number_unsigned() && at->get<std::uint64_t>() > INT64_MAX;
  const auto out = huge ? INT64_MAX : at->get<std::int64_t>();
  if (out < low || out > high) return bad(fmt::format("{} is out of range", key));
  return out;
}
Result<VenueTime> time_at(const json& j, const char* key) {
  const auto s = number_at(j, key, 0, core::kLastSecond);
  if (!s) return s.error();
  return VenueTime{*s};
}
bool flag_at(const json& j, const char* key) {
  const auto at = j.find(key);
  return at != j.end() && at->is_boolean() && at->get<bool>();
}
Result<ContractDuration> duration_at(const json& j, const char* key) {
  const auto text = text_at(j, key, 20);
  if (!text) return text.error();
  return text->empty() ? Result<ContractDuration>(ContractDuration{})
                       : ContractDuration::parse(*text);
}
Result<std::optional<Decimal>> decimal_at(const json& j, const char* key) {
  const auto at = j.find(key);
  if (at == j.end() || at->is_null()) return std::optional<Decimal>{};
  const auto text = text_at(j, key, 40);
  if (!text) return text.error();
  const auto value = Decimal::parse(*text);
  if (!value) return value.error();
  return std::optional(*value);
}

template <class T, class Take>
Result<void> read_list(const json& j, const char* key, std::size_t most, std::vector<T>& out,
                       Take&& take) {
  const auto at = j.find(key);
  if (at == j.end()) return {};
  if (!at->is_array() || at->size() > most) return bad(fmt::format("{} is no list", key));
  for (const auto& item : *at) {
    auto one = take(item);
    if (!one) return one.error();
    out.push_back(std::move(*one));
  }
  return {};
}
Result<Decimal> decimal_of(const json& item) {
  if (!item.is_string()) return bad("a decimal is no text");
  return Decimal::parse(item.get_ref<const std::string&>());
}
Result<ContractDuration> duration_of(const json& item) {
  if (!item.is_string()) return bad("a duration is no text");
  return ContractDuration::parse(item.get_ref<const std::string&>());
}
Result<core::ShortString<24>> barrier_of(const json& item) {
  if (!item.is_string()) return bad("a barrier is no text");
  const auto& text = item.get_ref<const std::string&>();
  if (text.size() > 24 || !core::is_printable(text)) return bad("a barrier is no word");
  return core::ShortString<24>(text);
}
Result<std::uint16_t> multiplier_of(const json& item) {
  if (!item.is_number_unsigned() || item.get<std::uint64_t>() > UINT16_MAX) {
    return bad("a multiplier is no number");
  }
  return item.get<std::uint16_t>();
}

#define CACHE_TRY(expression) \
  if (auto done = (expression); !done) return done.error()

Result<Offer> offer_of(const json& j) {
  Offer out;
  const auto type = text_at(j, "type", 24);
  if (!type) return type.error();
  const auto word = text_at(j, "length", 24);
  if (!word) return word.error();
  const auto length = market::length_from(*word);
  if (type->empty() || !length) return bad("an offer has no type or no length");
  out.type = *type;
  out.length = *length;
  const auto barriers = number_at(j, "barriers", 0, 2);
  if (!barriers) return barriers.error();
  out.barriers = static_cast<std::uint8_t>(*barriers);
  const auto put = [](auto&& read, auto& into) -> Result<void> {
    if (!read) return read.error();
    into = std::move(*read);
    return {};
  };
  CACHE_TRY(put(duration_at(j, "from"), out.shortest));
  CACHE_TRY(put(duration_at(j, "to"), out.longest));
  CACHE_TRY(put(decimal_at(j, "min_stake"), out.min_stake));
  CACHE_TRY(put(decimal_at(j, "max_stake"), out.max_stake));
  CACHE_TRY(put(decimal_at(j, "max_payout"), out.max_payout));
  CACHE_TRY(put(text_at(j, "barrier", 24), out.barrier));
  CACHE_TRY(put(text_at(j, "barrier2", 24), out.barrier2));
  constexpr auto kMost = market::kMaxChoices;
  CACHE_TRY(read_list(j, "growth_rates", kMost, out.growth_rates, decimal_of));
  CACHE_TRY(read_list(j, "multipliers", kMost, out.multipliers, multiplier_of));
  CACHE_TRY(read_list(j, "cancellations", kMost, out.cancellations, duration_of));
  CACHE_TRY(read_list(j, "barrier_choices", kMost, out.barrier_choices, barrier_of));
  CACHE_TRY(read_list(j, "payout_choices", kMost, out.payout_choices, decimal_of));
  return out;
}

Result<Offerings> offerings_of(const json& j) {
  Offerings out;
  const auto asked = time_at(j, "asked");
  if (!asked) return asked.error();
  out.asked = *asked;
  CACHE_TRY(read_list(j, "offers", market::kMaxOffers, out.offers, offer_of));
  return out;
}

Result<TradingHours> hours_of(const json& j) {
  const auto from = time_at(j, "from");
  const auto until = time_at(j, "until");
  const auto reason = text_at(j, "reason", 200);
  if (!from || !until || !reason || *until < *from) return bad("hours without a span");
  std::vector<TradingHours::Span> spans;
  VenueTime last = *from;
  CACHE_TRY(
      read_list(j, "open", kMaxSpans, spans, [&](const json& s) -> Result<TradingHours::Span> {
        const bool pair =
            s.is_array() && s.size() == 2 && s[0].is_number_unsigned() && s[1].is_number_unsigned();
        if (!pair) return bad("a span of hours is no pair");
        const auto a = s[0].get<std::uint64_t>();
        const auto b = s[1].get<std::uint64_t>();
        const auto most = static_cast<std::uint64_t>(until->s);
        if (a < static_cast<std::uint64_t>(last.s) || b <= a || b > most) {
          return bad("a span of hours does not rise");
        }
        last = {static_cast<std::int64_t>(b)};
        return TradingHours::Span{{static_cast<std::int64_t>(a)}, last};
      }));
  return TradingHours(*from, *until, std::move(spans), *reason);
}

Result<ListedSymbol> symbol_of(const json& j) {
  ListedSymbol out;
  const auto code = text_at(j, "code", market::SymbolCode::kCapacity);
  if (!code || !market::is_symbol_code(*code)) return bad("a symbol has no code");
  const auto name = text_at(j, "name", 60);
  const auto place = text_at(j, "market", 30);
  const auto part = text_at(j, "submarket", 30);
  const auto decimals = number_at(j, "decimals", 0, kMostDecimals);
  if (!name || !place || !part || !decimals) return bad(fmt::format("{} is not described", *code));
  out.symbol.code = *code;
  out.symbol.display_name = *name;
  out.symbol.market = *place;
  out.symbol.submarket = *part;
  out.symbol.decimals = static_cast<std::uint8_t>(*decimals);
  out.is_open = flag_at(j, "open");
  out.is_suspended = flag_at(j, "suspended");
  return out;
}

Result<market::Symbols> symbols_of(const json& j) {
  const auto venue = text_at(j, "venue", 300);
  if (!venue) return venue.error();
  const auto asked = time_at(j, "asked");
  if (!asked) return asked.error();
  std::vector<ListedSymbol> list;
  CACHE_TRY(read_list(j, "symbols", market::kMaxListed, list, symbol_of));
  if (list.empty() || asked->s == 0) return bad("it lists no symbol");
  auto out = market::Symbols{}.with_list(list, *asked, *venue);
  for (const auto& row : j["symbols"]) {
    const auto code = row["code"].get<std::string>();
    if (const auto at = row.find("offerings"); at != row.end()) {
      auto offerings = offerings_of(*at);
      if (!offerings) return offerings.error();
      out = out.with_offerings(code, std::move(*offerings));
    }
    if (const auto at = row.find("hours"); at != row.end()) {
      auto hours = hours_of(*at);
      if (!hours) return hours.error();
      out = out.with_hours(code, std::move(*hours));
    }
  }
  return out;
}

#undef CACHE_TRY

}  // namespace

std::string write_symbols(const market::Symbols& symbols) {
  DERIVD_CHECK(symbols.is_learned(), "only what the venue said is kept");
  json out{{"venue", symbols.venue()}, {"asked", symbols.asked().s}, {"symbols", json::array()}};
  for (const auto* info : symbols.all()) {
    out["symbols"].push_back(symbol_to_json(*symbols.listed(info->code), symbols));
  }
  return sealed(out.dump(1) + '\n');
}

std::string sealed(std::string_view json) {
  return fmt::format("{}{}\n{}", kHead, checksum(json), json);
}

Result<market::Symbols> read_symbols(std::string_view bytes) {
  const auto end = bytes.find('\n');
  if (!bytes.starts_with(kHead) || end == std::string_view::npos) {
    return bad("it is no list of symbols of this version");
  }
  const auto body = bytes.substr(end + 1);
  if (bytes.substr(kHead.size(), end - kHead.size()) != checksum(body)) {
    return bad("its checksum is not that of its content");
  }
  const auto parsed = json::parse(body, nullptr, false);
  if (!parsed.is_object()) return bad("it is no JSON object");
  return symbols_of(parsed);
}

CachedSymbols load_symbols(const std::string& state_directory) {
  CachedSymbols out;
  if (state_directory.empty()) return out;
  const auto told = [&](const core::Error& error) {
    out.problem = fmt::format("{}/{} is left out: {}; the venue is asked anew at the next start",
                              state_directory, kSymbolCache, error.text);
    return out;
  };
  const auto folder = store::Folder::open(state_directory, store::Folder::Use::kRead);
  if (!folder)
    return folder.error().kind == core::ErrorKind::kNotFound ? out : told(folder.error());
  const auto bytes = folder->read(std::string(kSymbolCache), kMaxSymbolCache);
  if (!bytes) return bytes.error().kind == core::ErrorKind::kNotFound ? out : told(bytes.error());
  auto symbols = read_symbols(*bytes);
  if (!symbols) return told(symbols.error());
  out.symbols = std::move(*symbols);
  return out;
}

SymbolKeeper::SymbolKeeper(std::string state_directory) : directory_(std::move(state_directory)) {
  thread_ = threads::start_without_signals([this] { run(); });
}

SymbolKeeper::~SymbolKeeper() {
  stop_ = true;
  wake_.release();
  thread_.join();
  delete problem_.exchange(nullptr);
  delete next_.exchange(nullptr);
}

void SymbolKeeper::keep(const market::Symbols& symbols) {
  if (!symbols.is_learned()) return;
  delete next_.exchange(new market::Symbols(symbols));
  wake_.release();
}

std::optional<std::string> SymbolKeeper::take_problem() {
  const std::unique_ptr<std::string> text(problem_.exchange(nullptr));
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

void SymbolKeeper::run() {
  while (!stop_) {
    wake_.acquire();
    while (!stop_ && wake_.try_acquire_for(kSettleDown)) {
    }
    write();
  }
  write();  // told to end before it had begun
}

void SymbolKeeper::write() {
  const std::unique_ptr<market::Symbols> symbols(next_.exchange(nullptr));
  if (!symbols) return;
  const auto bytes = write_symbols(*symbols);
  const auto folder = store::Folder::open(directory_, store::Folder::Use::kWrite);
  const auto done =
      folder ? folder->replace(std::string(kSymbolCache), bytes) : Result<void>(folder.error());
  if (!done) delete problem_.exchange(new std::string(done.error().text));
}

}  // namespace derivd::daemon
