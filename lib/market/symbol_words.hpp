// Owns the words for a text that should be a symbol's code and is none. Commands that take a symbol
// say them.
#pragma once

#include <string>
#include <string_view>

#include "market/symbols.hpp"

namespace derivd::market {

/// Why `word`, which is no code of a symbol by its form, is none: with the code, if it is what
/// people call one.
std::string not_a_symbol(const Symbols& symbols, std::string_view word);

}  // namespace derivd::market
