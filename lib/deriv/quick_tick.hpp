// Owns the short way for the frame that decides when derivd buys: a tick in the venue's own compact
// form. The decoder tries it first, on the loop thread. It fits in a few cache lines of code, which
// counts where a tick comes once a second and finds everything cold. It never judges: whatever it
// does not know to be a plain tick is left to the decoder's one way of reading and of refusing.
#pragma once

#include <cstddef>
#include <string_view>

#include "deriv/frame.hpp"

namespace derivd::deriv {

/// So many bytes behind a frame must be readable.
inline constexpr std::size_t kQuickTickPadding = 8;

/// Reads `frame` into `out`, all fields of it, as Decoder reads the same frame. False, with `out`
/// as it was: the frame is no tick, or one with anything unusual (blanks, escapes, text that is not
/// ASCII, a field that comes twice or is missing, an exponent, a sign of a number that is read, a
/// nested list), right or wrong. Every frame that it takes is JSON as RFC 8259 has it. At least
/// kQuickTickPadding bytes behind the frame can be read; what they are does not matter. Does not
/// allocate.
bool read_quick_tick(std::string_view frame, Frame& out);

}  // namespace derivd::deriv
