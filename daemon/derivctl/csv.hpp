// Owns the cells of the CSV that derivctl prints: quoted where they must be, and harmless in the
// spreadsheet that opens them. trades and sweep print through it. It never changes a number.
#pragma once

#include <string>
#include <string_view>

namespace derivd::ctl {

/// RFC 4180: commas, quotes and line ends are quoted. A text that a spreadsheet would compute (it
/// begins with = + - @, their wide forms, a tab or a carriage return) gets an apostrophe in front,
/// as OWASP advises against CSV injection; a number stays what it is.
std::string csv_cell(std::string_view text);

}  // namespace derivd::ctl
