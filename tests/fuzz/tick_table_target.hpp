// What the fuzz target of tick files asks of any bytes in any form; a unit test asks the same of
// the committed corpus and of changed copies of it, in every build.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/check.hpp"
#include "store/tick_csv.hpp"
#include "store/tick_table.hpp"

namespace derivd::fuzz {

inline store::TickFormat tick_format(unsigned char a, unsigned char b) {
  using Unit = store::TickFormat::Unit;
  constexpr char kSeparators[] = {',', ';', '\t', ' ', '|'};
  constexpr Unit kUnits[] = {Unit::kSeconds, Unit::kMillis, Unit::kMicros,
                             Unit::kNanos,   Unit::kIso,    Unit::kIsoUtc};
  store::TickFormat format;
  format.separator = kSeparators[a % 5];
  format.unit = kUnits[a / 5 % 6];
  format.header = b % 2 == 0;
  format.decimal_comma = b / 2 % 2 == 1 && format.separator != ',';
  format.floor_time = b / 4 % 2 == 1;
  if (b / 8 % 2 == 1 || !format.header) {
    format.time = std::to_string(1 + b / 16 % 3);
    format.quote = std::to_string(1 + b / 48 % 3);
  }
  return format;
}

struct TicksRead {
  std::optional<std::vector<market::TickRow>> rows;  // nothing: refused
  std::vector<std::int64_t> lines;
  std::size_t skipped = 0;
};

template <class Reader>
TicksRead read_ticks(core::Result<std::unique_ptr<Reader>> reader) {
  TicksRead out;
  if (!reader) return out;
  std::vector<market::TickRow> all;
  std::vector<market::TickRow> window(7);
  for (;;) {
    const auto n = (*reader)->read(window);
    if (!n) return out;
    if (*n == 0) break;
    for (std::size_t i = 0; i < *n; ++i) {
      all.push_back(window[i]);
      out.lines.push_back((*reader)->line_of(i));
    }
  }
  if (const auto* table = dynamic_cast<store::TickTable*>(reader->get())) {
    out.skipped = table->skipped().count;
  }
  out.rows = std::move(all);
  return out;
}

inline void check_rows(const TicksRead& read) {
  if (!read.rows) return;
  std::int64_t epoch = 0;
  std::int64_t line = 0;
  for (std::size_t i = 0; i < read.rows->size(); ++i) {
    const auto& row = (*read.rows)[i];
    DERIVD_CHECK(row.epoch.s > epoch && row.epoch.s <= store::TickCsv::kMaxEpoch, "epochs rise");
    DERIVD_CHECK(row.mantissa > 0, "quotes are above 0");
    DERIVD_CHECK(read.lines.at(i) > line, "lines rise");
    epoch = row.epoch.s;
    line = read.lines.at(i);
  }
}

/// The first two bytes choose the form, the rest is the file. No crash, no unbounded work; what is
/// read are rising ticks; leaving bad lines out changes nothing of a file without any; and what the
/// fast reader takes, the general one takes alike.
inline void tick_table(std::string_view bytes) {
  if (bytes.size() < 2) return;
  const auto format =
      tick_format(static_cast<unsigned char>(bytes[0]), static_cast<unsigned char>(bytes[1]));
  const std::string text(bytes.substr(2));
  const auto& symbol = *market::find_symbol("R_100");
  const auto source = [&] { return store::ByteSource::of(text, "file"); };
  const auto strict = read_ticks(store::TickTable::open(source(), symbol, format));
  const auto lenient = read_ticks(
      store::TickTable::open(source(), symbol, format, store::TickTable::BadLines::kSkip));
  check_rows(strict);
  check_rows(lenient);
  if (strict.rows) {
    DERIVD_CHECK(lenient.rows == strict.rows && lenient.skipped == 0, "nothing to leave out");
  } else if (lenient.rows) {
    DERIVD_CHECK(lenient.skipped > 0, "what is refused is left out");
  }
  const auto general = read_ticks(store::TickTable::open(source(), symbol, {}));
  const auto fast = read_ticks(store::TickCsv::open(source(), symbol));
  check_rows(fast);
  if (fast.rows) {
    DERIVD_CHECK(fast.rows == general.rows && fast.lines == general.lines, "two readers agree");
  }
}

}  // namespace derivd::fuzz
