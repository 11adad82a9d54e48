// Owns the reading of Deriv's shortcodes: as evidence (does this text name the contract that we
// meant to buy; reconcile() asks for each candidate) and as the description of a saved contract
// (the audit). It never builds a shortcode and never trusts one that it cannot read.
//
// Format: TYPE_SYMBOL_PAYOUT_START_EXPIRY|<N>T[_BARRIER_0], shared reference deriv/v3-api.md 4.5.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "market/contract.hpp"

namespace derivd::execution {

enum class Agreement : std::uint8_t { kAgrees, kDiffers, kUnreadable };

/// kUnreadable: empty, or a form that says nothing about this spec.
Agreement shortcode_agrees(const market::ContractSpec& spec, std::string_view shortcode);

/// v3 says CALL and PUT for HIGHER and LOWER; both spellings name the type.
bool type_agrees(market::ContractType type, std::string_view wire_name);
/// The type under which v3 books it: kCall for kHigher, kPut for kLower, itself otherwise.
market::ContractType family_of(market::ContractType type);

/// The fields of a shortcode, as they stand there.
struct Shortcode {
  std::string_view type;        // wire name
  core::Decimal amount;         // payout; multipliers: the stake
  std::int64_t multiplier = 0;  // multipliers alone
  core::VenueTime start;
  bool starts_later = false;  // forward-starting
  std::optional<core::VenueTime> expiry;
  std::optional<std::int32_t> ticks;
  std::optional<std::int64_t> offset_pips;       // "S10P"
  std::optional<std::int64_t> absolute_barrier;  // without S and P: a digit, or a price x 10^6
};
/// Of a contract on this symbol (whose own name may hold '_'); empty: another form, or another
/// symbol.
std::optional<Shortcode> read_shortcode(std::string_view text, std::string_view symbol);

}  // namespace derivd::execution
