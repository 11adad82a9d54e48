#include "store/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/counted.hpp"
#include "store/journal_reader.hpp"
#include "store/journal_writer.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"
#include "store/tables.hpp"
#include "store/writer_lock.hpp"

namespace derivd::store {
namespace {

/// A larger file is not read in full at each start, so that a start does not become slower with the
/// years (PRAGMA quick_check reads about 1 GB/s from the cache, far less from a disk). Pages that a
/// start needs are checked as they are read; `derivctl doctor` checks all.
constexpr std::int64_t kFullCheckBytes = 4LL << 20;

/// The first version of the tables that goes with an intent log.
constexpr int kFirstLogVersion = 3;
/// At a start a foreign lock (a backup) is waited for so long: nothing else can be done meanwhile.
constexpr int kStartBusyMs = 10'000;
/// One page of the smallest size; SQLite takes less than a header for a new, empty file.
constexpr off_t kSmallestFile = 512;

/// Steps of SQLite that reading a whole journal may take: a row of 300 bytes takes some 100 in each
/// of a handful of readings. A file that leads in circles would take them for ever.
constexpr std::int64_t kStepsPerByte = 20;
constexpr std::int64_t kStepsAtLeast = 10'000'000;

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

/// SQLite has closed it: nobody's locks are lost with this descriptor.
core::Result<void> sync_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  const bool good = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!good) return core::io_error(fmt::format("{}: {}", path, std::strerror(error)));
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
    // Nobody goes on with it after a crash: it is synced once, when it is complete.
    const auto header = fmt::format(
        "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA application_id = {};",
        kApplicationId);
    if (auto done = db->run(header.c_str()); !done) return done.error();
    if (auto done = migrate(*db, 0); !done) return done.error();
    if (auto done = db->run("PRAGMA journal_mode = WAL"); !done) return done.error();
  }
  if (auto done = sync_file(fresh); !done) return done;
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

/// What a start finds in the intent log, and brings into the tables.
class Recovery {
 public:
  Recovery(Database& db, const JournalSettings& settings, int version)
      : db_(db), settings_(settings), version_(version), path_(intent_log_path(db.path())) {}

  core::Result<void> run();
  /// After the tables are of this program's version.
  core::Result<std::unique_ptr<IntentLog>> log();

  LogPosition position;
  std::vector<std::string> notices;

 private:
  core::Result<void> check_owner() const;
  core::Result<void> bring();
  core::Result<void> look_beyond();
  core::Result<void> without_log();
  core::Result<void> before_the_log() const;
  core::Result<void> renumber();
  core::Error bad_log(const core::Error& e) const {
    return {e.kind, fmt::format("{}: {}; put the right one back, or, if it is lost, replace it by "
                                "an empty file to go on without it",
                                path_, e.text)};
  }

  Database& db_;
  const JournalSettings& settings_;
  int version_;
  std::string path_;
  std::unique_ptr<LogFile> file_;
  std::optional<LogReader> reader_;
};

/// A person's word that the log is lost. Whose file that is, root's for one, does not matter: it is
/// replaced, not written.
bool is_empty_file(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0;
}

core::Result<void> Recovery::before_the_log() const {
  const auto file = settings_.log_files(path_, LogAccess::kRead);
  if (!file && file.error().kind == core::ErrorKind::kNotFound) return {};
  if (is_empty_file(path_)) return {};
  return core::invalid(fmt::format(
      "{}: move it away: an intent log beside a journal of a version that had none; the journal is "
      "an older copy",
      path_));
}

core::Result<void> Recovery::run() {
  if (version_ < kFirstLogVersion) return before_the_log();
  auto found = read_position(db_);
  if (!found) return found.error();
  position = *found;
  if (is_empty_file(path_)) {
    notices.push_back(fmt::format(
        "{}: is empty: the journal goes on from event {} without what the log had; contracts that "
        "were bought since are reported as foreign",
        path_, position.applied));
    return {};
  }
  auto file = settings_.log_files(path_, LogAccess::kWrite);
  if (!file && file.error().kind != core::ErrorKind::kNotFound) return file.error();
  if (!file) return without_log();
  auto reader = LogReader::open(**file);
  if (!reader) return bad_log(reader.error());
  file_ = std::move(*file);
  reader_.emplace(std::move(*reader));
  if (auto good = check_owner(); !good) return good;
  return bring();
}

core::Result<void> Recovery::without_log() {
  if (position.clean) return {};
  return core::invalid(fmt::format(
      "{}: missing, and no clean stop came before: put it back; if it is lost, or the journal is a "
      "copy of a running one, make an empty file of that name",
      path_));
}

core::Result<void> Recovery::check_owner() const {
  if (reader_->identity().journal != position.journal) {
    return bad_log(core::invalid("belongs to another journal"));
  }
  if (reader_->oldest() > position.applied + 1) {
    return older_than_log(db_.path(), position.applied, reader_->oldest());
  }
  return {};
}

core::Result<void> Recovery::bring() {
  const auto before = position.applied;
  const auto reaches = reader_->seek(before + 1);
  if (!reaches) return reaches.error();
  std::optional<EventTables> tables;
  for (bool more = *reaches; more;) {
    const auto frame = reader_->next();
    if (!frame) return frame.error();
    more = frame->has_value();
    if (!more) break;
    if (!tables) {
      if (static_cast<int>(reader_->identity().schema) != version_) {
        return bad_log(core::invalid(
            fmt::format("holds events of another derivd (journal version {}, the journal has {})",
                        reader_->identity().schema, version_)));
      }
      if (auto begun = db_.run("BEGIN IMMEDIATE"); !begun) return begun;
      auto made = EventTables::of_journal(db_);
      if (!made) return made.error();
      tables.emplace(std::move(*made));
    }
    if (auto done = tables->apply(**frame); !done) return done;
    position.applied = (*frame)->seq;
  }
  if (tables) {
    const auto sql = fmt::format("UPDATE log_position SET applied = {}; COMMIT", position.applied);
    if (auto done = db_.run(sql.c_str()); !done) return done;
  }
  if (position.clean && tables) {
    notices.push_back(fmt::format("{}: an older copy; {} taken from its intent log", db_.path(),
                                  core::counted(position.applied - before, "event since then was",
                                                "events since then were")));
  }
  // Behind a clean stop an old region may have more frames than the tables, of before a hole that
  // was told; where there was something to bring in, the stop was not clean, or not of this log.
  return position.clean && !tables ? core::Result<void>{} : look_beyond();
}

/// A power failure may leave a hole where nothing is synced. With every event synced it takes a
/// damaged disk, and then a person decides.
core::Result<void> Recovery::look_beyond() {
  const auto beyond = reader_->count_beyond(position.applied);
  if (!beyond) return beyond.error();
  if (*beyond == 0) return {};
  if (settings_.durability == execution::Durability::kPower) {
    return core::invalid(
        fmt::format("{}: damaged: {} after event {} cannot be reached. Put a copy back, or "
                    "replace it by an empty file to go on without them: what they bought is "
                    "reported as foreign then",
                    path_, core::counted(*beyond, "event"), position.applied));
  }
  notices.push_back(fmt::format(
      "{}: {} after event {} cannot be reached, since some before them are damaged (a power "
      "failure with store.durability: process). What they bought is reported as foreign",
      path_, core::counted(*beyond, "event"), position.applied));
  return {};
}

/// A log that is made beside a journal that had one is of another number: should the old log come
/// back, or go to a copy of this journal, its events are not taken for those that follow now.
core::Result<void> Recovery::renumber() {
  if (auto done = db_.run("UPDATE log_position SET journal = random()"); !done) return done;
  auto found = read_position(db_);
  if (!found) return found.error();
  position.journal = found->journal;
  return {};
}

core::Result<std::unique_ptr<IntentLog>> Recovery::log() {
  if (version_ < kFirstLogVersion) {
    auto found = read_position(db_);
    if (!found) return found.error();
    position = *found;
  }
  if (!file_ && version_ >= kFirstLogVersion) {
    if (auto done = renumber(); !done) return done.error();
  }
  // The tables' version and number are on the disk before the log that belongs to them, and the
  // events of the last run before they are overwritten there.
  if (auto done = db_.sync_wal(); !done) return done.error();
  const LogIdentity identity{position.journal, static_cast<std::uint32_t>(known_version())};
  if (!file_) {
    const auto first = position.applied + 1;
    auto made = create_intent_log(path_, identity, first, settings_.log_region_bytes);
    if (!made) return made.error();
    auto file = settings_.log_files(path_, LogAccess::kWrite);
    if (!file) return file.error();
    file_ = std::move(*file);
    auto reader = LogReader::open(*file_);
    if (!reader) return reader.error();
    reader_.emplace(std::move(*reader));
  }
  return IntentLog::go_on(std::move(file_), *reader_, identity, position.applied + 1,
                          settings_.durability);
}

/// A journal was moved away, or lost. A log with nothing in it went with it.
core::Result<void> forget_unused_log(const std::string& path, const JournalSettings& settings) {
  const auto log = intent_log_path(path);
  auto file = settings.log_files(log, LogAccess::kRead);
  if (!file && file.error().kind == core::ErrorKind::kNotFound) return {};
  if (file) {
    const auto size = (*file)->size();
    if (size && *size == 0) return {};
    auto reader = LogReader::open(**file);
    const auto frame =
        reader ? reader->next() : core::Result<std::optional<LogFrame>>(reader.error());
    const auto beyond = frame && !*frame ? reader->count_beyond(0) : core::Result<std::size_t>(1);
    if (beyond && *beyond == 0) {
      if (::unlink(log.c_str()) == 0) return {};
    }
  }
  return core::invalid(fmt::format(
      "{0}: missing, while its intent log {1} is there: put the journal back, or move the log away "
      "too to begin a new one",
      path, log));
}

core::Result<Database> open_for_writing(const std::string& path) {
  auto db = Database::open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, path);
  if (!db) return db.error();
  sqlite3_busy_timeout(db->get(), kStartBusyMs);
  if (auto good = check_identity(*db); !good) return good.error();
  // SQLite opens a file that it may not write for reading, without a word.
  if (sqlite3_db_readonly(db->get(), "main") != 0) {
    return core::io_error(
        fmt::format("{}: not writable; check the owner and the mode of the file, and that its file "
                    "system is not "
                    "mounted read-only",
                    path));
  }
  // What must survive a power failure is in the intent log until the WAL was synced.
  auto set = db->run(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;"
      "PRAGMA journal_size_limit = 16777216; PRAGMA trusted_schema = OFF;"
      "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY");
  if (!set) return set.error();
  if (auto good = check_pages(*db); !good) return good.error();
  return db;
}

core::Result<std::unique_ptr<Journal>> open_writer(const std::string& path,
                                                   const JournalSettings& settings) {
  auto lock = WriterLock::take(path);
  if (!lock) return lock.error();
  const auto state = look_at(path);
  if (!state) return state.error();
  if (*state == FileState::kAbsent) {
    if (auto done = forget_unused_log(path, settings); !done) return done.error();
    if (auto made = create(path); !made) return made.error();
  }
  auto db = open_for_writing(path);
  if (!db) return db.error();
  const auto version = db->number("PRAGMA user_version");
  if (!version) return version.error();
  const bool current = *version == known_version();
  if (current) {
    if (auto good = check_tables(*db); !good) return good.error();
  }
  Recovery recovery(*db, settings, static_cast<int>(*version));
  if (auto done = recovery.run(); !done) return done.error();
  if (auto done = migrate(*db, static_cast<int>(*version)); !done) return done.error();
  if (!current) {
    if (auto good = check_tables(*db); !good) return good.error();
  }
  auto log = recovery.log();
  if (!log) return log.error();
  if (auto done = db->run("UPDATE log_position SET clean = 0"); !done) return done.error();
  // Otherwise a power failure would show a clean stop that was not.
  if (auto done = db->sync_wal(); !done) return done.error();
  return JournalWriter::begin({std::move(*lock), std::move(*db), std::move(*log), recovery.position,
                               settings, std::move(recovery.notices)});
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

core::Result<std::unique_ptr<Journal>> open_reader(const std::string& path,
                                                   const JournalSettings& settings) {
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
  // Not query_only: what the intent log has is laid over the tables as temporary ones.
  if (auto set = db->run(kReaderSettings); !set) return set.error();
  if (auto good = check_tables(*db); !good) return good.error();
  if (auto bounded = bound_reading(*db); !bounded) return bounded.error();
  return std::unique_ptr<Journal>(
      std::make_unique<JournalReader>(std::move(*db), settings.log_files));
}

}  // namespace

core::Result<std::unique_ptr<Journal>> Journal::open(const std::string& path, Mode mode,
                                                     execution::Durability durability) {
  JournalSettings settings;
  settings.durability = durability;
  return open(path, mode, settings);
}

core::Result<std::unique_ptr<Journal>> Journal::open(const std::string& path, Mode mode,
                                                     const JournalSettings& settings) {
  const auto real = real_path(path);
  if (!real) return real.error();
  switch (mode) {
    case Mode::kReadWrite:
      return open_writer(*real, settings);
    case Mode::kReadOnly:
      return open_reader(*real, settings);
  }
  return core::invalid("no such mode");
}

}  // namespace derivd::store
