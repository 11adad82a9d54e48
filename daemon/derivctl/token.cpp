// token check, set, remove: the stored credential and its exchange, under a running daemon too.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>

#include "common/answer.hpp"
#include "common/output.hpp"
#include "common/venue_settings.hpp"
#include "config/config.hpp"
#include "derivctl/command.hpp"
#include "derivctl/places.hpp"
#include "derivctl/probe_venue.hpp"
#include "derivctl/proxy.hpp"
#include "derivctl/terminal.hpp"
#include "derivctl/token_input.hpp"
#include "service/credential.hpp"
#include "service/exit_code.hpp"

namespace derivd::ctl {
namespace {

using nlohmann::ordered_json;

// A purchase under way is waited for (20 s at most), then the session is opened anew.
constexpr auto kTokenVerdictWithin = std::chrono::seconds(90);

struct TokenOptions {
  PlaceOptions places;
  std::string api, app_id, account, endpoint, ca_file, proxy, token_file;
  bool encrypt = false, yes = false;
};

struct Venue {
  config::VenueSettings settings;
  net::Route route;
};

/// The venue of the instance's configuration, with what the options say instead.
core::Result<config::VenueSettings> token_settings_of(const Places& places, const TokenOptions& o,
                                                      bool& configured) {
  config::VenueSettings venue;
  const auto loaded = config::load_file(places.config());
  if (const auto* config = std::get_if<config::Config>(&loaded)) {
    venue = config->venue;
    configured = true;
  } else if (o.app_id.empty()) {
    const auto& problems = std::get<std::vector<config::Problem>>(loaded);
    return core::invalid(
        fmt::format("{}; say which Deriv to ask with --app-id and --api, or --config FILE",
                    config::format(problems.front(), places.config())));
  }
  venue.mode =
      config::Mode::kLive;  // paper has no token; one that is kept is asked about all the same
  if (!o.app_id.empty()) venue.app_id = o.app_id;
  if (!o.account.empty()) {
    venue.account = o.account;
    venue.allow_real = true;  // to ask, not to trade
  }
  if (!o.endpoint.empty()) venue.endpoint = o.endpoint;
  if (!o.ca_file.empty()) venue.ca_file = o.ca_file;
  if (o.api == "options") venue.api = config::Api::kOptions;
  if (o.api == "v3") venue.api = config::Api::kV3;
  return venue;
}

/// The daemon's way there; where no configuration says one, the environment's.
core::Result<Venue> venue_of(const Places& places, const TokenOptions& o) {
  bool configured = false;
  auto venue = token_settings_of(places, o, configured);
  if (!venue) return venue.error();
  if (o.proxy.empty() && configured) {
    auto route = route_by_config(*venue, places);
    if (!route) return route.error();
    return Venue{std::move(*venue), std::move(*route)};
  }
  const auto endpoint = venue->endpoint.value_or(std::string(deriv::default_endpoint(
      venue->api == config::Api::kV3 ? deriv::Dialect::kV3 : deriv::Dialect::kOptions)));
  auto route =
      route_by_environment(o.proxy, endpoint, venue->ca_file.value_or(""), places.proxy_login());
  if (!route) return route.error();
  return Venue{std::move(*venue), std::move(*route)};
}

struct Asked {
  deriv::ProbeResult result;
  deriv::Dialect dialect = deriv::Dialect::kOptions;
};
Asked probe(const Venue& venue, const core::Secret& token) {
  auto settings = daemon::session_settings(venue.settings, token.clone());
  const auto dialect = settings.dialect;
  return {probe_venue(deriv::ProbeKind::kToken, std::move(settings), venue.route), dialect};
}

int credential_code(const core::Error& error) {
  return error.kind == core::ErrorKind::kNotFound ? service::kCtlNotFound : service::kCtlOther;
}

// ---- check ----

int check_token(const Context& context, const TokenOptions& o) {
  const Places places(context, o.places);
  const auto token = read_kept(places);
  if (!token) return fail(credential_code(token.error()), token.error().text);
  const auto venue = venue_of(places, o);
  if (!venue) return fail(service::kCtlOther, venue.error().text);
  const auto asked = probe(*venue, *token);
  const int code = exit_code_of(asked.result);
  if (context.json) {
    auto out = account_json(asked.result, asked.dialect);
    out["good"] = code == service::kCtlOk;
    out["problem"] = code == service::kCtlOk
                         ? ordered_json()
                         : ordered_json(explain(asked.result, asked.dialect, context.program()));
    out::json(out);
    return code;
  }
  if (code != service::kCtlOk)
    return fail(code, explain(asked.result, asked.dialect, context.program()));
  print_account(asked.result, asked.dialect);
  return code;
}

// ---- set ----

/// Waits for what the daemon says about the token that it was given.
Answer token_verdict(const Context& context, const ordered_json& first) {
  const auto waits = [](const ordered_json& change) {
    return daemon::is(daemon::at(change, "state"), "waiting");
  };
  const auto answer = ask_until(context, {first, service::kCtlOk, {}}, {{"cmd", "token-change"}},
                                std::chrono::steady_clock::now() + kTokenVerdictWithin,
                                [&](const ordered_json& change) { return !waits(change); });
  if (answer.code != service::kCtlOk) return answer;
  const auto& last = answer.result;
  if (waits(last)) {
    return {last, service::kCtlTimeout,
            fmt::format("the daemon has the new token, but no session with it yet; \"{} status\" "
                        "shows why",
                        context.program())};
  }
  if (daemon::is(daemon::at(last, "state"), "taken")) return {last, service::kCtlOk, {}};
  return {last, service::kCtlRefused,
          fmt::format("the daemon goes on with the old token: {}",
                      daemon::shown(daemon::at(last, "reason")))};
}

/// Hands the token to the running daemon. No daemon: kCtlNotRunning.
Answer hand_over(const Context& context, const core::Secret& token) {
  const ordered_json request{{"cmd", "token-set"}, {"token", token.reveal()}};
  auto answer = ask(context, request);
  // The library's copy; the socket's are wiped where they are made.
  auto& text = const_cast<std::string&>(request["token"].get_ref<const std::string&>());
  ::explicit_bzero(text.data(), text.size());
  return answer.code == service::kCtlOk ? token_verdict(context, answer.result) : answer;
}

/// The account that the new token must have: that of the running daemon, if it knows one.
std::string running_account(const Context& context) {
  const auto status = ask(context, {{"cmd", "status"}});
  if (status.code != service::kCtlOk) return {};
  const auto& account = daemon::at(status.result, "account");
  return account.is_string() ? account.get<std::string>() : std::string{};
}

void restore(const Places& places, std::optional<Keeping> how,
             const core::Result<core::Secret>& old) {
  if (!how || !old) return;
  if (const auto done = keep(places, *how, *old); !done) {
    out::error("derivctl: the old token could not be put back: {}\n", done.error().text);
  }
}

struct Stored {
  Keeping how = Keeping::kPlain;
  bool running = false;  // a daemon, which has taken it over
  bool same = false;     // as the one that was stored before
  bool drop_in = false;  // of the unit: written, or taken away
};

/// Whoever gave the stored token again must not be told to delete "the old one": it is this one.
std::string_view what_now(const Stored& stored) {
  if (stored.same) {
    return stored.running
               ? "daemon    trades with it. This is the token that was stored already: there is no "
                 "old\n          one, so do not delete it at Deriv. To exchange it, make another "
                 "one there first."
               : "daemon    not running. This is the token that was stored already: do not delete "
                 "it at\n          Deriv. To exchange it, make another one there first.";
  }
  return stored.running ? "daemon    trades with the new token; delete the old one at Deriv now"
                        : "daemon    not running; its next start takes the new token";
}

int told(const Context& context, const Asked& asked, const Places& places, const Stored& stored) {
  const auto& file = stored.how == Keeping::kEncrypted ? places.encrypted() : places.credential();
  if (context.json) {
    auto out = account_json(asked.result, asked.dialect);
    out["credential"] = file;
    out["daemon"] = stored.running ? "taken" : "not running";
    out["same_token"] = stored.same;
    out["daemon_reload"] = stored.drop_in;
    out::json(out);
    return service::kCtlOk;
  }
  print_account(asked.result, asked.dialect);
  out::print("token     {}\n{}\n{}", file, what_now(stored), stored.drop_in ? reload_units() : "");
  return service::kCtlOk;
}

int set(const Context& context, const TokenOptions& o) {
  const Places places(context, o.places);
  if (const auto why = cannot_write(places.credential())) return fail(service::kCtlRefused, *why);
  auto venue = venue_of(places, o);
  if (!venue) return fail(service::kCtlOther, venue.error().text);
  const auto token = input_token(o.token_file);
  if (!token) {
    return fail(
        token.error().kind == core::ErrorKind::kInvalid ? service::kCtlUsage : service::kCtlOther,
        token.error().text);
  }
  if (const auto account = running_account(context); !account.empty())
    venue->settings.account = account;
  const auto asked = probe(*venue, *token);
  if (const int code = exit_code_of(asked.result); code != service::kCtlOk) {
    return fail(code,
                explain(asked.result, asked.dialect, context.program()) + "; nothing was changed");
  }
  const auto before = kept(places);
  const auto old = before ? read_kept(places) : core::Result<core::Secret>(core::Secret());
  Stored stored;
  stored.how = o.encrypt ? Keeping::kEncrypted : before.value_or(Keeping::kPlain);
  stored.same = before && old && old->reveal() == token->reveal();
  const auto drop_ins = drop_ins_of(places);
  if (const auto done = keep(places, stored.how, *token); !done) {
    return fail(service::kCtlOther, done.error().text);
  }
  stored.drop_in = drop_ins_of(places) != drop_ins;
  // The same one, too: a daemon that was started with another, which somebody replaced by hand
  // since, goes over to it now, and then there is truly no other.
  const auto answer = hand_over(context, *token);
  stored.running = answer.code == service::kCtlOk;
  if (stored.running || answer.code == service::kCtlNotRunning) {
    return told(context, asked, places, stored);
  }
  // A daemon that is still trying may yet take it; one that refused goes on with the old one.
  if (answer.code == service::kCtlRefused) restore(places, before, old);
  return fail(answer.code, answer.error);
}

// ---- remove ----

int remove(const Context& context, const TokenOptions& o) {
  const Places places(context, o.places);
  if (!kept(places)) {
    return fail(service::kCtlNotFound, places.credential() + ": there is no token");
  }
  if (!o.yes) {
    if (!is_interactive()) return fail(service::kCtlUsage, "say --yes to remove it unasked");
    const auto yes = ask_yes(fmt::format("Remove the token {}?", places.credential()), false);
    if (!yes || !*yes) return fail(service::kCtlRefused, "nothing was removed");
  }
  const auto drop_ins = drop_ins_of(places);
  const auto removed = remove_kept(places);
  if (!removed) return fail(service::kCtlOther, removed.error().text);
  const bool drop_in = drop_ins_of(places) != drop_ins;
  if (context.json) {
    out::json(ordered_json{{"removed", places.credential()}, {"daemon_reload", drop_in}});
    return service::kCtlOk;
  }
  out::print(
      "{} is gone from this disk. Two things are left:\n"
      "- A daemon that runs still has the token in memory: {}systemctl stop {}.\n"
      "- Deriv still accepts it: delete it where it was made,\n"
      "  {} or\n  {}.\n",
      places.credential(), places.by_sudo(), places.unit(), token_page(deriv::Dialect::kOptions),
      token_page(deriv::Dialect::kV3));
  if (drop_in) out::print("{}", reload_units());
  return service::kCtlOk;
}

void add_token_venue_options(Command c, TokenOptions& o) {
  c.option("--api", o.api, "options or v3, instead of the configuration's")
      .one_of({"auto", "options", "v3"});
  c.option("--app-id", o.app_id, "instead of the configuration's");
  c.option("--account", o.account, "instead of the configuration's");
  c.option("--endpoint", o.endpoint, "instead of the configuration's");
  c.option("--ca-file", o.ca_file, "instead of the configuration's").existing_file();
  c.option("--proxy", o.proxy,
           "HTTP proxy, http://HOST:PORT, or none, instead of the configuration's");
}

}  // namespace

void add_token(Commands& commands) {
  const auto& context = commands.context();
  const auto o = std::make_shared<TokenOptions>();
  auto family = commands.add("token", "check, exchange or remove the stored token");
  family.require_command();
  auto check_cmd = family.add("check", "whose it is and what it may do, by Deriv");
  auto set_cmd = family.add("set", "another token; a running daemon goes over to it");
  auto remove_cmd = family.add("remove", "delete it from this machine");
  for (auto c : {check_cmd, set_cmd, remove_cmd}) add_place_options(c, o->places);
  add_token_venue_options(check_cmd, *o);
  add_token_venue_options(set_cmd, *o);
  set_cmd.option("--token-file", o->token_file,
                 "read the token from this file; - is standard input");
  set_cmd.flag("--encrypt", o->encrypt, "store it encrypted with systemd-creds");
  remove_cmd.flag("-y,--yes", o->yes, "do not ask");
  for (const auto& [command, run] : {std::pair(check_cmd, &check_token), std::pair(set_cmd, &set),
                                     std::pair(remove_cmd, &remove)}) {
    commands.on(command, [&context, o, run = run] {
      service::keep_out_of_cores();
      return run(context, *o);
    });
  }
}

}  // namespace derivd::ctl
