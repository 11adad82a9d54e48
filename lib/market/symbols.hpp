// Owns what is known about all symbols at one time, as a value that is handed in: the snapshot of
// this program, and over it what the venue said when it was asked last. Configuration, engine,
// back-test, odds and the simulated venues look their symbols up here. A copy costs a pointer, and
// a value never changes: what is learned makes a new one. It asks nobody and reads no file.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "market/hours.hpp"
#include "market/offerings.hpp"
#include "market/symbol.hpp"

namespace derivd::market {

/// A row of active_symbols.
struct ListedSymbol {
  Symbol symbol;  // interval, digits and multipliers are not in there
  bool is_open = true;
  bool is_suspended = false;
};

/// The venue lists some hundred.
inline constexpr std::size_t kMaxListed = 2'000;

class Symbols final {
 public:
  /// The snapshot alone.
  Symbols();

  /// What the venue lists now, all of it: what it does not list is known no longer as listed. An
  /// empty list says nothing. `asked`: the venue's time; `venue`: its address.
  Symbols with_list(std::span<const ListedSymbol> list, core::VenueTime asked,
                    std::string_view venue) const;
  Symbols with_offerings(std::string_view code, Offerings offerings) const;
  Symbols with_hours(std::string_view code, TradingHours hours) const;
  /// Of a venue of our own, which makes its symbols up.
  Symbols with(const SymbolInfo& info) const;

  /// Null: neither in the snapshot nor learned. Valid as long as this value or a copy of it.
  const SymbolInfo* find(std::string_view code) const;
  /// find(), or unknown_symbol().
  SymbolInfo get(std::string_view code) const;
  /// Of the venue, or else what the snapshot knows of types; null: nothing is known.
  const Offerings* offerings(std::string_view code) const;
  const TradingHours* hours(std::string_view code) const;
  /// "closed until …", by what is known of its hours; empty: it is not known to be closed.
  std::string closed_text(std::string_view code, core::VenueTime now) const;

  /// Whether the venue was asked at all; else everything here is the snapshot's.
  bool is_learned() const;
  core::VenueTime asked() const;
  const std::string& venue() const;
  /// The venue's row; null: not in its list, or it was not asked.
  const ListedSymbol* listed(std::string_view code) const;
  /// Of the venue where it was asked, else of the snapshot; in order of their codes.
  std::vector<const SymbolInfo*> all() const;
  /// The code whose spelling is nearest, or the one that people call so; empty: none is near.
  std::string nearest(std::string_view word) const;
  /// "the venue's list of 2026-11-29 08:00 UTC", "derivd's own list of 2026-11-28".
  std::string source() const;

 private:
  struct Table;
  std::shared_ptr<const Table> table_;
};

/// The symbol that Deriv's pages call so ("Volatility 75 Index"), or traders ("V75", "vix 75
/// (1s)"); null: none.
const SymbolInfo* symbol_of_name(const Symbols& symbols, std::string_view name);

}  // namespace derivd::market
