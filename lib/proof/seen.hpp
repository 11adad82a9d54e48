// Owns what was seen of the venue for a proof: answers to proposals, the course of contracts that
// were bought, and links over which nothing was said. derivctl fills it from the venue's messages,
// the judges of this room read it.
// It holds no text of the wire but refusals, which are for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/decimal.hpp"
#include "core/time.hpp"
#include "market/spec.hpp"
#include "market/symbol.hpp"
#include "market/tick.hpp"

namespace derivd::proof {

/// What is asked for or bought. The amount is the stake, in the account's currency.
struct Request {
  market::ContractSpec spec;
  core::Money amount;
};

/// A proposal. Fields that the type does not have are empty.
struct Offer {
  core::Money ask;
  core::Money payout;
  core::Price spot;
  core::VenueTime start;
  std::optional<core::VenueTime> spot_time = std::nullopt;
  std::optional<core::Decimal> share = std::nullopt;       // ACCU: tick_size_barrier
  std::optional<std::int64_t> max_ticks = std::nullopt;    // ACCU
  std::optional<core::Decimal> max_payout = std::nullopt;  // ACCU
  std::optional<core::Decimal> contracts = std::nullopt;   // TURBOS*, VANILLALONG*
  std::optional<core::Price> level = std::nullopt;         // the barrier as a quote
  std::optional<core::Decimal> commission = std::nullopt;  // MULT*
  std::optional<core::Decimal> stop_out = std::nullopt;    // MULT*: order_amount, below zero
  std::optional<core::Decimal> fee = std::nullopt;         // MULT* with deal cancellation
  std::optional<core::Decimal> min_stake = std::nullopt;
};

struct Answer {
  Request asked;
  std::optional<Offer> offer;
  std::string refusal;               // where there is no offer
  std::vector<std::string> missing;  // names that derivd reads and that were not there
};

/// What a running contract was bought back for, after this tick.
struct Bid {
  core::VenueTime tick;
  core::Money amount;
};

/// No course is followed through more ticks, or bids.
inline constexpr std::size_t kMaxTicks = 2000;

struct Course {
  Request bought;
  core::Money payout;  // zero for what pays its value
  core::VenueTime start;
  /// Of its symbol, rising, from before its start to behind its end.
  std::vector<market::Tick> ticks;
  std::vector<Bid> bids;
  // As the venue shows them; empty: it does not.
  std::optional<core::VenueTime> entry, exit, reset_time;
  std::optional<core::Price> level;
  std::optional<core::Decimal> commission;  // MULT*
  std::optional<core::Decimal> share;       // ACCU: the one that its shortcode has
  std::optional<core::Money> paid;          // once it is over
  bool sold = false;                        // by us, before its end
  std::vector<std::string> missing;
};

/// A link over which nothing passed.
struct Silence {
  std::int64_t seconds = 0;  // of the venue's time, since the last message either way
  bool closed = false;       // the venue, or what is between, ended it then; else it still answered
};

struct Seen {
  market::SymbolInfo symbol;
  std::vector<Answer> answers;
  std::vector<Course> courses;
  std::vector<Silence> silences = {};
};

}  // namespace derivd::proof
