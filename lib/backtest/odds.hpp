// Owns the odds of a configured session: how it ends, how long it lasts, what it costs, computed
// before any trade. derivctl odds, check and setup ask for them. It has no rules of its own: stakes
// are the StakePlan's, what fits is engine::decide's, and it never reads a clock.
//
// One contract at a time, all within one trading day, nothing else on the account: cool-downs,
// hours and trades an hour change when trades happen and not how they end.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "backtest/bet.hpp"
#include "engine/settings.hpp"
#include "risk/gate.hpp"

namespace derivd::backtest {

/// Why a session ends. Of the limits of the account those that forbid even the base stake.
enum class SessionEnd : std::uint8_t {
  kTakeProfit,
  kStopLoss,
  kMaxStake,
  kMaxOpenStake,
  kDailyLoss,
  kDailyProfit,
  kMaxTradesPerDay,
  kMinBalance,
  kMinPayoutRatio,
  kBalance,     // the account cannot pay the next stake: ruin
  kUnfinished,  // still trading after the last trade that was asked for
};
inline constexpr std::size_t kSessionEnds = static_cast<std::size_t>(SessionEnd::kUnfinished) + 1;
/// The configuration's key where there is one: "take_profit", "daily_loss"; "balance",
/// "unfinished".
std::string_view name_of(SessionEnd end);

/// A session that nothing ends is followed for so many trades.
inline constexpr std::int64_t kOpenEndedTrades = 10'000;
/// Results of contracts that the exact computation follows before it gives way to a simulation:
/// some seconds, and for a summary beside other text some hundredths of a second.
inline constexpr std::int64_t kFullWork = 100'000'000;
inline constexpr std::int64_t kShortWork = 2'000'000;
inline constexpr std::int64_t kSessions = 100'000;
/// Trades of a simulation whose number of sessions nobody asked for: some seconds, and the same for
/// a summary.
inline constexpr std::int64_t kFullTrades = 20'000'000;
inline constexpr std::int64_t kShortTrades = 200'000;

struct OddsQuestion {
  engine::StrategySettings strategy;  // valid (config/ checked it)
  risk::AccountLimits limits;
  Bet bet;
  core::Money balance = core::Money::minor(10'000'00);
  /// Most trades of a session. Empty: until it ends or, where nothing ends it, kOpenEndedTrades.
  std::optional<std::int64_t> trades;
  std::int64_t work = kFullWork;
};

/// A figure with its standard error, which is 0 when it was computed and not simulated.
struct Estimate {
  double value = 0;
  double error = 0;
};

/// Losses in a row from a session's first trade on, and the first stake that then does not fit.
struct LosingRun {
  std::int64_t losses = 0;  // that fit
  core::Money lost;         // by them
  bool endless = false;     // no limit stops them
  core::Money denied_stake;
  std::optional<SessionEnd> limit;  // that forbids it; empty only when endless
  /// The plan begins anew by itself (max_steps, its cap) after so many losses, at this price.
  std::optional<std::int64_t> plan_losses;
  core::Money plan_lost;
};

struct Odds {
  bool exact = true;
  /// Exact: no probability is off by more than this. Simulated: 0, see the standard errors.
  double error_bound = 0;
  std::int64_t sessions = 0;               // simulated
  std::optional<std::int64_t> trades_cut;  // the session was followed for so many trades

  std::array<Estimate, kSessionEnds> ends;  // indexed by SessionEnd, sum 1
  Estimate profit;                          // of a session, in units of the currency
  Estimate profit_per_trade;
  Estimate turnover;  // stakes of a session, in units of the currency
  Estimate trades;    // of a session
  /// Trades within which 5, 25, 50, 75, 95 and 99 % of the sessions end.
  std::array<std::int64_t, 6> trade_quantiles{};
  bool quantiles_exact = true;  // false: from a simulation, also where all else is exact
  core::Money largest_stake;    // that a session can place (simulated: that one did)
  /// Sessions that place the stake beyond which max_steps or the plan's own cap lets no other;
  /// empty without such a cap.
  std::optional<Estimate> reaches_cap;
  /// Sessions in which a limit forbids a raised stake, so that the plan is cut short.
  Estimate cut_short;
  LosingRun losing_run;

  const Estimate& end(SessionEnd e) const { return ends[static_cast<std::size_t>(e)]; }
};
inline constexpr std::array<double, 6> kTradeQuantiles{0.05, 0.25, 0.5, 0.75, 0.95, 0.99};

/// Dynamic programming over profit × plan × peak, in cents. Empty when `work` or memory does not
/// suffice. `error_bound` counts the mass left out and the rounding of sums.
std::optional<Odds> exact_odds(const OddsQuestion& question);

/// Sessions played one by one with the real plan and gate. Without `sessions` kSessions, or as many
/// as `most_trades` allows (at least a hundred).
Odds simulated_odds(const OddsQuestion& question, std::uint64_t seed,
                    std::optional<std::int64_t> sessions = std::nullopt,
                    std::int64_t most_trades = kFullTrades);

/// Exact where that is possible.
Odds odds(const OddsQuestion& question, std::uint64_t seed = 1,
          std::int64_t most_trades = kFullTrades);

}  // namespace derivd::backtest
