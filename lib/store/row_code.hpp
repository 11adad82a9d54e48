// Owns the bytes of the journal's records in the intent log: each record is a row, the values of
// one table's columns in their order. The writer encodes a record, tables.cpp puts the row into
// SQLite, live as at recovery. It never takes a default for what it cannot read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "execution/record.hpp"

namespace derivd::store {

/// In the log for good: a number is never given another meaning.
enum class RowKind : std::uint8_t {
  kOrder = 1,
  kHalt = 2,
  kStrategy = 3,
  kDay = 4,
  kBalance = 5,
  kSession = 6,
  kConfig = 7,
};

class RowWriter final {
 public:
  RowWriter(std::string& out, RowKind kind);
  ~RowWriter();
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;
  void null();
  void integer(std::int64_t value);
  void text(std::string_view value);
  /// The text that write(std::string& out) appends to `out`, without a string of its own.
  template <class Write>
  void text_from(Write write) {
    const auto at = out_.size();
    write(out_);
    end_text(at);
  }
  int count() const { return count_; }

 private:
  void end_text(std::size_t at);  // where its first byte is

  std::string& out_;
  std::size_t count_at_;
  int count_ = 0;
};

/// Appends the row of a record.
void put_record(std::string& out, const execution::Record& record);

struct RowValue {
  enum class Type : std::uint8_t { kNull, kInteger, kText } type = Type::kNull;
  std::int64_t integer = 0;
  std::string_view text;  // of the bytes that are read
};

struct Row {
  RowKind kind = RowKind::kOrder;
  std::vector<RowValue> values;
};

/// Takes one row from the front of `bytes`. False: these are no rows that a derivd wrote.
bool take_row(std::string_view& bytes, Row& row);

}  // namespace derivd::store
