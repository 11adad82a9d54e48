// Owns the few lines between SQLite's C interface and the journal: a connection, a statement, and
// the turning of result codes into errors that name the file and the remedy. Only store/ uses it,
// on one thread. It never throws and never retries beyond SQLite's own busy timeout.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace derivd::store {

/// Another process keeps the file locked for moments only (a reader's checkpoint, a backup).
inline constexpr int kBusyTimeoutMs = 1000;

/// Bytes of one value or row, and of a statement. The longest of ours is the state of a strategy,
/// some kilobytes.
inline constexpr int kMaxValue = 4 << 20;

/// "FILE: what: SQLite's words; remedy".
core::Error sqlite_error(const std::string& path, std::string_view what, int code,
                         const char* message);

class Statement final {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
  sqlite3_stmt* get() const { return handle_.get(); }

  void bind(int index, std::int64_t value) { sqlite3_bind_int64(get(), index, value); }
  void bind_null(int index) { sqlite3_bind_null(get(), index); }
  /// Not copied: the text must live until the statement has run.
  void bind(int index, std::string_view text) {
    // An empty view may have no address, which SQLite would take for NULL.
    sqlite3_bind_text(get(), index, text.empty() ? "" : text.data(), static_cast<int>(text.size()),
                      SQLITE_STATIC);
  }
  bool is_null(int column) const { return sqlite3_column_type(get(), column) == SQLITE_NULL; }
  std::int64_t integer(int column) const { return sqlite3_column_int64(get(), column); }
  std::string_view text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(get(), column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(get(), column))};
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Database final {
 public:
  /// `target` is a path or a file: URI; `path` is what errors name.
  static core::Result<Database> open(const std::string& target, int flags, const std::string& path);

  /// From here on statements end with SQLITE_INTERRUPT once they have done so many steps together
  /// (sqlite.org/opcode.html).
  void bound_work(std::int64_t steps);

  sqlite3* get() const { return handle_.get(); }
  const std::string& path() const { return path_; }
  core::Error error(std::string_view what, int code) const;
  core::Error error(std::string_view what) const;
  /// One or more statements without parameters.
  core::Result<void> run(const char* sql) const;
  core::Result<Statement> prepare(std::string_view sql) const;
  /// First column of the first row; an error when there is none.
  core::Result<std::int64_t> number(std::string_view sql) const;
  /// Runs a statement that gives no rows, and makes it ready for its next use.
  core::Result<void> step(Statement& statement, std::string_view what) const;
  /// What was committed survives the death of the machine.
  core::Result<void> sync_wal() const;

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  Database(sqlite3* db, std::string path) : handle_(db), path_(std::move(path)) {}
  std::unique_ptr<std::int64_t> steps_left_;  // at one place, which SQLite knows
  std::unique_ptr<sqlite3, Close> handle_;
  std::string path_;
};

}  // namespace derivd::store
