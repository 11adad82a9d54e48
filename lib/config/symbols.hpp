// Owns the reading of the symbols that a file names: one code, or a list of them. The settings
// table calls it. Whether the venue lists a symbol, the checks look up (checks.cpp): here its form
// alone is judged.
#pragma once

#include <string>
#include <vector>

#include "config/tree.hpp"
#include "core/result.hpp"
#include "market/symbol.hpp"

namespace derivd::config {

/// "R_100". Errors: no symbol's code, with the code where it is a name for people.
core::Result<std::string> read_symbol(const YamlNode& node);

inline constexpr std::string_view kWatchAllowed =
    "a list of at most 8 symbols beside its own, as [R_50, frxEURUSD]";
/// Rising or not, none twice; [] for none. Errors: kWatchAllowed is not kept.
core::Result<std::vector<market::SymbolCode>> read_watch(const YamlNode& node);
/// "[R_50, frxEURUSD]"; "null" where there are none.
std::string print_watch(const std::vector<market::SymbolCode>& watch);

}  // namespace derivd::config
