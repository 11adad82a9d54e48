// From a frame to the handler of its call: form, rights, limits, faults, subscriptions.
#include <fmt/format.h>

#include <algorithm>

#include "sim/venue.hpp"

namespace derivd::sim {
namespace {

std::string_view text_member(const Json& json, std::string_view key) {
  const Json* j = json.find(key);
  return j != nullptr && j->is_string() ? std::string_view(j->text()) : std::string_view{};
}

/// The symbol that a request is about, for the rules of faults.
std::string_view symbol_of(const Json& request) {
  const Json* parameters = request.find("parameters");
  for (const auto key :
       {"underlying_symbol", "symbol", "ticks", "ticks_history", "contracts_for"}) {
    if (const auto t = text_member(request, key); !t.empty()) return t;
    if (parameters != nullptr)
      if (const auto t = text_member(*parameters, key); !t.empty()) return t;
  }
  return {};
}

}  // namespace

void Venue::handle(Connection& c, const Json& request) {
  const CallInfo* info = find_call(c.dialect, request);
  const bool hide = info != nullptr && info->call == Call::kAuthorize;
  const Envelope envelope = envelope_of(request, hide ? "authorize" : "");
  if (info == nullptr)
    return refuse_raw(c, envelope, "error", {"UnrecognisedRequest", "Unrecognised request."});
  Request r{c, request, *info, envelope};
  if (!faults_.empty())
    r.faults = faults_.on({Direction::kRequest, info->name, name_of(c.dialect),
                           c.account != nullptr ? c.account->name() : std::string_view{},
                           symbol_of(request), text_member(request, "style")});
  if (!act_on(r)) return;
  if (!is_sane(request)) return refuse(r, {"SanityCheckFailed", "Parameters sanity check failed."});
  if (!admit(c, *info))
    return refuse(
        r, {"RateLimit", fmt::format("You have reached the rate limit for {}.", info->name)});
  if (const auto wrong = check(*info, request); !wrong.empty())
    return refuse(r, {"InputValidationFailed", wrong.message(), {}, {}, wrong.details()});
  if (const auto error = entry_check(c, *info)) return refuse(r, *error);
  (this->*handler_of(info->call))(r);
}

std::optional<WireError> Venue::entry_check(Connection& c, const CallInfo& info) {
  if (info.access == Access::kOpen) return std::nullopt;
  if (c.account == nullptr) return WireError{"AuthorizationRequired", "Please log in."};
  if (!c.grant->valid) return WireError{"InvalidToken", "Your token has expired or is invalid."};
  const auto& token = c.grant->token;
  if (info.access == Access::kTrade || token.dialect == Dialect::kOptions) {
    if (token.has("trade")) return std::nullopt;
    return WireError{"PermissionDenied", "Permission denied, requires trade scope(s)."};
  }
  if (token.has("read") || token.has("trading_information")) return std::nullopt;
  return WireError{"PermissionDenied",
                   "Permission denied, requires read or trading_information scope(s)."};
}

bool Venue::admit(Connection& c, const CallInfo& info) {
  if (!options_.rate_limits) return true;
  // options: pings have a budget of their own; v3 counts them with the rest.
  if (info.call == Call::kPing && c.dialect == Dialect::kOptions)
    return c.pings.admit(now_.instant);
  return c.account != nullptr ? c.account->admit(info.name, now_.instant)
                              : c.limits->admit(info.name, now_.instant);
}

bool Venue::act_on(Request& r) {
  for (const Fault& f : r.faults) {
    switch (f.kind) {
      case FaultKind::kDropBefore:
        abort(r.conn);
        return false;
      case FaultKind::kError: {
        const WireError error{f.code, f.message};
        send(r.conn, error_frame(r.envelope, r.info.name, error, r.conn.dialect), r.faults);
        return false;
      }
      case FaultKind::kStopReading:
        actions_.push_back({Action::Kind::kStopReading, r.conn.id, {}, 0, 0, 0});
        break;
      case FaultKind::kExpireToken:
        if (r.conn.grant != nullptr) r.conn.grant->valid = false;
        break;
      case FaultKind::kMaintenance:
        maintenance_ = true;
        maintenance_text_ = f.message;
        for (auto& [id, c] : connections_)
          for (const auto& s : c->streams)
            if (s.kind == Stream::Kind::kWebsiteStatus)
              push(*c, "website_status", {},
                   frame(s.envelope, "website_status", "website_status", website_status_payload(),
                         s.id));
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

Venue::Stream* Venue::subscribe(Request& r, Stream::Kind kind, std::string key) {
  auto& streams = r.conn.streams;
  const auto same = [&](const Stream& s) { return s.key == key; };
  if (std::any_of(streams.begin(), streams.end(), same)) {
    const auto symbol = symbol_of(r.json);
    refuse(r,
           {"AlreadySubscribed",
            fmt::format("You are already subscribed to {}.",
                        symbol.empty() || r.info.call == Call::kProposal ? r.info.name : symbol)});
    return nullptr;
  }
  if (streams.size() >= kMaxStreams) {
    refuse(r, {"RateLimit", "You have reached the limit of concurrent subscriptions."});
    return nullptr;
  }
  Stream s;
  s.kind = kind;
  s.id = ids_.next();
  s.key = std::move(key);
  s.envelope = r.envelope;
  streams.push_back(std::move(s));
  return &streams.back();
}

void Venue::drop_streams(Connection& c, const std::function<bool(const Stream&)>& which) {
  std::erase_if(c.streams, which);
}

void Venue::drop_account_streams(Connection& c) {
  drop_streams(c, [](const Stream& s) {
    return s.kind == Stream::Kind::kBalance || s.kind == Stream::Kind::kTransaction ||
           s.kind == Stream::Kind::kOpenContract || s.kind == Stream::Kind::kOpenContracts;
  });
  c.proposals.clear();
}

}  // namespace derivd::sim
