#include "common/left.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "execution/ledger.hpp"

namespace derivd::daemon {

std::map<core::Name, core::Money> at_risk_by_strategy(const engine::Engine& engine) {
  std::map<core::Name, core::Money> sums;
  for (const auto& order : engine.open_orders()) {
    const auto amount = execution::at_risk(order);
    const auto [it, fresh] = sums.emplace(order.strategy, amount);
    if (!fresh) it->second += amount;
  }
  return sums;
}

risk::AccountLeft account_left(const engine::Engine& engine, const risk::AccountLimits& limits) {
  const auto view = engine.account();
  risk::Standing standing;
  standing.day_trades = view.day_trades;
  standing.day_profit = view.day_profit;
  standing.account_open_stake = view.open_stake;
  standing.balance = view.balance;
  for (const auto& order : engine.open_orders()) {
    ++standing.account_open;
    // Debited at purchase, and counted as at risk as well.
    const bool paid = order.state == execution::OrderState::kOpen;
    if (paid && standing.balance) *standing.balance += order.buy_price;
  }
  return risk::left_of(limits, standing);
}

std::optional<core::Money> session_left(const engine::StrategyView& view, core::Money at_risk,
                                        const engine::Settings& settings) {
  for (const auto& strategy : settings.strategies) {
    if (strategy.name == view.name) {
      return risk::session_left(strategy.session, risk::Session{view.profit, view.peak}, at_risk);
    }
  }
  return std::nullopt;
}

namespace {

using nlohmann::ordered_json;

ordered_json shown_left(core::Money amount) { return amount.to_string(); }
ordered_json shown_left(std::int64_t count) { return count; }

template <class T>
void add(ordered_json& rows, const ordered_json& strategy, std::string_view limit,
         const std::optional<T>& left, const std::optional<T>& of) {
  if (!left || !of) return;
  rows.push_back({{"strategy", strategy},
                  {"limit", limit},
                  {"left", shown_left(*left)},
                  {"of", shown_left(*of)}});
}

}  // namespace

ordered_json limit_rows(const engine::Engine& engine, const engine::Settings& settings) {
  auto rows = ordered_json::array();
  const auto& limits = engine.limits();
  const auto left = account_left(engine, limits);
  add(rows, nullptr, "max_stake", limits.max_stake, limits.max_stake);
  add(rows, nullptr, "max_open_contracts", left.open_contracts, limits.max_open_contracts);
  add(rows, nullptr, "max_open_stake", left.open_stake, limits.max_open_stake);
  add(rows, nullptr, "daily_loss", left.daily_loss, limits.daily_loss);
  add(rows, nullptr, "daily_profit", left.daily_profit, limits.daily_profit);
  add(rows, nullptr, "max_trades_per_day", left.trades_per_day, limits.max_trades_per_day);
  // Before the balance is known there is nothing to tell of it.
  if (engine.account().balance) {
    add(rows, nullptr, "min_balance", left.min_balance, limits.min_balance);
  }
  const auto risks = at_risk_by_strategy(engine);
  for (const auto& view : engine.strategies()) {
    const auto set =
        std::find_if(settings.strategies.begin(), settings.strategies.end(),
                     [&](const engine::StrategySettings& s) { return s.name == view.name; });
    if (set == settings.strategies.end()) continue;
    const auto risk = risks.find(view.name);
    const auto open =
        risk == risks.end() ? core::Money::minor(0, view.profit.exponent()) : risk->second;
    const risk::Session session{view.profit, view.peak};
    add(rows, view.name.view(), "stop_loss", session_left(view, open, settings),
        set->session.stop_loss);
    add(rows, view.name.view(), "take_profit", risk::target_left(set->session, session),
        set->session.take_profit);
  }
  return rows;
}

}  // namespace derivd::daemon
