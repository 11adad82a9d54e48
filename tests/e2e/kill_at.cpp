// Test only, for LD_PRELOAD: ends the process with SIGKILL at the N-th write or sync of the
// journal, before or after performing it. KILL_AT=N, KILL_WHEN=before|after, KILL_FILE=name of the
// file, by default the log, derivd.db-wal. With COUNT_SYNCS=FILE each sync of the journal adds a
// byte to FILE. The programs themselves know nothing of it.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

namespace {

long calls = 0;

bool is_journal(int fd) {
  char link[64];
  char path[4096];
  ::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = ::readlink(link, path, sizeof path - 1);
  if (size <= 0) return false;
  path[size] = '\0';
  const char* wanted = ::getenv("KILL_FILE");
  if (wanted == nullptr) wanted = "derivd.db-wal";
  const char* name = ::strrchr(path, '/');
  return name != nullptr && ::strcmp(name + 1, wanted) == 0;
}

void count_sync(int fd) {
  const char* file = ::getenv("COUNT_SYNCS");
  if (file == nullptr || !is_journal(fd)) return;
  const int counter = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (counter < 0) return;
  if (::write(counter, ".", 1) != 1) ::perror(file);
  ::close(counter);
}

bool is_time(int fd) {
  const char* at = ::getenv("KILL_AT");
  return at != nullptr && is_journal(fd) && ++calls == ::atol(at);
}

bool dies_before() {
  const char* when = ::getenv("KILL_WHEN");
  return when != nullptr && ::strcmp(when, "before") == 0;
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

template <class Call>
auto guarded(int fd, Call&& call) {
  const bool now = is_time(fd);
  if (now && dies_before()) ::kill(::getpid(), SIGKILL);
  const auto result = call();
  if (now) ::kill(::getpid(), SIGKILL);
  return result;
}

}  // namespace

extern "C" {

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return guarded(fd, [&] { return real(fd, data, size, offset); });
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return guarded(fd, [&] { return real(fd, data, size, offset); });
}

int fdatasync(int fd) {
  static const auto real = next<int (*)(int)>("fdatasync");
  count_sync(fd);
  return guarded(fd, [&] { return real(fd); });
}
}
