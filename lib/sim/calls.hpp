// Owns the list of WebSocket calls that the simulated venue serves, what each may contain in either
// dialect and who may make it. The venue checks every request here before acting. It never looks at
// values beyond their form: whether a symbol exists is not its business.
//
// Source: the official request schemas (shared reference deriv/schemas); every one has
// additionalProperties:false. account_list is left out: its response schema cannot be satisfied (it
// requires a member that it forbids), and authorize answers with the same list. Messages follow
// JSON::Validator, which the venue's server uses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/json.hpp"

namespace derivd::sim {

enum class Dialect : std::uint8_t { kOptions, kV3 };
std::string_view name_of(Dialect dialect);

enum class Call : std::uint8_t {
  kPing,
  kTime,
  kTicks,
  kTicksHistory,
  kActiveSymbols,
  kContractsFor,
  kContractsList,
  kTradingTimes,
  kProposal,
  kBuy,
  kSell,
  kCancel,
  kContractUpdate,
  kContractUpdateHistory,
  kOpenContract,
  kPortfolio,
  kProfitTable,
  kStatement,
  kTransaction,
  kBalance,
  kForget,
  kForgetAll,
  kLogout,
  kAuthorize,
  kWebsiteStatus,
  kSellExpired,
  kPayoutCurrencies,
  kTopupVirtual,
  kOwnLimits,
};

enum class Access : std::uint8_t { kOpen, kRead, kTrade };

struct Field;

struct CallInfo {
  Call call;
  std::string_view name;  // the member that names the call; its msg_type too, but for ticks
  Access access;
  const std::vector<Field>* fields;
};

/// The call of a request by the member that names it; null when there is none. When several members
/// name calls, the first of the venue's own order counts.
const CallInfo* find_call(Dialect dialect, const Json& request);

/// One complaint for each wrong member: (name, reason).
struct Complaints {
  std::vector<std::pair<std::string, std::string>> members;
  std::vector<std::string> not_allowed;
  bool empty() const { return members.empty() && not_allowed.empty(); }
  /// "Input validation failed: amount, basis" or "…: Properties not allowed: x."
  std::string message() const;
  std::string details() const;  // a JSON object
};
Complaints check(const CallInfo& call, const Json& request);

/// Keys ^[A-Za-z0-9_-]{1,50}$ and texts of at most 300 characters without control characters; else
/// the framework answers SanityCheckFailed.
bool is_sane(const Json& request);

/// The form of a token: ^[\w-]{1,128}$.
bool is_token(std::string_view text);

}  // namespace derivd::sim
