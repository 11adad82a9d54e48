#include "store/row_code.hpp"

#include <algorithm>
#include <array>

#include "core/check.hpp"
#include "store/rows.hpp"

namespace derivd::store {
namespace {

constexpr std::uint8_t kNullByte = 0;
constexpr std::uint8_t kIntegerByte = 1;
constexpr std::uint8_t kTextByte = 2;
/// A table has fewer columns.
constexpr int kMaxColumns = 255;

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
/// A number's bytes at most.
constexpr std::size_t kMaxNumber = 10;

std::size_t number_bytes(std::uint64_t value, std::array<char, kMaxNumber>& bytes) {
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7) bytes[size++] = static_cast<char>(value | 0x80);
  bytes[size++] = static_cast<char>(value);
  return size;
}

void put_number(std::string& out, std::uint64_t value) {
  std::array<char, kMaxNumber> bytes;
  out.append(bytes.data(), number_bytes(value, bytes));
}

bool take_number(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

/// Small numbers of both signs become small ones: 0, -1, 1, -2, …
std::uint64_t folded(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
std::int64_t unfolded(std::uint64_t v) {
  return static_cast<std::int64_t>((v >> 1) ^ (~(v & 1) + 1));
}

void put_known_money(RowWriter& row, core::Money money) {
  row.integer(money.units());
  row.integer(money.exponent());
}

void put_row(std::string& out, const execution::OrderRecord& r) {
  RowWriter row(out, RowKind::kOrder);
  put_order(row, r.order);
}
void put_row(std::string& out, const execution::HaltRecord& r) {
  RowWriter row(out, RowKind::kHalt);
  row.text(r.strategy.view());
  row.integer(r.halted ? 1 : 0);
  row.text(r.kind.view());
  row.text(r.reason.view());
  row.integer(r.wall.us);
  row.integer(r.venue.s);
}
void put_row(std::string& out, const execution::StrategyRecord& r) {
  RowWriter row(out, RowKind::kStrategy);
  row.text(r.strategy.view());
  row.integer(r.session);
  put_known_money(row, r.realised);
  put_known_money(row, r.peak);
  row.text(r.counters);
  row.text(r.staking);
  row.text(r.guards);
}
void put_row(std::string& out, const execution::DayRecord& r) {
  RowWriter row(out, RowKind::kDay);
  row.integer(r.day);
  put_known_money(row, r.settled_profit);
  row.integer(r.trades);
}
void put_row(std::string& out, const execution::BalanceRecord& r) {
  RowWriter row(out, RowKind::kBalance);
  row.integer(r.wall.us);
  row.integer(r.venue.s);
  put_known_money(row, r.balance);
  row.text(r.account.view());
  row.text(r.currency.view());
}
void put_row(std::string& out, const execution::SessionRecord& r) {
  RowWriter row(out, RowKind::kSession);
  row.integer(r.wall.us);
  row.text(r.account.view());
  row.text(r.state.view());
  row.text(r.reason.view());
}
void put_row(std::string& out, const execution::ConfigRecord& r) {
  RowWriter row(out, RowKind::kConfig);
  row.integer(r.wall.us);
  row.integer(r.venue.s);
  row.text(r.key);
  row.text(r.before);
  row.text(r.after);
  row.text(r.taken.view());
}

}  // namespace

RowWriter::RowWriter(std::string& out, RowKind kind) : out_(out) {
  out_ += static_cast<char>(kind);
  count_at_ = out_.size();
  out_ += '\0';
}
RowWriter::~RowWriter() {
  DERIVD_CHECK(count_ <= kMaxColumns, "a row has more columns than its count can say");
  out_[count_at_] = static_cast<char>(count_);
}
void RowWriter::null() {
  out_ += static_cast<char>(kNullByte);
  ++count_;
}
void RowWriter::integer(std::int64_t value) {
  out_ += static_cast<char>(kIntegerByte);
  put_number(out_, folded(value));
  ++count_;
}
void RowWriter::text(std::string_view value) {
  out_ += static_cast<char>(kTextByte);
  put_number(out_, value.size());
  out_ += value;
  ++count_;
}

void RowWriter::end_text(std::size_t at) {
  std::array<char, 1 + kMaxNumber> head{static_cast<char>(kTextByte)};
  std::array<char, kMaxNumber> number;
  const auto size = number_bytes(out_.size() - at, number);
  std::copy_n(number.begin(), size, head.begin() + 1);
  out_.insert(at, head.data(), 1 + size);
  ++count_;
}

void put_record(std::string& out, const execution::Record& record) {
  std::visit([&](const auto& r) { put_row(out, r); }, record);
}

bool take_row(std::string_view& bytes, Row& row) {
  if (bytes.size() < 2) return false;
  row.kind = static_cast<RowKind>(bytes[0]);
  const auto count = static_cast<unsigned char>(bytes[1]);
  bytes.remove_prefix(2);
  row.values.clear();
  for (int i = 0; i < count; ++i) {
    if (bytes.empty()) return false;
    const auto type = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    RowValue value;
    std::uint64_t number = 0;
    if (type != kNullByte && !take_number(bytes, number)) return false;
    if (type == kIntegerByte) {
      value.type = RowValue::Type::kInteger;
      value.integer = unfolded(number);
    } else if (type == kTextByte) {
      if (number > bytes.size()) return false;
      value.type = RowValue::Type::kText;
      value.text = bytes.substr(0, number);
      bytes.remove_prefix(number);
    } else if (type != kNullByte) {
      return false;
    }
    row.values.push_back(value);
  }
  return true;
}

}  // namespace derivd::store
