#include "derivctl/tick_finder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/files.hpp"
#include "deriv/saved_contract.hpp"
#include "store/tick_archive.hpp"
#include "store/tick_csv.hpp"

namespace derivd::ctl {
namespace {

using market::Tick;

/// Ticks before the start and after the end prove that none is missing there.
constexpr std::chrono::seconds kMargin{60};
constexpr std::int64_t kDay = store::kSecondsPerDay;

core::Result<void> read_all(market::TickSource& source, const market::SymbolCode& symbol,
                            std::uint8_t decimals, core::VenueTime from, core::VenueTime to,
                            std::vector<Tick>& out) {
  std::array<market::TickRow, 1024> rows;
  while (true) {
    const auto n = source.read(rows);
    if (!n) return n.error();
    if (*n == 0 || rows[0].epoch > to) return {};
    for (std::size_t i = 0; i < *n; ++i) {
      if (rows[i].epoch < from || rows[i].epoch > to) continue;
      out.push_back({symbol, rows[i].epoch, core::Price::raw(rows[i].mantissa, decimals)});
    }
  }
}

/// By its first byte that is no blank, or by none of the first thousand.
bool is_json(const std::string& path) {
  auto bytes = daemon::ByteSource::open(path);
  if (!bytes) return false;
  constexpr std::string_view kBlanks = " \t\r\n";
  int byte = bytes->next();
  for (int i = 0; i < 1000 && byte >= 0 && kBlanks.find(static_cast<char>(byte)) != kBlanks.npos;
       ++i) {
    byte = bytes->next();
  }
  return byte == '{' || byte == '[';
}

}  // namespace

core::Result<std::span<const Tick>> TickFinder::around(const market::SymbolCode& symbol,
                                                       core::VenueTime from, core::VenueTime to) {
  from = from - kMargin;
  to = to + kMargin;
  if (symbol_ != symbol || from < from_ || to > to_) {
    if (auto loaded = load(symbol, from, to); !loaded) return loaded.error();
  }
  const auto begin = std::lower_bound(ticks_.begin(), ticks_.end(), from,
                                      [](const Tick& t, core::VenueTime e) { return t.epoch < e; });
  const auto end = std::upper_bound(begin, ticks_.end(), to,
                                    [](core::VenueTime e, const Tick& t) { return e < t.epoch; });
  return std::span<const Tick>(begin, end);
}

core::Result<void> TickFinder::load(const market::SymbolCode& symbol, core::VenueTime from,
                                    core::VenueTime to) {
  symbol_ = symbol;
  // Whole days, so that the contracts of a day are one reading.
  from_ = {from.s / kDay * kDay};
  to_ = {to.s / kDay * kDay + kDay - 1};
  ticks_.clear();
  if (!file_.empty()) {
    const auto* known = symbols_.find(symbol);
    if (known == nullptr) return core::invalid(fmt::format("{} is not a known symbol", symbol));
    if (auto done = load_file(*known); !done) return done.error();
  } else if (!archive_.empty()) {
    if (auto done = load_archive(symbol); !done) return done.error();
  }
  std::stable_sort(ticks_.begin(), ticks_.end(),
                   [](const Tick& a, const Tick& b) { return a.epoch < b.epoch; });
  return {};
}

core::Result<void> TickFinder::load_file(const market::SymbolInfo& symbol) {
  if (is_json(file_)) {
    const auto text = daemon::read_file(file_, deriv::kMaxSavedBytes);
    if (!text) return text.error();
    auto ticks = deriv::read_saved_ticks(*text, symbol);
    if (!ticks) return core::invalid(fmt::format("{}: {}", file_, ticks.error().text));
    ticks_ = std::move(*ticks);
    return {};
  }
  auto csv = store::TickCsv::open(file_, symbol);
  if (!csv) return csv.error();
  return read_all(**csv, symbol.code, symbol.decimals, from_, to_, ticks_);
}

core::Result<void> TickFinder::load_archive(const market::SymbolCode& symbol) {
  auto source =
      store::ArchiveSource::open(store::TickArchive(archive_), symbol, store::Span{from_.s, to_.s});
  if (!source) {
    if (source.error().kind == core::ErrorKind::kNotFound) return {};
    return source.error();
  }
  return read_all(**source, symbol, (*source)->decimals(), from_, to_, ticks_);
}

}  // namespace derivd::ctl
