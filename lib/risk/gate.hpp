// Owns the gate: every reason for which a signal may not become an order, asked in one fixed order.
// The engine describes the standing of strategy and account and asks before each order is made. It
// never changes anything, and it never admits what some limit forbids.
//
// Order and rules: the product's contract, "Stakes and limits, exactly".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/decimal.hpp"
#include "core/short_string.hpp"
#include "core/time.hpp"
#include "risk/limits.hpp"
#include "risk/session.hpp"
#include "risk/volatility.hpp"

namespace derivd::risk {

/// In the order in which they are asked.
enum class Limit : std::uint8_t {
  kHalted,
  kPaused,        // by the operator
  kNotReady,      // offline, not reconciled yet, or stopping
  kUnknownOrder,  // an order of this strategy whose outcome is not proven
  kExcluded,      // by the holder of the account, at the venue
  kHours,
  kVolatility,
  kCooldown,
  kAfterLosses,
  kDrawdown,
  kRefusals,  // the venue refused, and may be asked again later
  kMaxOpen,
  kGroup,  // another of its group, or itself, has the one contract that they may have
  kMaxTradesPerHour,
  kMaxOpenContracts,
  kMaxTradesPerDay,
  kDailyProfit,
  kSessionStop,  // from here on: money
  kMaxStake,
  kMaxOpenStake,
  kDailyLoss,
  kMinBalance,
  kMinPayoutRatio,
};
/// The configuration's key where there is one: "max_open", "daily_loss", "stop_loss".
std::string_view name_of(Limit limit);

/// Of the account; of the strategy are only the halt, the pause and session limits.
constexpr bool is_money(Limit limit) {
  return limit >= Limit::kSessionStop && limit <= Limit::kMinBalance;
}

/// What the gate looks at. "Open" counts everything that may still cost money: contracts running,
/// orders in flight, orders with unknown outcome. The worst case of each is the loss of its stake.
struct Standing {
  // The strategy.
  bool halted = false;
  bool paused = false;
  bool ready = false;
  bool unknown_order = false;
  std::optional<core::VenueTime> excluded_until;  // set only while it lasts
  bool in_hours = true;
  std::optional<core::VenueTime> hours_begin;    // the next ones, out of them
  const Volatility* volatility = nullptr;        // of its symbol, where the guard is set
  std::optional<core::VenueTime> cooling_until;  // set only while it lasts
  std::optional<core::VenueTime> pausing_until;  // set only while it lasts
  std::optional<core::VenueTime> falling_until;  // set only while it lasts
  std::int64_t refused_in_row = 0;
  std::optional<core::VenueTime> refused_until;  // set only while it lasts
  std::int64_t open = 0;
  core::Name group_holder;  // the strategy of its group that has something open; empty: none
  std::int64_t trades_in_hour = 0;
  Session session;
  core::Money session_open;
  // The account.
  std::int64_t account_open = 0;
  std::int64_t day_trades = 0;
  bool daily_profit_reached = false;
  core::Money account_open_stake;
  core::Money day_profit;
  /// Balance as if everything open were still unpaid; with all of it lost, what is left is
  /// balance − account_open_stake. Empty while the venue has not told it.
  std::optional<core::Money> balance;
};

/// Why not, as data. Counts: `have` of `allowed`. Money: stake with `open` at risk does not fit
/// into `left`.
struct Denied {
  Limit limit = Limit::kHalted;
  std::int64_t have = 0;
  std::int64_t allowed = 0;
  core::Money stake;
  core::Money open;
  core::Money left;
  std::optional<core::VenueTime> until;
  core::Name holder;        // kGroup
  bool by_account = false;  // the limit is one that the account's holder has set at the venue
  // kVolatility, once it is known: in percent, and over how many returns (`have`).
  core::Decimal measured;
  core::Decimal bound;
  bool above = false;  // it is the upper one that does not hold
  friend bool operator==(const Denied&, const Denied&) = default;
};
/// One sentence for people.
std::string sentence(const Denied& denied);

/// Everything that does not depend on the stake; empty: go on.
std::optional<Denied> check_entry(const Standing& standing, const SessionLimits& session,
                                  const Guards& guards, const AccountLimits& account);

/// The money limits for this stake; empty: admitted. A stake that fits exactly is admitted.
/// `nothing_open` asks what would be if nothing were at risk now: whether the stake can fit at all.
std::optional<Denied> check_money(core::Money stake, const Standing& standing,
                                  const SessionLimits& session, const AccountLimits& account,
                                  bool nothing_open);

/// (payout − stake) / stake against the guard, exact in minor units; equal is admitted.
std::optional<Denied> check_payout(core::Money stake, core::Money payout, const Guards& guards);

}  // namespace derivd::risk
