// Owns PriceList: whose prices a quote is of. The venue's public socket and its accounts have price
// lists of their own, which differ (shared reference deriv/contracts.md section 1.1), so that a
// quote without its list is worth nothing. The table of commissions has rows of either, the daemon
// says it of each price, the file of recorded quotes keeps it, and back-tests take an account's
// alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace derivd::market {

enum class PriceList : std::uint8_t { kAccount, kPublic };

/// "account", "public".
constexpr std::string_view name_of(PriceList list) {
  return list == PriceList::kAccount ? "account" : "public";
}
constexpr std::optional<PriceList> price_list_from(std::string_view name) {
  for (const auto list : {PriceList::kAccount, PriceList::kPublic}) {
    if (name == name_of(list)) return list;
  }
  return std::nullopt;
}

}  // namespace derivd::market
