// Owns the reading of `rules:`: each `when` and `buy`, with the place of every mistake down to the
// character of an expression. The checks call it once type, symbol and candles are known. It never
// decides what an expression means; that is lib/rules.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/tree.hpp"
#include "engine/settings.hpp"
#include "market/symbol.hpp"

namespace derivd::config {

struct RulesSource {
  const YamlNode& list;
  std::string key;        // "strategies[0].rules"
  std::string_view text;  // of the whole file
};

/// Fills the settings' rules as far as they are good; their candles, contract and symbol are read
/// already. Notes where each `when` and each key of `buy` stands.
void read_rules(const RulesSource& source, const market::SymbolInfo& symbol,
                engine::StrategySettings& settings,
                std::map<std::string, Place, std::less<>>& places, std::vector<Problem>& problems);

/// Where in the file the byte `offset` of a scalar's text stands; the scalar's own place where that
/// cannot be told (a text in double quotes with escapes before it).
Place place_within(std::string_view text, const YamlNode& scalar, std::size_t offset);

}  // namespace derivd::config
