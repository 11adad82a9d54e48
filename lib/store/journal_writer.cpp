#include "store/journal_writer.hpp"

#include <fmt/format.h>

#include <chrono>
#include <system_error>

#include "store/row_code.hpp"
#include "threads/without_signals.hpp"

namespace derivd::store {
namespace {

using Clock = std::chrono::steady_clock;

/// The WAL is moved into the file when it has grown to this: 1024 pages of 4 KiB.
constexpr int kWalPages = 1024;
/// When a reader kept a checkpoint from finishing, it is tried again after this much more.
constexpr int kWalRetryPages = 256;
/// Events of one transaction. Between two of them others get at the lock.
constexpr std::uint64_t kEventsATransaction = 512;
/// So many events waiting are brought into SQLite at once, without lingering: a tenth of a region.
constexpr std::uint64_t kHurryEvents = 256;
/// A foreign lock is told when it has lasted for this.
constexpr auto kTellLock = std::chrono::seconds(2);
/// SQLite waits so long for a foreign lock by itself; between two attempts the thread can be ended.
constexpr int kThreadBusyMs = 100;
/// At a clean stop a foreign lock is waited for so long; the events stay in the log otherwise.
constexpr auto kStopPatience = std::chrono::seconds(1);
/// The loop waits so long at most for room in the log.
constexpr auto kRoomPatience = std::chrono::seconds(1);
constexpr auto kRoomStep = std::chrono::milliseconds(1);
/// Between two transactions that remove what is old: a million trades go within some minutes, and
/// neither the disk nor a reader has more than a fraction of its time taken.
constexpr auto kRemovalPause = std::chrono::milliseconds(10);

std::int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Whether bytes leave as soon as this is on disk.
bool is_intent(const execution::Record& record) {
  const auto* r = std::get_if<execution::OrderRecord>(&record);
  return r != nullptr && r->order.state == execution::OrderState::kIntended;
}

/// Another program has the file, and nothing is worse than that.
bool is_locked(const Database& db) {
  const int code = sqlite3_errcode(db.get()) & 0xff;
  return code == SQLITE_BUSY || code == SQLITE_LOCKED;
}

}  // namespace

JournalWriter::JournalWriter(Parts parts)
    : lock_(std::move(parts.lock)),
      settings_(std::move(parts.settings)),
      log_(std::move(parts.log)),
      db_(std::move(parts.db)),
      applied_(parts.position.applied),
      durable_(parts.position.applied),
      next_checkpoint_(kWalPages),
      applied_seen_(parts.position.applied),
      notices_(std::move(parts.notices)) {}

core::Result<std::unique_ptr<Journal>> JournalWriter::begin(Parts parts) {
  const auto next = parts.position.applied + 1;
  std::unique_ptr<JournalWriter> out(new JournalWriter(std::move(parts)));
  auto& db = out->db_;
  sqlite3_busy_timeout(db.get(), kThreadBusyMs);
  auto tables = EventTables::of_journal(db);
  if (!tables) return tables.error();
  out->tables_.emplace(std::move(*tables));
  auto events = LogReader::open(out->log_->file());
  if (!events) return events.error();
  out->events_.emplace(std::move(*events));
  const auto found = out->events_->seek(next);
  if (!found) return found.error();
  if (!*found) return core::io_error(db.path() + ": its intent log does not hold what was written");
  auto position = db.prepare("UPDATE log_position SET applied = ?1");
  if (!position) return position.error();
  out->position_ = std::move(*position);
  sqlite3_wal_hook(
      db.get(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<JournalWriter*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      out.get());
  return std::unique_ptr<Journal>(std::move(out));
}

JournalWriter::~JournalWriter() {
  stop_ = true;
  if (thread_.joinable()) {
    wake_.release();
    thread_.join();
  }
  reader_.reset();  // the last connection that is closed empties the WAL, and this one may not
  const std::lock_guard guard(db_mutex_);
  close();
}

// ---- the loop's side ----

core::Result<void> JournalWriter::append(std::span<const execution::Record> event) {
  if (failed_.load(std::memory_order_acquire)) {
    const std::lock_guard guard(words_mutex_);
    return *failure_;
  }
  auto& frame = log_->begin();
  bool intent = false;
  for (const auto& record : event) {
    put_record(frame, record);
    intent = intent || is_intent(record);
  }
  if (!log_->has_room(frame.size())) {
    if (auto room = wait_for_room(frame.size()); !room) return refuse(room.error());
  }
  if (auto done = log_->append(wall_us()); !done) return refuse(done.error());
  const auto waiting = log_->appended() - applied_seen_.load(std::memory_order_relaxed);
  if (waiting > kHurryEvents) {
    wake(true);
  } else if (!intent) {
    wake(false);  // behind an intent bytes wait to be sent; its answer wakes the thread
  }
  return {};
}

core::Result<void> JournalWriter::wait_for_room(std::size_t bytes) {
  for (const auto until = Clock::now() + kRoomPatience; Clock::now() < until;) {
    if (settings_.background) {
      wake(true);
      std::this_thread::sleep_for(kRoomStep);
    } else if (auto done = catch_up(); !done) {
      return done;
    }
    if (log_->has_room(bytes)) return {};
    if (failed_.load(std::memory_order_acquire)) break;
  }
  const std::lock_guard guard(words_mutex_);
  if (failure_) return *failure_;
  return core::io_error(db_.path() +
                        ": SQLite does not take what is written, and the intent log "
                        "is full; another program may keep the file locked: close it");
}

/// An append has failed, and so do all that follow.
core::Result<void> JournalWriter::refuse(const core::Error& error) {
  fail(error);
  return error;
}

void JournalWriter::wake(bool at_once) {
  if (!settings_.background) return;
  if (at_once && !hurry_.exchange(true)) {
    awake_ = true;
    wake_.release();
  } else if (!awake_.exchange(true)) {
    wake_.release();
  }
  if (thread_.joinable()) return;
  try {
    thread_ = threads::start_without_signals([this] { run(); });
  } catch (const std::system_error& e) {
    fail(core::io_error(fmt::format("{}: no thread can be made for it: {}", db_.path(), e.what())));
  }
}

core::Result<JournalReader*> JournalWriter::reader() {
  if (!reader_) {
    auto db = Database::open(db_.path(), SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, db_.path());
    if (!db) return db.error();
    if (auto set = db->run(kReaderSettings); !set) return set.error();
    reader_ = std::make_unique<JournalReader>(std::move(*db), settings_.log_files);
  }
  return reader_.get();
}

core::Result<execution::Snapshot> JournalWriter::load() {
  const auto r = reader();
  return r ? (*r)->load() : r.error();
}
core::Result<std::vector<execution::Order>> JournalWriter::orders(const OrderQuery& query) {
  const auto r = reader();
  return r ? (*r)->orders(query) : r.error();
}
core::Result<Books> JournalWriter::books(const OrderQuery& query) {
  const auto r = reader();
  return r ? (*r)->books(query) : r.error();
}
core::Result<Sums> JournalWriter::sums() {
  const auto r = reader();
  return r ? (*r)->sums() : r.error();
}
core::Result<std::vector<execution::HaltRecord>> JournalWriter::halts() {
  const auto r = reader();
  return r ? (*r)->halts() : r.error();
}
core::Result<std::optional<execution::BalanceRecord>> JournalWriter::last_balance() {
  const auto r = reader();
  return r ? (*r)->last_balance() : r.error();
}
core::Result<History> JournalWriter::history() {
  const auto r = reader();
  return r ? (*r)->history() : r.error();
}
core::Result<std::vector<execution::HaltRecord>> JournalWriter::halt_history(
    std::string_view strategy, std::size_t last) {
  const auto r = reader();
  return r ? (*r)->halt_history(strategy, last) : r.error();
}
core::Result<std::vector<execution::ConfigRecord>> JournalWriter::config_changes(std::size_t last) {
  const auto r = reader();
  return r ? (*r)->config_changes(last) : r.error();
}
core::Result<void> JournalWriter::check() {
  const auto r = reader();
  return r ? (*r)->check() : r.error();
}

/// The loop's turn at the tables. The thread, which takes and leaves them again and again while
/// another program keeps them locked, steps aside, and is woken for what is left.
template <class Work>
core::Result<void> JournalWriter::with_tables(Work work) {
  give_way_ = true;
  core::Result<void> done;
  {
    const std::lock_guard guard(db_mutex_);
    give_way_ = false;
    done = work();
  }
  if (!done && !failed_) wake(true);
  return done;
}

core::Result<void> JournalWriter::catch_up() {
  return with_tables([this] { return bring_all(); });
}

core::Result<void> JournalWriter::checkpoint() {
  return with_tables([this] { return bring_and_truncate(); });
}

void JournalWriter::keep_from(core::WallTime time) {
  keep_from_us_ = time.us;
  if (settings_.background) return wake(false);
  const std::lock_guard guard(db_mutex_);
  while (remove_some()) {
  }
}

core::Result<void> JournalWriter::bring_and_truncate() {
  if (auto done = bring_all(); !done) return done;
  const int code =
      sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  // A reader that will not go away leaves the WAL longer than it need be, nothing worse.
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
    return db_.error("cannot move the log into the file", code);
  }
  if (code == SQLITE_OK) next_checkpoint_ = kWalPages;
  return {};
}

std::vector<std::string> JournalWriter::take_notices() {
  const std::lock_guard guard(words_mutex_);
  return std::exchange(notices_, {});
}

void JournalWriter::notice(std::string text) {
  const std::lock_guard guard(words_mutex_);
  notices_.push_back(std::move(text));
}

void JournalWriter::fail(const core::Error& error) {
  const std::lock_guard guard(words_mutex_);
  if (!failure_) failure_ = error;
  failed_.store(true, std::memory_order_release);
}

// ---- SQLite's side ----

void JournalWriter::run() {
  while (!stop_) {
    wake_.acquire();
    if (!stop_ && !hurry_) (void)wake_.try_acquire_for(settings_.linger);
    if (stop_) return;  // close() brings the rest
    awake_ = false;
    hurry_ = false;
    pass();
    remove_old();
  }
}

/// Until all of it is gone, or something waits to be written: what is left goes behind that, since
/// whoever wrote it wakes the thread. At least one part of it each time, and between two of them
/// there is time for everybody else.
void JournalWriter::remove_old() {
  while (!stop_ && !failed_ && !give_way_) {
    {
      const std::lock_guard guard(db_mutex_);
      if (!remove_some()) return;
    }
    if (awake_) return;
    if (wake_.try_acquire_for(kRemovalPause)) return wake_.release();
  }
}

/// One transaction of what store.keep lets go, under db_mutex_; whether there is more to do at
/// once. What it writes may not make the WAL grow without bound while a reader keeps it from being
/// emptied, and a foreign lock is gone later: the rest is tried again when the thread is next
/// woken.
bool JournalWriter::remove_some() {
  if (const auto asked = keep_from_us_.exchange(0); asked != 0) retention_.begin({asked});
  if (!retention_.has_work()) return false;
  if (wal_pages_ >= kWalPages) {
    next_checkpoint_ = kWalPages;
    bound_wal();
    if (wal_pages_ >= kWalPages) return false;
  }
  const auto done = retention_.step();
  if (!done && is_locked(db_)) return false;
  if (!done) {
    retention_.end();
    notice(fmt::format("{}: old records could not be removed (store.keep): {}; it is tried again",
                       db_.path(), done.error().text));
  }
  bound_wal();
  return retention_.has_work();
}

/// Brings what is there; a foreign lock is waited out, for a while.
void JournalWriter::pass() {
  while (!stop_ && !failed_ && !give_way_) {
    const std::lock_guard guard(db_mutex_);
    const auto more = bring_some();
    if (!more && !locked_since_) return fail(more.error());
    if (more && !*more) return;
    if (!more) wait_out(more.error());
  }
}

void JournalWriter::wait_out(const core::Error& busy) {
  const auto lasted = Clock::now() - *locked_since_;
  if (lasted >= settings_.lock_patience) return fail(busy);
  if (told_locked_ || lasted < kTellLock) return;
  told_locked_ = true;
  notice(fmt::format(
      "{}: another program has kept it locked for {} s; trading goes on, the intent log keeps the "
      "records. Close that program: after {} s no further entry is made",
      db_.path(), std::chrono::duration_cast<std::chrono::seconds>(lasted).count(),
      std::chrono::duration_cast<std::chrono::seconds>(settings_.lock_patience).count()));
}

void JournalWriter::told_free() {
  if (told_locked_) {
    const auto lasted = Clock::now() - *locked_since_;
    notice(fmt::format("{}: no longer locked, after {} s; nothing was lost", db_.path(),
                       std::chrono::duration_cast<std::chrono::seconds>(lasted).count()));
  }
  locked_since_.reset();
  told_locked_ = false;
}

core::Result<void> JournalWriter::bring_all() {
  if (failed_) {
    const std::lock_guard guard(words_mutex_);
    return *failure_;
  }
  const auto until = Clock::now() + kStopPatience;
  for (;;) {
    const auto more = bring_some();
    if (more && !*more) return {};
    if (more) continue;
    if (!locked_since_) fail(more.error());
    if (!locked_since_ || Clock::now() >= until) return more.error();
  }
}

/// One transaction. True: there is more. An error with locked_since_ set is a foreign lock.
core::Result<bool> JournalWriter::bring_some() {
  const auto appended = log_->appended();
  if (applied_ < appended) {
    const auto applied = apply_some();
    if (!applied) return applied.error();
    applied_ = *applied;
    applied_seen_.store(applied_, std::memory_order_relaxed);
    if (locked_since_) told_free();
    bound_wal();
  }
  if (durable_ < log_->wanted() && applied_ >= log_->wanted()) {
    if (auto done = make_durable(); !done) return done.error();
    durable_ = applied_;
    log_->free(durable_);
  }
  return applied_ < appended;
}

/// Before the log uses a region again: its events are in the tables, and the other region, which
/// was begun meanwhile, is known to be there after a power failure too, so that the log has no gap.
core::Result<void> JournalWriter::make_durable() {
  if (auto done = db_.sync_wal(); !done) return done;
  return log_->file().sync();
}

core::Result<std::uint64_t> JournalWriter::apply_some() {
  auto last = applied_;
  auto done = db_.run("BEGIN IMMEDIATE");
  while (done && last < log_->appended() && last - applied_ < kEventsATransaction) {
    const auto frame = events_->next();
    if (!frame) {
      done = frame.error();
    } else if (!*frame) {
      done = core::io_error(fmt::format("{}: event {} cannot be read back from its intent log",
                                        db_.path(), last + 1));
    } else {
      done = tables_->apply(**frame);
      last = (*frame)->seq;
    }
  }
  if (done) {
    position_.bind(1, static_cast<std::int64_t>(last));
    done = db_.step(position_, "cannot write");
  }
  if (done) done = db_.run("COMMIT");
  if (done) return last;
  if (is_locked(db_) && !locked_since_) locked_since_ = Clock::now();
  if (!is_locked(db_)) locked_since_.reset();
  // Some failures (a full disk, for one) have rolled back already.
  if (sqlite3_get_autocommit(db_.get()) == 0) (void)db_.run("ROLLBACK");
  const auto back = events_->seek(applied_ + 1);
  if (back && *back) return done.error();
  locked_since_.reset();
  if (!back) return back.error();
  return core::io_error(
      fmt::format("{}: event {} is not in its intent log any more", db_.path(), applied_ + 1));
}

// The records are safe in the WAL at this point: a checkpoint that fails is no failure. If the disk
// is at its end, the next transaction says so itself.
void JournalWriter::bound_wal() {
  if (wal_pages_ < next_checkpoint_) {
    if (wal_pages_ < kWalPages) next_checkpoint_ = kWalPages;
    return;
  }
  int in_log = 0;
  int done = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &done);
  const bool emptied = code == SQLITE_OK && in_log == done;
  next_checkpoint_ = emptied ? kWalPages : wal_pages_ + kWalRetryPages;
  if (emptied) wal_pages_ = 0;  // the next transaction begins it anew
}

/// After this the journal is whole without its log, which is left with nothing in it.
void JournalWriter::close() {
  if (log_->is_broken() || !bring_all()) return;
  if (!db_.run("UPDATE log_position SET clean = 1") || !db_.sync_wal()) return;
  log_->free(applied_);
  (void)log_->begin_anew();
}

}  // namespace derivd::store
