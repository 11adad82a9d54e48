// Owns the reading of one time and one quote as people and programs write them. TickTable calls it
// for each row. It never rounds, never takes one thing for another, and says which flag would.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/result.hpp"
#include "core/time.hpp"
#include "store/tick_reader.hpp"

namespace derivd::store {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // spreadsheets write one
/// Digits of a mantissa that certainly fits 64 bits.
inline constexpr int kMaxQuoteDigits = 18;

constexpr bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

/// Seconds of `text` as `format` says: digits with a fraction of zeros, or ISO 8601 with seconds
/// and a zone. Any other fraction is an error unless the format cuts it off.
core::Result<core::VenueTime> parse_time(std::string_view text, const TickFormat& format);

/// A quote as a mantissa of `decimals` decimals; fewer may be written, more are an error.
core::Result<std::int64_t> parse_quote(std::string_view text, std::uint8_t decimals,
                                       bool decimal_comma);

/// Text of a file for a message: what is not printable ASCII as '?', cut to 40 characters.
std::string in_quotes(std::string_view text);

}  // namespace derivd::store
