// Owns what is known of the venue's commissions: one row for each kind of contract, symbols, price
// list and day from which it was seen, with its source. It tells what a quote was to be expected to
// pay on a day, so that a recorded quote can be held against it. The price model of the simulator
// and of the back-test (pricing.hpp) is another thing: one share for everything. It never stands in
// for the venue's own quote.
//
// Source: shared reference deriv/contracts.md section 2.2 and deriv/v3-api.md section 5; the date
// of a row is that of the first quote that shows it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/decimal.hpp"
#include "core/time.hpp"
#include "market/price_list.hpp"
#include "market/spec.hpp"
#include "market/symbol.hpp"

namespace derivd::market {

/// The least that an option costs beyond its probability, and the least commission of a multiplier:
/// 0.02 USD (contracts.md section 1.1).
inline constexpr core::Money kLeastCommission = core::Money::minor(2);

struct Commission {
  enum class Length : std::uint8_t { kAny, kTicks, kTime };

  std::string_view families;      // of kinds, parted by commas: "digit", "rise/fall,higher/lower"
  std::string_view symbols;       // codes, parted by blanks; empty: all
  Length length = Length::kAny;   // of the contract
  std::optional<PriceList> list;  // empty: seen before it was known that there are two lists
  std::string_view since;         // "2026-09-27", UTC
  std::int64_t share_nano = 0;    // of the payout
  std::string_view source;        // section or recorded payload
};

/// Every row, in a fixed order.
std::span<const Commission> commissions();

/// The row in force for a contract at a time; null: none is known of it. Of those that fit the
/// newest; of equally new ones the one that stands later.
const Commission* commission_of(const ContractSpec& spec, PriceList list, core::VenueTime at);

/// What a stake pays by a row, to the nearest minor unit: stake / (probability + share), or
/// (stake - least) / probability where the share of the payout is less than the least commission.
/// `spot` and `start`: as for theoretical_probability(), whose conditions hold (CHECK). Empty: it
/// pays no more than its stake, and the venue would not sell it.
std::optional<core::Money> payout_by(const Commission& row, const ContractSpec& spec,
                                     const SymbolInfo& symbol, core::Money stake,
                                     std::optional<core::Price> spot,
                                     std::optional<core::VenueTime> start = std::nullopt);
/// What a payout costs by a row: payout x probability, and the larger of its share and the least.
core::Money price_by(const Commission& row, const ContractSpec& spec, const SymbolInfo& symbol,
                     core::Money payout, std::optional<core::Price> spot,
                     std::optional<core::VenueTime> start = std::nullopt);

}  // namespace derivd::market
