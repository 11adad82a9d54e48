#include "common/left.hpp"

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

}  // namespace derivd::daemon
