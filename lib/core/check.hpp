// Owns CHECK, the always-on assertion for bugs. Any room calls it where a broken invariant means
// that going on could lose money. It never returns when the condition fails: the process aborts,
// systemd restarts it, and recovery is the same path as any other start.
#pragma once

namespace derivd::core {
[[noreturn, gnu::cold]] void check_failed(const char* condition, const char* file, int line,
                                          const char* what) noexcept;
}  // namespace derivd::core

#define DERIVD_CHECK(condition, what)                                     \
  do {                                                                    \
    if (!(condition)) [[unlikely]]                                        \
      ::derivd::core::check_failed(#condition, __FILE__, __LINE__, what); \
  } while (false)
