// Test only, for LD_PRELOAD: each write to standard error, and each datagram to the journal or to
// the supervisor, takes SLOW_LOG_MS milliseconds longer. The programs themselves know nothing of
// it.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

namespace {

void wait_a_while() {
  const char* text = ::getenv("SLOW_LOG_MS");
  if (text == nullptr) return;
  const long ms = ::atol(text);
  const timespec span{ms / 1000, ms % 1000 * 1'000'000};
  ::nanosleep(&span, nullptr);
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  if (fd == STDERR_FILENO) wait_a_while();
  return real(fd, data, size);
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto real = next<ssize_t (*)(int, const iovec*, int)>("writev");
  if (fd == STDERR_FILENO) wait_a_while();
  return real(fd, parts, count);
}

// stdio writes from inside of the C library, past the functions above.
int fflush(FILE* file) {
  static const auto real = next<int (*)(FILE*)>("fflush");
  if (file == stderr) wait_a_while();
  return real(file);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static const auto real = next<ssize_t (*)(int, const msghdr*, int)>("sendmsg");
  const auto* to = static_cast<const sockaddr*>(message->msg_name);
  if (to != nullptr && to->sa_family == AF_UNIX) wait_a_while();
  return real(fd, message, flags);
}
}
