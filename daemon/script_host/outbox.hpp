// Owns what was answered and has not gone to derivd yet: answers to ticks that were asked at once
// go together. main() fills it between two calls of the program; where the process is ended in the
// midst of one, a signal handler sends it before the last words. One of the process, since a
// handler has no other way to it. It never waits for more to come.
#pragma once

#include <cstdint>
#include <string_view>

#include "script/message.hpp"

namespace derivd::script_host {

/// All of it goes to the channel. False: nobody reads there any more.
bool write_all(std::string_view bytes);

namespace outbox {

/// Adds the answer of a call that asked for nothing, said nothing and changed no state; its
/// sequence follows that of the one before, unless something else was added meanwhile.
void add_quiet(std::uint64_t sequence);
/// Adds any other. False: it did not go out, see flush().
bool add(const script::FromScript& message);
/// Sends what there is. False: nobody reads there any more.
bool flush();
/// The same within a signal handler that ends the process.
void flush_at_end();

}  // namespace outbox
}  // namespace derivd::script_host
