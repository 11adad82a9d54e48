// Owns how what is shown looks: as wide as the terminal, in colours where somebody looks. Commands
// that print tables and help ask here; the bytes go the way of common/output. It decides no words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace derivd::out {

/// How standard output wants to be written to.
struct Look {
  std::size_t width = 80;  // columns of a line
  bool terminal = false;   // somebody reads it at once
  bool colours = false;    // it shows them, and nobody has said NO_COLOR
};
/// Of a pipe or a file: 80 columns and no colours, so that what is kept looks the same everywhere.
Look look();

enum class Paint { kNone, kGood, kWarn, kBad, kHead, kDim };
/// The text in a colour, if `look` has any: between marks that only show() understands. No other
/// text can have them, since they are characters that every text of others is cleaned of.
std::string painted(std::string_view text, Paint paint, const Look& look);
/// print() for text with such marks in it.
bool show(std::string_view lines);

/// Help on lines of 80 columns: what is longer goes on below its own description.
std::string folded(std::string_view help);

}  // namespace derivd::out
