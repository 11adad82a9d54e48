// Owns the journal's tables: the SQL of every version and the steps between them. The journal reads
// it at open. It never changes a step that was released; a change is a new step.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace derivd::store {

/// "DRVD", in the header of the file: tells a journal from any other SQLite file.
inline constexpr int kApplicationId = 0x44525644;

/// Step n leads from version n to version n + 1; user_version holds the version.
std::span<const char* const> migrations();
int known_version();

/// The tables of the newest version.
inline constexpr std::array<std::string_view, 15> kTables{
    "order_events", "orders",         "halts",    "strategy_states", "strategies",
    "day_totals",   "balances",       "sessions", "config_changes",  "log_position",
    "order_steps",  "strategies_now", "days",     "retention",       "removed_totals"};

/// Columns of an order, in the order of encode and decode in rows.cpp.
inline constexpr std::string_view kOrderColumns =
    "id,strategy,type,symbol,duration_count,duration_unit,prediction,barrier,barrier_decimals,"
    "multiplier,spec_take_profit,spec_take_profit_exp,spec_stop_loss,spec_stop_loss_exp,"
    "stake,stake_exp,state,intended_us,signal_epoch,contract_id,buy_tx,buy_price,buy_price_exp,"
    "payout,payout_exp,purchase_time,balance_after,balance_after_exp,outcome,witness,"
    "profit,profit_exp,sell_price,sell_price_exp,sell_tx,settled_time,"
    "entry_symbol,entry_epoch,entry_quote,entry_decimals,"
    "exit_symbol,exit_epoch,exit_quote,exit_decimals,recomputed_differs,reason,spec";
inline constexpr int kOrderColumnCount = 47;

}  // namespace derivd::store
