// Owns what a text of somebody else may look like where a person reads it: no character of it
// steers a terminal, breaks a line or reorders what stands beside it. Whoever takes a text from
// outside cleans it, and the programs' one way out (daemon/common/output) cleans once more. It
// never decides what a text means.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace derivd::core {

struct Shown {
  std::size_t length = 1;  // bytes of the character, or of what must be replaced
  bool as_it_is = true;    // false: a control, or no UTF-8
};
/// The character at the front; `text` is not empty. Not shown as they are: C0 and C1 controls, DEL,
/// line and paragraph separators, and the controls that change the direction of a text (Unicode's
/// Bidi_Control), which can make "demo" out of another word. Bytes that are no UTF-8 count singly.
Shown first_character(std::string_view text);

/// Whether every character is shown as it is.
bool is_printable(std::string_view text);

/// On one line: each such character becomes '?', newlines and tabs too.
std::string printable(std::string_view text);

/// The same for a text of several lines that is our own but for its words: newlines stay.
std::string printable_lines(std::string_view text);

/// For a JSON text that is valid already: each such character, which can stand inside a string
/// alone, becomes its escape there, so that the value stays what it is. Newlines stay.
std::string printable_json(std::string_view json);

/// At most `size` bytes, cut between characters.
std::string_view cut_utf8(std::string_view text, std::size_t size);

/// A sentence without its full stop, so that more can follow behind a semicolon.
std::string_view without_stop(std::string_view sentence);

}  // namespace derivd::core
