#include "derivd/app.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "common/account_lock.hpp"
#include "common/paths.hpp"
#include "common/recorded_quotes.hpp"
#include "common/symbol_cache.hpp"
#include "common/trader.hpp"
#include "common/trades.hpp"
#include "core/counted.hpp"
#include "core/printable.hpp"
#include "core/rng.hpp"
#include "core/utc.hpp"
#include "deriv/link.hpp"
#include "derivd/control.hpp"
#include "derivd/explain.hpp"
#include "derivd/metrics.hpp"
#include "derivd/notify.hpp"
#include "derivd/observe.hpp"
#include "derivd/reload.hpp"
#include "derivd/scripts.hpp"
#include "derivd/wakefulness.hpp"
#include "net/plain_http.hpp"
#include "service/control.hpp"
#include "service/credential.hpp"
#include "service/exit_code.hpp"
#include "service/exposition.hpp"
#include "service/footprint.hpp"
#include "service/lock.hpp"
#include "service/notify.hpp"
#include "service/pulse.hpp"
#include "store/journal.hpp"
#include "store/tick_recorder.hpp"

namespace derivd::daemon {
namespace {

using core::EventKind;

constexpr core::Duration kStatusEvery = std::chrono::seconds(1);
/// By what paper pays where nothing is recorded.
constexpr std::string_view kModel = "model";
/// A port of the metrics that somebody else has may be free in a while.
constexpr core::Backoff::Settings kMetricsRetry{std::chrono::seconds(5), std::chrono::minutes(1)};
/// While it stops, systemd hears once a second that this much is still wanted; stop_timeout ends
/// it.
constexpr core::Duration kStopExtension = std::chrono::seconds(15);

/// What store.keep lets go is looked for so often: a day's trades are then removed in small parts.
constexpr core::Duration kPruneEvery = std::chrono::hours(1);
/// Apart from each other by more, one of the two clocks is wrong, or the venue is a simulator that
/// runs at a speed of its own: nothing is removed then.
constexpr std::chrono::seconds kClocksAgree = std::chrono::hours(6);

std::uint64_t system_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

/// Empty: there is no place for it.
std::string journal_file_of(const config::Config& config) {
  return journal_path(
      config.store_path, "",
      config.venue.mode == config::Mode::kPaper ? JournalKind::kPaper : JournalKind::kLive);
}

class App final : public ControlTarget {
 public:
  App(const config::Config& config, std::string file, core::Secret token,
      deriv::ProxyLogin proxy_login, std::unique_ptr<store::Journal> journal, service::Log& log)
      : config_(config),
        file_(std::move(file)),
        real_log_(log),
        journal_(std::move(journal)),
        rng_(system_seed()),
        settings_(market_settings(session_settings(config_.venue, std::move(token)))),
        proxy_login_(std::move(proxy_login)),
        link_(
            io_, deriv::route_to(settings_, proxy_login_), net::Timeouts{},
            [this] { return now(); }, [this] { after_event(); }, proxy_login_),
        dialect_(settings_.dialect),
        proven_venue_(config_.venue),
        trader_(config_, std::move(settings_), link_, watched_journal_, log_, rng_,
                [this](const deriv::AccountInfo& account) { return lock(account); }),
        timer_(io_),
        signals_(io_, SIGTERM, SIGINT, SIGHUP) {
    link_.attach(trader_.session());
    trader_.set_scripts(&scripts_);
    trader_.set_venue_verdict([this](bool taken) { conclude_venue(taken); });
    if (const auto state = state_path(""); !state.empty()) symbol_keeper_.emplace(state);
    trader_.set_symbols_sink([this](const market::Symbols& symbols) {
      config_.engine.symbols = symbols;
      if (symbol_keeper_) symbol_keeper_->keep(symbols);
    });
    if (config.store_ticks.on) {
      recorder_.emplace(store::TickArchive(config.store_ticks.directory.value_or(ticks_path(""))));
      trader_.set_tick_sink([this](const market::Tick& tick) { recorder_->record(tick); });
    }
  }

  int run() {
    if (const int code = open_control(); code != service::kExitOk) return code;
    started_ = now().instant;
    started_wall_ = now().wall;
    last_status_ = started_ - kStatusEvery;  // the first line at once
    open_metrics();
    configure_notifications();
    wait_signal();
    watchdog_ = service::Notifier::watchdog_interval();
    now();
    tell_journal_notices();
    price_paper();
    if (!trader_.start()) {
      notifications_.last_words();
      return trader_.exit_code();
    }
    log_.write(EventKind::kReady, fmt::format("ready; {}{}",
                                              core::counted(config_.engine.strategies.size(),
                                                            "strategy", "strategies"),
                                              paper_payouts_ == kModel || !trader_.is_paper()
                                                  ? std::string{}
                                                  : "; paper pays what is " + paper_payouts_));
    notifier_.ready();
    after_event();
    io_.run();
    now();
    trader_.settle();
    notifications_.last_words();
    if (const auto done = journal_->checkpoint(); !done) {
      log_.write(EventKind::kJournalProblem, done.error().text);
    }
    notifier_.stopping();
    log_.flush(true);
    log_.write(EventKind::kStopped, trader_.farewell());
    return trader_.exit_code();
  }

  // ---- ControlTarget ----
  nlohmann::ordered_json status() override {
    auto out = trader_.status();
    out["payouts"] =
        trader_.is_paper() ? nlohmann::ordered_json(paper_payouts_) : nlohmann::ordered_json();
    out["ticks_archived"] = recorder_ ? nlohmann::ordered_json(recorder_->recorded()) : nullptr;
    out["anticipated"] = config_.venue.anticipate.count() > 0
                             ? nlohmann::ordered_json(wakefulness_.windows())
                             : nlohmann::ordered_json();
    out["version"] = DERIVD_VERSION;
    // For who may read it himself. Neither path nor mode changes while we run.
    std::error_code error;
    out["journal"] = std::filesystem::absolute(journal_file_of(config_), error).string();
    out["log_dropped"] = real_log_.lost();
    out["ticks_dropped"] = recorder_ ? nlohmann::ordered_json(recorder_->dropped()) : nullptr;
    out["ticks_problem"] =
        recorder_ && recorder_->in_trouble() ? nlohmann::ordered_json(archive_problem_) : nullptr;
    return out;
  }
  nlohmann::ordered_json strategies() override { return trader_.strategies(); }
  nlohmann::ordered_json positions() override { return trader_.positions(); }
  bool is_paper() const override { return trader_.is_paper(); }
  const std::string& ctl() const override { return config_.ctl; }
  core::Result<std::vector<execution::Order>> orders(const store::OrderQuery& query) override {
    return journal_->orders(query);
  }
  core::Result<store::Books> books(const store::OrderQuery& query) override {
    return journal_->books(query);
  }
  bool command(std::string_view verb, std::string_view name, std::string_view reason) override {
    now();
    const bool known = trader_.command(verb, name, reason);
    after_event();
    return known;
  }
  core::Result<void> replace_token(core::Secret token) override {
    now();
    auto begun = trader_.replace_token(std::move(token));
    after_event();
    return begun;
  }
  nlohmann::ordered_json token_change() override { return trader_.token_change(); }
  core::Result<void> notify_test() override {
    now();
    auto begun = notifications_.test();
    if (begun || !notifications_.is_idle() || refused_reload_.empty()) return begun;
    // Whoever wrote a receiver into the file looks for it there, and it is not in force.
    return core::Error{core::ErrorKind::kRefused,
                       fmt::format("{}. The file on the disk is not in force, since its reload was "
                                   "refused: {}",
                                   begun.error().text, refused_reload_)};
  }
  nlohmann::ordered_json notify_result() override { return notifications_.test_result(); }
  SaleAnswer sell(core::ContractId contract, bool cancel) override {
    now();
    auto answer = trader_.sell(contract, cancel);
    after_event();
    return answer;
  }
  SaleAnswer sale(core::ContractId contract) override { return trader_.sale(contract); }
  SaleAnswer flatten(std::string_view name, bool again) override {
    now();
    auto answer = trader_.flatten(name, again);
    after_event();
    return answer;
  }
  SaleAnswer ask_price(const nlohmann::json& request) override {
    now();
    auto answer = trader_.ask_price(request);
    after_event();
    return answer;
  }
  SaleAnswer price(std::int64_t number) override { return trader_.price(number); }
  nlohmann::ordered_json priceable() override { return trader_.priceable(); }
  nlohmann::ordered_json explain(std::string_view name, std::size_t last) override {
    now();
    const Hearing hearing{trader_.state() >= deriv::SessionState::kReconciling,
                          std::string(deriv::name_of(trader_.state())),
                          trader_.problem(),
                          trader_.link_since().value_or(started_wall_),
                          trader_.tick_ages(),
                          trader_.symbols(),
                          trader_.market_time()};
    return explain_strategy({trader_.engine(), hearing, *journal_, config_, file_, started_wall_},
                            name, last);
  }
  nlohmann::ordered_json reload(std::string_view file) override {
    const auto at = now();
    notifier_.reloading(at.instant);
    const auto verdict = decide_reload(file);
    tell_reload(log_, verdict, file_);
    refused_reload_ = verdict.problems.empty() ? std::string{} : verdict.problems.front();
    if (verdict.verdict == Reload::Verdict::kApplied) take_over(verdict);
    // Whoever had the port may have been ended for this.
    if (metrics_retry_at_) metrics_retry_at_ = at.instant;
    notifier_.ready();
    after_event();
    return to_json(verdict, file_);
  }

 private:
  /// A daemon learns what is sold and when: what it trades may change while it runs.
  static deriv::SessionSettings market_settings(deriv::SessionSettings settings) {
    settings.asks_market = true;
    return settings;
  }

  /// Paper pays what an account was asked for (derivctl quotes record), and the rest by the model.
  void price_paper() {
    const auto state = state_path("");
    if (!trader_.is_paper() || state.empty()) return;
    const auto rows = load_recorded(state);
    if (!rows) {
      if (rows.error().kind == core::ErrorKind::kNotFound) return;
      return log_.write(EventKind::kJournalProblem,
                        fmt::format("{}; paper pays by the model", rows.error().text));
    }
    auto newest = newest_of(*rows, config_.engine.money_decimals);
    if (newest.quotes.empty()) return;
    paper_payouts_ =
        fmt::format("recorded of account {} until {} for {}; the rest by the model", newest.account,
                    core::utc_iso(newest.last), newest.quotes.contracts());
    trader_.set_paper_quotes(std::move(newest.quotes));
  }

  Reload decide_reload(std::string_view file) const {
    if (!file.empty() && file != file_) {
      return refuse_reload(fmt::format(
          "this daemon runs with {}, not with {}; reload without --config, or name its instance",
          file_, file));
    }
    if (trader_.stopping()) return refuse_reload("the daemon is stopping; it reloads nothing");
    return prepare_reload(config_, file_, dialect_);
  }

  void tell_symbol_problem() {
    if (!symbol_keeper_) return;
    if (const auto problem = symbol_keeper_->take_problem()) {
      log_.write(EventKind::kJournalProblem, "cache of the venue's symbols: " + *problem);
    }
  }

  // Between two events: whatever comes next sees the new configuration alone.
  void take_over(const Reload& verdict) {
    config_ = verdict.config;
    slim_.reset();  // the file's trees are gone
    pruned_at_.reset();
    // What is being removed by the former setting ends here: nothing is older than this.
    journal_->keep_from({1});
    log_.set_level(*service::level_from(config_.log_level));
    configure_notifications();
    trader_.reconfigure(verdict.changes);
  }

  void configure_notifications() {
    const auto route = deriv::route_to(venue_address(config_.venue, dialect_), proxy_login_);
    // A route that is none was refused with the configuration.
    if (route) notifications_.use(route->proxy);
    notifications_.configure(config_.notify, config_.engine.limits.day_starts, log_);
  }

  core::Now now() {
    namespace chrono = std::chrono;
    const auto instant = chrono::steady_clock::now().time_since_epoch();
    const auto wall = chrono::system_clock::now().time_since_epoch();
    return trader_.at({chrono::duration_cast<core::Duration>(instant).count()},
                      {chrono::duration_cast<chrono::microseconds>(wall).count()});
  }

  core::Result<void> lock(const deriv::AccountInfo& account) {
    // Any number of paper runs may go on beside each other; each holds its journal.
    if (config_.venue.mode == config::Mode::kPaper) return {};
    const auto name = lock_name(account);
    if (account_locks_.contains(name)) return {};
    auto held = service::lock_account(name);
    if (!held) return held.error();
    for (const auto& note : (*held)->notes()) {
      core::Event event;
      event.kind = EventKind::kLockProblem;
      event.text = core::Text::truncated("lock of the account: " + note);
      event.reason = core::Text::truncated(note);
      log_.write(event);
    }
    account_locks_[name] = std::move(*held);
    return {};
  }

  std::string lock_name(const deriv::AccountInfo& account) const {
    return daemon::lock_name(account.id, venue_address(config_.venue, dialect_).endpoint);
  }

  /// The venue's changed settings are in use, or given up.
  void conclude_venue(bool taken) {
    if (taken) {
      proven_venue_ = config_.venue;
    } else {
      config_.venue.endpoint = proven_venue_.endpoint;
      config_.venue.app_id = proven_venue_.app_id;
      config_.venue.ca_file = proven_venue_.ca_file;
      config_.venue.proxy = proven_venue_.proxy;
      configure_notifications();
    }
    const auto kept = lock_name(trader_.account());
    std::erase_if(account_locks_, [&](const auto& held) { return held.first != kept; });
  }

  int open_control() {
    const auto path = control_path("");
    if (path.empty()) return service::kExitOk;  // a run without systemd may do without
    auto server = service::serve_control(
        io_, path, [this](std::string_view line, const service::ControlPeer& peer) {
          return handle_control(line, *this, peer.owner);
        });
    if (!server) {
      log_.write(EventKind::kControlCommand, "control socket: " + server.error().text);
      return service::kExitOther;
    }
    control_ = std::move(*server);
    return service::kExitOk;
  }

  // Metrics are for watching: a daemon that cannot show them trades all the same, and says so.
  void open_metrics() {
    if (!config_.metrics_listen) return;
    const auto& at = *config_.metrics_listen;
    auto server = net::serve_plain(
        io_, at.ip, at.port, {"/metrics", std::string(service::Exposition::kContentType), [this] {
                                const auto time = now();
                                return metrics_.page(
                                    trader_, config_, time,
                                    {time.instant - started_, pulse_.lag(), real_log_.lost()});
                              }});
    if (!server) {
      if (!metrics_retry_at_) {
        warn_metrics(server.error().text + "; trading goes on without metrics, it is tried again");
      }
      metrics_retry_at_ = now().instant + metrics_backoff_.next();
      return;
    }
    metrics_retry_at_.reset();
    metrics_server_ = std::move(*server);
    log_.write(
        EventKind::kStarting,
        fmt::format("metrics for Prometheus: http://{}:{}/metrics",
                    at.ip.find(':') == std::string::npos ? at.ip : fmt::format("[{}]", at.ip),
                    metrics_server_->port()));
    if (!at.ip.starts_with("127.") && at.ip != "::1") {
      warn_metrics(fmt::format("metrics are open to the network at {} port {}", at.ip,
                               metrics_server_->port()));
    }
  }

  void warn_metrics(const std::string& text) {
    core::Event event;
    event.kind = EventKind::kMetricsProblem;
    event.text = event.reason = core::Text::truncated(text);
    log_.write(event);
  }

  void wait_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      if (number == SIGHUP) {
        reload({});
      } else {
        now();
        stopping_ = true;
        notifier_.stopping();
        notifier_.extend_timeout(kStopExtension);
        trader_.stop(number == SIGTERM ? "SIGTERM" : "SIGINT");
        after_event();
      }
      wait_signal();
    });
  }

  void after_event() {
    trader_.settle();
    if (trader_.done()) {
      io_.stop();
    } else {
      arm();
      wakefulness_.update();
    }
  }

  // One timer for everything: the earliest deadline, or the next status line.
  void arm() {
    auto at = last_status_ + kStatusEvery;
    if (const auto d = trader_.next_deadline()) at = std::min(at, *d);
    if (armed_ && *armed_ == at) return;
    armed_ = at;
    pulse_.armed(at, now().instant);
    timer_.expires_at(std::chrono::steady_clock::time_point(core::Duration(at.ns)));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) on_timer();
    });
  }

  void on_timer() {
    const auto at = now();
    armed_.reset();
    pulse_.woke(at.instant);
    trader_.on_deadline();
    if (at.instant - last_status_ >= kStatusEvery) {
      last_status_ = at.instant;
      notifier_.status(trader_.status_line());
      tell_archive_problem();
      tell_symbol_problem();
      tell_journal_notices();
      notifications_.tick(trader_);
      scripts_.reap();
      if (metrics_retry_at_ && *metrics_retry_at_ <= at.instant) open_metrics();
      log_.flush(false);
      let_go_of_the_start();
      keep_journal_short(at);
      if (stopping_) notifier_.extend_timeout(kStopExtension);
      feed_watchdog(at.instant);
    }
    after_event();
  }

  void tell_journal_notices() {
    for (const auto& text : journal_->take_notices()) {
      log_.write(EventKind::kJournalProblem, text);
    }
  }

  /// What only a start, a new link or a reload needs is most of what they leave resident.
  void let_go_of_the_start() {
    const auto links = trader_.session().stats().reconnects;
    if (slim_ == links || trader_.state() != deriv::SessionState::kLive) return;
    slim_ = links;
    service::give_back_start_memory();
  }

  /// store.keep: what is older is removed by the journal's thread. Only while the machine's clock
  /// and the venue's agree: a clock that is years ahead would make everything old.
  void keep_journal_short(core::Now at) {
    if (!config_.store_keep || trader_.state() != deriv::SessionState::kLive) return;
    if (pruned_at_ && at.instant - *pruned_at_ < kPruneEvery) return;
    const core::VenueTime wall{at.wall.us / 1'000'000};
    const auto ahead = wall < at.venue ? at.venue - wall : wall - at.venue;
    if (ahead > kClocksAgree) return;
    pruned_at_ = at.instant;
    const auto keep = std::chrono::microseconds(*config_.store_keep);
    journal_->keep_from({at.wall.us - keep.count()});
  }

  void tell_archive_problem() {
    if (!recorder_) return;
    if (auto problem = recorder_->take_problem()) {
      log_.write(EventKind::kTickGap, "tick archive: " + *problem);
      archive_problem_ = std::move(*problem);
    }
  }

  // Fed by real progress alone. A dead network does not starve it.
  void feed_watchdog(core::Instant at) {
    const auto problem = pulse_.check(at, trader_.next_deadline(), !trader_.journal_broken());
    if (problem) {
      core::Event event;
      event.kind = EventKind::kWatchdog;
      event.text = event.reason = core::Text::truncated(*problem);
      log_.write(event);
      if (trader_.journal_broken()) await_leaving();
      return;
    }
    if (!watchdog_ || (last_watchdog_ && at - *last_watchdog_ < *watchdog_ / 2)) return;
    last_watchdog_ = at;
    notifier_.watchdog();
  }

  // A daemon whose journal broke watches what is open and leaves within kJournalGrace by itself:
  // systemd waits for that, once, and no longer.
  void await_leaving() {
    if (!watchdog_ || leaving_) return;
    leaving_ = true;
    notifier_.watchdog_timeout(kJournalGrace + kStopExtension);
  }

  config::Config config_;  // in force; a reload puts another one in its place
  const std::string file_;
  std::string refused_reload_;  // why the file is not in force; empty: it is, as it was read last
  service::Log& real_log_;
  std::unique_ptr<store::Journal> journal_;
  Metrics metrics_;
  boost::asio::io_context io_{1};
  core::Rng rng_;
  Notifications notifications_{io_, read_notify_secrets(real_log_), rng_, [this] { return now(); }};
  ObservedLog log_{real_log_, {&metrics_, &notifications_}};
  ObservedJournal watched_journal_{*journal_, {&metrics_, &notifications_}};
  deriv::SessionSettings settings_;
  const deriv::ProxyLogin proxy_login_;
  deriv::Link link_;
  const deriv::Dialect dialect_;
  config::VenueSettings proven_venue_;  // by a session; the one in force may be on trial
  Trader trader_;
  ScriptProcesses scripts_{io_, [this](const core::Name& strategy, std::uint64_t run,
                                       const script::FromScript& message) {
                             now();
                             trader_.on_script(strategy, run, message);
                             after_event();
                           }};
  boost::asio::steady_timer timer_;
  Wakefulness wakefulness_{io_,
                           [this](core::Instant at) {
                             return stopping_ ? std::nullopt : trader_.session().foreseen(at);
                           },
                           [this] {
                             scripts_.rehearse();
                             trader_.session().rehearse();
                           }};
  boost::asio::signal_set signals_;
  service::Notifier notifier_;
  std::unique_ptr<service::ControlServer> control_;
  std::unique_ptr<net::PlainServer> metrics_server_;
  /// Set: the port was not to be had, and is tried again then.
  std::optional<core::Instant> metrics_retry_at_;
  core::Backoff metrics_backoff_{kMetricsRetry, rng_};
  /// By name. More than one only while another address of the venue is on trial.
  std::map<std::string, std::unique_ptr<service::InstanceLock>> account_locks_;
  std::optional<store::TickRecorder> recorder_;
  std::optional<SymbolKeeper> symbol_keeper_;
  std::string paper_payouts_{kModel};  // in words
  std::string archive_problem_;        // the last that was told
  bool stopping_ = false;
  bool leaving_ = false;
  std::optional<std::uint64_t> slim_;  // reconnects when what they left was given back
  std::optional<core::Instant> pruned_at_;
  service::Pulse pulse_;
  core::Instant started_;
  core::WallTime started_wall_;
  std::optional<core::Instant> armed_;
  core::Instant last_status_;
  std::optional<core::Instant> last_watchdog_;
  std::optional<core::Duration> watchdog_;
};

core::Result<std::unique_ptr<store::Journal>> open_journal(const config::Config& config) {
  const auto file = journal_file_of(config);
  if (file.empty()) {
    return core::io_error(
        "nowhere to keep the journal: set $STATE_DIRECTORY (systemd does) or store.path");
  }
  return store::Journal::open(file, store::Journal::Mode::kReadWrite, config.durability);
}

/// The line, and the password in it.
void hide_login(service::Log& log, const core::Secret& login) {
  log.hide(login);
  const auto text = login.reveal();
  log.hide(core::Secret(std::string(text.substr(text.find(':') + 1))));
}

}  // namespace

int run_daemon(const config::Config& config, const std::string& file, core::Secret token,
               service::Log& log) {
  service::bound_heap();
  if (config.store_ticks.on && !config.store_ticks.directory && ticks_path("").empty()) {
    log.write(EventKind::kConfigInvalid,
              "nowhere to keep the ticks: set $STATE_DIRECTORY (systemd does), or name a directory "
              "in store.ticks");
    return service::kExitConfig;
  }
  const auto settings = session_settings(config.venue, token.clone());
  if (const auto route = deriv::route_to(settings, {}); !route) {
    log.write(EventKind::kConfigInvalid, "venue.proxy: " + route.error().text);
    return service::kExitConfig;
  }
  auto login = service::read_proxy_login();
  if (!login) {
    log.write(EventKind::kCredentialProblem, login.error().text);
    return service::kExitCredential;
  }
  auto journal = open_journal(config);
  if (!journal) {
    const bool held = journal.error().kind == core::ErrorKind::kRefused;
    core::Event event;
    event.kind = held ? EventKind::kAccountHeld : EventKind::kJournalProblem;
    event.text = event.reason =
        core::Text(core::cut_utf8(journal.error().text, core::Text::kCapacity));
    log.write(event);
    return held ? service::kExitInstance : service::kExitJournal;
  }
  int code = 0;
  {
    deriv::ProxyLogin proxy_login;
    if (*login) {
      hide_login(log, **login);
      proxy_login = std::make_shared<const core::Secret>(std::move(**login));
    }
    App app(config, file, std::move(token), std::move(proxy_login), std::move(*journal), log);
    code = app.run();
  }
  ::prctl(PR_SET_DUMPABLE, 1);  // every secret is wiped by now
  return code;
}

}  // namespace derivd::daemon
