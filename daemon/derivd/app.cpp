#include "derivd/app.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>
#include <unordered_set>

#include "common/paths.hpp"
#include "common/trades.hpp"
#include "core/rng.hpp"
#include "deriv/link.hpp"
#include "deriv/session.hpp"
#include "derivd/control.hpp"
#include "engine/engine.hpp"
#include "service/control.hpp"
#include "service/exit_code.hpp"
#include "service/lock.hpp"
#include "service/notify.hpp"
#include "store/journal.hpp"

namespace derivd::daemon {
namespace {

using core::EventKind;

/// Ticks asked for at each subscription: enough to close the gap of a reconnect of some minutes.
constexpr std::size_t kHistoryTicks = 500;
/// A journal that cannot be written shuts the gate; open contracts are watched this long, then we leave.
constexpr core::Duration kJournalGrace = std::chrono::seconds(60);
constexpr core::Duration kStatusEvery = std::chrono::seconds(1);

std::uint64_t system_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

class App final : public deriv::SessionListener, public ControlTarget {
 public:
  App(config::Config config, core::Secret token, service::Log& log)
      : config_(std::move(config)),
        log_(log),
        engine_(config_.engine),
        rng_(system_seed()),
        link_(io_, net::TlsSettings{config_.venue.ca_file.value_or("")}, net::Timeouts{},
              [this] { return now(); }, [this] { after_event(); }),
        session_(session_settings(config_.venue, std::move(token)), link_, *this, rng_),
        timer_(io_),
        signals_(io_, SIGTERM, SIGINT, SIGHUP) {
    link_.attach(session_);
  }

  int run() {
    if (const int code = open_journal(); code != service::kExitOk) return code;
    if (const int code = open_control(); code != service::kExitOk) return code;
    wait_signal();
    watchdog_ = service::Notifier::watchdog_interval();
    const auto at = now();
    session_.set_symbols(engine_.symbols(), kHistoryTicks, at);
    log_.write(EventKind::kReady, fmt::format("ready; {} strategies, journal {}",
                                              config_.engine.strategies.size(), journal_file_));
    notifier_.ready();
    session_.start(at);
    after_event();
    io_.run();
    return finish();
  }

  // ---- SessionListener: facts go to the engine ----
  void on_state(deriv::SessionState state, std::string_view reason) override {
    const auto previous = state_;
    state_ = state;
    core::Event event;
    event.kind = reason.empty() || stopping_ ? EventKind::kSessionState : EventKind::kSessionLost;
    event.state = deriv::name_of(state);
    event.reason = core::Text::truncated(reason);
    event.account = account_.id;
    event.text = core::Text::truncated(reason.empty()
                                           ? fmt::format("session {}", deriv::name_of(state))
                                           : fmt::format("session {}: {}", deriv::name_of(state), reason));
    link_problem_ = std::string(reason);
    log_.write(event);
    if (state == deriv::SessionState::kReconciling) {
      append(execution::SessionRecord{now_.wall, account_.id, deriv::name_of(state), {}});
      engine_.on_online(account_.balance, now_, actions_);
    }
    if (previous >= deriv::SessionState::kReconciling && state < deriv::SessionState::kReconciling) {
      append(execution::SessionRecord{now_.wall, account_.id, deriv::name_of(state),
                                      core::Text::truncated(reason)});
      engine_.on_offline(now_, actions_);
    }
    if (state == deriv::SessionState::kOffline && stopping_) io_.stop();
  }

  void on_account(const deriv::AccountInfo& account) override {
    if (!lock_) {
      // The same id at another venue (a simulator) is another account.
      const auto host = net::Url::parse(endpoint_);
      auto lock = service::lock_account(
          fmt::format("{}@{}", account.id, host ? (host->host + ":" + host->port).substr(0, 50) : ""));
      if (!lock) return leave(service::kExitInstance, EventKind::kSessionRefused, lock.error().text);
      lock_ = std::move(*lock);
    }
    account_ = account;
    core::Event event;
    event.kind = EventKind::kAccount;
    event.account = account.id;
    event.text = core::Text::truncated(
        fmt::format("{} account {}, balance {} {}", account.is_real ? "REAL" : "demo", account.id,
                    account.balance.to_string(), account.currency));
    log_.write(event);
    append(execution::BalanceRecord{now_.wall, now_.venue, account.balance, account.id,
                                    account.currency});
  }

  void on_tick(const market::Tick& tick, bool history) override {
    // Past ticks close the gap of a reconnect; before the first live tick there is no gap to close.
    if (history) {
      if (!seen_.contains(tick.symbol)) return;
    } else if (!seen_.contains(tick.symbol)) {
      seen_.insert(tick.symbol);
    }
    if (!history) {
      see_venue_time(tick.epoch);
      last_tick_ = now_.instant;
    }
    engine_.on_tick(tick, history, now_, actions_);
  }

  void on_quote(const deriv::Quote& quote) override {
    engine_.on_quote({quote.order, quote.id, quote.ask, quote.payout, {}}, now_, actions_);
  }
  void on_quote_refused(core::OrderId order, std::string_view code,
                        std::string_view message) override {
    engine::Engine::QuoteReply reply;
    reply.order = order;
    reply.reason = core::Text::truncated(fmt::format("{}: {}", code, message));
    engine_.on_quote(reply, now_, actions_);
  }
  void on_bought(core::OrderId order, const execution::Bought& bought) override {
    engine_.on_bought(order, bought, now_, actions_);
  }
  void on_refused(core::OrderId order, std::string_view code, std::string_view message,
                  bool permanent) override {
    engine_.on_refused(order, code, message, permanent, now_, actions_);
  }
  void on_unknown(core::OrderId order, std::string_view why) override {
    engine_.on_unknown(order, why, now_, actions_);
  }
  void on_contract(const execution::ContractReport& report, bool polled) override {
    engine_.on_contract(
        report, polled ? execution::Witness::kPoll : execution::Witness::kContractStream, now_,
        actions_);
  }
  void on_transaction(const execution::TransactionReport& report) override {
    engine_.on_transaction(report, now_, actions_);
  }
  void on_balance(core::Money balance) override {
    account_.balance = balance;
    engine_.on_balance(balance, now_, actions_);
  }
  void on_venue_report(const execution::VenueReport& report) override {
    engine_.on_venue_report(report, now_, actions_);
    if (state_ == deriv::SessionState::kReconciling) {
      perform();  // what was learned is on disk before anything is entered
      session_.reconciled(now_);
    }
  }
  void on_sold(core::ContractId, core::Money) override {}
  void on_sell_failed(core::ContractId contract, std::string_view code,
                      std::string_view message) override {
    core::Event event;
    event.kind = EventKind::kControlCommand;
    event.contract_id = contract;
    event.text = core::Text::truncated(
        fmt::format("contract {} was not sold: {}: {}", contract.value, code, message));
    log_.write(event);
  }
  void on_notice(EventKind kind, std::string_view text) override { log_.write(kind, text); }
  void on_fatal(deriv::FatalKind kind, std::string_view text) override {
    leave(exit_code_for(kind), EventKind::kSessionRefused, text);
  }
  void on_venue_time(core::VenueTime time) override { see_venue_time(time); }

  // ---- ControlTarget ----
  nlohmann::ordered_json status() override {
    nlohmann::ordered_json out;
    const auto view = engine_.account();
    out["state"] = deriv::name_of(state_);
    out["account"] = account_.id.view();
    out["account_type"] = account_.id.empty() ? "unknown" : account_.is_real ? "real" : "demo";
    out["currency"] = account_.currency.view();
    out["balance"] = view.balance ? nlohmann::ordered_json(view.balance->to_string()) : nullptr;
    out["dialect"] = deriv::name_of(dialect_);
    out["mode"] = "live";
    out["stopping"] = stopping_;
    out["problem"] = link_problem_;
    out["day_profit"] = view.day_profit.to_string();
    out["day_trades"] = view.day_trades;
    out["open_contracts"] = view.open_contracts;
    out["open_stake"] = view.open_stake.to_string();
    out["unknown_orders"] = view.unknown_orders;
    out["venue_time"] = venue_.s;
    out["tick_age_s"] = last_tick_ ? nlohmann::ordered_json(seconds_since(*last_tick_)) : nullptr;
    const auto& stats = session_.stats();
    out["ticks"] = stats.ticks;
    out["reconnects"] = stats.reconnects;
    out["frames_refused"] = stats.frames_refused;
    out["strategies"] = strategies();
    return out;
  }

  nlohmann::ordered_json strategies() override {
    auto rows = nlohmann::ordered_json::array();
    for (const auto& s : engine_.strategies()) {
      nlohmann::ordered_json row;
      row["name"] = s.name.view();
      row["type"] = s.type;
      row["symbol"] = s.symbol.view();
      row["status"] = engine::name_of(s.status);
      row["reason"] = s.reason.view();
      row["trades"] = s.trades;
      row["won"] = s.won;
      row["lost"] = s.lost;
      row["open"] = s.open;
      row["profit"] = s.profit.to_string();
      row["peak"] = s.peak.to_string();
      row["next_stake"] = s.next_stake.to_string();
      row["last_tick"] = s.last_tick ? nlohmann::ordered_json(s.last_tick->s) : nullptr;
      row["last_decision"] = s.last_decision.view();
      rows.push_back(std::move(row));
    }
    return rows;
  }

  nlohmann::ordered_json positions() override { return trade_rows(engine_.open_orders()); }

  core::Result<std::vector<execution::Order>> orders(const store::OrderQuery& query) override {
    return journal_->orders(query);
  }

  bool command(std::string_view verb, std::string_view name, std::string_view reason) override {
    const auto at = refresh();
    bool known = false;
    if (verb == "pause") known = engine_.pause(name, reason, at, actions_);
    if (verb == "resume") known = engine_.resume(name, at, actions_);
    if (verb == "halt") known = engine_.halt(name, reason, at, actions_);
    core::Event event;
    event.kind = EventKind::kControlCommand;
    event.strategy = core::Name::truncated(name);
    event.reason = core::Text::truncated(reason);
    event.text = core::Text::truncated(fmt::format("operator: {} {}{}", verb,
                                                   name.empty() ? "all strategies" : name,
                                                   known ? "" : " (no such strategy)"));
    log_.write(event);
    after_event();
    return known;
  }

 private:
  static deriv::Dialect dialect_of(const config::VenueSettings& venue, const core::Secret& token) {
    switch (venue.api) {
      case config::Api::kOptions: return deriv::Dialect::kOptions;
      case config::Api::kV3: return deriv::Dialect::kV3;
      case config::Api::kAuto: break;
    }
    return deriv::dialect_for(token);
  }

  deriv::SessionSettings session_settings(const config::VenueSettings& venue, core::Secret token) {
    deriv::SessionSettings s;
    dialect_ = dialect_of(venue, token);
    s.dialect = dialect_;
    endpoint_ = venue.endpoint.value_or(std::string(deriv::default_endpoint(dialect_)));
    s.endpoint = endpoint_;
    s.app_id = venue.app_id;
    s.account = venue.account;
    s.allow_real = venue.allow_real;
    s.token = std::move(token);
    return s;
  }

  static int exit_code_for(deriv::FatalKind kind) {
    switch (kind) {
      case deriv::FatalKind::kTokenRefused:
      case deriv::FatalKind::kMissingScope:
      case deriv::FatalKind::kForbiddenScope: return service::kExitToken;
      case deriv::FatalKind::kAccountNotFound:
      case deriv::FatalKind::kRealNotAllowed:
      case deriv::FatalKind::kAppId:
      case deriv::FatalKind::kCurrency: return service::kExitConfig;
    }
    return service::kExitOther;
  }

  int open_journal() {
    journal_file_ = journal_path(config_.store_path, "");
    if (journal_file_.empty()) {
      log_.write(EventKind::kJournalProblem,
                 "nowhere to keep the journal: set $STATE_DIRECTORY (systemd does) or store.path");
      return service::kExitJournal;
    }
    auto journal = store::Journal::open(journal_file_, store::Journal::Mode::kReadWrite);
    if (!journal) {
      log_.write(EventKind::kJournalProblem, journal.error().text);
      return journal.error().kind == core::ErrorKind::kRefused ? service::kExitInstance
                                                               : service::kExitJournal;
    }
    journal_ = std::move(*journal);
    auto snapshot = journal_->load();
    if (!snapshot) {
      log_.write(EventKind::kJournalProblem, snapshot.error().text);
      return service::kExitJournal;
    }
    engine_.restore(*snapshot, refresh(), actions_);
    perform();
    return journal_broken_ ? service::kExitJournal : service::kExitOk;
  }

  int open_control() {
    const auto path = control_path("");
    if (path.empty()) return service::kExitOk;  // a run without systemd may do without
    auto server = service::serve_control(
        io_, path, [this](std::string_view line) { return handle_control(line, *this); });
    if (!server) {
      log_.write(EventKind::kControlCommand, "control socket: " + server.error().text);
      return service::kExitOther;
    }
    control_ = std::move(*server);
    return service::kExitOk;
  }

  void wait_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      if (number == SIGHUP) {
        log_.write(EventKind::kControlCommand,
                   "reload is not available in this version: restart to apply a new configuration");
      } else {
        stop(number == SIGTERM ? "SIGTERM" : "SIGINT");
      }
      wait_signal();
    });
  }

  // ---- stopping ----
  void stop(std::string_view why) {
    if (stopping_) return;
    stopping_ = true;
    refresh();
    notifier_.stopping();
    log_.write(EventKind::kStopping, fmt::format("stopping ({}): no new entries", why));
    stop_by_ = now_.instant + config_.stop_timeout;
    engine_.drain(now_, actions_);
    after_event();
  }

  bool may_leave() const {
    if (!engine_.drained()) return false;
    return config_.on_stop == config::OnStop::kLeave || engine_.account().open_contracts == 0;
  }

  void check_stop() {
    if (!stopping_ || session_stopped_) return;
    if (!may_leave() && now_.instant < *stop_by_) return;
    session_stopped_ = true;
    session_.stop(now_);
    if (session_.state() == deriv::SessionState::kOffline) io_.stop();
  }

  void leave(int code, EventKind kind, std::string_view text) {
    exit_code_ = code;
    core::Event event;
    event.kind = kind;
    event.text = core::Text::truncated(text);
    event.reason = core::Text::truncated(text);
    event.account = account_.id;
    log_.write(event);
    notifier_.status(text);
    stopping_ = true;
    io_.stop();
  }

  int finish() {
    refresh();
    perform();
    if (const auto done = journal_->checkpoint(); !done) {
      log_.write(EventKind::kJournalProblem, done.error().text);
    }
    const auto open = engine_.open_orders();
    std::string text = open.empty() ? "stopped; nothing is open"
                                    : fmt::format("stopped; {} still open:", open.size());
    for (const auto& order : open) {
      text += order.contract
                  ? fmt::format(" contract {} ({} {} {})", order.contract.value, order.strategy,
                                market::name_of(order.spec.type), order.buy_price.to_string())
                  : fmt::format(" order {} ({}, {})", order.id.value, order.strategy,
                                execution::name_of(order.state));
    }
    log_.write(EventKind::kStopped, text);
    return exit_code_;
  }

  // ---- time ----
  core::Now now() { return refresh(); }
  core::Now refresh() {
    namespace chrono = std::chrono;
    now_.instant = {chrono::duration_cast<core::Duration>(
                        chrono::steady_clock::now().time_since_epoch())
                        .count()};
    now_.wall = {chrono::duration_cast<chrono::microseconds>(
                     chrono::system_clock::now().time_since_epoch())
                     .count()};
    now_.venue = venue_;
    return now_;
  }
  void see_venue_time(core::VenueTime time) {
    if (time > venue_) venue_ = time;
    now_.venue = venue_;
  }
  double seconds_since(core::Instant then) const {
    return std::chrono::duration<double>(now_.instant - then).count();
  }

  // ---- actions ----
  void append(execution::Record record) { actions_.push_back(engine::Append{std::move(record)}); }

  void perform() {
    if (performing_) return;  // an action's own consequences are appended and reached below
    performing_ = true;
    for (std::size_t i = 0; i < actions_.size(); ++i) {
      auto action = std::move(actions_[i]);
      std::visit([this](auto& a) { perform(a); }, action);
    }
    actions_.clear();
    performing_ = false;
  }

  void perform(engine::Append& a) {
    if (journal_broken_) return;
    if (auto done = journal_->append(a.record); !done) journal_failed(done.error().text);
  }
  void perform(engine::SendQuote& a) { session_.quote(a.order, a.spec, a.stake, now_); }
  void perform(engine::SendBuy& a) {
    // An intent that is not on disk never leaves.
    if (journal_broken_) {
      return engine_.on_refused(a.order, "NotSent", "the journal cannot be written", false, now_,
                                actions_);
    }
    session_.buy(a.order, a.spec, a.stake, a.quote_id.view(), now_);
  }
  void perform(engine::Watch& a) { session_.watch(a.contract, now_); }
  void perform(engine::Poll& a) { session_.poll(a.contract, now_); }
  void perform(engine::AskReport& a) { session_.ask_report(a.since, now_); }
  void perform(engine::Tell& a) {
    a.event.account = account_.id;
    log_.write(a.event);
  }

  void journal_failed(const std::string& text) {
    journal_broken_ = true;
    exit_code_ = service::kExitJournal;
    log_.write(EventKind::kJournalProblem,
               text + "; no new entries, leaving when open contracts are settled");
    notifier_.status("journal cannot be written: " + text);
    stopping_ = true;
    stop_by_ = now_.instant + kJournalGrace;
    engine_.drain(now_, actions_);
  }

  // ---- the one timer ----
  void after_event() {
    perform();
    check_stop();
    perform();
    arm();
  }

  void arm() {
    auto at = last_status_ ? *last_status_ + kStatusEvery : now_.instant;
    if (const auto d = engine_.next_deadline()) at = std::min(at, *d);
    if (const auto d = session_.next_deadline()) at = std::min(at, *d);
    if (stop_by_ && !session_stopped_) at = std::min(at, *stop_by_);
    if (armed_ && *armed_ == at) return;
    armed_ = at;
    timer_.expires_at(std::chrono::steady_clock::time_point(core::Duration(at.ns)));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) on_timer();
    });
  }

  void on_timer() {
    armed_.reset();
    refresh();
    if (const auto d = session_.next_deadline(); d && *d <= now_.instant) session_.on_deadline(now_);
    if (const auto d = engine_.next_deadline(); d && *d <= now_.instant) {
      engine_.on_deadline(now_, actions_);
    }
    if (!last_status_ || now_.instant - *last_status_ >= kStatusEvery) {
      last_status_ = now_.instant;
      tell_status();
    }
    after_event();
  }

  void tell_status() {
    const auto view = engine_.account();
    std::size_t running = 0;
    std::size_t halted = 0;
    for (const auto& s : engine_.strategies()) {
      running += s.status == engine::StrategyStatus::kRunning ? 1 : 0;
      halted += s.status == engine::StrategyStatus::kHalted ? 1 : 0;
    }
    const auto id = account_.id.view();
    notifier_.status(fmt::format(
        "{}{}{}; {} running, {} halted; {} open; today {}; last tick {}", deriv::name_of(state_),
        id.empty() ? "" : fmt::format(" {} …{}", account_.is_real ? "REAL" : "demo",
                                      id.substr(id.size() > 4 ? id.size() - 4 : 0)),
        link_problem_.empty() ? "" : " (" + link_problem_ + ")", running, halted,
        view.open_contracts, view.day_profit.to_string(),
        last_tick_ ? fmt::format("{:.0f} s ago", seconds_since(*last_tick_)) : "never"));
    // The loop turns and the journal is writable: that alone feeds the watchdog. A dead network does
    // not starve it.
    if (watchdog_ && !journal_broken_ &&
        (!last_watchdog_ || now_.instant - *last_watchdog_ >= *watchdog_ / 2)) {
      last_watchdog_ = now_.instant;
      notifier_.watchdog();
    }
  }

  config::Config config_;
  service::Log& log_;
  boost::asio::io_context io_{1};
  engine::Engine engine_;
  core::Rng rng_;
  deriv::Dialect dialect_ = deriv::Dialect::kOptions;
  std::string endpoint_;
  deriv::Link link_;
  deriv::Session session_;
  boost::asio::steady_timer timer_;
  boost::asio::signal_set signals_;
  service::Notifier notifier_;
  std::unique_ptr<store::Journal> journal_;
  std::unique_ptr<service::ControlServer> control_;
  std::unique_ptr<service::InstanceLock> lock_;
  std::string journal_file_;
  engine::Actions actions_;
  bool performing_ = false;
  bool journal_broken_ = false;
  bool stopping_ = false;
  bool session_stopped_ = false;
  int exit_code_ = service::kExitOk;
  core::Now now_;
  core::VenueTime venue_;
  deriv::SessionState state_ = deriv::SessionState::kOffline;
  deriv::AccountInfo account_;
  std::string link_problem_;
  std::unordered_set<market::SymbolCode> seen_;
  std::optional<core::Instant> last_tick_;
  std::optional<core::Instant> armed_;
  std::optional<core::Instant> stop_by_;
  std::optional<core::Instant> last_status_;
  std::optional<core::Instant> last_watchdog_;
  std::optional<core::Duration> watchdog_;
};

}  // namespace

int run_daemon(config::Config config, core::Secret token, service::Log& log) {
  // Neither core files nor ptrace of the same user may show the token.
  ::prctl(PR_SET_DUMPABLE, 0);
  int code = 0;
  {
    App app(std::move(config), std::move(token), log);
    code = app.run();
  }
  ::prctl(PR_SET_DUMPABLE, 1);  // every secret is wiped by now
  return code;
}

}  // namespace derivd::daemon
