// Owns what is left of each budget. The gate compares a stake with these figures, and people are
// shown the same ones. It never decides and never changes anything.
#pragma once

#include <cstdint>
#include <optional>

#include "core/decimal.hpp"
#include "risk/gate.hpp"
#include "risk/limits.hpp"
#include "risk/session.hpp"

namespace derivd::risk {

/// In the decimals of `like`.
inline core::Money nothing(core::Money like) { return core::Money::minor(0, like.exponent()); }

// What a stake, together with everything at risk in its scope, may come to. Empty: no limit.
std::optional<core::Money> session_budget(const SessionLimits& limits, const Session& session);
/// A profit of today never lends to stakes that may settle tomorrow.
std::optional<core::Money> daily_loss_budget(const AccountLimits& limits, core::Money day_profit);
/// Nothing while the balance is not known.
std::optional<core::Money> balance_budget(const AccountLimits& limits,
                                          std::optional<core::Money> balance);

/// Of the account's limits that are set, with everything open counted as lost; never below 0.
struct AccountLeft {
  std::optional<core::Money> open_stake;
  std::optional<core::Money> daily_loss;
  std::optional<core::Money> daily_profit;  // until buying stops for the day
  std::optional<core::Money> min_balance;
  std::optional<std::int64_t> open_contracts;
  std::optional<std::int64_t> trades_per_day;
  friend bool operator==(const AccountLeft&, const AccountLeft&) = default;
};
/// Looks at the account's part of `standing` alone.
AccountLeft left_of(const AccountLimits& limits, const Standing& standing);

/// Of a session's stop loss, with `open` counted as lost; never below 0.
std::optional<core::Money> session_left(const SessionLimits& limits, const Session& session,
                                        core::Money open);
/// What a session may still win before its take profit halts it; never below 0.
std::optional<core::Money> target_left(const SessionLimits& limits, const Session& session);

}  // namespace derivd::risk
