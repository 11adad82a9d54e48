#include "risk/left.hpp"

#include <algorithm>

namespace derivd::risk {
namespace {

std::optional<core::Money> less(std::optional<core::Money> budget, core::Money open) {
  if (!budget) return std::nullopt;
  return std::max(nothing(*budget), *budget - open);
}

std::optional<std::int64_t> less(std::optional<std::int64_t> budget, std::int64_t used) {
  if (!budget) return std::nullopt;
  return std::max<std::int64_t>(0, *budget - used);
}

}  // namespace

std::optional<core::Money> session_budget(const SessionLimits& limits, const Session& session) {
  const auto floor = session.floor(limits);
  if (!floor) return std::nullopt;
  return session.realised - *floor;
}

std::optional<core::Money> daily_loss_budget(const AccountLimits& limits, core::Money day_profit) {
  if (!limits.daily_loss) return std::nullopt;
  return *limits.daily_loss + std::min(nothing(day_profit), day_profit);
}

std::optional<core::Money> balance_budget(const AccountLimits& limits,
                                          std::optional<core::Money> balance) {
  if (!limits.min_balance) return std::nullopt;
  return balance ? *balance - *limits.min_balance : nothing(*limits.min_balance);
}

AccountLeft left_of(const AccountLimits& limits, const Standing& s) {
  AccountLeft left;
  left.open_stake = less(limits.max_open_stake, s.account_open_stake);
  left.daily_loss = less(daily_loss_budget(limits, s.day_profit), s.account_open_stake);
  left.daily_profit = less(limits.daily_profit, s.day_profit);
  left.min_balance = less(balance_budget(limits, s.balance), s.account_open_stake);
  left.open_contracts = less(limits.max_open_contracts, s.account_open);
  left.trades_per_day = less(limits.max_trades_per_day, s.day_trades);
  return left;
}

std::optional<core::Money> session_left(const SessionLimits& limits, const Session& session,
                                        core::Money open) {
  return less(session_budget(limits, session), open);
}

std::optional<core::Money> target_left(const SessionLimits& limits, const Session& session) {
  return less(limits.take_profit, session.realised);
}

}  // namespace derivd::risk
