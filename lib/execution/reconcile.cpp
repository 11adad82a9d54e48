#include "execution/reconcile.hpp"

#include <algorithm>

#include "market/kind.hpp"
#include "market/shortcode.hpp"

namespace derivd::execution {
namespace {

// A contract that is sold while the venue is asked shows up in both lists: the sold row says more.
std::vector<HistoryRow> merge(const VenueReport& report) {
  std::vector<HistoryRow> rows = report.profit_table;
  for (const auto& open : report.portfolio) {
    const auto same = [&](const HistoryRow& row) { return row.contract == open.contract; };
    if (std::none_of(rows.begin(), rows.end(), same)) rows.push_back(open);
  }
  return rows;
}

const HistoryRow* row_of(const std::vector<HistoryRow>& rows, core::ContractId contract) {
  for (const auto& row : rows) {
    if (row.contract == contract) return &row;
  }
  return nullptr;
}

Found by_contract(const Order& order, const std::vector<HistoryRow>& rows) {
  Found found;
  found.order = order.id;
  if (const auto* row = row_of(rows, order.contract)) {
    found.finding = Finding::kMatched;
    found.row = *row;
    found.candidates = 1;
  }
  return found;
}

// The report can prove absence only if it looks at all of the window, from after its end.
bool covers(const Pending& pending, const VenueReport& report) {
  return pending.window_closed && report.as_of > *pending.window_closed &&
         report.since <= pending.order->signal_epoch - kClockSlack;
}

}  // namespace

bool fits(const Pending& pending, const HistoryRow& row) {
  const auto& order = *pending.order;
  if (!row.type.empty() && !market::is_named(order.spec.type, row.type.view())) return false;
  if (!row.symbol.empty() && row.symbol != order.spec.symbol) return false;
  const auto code = market::shortcode_agrees(order.spec, row.shortcode.view());
  if (code == market::Agreement::kDiffers) return false;
  // Without type or symbol the shortcode alone can name them.
  if ((row.type.empty() || row.symbol.empty()) && code != market::Agreement::kAgrees) return false;
  if (row.buy_price != order.stake) return false;
  if (row.purchase_time < order.signal_epoch - kClockSlack) return false;
  return !pending.window_closed || row.purchase_time <= *pending.window_closed;
}

Reconciliation reconcile(std::span<const Pending> pending, const Ledger& ledger,
                         const VenueReport& report) {
  const auto rows = merge(report);
  std::vector<const HistoryRow*> unclaimed;
  for (const auto& row : rows) {
    if (!ledger.is_ours(row.contract)) unclaimed.push_back(&row);
  }
  std::vector<std::vector<const HistoryRow*>> candidates(pending.size());
  std::unordered_set<core::ContractId> wanted;     // by at least one order
  std::unordered_set<core::ContractId> contested;  // by more than one
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (pending[i].order->contract) continue;
    for (const auto* row : unclaimed) {
      if (!fits(pending[i], *row)) continue;
      candidates[i].push_back(row);
      if (!wanted.insert(row->contract).second) contested.insert(row->contract);
    }
  }
  Reconciliation out;
  for (std::size_t i = 0; i < pending.size(); ++i) {
    const auto& order = *pending[i].order;
    if (order.contract) {
      out.found.push_back(by_contract(order, rows));
      continue;
    }
    Found found;
    found.order = order.id;
    found.candidates = candidates[i].size();
    if (candidates[i].empty()) {
      found.finding = covers(pending[i], report) ? Finding::kAbsent : Finding::kUnknown;
    } else if (candidates[i].size() > 1 || contested.contains(candidates[i][0]->contract)) {
      found.finding = Finding::kAmbiguous;
    } else {
      found.finding = Finding::kMatched;
      found.row = *candidates[i][0];
    }
    out.found.push_back(found);
  }
  for (const auto* row : unclaimed) {
    if (row->open && !wanted.contains(row->contract)) out.foreign.push_back(*row);
  }
  return out;
}

}  // namespace derivd::execution
