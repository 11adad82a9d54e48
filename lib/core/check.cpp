#include "core/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace derivd::core {
void check_failed(const char* condition, const char* file, int line, const char* what) noexcept {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s: %s\n", file, line, condition, what);
  std::abort();
}
}  // namespace derivd::core
