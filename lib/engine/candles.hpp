// Owns what one strategy knows of the venue's past candles: which lengths it needs, what was asked
// for, what came. The engine asks and hands on; the view is for people. It never makes a candle of
// ticks: strategies do.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/ids.hpp"
#include "core/short_string.hpp"
#include "core/time.hpp"
#include "market/candle_row.hpp"
#include "market/symbol.hpp"
#include "rules/needs.hpp"

namespace derivd::engine {

/// So long a strategy enters nothing because the venue's candles have not come; then it goes on
/// with those that ticks make.
inline constexpr core::Duration kCandlesWait = std::chrono::seconds(20);

/// The venue's answer to AskCandles: rows that rise, or why there are none.
struct CandlesReply {
  market::SymbolCode symbol;
  std::int32_t seconds = 0;
  core::VenueTime from;  // as asked
  std::uint8_t decimals = 0;
  std::vector<market::CandleRow> rows;
  core::Text refusal;  // empty: none
};

struct CandlePast {
  struct Length {
    rules::CandleNeed need;
    market::SymbolCode symbol;            // whose they are
    std::int32_t of = 0;                  // the venue's candles that they are made of; 0: of none
    core::VenueTime from;                 // as asked
    bool answered = false;                // or nothing was asked
    std::vector<market::CandleRow> rows;  // until the strategy has begun with them
    core::VenueTime reaches;              // the end of the venue's latest
    std::uint8_t decimals = 0;
    std::int64_t count = 0;  // those that it began with, the growing one too
    core::VenueTime since;   // the first of them
    core::Text refusal;
  };
  enum class State : std::uint8_t { kNone, kWaiting, kBegun };
  State state = State::kNone;
  std::vector<Length> lengths;
  core::Instant until;  // kWaiting
  bool is_waiting() const { return state == State::kWaiting; }
  bool is_answered() const;
};

/// For people.
struct CandleView {
  market::SymbolCode symbol;  // of a watched symbol; empty: the strategy's own
  rules::Where length;
  std::string_view source;  // "venue", "ticks", "asked"
  rules::Where of;          // the venue's candles that it was made of; ticks: of none
  std::int64_t count = 0;
  std::optional<core::VenueTime> since;
  core::Text refusal;  // why they are of ticks alone
};

/// Candles of `seconds` out of shorter ones whose length divides it. Shorter ones before the first
/// whole candle are left out.
std::vector<market::CandleRow> join(const std::vector<market::CandleRow>& rows,
                                    std::int32_t seconds);

}  // namespace derivd::engine
