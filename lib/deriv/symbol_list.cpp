#include "deriv/symbol_list.hpp"

#include <algorithm>
#include <utility>

#include "market/shortcode.hpp"

namespace derivd::deriv {

void SymbolList::take(std::vector<market::ListedSymbol> rows) {
  rows_ = std::move(rows);
  if (rows_.size() > market::kMaxListed) rows_.resize(market::kMaxListed);
}

std::optional<std::uint8_t> SymbolList::decimals_of(std::string_view symbol) const {
  for (const auto& row : rows_) {
    if (row.symbol.code == symbol) return row.symbol.decimals;
  }
  if (const auto* info = market::find_symbol(symbol)) return info->decimals;
  return std::nullopt;
}

bool SymbolList::has_hours(std::string_view symbol) const {
  for (const auto& row : rows_) {
    if (row.symbol.code == symbol) return !row.symbol.is_synthetic();
  }
  return false;
}

market::SymbolCode SymbolList::named_in(std::string_view shortcode) const {
  market::SymbolCode found;
  const auto rest = shortcode.substr(std::min(shortcode.size(), shortcode.find('_') + 1));
  for (const auto& listed : rows_) {
    const auto symbol = listed.symbol.code.view();
    const bool longer = symbol.size() > found.view().size();
    if (longer && market::begins_with_symbol(rest, symbol)) found = listed.symbol.code;
  }
  return found;
}

}  // namespace derivd::deriv
