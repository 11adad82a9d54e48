#include "store/schema.hpp"

#include <array>

namespace derivd::store {
namespace {

// Amounts are minor units with the currency's exponent beside them, quotes are mantissas with their
// decimals: exact, and sums stay whole numbers. `written_us` is the wall clock at the append.
#define DERIVD_ORDER_COLUMNS                                                                  \
  "id INTEGER NOT NULL, strategy TEXT NOT NULL, type TEXT NOT NULL, symbol TEXT NOT NULL,"    \
  "duration_count INTEGER NOT NULL, duration_unit TEXT NOT NULL,"                             \
  "prediction INTEGER NOT NULL, barrier INTEGER NOT NULL, barrier_decimals INTEGER NOT NULL," \
  "multiplier INTEGER NOT NULL, spec_take_profit INTEGER, spec_take_profit_exp INTEGER,"      \
  "spec_stop_loss INTEGER, spec_stop_loss_exp INTEGER,"                                       \
  "stake INTEGER NOT NULL, stake_exp INTEGER NOT NULL, state TEXT NOT NULL,"                  \
  "intended_us INTEGER NOT NULL, signal_epoch INTEGER NOT NULL,"                              \
  "contract_id INTEGER NOT NULL, buy_tx INTEGER NOT NULL,"                                    \
  "buy_price INTEGER NOT NULL, buy_price_exp INTEGER NOT NULL,"                               \
  "payout INTEGER, payout_exp INTEGER, purchase_time INTEGER NOT NULL,"                       \
  "balance_after INTEGER NOT NULL, balance_after_exp INTEGER NOT NULL,"                       \
  "outcome TEXT NOT NULL, witness TEXT NOT NULL, profit INTEGER, profit_exp INTEGER,"         \
  "sell_price INTEGER NOT NULL, sell_price_exp INTEGER NOT NULL,"                             \
  "sell_tx INTEGER NOT NULL, settled_time INTEGER NOT NULL,"                                  \
  "entry_symbol TEXT, entry_epoch INTEGER, entry_quote INTEGER, entry_decimals INTEGER,"      \
  "exit_symbol TEXT, exit_epoch INTEGER, exit_quote INTEGER, exit_decimals INTEGER,"          \
  "recomputed_differs INTEGER NOT NULL, reason TEXT NOT NULL"

// A history is append-only even for a person with the sqlite3 shell.
#define DERIVD_APPEND_ONLY(table)                              \
  "CREATE TRIGGER " table "_no_update BEFORE UPDATE ON " table \
  " BEGIN SELECT RAISE(ABORT, '" table                         \
  " is append-only'); END;"                                    \
  "CREATE TRIGGER " table "_no_delete BEFORE DELETE ON " table \
  " BEGIN SELECT RAISE(ABORT, '" table " is append-only'); END;"

constexpr const char* kVersion1 =
    "CREATE TABLE order_events("
    "seq INTEGER PRIMARY KEY, written_us INTEGER NOT NULL," DERIVD_ORDER_COLUMNS
    ");"
    "CREATE INDEX order_events_by_id ON order_events(id, seq);"
    "CREATE TABLE orders(" DERIVD_ORDER_COLUMNS
    ", PRIMARY KEY(id)) WITHOUT ROWID;"
    "CREATE INDEX orders_by_strategy ON orders(strategy, intended_us);"
    "CREATE INDEX orders_by_time ON orders(intended_us);"
    "CREATE INDEX orders_by_contract ON orders(contract_id) WHERE contract_id != 0;"
    // What load() asks for at each start, however long the history is.
    "CREATE INDEX orders_not_final ON orders(id)"
    " WHERE state NOT IN ('refused', 'absent', 'settled');"
    "CREATE TABLE halts("
    "seq INTEGER PRIMARY KEY, written_us INTEGER NOT NULL, strategy TEXT NOT NULL,"
    "halted INTEGER NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL,"
    "wall_us INTEGER NOT NULL, venue_s INTEGER NOT NULL);"
    "CREATE INDEX halts_by_strategy ON halts(strategy, seq);"
    "CREATE TABLE strategy_states("
    "seq INTEGER PRIMARY KEY, written_us INTEGER NOT NULL, strategy TEXT NOT NULL,"
    "session INTEGER NOT NULL, realised INTEGER NOT NULL, realised_exp INTEGER NOT NULL,"
    "peak INTEGER NOT NULL, peak_exp INTEGER NOT NULL,"
    "counters TEXT NOT NULL, staking TEXT NOT NULL, guards TEXT NOT NULL);"
    // The row of each strategy's latest state, so that a start need not read the history.
    "CREATE TABLE strategies(strategy TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE day_totals("
    "seq INTEGER PRIMARY KEY, written_us INTEGER NOT NULL, day INTEGER NOT NULL,"
    "settled_profit INTEGER NOT NULL, settled_profit_exp INTEGER NOT NULL,"
    "trades INTEGER NOT NULL);"
    "CREATE TABLE balances("
    "seq INTEGER PRIMARY KEY, written_us INTEGER NOT NULL, wall_us INTEGER NOT NULL,"
    "venue_s INTEGER NOT NULL, balance INTEGER NOT NULL, balance_exp INTEGER NOT NULL,"
    "account TEXT NOT NULL, currency TEXT NOT NULL);"
    "CREATE TABLE sessions("
    "seq INTEGER PRIMARY KEY, written_us INTEGER NOT NULL, wall_us INTEGER NOT NULL,"
    "account TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL);" DERIVD_APPEND_ONLY(
        "order_events") DERIVD_APPEND_ONLY("halts") DERIVD_APPEND_ONLY("strategy_states")
        DERIVD_APPEND_ONLY("day_totals") DERIVD_APPEND_ONLY("balances")
            DERIVD_APPEND_ONLY("sessions");

/// What reloads changed.
constexpr const char* kVersion2 =
    "CREATE TABLE config_changes("
    "seq INTEGER PRIMARY KEY, written_us INTEGER NOT NULL, wall_us INTEGER NOT NULL,"
    "venue_s INTEGER NOT NULL, key TEXT NOT NULL, old_value TEXT NOT NULL,"
    "new_value TEXT NOT NULL, taken TEXT NOT NULL);" DERIVD_APPEND_ONLY("config_changes");

/// The intent log's rows come into the tables in their columns' order, `seq` and `written_us` first
/// where a table has them (tables.cpp). An order's steps have what changes; the rest is in
/// `orders`. Of strategies and days the latest is kept, not every state that they ever had.
constexpr const char* kVersion3 =
    // `journal` tells this journal's intent log from another's; all events up to number `applied`
    // are in these tables; `clean`: no log is needed to know everything.
    "CREATE TABLE log_position(one INTEGER PRIMARY KEY CHECK(one = 1), journal INTEGER NOT NULL,"
    "applied INTEGER NOT NULL, clean INTEGER NOT NULL);"
    "INSERT INTO log_position VALUES(1, random(), 0, 1);"
    "CREATE TABLE order_steps("
    "seq INTEGER PRIMARY KEY, written_us INTEGER NOT NULL, id INTEGER NOT NULL,"
    "state TEXT NOT NULL, contract_id INTEGER NOT NULL, reason TEXT NOT NULL);"
    "CREATE TABLE strategies_now("
    "written_us INTEGER NOT NULL, strategy TEXT NOT NULL PRIMARY KEY,"
    "session INTEGER NOT NULL, realised INTEGER NOT NULL, realised_exp INTEGER NOT NULL,"
    "peak INTEGER NOT NULL, peak_exp INTEGER NOT NULL,"
    "counters TEXT NOT NULL, staking TEXT NOT NULL, guards TEXT NOT NULL) WITHOUT ROWID;"
    "INSERT INTO strategies_now SELECT written_us,h.strategy,session,realised,realised_exp,peak,"
    "peak_exp,counters,staking,guards FROM strategies AS now JOIN strategy_states AS h"
    " ON h.seq = now.seq;"
    // `seq` is the event's number: the latest day is the last written, not the highest.
    "CREATE TABLE days("
    "seq INTEGER NOT NULL, written_us INTEGER NOT NULL, day INTEGER PRIMARY KEY,"
    "settled_profit INTEGER NOT NULL, settled_profit_exp INTEGER NOT NULL,"
    "trades INTEGER NOT NULL);"
    "INSERT INTO days SELECT 0,written_us,day,settled_profit,settled_profit_exp,trades"
    " FROM day_totals ORDER BY seq DESC LIMIT 1;" DERIVD_APPEND_ONLY("order_steps");

/// What an order is for, in one text (market/spec.hpp). NULL in rows of releases before, whose
/// parts (type to spec_stop_loss) say it; the parts are still written, for who reads the file with
/// SQL. It is the last column, so that the values of an order's row keep their places.
constexpr const char* kVersion4 = "ALTER TABLE orders ADD COLUMN spec TEXT;";

// Rows from before `retention.before_us` are those that store.keep gives up; a history keeps all
// others.
#define DERIVD_KEPT_SINCE(table)                                                \
  "DROP TRIGGER " table                                                         \
  "_no_delete;"                                                                 \
  "CREATE TRIGGER " table "_no_delete BEFORE DELETE ON " table                  \
  " WHEN OLD.written_us >= (SELECT coalesce(max(before_us), 0) FROM retention)" \
  " BEGIN SELECT RAISE(ABORT, '" table " is append-only'); END;"

/// What store.keep removes (retention.cpp). `removed_totals` has the sums of the settled trades
/// that were removed, so that those over all time can still be told.
constexpr const char* kVersion5 =
    "CREATE TABLE retention(one INTEGER PRIMARY KEY CHECK(one = 1), before_us INTEGER NOT NULL);"
    "INSERT INTO retention VALUES(1, 0);"
    "CREATE TABLE removed_totals("
    "strategy TEXT NOT NULL PRIMARY KEY, trades INTEGER NOT NULL, won INTEGER NOT NULL,"
    "lost INTEGER NOT NULL, exp INTEGER NOT NULL, stakes INTEGER NOT NULL,"
    "profit INTEGER NOT NULL, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    // What a running engine still writes about a trade that was removed would count it twice.
    "CREATE TRIGGER orders_stay_removed BEFORE INSERT ON orders WHEN NEW.state = 'settled'"
    " AND NEW.settled_time < (SELECT max(before_us) / 1000000 FROM retention)"
    " AND NOT EXISTS (SELECT 1 FROM orders WHERE id = NEW.id)"
    " BEGIN SELECT RAISE(IGNORE); END;" DERIVD_KEPT_SINCE("order_steps") DERIVD_KEPT_SINCE("order_events")
        DERIVD_KEPT_SINCE("balances") DERIVD_KEPT_SINCE("sessions");

#undef DERIVD_ORDER_COLUMNS
#undef DERIVD_APPEND_ONLY
#undef DERIVD_KEPT_SINCE

constexpr std::array kMigrations{kVersion1, kVersion2, kVersion3, kVersion4, kVersion5};

}  // namespace

std::span<const char* const> migrations() { return kMigrations; }
int known_version() { return static_cast<int>(kMigrations.size()); }

}  // namespace derivd::store
