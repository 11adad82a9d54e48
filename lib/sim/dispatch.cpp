// From a frame to the call that answers it: form, rights, limits, faults.
#include <fmt/format.h>

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
  if (terms_.rate_limits && !c.admit(*info, now_.instant))
    return r.refuse(
        {"RateLimit", fmt::format("You have reached the rate limit for {}.", info->name)});
  if (const auto wrong = check(*info, request); !wrong.empty())
    return r.refuse({"InputValidationFailed", wrong.message(), {}, {}, wrong.details()});
  if (const auto error = entry_check(c, *info)) return r.refuse(*error);
  answer(r);
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
        site_.take_down(f.message);
        publisher_.website_status(site_, now_);
        break;
      default:
        break;
    }
  }
  return true;
}

void Venue::answer(Request& r) {
  switch (r.info.call) {
    case Call::kPing:
      return market_calls_.ping(r);
    case Call::kTime:
      return market_calls_.time_call(r);
    case Call::kTicks:
      return market_calls_.ticks(r);
    case Call::kTicksHistory:
      return market_calls_.ticks_history(r);
    case Call::kActiveSymbols:
      return market_calls_.active_symbols(r);
    case Call::kContractsFor:
      return market_calls_.contracts_for(r);
    case Call::kContractsList:
      return market_calls_.contracts_list(r);
    case Call::kTradingTimes:
      return market_calls_.trading_times(r);
    case Call::kProposal:
      return trade_calls_.proposal(r);
    case Call::kBuy:
      return trade_calls_.buy(r);
    case Call::kSell:
      return trade_calls_.sell(r);
    case Call::kCancel:
      return trade_calls_.cancel(r);
    case Call::kContractUpdate:
      return trade_calls_.contract_update(r);
    case Call::kContractUpdateHistory:
      return trade_calls_.contract_update_history(r);
    case Call::kOpenContract:
      return account_calls_.open_contract(r);
    case Call::kPortfolio:
      return account_calls_.portfolio(r);
    case Call::kProfitTable:
      return account_calls_.profit_table(r);
    case Call::kStatement:
      return account_calls_.statement(r);
    case Call::kTransaction:
      return account_calls_.transaction(r);
    case Call::kBalance:
      return account_calls_.balance(r);
    case Call::kForget:
      return market_calls_.forget(r);
    case Call::kForgetAll:
      return market_calls_.forget_all(r);
    case Call::kLogout:
      return account_calls_.logout(r);
    case Call::kAuthorize:
      return account_calls_.authorize(r);
    case Call::kWebsiteStatus:
      return market_calls_.website_status(r);
    case Call::kSellExpired:
      return trade_calls_.sell_expired(r);
    case Call::kPayoutCurrencies:
      return market_calls_.payout_currencies(r);
    case Call::kTopupVirtual:
      return account_calls_.topup_virtual(r);
    case Call::kOwnLimits:
      return account_calls_.own_limits(r);
  }
}

}  // namespace derivd::sim
