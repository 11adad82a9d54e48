// Owns what readers of tick files have in common: rows with the line each stands in, and how a file
// that is not of derivd's own form says which column is what. derivctl's import, back-tests and
// audits read through it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "market/symbol.hpp"
#include "market/tick_source.hpp"
#include "store/byte_source.hpp"

namespace derivd::store {

/// The form of a tick file, in words of its owner; nothing of it is guessed. The default is
/// derivd's own form: a head `epoch,quote`, whole seconds, a decimal point.
struct TickFormat {
  enum class Unit : std::uint8_t { kSeconds, kMillis, kMicros, kNanos, kIso, kIsoUtc };
  std::string time = "epoch";   // name of a column, or its number from 1 on
  std::string quote = "quote";  // likewise
  Unit unit = Unit::kSeconds;
  char separator = ',';
  bool header = true;
  bool decimal_comma = false;
  bool floor_time = false;  // fractions of a second are cut off instead of refused
  friend bool operator==(const TickFormat&, const TickFormat&) = default;
};

/// s, ms, us, ns, iso, iso-utc.
std::string_view name_of(TickFormat::Unit unit);

class TickReader : public market::TickSource {
 public:
  /// The line of row `i` of the last read(), from 1 on.
  virtual std::int64_t line_of(std::size_t i) const = 0;
};

/// A file of `format`. Derivd's own form is read by TickCsv, which is fast, any other by TickTable.
/// kInvalid: its head is not what the format says.
core::Result<std::unique_ptr<TickReader>> open_ticks(std::unique_ptr<ByteSource> source,
                                                     const market::SymbolInfo& symbol,
                                                     const TickFormat& format = {});

}  // namespace derivd::store
