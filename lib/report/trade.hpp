// Owns Trade, one purchase as the report sees it, whether it was made live, on paper or in a
// back-test. derivctl fills a list of them from the journal or from a back-test's output. It never
// knows where they lie.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/decimal.hpp"
#include "core/time.hpp"
#include "market/spec.hpp"

namespace derivd::report {

enum class Ending : std::uint8_t {
  kOpen,
  kUnknown,
  kRefused,
  kWon,
  kLost,
  kBreakEven,
  kSold,
  kCancelled,  // by its deal cancellation
};
std::string_view name_of(Ending ending);  // "open", "unknown", "refused", "won", …

struct Trade {
  std::int64_t id = 0;  // contract or number, for people; 0: none
  std::string strategy;
  std::string symbol;
  market::ContractType type = market::ContractType::kCall;
  std::int8_t prediction = -1;        // digits; -1: none or not known
  core::VenueTime bought;             // the signal's epoch where the purchase is not known
  core::VenueTime settled;            // 0: not settled
  core::Money asked;                  // what we meant to pay
  core::Money stake;                  // what was paid
  std::optional<core::Money> payout;  // quoted, also of a lost one; empty: not known
  std::optional<core::Money> profit;  // empty: not settled
  Ending ending = Ending::kOpen;
  std::optional<core::Price> entry;
  std::optional<core::Price> exit;
  std::optional<std::int64_t> latency_us;  // from the intent to the venue's acceptance
  bool mismatch = false;                   // our own count or a later witness says otherwise
  std::string reason;                      // of a refusal
};

/// Won, lost, break-even, sold or cancelled, with a profit.
constexpr bool is_settled(const Trade& t) {
  return t.profit.has_value() && t.ending >= Ending::kWon;
}

}  // namespace derivd::report
