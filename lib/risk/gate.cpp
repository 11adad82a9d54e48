#include "risk/gate.hpp"

#include <fmt/format.h>

#include "core/utc.hpp"
#include "risk/left.hpp"

namespace derivd::risk {
namespace {

// What a denial says is made out of the way of an admission, which every purchase needs and which
// is hardly ever anything else: the processor then need not fetch the one for the other.
using Verdict = std::optional<Denied>;

[[gnu::cold]] Verdict plain(Limit limit) {
  Denied d;
  d.limit = limit;
  return d;
}

[[gnu::cold]] Verdict until(Limit limit, core::VenueTime time) {
  Denied d;
  d.limit = limit;
  d.until = time;
  return d;
}

bool is_full(std::int64_t have, const std::optional<std::int64_t>& allowed) {
  return allowed && have >= *allowed;
}

[[gnu::cold]] Verdict count(Limit limit, std::int64_t have, std::int64_t allowed) {
  Denied d;
  d.limit = limit;
  d.have = have;
  d.allowed = allowed;
  return d;
}

[[gnu::cold]] Verdict money(Limit limit, core::Money stake, core::Money open, core::Money left) {
  Denied d;
  d.limit = limit;
  d.stake = stake;
  d.open = open;
  d.left = left;
  return d;
}

/// A market that is not known yet is neither calm nor lively.
[[gnu::cold]] Verdict volatility(const Volatility& have, const VolatilityBounds& bounds) {
  Denied d;
  d.limit = Limit::kVolatility;
  if (!have.ready()) {
    d.have = have.quotes();
    d.allowed = have.needed();
    return d;
  }
  const bool below = bounds.min && have.against(*bounds.min) < 0;
  const bool above = bounds.max && have.against(*bounds.max) > 0;
  if (!below && !above) return std::nullopt;
  d.have = bounds.ticks;
  d.measured = have.percent();
  d.bound = below ? *bounds.min : *bounds.max;
  d.above = above && !below;
  return d;
}

}  // namespace

std::string_view name_of(Limit limit) {
  switch (limit) {
    case Limit::kHalted:
      return "halted";
    case Limit::kPaused:
      return "paused";
    case Limit::kNotReady:
      return "not_ready";
    case Limit::kUnknownOrder:
      return "unknown_order";
    case Limit::kExcluded:
      return "self_exclusion";
    case Limit::kHours:
      return "hours";
    case Limit::kVolatility:
      return "volatility";
    case Limit::kCooldown:
      return "cooldown";
    case Limit::kAfterLosses:
      return "after_losses";
    case Limit::kDrawdown:
      return "drawdown";
    case Limit::kRefusals:
      return "refusals";
    case Limit::kMaxOpen:
      return "max_open";
    case Limit::kGroup:
      return "group";
    case Limit::kMaxTradesPerHour:
      return "max_trades_per_hour";
    case Limit::kMaxOpenContracts:
      return "max_open_contracts";
    case Limit::kMaxTradesPerDay:
      return "max_trades_per_day";
    case Limit::kDailyProfit:
      return "daily_profit";
    case Limit::kSessionStop:
      return "stop_loss";
    case Limit::kMaxStake:
      return "max_stake";
    case Limit::kMaxOpenStake:
      return "max_open_stake";
    case Limit::kDailyLoss:
      return "daily_loss";
    case Limit::kMinBalance:
      return "min_balance";
    case Limit::kMinPayoutRatio:
      return "min_payout_ratio";
  }
  return "?";
}

std::string sentence(const Denied& d) {
  const auto name = name_of(d.limit);
  const auto* whose = d.by_account ? ", set by the account's holder at Deriv" : "";
  const auto counted = [&] {
    return fmt::format("{}: {} of {}{}", name, d.have, d.allowed, whose);
  };
  const auto till = [&] { return fmt::format("{}: until {}", name, core::utc_iso(*d.until)); };
  const auto budget = [&](std::string_view what) {
    return fmt::format("{}: a stake of {}{} does not fit into the {} {}{}", name,
                       d.stake.to_string(),
                       d.open.is_zero() ? "" : fmt::format(" with {} at risk", d.open.to_string()),
                       d.left.to_string(), what, whose);
  };
  switch (d.limit) {
    case Limit::kHalted:
      return "halted: cleared only by resume";
    case Limit::kPaused:
      return "paused by the operator";
    case Limit::kNotReady:
      return "not ready: offline, not reconciled, or stopping";
    case Limit::kUnknownOrder:
      return "an order's outcome is not proven yet";
    case Limit::kExcluded:
      return fmt::format("self_exclusion: the account is excluded at Deriv by its holder until {}",
                         core::utc_iso(*d.until));
    case Limit::kHours:
      return fmt::format("hours: outside the configured hours{}",
                         d.until ? ", which begin at " + core::utc_iso(*d.until) : "");
    case Limit::kVolatility:
      if (d.allowed != 0) {
        return fmt::format("volatility: not known yet, {} of {} ticks were seen", d.have,
                           d.allowed);
      }
      return fmt::format("volatility: {}% over {} ticks is {} {}%", d.measured.to_string(), d.have,
                         d.above ? "above the most allowed," : "below the least allowed,",
                         d.bound.to_string());
    case Limit::kCooldown:
    case Limit::kAfterLosses:
    case Limit::kDrawdown:
      return till();
    case Limit::kRefusals:
      return fmt::format("{}: {} in a row by the venue, nothing is asked until {}", name, d.have,
                         core::utc_iso(*d.until));
    case Limit::kMaxOpen:
    case Limit::kMaxTradesPerHour:
    case Limit::kMaxOpenContracts:
    case Limit::kMaxTradesPerDay:
      return counted();
    case Limit::kGroup:
      return fmt::format("group: one contract at a time, and {} has it", d.holder);
    case Limit::kDailyProfit:
      return "daily_profit: reached, until the day ends";
    case Limit::kSessionStop:
      return budget("left to the session");
    case Limit::kMaxStake:
      return budget("allowed");
    case Limit::kMaxOpenStake:
      return budget("allowed at risk");
    case Limit::kDailyLoss:
      return budget("left to the day");
    case Limit::kMinBalance:
      return budget("above the floor");
    case Limit::kMinPayoutRatio:
      return fmt::format("{}: a profit of {} on {} is too small", name, d.left.to_string(),
                         d.stake.to_string());
  }
  return std::string(name);
}

std::optional<Denied> check_entry(const Standing& s, const SessionLimits&, const Guards& guards,
                                  const AccountLimits& account) {
  if (s.halted) [[unlikely]]
    return plain(Limit::kHalted);
  if (s.paused) [[unlikely]]
    return plain(Limit::kPaused);
  if (!s.ready) [[unlikely]]
    return plain(Limit::kNotReady);
  if (s.unknown_order) [[unlikely]]
    return plain(Limit::kUnknownOrder);
  if (s.excluded_until) [[unlikely]]
    return until(Limit::kExcluded, *s.excluded_until);
  if (!s.in_hours) [[unlikely]] {
    auto d = plain(Limit::kHours);
    d->until = s.hours_begin;
    return d;
  }
  if (guards.volatility && s.volatility != nullptr) [[unlikely]] {
    if (auto d = volatility(*s.volatility, *guards.volatility)) return d;
  }
  if (s.cooling_until) [[unlikely]]
    return until(Limit::kCooldown, *s.cooling_until);
  if (s.pausing_until) [[unlikely]]
    return until(Limit::kAfterLosses, *s.pausing_until);
  if (s.falling_until) [[unlikely]]
    return until(Limit::kDrawdown, *s.falling_until);
  if (s.refused_until) [[unlikely]] {
    auto d = until(Limit::kRefusals, *s.refused_until);
    d->have = s.refused_in_row;
    return d;
  }
  if (s.open >= guards.max_open) [[unlikely]] {
    return count(Limit::kMaxOpen, s.open, guards.max_open);
  }
  if (!s.group_holder.empty()) [[unlikely]] {
    auto d = plain(Limit::kGroup);
    d->holder = s.group_holder;
    return d;
  }
  if (is_full(s.trades_in_hour, guards.max_trades_per_hour)) [[unlikely]] {
    return count(Limit::kMaxTradesPerHour, s.trades_in_hour, *guards.max_trades_per_hour);
  }
  if (is_full(s.account_open, account.max_open_contracts)) [[unlikely]] {
    auto d = count(Limit::kMaxOpenContracts, s.account_open, *account.max_open_contracts);
    d->by_account = account.holders_open;
    return d;
  }
  if (is_full(s.day_trades, account.max_trades_per_day)) [[unlikely]] {
    return count(Limit::kMaxTradesPerDay, s.day_trades, *account.max_trades_per_day);
  }
  if (s.daily_profit_reached) [[unlikely]]
    return plain(Limit::kDailyProfit);
  return std::nullopt;
}

std::optional<Denied> check_money(core::Money stake, const Standing& s,
                                  const SessionLimits& session, const AccountLimits& account,
                                  bool nothing_open) {
  const auto zero = nothing(stake);
  const auto session_open = nothing_open ? zero : s.session_open;
  const auto account_open = nothing_open ? zero : s.account_open_stake;
  if (const auto budget = session_budget(session, s.session)) {
    // realised − open − stake >= floor
    if (stake + session_open > *budget) [[unlikely]] {
      return money(Limit::kSessionStop, stake, session_open, *budget);
    }
  }
  if (account.max_stake && stake > *account.max_stake) [[unlikely]] {
    return money(Limit::kMaxStake, stake, zero, *account.max_stake);
  }
  const auto exceeds = [&](core::Money left) { return stake + account_open > left; };
  if (account.max_open_stake && exceeds(*account.max_open_stake)) [[unlikely]] {
    return money(Limit::kMaxOpenStake, stake, account_open, *account.max_open_stake);
  }
  const auto day = daily_loss_budget(account, s.day_profit);
  if (day && exceeds(*day)) [[unlikely]] {
    auto d = money(Limit::kDailyLoss, stake, account_open, *day);
    d->by_account = account.holders_loss;
    return d;
  }
  const auto above_floor = balance_budget(account, s.balance);
  if (above_floor && exceeds(*above_floor)) [[unlikely]] {
    return money(Limit::kMinBalance, stake, account_open, *above_floor);
  }
  return std::nullopt;
}

std::optional<Denied> check_payout(core::Money stake, core::Money payout, const Guards& guards) {
  if (!guards.min_payout_ratio) return std::nullopt;
  const auto profit = payout - stake;
  // profit / stake >= mantissa / 10^scale, without a division.
  __extension__ using Wide = __int128;
  const auto have = static_cast<Wide>(profit.units()) * core::pow10(guards.min_payout_ratio->scale);
  const auto need = static_cast<Wide>(guards.min_payout_ratio->mantissa) * stake.units();
  if (have >= need) return std::nullopt;
  Denied d;
  d.limit = Limit::kMinPayoutRatio;
  d.stake = stake;
  d.left = profit;
  return d;
}

}  // namespace derivd::risk
