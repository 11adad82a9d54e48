#include "derivctl/probe_venue.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/output.hpp"
#include "deriv/link.hpp"
#include "derivctl/waiting.hpp"
#include "service/exit_code.hpp"
#include "service/redact.hpp"

namespace derivd::ctl {
namespace {

using ProbeVenueOutcome = deriv::ProbeResult::Outcome;

core::Now probe_clocks() {
  namespace chrono = std::chrono;
  const auto instant = chrono::steady_clock::now().time_since_epoch();
  const auto wall = chrono::system_clock::now().time_since_epoch();
  return {{chrono::duration_cast<core::Duration>(instant).count()},
          {chrono::duration_cast<chrono::microseconds>(wall).count()},
          {}};
}

std::string scopes_of(const deriv::ProbeResult& result) {
  return result.findings.scopes.empty()
             ? "none that can be seen"
             : fmt::format("{}", fmt::join(result.findings.scopes, ", "));
}

}  // namespace

deriv::ProbeResult probe_venue(deriv::ProbeKind kind, deriv::SessionSettings settings,
                               net::Route route) {
  service::Redactor redactor;
  redactor.hide(settings.token);
  boost::asio::io_context io(1);
  boost::asio::steady_timer timer(io);
  deriv::Probe* running = nullptr;
  // The probe closes the link when it is done; its end is the loop's.
  std::optional<Waiting> waiting;
  deriv::Link link(io, std::move(route), net::Timeouts{}, probe_clocks, [&] {
    if (!running->done()) return;
    timer.cancel();
    waiting.reset();
    // The loop would go on for timers of a socket that is there no more.
    if (link.at_rest()) io.stop();
  });
  waiting.emplace(io, [&] { return link.waiting_for(); });
  deriv::Probe probe(kind, std::move(settings), link);
  running = &probe;
  link.attach(probe);
  probe.start(probe_clocks());
  timer.expires_after(deriv::kProbeTime);
  timer.async_wait([&](const boost::system::error_code& error) {
    if (error) return;
    probe.on_deadline(probe_clocks());
    waiting.reset();
  });
  if (!probe.done()) io.run();
  auto result = probe.result();
  // A sentence of the venue's goes on as a part of ours.
  result.reason = std::string(core::without_stop(redactor.clean(result.reason)));
  return result;
}

int exit_code_of(const deriv::ProbeResult& result) {
  switch (result.outcome) {
    case ProbeVenueOutcome::kGood:
      return service::kCtlOk;
    case ProbeVenueOutcome::kRefused:
      return service::kCtlRefused;
    case ProbeVenueOutcome::kUnreachable:
      return service::kCtlOther;
    case ProbeVenueOutcome::kTimeout:
      return service::kCtlTimeout;
  }
  return service::kCtlOther;
}

std::string_view token_page(deriv::Dialect dialect) {
  switch (dialect) {
    case deriv::Dialect::kOptions:
      return "the dashboard at https://developers.deriv.com (API tokens)";
    case deriv::Dialect::kV3:
      return "https://app.deriv.com/account/api-token (Settings, API token)";
  }
  return "";
}

std::string_view least_scopes(deriv::Dialect dialect) {
  switch (dialect) {
    case deriv::Dialect::kOptions:
      return "'trade' alone";
    case deriv::Dialect::kV3:
      return "Read, Trade and Trading information; never Payments or Admin";
  }
  return "";
}

std::string explain(const deriv::ProbeResult& result, deriv::Dialect dialect,
                    std::string_view program) {
  switch (result.outcome) {
    case ProbeVenueOutcome::kGood:
      return "the token is good";
    case ProbeVenueOutcome::kUnreachable:
      return fmt::format(
          "Deriv could not be asked: {}; nothing is known about the token. \"{} doctor\" "
          "looks for the cause",
          result.reason, program);
    case ProbeVenueOutcome::kTimeout:
      return fmt::format("Deriv could not be asked: {}; try again", result.reason);
    case ProbeVenueOutcome::kRefused:
      break;
  }
  switch (result.refusal) {
    case deriv::FatalKind::kTokenRefused:
      return fmt::format(
          "{}; it may not have been pasted whole, so give it once more; if it is whole, make a new "
          "token at {}",
          result.reason, token_page(dialect));
    case deriv::FatalKind::kForbiddenScope:
    case deriv::FatalKind::kMissingScope:
      return fmt::format("{}; delete it and make another with {} at {}", result.reason,
                         least_scopes(dialect), token_page(dialect));
    case deriv::FatalKind::kAppId:
      return fmt::format("{}; the application id must be {}", result.reason,
                         dialect == deriv::Dialect::kOptions
                             ? "the one that developers.deriv.com shows for your application"
                             : "a number that Deriv knows, such as 1089");
    case deriv::FatalKind::kAccountNotFound:
    case deriv::FatalKind::kRealNotAllowed:
    case deriv::FatalKind::kCurrency:
      return result.reason;
  }
  return result.reason;
}

nlohmann::ordered_json account_json(const deriv::ProbeResult& result, deriv::Dialect dialect) {
  nlohmann::ordered_json out;
  const bool known = !result.account.id.empty();
  out["dialect"] = deriv::name_of(dialect);
  out["account"] = known ? nlohmann::ordered_json(result.account.id.str()) : nullptr;
  out["account_type"] =
      known ? nlohmann::ordered_json(result.account.is_real ? "real" : "demo") : nullptr;
  out["balance"] = known ? nlohmann::ordered_json(result.account.balance.to_string()) : nullptr;
  out["currency"] = known ? nlohmann::ordered_json(result.account.currency.str()) : nullptr;
  out["scopes"] = nlohmann::ordered_json::array();
  for (const auto& scope : result.findings.scopes) out["scopes"].push_back(scope.str());
  return out;
}

void print_account(const deriv::ProbeResult& result, deriv::Dialect dialect) {
  const auto& account = result.account;
  out::print("account   {} {}\nbalance   {} {}\nprotocol  {}\nscopes    {}\n",
             account.is_real ? "REAL MONEY" : "demo", account.id, account.balance.to_string(),
             account.currency, deriv::name_of(dialect), scopes_of(result));
}

}  // namespace derivd::ctl
