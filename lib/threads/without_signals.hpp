// Owns how a thread is started beside the loop. Every room below the line and the programs use it,
// from any thread. It keeps no threads: whoever starts one joins or detaches it.
#pragma once

#include <functional>
#include <thread>

namespace derivd::threads {

/// Starts a thread that takes none of the program's signals: they belong to whoever started it, the
/// loop or a command's main. The mask of the caller is as before when it returns. A thread that
/// cannot be had is a std::system_error, as std::thread's own, and the mask is as before then, too.
[[nodiscard]] std::thread start_without_signals(std::function<void()> work);

}  // namespace derivd::threads
