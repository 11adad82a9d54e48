// Owns SymbolList, the venue's list of its symbols as it was told last: how many decimals the
// quotes of each have, which are the venue's own, and which one a shortcode names. It never asks
// for it.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "market/symbols.hpp"

namespace derivd::deriv {

class SymbolList final {
 public:
  /// What is beyond market::kMaxListed is left out.
  void take(std::vector<market::ListedSymbol> rows);
  std::span<const market::ListedSymbol> rows() const { return rows_; }
  /// By the list or, for a symbol that is not on it, by market/symbol.
  std::optional<std::uint8_t> decimals_of(std::string_view symbol) const;
  /// An index of the venue's own is open all day; of anything else the hours are asked for. What is
  /// not listed has none.
  bool has_hours(std::string_view symbol) const;
  /// The listed symbol in "TYPE_SYMBOL_…", the longest that fits; empty: none.
  market::SymbolCode named_in(std::string_view shortcode) const;

 private:
  std::vector<market::ListedSymbol> rows_;
};

}  // namespace derivd::deriv
