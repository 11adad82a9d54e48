#include "threads/without_signals.hpp"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace derivd::threads {

namespace {

/// Blocks every signal of this thread for as long as it is there. A thread inherits the mask of the
/// one that starts it, so that not even the first instruction of a new one can be interrupted.
class AllBlocked final {
 public:
  AllBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllBlocked(const AllBlocked&) = delete;
  AllBlocked& operator=(const AllBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

std::thread start_without_signals(std::function<void()> work) {
  const AllBlocked blocked;
  return std::thread(std::move(work));
}

}  // namespace derivd::threads
