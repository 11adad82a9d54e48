// Owns WireNames, the field names in which the two dialects differ. A dialect hands them to the
// decoder and the encoder. It never holds a name that both share.
#pragma once

#include <string_view>

namespace derivd::deriv {

/// Source of each difference: shared reference deriv/options-api.md section 3.
struct WireNames {
  std::string_view symbol;           // proposal, buy, portfolio, transaction, active_symbols
  std::string_view price_step;       // active_symbols: 0.01, not a count of digits
  std::string_view contract_symbol;  // proposal_open_contract
  std::string_view entry;
  std::string_view entry_time;
  std::string_view exit;
  std::string_view exit_time;
  std::string_view symbol_name;  // active_symbols: for people
};

inline constexpr WireNames kOptionsNames{
    "underlying_symbol", "pip_size",  "underlying_symbol", "entry_spot",
    "entry_spot_time",   "exit_spot", "exit_spot_time",    "underlying_symbol_name"};
inline constexpr WireNames kV3Names{
    "symbol",          "pip",       "underlying",     "entry_tick",
    "entry_tick_time", "exit_tick", "exit_tick_time", "display_name"};

}  // namespace derivd::deriv
