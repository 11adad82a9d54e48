// Owns the question how much of each limit is left, asked of a running engine. The metrics page,
// the status line and derivctl status show it. It repeats no rule: risk/left has them.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "engine/engine.hpp"
#include "risk/left.hpp"

namespace derivd::daemon {

/// Stakes of everything that may still cost money, by strategy.
std::map<core::Name, core::Money> at_risk_by_strategy(const engine::Engine& engine);

/// With everything open counted as lost. The balance is the venue's latest figure; the gate takes
/// the lesser of it and our own arithmetic, and can be stricter for a moment.
risk::AccountLeft account_left(const engine::Engine& engine, const risk::AccountLimits& limits);

/// What is left of a strategy's stop loss; empty: it has none.
std::optional<core::Money> session_left(const engine::StrategyView& view, core::Money at_risk,
                                        const engine::Settings& settings);

/// Each limit that is set: {"strategy": null or NAME, "limit": as in the configuration, "left",
/// "of"}; amounts are decimal strings. Of min_balance, "left" is what lies above it; of what
/// ends buying when it is reached (daily_profit, take_profit), what is missing to it.
nlohmann::ordered_json limit_rows(const engine::Engine& engine, const engine::Settings& settings);

}  // namespace derivd::daemon
