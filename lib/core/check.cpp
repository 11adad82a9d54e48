#include "core/check.hpp"

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace derivd::core {
void check_failed(const char* condition, const char* file, int line, const char* what) noexcept {
  // The end must not wait for somebody to read why: a stopped terminal, a full pipe.
  constexpr int kPatienceMs = 100;
  pollfd ready{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&ready, 1, kPatienceMs) == 1)
    std::fprintf(stderr, "%s:%d: CHECK failed: %s: %s\n", file, line, condition, what);
  std::abort();
}
}  // namespace derivd::core
