// Owns the reading of Deriv's shortcodes: as evidence (does this text name the contract that we
// meant to buy; reconcile() asks for each candidate) and as the description of a saved contract
// (the audit). It never builds a shortcode and never trusts one that it cannot read.
//
// Format: TYPE_SYMBOL_PAYOUT_START_EXPIRY|<N>T[_BARRIER_0], shared reference deriv/v3-api.md 4.5.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "market/spec.hpp"

namespace derivd::market {

enum class Agreement : std::uint8_t { kAgrees, kDiffers, kUnreadable };
constexpr Agreement agreement(bool same) { return same ? Agreement::kAgrees : Agreement::kDiffers; }

/// "FRXEURUSD_1.91_…" on frxEURUSD: the venue writes whole shortcodes in capitals, as recorded
/// contracts on forex pairs show. A symbol's own name may hold '_'.
bool begins_with_symbol(std::string_view text, std::string_view symbol);

/// What is left of a shortcode, cut off field by field at each '_'.
class CodeFields final {
 public:
  explicit CodeFields(std::string_view rest) : rest_(rest) {}
  std::string_view text();
  /// Empty: the next field is no whole number.
  std::optional<std::int64_t> number();
  /// Cuts this symbol off, whose own name may hold '_'; false: another symbol stands there.
  bool skip_symbol(std::string_view symbol);

 private:
  std::string_view rest_;
};

/// kUnreadable: empty, or a form that says nothing about this spec.
Agreement shortcode_agrees(const ContractSpec& spec, std::string_view shortcode);

// What kinds say of the fields after the amount (Kind::code_agrees).
/// START_END alone.
Agreement length_code_agrees(const ContractSpec& spec, CodeFields& fields);
/// START_END_DIGIT.
Agreement digit_code_agrees(const ContractSpec& spec, CodeFields& fields);
/// START_END_S10P: ten pips from the entry; S0P or nothing: at the money.
Agreement offset_code_agrees(const ContractSpec& spec, CodeFields& fields);
/// START_END_BARRIER[_BARRIER]: offsets in pips, quotes as millionths.
Agreement levels_code_agrees(const ContractSpec& spec, CodeFields& fields);

/// The fields of a shortcode, as they stand there.
struct Shortcode {
  std::string_view type;        // wire name
  core::Decimal amount;         // payout; multipliers: the stake
  std::int64_t multiplier = 0;  // multipliers alone
  core::VenueTime start;
  bool starts_later = false;  // forward-starting
  std::optional<core::VenueTime> expiry;
  std::optional<std::int32_t> ticks;
  std::optional<std::int64_t> offset_pips;           // "S10P"
  std::optional<std::int64_t> absolute_barrier;      // without S and P: a digit, or a price x 10^6
  std::optional<std::int64_t> low_offset_pips;       // of two barriers, the second
  std::optional<std::int64_t> low_absolute_barrier;  // 0 where there is none
};
/// Of a contract on this symbol (whose own name may hold '_'); empty: another form, or another
/// symbol.
std::optional<Shortcode> read_shortcode(std::string_view text, std::string_view symbol);

}  // namespace derivd::market
