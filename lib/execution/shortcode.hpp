// Owns the reading of Deriv's shortcodes as evidence: does this text name the contract that we
// meant to buy. reconcile() asks for each candidate. It never builds a shortcode and never trusts
// one that it cannot read.
//
// Format: TYPE_SYMBOL_PAYOUT_START_EXPIRY|<N>T[_BARRIER_0], shared reference deriv/v3-api.md 4.5.
#pragma once

#include <cstdint>
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

}  // namespace derivd::execution
