// Owns what is known about Deriv's symbols: decimals, tick interval, volatility, multiplier terms.
// Every room that formats a quote or prices a contract asks here. It never asks the venue; symbols
// that are not in the table are learned from active_symbols and carried in a SymbolBook.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/decimal.hpp"
#include "core/short_string.hpp"

namespace derivd::market {

/// Deriv's code of an underlying: ^\w{2,30}$.
using SymbolCode = core::ShortString<30>;

/// Source: shared reference deriv/v3-api.md sections 5 and 6.
struct SymbolInfo {
  std::string_view code;
  std::string_view display_name;
  std::uint8_t decimals;    // of a quote; "pip_size" of a tick message
  std::uint8_t interval_s;  // seconds between ticks, on whole epochs (2: even seconds)
  std::uint16_t
      sigma_percent;     // annualised volatility, percent; 0: no plain random walk (Step, Boom)
  double typical_price;  // where the simulator starts; any level is possible
  double multiplier_commission;  // share of stake × multiplier, charged once; 0: none known
  std::array<std::uint16_t, 5>
      multipliers;  // accepted by the venue, 0: unused slot; all 0: unknown
  bool has_digits;  // digit contracts are offered
};

/// The synthetic indices that derivd knows by itself (R_*, 1HZ*V, JD*, …), in a fixed order.
std::span<const SymbolInfo> known_symbols();
const SymbolInfo* find_symbol(std::string_view code);

}  // namespace derivd::market
