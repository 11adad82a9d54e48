// Owns the symbols that the simulated venue lists beside derivd's own indices: of any market, with
// any decimals, with nights, weekends and holidays, with what is offered on them, and with the
// moment from which they exist. A file describes them (derivsim(1), --symbols). It makes no quotes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "market/symbol.hpp"
#include "sim/json.hpp"

namespace derivd::sim {

inline constexpr std::size_t kMaxListings = 200;

/// Seconds of the day, [from, to).
struct DaySpan {
  std::int64_t from = 0;
  std::int64_t to = 86'400;
};

struct Listing {
  market::SymbolInfo info;
  std::vector<std::string> offers;  // contract types, derivd's names; empty: all that it can sell
  std::vector<DaySpan> open{DaySpan{}};  // of each trading day, rising
  std::array<bool, 7> days{true, true, true, true, true, true, true};  // from Sunday on
  std::vector<std::pair<std::string, std::string>> holidays;           // date, name
  std::int64_t listed_after = 0;  // seconds of venue time after the start

  bool offers_type(std::string_view type) const;
  bool is_open(core::VenueTime at) const;
  /// The open spans of the day that `at` is in; empty: closed all day.
  std::vector<DaySpan> spans_on(core::VenueTime at) const;
};

/// {"symbols": [{code, name, market, submarket, decimals, interval, price, volatility, commission,
/// offers, open, days, holidays, listed_after}]}; errors name the symbol and what is allowed.
core::Result<std::vector<Listing>> read_listings(const Json& file);

}  // namespace derivd::sim
