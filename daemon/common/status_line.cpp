// The line behind STATUS=: what `systemctl status` shows of a running daemon.
#include <fmt/format.h>

#include "common/left.hpp"
#include "common/trader.hpp"
#include "core/counted.hpp"

namespace derivd::daemon {
namespace {

/// "left: 5 contracts, 379 trades; in USD: daily_loss 10.36, max_open_stake 14.65": of the limits
/// that are set, the amounts by their names in the configuration.
std::string words(const risk::AccountLeft& left, std::string_view currency) {
  std::string counts;
  std::string amounts;
  const auto count = [&counts](const auto& value, std::string_view what) {
    if (value) counts += (counts.empty() ? "" : ", ") + core::counted(*value, what);
  };
  const auto amount = [&amounts](std::string_view limit, const std::optional<core::Money>& value) {
    if (!value) return;
    amounts += fmt::format("{}{} {}", amounts.empty() ? "" : ", ", limit, value->to_string());
  };
  count(left.open_contracts, "contract");
  count(left.trades_per_day, "trade");
  amount("daily_loss", left.daily_loss);
  amount("daily_profit", left.daily_profit);
  amount("max_open_stake", left.open_stake);
  amount("min_balance", left.min_balance);
  if (counts.empty() && amounts.empty()) return "no limits";
  if (amounts.empty()) return "left: " + counts;
  return fmt::format("left: {}{}{}{}", counts, counts.empty() ? "" : "; ",
                     currency.empty() ? "" : fmt::format("in {}: ", currency), amounts);
}

}  // namespace

std::string Trader::status_line() const {
  const auto view = engine_.account();
  std::size_t running = 0;
  std::size_t halted = 0;
  std::size_t refused = 0;
  for (const auto& s : engine_.strategies()) {
    running += s.status == engine::StrategyStatus::kRunning ? 1 : 0;
    halted += s.status == engine::StrategyStatus::kHalted ? 1 : 0;
    refused += s.status == engine::StrategyStatus::kRunning && s.refused_until ? 1 : 0;
  }
  const auto id = account_.id.view();
  const auto shown = is_paper()   ? std::string(", PAPER")
                     : id.empty() ? std::string{}
                                  : fmt::format(", {} …{}", account_.is_real ? "REAL" : "demo",
                                                id.substr(id.size() > 4 ? id.size() - 4 : 0));
  std::string notes = problem_.empty() ? "" : " (" + problem_ + ")";
  if (venue_change_ == Handover::kWaiting) {
    notes += fmt::format(" (going over to {})", venue_address(config_.venue, dialect_).endpoint);
  }
  for (const auto& tick : tick_ages()) {
    const auto closed = symbols_.closed_text(tick.symbol, market_time());
    if (!closed.empty()) notes += fmt::format(" {} {}", tick.symbol, closed);
    if (!tick.late) continue;
    notes += fmt::format(" no ticks of {} for {:.0f} s", tick.symbol,
                         std::chrono::duration<double>(tick.age).count());
  }
  if (journal_broken_) notes += " JOURNAL BROKEN";
  if (stopping_) notes += " stopping";
  return fmt::format(
      "{}{}{}; {} running{}, {} halted; {} open{}; today {}{}; last tick {}; {}",
      // "live" is what people call an account of real money.
      state_ == deriv::SessionState::kLive ? "connected" : deriv::name_of(state_), shown, notes,
      running, refused == 0 ? "" : fmt::format(" ({} refused by the venue)", refused), halted,
      view.open_contracts,
      view.unknown_orders == 0 ? "" : fmt::format(" ({} unknown)", view.unknown_orders),
      view.day_profit.to_string(),
      account_.currency.empty() ? std::string{} : fmt::format(" {}", account_.currency),
      last_tick_ ? fmt::format("{:.0f} s ago", seconds_since(*last_tick_)) : "never",
      words(account_left(engine_, engine_.limits()), account_.currency.view()));
}

}  // namespace derivd::daemon
