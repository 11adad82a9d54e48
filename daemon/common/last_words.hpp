// Owns the one sentence that a signal's handler may say: the rest of output.hpp takes memory and
// locks, which a handler must not.
#pragma once

namespace derivd::out {

/// A literal, to standard error as it stands.
void say_in_handler(const char* words);

}  // namespace derivd::out
