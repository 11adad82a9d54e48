#pragma once

#include <functional>
#include <thread>

namespace derivd::threads {

/// Starts a thread that takes none of the program's signals: they belong to whoever started it, the
/// loop or a command's main. Called from any thread of store, service and the programs; the mask of
/// the caller is as before when it returns. It never takes an error upon itself: a thread that
/// cannot be had is a std::system_error, as std::thread's own, and the mask is as before then, too.
[[nodiscard]] std::thread start_without_signals(std::function<void()> work);

}  // namespace derivd::threads
