// Owns the finding of the lengths of candles that a script's text names, so that the venue's past
// of each can be asked for before the first tick. The engine calls it when the strategy begins. It
// never runs the text.
//
// A length is a text of the program that is one, as "1m" in candles(50, "1m") or "15m" in
// const slow = "15m". One that the program puts together as it runs is not found: its candles begin
// with the longest known ones that it is made up of, or with ticks.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "rules/candle.hpp"
#include "script/message.hpp"

namespace derivd::script {

/// Of each length so many past candles are asked for: as many as a script keeps.
inline constexpr std::int64_t kPastCandles = 5000;

/// Each length once, in the order in which they are named, `chosen` (unless it is ticks) first; at
/// most as many as a strategy may look at.
std::vector<rules::Where> lengths_in(std::string_view text, rules::Where chosen);

/// The messages that hand a past of candles over, each within the bounds of one.
std::vector<ToScript> past_candles(rules::Where where, std::uint8_t decimals,
                                   std::span<const rules::Candle::Closed> past,
                                   std::uint8_t watched = 0);

}  // namespace derivd::script
