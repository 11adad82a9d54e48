// Owns what store.keep removes from the journal's tables: orders that are final for longer than
// that, with their steps, and accounts of balances and sessions as old. The journal's writer calls
// it on its own thread. It never removes what a start, a reconciliation or a total needs, and what
// it removed of settled trades stays in their sums.
#pragma once

#include <cstdint>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "store/journal.hpp"
#include "store/sqlite.hpp"

namespace derivd::store {

/// Contracts of each strategy, of the latest, that a start knows as ours (Snapshot::claims).
inline constexpr std::size_t kClaimsEach = 64;
inline constexpr std::size_t kClaimsAtMost = 4096;
/// Contracts that were bought within two minutes of an order whose outcome is not known have
/// numbers not far from its own: its window is half a minute, an order takes some milliseconds.
inline constexpr std::int64_t kClaimsAround = 256;
/// How many of the latest contracts those are.
std::int64_t claims_of(std::size_t strategies);

/// Removes rows of before a time, a bounded number of them in one transaction.
class Retention final {
 public:
  /// Steps of orders that one transaction looks at. Some 85 trades: a few milliseconds.
  static constexpr int kStepsATransaction = 256;

  explicit Retention(const Database& db) : db_(&db) {}

  /// What is older than this goes, from the oldest on, in the calls of step() that follow. Wall
  /// clock of the machine, as rows have it.
  void begin(core::WallTime before);
  bool has_work() const { return table_ != kTables; }
  void end() { table_ = kTables; }
  /// One transaction. An error has changed nothing: the next call tries the same again.
  core::Result<void> step();

 private:
  static constexpr std::size_t kTables = 4;
  core::Result<void> in_transaction();
  core::Result<std::int64_t> kept_from() const;
  core::Result<bool> remove_orders(const char* steps);
  core::Result<void> remove_order(std::int64_t id, std::int64_t kept_from);
  core::Result<bool> remove_rows(const char* table);

  const Database* db_;
  core::WallTime before_;
  std::size_t table_ = kTables;  // the one that is gone through; kTables: none
  std::int64_t passed_ = 0;      // rows up to this number have been looked at
};

/// The sums of what was removed, by strategy. kInvalid: sums that no derivd wrote.
core::Result<std::vector<RemovedTrades>> read_removed(const Database& db);

}  // namespace derivd::store
