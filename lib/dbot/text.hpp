// Owns texts as JavaScript counts them: in units of UTF-16, kept here as UTF-8. The text blocks of
// a program call it. It never knows a block.
#pragma once

#include <string>
#include <string_view>

namespace derivd::dbot {

bool is_ascii(std::string_view text);
std::u16string to_units(std::string_view text);
/// Half a pair becomes three bytes, so that the text keeps its length.
std::string from_units(std::u16string_view units);
/// text.length.
std::size_t unit_count(std::string_view text);
/// text.slice(from, to) with bounds that are in range already.
std::string unit_slice(std::string_view text, std::size_t from, std::size_t to);
/// a + b; halves of a pair that meet become one character.
std::string joined(std::string_view a, std::string_view b);

/// toUpperCase and toLowerCase of the Latin, Greek and Cyrillic letters; others stay.
std::string upper(std::string_view text);
std::string lower(std::string_view text);

}  // namespace derivd::dbot
