#include "store/tables.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace derivd::store {
namespace {

struct Table {
  RowKind kind;
  std::string_view name;
  std::string_view key;  // rows of the same key replace each other; empty: a history
  /// What stands before the record's own columns: a number and the time, the time, or nothing.
  enum class Lead : std::uint8_t { kSeqAndTime, kTime, kNothing } lead;
  bool numbered_by_event = false;  // `seq` is the event's number
};

constexpr std::array kTargets{
    Table{RowKind::kOrder, "orders", "id", Table::Lead::kNothing},
    Table{RowKind::kHalt, "halts", "", Table::Lead::kSeqAndTime},
    Table{RowKind::kStrategy, "strategies_now", "strategy", Table::Lead::kTime},
    Table{RowKind::kDay, "days", "day", Table::Lead::kSeqAndTime, true},
    Table{RowKind::kBalance, "balances", "", Table::Lead::kSeqAndTime},
    Table{RowKind::kSession, "sessions", "", Table::Lead::kSeqAndTime},
    Table{RowKind::kConfig, "config_changes", "", Table::Lead::kSeqAndTime},
};
constexpr std::string_view kOrderSteps = "order_steps";
constexpr std::array<std::string_view, 4> kStepColumns{"id", "state", "contract_id", "reason"};
/// The rows of a tail follow all rows of the journal.
constexpr std::int64_t kTailSeq = std::int64_t{1} << 62;

/// Parameter 1 is the number, 2 the time, the record's columns follow.
std::string insert_into(std::string_view table, Table::Lead lead, int columns) {
  std::string values = lead == Table::Lead::kSeqAndTime ? "?1,?2"
                       : lead == Table::Lead::kTime     ? "?2"
                                                        : "";
  for (int i = 0; i < columns; ++i)
    values += fmt::format("{}?{}", values.empty() ? "" : ",", i + 3);
  return fmt::format("INSERT OR REPLACE INTO {} VALUES({})", table, values);
}

int lead_columns(Table::Lead lead) {
  return lead == Table::Lead::kSeqAndTime ? 2 : lead == Table::Lead::kTime ? 1 : 0;
}

core::Result<void> make_tail_table(const Database& db, std::string_view name,
                                   std::string_view key) {
  auto sql = fmt::format("CREATE TEMP TABLE tail_{0} AS SELECT * FROM main.{0} WHERE 0;", name);
  if (!key.empty())
    sql += fmt::format("CREATE UNIQUE INDEX temp.by_{0} ON tail_{0}({1});", name, key);
  const auto replaced =
      key.empty() ? std::string{}
                  : fmt::format(" WHERE {1} NOT IN (SELECT {1} FROM temp.tail_{0})", name, key);
  sql += fmt::format(
      "CREATE TEMP VIEW {0} AS SELECT * FROM main.{0}{1} UNION ALL SELECT * FROM temp.tail_{0};",
      name, replaced);
  return db.run(sql.c_str());
}

}  // namespace

core::Result<EventTables> EventTables::of_journal(const Database& db) {
  EventTables out(db);
  if (auto done = out.prepare(false); !done) return done.error();
  return out;
}

core::Result<EventTables> EventTables::as_tail(const Database& db) {
  for (const auto& table : kTargets) {
    if (auto done = make_tail_table(db, table.name, table.key); !done) return done.error();
  }
  if (auto done = make_tail_table(db, kOrderSteps, ""); !done) return done.error();
  EventTables out(db);
  out.tail_seq_ = kTailSeq;
  if (auto done = out.prepare(true); !done) return done.error();
  return out;
}

core::Result<void> EventTables::drop_tail(const Database& db) {
  std::string sql;
  const auto drop = [&](std::string_view name) {
    sql += fmt::format("DROP VIEW IF EXISTS temp.{0}; DROP TABLE IF EXISTS temp.tail_{0};", name);
  };
  for (const auto& table : kTargets) drop(table.name);
  drop(kOrderSteps);
  return db.run(sql.c_str());
}

core::Result<void> EventTables::prepare(bool tail) {
  const auto place = [&](std::string_view name) {
    return fmt::format("{}{}", tail ? "temp.tail_" : "main.", name);
  };
  for (const auto& table : kTargets) {
    auto shape = db_->prepare(fmt::format("SELECT * FROM main.{} LIMIT 0", table.name));
    if (!shape) return shape.error();
    auto& target = targets_[static_cast<std::size_t>(table.kind)];
    target.columns = sqlite3_column_count(shape->get()) - lead_columns(table.lead);
    target.numbered = table.numbered_by_event;
    auto insert = db_->prepare(insert_into(place(table.name), table.lead, target.columns));
    if (!insert) return insert.error();
    target.insert = std::move(*insert);
    if (table.kind != RowKind::kOrder) continue;
    for (int i = 0; i < target.columns; ++i) {
      const std::string_view name = sqlite3_column_name(shape->get(), i);
      const auto* at = std::ranges::find(kStepColumns, name);
      if (at == kStepColumns.end()) continue;
      step_columns_[static_cast<std::size_t>(at - kStepColumns.begin())] =
          static_cast<std::size_t>(i);
    }
  }
  auto step =
      db_->prepare(insert_into(place(kOrderSteps), Table::Lead::kSeqAndTime, kStepColumns.size()));
  if (!step) return step.error();
  step_ = std::move(*step);
  return {};
}

namespace {

void bind(Statement& statement, int index, const RowValue& value) {
  switch (value.type) {
    case RowValue::Type::kNull:
      return statement.bind_null(index);
    case RowValue::Type::kInteger:
      return statement.bind(index, value.integer);
    case RowValue::Type::kText:
      return statement.bind(index, value.text);
  }
}

}  // namespace

core::Result<void> EventTables::insert(Target& target, const LogFrame& frame) {
  auto& s = target.insert;
  // Not every table has both; SQLite refuses a parameter that the statement lacks, which is fine.
  if (target.numbered) {
    s.bind(1, static_cast<std::int64_t>(frame.seq));
  } else if (tail_seq_ != 0) {
    s.bind(1, tail_seq_++);
  } else {
    s.bind_null(1);
  }
  s.bind(2, frame.written_us);
  for (std::size_t i = 0; i < row_.values.size(); ++i) {
    bind(s, static_cast<int>(i) + 3, row_.values[i]);
  }
  return db_->step(s, "cannot write");
}

core::Result<void> EventTables::insert_step(const LogFrame& frame) {
  if (tail_seq_ != 0) {
    step_.bind(1, tail_seq_++);
  } else {
    step_.bind_null(1);
  }
  step_.bind(2, frame.written_us);
  for (std::size_t i = 0; i < step_columns_.size(); ++i) {
    bind(step_, static_cast<int>(i) + 3, row_.values[step_columns_[i]]);
  }
  return db_->step(step_, "cannot write");
}

core::Result<void> EventTables::apply(const LogFrame& frame) {
  auto bytes = frame.payload;
  while (!bytes.empty()) {
    const bool whole = take_row(bytes, row_);
    const auto kind = static_cast<std::size_t>(row_.kind);
    if (!whole || kind >= kKinds || targets_[kind].columns == 0 ||
        row_.values.size() != static_cast<std::size_t>(targets_[kind].columns)) {
      return core::invalid(fmt::format(
          "{}: event {} of its intent log does not fit its tables; the log is damaged or of "
          "another derivd: start the version that wrote it",
          db_->path(), frame.seq));
    }
    if (auto done = insert(targets_[kind], frame); !done) return done;
    if (row_.kind != RowKind::kOrder) continue;
    if (auto done = insert_step(frame); !done) return done;
  }
  return {};
}

}  // namespace derivd::store
