#include "store/sqlite.hpp"

#include <fmt/format.h>

#include <cstring>

namespace derivd::store {
namespace {

std::string_view remedy(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "; the disk is full: make room (df)";
    case SQLITE_READONLY:
      return "; the file or its directory is not writable: check its owner";
    case SQLITE_CANTOPEN:
      return "; check that the directory exists and who may use it";
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "; check the owner and the mode of the file";
    case SQLITE_NOTADB:
      return "; this is not a journal of derivd: restore it from a backup, or move it away to "
             "begin "
             "a new one";
    case SQLITE_CORRUPT:
      return "; the file is damaged: restore it from a backup ('sqlite3 FILE .recover' reads what "
             "is left), or move it away to begin a new one";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "; another program holds the file locked: close it";
    case SQLITE_INTERRUPT:
    case SQLITE_TOOBIG:
      return "; it asks for more work than a journal of its size can: the file is damaged, restore "
             "it from a backup";
    case SQLITE_IOERR:
      return "; the disk failed or is full: look at 'dmesg' and 'df'";
    default:
      return "";
  }
}

}  // namespace

core::Error sqlite_error(const std::string& path, std::string_view what, int code,
                         const char* message) {
  const int primary = code & 0xff;
  const auto kind = primary == SQLITE_NOTADB || primary == SQLITE_CORRUPT ||
                            primary == SQLITE_INTERRUPT || primary == SQLITE_TOOBIG
                        ? core::ErrorKind::kInvalid
                        : core::ErrorKind::kIo;
  return {kind, fmt::format("{}: {}: {}{}", path, what, message, remedy(code))};
}

core::Result<Database> Database::open(const std::string& target, int flags,
                                      const std::string& path) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(target.c_str(), &raw, flags | SQLITE_OPEN_EXRESCODE, nullptr);
  Database db(raw, path);
  if (code != SQLITE_OK) {
    return sqlite_error(path, "cannot open", code,
                        raw == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(raw));
  }
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, kMaxValue);
  return db;
}

void Database::bound_work(std::int64_t steps) {
  constexpr int kCountEvery = 1000;
  steps_left_ = std::make_unique<std::int64_t>(steps);
  sqlite3_progress_handler(
      get(), kCountEvery,
      [](void* left) {
        auto& steps_left = *static_cast<std::int64_t*>(left);
        steps_left -= kCountEvery;
        return steps_left < 0 ? 1 : 0;
      },
      steps_left_.get());
}

core::Error Database::error(std::string_view what, int code) const {
  const int system_error = sqlite3_system_errno(get());
  auto message = std::string(sqlite3_errmsg(get()));
  if ((code & 0xff) == SQLITE_IOERR && system_error != 0) {
    message += fmt::format(" ({})", std::strerror(system_error));
  }
  return sqlite_error(path_, what, code, message.c_str());
}

core::Error Database::error(std::string_view what) const {
  return error(what, sqlite3_extended_errcode(get()));
}

core::Result<void> Database::run(const char* sql) const {
  const int code = sqlite3_exec(get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error("cannot use", code);
  return {};
}

core::Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return error("cannot read", code);
  return Statement(raw);
}

core::Result<std::int64_t> Database::number(std::string_view sql) const {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  const int code = sqlite3_step(statement->get());
  if (code != SQLITE_ROW) return error("cannot read", code);
  return statement->integer(0);
}

core::Result<void> Database::step(Statement& statement, std::string_view what) const {
  const int code = sqlite3_step(statement.get());
  if (code != SQLITE_DONE && code != SQLITE_ROW) {
    auto failure = error(what, code);
    sqlite3_reset(statement.get());
    return failure;
  }
  sqlite3_reset(statement.get());
  return {};
}

// It is in the WAL or in the file, and a checkpoint syncs before it takes anything out of the WAL.
// The first sync of a new WAL syncs its directory as well (os_unix.c, UNIXFILE_DIRSYNC).
core::Result<void> Database::sync_wal() const {
  sqlite3_file* wal = nullptr;
  if (const int code = sqlite3_file_control(get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
      code != SQLITE_OK) {
    return error("cannot sync", code);
  }
  if (wal == nullptr || wal->pMethods == nullptr) return {};  // nothing was written since it began
  // After a clean stop there is nothing in it, and a start need not wait for the disk: whoever empties
  // a WAL has synced the file before (sqlite.org/wal.html, "Checkpointing").
  sqlite3_int64 size = 0;
  if (wal->pMethods->xFileSize(wal, &size) == SQLITE_OK && size == 0) return {};
  const int code = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
  if (code != SQLITE_OK) return error("cannot sync", code);
  return {};
}

}  // namespace derivd::store
