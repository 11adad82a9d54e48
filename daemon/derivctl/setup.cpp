// setup: from nothing to a daemon that can trade, for a person at a terminal and for a script.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <thread>

#include "backtest/odds_text.hpp"
#include "common/account_lock.hpp"
#include "common/answer.hpp"
#include "common/look.hpp"
#include "common/output.hpp"
#include "common/trades.hpp"
#include "config/config.hpp"
#include "core/counted.hpp"
#include "core/printable.hpp"
#include "derivctl/answer_text.hpp"
#include "derivctl/command.hpp"
#include "derivctl/first_config.hpp"
#include "derivctl/places.hpp"
#include "derivctl/probe_venue.hpp"
#include "derivctl/proxy.hpp"
#include "derivctl/service_sight.hpp"
#include "derivctl/subprocess.hpp"
#include "derivctl/terminal.hpp"
#include "derivctl/token_input.hpp"
#include "service/credential.hpp"
#include "service/exit_code.hpp"
#include "service/lock.hpp"

namespace derivd::ctl {
namespace {

using nlohmann::ordered_json;

// The unit's own TimeoutStartSec= ends it sooner.
constexpr core::Duration kStartingTime = std::chrono::seconds(90);
// As a rule it takes two seconds. After that a person can look for himself.
constexpr auto kConnectingTime = std::chrono::seconds(15);
constexpr auto kSetupLookEvery = std::chrono::milliseconds(250);
constexpr core::Duration kJournalTime = std::chrono::seconds(10);
/// Whoever is wrong three times needs another page than this one.
constexpr int kSetupMaxTries = 3;
/// With which a paper account begins, unless the configuration says otherwise
/// (venue.paper.balance).
constexpr core::Money kPaperBalance = core::Money::minor(10'000'00);

struct SetupOptions {
  PlaceOptions places;
  std::string api, app_id, account, token_file, endpoint, ca_file, proxy;
  bool encrypt = false, allow_real = false, start = false, no_start = false;
  bool yes = false, force = false, keep_config = false;
};

/// Ends the wizard: why, and the exit code.
struct SetupStop {
  int code = service::kCtlRefused;
  std::string text;
};
template <class T>
using SetupOutcome = boost::system::result<T, SetupStop>;
[[noreturn, maybe_unused]] void throw_exception_from_error(const SetupStop& stop,
                                                           const boost::source_location&) {
  throw std::runtime_error(stop.text);
}

/// Why an answer is none; empty: it is one.
using Complaint = std::string;

Complaint complaint_about_app_id(std::string_view id, deriv::Dialect dialect) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_word = [&](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  };
  constexpr std::size_t kLongest = 64;
  if (id.empty()) return "it is empty; the dashboard at developers.deriv.com shows it";
  if (id.starts_with("pat_")) {
    return "that begins like a token; the application id stands beside the application's name";
  }
  if (dialect == deriv::Dialect::kV3 && !std::all_of(id.begin(), id.end(), is_digit)) {
    return "for v3 it is a number, such as 1089";
  }
  if (id.size() > kLongest || !std::all_of(id.begin(), id.end(), is_word)) {
    return "it has letters, digits, _ and - alone, 64 at most";
  }
  return {};
}

/// An endpoint of the other API than the token's, or than --api's.
Complaint complaint_about_endpoint(std::string_view endpoint, deriv::Dialect dialect) {
  const bool options = dialect == deriv::Dialect::kOptions;
  if (endpoint.empty() || endpoint.starts_with(options ? "https://" : "wss://")) return {};
  return fmt::format("--endpoint {}: {}", endpoint,
                     options ? "a token of the current API needs https://HOST[:PORT]"
                             : "v3 needs wss://HOST[:PORT]/websockets/v3");
}

SetupStop setup_usage(std::string text) { return {service::kCtlUsage, std::move(text)}; }
SetupStop setup_refused(std::string text) { return {service::kCtlRefused, std::move(text)}; }
SetupStop broken(const core::Error& error) {
  return {error.kind == core::ErrorKind::kRefused ? service::kCtlRefused : service::kCtlOther,
          error.text};
}

/// What the numbers of the configuration mean for its money, in short. Of the strategies that are
/// switched off, too: a person reads it before switching them on.
void show_expectation(const config::Config& config, core::Money balance,
                      const std::string& config_file) {
  out::error("\nWhat to expect of it; no strategy has an edge here:\n");
  for (const auto& strategy : config.engine.strategies) {
    for (const auto& line : backtest::odds_short(strategy, config.engine.limits, balance)) {
      out::error("{}", out::folded("  " + line));
    }
  }
  out::error("{}\n", out::folded(fmt::format("derivctl odds --config {} has the whole page.\n",
                                             config_file)));
}

class Wizard final {
 public:
  Wizard(const Context& context, const SetupOptions& options)
      : context_(context),
        o_(options),
        places_(context, options.places),
        asks_(is_interactive() && !options.yes),
        paper_(context.paper),
        drop_ins_(drop_ins_of(places_)) {}

  SetupOutcome<void> run() {
    if (asks_) say_at_interrupt("\nNothing was stored.\n");
    if (auto done = begin(); !done) return done;
    return paper_ ? run({&Wizard::begin_paper, &Wizard::write_config, &Wizard::start})
                  : run({&Wizard::ask_for_token, &Wizard::confirm_scopes, &Wizard::confirm_real,
                         &Wizard::choose_keeping, &Wizard::store, &Wizard::start});
  }
  void report() const;

 private:
  template <class... T>
  void say(fmt::format_string<T...> text, T&&... values) const {
    out::error("{}", out::folded(fmt::format(text, std::forward<T>(values)...)));
  }

  SetupOutcome<void> run(std::initializer_list<SetupOutcome<void> (Wizard::*)()> steps) {
    for (const auto step : steps) {
      if (auto done = (this->*step)(); !done) return done;
    }
    return {};
  }
  /// Asks until `complaint` has none, kMaxTries times at most.
  template <class Check>
  SetupOutcome<std::string> ask(std::string_view question, std::string_view otherwise,
                                Check complaint);

  SetupOutcome<void> begin() {
    return run({&Wizard::check_options, &Wizard::check_places, &Wizard::check_ca_file,
                &Wizard::offer_paper});
  }
  SetupOutcome<void> check_options();
  SetupOutcome<void> check_places();
  SetupOutcome<void> check_ca_file();
  SetupOutcome<void> offer_paper();
  SetupOutcome<void> begin_paper();
  SetupOutcome<void> ask_for_token();
  SetupOutcome<void> ask_deriv();
  bool may_try_again() const;
  SetupOutcome<void> read_token();
  Complaint take_token(core::Secret token);
  void tell_form() const;
  SetupOutcome<void> choose_app();
  SetupOutcome<void> choose_route();
  SetupOutcome<void> verify();
  SetupOutcome<void> choose_account();
  void tell_of_holder() const;
  SetupOutcome<void> probe(const std::string& account, bool real);
  SetupOutcome<void> confirm_scopes();
  SetupOutcome<void> confirm_real();
  SetupOutcome<void> choose_keeping();
  SetupOutcome<void> store();
  SetupOutcome<void> write_config();
  SetupOutcome<void> store_proxy_login();
  std::string proxy_address() const;
  SetupOutcome<void> start();
  void explain_token() const;
  std::string why_not_started(const std::string& errors) const;
  SetupOutcome<void> see_it_trade() const;
  /// systemd knows nothing of a drop-in yet that was written here. A start tells it.
  bool leaves_drop_in() const { return !started_ && drop_ins_of(places_) != drop_ins_; }
  /// What was done and what is next, on lines that a terminal shows whole.
  template <class... T>
  void tell(fmt::format_string<T...> text, T&&... values) const {
    out::print("{}", out::folded(fmt::format(text, std::forward<T>(values)...)));
  }
  bool wants_real() const { return !o_.account.empty() && o_.account != "demo"; }

  const Context& context_;
  const SetupOptions& o_;
  const Places places_;
  const bool asks_;
  bool paper_;
  const std::string drop_ins_;  // of the unit, before anything is stored
  std::string api_;
  std::string app_id_;
  core::Secret token_;
  deriv::Dialect dialect_ = deriv::Dialect::kOptions;
  net::Route route_;
  deriv::ProbeResult found_;
  std::string account_ = "demo";  // as it is written into the configuration
  Keeping keeping_ = Keeping::kPlain;
  bool replace_config_ = false;
  std::string backup_;
  bool started_ = false;
};

SetupOutcome<void> Wizard::check_options() {
  if (o_.start && !places_.are_the_units()) {
    return setup_usage(
        "--start starts the unit, which reads the package's own places: leave out "
        "--credential, --credentials-dir and --config, or say --no-start");
  }
  if (o_.start && !systemd_runs())
    return setup_refused("--start needs systemd, which does not run here");
  if (!asks_ && o_.account == "real" && !o_.allow_real) {
    return setup_refused("a real-money account needs --allow-real beside --account");
  }
  // Where --api says which API it is, no answer has to be waited for.
  if (o_.api == "v3" || o_.api == "options") {
    const auto wrong = complaint_about_endpoint(
        o_.endpoint, o_.api == "v3" ? deriv::Dialect::kV3 : deriv::Dialect::kOptions);
    if (!wrong.empty()) return setup_usage(wrong);
  }
  if (context_.name.find_first_of("/. \t\n") != std::string::npos) {
    return setup_usage("--name is the instance of a unit: letters, digits, _ and -");
  }
  if (paper_ && (!o_.token_file.empty() || !o_.account.empty() || o_.allow_real || o_.encrypt ||
                 o_.keep_config)) {
    return setup_usage(
        "--paper trades without a token and without an account: leave out --token-file, --account, "
        "--allow-real, --encrypt and --keep-config");
  }
  return {};
}

SetupOutcome<void> Wizard::check_places() {
  std::vector<std::string> written;
  if (!paper_) written.push_back(places_.credential());
  if (!o_.keep_config) written.push_back(places_.config());
  for (const auto& path : written) {
    if (auto why = cannot_write(path)) return setup_refused(*why);
  }
  std::error_code error;
  const bool there = std::filesystem::exists(places_.config(), error);
  if (o_.keep_config || !there) return {};
  replace_config_ = o_.force || is_packaged_example(places_.config());
  if (replace_config_) return {};
  if (!asks_) {
    return setup_refused(
        fmt::format("{} is there already: --force replaces it (a copy is kept), "
                    "--keep-config leaves it as it is",
                    places_.config()));
  }
  const auto yes = ask_yes(
      fmt::format("{} is there already. Replace it? A copy is kept.", places_.config()), false);
  if (!yes) return broken(yes.error());
  if (!*yes) {
    return setup_refused(
        fmt::format("{} was left as it is, and nothing was stored; \"{}{} setup "
                    "--keep-config\" leaves it and stores the token alone",
                    places_.config(), places_.by_sudo(), context_.program()));
  }
  replace_config_ = true;
  return {};
}

/// Root can read what the service cannot, and would find out at the start alone.
SetupOutcome<void> Wizard::check_ca_file() {
  if (o_.ca_file.empty() || !places_.are_the_units()) return {};
  const auto why =
      hidden_from_service(std::filesystem::absolute(o_.ca_file).string(), kServiceUser);
  if (!why) return {};
  return setup_refused(fmt::format("--ca-file {}: {}", o_.ca_file, *why));
}

/// The way for whoever has no account yet. Somebody who gave an option of a token has one.
SetupOutcome<void> Wizard::offer_paper() {
  const bool has_token = !o_.token_file.empty() || !o_.api.empty() || !o_.app_id.empty() ||
                         !o_.account.empty() || o_.keep_config;
  if (paper_ || !asks_ || has_token) return {};
  say("derivd can also trade on paper: on Deriv's live ticks, with purchases that are\n"
      "filled here. That needs no account and no token, and nothing is bought.\n");
  const auto yes = ask_yes("Set it up on paper?", false);
  if (!yes) return broken(yes.error());
  paper_ = *yes;
  return {};
}

/// Nobody has to be asked for anything; that Deriv answers is looked at all the same.
SetupOutcome<void> Wizard::begin_paper() {
  api_ = o_.api.empty() ? "auto" : o_.api;
  // Without a token only the address can tell, as for the daemon.
  dialect_ = api_ == "v3" || (api_ == "auto" && o_.endpoint.starts_with("wss://"))
                 ? deriv::Dialect::kV3
                 : deriv::Dialect::kOptions;
  app_id_ = o_.app_id.empty() ? "1089" : o_.app_id;
  if (const auto wrong = complaint_about_app_id(app_id_, dialect_); !wrong.empty()) {
    return setup_usage("--app-id: " + wrong);
  }
  found_.account.balance = kPaperBalance;
  found_.account.currency = "USD";
  if (auto done = choose_route(); !done) return done;
  if (asks_) say("Asking Deriv …\n");
  deriv::SessionSettings settings;
  settings.dialect = dialect_;
  settings.endpoint =
      o_.endpoint.empty() ? std::string(deriv::default_endpoint(dialect_)) : o_.endpoint;
  settings.app_id = app_id_;
  const auto asked = probe_venue(deriv::ProbeKind::kClock, std::move(settings), route_);
  if (asked.venue_time) return {};
  return SetupStop{exit_code_of(asked),
                   fmt::format("Deriv could not be asked: {}. Nothing was written; \"{} doctor\" "
                               "looks for the cause",
                               asked.reason, context_.program())};
}

template <class Check>
SetupOutcome<std::string> Wizard::ask(std::string_view question, std::string_view otherwise,
                                      Check complaint) {
  for (int i = 1;; ++i) {
    const auto answer = ask_line(question, otherwise);
    if (!answer) return broken(answer.error());
    const Complaint wrong = complaint(*answer);
    if (wrong.empty()) return *answer;
    if (i == kSetupMaxTries) return setup_refused(fmt::format("{}; nothing was stored", wrong));
    // The answer itself is not repeated: a token may have been pasted at the wrong question.
    say("{}: {}. Try again, or leave with Ctrl-C; nothing is stored yet.\n",
        answer->empty() ? "That is no answer" : "That will not do", wrong);
  }
}

SetupOutcome<void> Wizard::ask_for_token() {
  api_ = o_.api.empty() ? "auto" : o_.api;
  if (asks_) explain_token();
  for (int i = 1;; ++i) {
    auto done = ask_deriv();
    if (done || !asks_) return done;
    if (i == kSetupMaxTries || !may_try_again()) {
      return SetupStop{done.error().code, done.error().text + "; nothing was stored"};
    }
    say("derivctl: {}\nNothing is stored yet. Try again, or leave with Ctrl-C.\n",
        done.error().text);
    // What Deriv said is about one of the two; the other is not asked for again.
    if (found_.refusal == deriv::FatalKind::kAppId) {
      app_id_.clear();
    } else {
      token_.wipe();
    }
  }
}

/// A typing mistake is one that a person can put right here: not one of a script, of an option, or
/// of a network.
bool Wizard::may_try_again() const {
  if (!asks_ || found_.outcome != deriv::ProbeResult::Outcome::kRefused) return false;
  switch (found_.refusal) {
    case deriv::FatalKind::kTokenRefused:
    case deriv::FatalKind::kForbiddenScope:
    case deriv::FatalKind::kMissingScope:
      return o_.token_file.empty();
    case deriv::FatalKind::kAppId:
      return o_.app_id.empty();
    case deriv::FatalKind::kAccountNotFound:
    case deriv::FatalKind::kRealNotAllowed:
    case deriv::FatalKind::kCurrency:
      return false;
  }
  return false;
}

SetupOutcome<void> Wizard::ask_deriv() {
  found_ = {};
  return run({&Wizard::read_token, &Wizard::choose_app, &Wizard::choose_route, &Wizard::verify});
}

void Wizard::explain_token() const {
  const bool any = api_ == "auto";
  if (any) {
    say("\nMake one token. Deriv has two kinds, for its current API and for the older one\n"
        "(v3); either will do, and its form tells derivd which it is.\n");
  }
  if (api_ != "v3") {
    say("\n{} in {}:\n"
        "  1. Log in and register an application; its id has about 21 characters.\n"
        "  2. Make an API token (a personal access token) with the scope {}.\n"
        "     derivd refuses a token that may manage the account.\n",
        any ? "Either" : "Make the token", token_page(deriv::Dialect::kOptions),
        least_scopes(deriv::Dialect::kOptions));
  }
  if (api_ != "options") {
    say("\n{} at {}:\n"
        "  1. Choose the account at the top of the page first; begin with the demo one.\n"
        "  2. Tick {}.\n"
        "     derivd refuses a token that may move money.\n",
        any ? "Or" : "Make the token", token_page(deriv::Dialect::kV3),
        least_scopes(deriv::Dialect::kV3));
  }
  say("\nWhoever has the token can trade on the account. It is stored for root alone and\n"
      "is never shown. If it leaks, delete it on the same page; open contracts are not\n"
      "affected.\n\n");
}

SetupOutcome<void> Wizard::read_token() {
  for (int i = 1; token_.empty(); ++i) {
    auto token = input_token(o_.token_file);
    if (!token && token.error().kind != core::ErrorKind::kInvalid) return broken(token.error());
    const auto wrong = token ? take_token(std::move(*token)) : Complaint(token.error().text);
    if (wrong.empty()) break;
    token_.wipe();
    if (!asks_ || !o_.token_file.empty() || i == kSetupMaxTries) return setup_usage(wrong);
    say("{}. Try again, or leave with Ctrl-C.\n", wrong);
  }
  return {};
}

/// Which API it is for is known here, and with it whether --endpoint is an address of that API: no
/// other answer can put that right.
Complaint Wizard::take_token(core::Secret token) {
  token_ = std::move(token);
  dialect_ = api_ == "options" ? deriv::Dialect::kOptions
             : api_ == "v3"    ? deriv::Dialect::kV3
                               : deriv::dialect_for(token_);
  if (asks_) tell_form();
  const auto wrong = complaint_about_endpoint(o_.endpoint, dialect_);
  if (wrong.empty()) return {};
  return fmt::format("{}; give a token of {}, or another --endpoint", wrong,
                     dialect_ == deriv::Dialect::kOptions ? "v3" : "the current API");
}

/// What was pasted is not shown: that it arrived, and as what, is.
void Wizard::tell_form() const {
  const bool options = deriv::dialect_for(token_) == deriv::Dialect::kOptions;
  say("A token of {} arrived. It {} pat_,\nso it is one of {}.\n",
      core::counted(token_.reveal().size(), "character"),
      options ? "begins with" : "does not begin with",
      options ? "the current API" : "the older API, v3");
}

SetupOutcome<void> Wizard::choose_app() {
  if (!o_.app_id.empty()) app_id_ = o_.app_id;
  const bool options = dialect_ == deriv::Dialect::kOptions;
  // That of a token which was refused may not be one of the other API.
  if (!app_id_.empty() && !complaint_about_app_id(app_id_, dialect_).empty() && o_.app_id.empty()) {
    app_id_.clear();
  }
  if (app_id_.empty() && asks_) {
    auto answer =
        ask(options ? "Application id, as the dashboard shows it" : "Application id, a number",
            options ? "" : "1089",
            [this](const std::string& text) { return complaint_about_app_id(text, dialect_); });
    if (!answer) return answer.error();
    app_id_ = *answer;
  }
  if (app_id_.empty() && !options) app_id_ = "1089";  // Deriv's id for tests
  if (app_id_.empty()) {
    return setup_usage("--app-id is needed: the id of your application at developers.deriv.com");
  }
  if (const auto wrong = complaint_about_app_id(app_id_, dialect_); !wrong.empty()) {
    return setup_usage("--app-id: " + wrong);
  }
  return {};
}

/// The proxy that leads to Deriv now is the one that the daemon will need.
SetupOutcome<void> Wizard::choose_route() {
  const auto endpoint =
      o_.endpoint.empty() ? std::string(deriv::default_endpoint(dialect_)) : o_.endpoint;
  if (const auto wrong = complaint_about_endpoint(endpoint, dialect_); !wrong.empty()) {
    return setup_usage(wrong);
  }
  auto route = route_by_environment(o_.proxy, endpoint, o_.ca_file, places_.proxy_login());
  if (!route) return setup_usage(route.error().text);
  route_ = std::move(*route);
  return {};
}

SetupOutcome<void> Wizard::probe(const std::string& account, bool real) {
  deriv::SessionSettings settings;
  settings.dialect = dialect_;
  settings.endpoint = o_.endpoint;
  settings.app_id = app_id_;
  settings.account = account;
  settings.allow_real = real;  // to ask, not to trade
  settings.any_currency = true;
  settings.token = token_.clone();
  found_ = probe_venue(deriv::ProbeKind::kToken, std::move(settings), route_);
  if (found_.outcome == deriv::ProbeResult::Outcome::kGood) return {};
  auto why = explain(found_, dialect_, context_.program());
  // Deriv calls a good token of the one API invalid in the other.
  if (found_.outcome == deriv::ProbeResult::Outcome::kRefused &&
      found_.refusal == deriv::FatalKind::kTokenRefused && dialect_ != deriv::dialect_for(token_)) {
    why += fmt::format("; it has the form of a token of {}: leave out --api {} first",
                       dialect_ == deriv::Dialect::kV3 ? "the current API" : "v3", api_);
  }
  return SetupStop{exit_code_of(found_), std::move(why)};
}

SetupOutcome<void> Wizard::verify() {
  if (asks_) say("Asking Deriv …\n");
  account_ = o_.account.empty() ? "demo" : o_.account;
  auto done = probe(account_, wants_real());
  // A token of other accounts than the demo one: a person may choose among them.
  const bool other_accounts = !done && found_.outcome == deriv::ProbeResult::Outcome::kRefused &&
                              (found_.refusal == deriv::FatalKind::kAccountNotFound ||
                               found_.refusal == deriv::FatalKind::kRealNotAllowed) &&
                              !found_.findings.accounts.empty();
  const bool several = done && found_.findings.accounts.size() > 1;
  if (!asks_ || !o_.account.empty() || !(other_accounts || several)) return done;
  return choose_account();
}

/// A daemon that holds the account keeps every other one from it, which else is told at the start
/// alone. The one of this very instance ends before it starts anew.
void Wizard::tell_of_holder() const {
  const auto endpoint =
      o_.endpoint.empty() ? std::string(deriv::default_endpoint(dialect_)) : o_.endpoint;
  const auto id = found_.account.id.view();
  const auto holder = service::holder_of_account(daemon::lock_name(id, endpoint));
  if (!holder) return;
  const auto own = ctl::ask(context_, {{"cmd", "status"}});
  if (own.code == service::kCtlOk && daemon::is(daemon::at(own.result, "account"), id)) return;
  const auto text = fmt::format(
      "derivctl: warning: another derivd on this machine{} holds the account {}, and an account "
      "has "
      "one daemon: stop that one before this one is started (systemctl status 'derivd*' shows "
      "which), or give this one a token of another account\n",
      *holder, id);
  out::error("{}", asks_ ? out::folded(text) : text);
}

SetupOutcome<void> Wizard::choose_account() {
  const auto accounts = found_.findings.accounts;
  say("\nThe token's accounts:\n");
  for (const auto& a : accounts) {
    say("  {:<14} {:<10} {} {}{}\n", a.id, a.is_real ? "REAL MONEY" : "demo",
        a.balance ? a.balance->to_string() : "", a.currency, a.active ? "" : " (not active)");
  }
  const auto first =
      found_.account.id.empty() ? accounts.front().id.str() : found_.account.id.str();
  const auto find = [&](const std::string& id) {
    return std::find_if(accounts.begin(), accounts.end(),
                        [&](const auto& a) { return a.id.view() == id; });
  };
  const auto answer = ask("Which one is derivd to trade on?", first, [&](const std::string& id) {
    return find(id) == accounts.end() ? Complaint("it is none of the token's accounts")
                                      : Complaint{};
  });
  if (!answer) return answer.error();
  const auto chosen = find(*answer);
  // The one that `account: demo` means is written so.
  if (found_.outcome == deriv::ProbeResult::Outcome::kGood && chosen->id == found_.account.id) {
    return {};
  }
  account_ = chosen->id.str();
  return probe(account_, chosen->is_real);
}

SetupOutcome<void> Wizard::confirm_scopes() {
  if (!context_.json) print_account(found_, dialect_);
  tell_of_holder();
  if (dialect_ == deriv::Dialect::kV3) return {};
  say("Deriv does not list the scopes of such a token: it can trade and cannot manage\n"
      "the account; whether it may move money (payment) cannot be seen.\n");
  if (!asks_) return {};
  const auto yes = ask_yes("Does the page where you made it show the scope trade alone?", false);
  if (!yes) return broken(yes.error());
  if (*yes) return {};
  return setup_refused(
      fmt::format("nothing was stored; delete that token and make one with the scope {} in {}",
                  least_scopes(dialect_), token_page(dialect_)));
}

SetupOutcome<void> Wizard::confirm_real() {
  if (!found_.account.is_real) return {};
  const auto id = found_.account.id.str();
  account_ = id;  // never "real", which could mean another one some day
  if (!asks_) {
    if (o_.allow_real && wants_real()) return {};
    return setup_refused(
        fmt::format("{} is a real-money account: that needs --allow-real and --account "
                    "real or its id",
                    id));
  }
  say("\nTHIS IS REAL MONEY. Account {} holds {} {}.\n"
      "What a strategy loses there is lost, and on average every strategy loses.\n"
      "Try everything on the demo account first.\n",
      id, found_.account.balance.to_string(), found_.account.currency);
  const auto typed = ask("Type the account's id to go on", {}, [&](const std::string& text) {
    return text == id ? Complaint{} : Complaint("not confirmed: that is not the account's id");
  });
  return typed ? SetupOutcome<void>{} : SetupOutcome<void>{typed.error()};
}

SetupOutcome<void> Wizard::choose_keeping() {
  keeping_ = o_.encrypt ? Keeping::kEncrypted : Keeping::kPlain;
  if (o_.encrypt || !asks_ || !systemd_runs() || !places_.are_the_units()) return {};
  const auto yes = ask_yes("Encrypt the token on the disk with this machine's key?", false);
  if (!yes) return broken(yes.error());
  if (*yes) keeping_ = Keeping::kEncrypted;
  return {};
}

SetupOutcome<void> Wizard::store() {
  say_at_interrupt(nullptr);
  // The configuration first: a token without one starts nothing, and a bad one is seen here.
  if (!o_.keep_config) {
    if (auto done = write_config(); !done) return done;
  }
  if (const auto done = keep(places_, keeping_, token_); !done) return broken(done.error());
  token_.wipe();
  if (!o_.keep_config) {
    if (auto done = store_proxy_login(); !done) return done;
  }
  if (!context_.json) {
    out::print("token     {}{}\n",
               keeping_ == Keeping::kEncrypted ? places_.encrypted() : places_.credential(),
               keeping_ == Keeping::kEncrypted ? " (encrypted)" : "");
  }
  return {};
}

/// http://HOST:PORT, as the configuration has it.
std::string Wizard::proxy_address() const {
  const auto& host = route_.proxy->host;
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", route_.proxy->port);
}

/// The daemon sees neither the environment nor the directory of the credentials: the unit hands it
/// the proxy's user and password, as it does the token.
SetupOutcome<void> Wizard::store_proxy_login() {
  const bool login = route_.proxy && route_.proxy->login;
  if (login) {
    if (const auto done = service::store_token(places_.proxy_login(), *route_.proxy->login);
        !done) {
      return broken(done.error());
    }
  }
  if (places_.are_the_units()) {
    if (const auto done = hand_over_proxy_login(places_, login); !done) return broken(done.error());
  }
  if (!context_.json && route_.proxy) {
    out::print("proxy     {}{}\n", proxy_address(),
               login ? ", user and password in " + places_.proxy_login() : "");
  }
  return {};
}

SetupOutcome<void> Wizard::write_config() {
  say_at_interrupt(nullptr);
  FirstConfig first;
  first.api = api_;
  first.app_id = app_id_;
  first.account = account_;
  first.real = found_.account.is_real;
  first.paper = paper_;
  first.endpoint = o_.endpoint;
  first.ca_file = o_.ca_file.empty() ? "" : std::filesystem::absolute(o_.ca_file).string();
  if (route_.proxy) first.proxy = proxy_address();
  first.balance = found_.account.balance;
  first.currency = found_.account.currency.str();
  const auto text = first_config(first);
  const auto loaded = config::load_text(text);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    return setup_usage("an answer is no setting: " + config::format(problems->front(), "setup"));
  }
  if (replace_config_) backup_ = backup_name(places_.config());
  if (const auto done = ctl::write_config(places_.config(), text, backup_); !done) {
    return broken(done.error());
  }
  if (!context_.json) {
    if (paper_) out::print("account   PAPER, nothing is bought\n");
    out::print("config    {}\n", places_.config());
    if (!backup_.empty()) out::print("kept      {}\n", backup_);
  }
  show_expectation(std::get<config::Config>(loaded), found_.account.balance, places_.config());
  return paper_ ? store_proxy_login() : SetupOutcome<void>{};
}

SetupOutcome<void> Wizard::start() {
  if (o_.no_start || !systemd_runs() || !places_.are_the_units()) return {};
  if (!o_.start) {
    if (!asks_) return {};
    const auto yes = ask_yes(fmt::format("Start {} now?", places_.unit()), true);
    if (!yes) return broken(yes.error());
    if (!*yes) return {};
  }
  for (const auto& command : {std::vector<std::string>{"systemctl", "daemon-reload"},
                              std::vector<std::string>{"systemctl", "restart", places_.unit()}}) {
    const auto done = run_program(command, {}, kStartingTime);
    if (!done) return broken(done.error());
    if (done->code != 0) {
      return SetupStop{
          service::kCtlOther,
          fmt::format("{} was not started: {}\n\"{}journalctl -u {} -x -n 20\" has all of it",
                      places_.unit(), why_not_started(done->errors), places_.by_sudo(),
                      places_.unit())};
    }
  }
  started_ = true;
  return see_it_trade();
}

/// The unit counts as started before it has spoken to Deriv: what comes then (a network that is not
/// there, an account that another daemon holds) is what a person waits for.
SetupOutcome<void> Wizard::see_it_trade() const {
  const auto until = std::chrono::steady_clock::now() + kConnectingTime;
  std::string state = "it does not answer yet";
  bool ended = false;
  do {
    std::this_thread::sleep_for(kSetupLookEvery);
    const auto status = ctl::ask(context_, {{"cmd", "status"}});
    ended = status.code == service::kCtlNotRunning;
    if (status.code != service::kCtlOk) continue;
    const auto& problem = daemon::at(status.result, "problem");
    state = session_word(daemon::shown(daemon::at(status.result, "state")));
    if (!daemon::is_blank(problem)) state += ": " + daemon::shown(problem);
    if (daemon::is(daemon::at(status.result, "state"), "live")) break;
  } while (std::chrono::steady_clock::now() < until);
  if (ended) {
    return SetupStop{
        service::kCtlOther,
        fmt::format("{} was started and has ended again{}\n\"{}journalctl -u {} -x -n 20\" has "
                    "all of it",
                    places_.unit(), why_not_started(""), places_.by_sudo(), places_.unit())};
  }
  if (!context_.json) out::print("started   {}, {}\n", places_.unit(), state);
  return {};
}

/// systemd says only that it failed and where to look; the daemon's own last words are the cause.
std::string Wizard::why_not_started(const std::string& errors) const {
  const auto said = run_program({"journalctl", "--no-pager", "--output=cat", "--lines=5",
                                 "--priority=warning", "--since=-2min", "--unit=" + places_.unit()},
                                {}, kJournalTime);
  if (!said || said->code != 0 || said->output.reveal().empty()) return errors;
  return fmt::format("{}\n{}", errors, core::printable_lines(said->output.reveal()));
}

void Wizard::report() const {
  if (context_.json) {
    auto out = account_json(found_, dialect_);
    if (paper_) {
      out["account"] = daemon::kPaperAccount;
      out["account_type"] = "paper";
      out["balance"] = found_.account.balance.to_string();
      out["currency"] = found_.account.currency.view();
    }
    out["credential"] = paper_                            ? ordered_json()
                        : keeping_ == Keeping::kEncrypted ? ordered_json(places_.encrypted())
                                                          : ordered_json(places_.credential());
    out["encrypted"] = keeping_ == Keeping::kEncrypted;
    out["config"] = places_.config();
    out["backup"] = backup_.empty() ? ordered_json() : ordered_json(backup_);
    out["unit"] = places_.unit();
    out["started"] = started_;
    out["daemon_reload"] = leaves_drop_in();
    out::json(out);
    return;
  }
  if (leaves_drop_in()) out::print("{}", reload_units());
  if (started_) {
    tell("\n{0}{1} status shows what it does.\n{0}systemctl enable {2} starts it at every boot.\n",
         places_.by_sudo(), context_.program(), places_.unit());
  } else if (places_.are_the_units()) {
    tell("\n{}systemctl start {} starts it.\n", places_.by_sudo(), places_.unit());
  } else {
    tell("\nderivd run --config {} trades with it.\n{}", places_.config(),
         paper_ ? "" : "CREDENTIALS_DIRECTORY must name the directory of the token then.\n");
  }
  if (paper_) {
    tell("\"{}{} setup\" without --paper makes a daemon of it that trades on an account.\n",
         places_.by_sudo(), context_.program());
  }
  if (found_.account.is_real) {
    tell("The strategy is written switched off (enabled: false), because it is real money.\n");
  }
}

int setup(const Context& context, const SetupOptions& options) {
  Wizard wizard(context, options);
  if (const auto done = wizard.run(); !done) {
    // For a person on lines of a terminal; a script finds all of it on one.
    auto text = "derivctl: " + done.error().text;
    out::error("{}", is_interactive() && !options.yes ? out::folded(text) : text + '\n');
    return done.error().code;
  }
  wizard.report();
  return service::kCtlOk;
}

}  // namespace

void add_setup(Commands& commands) {
  auto& context = commands.context();
  const auto o = std::make_shared<SetupOptions>();
  auto c = commands.add("setup", "token, account and a first configuration, step by step");
  c.option("--api", o->api, "options, v3, or auto: by the token's form")
      .one_of({"auto", "options", "v3"});
  c.option("--app-id", o->app_id, "application id");
  c.option("--account", o->account, "demo, real, or an account's id");
  c.option("--token-file", o->token_file, "read the token from this file; - is standard input");
  add_place_options(c, o->places);
  c.flag("--encrypt", o->encrypt, "store the token encrypted with systemd-creds");
  c.option("--endpoint", o->endpoint, "another server than Deriv's, for a simulator");
  c.option("--ca-file", o->ca_file, "trust these certificates alone").existing_file();
  c.option("--proxy", o->proxy, kProxyHelp);
  c.flag("--allow-real", o->allow_real, "real money may be traded");
  auto start = c.flag("--start", o->start, "start the unit at the end");
  c.flag("--no-start", o->no_start, "do not start it, and do not ask").excludes(start);
  // The same as derivctl's own --paper; here it stands among what setup takes.
  c.flag("--paper", context.paper, "live ticks, purchases filled here: no token, no account");
  c.flag("-y,--yes", o->yes, "ask nothing");
  auto force = c.flag("--force", o->force, "replace a configuration; a copy is kept");
  c.flag("--keep-config", o->keep_config, "store the token alone").excludes(force);
  commands.on(c, [&context, o] {
    service::keep_out_of_cores();
    return setup(context, *o);
  });
}

}  // namespace derivd::ctl
