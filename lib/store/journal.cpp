#include "store/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "core/bounds.hpp"
#include "store/rows.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"
#include "store/writer_lock.hpp"

namespace derivd::store {
namespace {

using execution::Order;

/// The WAL is checkpointed on the loop only when it has grown to this, which happens once in some
/// thousand trades; a clean stop and checkpoint() empty it. 2048 pages of 4 KiB are 8 MiB.
constexpr int kWalPages = 2048;
/// Behind an intent a purchase waits to be sent, so that moment is left alone until the log is this
/// long.
constexpr int kWalPagesAtMost = 4 * kWalPages;
/// When a reader kept a checkpoint from finishing, it is tried again after this much more.
constexpr int kWalRetryPages = 256;
/// A larger file is not read in full at each start (PRAGMA quick_check reads about 1 GB/s from the
/// cache, far less from a disk).
constexpr std::int64_t kFullCheckBytes = 256LL << 20;

/// One page of the smallest size; SQLite takes less than a header for a new, empty file.
constexpr off_t kSmallestFile = 512;

/// Steps of SQLite that reading a whole journal may take: a row of 300 bytes takes some 100 in each
/// of a handful of readings. A file that leads in circles would take them for ever.
constexpr std::int64_t kStepsPerByte = 20;
constexpr std::int64_t kStepsAtLeast = 10'000'000;

constexpr const char* kNotFinal = "state NOT IN ('refused', 'absent', 'settled')";

std::int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string parameters(int count) {
  std::string out = "?";
  for (int i = 1; i < count; ++i) out += ",?";
  return out;
}

/// For a file: URI (sqlite.org/uri.html): everything but the plain characters escaped.
std::string uri_of(const std::string& path, std::string_view query) {
  std::string out = "file:";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '-' || c == '_' || c == '.';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out + std::string(query);
}

/// The one name of a file, so that two ways to it meet at the same lock.
core::Result<std::string> real_path(const std::string& path) {
  const auto resolve = [](const std::string& p) -> std::optional<std::string> {
    char* resolved = ::realpath(p.c_str(), nullptr);
    if (resolved == nullptr) return std::nullopt;
    std::string out(resolved);
    std::free(resolved);  // NOLINT(cppcoreguidelines-no-malloc): realpath's contract
    return out;
  };
  if (auto whole = resolve(path)) return *whole;
  const auto slash = path.rfind('/');
  const auto name = slash == std::string::npos ? path : path.substr(slash + 1);
  const auto directory = resolve(slash == std::string::npos ? "."
                                 : slash == 0               ? "/"
                                                            : path.substr(0, slash));
  if (!directory || name.empty()) {
    return core::io_error(fmt::format("{}: {}; the directory of the journal must exist", path,
                                      std::strerror(name.empty() ? EISDIR : errno)));
  }
  return *directory + (*directory == "/" ? "" : "/") + name;
}

enum class FileState { kAbsent, kPresent };

/// Looks without opening: closing any descriptor of the file would drop the locks that SQLite holds
/// on it in this process (fcntl(2), "Record locks").
core::Result<FileState> look_at(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (!S_ISREG(info.st_mode)) {
      return core::invalid(fmt::format("{}: not a regular file; move it away", path));
    }
    if (info.st_size < kSmallestFile) {
      return core::invalid(fmt::format(
          "{}: the journal has {} bytes only: it was cut off. Restore it from a backup, "
          "or move it away to begin a new one",
          path, info.st_size));
    }
    return FileState::kPresent;
  }
  if (errno != ENOENT) {
    return core::io_error(
        fmt::format("{}: {}; check who may use the directory", path, std::strerror(errno)));
  }
  if (::stat((path + "-wal").c_str(), &info) == 0 && info.st_size > 0) {
    return core::invalid(
        fmt::format("{}: missing, while its log {}-wal is there: put the journal back, "
                    "or move the log away too to begin a new one",
                    path, path));
  }
  return FileState::kAbsent;
}

core::Result<void> check_identity(const Database& db) {
  const auto application = db.number("PRAGMA application_id");
  if (!application) return application.error();
  if (*application != kApplicationId) {
    return core::invalid(
        fmt::format("{}: a SQLite file of another program, not a journal of derivd; "
                    "check store.path, or move the file away",
                    db.path()));
  }
  const auto version = db.number("PRAGMA user_version");
  if (!version) return version.error();
  if (*version > known_version()) {
    return core::invalid(
        fmt::format("{}: written by a newer derivd (journal version {}, this one "
                    "knows {}); install the newer version again, or restore the "
                    "backup from before the upgrade",
                    db.path(), *version, known_version()));
  }
  if (*version < 1) {
    return core::invalid(
        fmt::format("{}: has no journal version; restore it from a backup, or move "
                    "it away to begin a new one",
                    db.path()));
  }
  return {};
}

/// What lies under the names of our tables is a table of stored columns: not a view, which may have
/// no end, nor anything else that computes while it is read.
core::Result<void> check_tables(const Database& db) {
  for (const auto table : kTables) {
    const auto stored = db.number(
        fmt::format("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND rootpage > 0"
                    " AND name = '{0}' AND NOT EXISTS"
                    " (SELECT 1 FROM pragma_table_xinfo('{0}') WHERE hidden != 0)",
                    table));
    if (!stored) return stored.error();
    if (*stored != 1) {
      return core::invalid(fmt::format(
          "{}: '{}' in it is no table of derivd's; restore it from a backup, or move it "
          "away to begin a new one",
          db.path(), table));
    }
  }
  return {};
}

core::Result<void> bound_reading(Database& db) {
  const auto pages = db.number("PRAGMA page_count");
  if (!pages) return pages.error();
  const auto size = db.number("PRAGMA page_size");
  if (!size) return size.error();
  db.bound_work(kStepsAtLeast + kStepsPerByte * *pages * *size);
  return {};
}

/// Each step and its version are one transaction: a crash between two steps is no harm.
core::Result<void> migrate(const Database& db, int from) {
  for (int version = from; version < known_version(); ++version) {
    const auto sql = fmt::format("BEGIN IMMEDIATE; {} PRAGMA user_version = {}; COMMIT;",
                                 migrations()[static_cast<std::size_t>(version)], version + 1);
    if (auto done = db.run(sql.c_str()); !done) {
      (void)db.run("ROLLBACK");
      return done.error();
    }
  }
  return {};
}

core::Result<void> sync_directory(const std::string& path) {
  const auto directory = path.substr(0, path.rfind('/') + 1);
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool good = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!good) return core::io_error(fmt::format("{}: {}", directory, std::strerror(error)));
  return {};
}

/// Made complete under another name, then renamed: a crash leaves no journal or a whole one, so
/// that an empty file always means damage.
core::Result<void> create(const std::string& path) {
  const auto fresh = path + "-new";
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) ::unlink((fresh + suffix).c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    return core::io_error(fmt::format("{}: cannot create: {}; check who may write to the directory",
                                      path, std::strerror(errno)));
  }
  ::close(fd);
  {
    auto db = Database::open(fresh, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, path);
    if (!db) return db.error();
    const auto header =
        fmt::format("PRAGMA synchronous = FULL; PRAGMA application_id = {};", kApplicationId);
    if (auto done = db->run(header.c_str()); !done) return done.error();
    if (auto done = migrate(*db, 0); !done) return done.error();
    if (auto done = db->run("PRAGMA journal_mode = WAL"); !done) return done.error();
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    return core::io_error(fmt::format("{}: cannot create: {}", path, std::strerror(errno)));
  }
  return sync_directory(path);
}

bool has_log(const std::string& path) {
  struct stat info {};
  return ::stat((path + "-wal").c_str(), &info) == 0 && info.st_size > 0;
}

core::Result<void> check_pages(const Database& db) {
  const auto pages = db.number("PRAGMA page_count");
  if (!pages) return pages.error();
  const auto size = db.number("PRAGMA page_size");
  if (!size) return size.error();
  // A last page that is there in part reads as zeros. (With a log, a checkpoint may mend it.)
  struct stat info {};
  if (!has_log(db.path()) && ::stat(db.path().c_str(), &info) == 0 && info.st_size % *size != 0) {
    return sqlite_error(db.path(), "damaged", SQLITE_CORRUPT, "the last page is cut off");
  }
  if (*pages * *size > kFullCheckBytes) return {};
  auto check = db.prepare("PRAGMA quick_check(1)");
  if (!check) return check.error();
  const int code = sqlite3_step(check->get());
  if (code != SQLITE_ROW) return db.error("cannot be checked", code);
  if (check->text(0) != "ok") {
    return sqlite_error(db.path(), "damaged", SQLITE_CORRUPT, std::string(check->text(0)).c_str());
  }
  return {};
}

/// Digits of a quote: the sum of two, with a barrier, still fits 64 bits.
constexpr std::int64_t kMaxMantissa = 1'000'000'000'000'000'000;

bool has_dates(const Order& o) {
  const bool ticks =
      (!o.entry || core::is_date(o.entry->epoch)) && (!o.exit || core::is_date(o.exit->epoch));
  return ticks && core::is_date(o.intended_wall) && core::is_date(o.signal_epoch) &&
         core::is_date(o.purchase_time) && core::is_date(o.settled_time);
}

bool has_quotes(const Order& o) {
  const auto fits = [](core::Price quote) {
    return quote.mantissa() <= kMaxMantissa && quote.mantissa() >= -kMaxMantissa;
  };
  return fits(o.spec.barrier) && (!o.entry || fits(o.entry->quote)) &&
         (!o.exit || fits(o.exit->quote));
}

/// Whoever asks for a list of orders reckons with it: sums, curves, dates. load() takes what is
/// there, because a daemon must find its open orders whatever else a venue said about them.
core::Result<void> check_reckonable(const std::vector<Order>& orders) {
  core::AmountBound bound;
  const auto take = [&](const std::optional<core::Money>& amount) {
    return !amount || (amount->exponent() == core::Money::kCents && bound.take(*amount));
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

class SqliteJournal final : public Journal {
 public:
  SqliteJournal(Database db, std::optional<WriterLock> lock)
      : lock_(std::move(lock)), db_(std::move(db)) {}
  SqliteJournal(const SqliteJournal&) = delete;
  SqliteJournal& operator=(const SqliteJournal&) = delete;

  core::Result<void> prepare_writer();

  core::Result<void> append(const execution::Record& record) override;
  core::Result<execution::Snapshot> load() override;
  core::Result<std::vector<Order>> orders(const OrderQuery& query) override;
  core::Result<std::vector<execution::HaltRecord>> halts() override;
  core::Result<std::optional<execution::BalanceRecord>> last_balance() override;
  core::Result<History> history() override;
  core::Result<std::vector<execution::HaltRecord>> halt_history(std::string_view strategy,
                                                                std::size_t last) override;
  core::Result<std::vector<execution::ConfigRecord>> config_changes(std::size_t last) override;
  core::Result<void> checkpoint() override;

 private:
  struct Inserts {
    Statement begin, commit, rollback;
    Statement order_event, order, halt, strategy_state, strategy, day, balance, session, config;
  };

  core::Result<void> insert(const execution::OrderRecord& r);
  core::Result<void> insert(const execution::HaltRecord& r);
  core::Result<void> insert(const execution::StrategyRecord& r);
  core::Result<void> insert(const execution::DayRecord& r);
  core::Result<void> insert(const execution::BalanceRecord& r);
  core::Result<void> insert(const execution::SessionRecord& r);
  core::Result<void> insert(const execution::ConfigRecord& r);
  core::Result<void> step(Statement& s) { return db_.step(s, "cannot write"); }
  void bound_wal(bool hurry);

  core::Result<execution::Snapshot> load_tables();
  core::Result<std::vector<Order>> read_orders(Statement& statement);
  core::Result<std::vector<execution::HaltRecord>> read_halts(Statement& statement);
  core::Result<std::vector<execution::StrategyRecord>> read_strategies();
  core::Result<std::optional<execution::DayRecord>> read_day();
  core::Result<std::vector<execution::HaltRecord>> read_halts(std::string_view which);
  core::Error bad_row(std::string_view table, const core::Error& e) const {
    return core::invalid(
        fmt::format("{}: table {}: {}; the file is damaged: restore it from a backup", db_.path(),
                    table, e.text));
  }
  /// Calls `row` for each row. The statement is freed, and with it the read lock.
  template <class F>
  core::Result<void> each(Statement statement, F row) {
    for (;;) {
      const int code = sqlite3_step(statement.get());
      if (code == SQLITE_DONE) return {};
      if (code != SQLITE_ROW) return db_.error("cannot read", code);
      if (core::Result<void> done = row(statement); !done) return done.error();
    }
  }

  std::optional<WriterLock> lock_;  // before db_: released after the file is closed
  Database db_;
  Inserts inserts_;
  int wal_pages_ = 0;
  int next_checkpoint_ = kWalPages;
};

core::Result<void> SqliteJournal::prepare_writer() {
  const auto columns = std::string(kOrderColumns);
  const std::pair<Statement*, std::string> all[] = {
      {&inserts_.begin, "BEGIN IMMEDIATE"},
      {&inserts_.commit, "COMMIT"},
      {&inserts_.rollback, "ROLLBACK"},
      {&inserts_.order_event, "INSERT INTO order_events(written_us," + columns + ") VALUES(" +
                                  parameters(kOrderColumnCount + 1) + ")"},
      {&inserts_.order, "INSERT OR REPLACE INTO orders(" + columns + ") VALUES(" +
                            parameters(kOrderColumnCount) + ")"},
      {&inserts_.halt,
       "INSERT INTO halts(written_us,strategy,halted,kind,reason,wall_us,venue_s)"
       " VALUES(?,?,?,?,?,?,?)"},
      {&inserts_.strategy_state,
       "INSERT INTO "
       "strategy_states(written_us,strategy,session,realised,realised_exp,peak,peak_exp,"
       "counters,staking,guards) VALUES(?,?,?,?,?,?,?,?,?,?)"},
      {&inserts_.strategy, "INSERT OR REPLACE INTO strategies(strategy,seq) VALUES(?,?)"},
      {&inserts_.day,
       "INSERT INTO day_totals(written_us,day,settled_profit,settled_profit_exp,trades)"
       " VALUES(?,?,?,?,?)"},
      {&inserts_.balance,
       "INSERT INTO balances(written_us,wall_us,venue_s,balance,balance_exp,account,currency)"
       " VALUES(?,?,?,?,?,?,?)"},
      {&inserts_.session,
       "INSERT INTO sessions(written_us,wall_us,account,state,reason) VALUES(?,?,?,?,?)"},
      {&inserts_.config,
       "INSERT INTO config_changes(written_us,wall_us,venue_s,key,old_value,new_value,taken)"
       " VALUES(?,?,?,?,?,?,?)"},
  };
  for (const auto& [statement, sql] : all) {
    auto prepared = db_.prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  sqlite3_wal_hook(
      db_.get(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteJournal*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  return {};
}

core::Result<void> SqliteJournal::append(const execution::Record& record) {
  if (!lock_) return core::invalid(db_.path() + ": opened for reading only");
  if (auto done = step(inserts_.begin); !done) return done.error();
  auto done = std::visit([this](const auto& r) { return insert(r); }, record);
  if (done) done = step(inserts_.commit);
  if (!done) {
    // Some failures (a full disk, for one) have rolled back already.
    if (sqlite3_get_autocommit(db_.get()) == 0) (void)step(inserts_.rollback);
    return done.error();
  }
  const auto* order = std::get_if<execution::OrderRecord>(&record);
  bound_wal(order != nullptr && order->order.state == execution::OrderState::kIntended);
  return {};
}

// The record is safe in the WAL at this point: a checkpoint that fails is no failure of the append.
// If the disk is at its end, the next append says so itself.
void SqliteJournal::bound_wal(bool hurry) {
  if (wal_pages_ < next_checkpoint_) {
    if (wal_pages_ < kWalPages) next_checkpoint_ = kWalPages;
    return;
  }
  if (hurry && wal_pages_ < kWalPagesAtMost) return;
  int in_log = 0;
  int done = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &done);
  next_checkpoint_ = code == SQLITE_OK && in_log == done ? kWalPages : wal_pages_ + kWalRetryPages;
}

core::Result<void> SqliteJournal::insert(const execution::OrderRecord& r) {
  inserts_.order_event.bind(1, wall_us());
  bind_order(inserts_.order_event, 2, r.order);
  if (auto done = step(inserts_.order_event); !done) return done.error();
  bind_order(inserts_.order, 1, r.order);
  return step(inserts_.order);
}

core::Result<void> SqliteJournal::insert(const execution::HaltRecord& r) {
  auto& s = inserts_.halt;
  s.bind(1, wall_us());
  s.bind(2, r.strategy.view());
  s.bind(3, std::int64_t{r.halted});
  s.bind(4, r.kind.view());
  s.bind(5, r.reason.view());
  s.bind(6, r.wall.us);
  s.bind(7, r.venue.s);
  return step(s);
}

core::Result<void> SqliteJournal::insert(const execution::StrategyRecord& r) {
  auto& s = inserts_.strategy_state;
  s.bind(1, wall_us());
  s.bind(2, r.strategy.view());
  s.bind(3, r.session);
  bind_money(s, 4, r.realised);
  bind_money(s, 6, r.peak);
  s.bind(8, std::string_view(r.counters));
  s.bind(9, std::string_view(r.staking));
  s.bind(10, std::string_view(r.guards));
  if (auto done = step(s); !done) return done.error();
  inserts_.strategy.bind(1, r.strategy.view());
  inserts_.strategy.bind(2, sqlite3_last_insert_rowid(db_.get()));
  return step(inserts_.strategy);
}

core::Result<void> SqliteJournal::insert(const execution::DayRecord& r) {
  auto& s = inserts_.day;
  s.bind(1, wall_us());
  s.bind(2, r.day);
  bind_money(s, 3, r.settled_profit);
  s.bind(5, r.trades);
  return step(s);
}

core::Result<void> SqliteJournal::insert(const execution::BalanceRecord& r) {
  auto& s = inserts_.balance;
  s.bind(1, wall_us());
  s.bind(2, r.wall.us);
  s.bind(3, r.venue.s);
  bind_money(s, 4, r.balance);
  s.bind(6, r.account.view());
  s.bind(7, r.currency.view());
  return step(s);
}

core::Result<void> SqliteJournal::insert(const execution::SessionRecord& r) {
  auto& s = inserts_.session;
  s.bind(1, wall_us());
  s.bind(2, r.wall.us);
  s.bind(3, r.account.view());
  s.bind(4, r.state.view());
  s.bind(5, r.reason.view());
  return step(s);
}

core::Result<void> SqliteJournal::insert(const execution::ConfigRecord& r) {
  auto& s = inserts_.config;
  s.bind(1, wall_us());
  s.bind(2, r.wall.us);
  s.bind(3, r.venue.s);
  s.bind(4, std::string_view(r.key));
  s.bind(5, std::string_view(r.before));
  s.bind(6, std::string_view(r.after));
  s.bind(7, r.taken.view());
  return step(s);
}

core::Result<std::vector<Order>> SqliteJournal::read_orders(Statement& statement) {
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

core::Result<std::vector<execution::HaltRecord>> SqliteJournal::halts() {
  return read_halts(
      "WHERE halted != 0 AND seq IN (SELECT max(seq) FROM halts GROUP BY strategy)"
      " ORDER BY strategy");
}

core::Result<std::vector<execution::HaltRecord>> SqliteJournal::read_halts(std::string_view which) {
  auto statement = db_.prepare(
      fmt::format("SELECT strategy,halted,kind,reason,wall_us,venue_s FROM halts {}", which));
  if (!statement) return statement.error();
  return read_halts(*statement);
}

core::Result<std::vector<execution::HaltRecord>> SqliteJournal::halt_history(
    std::string_view strategy, std::size_t last) {
  auto statement = db_.prepare(
      "SELECT strategy,halted,kind,reason,wall_us,venue_s FROM halts WHERE strategy IN (?1, '')"
      " ORDER BY seq DESC LIMIT ?2");
  if (!statement) return statement.error();
  statement->bind(1, strategy);
  statement->bind(2, static_cast<std::int64_t>(last));
  return read_halts(*statement);
}

core::Result<std::vector<execution::ConfigRecord>> SqliteJournal::config_changes(std::size_t last) {
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

core::Result<std::vector<execution::HaltRecord>> SqliteJournal::read_halts(Statement& statement) {
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

core::Result<std::vector<execution::StrategyRecord>> SqliteJournal::read_strategies() {
  auto statement = db_.prepare(
      "SELECT "
      "h.strategy,h.session,h.realised,h.realised_exp,h.peak,h.peak_exp,h.counters,h.staking,"
      "h.guards FROM strategies AS now JOIN strategy_states AS h ON h.seq = now.seq"
      " ORDER BY now.strategy");
  if (!statement) return statement.error();
  std::vector<execution::StrategyRecord> out;
  auto done = each(std::move(*statement), [&](const Statement& s) -> core::Result<void> {
    const auto strategy = read_short<core::Name::kCapacity>(s, 0);
    const auto realised = read_money(s, 2);
    const auto peak = read_money(s, 4);
    if (!strategy || !realised || !peak) {
      return bad_row("strategy_states", core::invalid("a value is out of range"));
    }
    out.push_back({*strategy, s.integer(1), *realised, *peak, std::string(s.text(6)),
                   std::string(s.text(7)), std::string(s.text(8))});
    return {};
  });
  if (!done) return done.error();
  return out;
}

core::Result<std::optional<execution::DayRecord>> SqliteJournal::read_day() {
  auto statement = db_.prepare(
      "SELECT day,settled_profit,settled_profit_exp,trades FROM day_totals ORDER BY seq DESC LIMIT "
      "1");
  if (!statement) return statement.error();
  std::optional<execution::DayRecord> out;
  auto done = each(std::move(*statement), [&](const Statement& s) -> core::Result<void> {
    const auto profit = read_money(s, 1);
    if (!profit) return bad_row("day_totals", profit.error());
    out = execution::DayRecord{s.integer(0), *profit, s.integer(3)};
    return {};
  });
  if (!done) return done.error();
  return out;
}

core::Result<std::optional<execution::BalanceRecord>> SqliteJournal::last_balance() {
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

core::Result<History> SqliteJournal::history() {
  History out;
  auto halts = read_halts("ORDER BY seq");
  if (!halts) return halts.error();
  out.halts = std::move(*halts);
  auto changes = config_changes(std::numeric_limits<std::int64_t>::max());
  if (!changes) return changes.error();
  out.changes = std::move(*changes);
  std::ranges::reverse(out.changes);
  auto accepted =
      db_.prepare("SELECT id,min(written_us) FROM order_events WHERE contract_id != 0 GROUP BY id");
  if (!accepted) return accepted.error();
  auto done = each(std::move(*accepted), [&](const Statement& s) -> core::Result<void> {
    const core::WallTime written{s.integer(1)};
    if (!core::is_date(written)) {
      return bad_row("order_events", core::invalid("a time is out of range"));
    }
    out.accepted_us.emplace(s.integer(0), written.us);
    return {};
  });
  if (!done) return done.error();
  const auto unknown =
      db_.number("SELECT count(DISTINCT id) FROM order_events WHERE state = 'unknown'");
  if (!unknown) return unknown.error();
  out.were_unknown = *unknown;
  return out;
}

core::Result<execution::Snapshot> SqliteJournal::load() {
  // One read transaction: all tables as of one moment.
  if (auto begun = db_.run("BEGIN"); !begun) return begun.error();
  auto out = load_tables();
  (void)db_.run("COMMIT");
  return out;
}

core::Result<execution::Snapshot> SqliteJournal::load_tables() {
  execution::Snapshot out;
  auto statement = db_.prepare(
      fmt::format("SELECT {} FROM orders WHERE {} ORDER BY id", kOrderColumns, kNotFinal));
  if (!statement) return statement.error();
  auto open = read_orders(*statement);
  if (!open) return open.error();
  auto in_force = halts();
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
  return out;
}

core::Result<std::vector<Order>> SqliteJournal::orders(const OrderQuery& query) {
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

core::Result<void> SqliteJournal::checkpoint() {
  if (!lock_) return core::invalid(db_.path() + ": opened for reading only");
  const int code =
      sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  // A reader that will not go away leaves the log longer than it need be, nothing worse.
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
    return db_.error("cannot move the log into the file", code);
  }
  if (code == SQLITE_OK) next_checkpoint_ = kWalPages;
  return {};
}

const char* synchronous(execution::Durability durability) {
  switch (durability) {
    case execution::Durability::kProcess:
      return "PRAGMA synchronous = NORMAL";
    case execution::Durability::kPower:
      return "PRAGMA synchronous = FULL";
  }
  return "PRAGMA synchronous = FULL";
}

core::Result<std::unique_ptr<Journal>> open_writer(const std::string& path,
                                                   execution::Durability durability) {
  auto lock = WriterLock::take(path);
  if (!lock) return lock.error();
  const auto state = look_at(path);
  if (!state) return state.error();
  if (*state == FileState::kAbsent) {
    if (auto made = create(path); !made) return made.error();
  }
  auto db = Database::open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, path);
  if (!db) return db.error();
  if (auto good = check_identity(*db); !good) return good.error();
  // SQLite opens a file that it may not write for reading, without a word.
  if (sqlite3_db_readonly(db->get(), "main") != 0) {
    return core::io_error(
        fmt::format("{}: not writable; check the owner and the mode of the file, and that its file "
                    "system is not "
                    "mounted read-only",
                    path));
  }
  auto set = db->run(
      "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
      "PRAGMA journal_size_limit = 16777216; PRAGMA trusted_schema = OFF;"
      "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY");
  if (!set) return set.error();
  if (auto done = db->run(synchronous(durability)); !done) return done.error();
  const auto version = db->number("PRAGMA user_version");
  if (!version) return version.error();
  if (auto done = migrate(*db, static_cast<int>(*version)); !done) return done.error();
  if (auto good = check_tables(*db); !good) return good.error();
  if (auto good = check_pages(*db); !good) return good.error();
  auto journal = std::make_unique<SqliteJournal>(std::move(*db), std::move(*lock));
  if (auto ready = journal->prepare_writer(); !ready) return ready.error();
  return std::unique_ptr<Journal>(std::move(journal));
}

/// A reader needs FILE-wal and FILE-shm. Where they are missing and it may not make them (a reader
/// without rights to the directory, after a clean stop), the file alone is complete and is read as
/// immutable; with a log that it may not read it must not, since the file alone would be old.
core::Result<Database> open_for_reading(const std::string& path) {
  auto db = Database::open(path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, path);
  if (!db) return db.error();
  const auto readable = db->number("SELECT count(*) FROM sqlite_schema");
  if (readable) return db;
  const int code = sqlite3_extended_errcode(db->get()) & 0xff;
  if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY) return readable.error();
  if (has_log(path)) {
    return core::io_error(
        fmt::format("{}: its log {}-wal cannot be used by this user; run this as root "
                    "or as the owner of the file",
                    path, path));
  }
  auto still = Database::open(uri_of(path, "?immutable=1"),
                              SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, path);
  if (!still) return still.error();
  if (auto works = still->number("SELECT count(*) FROM sqlite_schema"); !works) {
    return works.error();
  }
  return still;
}

core::Result<std::unique_ptr<Journal>> open_reader(const std::string& path) {
  const auto state = look_at(path);
  if (!state) return state.error();
  if (*state == FileState::kAbsent) {
    return core::Error{
        core::ErrorKind::kNotFound,
        fmt::format("{}: no journal is there; derivd makes it at its first start", path)};
  }
  auto db = open_for_reading(path);
  if (!db) return db.error();
  if (auto good = check_identity(*db); !good) return good.error();
  const auto version = db->number("PRAGMA user_version");
  if (!version) return version.error();
  if (*version < known_version()) {
    return core::invalid(
        fmt::format("{}: of an older derivd (journal version {}); the service brings "
                    "it up to date when it starts",
                    path, *version));
  }
  auto set =
      db->run("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
  if (!set) return set.error();
  if (auto good = check_tables(*db); !good) return good.error();
  if (auto bounded = bound_reading(*db); !bounded) return bounded.error();
  return std::unique_ptr<Journal>(std::make_unique<SqliteJournal>(std::move(*db), std::nullopt));
}

}  // namespace

core::Result<std::unique_ptr<Journal>> Journal::open(const std::string& path, Mode mode,
                                                     execution::Durability durability) {
  const auto real = real_path(path);
  if (!real) return real.error();
  switch (mode) {
    case Mode::kReadWrite:
      return open_writer(*real, durability);
    case Mode::kReadOnly:
      return open_reader(*real);
  }
  return core::invalid("no such mode");
}

}  // namespace derivd::store
