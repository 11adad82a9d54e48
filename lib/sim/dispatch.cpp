// From a frame to the handler of its call: form, rights, limits, faults, subscriptions.
#include <fmt/format.h>

#include <algorithm>

#include "sim/venue.hpp"

namespace derivd::sim {
namespace {

std::string_view style_of(const Json& request) {
  const Json* j = request.find("style");
  return j != nullptr && j->is_string() ? std::string_view(j->text()) : std::string_view{};
}

}  // namespace

void Venue::handle(Connection& c, const Json& request) {
  const CallInfo* info = find_call(c.dialect(), request);
  const bool hide = info != nullptr && info->call == Call::kAuthorize;
  const Envelope envelope = envelope_of(request, hide ? "authorize" : "");
  if (info == nullptr)
    return refuse_raw(c, envelope, "error", {"UnrecognisedRequest", "Unrecognised request."});
  Request r{c, connections_, request, *info, now_, envelope};
  if (!faults_.empty())
    r.faults = faults_.on({Direction::kRequest, info->name, name_of(c.dialect()), c.account_name(),
                           symbol_of(request), style_of(request)});
  if (!act_on(r)) return;
  if (!is_sane(request)) return r.refuse({"SanityCheckFailed", "Parameters sanity check failed."});
  if (options_.rate_limits && !c.admit(*info, now_.instant))
    return r.refuse(
        {"RateLimit", fmt::format("You have reached the rate limit for {}.", info->name)});
  if (const auto wrong = check(*info, request); !wrong.empty())
    return r.refuse({"InputValidationFailed", wrong.message(), {}, {}, wrong.details()});
  if (const auto error = entry_check(c, *info)) return r.refuse(*error);
  (this->*handler_of(info->call))(r);
}

std::optional<WireError> Venue::entry_check(const Connection& c, const CallInfo& info) {
  if (info.access == Access::kOpen) return std::nullopt;
  if (c.account() == nullptr) return WireError{"AuthorizationRequired", "Please log in."};
  if (!c.grant()->valid) return WireError{"InvalidToken", "Your token has expired or is invalid."};
  const auto& token = c.grant()->token;
  if (info.access == Access::kTrade || token.dialect == Dialect::kOptions) {
    if (token.has("trade")) return std::nullopt;
    return WireError{"PermissionDenied", "Permission denied, requires trade scope(s)."};
  }
  if (token.has("read") || token.has("trading_information")) return std::nullopt;
  return WireError{"PermissionDenied",
                   "Permission denied, requires read or trading_information scope(s)."};
}

bool Venue::act_on(Request& r) {
  for (const Fault& f : r.faults) {
    switch (f.kind) {
      case FaultKind::kDropBefore:
        connections_.abort(r.conn);
        return false;
      case FaultKind::kError: {
        const WireError error{f.code, f.message};
        connections_.send(r.conn, error_frame(r.envelope, r.info.name, error, r.conn.dialect()),
                          r.faults, now_.instant);
        return false;
      }
      case FaultKind::kStopReading:
        connections_.stop_reading(r.conn);
        break;
      case FaultKind::kExpireToken:
        if (r.conn.grant() != nullptr) r.conn.grant()->valid = false;
        break;
      case FaultKind::kMaintenance:
        maintenance_ = true;
        maintenance_text_ = f.message;
        for (auto& [id, c] : connections_.all())
          for (const auto& s : c->streams)
            if (s.kind == Stream::Kind::kWebsiteStatus)
              connections_.push(*c, "website_status", {},
                                frame(s.envelope, "website_status", "website_status",
                                      website_status_payload(), s.id),
                                now_.instant);
        break;
      default:
        break;
    }
  }
  return true;
}

Venue::Handler Venue::handler_of(Call call) {
  switch (call) {
    case Call::kPing:
      return &Venue::ping;
    case Call::kTime:
      return &Venue::time_call;
    case Call::kTicks:
      return &Venue::ticks;
    case Call::kTicksHistory:
      return &Venue::ticks_history;
    case Call::kActiveSymbols:
      return &Venue::active_symbols;
    case Call::kContractsFor:
      return &Venue::contracts_for;
    case Call::kContractsList:
      return &Venue::contracts_list;
    case Call::kTradingTimes:
      return &Venue::trading_times;
    case Call::kProposal:
      return &Venue::proposal;
    case Call::kBuy:
      return &Venue::buy;
    case Call::kSell:
      return &Venue::sell;
    case Call::kCancel:
      return &Venue::cancel;
    case Call::kContractUpdate:
      return &Venue::contract_update;
    case Call::kContractUpdateHistory:
      return &Venue::contract_update_history;
    case Call::kOpenContract:
      return &Venue::open_contract;
    case Call::kPortfolio:
      return &Venue::portfolio;
    case Call::kProfitTable:
      return &Venue::profit_table;
    case Call::kStatement:
      return &Venue::statement;
    case Call::kTransaction:
      return &Venue::transaction;
    case Call::kBalance:
      return &Venue::balance;
    case Call::kForget:
      return &Venue::forget;
    case Call::kForgetAll:
      return &Venue::forget_all;
    case Call::kLogout:
      return &Venue::logout;
    case Call::kAuthorize:
      return &Venue::authorize;
    case Call::kWebsiteStatus:
      return &Venue::website_status;
    case Call::kSellExpired:
      return &Venue::sell_expired;
    case Call::kPayoutCurrencies:
      return &Venue::payout_currencies;
    case Call::kTopupVirtual:
      return &Venue::topup_virtual;
  }
  return nullptr;
}

}  // namespace derivd::sim
