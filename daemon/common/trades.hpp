// Owns the outward form of trades and their statistics: JSON rows, CSV, sums. The daemon answers
// control requests with it and derivctl prints the journal with it, so that both tell the same. It
// never reads orders from the journal itself.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/decimal.hpp"
#include "core/result.hpp"
#include "execution/order.hpp"
#include "store/journal.hpp"

namespace derivd::daemon {

/// The account of every paper run: in the journal, in DERIVD_ACCOUNT, in status.
inline constexpr std::string_view kPaperAccount = "PAPER";

/// "2026-06-21T06:34:44Z"
std::string iso_time(core::VenueTime time);

/// open, unknown, intended, won, lost, break_even, sold, refused, absent: one word for a row.
std::string outcome_of(const execution::Order& order);

/// One row of `derivctl trades --format json`; amounts are decimal strings, absent values null.
nlohmann::ordered_json trade_row(const execution::Order& order);
/// Every row says "mode": whether Deriv filled it or paper did.
nlohmann::ordered_json trade_rows(const std::vector<execution::Order>& orders, bool paper);

/// What stats_of() needs of an order, out of such a row; kProtocol: it is none, or its amounts are
/// of another currency than those of the rows before. `decimals`: those of the first one.
core::Result<execution::Order> order_of(const nlohmann::ordered_json& row,
                                        std::optional<std::uint8_t>& decimals);

struct Stats {
  std::int64_t trades = 0;  // settled
  std::int64_t won = 0, lost = 0, even = 0, open = 0, unknown = 0;
  core::Money stakes, payouts, profit;  // of settled trades
  core::Money gross_profit, gross_loss;
  core::Money max_drawdown;  // positive, on realised profit in settlement order, peak from 0
  core::Money max_stake;
  std::int64_t longest_losing_run = 0;
};
/// Over orders in any sequence; settlement order is by settled time, then order id.
Stats stats_of(std::vector<execution::Order> orders);
nlohmann::ordered_json to_json(const Stats& stats);
/// {"mode": "live" or "paper", "total": …, "strategies": {NAME: …}}
nlohmann::ordered_json stats_report(const std::vector<execution::Order>& orders, bool paper);

/// What store.keep has removed, as far as a question with this strategy and this beginning would
/// have told of it: {"total": SUMS, "strategies": {NAME: SUMS}}, SUMS with trades, won, lost,
/// break_even, stakes, profit, first and last (UTC, of the signals). Null: nothing.
nlohmann::ordered_json removed_report(const std::vector<store::RemovedTrades>& removed,
                                      const store::OrderQuery& query);
/// Puts those sums as "removed" beside the ones of stats_report(); a strategy of which nothing else
/// is left gets a row of its own.
void add_removed(nlohmann::ordered_json& stats, const nlohmann::ordered_json& removed);
/// "N trades of FIRST to LAST were removed (store.keep): profit … on stakes of …".
std::string removed_words(const nlohmann::ordered_json& sums);

/// Whether the journal is one of a paper run. A journal is never of both kinds: derivd refuses to
/// open it in the other mode. `otherwise`: of a journal that has not seen an account yet.
core::Result<bool> is_paper(store::Journal& journal, bool otherwise);

}  // namespace derivd::daemon
