// Owns the walls around a script's process: what the kernel still does for it once they stand. The
// process's main() calls it before it reads a byte of the user's; a test tries every wall. It never
// opens anything again: there is no way back.
#pragma once

#include <string>

#include "core/result.hpp"

namespace derivd::script_host {

/// The descriptors that stay open beside the three standard ones, which lead to /dev/null: the
/// channel to derivd, what the kernel says of this process's memory (/proc/self/statm), and
/// /dev/urandom, which the engine reads at its start.
inline constexpr int kChannel = 3;
inline constexpr int kMemory = 4;
inline constexpr int kRandom = 5;

/// No new privileges, no core file, an end with its parent, no descriptors but its own, no files of
/// its own, no other program and no second process; of other kinds of access what the allow list
/// of system calls leaves: memory, threads, time, the channel. Each layer that the kernel and the
/// service's own sandbox allow is named in the text, as "landlock namespaces seccomp". An error:
/// the one that everything rests on, seccomp, is not to be had.
core::Result<std::string> close_sandbox();

}  // namespace derivd::script_host
