// Owns the first act of every program here: descriptors 0, 1 and 2 that came closed are given to
// /dev/null, so that no file, socket or database of ours takes such a number and receives what is
// meant for standard output or standard error.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace derivd::daemon {

/// For the beginning of main(), before anything is opened.
inline void keep_standard_descriptors() noexcept {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // open() takes the lowest number that is free. Without a /dev, what cannot be written will do.
    if (::open("/dev/null", O_RDWR) < 0) (void)::open("/", O_PATH);
  }
}

}  // namespace derivd::daemon
