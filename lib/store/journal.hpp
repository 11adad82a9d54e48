// Owns the journal: derivd's memory on disk, an append-only history of records with the latest
// state beside it, in one SQLite file (WAL). The daemon appends from the loop thread before the
// effect of each record; derivctl opens it read-only. It never deletes and never guesses: a file
// that it cannot read is an error, not an empty journal.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"
#include "execution/record.hpp"

namespace derivd::store {

struct OrderQuery {
  std::optional<std::string> strategy;
  std::optional<core::WallTime> since;    // of the intent
  bool contracts_only = true;             // leaves out refused and absent orders
  std::optional<std::size_t> last = {};   // only so many, the latest by their intent, in its order
  core::OrderId after = {};               // only those with a higher id, for the next page
  core::OrderId upto = {};                // and with this id at most
  std::optional<std::size_t> first = {};  // only so many, the lowest ids; not together with `last`
};

/// What only the history tells, for the report.
struct History {
  std::vector<execution::HaltRecord> halts;      // every one and every lifting, in their order
  std::vector<execution::ConfigRecord> changes;  // of reloads, in their order
  /// Order → wall clock (microseconds) at which the venue's acceptance was journaled.
  std::unordered_map<std::int64_t, std::int64_t> accepted_us;
  std::int64_t were_unknown = 0;  // orders that were of unknown outcome at some time
};

class Journal {
 public:
  enum class Mode : std::uint8_t { kReadWrite, kReadOnly };
  /// Creates the file (0600) and migrates it in kReadWrite. A second writer gets kRefused:
  /// FILE-lock beside the file is locked as long as the journal is open. What is there but is no
  /// whole journal (empty, cut off, damaged, of another program, of a newer version) is kInvalid
  /// with the remedy.
  ///
  /// A reader works while a writer runs and after it. It needs to read FILE, FILE-wal and FILE-shm;
  /// after a clean stop only FILE is left, and a reader that may not create the other two beside it
  /// reads FILE alone. It never sees less than the last clean stop: where a log is there that it
  /// may not read, it gets an error.
  static core::Result<std::unique_ptr<Journal>> open(
      const std::string& path, Mode mode,
      execution::Durability durability = execution::Durability::kProcess);
  virtual ~Journal() = default;

  /// One transaction. On return it survives a crash of this process (WAL, synchronous=NORMAL), and
  /// with Durability::kPower a crash of the machine, too (synchronous=FULL: the log is synced).
  virtual core::Result<void> append(const execution::Record& record) = 0;
  virtual core::Result<execution::Snapshot> load() = 0;
  /// A list that can be reckoned with: sums of its amounts fit 64 bits, times are dates. Otherwise
  /// kInvalid, as for a row that no version of derivd wrote.
  virtual core::Result<std::vector<execution::Order>> orders(const OrderQuery& query) = 0;
  virtual core::Result<std::vector<execution::HaltRecord>> halts() = 0;  // in force
  virtual core::Result<std::optional<execution::BalanceRecord>> last_balance() = 0;
  /// Reads the whole history: for derivctl, never for the daemon. A journal without one is empty.
  virtual core::Result<History> history() { return History{}; }
  /// The latest of each, newest first: halts and their ends of a strategy and of the account, and
  /// changes of the configuration.
  virtual core::Result<std::vector<execution::HaltRecord>> halt_history(std::string_view strategy,
                                                                        std::size_t last) = 0;
  virtual core::Result<std::vector<execution::ConfigRecord>> config_changes(std::size_t last) = 0;
  /// Truncates the WAL; called at a clean stop and off the hot path. In between append() keeps the
  /// WAL to some 8 MiB (32 MiB at most) by itself, at 10 to 30 ms each time, never behind an intent
  /// unless it must. Errors of append(): kIo (full disk, read-only, …); the record is not kept
  /// then.
  virtual core::Result<void> checkpoint() = 0;
};

}  // namespace derivd::store
