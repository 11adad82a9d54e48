// Owns what is known about one symbol: what the venue says of it (code, names, decimals), and
// beside that our own model of its price, which is a guess of ours with a date. The built-in
// snapshot has the symbols that were known when derivd was built; any other is learned from the
// venue and handed in as a value (symbols.hpp). It never asks the venue.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/decimal.hpp"
#include "core/short_string.hpp"

namespace derivd::market {

/// Deriv's code of an underlying: ^\w{2,30}$.
using SymbolCode = core::ShortString<30>;

/// Letters, digits and underscores, 2 to 30 of them, as the venue's schemas have it.
bool is_symbol_code(std::string_view text);

/// What the venue says of a symbol. Source of the snapshot: shared reference deriv/v3-api.md
/// section 6 and deriv/contracts.md section 1.3.
struct Symbol {
  SymbolCode code;
  core::ShortString<60> display_name;
  core::ShortString<30> market;     // "synthetic_index", "forex", "cryptocurrency"; empty: unknown
  core::ShortString<30> submarket;  // "random_index", "major_pairs"
  std::uint8_t decimals = 0;        // of a quote; "pip_size" of a tick message
  std::uint8_t interval_s = 0;      // seconds between ticks, on whole epochs; 0: not known
  bool has_digits = true;           // false: digit contracts are known not to be offered
  std::array<std::uint16_t, 5> multipliers{};  // accepted by the venue; all 0: not known

  /// An index of the venue's own, which ticks all day and every day.
  bool is_synthetic() const { return market == "synthetic_index"; }
};

/// Our own model of a symbol's price, for pricing, back-tests, odds and the simulator alone. All 0
/// where there is none, as for every symbol that is not an index of the venue's own.
struct SymbolModel {
  std::uint16_t sigma_percent = 0;   // annualised volatility; 0: no plain random walk, not priced
  double typical_price = 0;          // where the simulator starts; any level is possible
  double multiplier_commission = 0;  // share of stake × multiplier, charged once; 0: none known
};

/// Both, as whoever prices a contract is given them.
struct SymbolInfo : Symbol, SymbolModel {};

/// When the snapshot and the models were written down.
inline constexpr std::string_view kSnapshotDate = "2026-11-28";

/// The snapshot: the synthetic indices that derivd knows by itself (R_*, 1HZ*V, JD*, …), in a fixed
/// order. Static.
std::span<const SymbolInfo> known_symbols();
/// Of the snapshot; null where it is not in there.
const SymbolInfo* find_symbol(std::string_view code);

/// Stands for a symbol of which nothing is known yet but its code: the most decimals that a quote
/// of Deriv has, so that nothing is refused that may turn out to fit, and no model.
SymbolInfo unknown_symbol(std::string_view code);

}  // namespace derivd::market
