// A session on virtual time with a scripted venue: what it asks of Wire and what it tells its
// listener is recorded as text, in order. Shared by the tests of deriv/.
#pragma once

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

#include "deriv/session.hpp"
#include "market/kind.hpp"

namespace derivd::deriv::test {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

inline market::ContractSpec spec_of(market::ContractType type, std::string_view symbol = "R_100") {
  market::ContractSpec spec;
  spec.type = type;
  spec.symbol = symbol;
  spec.duration = {1, market::ContractDuration::Unit::kTicks};
  if (market::has_form(type, market::BarrierForm::kDigit)) spec.set_digit(5);
  if (market::has_form(type, market::BarrierForm::kOffset))
    spec.set_offset(core::Price::raw(36, 2));
  if (market::kind_of(type).needs.multiplier) {
    spec.duration = {};
    spec.multiplier_terms().multiplier = 100;
  }
  return spec;
}

class FakeWire final : public Wire {
 public:
  void http(const HttpCall& call) override {
    log.push_back(fmt::format("http {} {}", call.method, call.url));
    headers = call.headers;
  }
  void open(const std::string& url) override {
    log.push_back(fmt::format("open {}", url));
    is_open = true;
  }
  void send(std::string_view frame) override {
    log.push_back(fmt::format("send {}", frame));
    sent.push_back(json::parse(frame));
  }
  void close() override {
    log.push_back("close");
    is_open = false;
  }
  void use(const VenueAddress& address) override {
    log.push_back(fmt::format("trust {}", address.ca_file));
    log.push_back(fmt::format("proxy {}", address.proxy));
  }

  std::vector<std::string> log;
  std::vector<json> sent;
  std::vector<std::pair<std::string, std::string>> headers;
  bool is_open = false;
};

class Recorder final : public SessionListener {
 public:
  void on_fact(const Fact& fact) override {
    std::visit([this](const auto& told) { on(told); }, fact);
  }
  void on(const fact::State& told) {
    const auto name = name_of(told.state);
    add(told.reason.empty() ? fmt::format("state {}", name)
                            : fmt::format("state {}: {}", name, told.reason));
    if (state_hook) state_hook(told.state);
  }
  void on(const fact::Account& told) {
    const auto& a = told.account;
    add(fmt::format("account {} {} {} {}", a.id, a.is_real ? "real" : "demo", a.currency,
                    a.balance.to_string()));
  }
  void on(const fact::Tick& told) {
    const auto& tick = told.tick;
    add(fmt::format("{} {} {} {}", told.history ? "past" : "tick", tick.symbol, tick.epoch.s,
                    tick.quote.to_string()));
    if (tick_hook) tick_hook(tick, told.history);
  }
  void on(const fact::OwnLimits& told) {
    const auto& l = told.limits;
    add(fmt::format("own limits open {} loss {} until {}",
                    l.max_open ? std::to_string(*l.max_open) : "-",
                    l.day_loss ? l.day_loss->to_string() : "-",
                    l.excluded_until ? std::to_string(l.excluded_until->s) : "-"));
  }
  void on(const fact::Silence& told) {
    add(fmt::format("{} {} {}", told.silent ? "silent" : "again", told.symbol,
                    std::chrono::duration_cast<std::chrono::seconds>(told.pause).count()));
  }
  // Apart from the rest, which is what trading hears.
  void on(const fact::Symbols& told) {
    heard.push_back(fmt::format("symbols {}", told.list.size()));
  }
  void on(const fact::Offerings& told) {
    heard.push_back(fmt::format("offerings {} {} at {}", told.symbol, told.offerings.offers.size(),
                                told.offerings.asked.s));
  }
  void on(const fact::OfferingsRefused& told) {
    heard.push_back(fmt::format("refused {} {}", told.symbol, told.code));
  }
  void on(const fact::Hours& told) {
    heard.push_back(fmt::format("hours {} until {}", told.symbol, told.hours.known_until().s));
  }
  void on(const fact::Quoted& told) {
    const auto& q = told.quote;
    add(fmt::format("quote {} {} {} {}{}", q.order.value, q.id, q.ask.to_string(),
                    q.payout.to_string(), q.fee ? " fee " + q.fee->to_string() : std::string{}));
  }
  void on(const fact::QuoteRefused& told) {
    refusal = told.refusal.kind;
    add(fmt::format("quote-refused {} {}: {}", told.order.value, told.refusal.code,
                    told.refusal.message));
  }
  void on(const fact::Price& told) {
    const auto& p = told.price;
    add(fmt::format("price {} {} {} at {} {}: {}", p.number, p.ask.to_string(),
                    p.payout.to_string(), p.spot ? p.spot->to_string() : "-",
                    p.start ? p.start->s : 0, p.words));
    if (price_hook) price_hook(p.number);
  }
  void on(const fact::PriceRefused& told) {
    add(fmt::format("price-refused {} {}: {}", told.number, told.code, told.why));
    if (price_hook) price_hook(told.number);
  }
  void on(const fact::Bought& told) {
    bought = told.bought;
    add(fmt::format("bought {} contract {} price {} payout {}", told.order.value,
                    bought.contract.value, bought.buy_price.to_string(),
                    bought.payout ? bought.payout->to_string() : "none"));
    if (bought_hook) bought_hook(told.bought);
  }
  void on(const fact::Refused& told) {
    const auto& r = told.refusal;
    refusal = r.kind;
    const bool permanent = r.kind == execution::RefusalKind::kForGood;
    add(fmt::format("refused {} {}{}: {}", told.order.value, r.code, permanent ? " permanent" : "",
                    r.message));
  }
  void on(const fact::Unknown& told) {
    answered = told.answer == nullptr ? std::nullopt : std::optional(told.answer->kind);
    add(fmt::format("unknown {}: {}", told.order.value, told.why));
  }
  void on(const fact::Contract& told) {
    const auto& r = told.report;
    contracts.push_back(r);
    add(fmt::format("contract {} {}{}{}", r.contract.value, r.status, r.is_sold ? " sold" : "",
                    told.polled ? " polled" : ""));
  }
  void on(const fact::Transaction& told) {
    transactions.push_back(told.report);
    add(fmt::format("transaction {} {}", told.report.transaction.value,
                    told.report.amount.to_string()));
  }
  void on(const fact::Balance& told) { add(fmt::format("balance {}", told.balance.to_string())); }
  void on(const fact::Report& told) {
    const auto& r = told.report;
    reports.push_back(r);
    add(fmt::format("report as of {} portfolio {} profit {}", r.as_of.s, r.portfolio.size(),
                    r.profit_table.size()));
    if (report_hook) report_hook(r);
  }
  void on(const fact::NoContract& told) { add(fmt::format("no-contract {}", told.contract.value)); }
  void on(const fact::Sold& told) {
    add(fmt::format("sold {} {}", told.contract.value, told.price.to_string()));
  }
  void on(const fact::SellFailed& told) {
    add(fmt::format("sell-failed {} {}: {}", told.contract.value, told.code, told.message));
  }
  void on(const fact::Notice& told) {
    add(fmt::format("notice {}: {}", core::name_of(told.kind), told.text));
  }
  void on(const fact::TokenReplaced& told) {
    add(told.taken ? "token taken" : fmt::format("token dropped: {}", told.why));
  }
  void on(const fact::VenueChanged& told) {
    add(told.taken ? "venue taken" : fmt::format("venue dropped: {}", told.why));
  }
  void on(const fact::Fatal& told) {
    fatal = told.kind;
    add(fmt::format("fatal {}: {}", static_cast<int>(told.kind), told.text));
  }
  void on(const fact::Clock& told) { venue = told.time; }
  void on(const fact::Past& told) { past.push_back(told.past); }
  void on(const fact::PastRefused& told) {
    refused_past.push_back(
        fmt::format("{} {} {}: {}", told.symbol, told.from.s, told.to.s, told.why));
  }
  void on(const fact::Candles& told) { candles.push_back(told.candles); }
  void on(const fact::CandlesRefused& told) {
    refused_candles.push_back(
        fmt::format("{} {} {}: {}", told.symbol, told.seconds, told.from.s, told.why));
  }

  std::optional<execution::RefusalKind> refusal;   // of the last purchase or quote refused
  std::optional<execution::RefusalKind> answered;  // of the last unknown one, if it was answered

  void add(std::string line) { log.push_back(std::move(line)); }
  std::size_t count(std::string_view prefix) const {
    std::size_t n = 0;
    for (const auto& line : log) n += line.starts_with(prefix) ? 1 : 0;
    return n;
  }
  bool has(std::string_view prefix) const { return count(prefix) > 0; }
  /// The last line that starts so, or "".
  std::string last(std::string_view prefix) const {
    for (auto at = log.rbegin(); at != log.rend(); ++at) {
      if (at->starts_with(prefix)) return *at;
    }
    return {};
  }

  std::vector<std::string> heard;
  std::vector<std::string> log;
  std::vector<execution::VenueReport> reports;
  std::vector<execution::ContractReport> contracts;
  std::vector<execution::TransactionReport> transactions;
  std::vector<PastTicks> past;
  std::vector<std::string> refused_past;
  std::vector<PastCandles> candles;
  std::vector<std::string> refused_candles;
  execution::Bought bought;
  std::optional<FatalKind> fatal;
  core::VenueTime venue;
  std::function<void(SessionState)> state_hook;
  std::function<void(std::int64_t)> price_hook;
  std::function<void(const market::Tick&, bool)> tick_hook;
  std::function<void(const execution::Bought&)> bought_hook;
  std::function<void(const execution::VenueReport&)> report_hook;
};

inline const std::string kStream = "11111111-2222-3333-4444-555555555555";

class Rig {
 public:
  explicit Rig(Dialect dialect = Dialect::kOptions,
               const std::function<void(SessionSettings&)>& adjust = {})
      : dialect_(dialect), rng(42) {
    SessionSettings settings;
    settings.dialect = dialect;
    settings.account = "demo";
    settings.app_id = dialect == Dialect::kOptions ? "app0000000000000000aa" : "1089";
    settings.token = core::Secret(token());
    if (adjust) adjust(settings);
    session = std::make_unique<Session>(std::move(settings), wire, listener, rng);
  }

  std::string token() const {
    return dialect_ == Dialect::kOptions ? "pat_0123456789abcdef" : "a1b2c3d4e5f6g7h";
  }
  bool options() const { return dialect_ == Dialect::kOptions; }
  std::string account_id() const { return options() ? "DOT90000001" : "VRTC0000001"; }
  core::Now now() const { return {{clock_ns}, {0}, listener.venue}; }

  /// Lets time pass, with every deadline on the way.
  void advance(core::Duration d) {
    const auto end = clock_ns + d.count();
    for (int guard = 0; guard < 100'000; ++guard) {
      const auto at = session->next_deadline();
      if (!at || at->ns > end) break;
      clock_ns = std::max(clock_ns, at->ns);
      session->on_deadline(now());
    }
    clock_ns = end;
  }

  /// Answers the latest ping, unless it was answered before.
  void pong() {
    if (requests("ping") == pongs_) return;
    pongs_ = requests("ping");
    answer(request("ping"), {{"msg_type", "ping"}, {"ping", "pong"}});
  }

  /// Lets time pass on a link whose venue answers pings.
  void idle(core::Duration d) {
    for (; d > core::Duration{0}; d -= seconds(1)) {
      advance(std::min<core::Duration>(d, seconds(1)));
      if (session->state() == SessionState::kLive) pong();
    }
  }

  void frame(std::string text) {
    const auto size = text.size();
    text.append(64, '\0');
    session->on_frame(std::string_view(text).substr(0, size), text.size(), now());
  }
  void frame(const json& message) { frame(message.dump()); }
  /// An answer to `request`: echo_req, req_id and what `body` has.
  void answer(json request, json body) {
    body["echo_req"] = request;
    body["req_id"] = request["req_id"];
    frame(body);
  }
  void refuse(json request, const std::string& code, const std::string& msg_type) {
    answer(request,
           {{"msg_type", msg_type}, {"error", {{"code", code}, {"message", "text of " + code}}}});
  }

  /// The latest request with this key, which must be there.
  json request(const std::string& key) const {
    for (auto at = wire.sent.rbegin(); at != wire.sent.rend(); ++at) {
      if (at->contains(key)) return *at;
    }
    throw std::runtime_error("never asked: " + key);
  }
  std::size_t requests(const std::string& key) const {
    std::size_t n = 0;
    for (const auto& sent : wire.sent) n += sent.contains(key) ? 1 : 0;
    return n;
  }

  // Answers of a venue in good health.
  void give_accounts() {
    session->on_http(200,
                     R"({"data":[{"account_id":"DOT90000001","balance":10000,"currency":"USD",)"
                     R"("group":"row","status":"active","account_type":"demo"}],"meta":{}})",
                     now());
  }
  void give_probe() {
    session->on_http(403, R"({"errors":[{"status":403,"code":"AccessDenied","message":"no"}]})",
                     now());
  }
  void give_password() {
    session->on_http(
        200, R"({"data":{"url":"wss://h.example/trading/v1/options/ws/demo?otp=s3cret"}})", now());
  }
  void give_balance(const std::string& amount = "10000.00") {
    answer(
        request("balance"),
        {{"msg_type", "balance"},
         {"subscription", {{"id", kStream}}},
         {"balance",
          {{"balance", amount}, {"currency", "USD"}, {"loginid", account_id()}, {"id", kStream}}}});
  }
  void give_authorize() {
    answer(request("authorize"), {{"msg_type", "authorize"},
                                  {"authorize",
                                   {{"loginid", account_id()},
                                    {"currency", "USD"},
                                    {"is_virtual", 1},
                                    {"balance", 10000},
                                    {"scopes", {"read", "trade"}}}}});
  }
  void give_time(std::int64_t at) { answer(request("time"), {{"msg_type", "time"}, {"time", at}}); }
  void give_symbols() {
    const auto name = options() ? "underlying_symbol" : "symbol";
    const auto step = options() ? "pip_size" : "pip";
    answer(request("active_symbols"), {{"msg_type", "active_symbols"},
                                       {"active_symbols",
                                        {{{name, "R_100"}, {step, 0.01}},
                                         {{name, "1HZ100V"}, {step, 0.01}},
                                         {{name, "frxXXXYYY"}, {step, 0.00001}}}}});
  }
  void give_transactions() {
    answer(request("transaction"), {{"msg_type", "transaction"},
                                    {"subscription", {{"id", kStream}}},
                                    {"transaction", {{"id", kStream}}}});
  }
  void give_portfolio(json contracts = json::array()) {
    answer(request("portfolio"),
           {{"msg_type", "portfolio"}, {"portfolio", {{"contracts", std::move(contracts)}}}});
  }
  void give_profit_table(json rows = json::array()) {
    const auto count = rows.size();
    answer(request("profit_table"),
           {{"msg_type", "profit_table"},
            {"profit_table", {{"count", count}, {"transactions", std::move(rows)}}}});
  }

  void to_connecting() { session->start(now()); }
  void to_authorizing() {
    to_connecting();
    connect();
  }
  /// From kConnecting.
  void connect() {
    if (options()) {
      give_accounts();
      if (wire.log.back().ends_with("/account/v1/nickname")) give_probe();
      give_password();
    }
    session->on_open(now());
  }
  void log_in() {
    if (options()) {
      give_balance();
    } else {
      give_authorize();
    }
  }
  void to_syncing() {
    to_authorizing();
    log_in();
  }
  void sync() {
    give_time(epoch);
    if (!options()) give_balance();
    give_transactions();
    give_symbols();
  }
  void to_reconciling() {
    to_syncing();
    sync();
  }
  void to_live() {
    to_reconciling();
    session->reconciled(now());
  }
  /// From kOffline with a wait to serve.
  void reconnect() {
    const auto at = session->next_deadline();
    if (at && at->ns > clock_ns) clock_ns = at->ns;
    session->on_deadline(now());
    connect();
    log_in();
    sync();
    session->reconciled(now());
  }

  /// Asks for a contract of one tick, and the venue's answer to it: contract 77.
  void buy_one(std::int64_t order) {
    session->buy(core::OrderId{order}, spec_of(market::ContractType::kDigitOdd),
                 core::Money::minor(35), "", now());
  }
  void answer_buy() {
    answer(request("buy"), {{"msg_type", "buy"},
                            {"buy",
                             {{"contract_id", 77},
                              {"transaction_id", 88},
                              {"buy_price", 0.35},
                              {"payout", 0.68},
                              {"balance_after", 9999.65},
                              {"longcode", "x"},
                              {"shortcode", "DIGITODD_R_100_0.68_1700000000_1T"},
                              {"start_time", 1'700'000'000},
                              {"purchase_time", 1'700'000'000}}}});
  }

  json tick(const std::string& symbol, std::int64_t at, json quote, int pip_size = 2) const {
    return {{"msg_type", "tick"},
            {"echo_req", json::object()},
            {"subscription", {{"id", kStream}}},
            {"tick",
             {{"symbol", symbol},
              {"epoch", at},
              {"quote", std::move(quote)},
              {"pip_size", pip_size},
              {"id", kStream}}}};
  }

  const Dialect dialect_;
  core::Rng rng;
  FakeWire wire;
  Recorder listener;
  std::unique_ptr<Session> session;
  std::size_t pongs_ = 0;
  std::int64_t clock_ns = 1'000'000'000'000;
  std::int64_t epoch = 1'700'000'000;
};

}  // namespace derivd::deriv::test
