#include "market/symbol_words.hpp"

#include <fmt/format.h>

namespace derivd::market {

std::string not_a_symbol(const Symbols& symbols, std::string_view word) {
  constexpr std::size_t kShown = 40;
  const auto shown = word.substr(0, kShown);
  if (const auto* meant = symbol_of_name(symbols, word)) {
    return fmt::format("'{}' is the name of {} for people; write {}", shown, meant->code,
                       meant->code);
  }
  return fmt::format("'{}' is not a symbol, which has 2 to 30 letters, digits and '_'", shown);
}

}  // namespace derivd::market
