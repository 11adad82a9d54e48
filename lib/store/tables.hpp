// Owns the way of an event of the intent log into SQLite's tables, live, at recovery and for a
// reader's view. It puts rows in by the place of their columns, so that the log of an older schema
// still fits the tables of that schema. It never begins or ends a transaction.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "store/intent_log.hpp"
#include "store/row_code.hpp"
#include "store/sqlite.hpp"

namespace derivd::store {

class EventTables final {
 public:
  /// Into the journal itself.
  static core::Result<EventTables> of_journal(const Database& db);
  /// Into temporary tables, with views over them that stand in the place of the journal's tables:
  /// a query by the tables' names sees both. Only on a connection that reads; gone with drop_tail.
  static core::Result<EventTables> as_tail(const Database& db);
  static core::Result<void> drop_tail(const Database& db);

  /// All rows of one event. kInvalid: a row that does not fit its table.
  core::Result<void> apply(const LogFrame& frame);

 private:
  static constexpr std::size_t kKinds = 8;
  struct Target {
    Statement insert;
    int columns = 0;  // of the record
    bool numbered = false;
  };
  explicit EventTables(const Database& db) : db_(&db) {}
  core::Result<void> prepare(bool tail);
  core::Result<void> insert(Target& target, const LogFrame& frame);
  core::Result<void> insert_step(const LogFrame& frame);

  const Database* db_;
  std::array<Target, kKinds> targets_;
  Statement step_;
  std::array<std::size_t, 4> step_columns_{};  // of an order's row: id, state, contract_id, reason
  std::int64_t tail_seq_ = 0;                  // 0: the tables number their rows themselves
  Row row_;
};

}  // namespace derivd::store
