// Owns the journal: derivd's memory on disk, an append-only history with the latest state beside
// it. An event is in the intent log (FILE-intents) before its effect, and in SQLite (FILE, WAL)
// soon after it, by a thread of the journal. The daemon appends from the loop thread; derivctl
// opens it read-only. It removes only what store.keep lets go, and never guesses: a file that it
// cannot read is an error, not an empty journal. docs/journal.md tells the files, their order and
// what a start does with them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"
#include "execution/record.hpp"
#include "store/intent_log.hpp"

namespace derivd::store {

struct OrderQuery {
  std::optional<std::string> strategy = {};
  std::optional<core::WallTime> since = {};  // of the intent
  bool contracts_only = true;                // leaves out refused and absent orders
  std::optional<std::size_t> last = {};   // only so many, the latest by their intent, in its order
  core::OrderId after = {};               // only those with a higher id, for the next page
  core::OrderId upto = {};                // and with this id at most
  std::optional<std::size_t> first = {};  // only so many, the lowest ids; not together with `last`
};

/// Sums of the settled trades of one strategy that store.keep has removed.
struct RemovedTrades {
  core::Name strategy;
  std::int64_t trades = 0, won = 0, lost = 0;  // the others broke even
  core::Money stakes, profit;
  core::WallTime first, last;  // of their intents
  friend bool operator==(const RemovedTrades&, const RemovedTrades&) = default;
};

/// Orders, and what was removed before them, of one moment.
struct Books {
  std::vector<execution::Order> orders;
  std::vector<RemovedTrades> removed;  // by strategy
};

/// Of all orders together, also of those that were removed: for a paper account, whose balance is
/// what its journal says.
struct Sums {
  core::Money profit;  // of settled orders
  core::ContractId last_contract;
  core::TransactionId last_transaction;
};

/// What only the history tells, for the report.
struct History {
  std::vector<execution::HaltRecord> halts;      // every one and every lifting, in their order
  std::vector<execution::ConfigRecord> changes;  // of reloads, in their order
  /// Order → wall clock (microseconds) at which the venue's acceptance was journaled.
  std::unordered_map<std::int64_t, std::int64_t> accepted_us;
  std::int64_t were_unknown = 0;  // orders that were of unknown outcome at some time
};

/// How the writer works. The defaults are the daemon's, but for the durability.
struct JournalSettings {
  execution::Durability durability = execution::Durability::kProcess;
  /// So long a program may keep the file locked (a shell, a backup) before append() fails.
  core::Duration lock_patience = std::chrono::seconds(30);
  /// From an event that nothing is sent behind to its transaction: one for what comes meanwhile.
  core::Duration linger = std::chrono::milliseconds(200);
  /// False: no thread; catch_up() and checkpoint() alone write to SQLite. For tests.
  bool background = true;
  std::uint32_t log_region_bytes = kLogRegionBytes;
  LogFiles log_files = open_log_file;
};

class Journal {
 public:
  enum class Mode : std::uint8_t { kReadWrite, kReadOnly };
  /// Creates the files (0600), brings what the last run left in the intent log into SQLite and
  /// migrates the tables in kReadWrite. A second writer gets kRefused: FILE-lock beside the file is
  /// locked as long as the journal is open. What is there but is no whole journal (empty, cut off,
  /// damaged, of another program, of a newer version, without its log) is kInvalid with the remedy.
  /// The check of the pages is bounded: check() does all of them.
  ///
  /// A reader works while a writer runs and after it. It needs to read FILE, FILE-wal, FILE-shm and
  /// FILE-intents; after a clean stop FILE is enough, and a reader that may not create the others
  /// beside it reads FILE alone. It sees every event that was appended, also what only the intent
  /// log has; where a log is there that it may not read, it gets an error.
  static core::Result<std::unique_ptr<Journal>> open(
      const std::string& path, Mode mode,
      execution::Durability durability = execution::Durability::kProcess);
  static core::Result<std::unique_ptr<Journal>> open(const std::string& path, Mode mode,
                                                     const JournalSettings& settings);
  virtual ~Journal() = default;

  /// The records of one event, all of them or none. On return they survive a crash of this process,
  /// and with Durability::kPower a crash of the machine, too. One write to the intent log, with
  /// kPower one sync; never waits for SQLite unless a megabyte waits for it. kIo when the log
  /// cannot be written (the event may or may not be kept then), when SQLite could not take what was
  /// appended before (a full disk), or a program has kept the file locked for too long: from then
  /// on every append fails.
  virtual core::Result<void> append(std::span<const execution::Record> event) = 0;
  core::Result<void> append(const execution::Record& record) { return append({&record, 1}); }
  virtual core::Result<execution::Snapshot> load() = 0;
  /// A list that can be reckoned with: sums of its amounts fit 64 bits, times are dates. Otherwise
  /// kInvalid, as for a row that no version of derivd wrote.
  virtual core::Result<std::vector<execution::Order>> orders(const OrderQuery& query) = 0;
  /// The same with the sums of what is no longer there. `query` does not choose among those.
  virtual core::Result<Books> books(const OrderQuery& query);
  /// Reads every order by the way, in a bounded memory.
  virtual core::Result<Sums> sums();
  virtual core::Result<std::vector<execution::HaltRecord>> halts() = 0;  // in force
  virtual core::Result<std::optional<execution::BalanceRecord>> last_balance() = 0;
  /// Reads the whole history: for derivctl, never for the daemon. A journal without one is empty.
  virtual core::Result<History> history() { return History{}; }
  /// The latest of each, newest first: halts and their ends of a strategy and of the account, and
  /// changes of the configuration.
  virtual core::Result<std::vector<execution::HaltRecord>> halt_history(std::string_view strategy,
                                                                        std::size_t last) = 0;
  virtual core::Result<std::vector<execution::ConfigRecord>> config_changes(std::size_t last) = 0;
  /// Brings all that was appended into SQLite, on the caller's thread.
  virtual core::Result<void> catch_up() { return {}; }
  /// The same, and truncates the WAL; called at a clean stop. In between the journal's thread keeps
  /// the WAL to some 4 MiB by itself.
  virtual core::Result<void> checkpoint() = 0;
  /// Removes what nothing needs any more of orders that were final before this time, and of
  /// balances and sessions from before it: little by little, by the journal's thread, when nothing
  /// waits to be written; without a thread at once. A failure is told by take_notices() and stops
  /// nothing.
  virtual void keep_from(core::WallTime) {}
  /// What people should hear of since the last call: what was found at the start, a program that
  /// keeps the file locked.
  virtual std::vector<std::string> take_notices() { return {}; }
  /// Reads every page: for `derivctl doctor`.
  virtual core::Result<void> check() { return {}; }
};

}  // namespace derivd::store
