// Owns what the venue offers on one symbol: which types, how long, with how many barriers, at which
// growth rates, multipliers and stakes. The session decodes it (contracts_for), the daemon keeps
// it, the checks and the listing of a symbol ask it. What a type needs by its nature says its kind
// (kind.hpp); this says only what the venue sells of it, on this symbol, at this time.
//
// Rules and sources: shared reference deriv/contracts.md sections 1.2 and 1.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/decimal.hpp"
#include "core/short_string.hpp"
#include "core/time.hpp"
#include "market/spec.hpp"

namespace derivd::market {

/// Bounds of what is believed of one answer: 35 types in at most four lengths each are known.
inline constexpr std::size_t kMaxOffers = 400;
inline constexpr std::size_t kMaxChoices = 64;  // of one list of an offer

/// One row of contracts_for: a type within one class of lengths.
struct Offer {
  enum class Length : std::uint8_t { kTicks, kIntraday, kDaily, kNone };
  /// In the words of the options dialect, also of a type that derivd does not know: v3's CALL with
  /// a barrier is HIGHER.
  core::ShortString<24> type;
  Length length = Length::kNone;
  ContractDuration shortest;  // count 0: none
  ContractDuration longest;
  std::uint8_t barriers = 0;
  core::ShortString<24> barrier;   // an example of the venue's; empty: none
  core::ShortString<24> barrier2;  // the low one
  std::vector<core::Decimal> growth_rates;
  std::vector<std::uint16_t> multipliers;
  std::vector<ContractDuration> cancellations;
  std::vector<core::ShortString<24>> barrier_choices;
  std::vector<core::Decimal> payout_choices;  // per point
  std::optional<core::Decimal> min_stake;
  std::optional<core::Decimal> max_stake;
  std::optional<core::Decimal> max_payout;
  friend bool operator==(const Offer&, const Offer&) = default;
};
std::string_view name_of(Offer::Length length);  // "tick", "intraday", "daily", "no_expiry"
std::optional<Offer::Length> length_from(std::string_view name);

struct Offerings {
  core::VenueTime asked;      // when the venue said so; 0: of the snapshot, which knows types alone
  std::vector<Offer> offers;  // in the venue's order

  bool has(std::string_view type) const;
  /// Each type once, in the venue's order.
  std::vector<std::string_view> types() const;
  /// "1t to 10t, 15s to 1d": the lengths of one type; empty: it has none, or they are not known.
  std::string lengths_of(std::string_view type) const;
  /// Why it cannot be bought, with what can: "CALL is not offered; offered: ACCU, MULTUP". Empty:
  /// it can be, as far as the venue has said. Barriers are left to the venue, which judges them by
  /// the quote of the moment.
  std::optional<std::string> problem_of(const ContractSpec& spec) const;
  friend bool operator==(const Offerings&, const Offerings&) = default;
};

}  // namespace derivd::market
