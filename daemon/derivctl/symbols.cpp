// symbols and contracts: what the venue lists, and what it sells on one symbol, asked over its
// public socket; where it cannot be reached, what the daemon was told last.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <random>

#include "common/output.hpp"
#include "core/counted.hpp"
#include "core/printable.hpp"
#include "core/rng.hpp"
#include "core/utc.hpp"
#include "deriv/link.hpp"
#include "derivctl/command.hpp"
#include "derivctl/public_venue.hpp"
#include "derivctl/table.hpp"
#include "derivctl/waiting.hpp"
#include "market/kind.hpp"
#include "market/symbol_words.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using nlohmann::ordered_json;
using std::chrono::seconds;

/// Somebody waits at a terminal, and there may be a cache: a few attempts, no more.
constexpr core::Duration kPatience = seconds(20);

struct SymbolsArgs {
  std::string pattern;
  std::string symbol;
  std::string type;
  bool open = false;
  bool offline = false;
  PublicVenueOptions venue;
};

/// One question: the list alone, or what is sold on one of its symbols, too.
class Question final : public deriv::SessionListener {
 public:
  Question(const SymbolsArgs& args, PublicVenue venue, market::Symbols known)
      : args_(args),
        endpoint_(venue.settings.endpoint),
        symbols_(std::move(known)),
        rng_(std::random_device{}()),
        link_(
            io_, std::move(venue.route), net::Timeouts{}, [this] { return now(); },
            [this] { arm(); }),
        session_(std::move(venue.settings), link_, *this, rng_),
        timer_(io_),
        signals_(io_, SIGINT, SIGTERM),
        waiting_(io_, [this] { return waits_for(); }) {
    link_.attach(session_);
  }

  /// Whether the venue has answered; if not, why() says why.
  bool ask() {
    until_ = now().instant + kPatience;
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      finish("stopped");
      io_.stop();
    });
    session_.start(now());
    arm();
    io_.run();
    return why_.empty();
  }
  const std::string& why() const { return why_; }
  const market::Symbols& symbols() const { return symbols_; }

  // ---- SessionListener ----
  void on_fact(const deriv::Fact& fact) override {
    std::visit([this](const auto& told) { on(told); }, fact);
  }

 private:
  void on(const deriv::fact::State& told) {
    if (!told.reason.empty()) problem_ = std::string(core::without_stop(told.reason));
    if (told.state == deriv::SessionState::kReconciling) session_.reconciled(now());
  }
  void on(const deriv::fact::Symbols& told) {
    if (done_) return;
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    const core::VenueTime asked =
        venue_.s > 0 ? venue_ : core::VenueTime{std::chrono::duration_cast<seconds>(wall).count()};
    symbols_ = symbols_.with_list(told.list, asked, endpoint_);
    if (args_.symbol.empty() || symbols_.listed(args_.symbol) == nullptr) return finish({});
    const market::SymbolCode symbol(args_.symbol);
    session_.ask_offerings(symbol, now());
    wants_hours_ = !symbols_.listed(args_.symbol)->symbol.is_synthetic();
    if (wants_hours_) session_.ask_hours({symbol}, now());
  }
  void on(const deriv::fact::Offerings& told) {
    symbols_ = symbols_.with_offerings(told.symbol, told.offerings);
    offered_ = true;
    if (!wants_hours_ || timed_) finish({});
  }
  void on(const deriv::fact::OfferingsRefused& told) {
    finish(fmt::format("the venue does not say what it sells on {}: {}", args_.symbol, told.why));
  }
  void on(const deriv::fact::Hours& told) {
    symbols_ = symbols_.with_hours(told.symbol, told.hours);
    timed_ = true;
    if (offered_) finish({});
  }
  void on(const deriv::fact::Fatal& told) { finish(std::string(core::without_stop(told.text))); }
  void on(const deriv::fact::Notice& told) {
    problem_ = std::string(core::without_stop(told.text));
  }
  void on(const deriv::fact::Clock& told) { venue_ = told.time; }
  void on(const auto&) {}  // who looks at the market alone has no use for the rest

  core::Now now() const {
    const auto instant = std::chrono::steady_clock::now().time_since_epoch();
    return {{std::chrono::duration_cast<core::Duration>(instant).count()}, {}, venue_};
  }
  std::string waits_for() const {
    if (done_) return {};
    auto step = link_.waiting_for();
    return step.empty() ? problem_ : step;
  }
  void finish(std::string why) {
    if (done_) return;
    done_ = true;
    why_ = std::move(why);
    session_.stop(now());
    arm();
  }
  void arm() {
    if (done_ && session_.state() == deriv::SessionState::kOffline) return io_.stop();
    auto at = until_;
    if (const auto d = session_.next_deadline(); d && *d < at) at = *d;
    timer_.expires_at(std::chrono::steady_clock::time_point(core::Duration(at.ns)));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      const auto time = now();
      if (const auto d = session_.next_deadline(); d && *d <= time.instant) {
        session_.on_deadline(time);
      }
      if (time.instant >= until_) {
        if (done_) return io_.stop();
        until_ = time.instant + seconds(1);  // for the farewell
        finish(fmt::format("no answer of the venue within {} s{}", kPatience / seconds(1),
                           problem_.empty() ? "" : ": " + problem_));
      }
      arm();
    });
  }

  const SymbolsArgs& args_;
  const std::string endpoint_;
  market::Symbols symbols_;
  boost::asio::io_context io_{1};
  core::Rng rng_;
  deriv::Link link_;
  deriv::Session session_;
  boost::asio::steady_timer timer_;
  boost::asio::signal_set signals_;
  Waiting waiting_;
  core::VenueTime venue_;
  core::Instant until_;
  bool wants_hours_ = false, offered_ = false, timed_ = false, done_ = false;
  std::string problem_;
  std::string why_;
};

/// What is known, and who said so.
struct Known {
  market::Symbols symbols;
  std::string_view source;  // "venue", "cache", "snapshot"
};

/// The venue's word, or the cache's where it gives none, which is said.
boost::system::result<Known, int> know(const Context& context, const SymbolsArgs& args) {
  const auto cached = context.symbols();
  const Known without{cached, cached.is_learned() ? "cache" : "snapshot"};
  if (args.offline) return without;
  auto venue = public_venue(context, args.venue);
  if (!venue) return fail(service::kCtlUsage, venue.error().text);
  Question question(args, std::move(*venue), cached);
  if (question.ask()) return Known{question.symbols(), "venue"};
  warn(fmt::format("{}; this is {}", question.why(), cached.source()));
  return without;
}

/// Throws nothing: a code of derivctl is no error that unwinds.
ordered_json symbols_head_of(const Known& known) {
  ordered_json out;
  out["source"] = known.source;
  out["venue"] = known.symbols.venue();
  out["asked"] = known.symbols.asked().s;
  out["asked_utc"] = known.symbols.is_learned() ? ordered_json(core::utc_iso(known.symbols.asked()))
                                                : ordered_json(nullptr);
  return out;
}

std::string small(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

bool matches(const market::SymbolInfo& info, const std::string& pattern) {
  if (pattern.empty()) return true;
  const auto wanted = small(pattern);
  for (const auto text :
       {info.code.view(), info.display_name.view(), info.market.view(), info.submarket.view()}) {
    if (small(text).find(wanted) != std::string::npos) return true;
  }
  return false;
}

/// Of the snapshot every index of the venue's own is open; else as it was told.
std::string_view state_of(const market::Symbols& symbols, const market::SymbolInfo& info) {
  const auto* row = symbols.listed(info.code);
  if (row == nullptr) return "";
  return row->is_suspended ? "suspended" : row->is_open ? "open" : "closed";
}

int list_symbols(const Context& context, const SymbolsArgs& args) {
  const auto known = know(context, args);
  if (!known) return known.error();
  auto rows = ordered_json::array();
  for (const auto* info : known->symbols.all()) {
    const auto state = state_of(known->symbols, *info);
    if (!matches(*info, args.pattern) || (args.open && state != "open")) continue;
    rows.push_back({{"symbol", info->code.view()},
                    {"name", info->display_name.view()},
                    {"market", info->market.view()},
                    {"submarket", info->submarket.view()},
                    {"decimals", info->decimals},
                    {"state", state.empty() ? ordered_json(nullptr) : ordered_json(state)}});
  }
  if (context.json) {
    auto out = symbols_head_of(*known);
    out["symbols"] = rows;
    out::json(out);
    return service::kCtlOk;
  }
  if (rows.empty()) {
    const auto near = known->symbols.nearest(args.pattern);
    return fail(service::kCtlNotFound,
                fmt::format("no symbol{} {} '{}' in {}{}", args.open ? " that is open" : "",
                            "matches", args.pattern, known->symbols.source(),
                            near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  }
  out::show(table_text(rows,
                       {"symbol",
                        "name",
                        {"market", 2},
                        {"submarket", 3},
                        {"decimals", 1},
                        {"state", 1, Tint::kNone, "null"}},
                       out::look()));
  out::print("{}, by {}\n", core::counted(rows.size(), "symbol"), known->symbols.source());
  return service::kCtlOk;
}

template <class T, class Text>
ordered_json list_json(const std::vector<T>& values, Text&& text) {
  auto out = ordered_json::array();
  for (const auto& v : values) out.push_back(text(v));
  return out;
}
ordered_json number_json(const std::optional<core::Decimal>& value) {
  return value ? ordered_json(value->to_string()) : ordered_json(nullptr);
}

ordered_json offer_to_json(const market::Offer& o) {
  const auto decimal = [](const core::Decimal& d) { return d.to_string(); };
  const auto duration = [](const market::ContractDuration& d) { return d.to_string(); };
  const auto length = [&](const market::ContractDuration& d) {
    return d.count > 0 ? ordered_json(d.to_string()) : ordered_json(nullptr);
  };
  ordered_json out;
  out["type"] = o.type.view();
  out["length"] = market::name_of(o.length);
  out["shortest"] = length(o.shortest);
  out["longest"] = length(o.longest);
  out["barriers"] = o.barriers;
  out["barrier"] = o.barrier.empty() ? ordered_json(nullptr) : ordered_json(o.barrier.view());
  out["barrier2"] = o.barrier2.empty() ? ordered_json(nullptr) : ordered_json(o.barrier2.view());
  out["barrier_choices"] = list_json(o.barrier_choices, [](const auto& b) { return b.str(); });
  out["growth_rates"] = list_json(o.growth_rates, decimal);
  out["multipliers"] = o.multipliers;
  out["cancellations"] = list_json(o.cancellations, duration);
  out["payout_choices"] = list_json(o.payout_choices, decimal);
  out["min_stake"] = number_json(o.min_stake);
  out["max_stake"] = number_json(o.max_stake);
  out["max_payout"] = number_json(o.max_payout);
  out["derivd_buys"] = market::contract_type_from(o.type.view()).has_value();
  return out;
}

std::string joined(const ordered_json& list) {
  std::string out;
  for (const auto& item : list) {
    out += fmt::format("{}{}", out.empty() ? "" : ", ",
                       item.is_string() ? item.get<std::string>() : item.dump());
  }
  return out;
}

/// The terms of an offer that have no column, in words.
std::string terms_of(const ordered_json& offer) {
  std::string out;
  const auto add = [&](std::string_view what, const std::string& words) {
    if (!words.empty()) out += fmt::format("{}{} {}", out.empty() ? "" : "; ", what, words);
  };
  add("barrier as", offer["barrier"].is_string() ? offer["barrier"].get<std::string>() : "");
  add("barriers", joined(offer["barrier_choices"]));
  add("growth", joined(offer["growth_rates"]));
  add("multiplier", joined(offer["multipliers"]));
  add("cancellation", joined(offer["cancellations"]));
  add("payout per point", joined(offer["payout_choices"]));
  return out;
}

std::string range_of(const ordered_json& low, const ordered_json& high) {
  const auto text = [](const ordered_json& j) {
    return j.is_string() ? j.get<std::string>() : std::string{};
  };
  const auto from = text(low);
  const auto to = text(high);
  if (from.empty() && to.empty()) return "";
  return fmt::format("{} to {}", from.empty() ? "?" : from, to.empty() ? "?" : to);
}

/// When its market is open, where that is known and not always.
ordered_json hours_json(const market::Symbols& symbols, std::string_view symbol) {
  const auto* hours = symbols.hours(symbol);
  if (hours == nullptr) return nullptr;
  auto spans = ordered_json::array();
  for (const auto& s : hours->spans()) {
    spans.push_back({{"from", core::utc_iso(s.from)}, {"to", core::utc_iso(s.to)}});
  }
  const auto closed = hours->closed_text(symbols.asked());
  return {{"open", spans},
          {"known_until", core::utc_iso(hours->known_until())},
          {"closed", closed.empty() ? ordered_json(nullptr) : ordered_json(closed)}};
}

void print_contracts(const Known& known, const market::SymbolInfo& info,
                     const ordered_json& offers) {
  auto rows = ordered_json::array();
  for (const auto& o : offers) {
    rows.push_back({{"type", o["type"]},
                    {"lasts", range_of(o["shortest"], o["longest"])},
                    {"barriers", o["barriers"]},
                    {"stake", range_of(o["min_stake"], o["max_stake"])},
                    {"derivd", o["derivd_buys"] == true ? "buys it" : "-"},
                    {"terms", terms_of(o)}});
  }
  out::print("{} ({}), {}{}, {}\n", info.code, info.display_name,
             info.market.empty() ? "market unknown" : info.market.view(),
             info.submarket.empty() ? "" : fmt::format(", {}", info.submarket),
             core::counted(info.decimals, "decimal"));
  const auto* hours = known.symbols.hours(info.code);
  if (hours != nullptr) {
    const auto now = known.symbols.asked();
    const auto closed = hours->closed_text(now);
    const auto closes = hours->closes(now);
    out::print("{}\n", !closed.empty() ? closed
                       : closes        ? fmt::format("open until {}", market::minute_of(*closes))
                                       : "open");
  }
  out::show(table_text(
      rows,
      {"type", "lasts", {"barriers", 2}, {"stake", 1}, {"derivd", 3}, Column::sentence("terms")},
      out::look()));
  out::print("{}, by {}\n", core::counted(offers.size(), "offer"), known.symbols.source());
}

int list_contracts(const Context& context, const SymbolsArgs& args) {
  if (!market::is_symbol_code(args.symbol)) {
    return fail(service::kCtlUsage, market::not_a_symbol(context.symbols(), args.symbol));
  }
  const auto known = know(context, args);
  if (!known) return known.error();
  const auto& symbols = known->symbols;
  const auto* info = symbols.find(args.symbol);
  if (info == nullptr || (symbols.is_learned() && symbols.listed(args.symbol) == nullptr)) {
    const auto near = symbols.nearest(args.symbol);
    return fail(service::kCtlNotFound,
                fmt::format("{} is not in {}{}", args.symbol, symbols.source(),
                            near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  }
  const auto* offerings = symbols.offerings(args.symbol);
  if (offerings == nullptr) {
    return fail(
        service::kCtlNotFound,
        fmt::format("what is sold on {} is not known: the venue was never asked", args.symbol));
  }
  auto rows = ordered_json::array();
  for (const auto& offer : offerings->offers) {
    if (args.type.empty() || offer.type.view() == args.type) rows.push_back(offer_to_json(offer));
  }
  if (rows.empty()) {
    return fail(service::kCtlNotFound,
                fmt::format("{} is not offered on {}; offered: {}", args.type, args.symbol,
                            fmt::join(offerings->types(), ", ")));
  }
  if (context.json) {
    auto out = symbols_head_of(*known);
    out["symbol"] = info->code.view();
    out["name"] = info->display_name.view();
    out["market"] = info->market.view();
    out["submarket"] = info->submarket.view();
    out["decimals"] = info->decimals;
    out["hours"] = hours_json(symbols, args.symbol);
    out["contracts"] = rows;
    out::json(out);
  } else {
    print_contracts(*known, *info, rows);
  }
  return service::kCtlOk;
}

void add_symbols_venue_options(Command c, SymbolsArgs& args) {
  c.flag("--offline", args.offline, "do not ask the venue: what the daemon was told last");
  add_public_venue_options(c, args.venue);
}

}  // namespace

void add_symbols(Commands& commands) {
  const auto& context = commands.context();
  const auto listing = std::make_shared<SymbolsArgs>();
  auto c = commands.add("symbols", "the symbols that the venue lists");
  c.option("PATTERN", listing->pattern, "part of a code, a name or a market");
  c.flag("--open", listing->open, "only those whose market is open now");
  add_symbols_venue_options(c, *listing);
  commands.on(c, [&context, listing] { return list_symbols(context, *listing); });

  const auto offers = std::make_shared<SymbolsArgs>();
  auto o = commands.add("contracts", "what can be bought on a symbol: lengths, barriers, stakes");
  o.option("SYMBOL", offers->symbol, "as R_100 or frxEURUSD").required();
  o.option("TYPE", offers->type, "one contract type alone, as CALL");
  add_symbols_venue_options(o, *offers);
  commands.on(o, [&context, offers] { return list_contracts(context, *offers); });
}

}  // namespace derivd::ctl
