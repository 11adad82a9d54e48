// Owns every question to the journal: SQL over its tables, with the events that only the intent log
// has added to them. derivctl reads with it, and the daemon through its writer. It changes nothing
// on disk.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/journal.hpp"
#include "store/sqlite.hpp"

namespace derivd::store {

/// Where the tables stand in the order of events; the one row of log_position.
struct LogPosition {
  std::uint64_t journal = 0;
  std::uint64_t applied = 0;  // all events up to this number are in the tables
  bool clean = true;          // no log is needed: a clean stop came after the last event
};
core::Result<LogPosition> read_position(const Database& db);
/// The journal at `path` has events up to `applied`, its log only those from `oldest` on.
core::Error older_than_log(const std::string& path, std::uint64_t applied, std::uint64_t oldest);

/// Of a connection that reads. What the intent log has is laid over the tables as temporary ones.
inline constexpr const char* kReaderSettings =
    "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON";

class JournalReader final : public Journal {
 public:
  using Journal::append;
  /// `db` is of the current version. `log_files` opens the intent log.
  JournalReader(Database db, LogFiles log_files);
  JournalReader(const JournalReader&) = delete;
  JournalReader& operator=(const JournalReader&) = delete;

  core::Result<void> append(std::span<const execution::Record> event) override;
  core::Result<execution::Snapshot> load() override;
  core::Result<std::vector<execution::Order>> orders(const OrderQuery& query) override;
  core::Result<Books> books(const OrderQuery& query) override;
  core::Result<Sums> sums() override;
  core::Result<std::vector<execution::HaltRecord>> halts() override;
  core::Result<std::optional<execution::BalanceRecord>> last_balance() override;
  core::Result<History> history() override;
  core::Result<std::vector<execution::HaltRecord>> halt_history(std::string_view strategy,
                                                                std::size_t last) override;
  core::Result<std::vector<execution::ConfigRecord>> config_changes(std::size_t last) override;
  core::Result<void> checkpoint() override;
  /// That the last events may be missing: a start refuses what a reader shows as far as it goes.
  std::vector<std::string> take_notices() override;
  core::Result<void> check() override;

 private:
  using Halts = core::Result<std::vector<execution::HaltRecord>>;

  /// One moment of the journal: a read transaction, and the log's tail over it.
  core::Result<void> begin_view();
  core::Result<bool> lay_tail(bool last_try);
  void end_view();
  void notice(std::string text);
  template <class Query>
  auto in_view(Query query) -> decltype(query()) {
    if (auto begun = begin_view(); !begun) return begun.error();
    auto out = query();
    end_view();
    return out;
  }

  core::Result<execution::Snapshot> load_tables();
  core::Result<std::vector<execution::Order>> read_orders(Statement& statement);
  core::Result<std::vector<execution::Order>> find_orders(const OrderQuery& query);
  core::Result<Books> find_books(const OrderQuery& query);
  core::Result<Sums> read_sums();
  Halts halts_in_force();
  Halts read_halts(Statement& statement);
  Halts read_halts(std::string_view which);
  core::Result<std::vector<execution::StrategyRecord>> read_strategies();
  core::Result<std::optional<execution::DayRecord>> read_day();
  core::Result<std::vector<core::ContractId>> read_claims(const std::vector<execution::Order>& open,
                                                          std::size_t strategies);
  core::Result<std::optional<execution::BalanceRecord>> read_balance();
  core::Result<History> read_history();
  core::Result<std::vector<execution::ConfigRecord>> read_changes(std::size_t last);
  core::Error bad_row(std::string_view table, const core::Error& e) const;
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

  Database db_;
  LogFiles log_files_;
  bool has_tail_ = false;
  std::optional<std::string> notice_;
  bool told_ = false;
};

}  // namespace derivd::store
