// Owns the translation between records and rows: exact both ways. The journal binds and reads
// through it. It never takes a default for a value that it cannot read: such a row is an error.
#pragma once

#include <optional>
#include <string>

#include "core/result.hpp"
#include "execution/record.hpp"
#include "store/row_code.hpp"
#include "store/sqlite.hpp"

namespace derivd::store {

/// The values of the columns kOrderColumns, in their order.
void put_order(RowWriter& row, const execution::Order& order);
core::Result<execution::Order> read_order(const Statement& statement, int first);

core::Result<core::Money> read_money(const Statement& statement, int column);

template <std::size_t N>
core::Result<core::ShortString<N>> read_short(const Statement& statement, int column) {
  const auto text = statement.text(column);
  if (!core::ShortString<N>::fits(text)) return core::invalid("a text is too long");
  return core::ShortString<N>(text);
}

}  // namespace derivd::store
