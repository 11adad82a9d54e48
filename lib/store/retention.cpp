#include "store/retention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/bounds.hpp"
#include "store/rows.hpp"

namespace derivd::store {
namespace {

/// In the order in which they are gone through: steps of orders first, with their orders.
constexpr std::array kStepTables{"order_events", "order_steps"};
constexpr std::array kHistories{"balances", "sessions"};

struct Step {
  std::int64_t seq;
  std::int64_t order;
  bool is_final;
};

}  // namespace

std::int64_t claims_of(std::size_t strategies) {
  return static_cast<std::int64_t>(
      std::min(kClaimsEach * std::max<std::size_t>(strategies, 1), kClaimsAtMost));
}

void Retention::begin(core::WallTime before) {
  before_ = before;
  table_ = 0;
  passed_ = 0;
}

core::Result<void> Retention::step() {
  if (!has_work()) return {};
  auto done = db_->run("BEGIN IMMEDIATE");
  const auto table = table_;
  const auto passed = passed_;
  if (done) done = in_transaction();
  if (done) done = db_->run("COMMIT");
  if (done) return {};
  table_ = table;
  passed_ = passed;
  if (sqlite3_get_autocommit(db_->get()) == 0) (void)db_->run("ROLLBACK");
  return done.error();
}

core::Result<void> Retention::in_transaction() {
  // The triggers of the histories let go of what is older than this, and of nothing else.
  auto boundary = db_->prepare("UPDATE retention SET before_us = ?1 WHERE before_us < ?1");
  if (!boundary) return boundary.error();
  boundary->bind(1, before_.us);
  if (auto done = db_->step(*boundary, "cannot write"); !done) return done;
  const auto more = table_ < kStepTables.size()
                        ? remove_orders(kStepTables.at(table_))
                        : remove_rows(kHistories.at(table_ - kStepTables.size()));
  if (!more) return more.error();
  if (*more) return {};
  ++table_;
  passed_ = 0;
  return {};
}

/// Orders from this number on stay. A start takes the latest contracts for ours, and every one that
/// may have been bought about when an order of unknown outcome was sent; the highest number of all
/// is never given again. 0: every order stays.
core::Result<std::int64_t> Retention::kept_from() const {
  const auto strategies = db_->number("SELECT count(*) FROM strategies_now");
  if (!strategies) return strategies.error();
  const auto latest = db_->number(fmt::format(
      "SELECT coalesce((SELECT id FROM orders WHERE contract_id != 0 ORDER BY id DESC LIMIT 1"
      " OFFSET {}), 0)",
      claims_of(static_cast<std::size_t>(std::max<std::int64_t>(*strategies, 0))) - 1));
  if (!latest) return latest.error();
  const auto unknown = db_->number(
      "SELECT coalesce(min(id), 9223372036854775807) FROM orders"
      " WHERE state NOT IN ('refused', 'absent', 'settled') AND contract_id = 0");
  if (!unknown) return unknown.error();
  return std::max<std::int64_t>(std::min(*latest, *unknown - kClaimsAround), 0);
}

/// True: there is more of this table. The steps are in the order in which they were written, and
/// the step that made an order final says how old it is.
core::Result<bool> Retention::remove_orders(const char* steps) {
  const auto from = kept_from();
  if (!from) return from.error();
  auto rows = db_->prepare(fmt::format(
      "SELECT seq,id,state IN ('refused', 'absent', 'settled'),written_us FROM {} WHERE seq > ?1"
      " ORDER BY seq LIMIT {}",
      steps, kStepsATransaction));
  if (!rows) return rows.error();
  rows->bind(1, passed_);
  std::vector<Step> found;
  bool all = false;  // that are old enough were found
  for (;;) {
    const int code = sqlite3_step(rows->get());
    if (code != SQLITE_ROW && code != SQLITE_DONE) return db_->error("cannot read", code);
    all = code == SQLITE_DONE ? found.size() < kStepsATransaction : rows->integer(3) >= before_.us;
    if (code == SQLITE_DONE || all) break;
    found.push_back({rows->integer(0), rows->integer(1), rows->integer(2) != 0});
  }
  rows = Statement();
  for (const auto& step : found) {
    if (!step.is_final) continue;
    if (auto done = remove_order(step.order, *from); !done) return done.error();
  }
  if (found.empty()) return !all;
  passed_ = found.back().seq;
  // Those of a little before, which were passed when their order was not final yet, are among them;
  // the next pass over the whole table finds others.
  auto orphans =
      db_->prepare(fmt::format("DELETE FROM {0} WHERE seq BETWEEN ?3 AND ?1 AND written_us < ?2"
                               " AND NOT EXISTS (SELECT 1 FROM orders WHERE orders.id = {0}.id)",
                               steps));
  if (!orphans) return orphans.error();
  orphans->bind(1, passed_);
  orphans->bind(2, before_.us);
  orphans->bind(3, found.front().seq - std::int64_t{16} * kStepsATransaction);
  if (auto done = db_->step(*orphans, "cannot remove"); !done) return done.error();
  return !all;
}

/// What is settled goes into the sums. An order whose amounts would not add up to those stays.
core::Result<void> Retention::remove_order(std::int64_t id, std::int64_t kept_from) {
  auto sums = db_->prepare(
      "INSERT INTO removed_totals SELECT strategy,1,profit > 0,profit < 0,buy_price_exp,buy_price,"
      "profit,intended_us,intended_us FROM orders WHERE id = ?1 AND id < ?2 AND state = 'settled'"
      " AND settled_time < ?3 AND profit IS NOT NULL"
      " AND (profit_exp = buy_price_exp OR profit = 0)"
      " ON CONFLICT(strategy) DO UPDATE SET trades = trades + 1, won = won + excluded.won,"
      " lost = lost + excluded.lost, stakes = stakes + excluded.stakes,"
      " profit = profit + excluded.profit, first_us = min(first_us, excluded.first_us),"
      " last_us = max(last_us, excluded.last_us) WHERE exp = excluded.exp");
  if (!sums) return sums.error();
  sums->bind(1, id);
  sums->bind(2, kept_from);
  sums->bind(3, before_.us / 1'000'000);
  if (auto done = db_->step(*sums, "cannot write"); !done) return done;
  const bool counted = sqlite3_changes(db_->get()) > 0;
  auto gone = db_->prepare(fmt::format(
      "DELETE FROM orders WHERE id = ?1 AND id < ?2 AND {}",
      counted ? "state = 'settled'"
              : "(state IN ('refused', 'absent') OR state = 'settled' AND profit IS NULL"
                " AND settled_time < ?3)"));
  if (!gone) return gone.error();
  gone->bind(1, id);
  gone->bind(2, kept_from);
  if (!counted) gone->bind(3, before_.us / 1'000'000);
  return db_->step(*gone, "cannot remove");
}

/// The last row stays, however old: it is the one that a start asks for.
core::Result<bool> Retention::remove_rows(const char* table) {
  auto gone = db_->prepare(
      fmt::format("DELETE FROM {0} WHERE written_us < ?1 AND seq < (SELECT max(seq) FROM {0})"
                  " AND seq IN (SELECT seq FROM {0} ORDER BY seq LIMIT {1})",
                  table, kStepsATransaction));
  if (!gone) return gone.error();
  gone->bind(1, before_.us);
  if (auto done = db_->step(*gone, "cannot remove"); !done) return done.error();
  return sqlite3_changes(db_->get()) == kStepsATransaction;
}

core::Result<std::vector<RemovedTrades>> read_removed(const Database& db) {
  auto rows = db.prepare(
      "SELECT strategy,trades,won,lost,stakes,exp,profit,exp,first_us,last_us"
      " FROM main.removed_totals ORDER BY strategy");
  if (!rows) return rows.error();
  const auto bad = [&] {
    return core::invalid(fmt::format(
        "{}: table removed_totals: a value is out of range; the file is damaged: restore it from a "
        "backup",
        db.path()));
  };
  core::AmountBound bound;
  std::int64_t all = 0;
  std::vector<RemovedTrades> out;
  for (;;) {
    const int code = sqlite3_step(rows->get());
    if (code == SQLITE_DONE) return out;
    if (code != SQLITE_ROW) return db.error("cannot read", code);
    const auto strategy = read_short<core::Name::kCapacity>(*rows, 0);
    // Each column of an amount has the one of the exponent behind it.
    const auto stakes = read_money(*rows, 4);
    const auto profit = read_money(*rows, 6);
    if (!strategy || !stakes || !profit) return bad();
    const RemovedTrades sums{*strategy, rows->integer(1), rows->integer(2),   rows->integer(3),
                             *stakes,   *profit,          {rows->integer(8)}, {rows->integer(9)}};
    const bool counted = sums.won >= 0 && sums.lost >= 0 && sums.won <= core::kMostSummed &&
                         sums.lost <= core::kMostSummed && sums.trades >= sums.won + sums.lost &&
                         sums.trades > 0 && sums.trades <= core::kMostSummed - all;
    const bool amounts = bound.take(sums.stakes) && bound.take(sums.profit);
    const bool one_currency = out.empty() || out.front().stakes.exponent() == stakes->exponent();
    if (!counted || !amounts || !one_currency || !core::is_date(sums.first) ||
        !core::is_date(sums.last)) {
      return bad();
    }
    all += sums.trades;
    out.push_back(sums);
  }
}

}  // namespace derivd::store
