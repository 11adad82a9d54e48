// doctor: what stands between this machine and a trade, each with the remedy.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <tuple>
#include <vector>

#include "common/answer.hpp"
#include "common/output.hpp"
#include "common/paths.hpp"
#include "common/trades.hpp"
#include "common/venue_settings.hpp"
#include "config/config.hpp"
#include "core/counted.hpp"
#include "core/printable.hpp"
#include "derivctl/answer_text.hpp"
#include "derivctl/archive_check.hpp"
#include "derivctl/command.hpp"
#include "derivctl/places.hpp"
#include "derivctl/probe_venue.hpp"
#include "derivctl/proxy.hpp"
#include "derivctl/service_sight.hpp"
#include "derivctl/subprocess.hpp"
#include "derivctl/waiting.hpp"
#include "net/net.hpp"
#include "service/credential.hpp"
#include "service/exit_code.hpp"
#include "store/journal.hpp"

namespace derivd::ctl {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

// A day of one trade a second writes some 60 MB; below the second bound SQLite may not finish one.
constexpr std::uintmax_t kLittleSpace = 1ULL << 30;
constexpr std::uintmax_t kNoSpace = 64ULL << 20;
// Deriv's epochs have whole seconds, and the answer travels: less than this is no skew.
constexpr double kSkewSeconds = 2.5;
constexpr core::Duration kSystemctlTime = std::chrono::seconds(10);
/// Of what cannot be there, or cannot work, before there is a configuration: one remedy is enough.
constexpr std::string_view kAfterSetup = "comes after the setup above";

struct DoctorOptions {
  PlaceOptions places;
  bool offline = false;
};

enum class Grade { kOk, kWarn, kFail };
std::string_view name_of(Grade grade) {
  switch (grade) {
    case Grade::kOk:
      return "ok";
    case Grade::kWarn:
      return "warn";
    case Grade::kFail:
      return "fail";
  }
  return "?";
}

struct Line {
  std::string check;
  Grade grade = Grade::kOk;
  std::string found;
  std::string remedy;
};

class Doctor final {
 public:
  Doctor(const Context& context, const DoctorOptions& o)
      : context_(context), offline_(o.offline), places_(context, o.places) {}

  const std::vector<Line>& examine() {
    configuration();
    credential();
    state_directory();
    journal();
    archive();
    socket();
    unit();
    if (!offline_) venue();
    return lines_;
  }

 private:
  void add(std::string check, Grade grade, std::string found, std::string remedy = {}) {
    lines_.push_back({std::move(check), grade, std::move(found), std::move(remedy)});
  }
  /// What a person is to type: "sudo derivctl --name NAME setup".
  std::string command(std::string_view words) const {
    return fmt::format("\"{}{} {}\"", places_.by_sudo(), context_.program(), words);
  }
  /// systemctl, journalctl: of the unit, whatever places were named.
  std::string unit_command(std::string_view words) const {
    return fmt::format("{}{} {}", ctl::by_sudo(), words, places_.unit());
  }
  void configuration();
  void credential();
  void credential_file(const std::string& path);
  void state_directory();
  void journal();
  void archive();
  void socket();
  void running(const ordered_json& status);
  void symbols(const ordered_json& status);
  void positions();
  void unit();
  void watchdog(const std::map<std::string, std::string>& shown);
  void venue();
  bool connection(const deriv::SessionSettings& settings, const net::Route& route);
  void clock(const deriv::SessionSettings& settings, const net::Route& route);
  void token(const net::Route& route);
  std::string journal_file() const;

  const Context& context_;
  const bool offline_;
  const Places places_;
  std::vector<Line> lines_;
  std::optional<config::VenueSettings> venue_;
  std::optional<std::string> store_path_;
  config::TickStore ticks_;
  std::optional<core::Secret> token_;
  bool is_set_up_ = true;  // false: there is no configuration at all
  bool daemon_runs_ = false;
  bool paper_ = false;  // by the configuration
};

void Doctor::configuration() {
  const auto& file = places_.config();
  const auto loaded = config::load_file(file, context_.symbols());
  if (const auto* c = std::get_if<config::Config>(&loaded)) {
    venue_ = c->venue;
    store_path_ = c->store_path;
    ticks_ = c->store_ticks;
    paper_ = c->venue.mode == config::Mode::kPaper;
    const auto hidden = places_.are_the_units()
                            ? hidden_files(*c, kServiceUser, config::directory_of(file))
                            : std::vector<config::Problem>{};
    if (!hidden.empty()) {
      return add("configuration", Grade::kFail, config::format(hidden.front(), file),
                 "root can read it, and the service ends with 78");
    }
    return add("configuration", Grade::kOk,
               fmt::format("{} is valid, {}", file,
                           core::counted(c->engine.strategies.size(), "strategy", "strategies")));
  }
  const auto& problems = std::get<std::vector<config::Problem>>(loaded);
  std::error_code error;
  is_set_up_ = fs::exists(file, error) || error;
  if (!is_set_up_) {
    return add("configuration", Grade::kFail, config::format(problems.front(), file),
               command("setup") + " writes it: begin there");
  }
  add("configuration", Grade::kFail,
      fmt::format("{}{}", config::format(problems.front(), file),
                  problems.size() > 1 ? fmt::format(" (and {} more)", problems.size() - 1) : ""),
      fmt::format("{} names every mistake; {} writes a first one",
                  command("check --config " + file), command("setup")));
}

void Doctor::credential_file(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return;
  if (S_ISLNK(info.st_mode) && ::stat(path.c_str(), &info) != 0) return;
  if ((info.st_mode & 077) != 0) {
    return add("credential", Grade::kFail,
               fmt::format("{} has mode {:04o}: others than its owner may read or change it", path,
                           info.st_mode & 07777),
               fmt::format("chmod 600 {}; if somebody may have read it, delete the token at Deriv "
                           "and run {}",
                           path, command("token set")));
  }
  if (info.st_uid != 0 && info.st_uid != ::geteuid()) {
    return add("credential", Grade::kWarn,
               fmt::format("{} belongs to the user {}", path, info.st_uid),
               fmt::format("chown root:root {}: systemd reads it as root", path));
  }
  struct stat directory {};
  const auto parent = fs::path(path).parent_path();
  if (::stat(parent.c_str(), &directory) == 0 && (directory.st_mode & 022) != 0 &&
      (directory.st_mode & S_ISVTX) == 0) {
    return add("credential", Grade::kFail,
               fmt::format("{} has mode {:04o}: others may put another token in its place",
                           parent.string(), directory.st_mode & 07777),
               fmt::format("chmod 700 {}", parent.string()));
  }
  add("credential", Grade::kOk,
      fmt::format("{}, mode {:04o}, a token of {}", path, info.st_mode & 07777,
                  token_ ? deriv::name_of(deriv::dialect_for(*token_)) : "unknown form"));
}

void Doctor::credential() {
  const auto how = kept(places_);
  if (!how && venue_ && venue_->mode == config::Mode::kPaper) {
    return add("credential", Grade::kOk, "none, and paper needs none");
  }
  if (!how && !is_set_up_) {
    return add("credential", Grade::kWarn, places_.credential() + " is not there yet",
               std::string(kAfterSetup));
  }
  if (!how && ::geteuid() != 0 && places_.are_the_units()) {
    return add("credential", Grade::kWarn,
               fmt::format("{} cannot be seen by this user", places_.credential()),
               "run doctor as root");
  }
  auto token = read_kept(places_);
  if (!token) {
    return add("credential", Grade::kFail, token.error().text,
               fmt::format("{} or {} stores one", command("setup"), command("token set")));
  }
  token_ = std::move(*token);
  if (how == Keeping::kEncrypted) {
    std::error_code error;
    if (places_.are_the_units() && !fs::exists(places_.drop_in(), error)) {
      return add("credential", Grade::kFail,
                 fmt::format("{} is encrypted, but the unit does not load it: no {}",
                             places_.encrypted(), places_.drop_in()),
                 command("token set --encrypt") + " writes it");
    }
    return add("credential", Grade::kOk,
               places_.encrypted() + ", encrypted with this machine's key");
  }
  credential_file(places_.credential());
}

std::string Doctor::journal_file() const {
  if (store_path_) return *store_path_;
  Context of_mode = context_;
  of_mode.paper = of_mode.paper || paper_;
  return of_mode.journal_file();
}

void Doctor::state_directory() {
  const auto directory = fs::path(journal_file()).parent_path().string();
  struct statvfs space {};
  if (::statvfs(directory.c_str(), &space) != 0) {
    std::error_code error;
    if (!fs::exists(directory, error)) {
      return add("disk", Grade::kOk, directory + " is not there yet; the first start makes it");
    }
    return add("disk", Grade::kWarn, directory + " cannot be looked at", "run doctor as root");
  }
  const auto free = std::uintmax_t{space.f_bavail} * space.f_frsize;
  const auto found = fmt::format("{} MB free for {}", free >> 20, directory);
  if (free < kNoSpace || space.f_favail == 0) {
    return add("disk", Grade::kFail, found,
               "make room: without a journal nothing is traded and the daemon ends with 74");
  }
  if (free < kLittleSpace) return add("disk", Grade::kWarn, found, "make room soon");
  add("disk", Grade::kOk, found);
}

void Doctor::journal() {
  const auto file = journal_file();
  std::error_code error;
  if (!fs::exists(file, error)) {
    if (error) return add("journal", Grade::kWarn, file + " cannot be seen", "run doctor as root");
    return add("journal", Grade::kOk, file + " is not there yet; the first start makes it");
  }
  auto opened = store::Journal::open(file, store::Journal::Mode::kReadOnly);
  if (!opened) {
    const bool damaged = opened.error().kind == core::ErrorKind::kInvalid;
    return add("journal", damaged ? Grade::kFail : Grade::kWarn, opened.error().text,
               damaged ? "stop the daemon and put back a copy; never start with an empty one while "
                         "contracts are open"
                       : "run doctor as root");
  }
  if (const auto whole = (*opened)->check(); !whole) {
    return add("journal", Grade::kFail, whole.error().text,
               "stop the daemon and put back a copy; the old file is evidence");
  }
  const auto snapshot = (*opened)->load();
  if (!snapshot) {
    return add("journal", Grade::kFail, snapshot.error().text,
               "stop the daemon and put back a copy; the old file is evidence");
  }
  for (const auto& text : (*opened)->take_notices()) {
    return add("journal", Grade::kFail, text, "put the right one back; docs/journal.md");
  }
  const auto books = (*opened)->books({.first = 1});
  if (!books) {
    return add("journal", Grade::kFail, books.error().text,
               "stop the daemon and put back a copy; the old file is evidence");
  }
  auto found = fmt::format("{} is readable and whole", file);
  const auto removed = daemon::removed_report(books->removed, {});
  if (removed.is_object()) found += "; " + daemon::removed_words(removed["total"]);
  add("journal", Grade::kOk, std::move(found));
}

/// Whether the daemon can record. The state directory's owner is the user that it runs as.
void Doctor::archive() {
  if (!ticks_.on) return;
  const auto beside = fs::path(journal_file()).parent_path();
  const auto directory = ticks_.directory.value_or((beside / "ticks").string());
  struct stat state {};
  if (::stat(beside.c_str(), &state) != 0) return;  // told above
  const auto obstacle = archive_obstacle(directory, state.st_uid);
  if (!obstacle) {
    return add("tick archive", Grade::kWarn, obstacle.error().text, "run doctor as root");
  }
  if (*obstacle) return add("tick archive", Grade::kFail, (*obstacle)->found, (*obstacle)->remedy);
  add("tick archive", Grade::kOk, directory + " can be written by the daemon");
}

/// A symbol that brings nothing is no fault of the session, and does not show in it.
void Doctor::symbols(const ordered_json& status) {
  const auto rows = daemon::rows_of(daemon::at(status, "symbols"));
  if (rows.empty()) return;
  std::string late;
  for (const auto* row : rows) {
    if (daemon::at(*row, "late") != true) continue;
    const auto& waiting = daemon::at(*row, "waiting_s");
    late += fmt::format("{}{} for {:.0f} s", late.empty() ? "" : ", ",
                        daemon::shown(daemon::at(*row, "symbol")),
                        waiting.is_number() ? waiting.get<double>() : 0.0);
  }
  if (late.empty()) return add("ticks", Grade::kOk, "of " + core::counted(rows.size(), "symbol"));
  add("ticks", Grade::kWarn, "none of " + late,
      "the market may be closed; otherwise compare with the symbol's chart at Deriv");
}

/// What is open here alone keeps its place in the limits, and may be why nothing is bought.
void Doctor::positions() {
  const auto open = ask(context_, {{"cmd", "positions"}});
  std::string strange;
  for (const auto* row : daemon::rows_of(open.result)) {
    if (daemon::at(*row, "unknown_to_venue") != true) continue;
    strange += (strange.empty() ? "" : ", ") + daemon::shown(daemon::at(*row, "contract_id"));
  }
  if (strange.empty()) return;
  add("positions", Grade::kWarn, "the venue does not know what is open here: contract " + strange,
      std::string(kStrangeContract));
}

void Doctor::running(const ordered_json& status) {
  daemon_runs_ = true;
  const auto& said = daemon::at(status, "version");
  const auto version = daemon::is_blank(said) ? std::string{} : daemon::shown(said);
  if (!version.empty() && version != DERIVD_VERSION) {
    add("version", Grade::kWarn,
        fmt::format("derivd {} runs, derivctl is {}", version, DERIVD_VERSION),
        unit_command("systemctl restart"));
  } else if (!version.empty()) {
    add("version", Grade::kOk, fmt::format("derivd and derivctl are both {}", version));
  }
  if (const auto& ticks = daemon::at(status, "ticks_problem"); ticks.is_string()) {
    add("recording", Grade::kWarn, daemon::shown(ticks),
        "ticks wait in memory for it, and are dropped in the end");
  }
  symbols(status);
  positions();
  const auto state = daemon::shown(daemon::at(status, "state"));
  const auto& why = daemon::at(status, "problem");
  const auto problem = daemon::is_blank(why) ? std::string{} : daemon::shown(why);
  if (state == "live") return add("session", Grade::kOk, session_word(state));
  add("session", Grade::kWarn, fmt::format("{}{}", state, problem.empty() ? "" : ": " + problem),
      "the lines below say what the network and Deriv say");
}

void Doctor::socket() {
  const auto answer = ask(context_, {{"cmd", "status"}});
  const auto path = context_.socket_path();
  if (answer.code == service::kCtlOk) {
    add("control", Grade::kOk, path + " answers");
    return running(answer.result);
  }
  if (answer.code == service::kCtlNotRunning) {
    return add("control", Grade::kWarn, "no daemon runs: nobody serves " + path,
               is_set_up_ ? unit_command("systemctl start") : std::string(kAfterSetup));
  }
  add("control", Grade::kFail, answer.error,
      answer.code == service::kCtlRefused
          ? "run doctor as root or as a member of the group derivd"
          : unit_command("systemctl restart") + "; its journal is kept");
}

std::map<std::string, std::string> unit_properties(const std::string& text) {
  std::map<std::string, std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (const auto at = line.find('='); at != std::string::npos) {
      out[line.substr(0, at)] = line.substr(at + 1);
    }
  }
  return out;
}

void Doctor::unit() {
  if (!systemd_runs()) {
    return add("unit", Grade::kWarn, "systemd does not run here: nothing starts the daemon again",
               "fine for a trial; a server needs the unit");
  }
  const auto done = run_program({"systemctl", "show", places_.unit(),
                                 "--property=LoadState,ActiveState,SubState,Result,NRestarts,"
                                 "UnitFileState,WatchdogUSec,ExecMainStatus,NeedDaemonReload"},
                                {}, kSystemctlTime);
  if (!done || done->code != 0) {
    return add("unit", Grade::kWarn, done ? done->errors : done.error().text,
               "\"systemctl status\" says why systemd cannot be asked");
  }
  const auto unit = unit_properties(std::string(done->output.reveal()));
  const auto value = [&](const char* key) {
    const auto at = unit.find(key);
    return at == unit.end() ? std::string{} : at->second;
  };
  if (value("LoadState") != "loaded") {
    return add("unit", Grade::kWarn, fmt::format("{} is {}", places_.unit(), value("LoadState")),
               "install the package, or trade without a unit");
  }
  const auto state =
      fmt::format("{} is {} ({}), {} restarts, {}", places_.unit(), value("ActiveState"),
                  value("SubState"), value("NRestarts"), value("UnitFileState"));
  const bool again = value("SubState") == "auto-restart";
  if ((again || value("ActiveState") == "failed") &&
      value("ExecMainStatus") == std::to_string(service::kExitInstance)) {
    add("unit", Grade::kFail, state + ": another derivd holds its account or its journal",
        fmt::format("systemctl status 'derivd*' shows the daemons of this machine: stop the other "
                    "one, or give {} a token of another account",
                    places_.unit()));
  } else if (again) {
    add("unit", Grade::kFail,
        fmt::format("{}; it ended with exit code {} and is started again", state,
                    value("ExecMainStatus")),
        fmt::format("{}journalctl -u {} -x -n 20 says why; derivd(8) has the exit codes",
                    ctl::by_sudo(), places_.unit()));
  } else if (value("ActiveState") == "failed") {
    add("unit", Grade::kFail,
        fmt::format("{}: {}, exit code {}", state, value("Result"), value("ExecMainStatus")),
        fmt::format("{}journalctl -u {} -x -n 20 says why; derivd(8) has the exit codes",
                    ctl::by_sudo(), places_.unit()));
  } else if (value("NeedDaemonReload") == "yes") {
    add("unit", Grade::kWarn, state + ", and its file has changed",
        fmt::format("{}systemctl daemon-reload", ctl::by_sudo()));
  } else {
    add("unit", Grade::kOk, state);
  }
  watchdog(unit);
}

void Doctor::watchdog(const std::map<std::string, std::string>& unit) {
  // systemd knows it from the unit's first start on: of one that does not run it says infinity.
  const auto state = unit.find("ActiveState");
  if (state == unit.end() || state->second != "active") {
    return add("watchdog", Grade::kOk, "not seen: the unit does not run");
  }
  const auto at = unit.find("WatchdogUSec");
  if (at == unit.end() || at->second == "0" || at->second == "infinity") {
    return add("watchdog", Grade::kWarn, "the unit has no WatchdogSec=: a daemon that hangs stays",
               "take the packaged unit's WatchdogSec=30s over");
  }
  add("watchdog", Grade::kOk, "a daemon that hangs is restarted after " + at->second);
}

// ---- the network ----

/// What the address or the application's id tells of `api: auto`, which else goes by the token's
/// form; empty: neither tells.
std::optional<config::Api> api_without_token(const config::VenueSettings& venue) {
  if (venue.endpoint) {
    return venue.endpoint->starts_with("wss://") ? config::Api::kV3 : config::Api::kOptions;
  }
  // The ids of v3 are numbers; those of the current API may be anything.
  const bool number = venue.app_id.find_first_not_of("0123456789") == std::string::npos;
  return number ? std::nullopt : std::optional(config::Api::kOptions);
}

std::string remedy_of(const net::LinkError& error) {
  switch (error.step) {
    case net::Step::kResolve:
      return "look at /etc/resolv.conf and the network: the name cannot be resolved";
    case net::Step::kConnect:
      return "a firewall, a proxy or the network between: nothing accepts the connection";
    case net::Step::kProxy:
      return "the proxy refuses or is none: its administrator, venue.proxy and its login "
             "(derivd.yaml(5)) are what to look at";
    case net::Step::kTls:
      return "a wrong clock, an old ca-certificates package, or somebody in between; verification "
             "is never switched off";
    case net::Step::kUpgrade:
    case net::Step::kOpen:
      return "Deriv answered in an unusual way: look at its status page and try again";
  }
  return "";
}

struct Reached {
  std::optional<net::LinkError> error;
  int status = 0;
};

Reached reach(const net::Url& url, const net::Route& route) {
  Reached out;
  boost::asio::io_context io(1);
  net::HttpRequest request;
  request.method = "GET";
  request.url = url;
  // What it answers is of no interest, that it does is.
  request.body_prefix = 0;
  std::optional<Waiting> waiting;
  const auto exchange = net::fetch(io, std::move(request), route, {}, [&](auto result) {
    waiting.reset();
    if (result) {
      out.status = result->status;
    } else {
      out.error = result.error();
    }
  });
  waiting.emplace(io, [&] { return exchange->waiting_for(); });
  io.run();
  return out;
}

/// DNS, TCP and TLS by how far one HTTPS request comes.
bool Doctor::connection(const deriv::SessionSettings& settings, const net::Route& route) {
  auto endpoint = settings.endpoint;
  if (const auto at = endpoint.find("://"); at != std::string::npos) {
    endpoint.replace(0, at, "https");  // wss is HTTPS until the upgrade
  }
  auto url = net::Url::parse(endpoint);
  if (!url) {
    add("network", Grade::kFail, url.error().text, "correct venue.endpoint");
    return false;
  }
  url->target = "/v1/health";
  const auto place = fmt::format("{}:{}", url->host, url->port);
  const auto reached = reach(*url, route);
  const auto failed = reached.error ? reached.error->step : net::Step::kOpen;
  // With a proxy, the name and the connection are the proxy's.
  const auto gate =
      route.proxy ? fmt::format("{}:{}", route.proxy->host, route.proxy->port) : place;
  std::vector<std::tuple<net::Step, const char*, std::string>> steps = {
      {net::Step::kResolve, "dns", gate}, {net::Step::kConnect, "tcp", gate}};
  if (route.proxy) {
    steps.emplace_back(net::Step::kProxy, "proxy", fmt::format("{} through {}", place, gate));
  }
  steps.emplace_back(net::Step::kTls, "tls", place);
  for (const auto& [step, name, where] : steps) {
    if (failed == step) {
      add(name, Grade::kFail, fmt::format("{}: {}", where, reached.error->error.text),
          remedy_of(*reached.error));
      return false;
    }
    add(name, Grade::kOk, where);
  }
  if (!reached.error) return true;
  add("https", Grade::kFail, fmt::format("{}: {}", place, reached.error->error.text),
      remedy_of(*reached.error));
  return false;
}

/// Contracts are reckoned in the venue's time alone: a skew is worth a word, never a failure.
void Doctor::clock(const deriv::SessionSettings& settings, const net::Route& route) {
  deriv::SessionSettings open;
  open.dialect = settings.dialect;
  open.endpoint = settings.endpoint;
  open.app_id = settings.app_id;
  const auto asked = probe_venue(deriv::ProbeKind::kClock, std::move(open), route);
  if (!asked.venue_time) {
    return add("clock", Grade::kWarn, "Deriv did not say its time: " + asked.reason,
               "try again; the lines above say how far the connection comes");
  }
  const double ours = static_cast<double>(asked.asked.us + asked.answered.us) / 2e6;
  const double skew = ours - (static_cast<double>(asked.venue_time->s) + 0.5);
  const auto found =
      std::abs(skew) < kSkewSeconds
          ? std::string("agrees with Deriv's to the second")
          : fmt::format("is {:.0f} s {} Deriv's", std::abs(skew), skew > 0 ? "ahead of" : "behind");
  if (std::abs(skew) < kSkewSeconds) return add("clock", Grade::kOk, found);
  add("clock", Grade::kWarn, found,
      "switch on systemd-timesyncd or chrony; certificates and journal times need a true clock "
      "(a simulator's clock may be any)");
}

void Doctor::token(const net::Route& route) {
  const auto settings = daemon::session_settings(*venue_, token_->clone());
  const auto dialect = settings.dialect;
  if (daemon_runs_) {
    return add("token", Grade::kOk,
               fmt::format("not asked while the daemon uses it; {} does", command("token check")));
  }
  const auto asked = probe_venue(deriv::ProbeKind::kToken,
                                 daemon::session_settings(*venue_, token_->clone()), route);
  switch (asked.outcome) {
    case deriv::ProbeResult::Outcome::kGood:
      return add(
          "token", Grade::kOk,
          fmt::format("{} account {}, {} {}", asked.account.is_real ? "REAL" : "demo",
                      asked.account.id, asked.account.balance.to_string(), asked.account.currency));
    case deriv::ProbeResult::Outcome::kRefused:
      return add("token", Grade::kFail, asked.reason, explain(asked, dialect, context_.program()));
    case deriv::ProbeResult::Outcome::kUnreachable:
    case deriv::ProbeResult::Outcome::kTimeout:
      return add("token", Grade::kWarn, asked.reason, "try again later");
  }
}

void Doctor::venue() {
  if (!venue_) {
    return add(
        "network", Grade::kWarn, "not tried: the configuration says which Deriv to ask",
        is_set_up_ ? std::string("correct the configuration first") : std::string(kAfterSetup));
  }
  auto asked = *venue_;
  if (!token_ && asked.mode == config::Mode::kLive && asked.api == config::Api::kAuto) {
    const auto api = api_without_token(asked);
    if (!api) {
      return add("network", Grade::kWarn,
                 "not tried: which of Deriv's two APIs to ask cannot be told without the token "
                 "(venue.api: auto goes by its form)",
                 "see the line credential above, or write venue.api: options or v3");
    }
    asked.api = *api;
  }
  const auto settings = daemon::session_settings(asked, token_ ? token_->clone() : core::Secret());
  const auto route = route_by_config(*venue_, places_);
  if (!route && route.error().kind == core::ErrorKind::kIo && ::geteuid() != 0) {
    return add("proxy", Grade::kWarn, "its user and password cannot be seen by this user",
               "run doctor as root");
  }
  if (!route) {
    return add("proxy", Grade::kFail, route.error().text,
               "correct it; derivd.yaml(5) has the form");
  }
  if (!connection(settings, *route)) return;
  clock(settings, *route);
  if (token_ && venue_->mode == config::Mode::kLive) token(*route);
}

/// A terminal gets lines of its own width; a file or a pipe one line for each thing.
void print_line(const Line& line, const out::Look& look) {
  constexpr std::size_t kIndent = 21;
  const auto grade = fmt::format("{:<4}", name_of(line.grade));
  const auto words = [&](const std::string& text, std::size_t indent) {
    const auto clean = core::printable(text);
    if (!look.terminal) return std::string(indent, ' ') + clean + "\n";
    return wrapped(clean, look.width, indent);
  };
  const auto found = words(line.found, kIndent).substr(kIndent);
  out::show(fmt::format("{}{}  {:<13}  {}", tinted(name_of(line.grade), look),
                        grade.substr(name_of(line.grade).size()), line.check, found));
  if (!line.remedy.empty()) out::show(words("-> " + line.remedy, kIndent));
}

int doctor(const Context& context, const DoctorOptions& o) {
  Doctor doctor(context, o);
  const auto& lines = doctor.examine();
  auto rows = ordered_json::array();
  std::size_t failed = 0;
  for (const auto& line : lines) {
    failed += line.grade == Grade::kFail ? 1 : 0;
    rows.push_back({{"check", line.check},
                    {"grade", name_of(line.grade)},
                    {"found", line.found},
                    {"remedy", line.remedy}});
  }
  if (context.json) {
    const ordered_json out{{"ok", failed == 0}, {"checks", rows}};
    out::json(out);
  } else {
    const auto look = out::look();
    for (const auto& line : lines) print_line(line, look);
  }
  return failed == 0 ? service::kCtlOk : service::kCtlRefused;
}

}  // namespace

void add_doctor(Commands& commands) {
  const auto& context = commands.context();
  const auto o = std::make_shared<DoctorOptions>();
  auto c = commands.add("doctor", "what stands between this machine and a trade, with remedies");
  add_place_options(c, o->places);
  c.flag("--offline", o->offline, "leave the network alone");
  commands.on(c, [&context, o] {
    service::keep_out_of_cores();
    return doctor(context, *o);
  });
}

}  // namespace derivd::ctl
