#include "store/journal_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "core/bounds.hpp"
#include "store/retention.hpp"
#include "store/rows.hpp"
#include "store/schema.hpp"
#include "store/tables.hpp"

namespace derivd::store {

using execution::Order;

namespace {

constexpr const char* kNotFinal = "state NOT IN ('refused', 'absent', 'settled')";
/// The tables and the log are read one after the other; the writer may have passed on meanwhile.
constexpr int kViewTries = 10;

/// Digits of a quote: the sum of two, with a barrier, still fits 64 bits.
constexpr std::int64_t kMaxOrderMantissa = 1'000'000'000'000'000'000;

bool has_dates(const Order& o) {
  const bool ticks =
      (!o.entry || core::is_date(o.entry->epoch)) && (!o.exit || core::is_date(o.exit->epoch));
  return ticks && core::is_date(o.intended_wall) && core::is_date(o.signal_epoch) &&
         core::is_date(o.purchase_time) && core::is_date(o.settled_time);
}

bool has_quotes(const Order& o) {
  const auto fits = [](core::Price quote) {
    return quote.mantissa() <= kMaxOrderMantissa && quote.mantissa() >= -kMaxOrderMantissa;
  };
  return fits(o.spec.barriers[0].value) && fits(o.spec.barriers[1].value) &&
         (!o.entry || fits(o.entry->quote)) && (!o.exit || fits(o.exit->quote));
}

/// Whoever asks for a list of orders reckons with it: sums, curves, dates. load() takes what is
/// there, because a daemon must find its open orders whatever else a venue said about them.
core::Result<void> check_reckonable(const std::vector<Order>& orders) {
  core::AmountBound bound;
  std::optional<std::uint8_t> exponent;  // of the journal's one currency
  const auto take = [&](const std::optional<core::Money>& amount) {
    if (!amount || amount->is_zero()) return true;
    if (!exponent) exponent = amount->exponent();
    return *exponent == amount->exponent() && bound.take(*amount);
  };
  for (const auto& o : orders) {
    const bool amounts = take(o.stake) && take(o.buy_price) && take(o.payout) && take(o.profit) &&
                         take(o.sell_price);
    if (amounts && has_dates(o) && has_quotes(o)) continue;
    return core::invalid(fmt::format("order {} has {} that cannot be reckoned with", o.id.value,
                                     !amounts       ? "amounts"
                                     : has_dates(o) ? "quotes"
                                                    : "times"));
  }
  return {};
}

}  // namespace

core::Result<LogPosition> read_position(const Database& db) {
  auto row = db.prepare("SELECT journal,applied,clean FROM main.log_position");
  if (!row) return row.error();
  const int code = sqlite3_step(row->get());
  if (code == SQLITE_DONE) {
    return core::invalid(db.path() +
                         ": table log_position is empty; the file is damaged: restore "
                         "it from a backup");
  }
  if (code != SQLITE_ROW) return db.error("cannot read", code);
  return LogPosition{static_cast<std::uint64_t>(row->integer(0)),
                     static_cast<std::uint64_t>(row->integer(1)), row->integer(2) != 0};
}

core::Error older_than_log(const std::string& path, std::uint64_t applied, std::uint64_t oldest) {
  return core::invalid(fmt::format(
      "{}: an older copy (event {}, its -intents begins with {}): put the newer one back; if it is "
      "lost, replace -intents by an empty file: what was bought since is foreign then",
      path, applied, oldest));
}

JournalReader::JournalReader(Database db, LogFiles log_files)
    : db_(std::move(db)), log_files_(std::move(log_files)) {}

// Of journals that keep all, such as those of tests.
core::Result<Books> Journal::books(const OrderQuery& query) {
  auto found = orders(query);
  if (!found) return found.error();
  return Books{std::move(*found), {}};
}

core::Result<Sums> Journal::sums() {
  const auto all = orders({.contracts_only = false});
  if (!all) return all.error();
  Sums out;
  for (const auto& o : *all) {
    out.last_contract = std::max(out.last_contract, o.contract);
    out.last_transaction = std::max({out.last_transaction, o.buy_tx, o.sell_tx});
    if (o.state == execution::OrderState::kSettled && o.profit) out.profit += *o.profit;
  }
  return out;
}

core::Result<void> JournalReader::append(std::span<const execution::Record>) {
  return core::invalid(db_.path() + ": opened for reading only");
}
core::Result<void> JournalReader::checkpoint() {
  return core::invalid(db_.path() + ": opened for reading only");
}

core::Error JournalReader::bad_row(std::string_view table, const core::Error& e) const {
  return core::invalid(
      fmt::format("{}: table {}: {}; the file is damaged: restore it from a backup", db_.path(),
                  table, e.text));
}

core::Result<void> JournalReader::check() {
  auto check = db_.prepare("PRAGMA quick_check(1)");
  if (!check) return check.error();
  const int code = sqlite3_step(check->get());
  if (code != SQLITE_ROW) return db_.error("cannot be checked", code);
  if (check->text(0) == "ok") return {};
  return sqlite_error(db_.path(), "damaged", SQLITE_CORRUPT, std::string(check->text(0)).c_str());
}

// ---- one moment of tables and log ----

core::Result<void> JournalReader::begin_view() {
  for (int i = 0; i < kViewTries; ++i) {
    if (auto begun = db_.run("BEGIN"); !begun) return begun.error();
    const auto complete = lay_tail(i + 1 == kViewTries);
    if (complete && *complete) return {};
    end_view();
    if (!complete) return complete.error();
  }
  return core::io_error(db_.path() + ": changes faster than it can be read; try again");
}

/// False: the log does not reach back to where the tables stood. The writer went on meanwhile, or,
/// when it is still so in the end, they are not of one time: then the tables are ahead of the log
/// after a power failure, or the journal is an old copy.
core::Result<bool> JournalReader::lay_tail(bool last_try) {
  const auto position = read_position(db_);
  if (!position) return position.error();
  const auto path = intent_log_path(db_.path());
  auto file = log_files_(path, LogAccess::kRead);
  if (!file) {
    // A copy of the journal alone is read as what it is.
    const bool missing = file.error().kind == core::ErrorKind::kNotFound;
    if (missing && !position->clean) {
      notice(
          fmt::format("{}: missing, while no clean stop came before: the last events, the newest "
                      "orders among them, may not be here",
                      path));
    }
    if (missing || position->clean) return true;
    return core::Error{file.error().kind, file.error().text +
                                              "; without it the journal's last "
                                              "events cannot be seen"};
  }
  const auto size = (*file)->size();
  if (size && *size == 0) {  // a person's word that it is lost, for the next start
    if (!position->clean) {
      notice(fmt::format("{}: empty: the last events may not be here", path));
    }
    return true;
  }
  auto log = LogReader::open(**file);
  if (!log) return core::Error{log.error().kind, fmt::format("{}: {}", path, log.error().text)};
  // Another journal's log beside a copy of this one says nothing about it.
  if (log->identity().journal != position->journal) {
    notice(fmt::format("{}: belongs to another journal: the last events may not be here", path));
    return true;
  }
  if (log->oldest() > position->applied + 1) {
    if (!last_try) return false;
    return older_than_log(db_.path(), position->applied, log->oldest());
  }
  const auto reaches = log->seek(position->applied + 1);
  if (!reaches) return reaches.error();
  if (!*reaches) return last_try;
  std::optional<EventTables> tables;
  for (;;) {
    const auto frame = log->next();
    if (!frame) return frame.error();
    if (!*frame) return true;
    if (!tables) {
      has_tail_ = true;
      auto made = EventTables::as_tail(db_);
      if (!made) return made.error();
      tables.emplace(std::move(*made));
    }
    if (auto done = tables->apply(**frame); !done) return done.error();
  }
}

void JournalReader::notice(std::string text) {
  if (!std::exchange(told_, true)) notice_ = std::move(text);
}

std::vector<std::string> JournalReader::take_notices() {
  std::vector<std::string> out;
  if (notice_) out.push_back(*std::exchange(notice_, std::nullopt));
  return out;
}

void JournalReader::end_view() {
  (void)db_.run("COMMIT");
  if (has_tail_) (void)EventTables::drop_tail(db_);
  has_tail_ = false;
}

// ---- questions ----

core::Result<execution::Snapshot> JournalReader::load() {
  return in_view([this] { return load_tables(); });
}
core::Result<std::vector<Order>> JournalReader::orders(const OrderQuery& query) {
  return in_view([&] { return find_orders(query); });
}
core::Result<Books> JournalReader::books(const OrderQuery& query) {
  return in_view([&] { return find_books(query); });
}
core::Result<Sums> JournalReader::sums() {
  return in_view([this] { return read_sums(); });
}
core::Result<std::vector<execution::HaltRecord>> JournalReader::halts() {
  return in_view([this] { return halts_in_force(); });
}
core::Result<std::optional<execution::BalanceRecord>> JournalReader::last_balance() {
  return in_view([this] { return read_balance(); });
}
core::Result<History> JournalReader::history() {
  return in_view([this] { return read_history(); });
}
core::Result<std::vector<execution::ConfigRecord>> JournalReader::config_changes(std::size_t last) {
  return in_view([&] { return read_changes(last); });
}
core::Result<std::vector<execution::HaltRecord>> JournalReader::halt_history(
    std::string_view strategy, std::size_t last) {
  return in_view([&]() -> Halts {
    auto statement = db_.prepare(
        "SELECT strategy,halted,kind,reason,wall_us,venue_s FROM halts WHERE strategy IN (?1, '')"
        " ORDER BY seq DESC LIMIT ?2");
    if (!statement) return statement.error();
    statement->bind(1, strategy);
    statement->bind(2, static_cast<std::int64_t>(last));
    return read_halts(*statement);
  });
}

core::Result<std::vector<Order>> JournalReader::read_orders(Statement& statement) {
  std::vector<Order> out;
  auto done = each(std::move(statement), [&](const Statement& s) -> core::Result<void> {
    auto order = read_order(s, 0);
    if (!order) return bad_row("orders", order.error());
    out.push_back(*order);
    return {};
  });
  if (!done) return done.error();
  return out;
}

core::Result<std::vector<execution::HaltRecord>> JournalReader::halts_in_force() {
  return read_halts(
      "WHERE halted != 0 AND seq IN (SELECT max(seq) FROM halts GROUP BY strategy)"
      " ORDER BY strategy");
}

core::Result<std::vector<execution::HaltRecord>> JournalReader::read_halts(std::string_view which) {
  auto statement = db_.prepare(
      fmt::format("SELECT strategy,halted,kind,reason,wall_us,venue_s FROM halts {}", which));
  if (!statement) return statement.error();
  return read_halts(*statement);
}

core::Result<std::vector<execution::ConfigRecord>> JournalReader::read_changes(std::size_t last) {
  auto statement = db_.prepare(
      "SELECT wall_us,venue_s,key,old_value,new_value,taken FROM config_changes"
      " ORDER BY seq DESC LIMIT ?1");
  if (!statement) return statement.error();
  statement->bind(1, static_cast<std::int64_t>(last));
  std::vector<execution::ConfigRecord> out;
  auto done = each(std::move(*statement), [&](const Statement& s) -> core::Result<void> {
    const auto taken = read_short<16>(s, 5);
    if (!taken) return bad_row("config_changes", core::invalid("a text is too long"));
    const core::WallTime wall{s.integer(0)};
    const core::VenueTime venue{s.integer(1)};
    if (!core::is_date(wall) || !core::is_date(venue)) {
      return bad_row("config_changes", core::invalid("a time is out of range"));
    }
    out.push_back({wall, venue, std::string(s.text(2)), std::string(s.text(3)),
                   std::string(s.text(4)), *taken});
    return {};
  });
  if (!done) return done.error();
  return out;
}

core::Result<std::vector<execution::HaltRecord>> JournalReader::read_halts(Statement& statement) {
  std::vector<execution::HaltRecord> out;
  auto done = each(std::move(statement), [&](const Statement& s) -> core::Result<void> {
    const auto strategy = read_short<core::Name::kCapacity>(s, 0);
    const auto kind = read_short<32>(s, 2);
    const auto reason = read_short<core::Text::kCapacity>(s, 3);
    if (!strategy || !kind || !reason) return bad_row("halts", core::invalid("a text is too long"));
    const core::WallTime wall{s.integer(4)};
    const core::VenueTime venue{s.integer(5)};
    if (!core::is_date(wall) || !core::is_date(venue)) {
      return bad_row("halts", core::invalid("a time is out of range"));
    }
    out.push_back({*strategy, s.integer(1) != 0, *kind, *reason, wall, venue});
    return {};
  });
  if (!done) return done.error();
  return out;
}

core::Result<std::vector<execution::StrategyRecord>> JournalReader::read_strategies() {
  auto statement = db_.prepare(
      "SELECT "
      "strategy,session,realised,realised_exp,peak,peak_exp,counters,staking,guards"
      " FROM strategies_now ORDER BY strategy");
  if (!statement) return statement.error();
  std::vector<execution::StrategyRecord> out;
  auto done = each(std::move(*statement), [&](const Statement& s) -> core::Result<void> {
    const auto strategy = read_short<core::Name::kCapacity>(s, 0);
    const auto realised = read_money(s, 2);
    const auto peak = read_money(s, 4);
    if (!strategy || !realised || !peak) {
      return bad_row("strategies_now", core::invalid("a value is out of range"));
    }
    out.push_back({*strategy, s.integer(1), *realised, *peak, std::string(s.text(6)),
                   std::string(s.text(7)), std::string(s.text(8))});
    return {};
  });
  if (!done) return done.error();
  return out;
}

core::Result<std::optional<execution::DayRecord>> JournalReader::read_day() {
  auto statement = db_.prepare(
      "SELECT day,settled_profit,settled_profit_exp,trades FROM days ORDER BY seq DESC LIMIT 1");
  if (!statement) return statement.error();
  std::optional<execution::DayRecord> out;
  auto done = each(std::move(*statement), [&](const Statement& s) -> core::Result<void> {
    const auto profit = read_money(s, 1);
    if (!profit) return bad_row("days", profit.error());
    out = execution::DayRecord{s.integer(0), *profit, s.integer(3)};
    return {};
  });
  if (!done) return done.error();
  return out;
}

core::Result<std::optional<execution::BalanceRecord>> JournalReader::read_balance() {
  auto statement = db_.prepare(
      "SELECT wall_us,venue_s,balance,balance_exp,account,currency FROM balances"
      " ORDER BY seq DESC LIMIT 1");
  if (!statement) return statement.error();
  std::optional<execution::BalanceRecord> out;
  auto done = each(std::move(*statement), [&](const Statement& s) -> core::Result<void> {
    const auto balance = read_money(s, 2);
    const auto account = read_short<32>(s, 4);
    const auto currency = read_short<8>(s, 5);
    if (!balance || !account || !currency) {
      return bad_row("balances", core::invalid("a value is out of range"));
    }
    out = execution::BalanceRecord{{s.integer(0)}, {s.integer(1)}, *balance, *account, *currency};
    return {};
  });
  if (!done) return done.error();
  return out;
}

core::Result<History> JournalReader::read_history() {
  History out;
  auto halts = read_halts("ORDER BY seq");
  if (!halts) return halts.error();
  out.halts = std::move(*halts);
  auto changes = read_changes(std::numeric_limits<std::int64_t>::max());
  if (!changes) return changes.error();
  out.changes = std::move(*changes);
  std::ranges::reverse(out.changes);
  auto accepted = db_.prepare(
      "SELECT id,min(written_us) FROM"
      " (SELECT id,written_us FROM order_events WHERE contract_id != 0"
      " UNION ALL SELECT id,written_us FROM order_steps WHERE contract_id != 0) GROUP BY id");
  if (!accepted) return accepted.error();
  auto done = each(std::move(*accepted), [&](const Statement& s) -> core::Result<void> {
    const core::WallTime written{s.integer(1)};
    if (!core::is_date(written)) {
      return bad_row("order_steps", core::invalid("a time is out of range"));
    }
    out.accepted_us.emplace(s.integer(0), written.us);
    return {};
  });
  if (!done) return done.error();
  const auto unknown = db_.number(
      "SELECT count(*) FROM (SELECT id FROM order_events WHERE state = 'unknown'"
      " UNION SELECT id FROM order_steps WHERE state = 'unknown')");
  if (!unknown) return unknown.error();
  out.were_unknown = *unknown;
  return out;
}

core::Result<execution::Snapshot> JournalReader::load_tables() {
  execution::Snapshot out;
  auto statement = db_.prepare(
      fmt::format("SELECT {} FROM orders WHERE {} ORDER BY id", kOrderColumns, kNotFinal));
  if (!statement) return statement.error();
  auto open = read_orders(*statement);
  if (!open) return open.error();
  auto in_force = halts_in_force();
  if (!in_force) return in_force.error();
  auto strategies = read_strategies();
  if (!strategies) return strategies.error();
  auto day = read_day();
  if (!day) return day.error();
  const auto last = db_.number("SELECT coalesce(max(id), 0) FROM orders");
  if (!last) return last.error();
  out.open_orders = std::move(*open);
  out.halts = std::move(*in_force);
  out.strategies = std::move(*strategies);
  out.day = *day;
  out.last_order = {*last};
  auto claims = read_claims(out.open_orders, out.strategies.size());
  if (!claims) return claims.error();
  out.claims = std::move(*claims);
  return out;
}

core::Result<std::vector<core::ContractId>> JournalReader::read_claims(
    const std::vector<Order>& open, std::size_t strategies) {
  auto from = std::numeric_limits<std::int64_t>::max();
  for (const auto& order : open) {
    if (!order.contract) from = std::min(from, order.id.value - kClaimsAround);
  }
  std::vector<core::ContractId> out;
  const auto take = [&](std::string_view which, std::int64_t value) -> core::Result<void> {
    auto statement =
        db_.prepare(fmt::format("SELECT contract_id FROM orders WHERE contract_id != 0 {}", which));
    if (!statement) return statement.error();
    statement->bind(1, value);
    return each(std::move(*statement), [&](const Statement& s) -> core::Result<void> {
      out.push_back({s.integer(0)});
      return {};
    });
  };
  auto done = take("ORDER BY id DESC LIMIT ?1", claims_of(strategies));
  if (done) done = take("AND id >= ?1", from);
  if (!done) return done.error();
  return out;
}

core::Result<Books> JournalReader::find_books(const OrderQuery& query) {
  auto orders = find_orders(query);
  if (!orders) return orders.error();
  auto removed = read_removed(db_);
  if (!removed) return removed.error();
  return Books{std::move(*orders), std::move(*removed)};
}

core::Result<Sums> JournalReader::read_sums() {
  const auto removed = read_removed(db_);
  if (!removed) return removed.error();
  auto statement = db_.prepare(
      "SELECT sum(CASE state WHEN 'settled' THEN profit END),profit_exp,max(contract_id),"
      "max(buy_tx),max(sell_tx) FROM orders GROUP BY profit_exp");
  if (!statement) return statement.error();
  Sums out;
  core::AmountBound bound;
  std::optional<std::uint8_t> exponent;  // of the journal's one currency
  const auto take = [&](core::Money amount) {
    if (amount.is_zero()) return true;
    if (!exponent) exponent = amount.exponent();
    if (*exponent != amount.exponent() || !bound.take(amount)) return false;
    out.profit += amount;
    return true;
  };
  bool good = true;
  for (const auto& sums : *removed) good = good && take(sums.profit);
  auto done = each(std::move(*statement), [&](const Statement& s) -> core::Result<void> {
    if (!s.is_null(0)) {
      const auto profit = read_money(s, 0);
      good = good && profit && take(*profit);
    }
    out.last_contract = std::max(out.last_contract, core::ContractId{s.integer(2)});
    const auto last = std::max(s.integer(3), s.integer(4));
    out.last_transaction = std::max(out.last_transaction, core::TransactionId{last});
    return {};
  });
  if (!done) return done.error();
  if (!good) return bad_row("orders", core::invalid("their amounts cannot be reckoned with"));
  return out;
}

core::Result<std::vector<Order>> JournalReader::find_orders(const OrderQuery& query) {
  auto sql = fmt::format("SELECT {} FROM orders WHERE 1", kOrderColumns);
  if (query.strategy) sql += " AND strategy = ?1";
  if (query.since) sql += " AND intended_us >= ?2";
  if (query.contracts_only) sql += " AND state NOT IN ('refused', 'absent')";
  if (query.after) sql += " AND id > ?4";
  if (query.upto) sql += " AND id <= ?6";
  // Of the latest the index finds the few; they are turned round afterwards.
  sql += query.last ? " ORDER BY intended_us DESC, id DESC LIMIT ?3" : " ORDER BY id";
  if (query.first) sql += " LIMIT ?5";
  auto statement = db_.prepare(sql);
  if (!statement) return statement.error();
  if (query.strategy) statement->bind(1, std::string_view(*query.strategy));
  if (query.since) statement->bind(2, query.since->us);
  if (query.last) statement->bind(3, static_cast<std::int64_t>(*query.last));
  if (query.after) statement->bind(4, query.after.value);
  if (query.first) statement->bind(5, static_cast<std::int64_t>(*query.first));
  if (query.upto) statement->bind(6, query.upto.value);
  auto orders = read_orders(*statement);
  if (!orders) return orders;
  if (auto good = check_reckonable(*orders); !good) return bad_row("orders", good.error());
  if (query.last) std::reverse(orders->begin(), orders->end());
  return orders;
}

}  // namespace derivd::store
