#include "config/symbols.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/value.hpp"
#include "market/symbols.hpp"
#include "rules/expr.hpp"

namespace derivd::config {

using core::invalid;

static_assert(rules::kMaxWatched == 8, "kWatchAllowed says so");

core::Result<std::string> read_symbol(const YamlNode& node) {
  auto code = read_text(node);
  if (!code || market::is_symbol_code(*code)) return code;
  if (const auto* meant = market::symbol_of_name(market::Symbols{}, *code)) {
    return invalid(fmt::format("{} is the name of {} for people; write {}", shown(node),
                               meant->code, meant->code));
  }
  return invalid(fmt::format(
      "{} is not a symbol, which has 2 to 30 letters, digits and '_', as R_100 or frxEURUSD; "
      "'derivctl symbols' lists those of the venue",
      shown(node)));
}

core::Result<std::vector<market::SymbolCode>> read_watch(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kList) {
    return invalid(
        fmt::format("{} where a list is wanted; allowed: {}", shown(node), kWatchAllowed));
  }
  if (node.items.size() > rules::kMaxWatched) {
    return invalid(fmt::format("{} symbols; allowed: {}", node.items.size(), kWatchAllowed));
  }
  std::vector<market::SymbolCode> out;
  for (const auto& item : node.items) {
    const auto code = read_symbol(item);
    if (!code) return code.error();
    if (std::ranges::count(out, market::SymbolCode(*code)) > 0) {
      return invalid(fmt::format("{} stands there twice; keep one", *code));
    }
    out.emplace_back(*code);
  }
  return out;
}

std::string print_watch(const std::vector<market::SymbolCode>& watch) {
  std::string out;
  for (const auto& symbol : watch) out += fmt::format("{}{}", out.empty() ? "" : ", ", symbol);
  return out.empty() ? "null" : "[" + out + "]";
}

}  // namespace derivd::config
