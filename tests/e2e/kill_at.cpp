// Test only, for LD_PRELOAD: ends the process with SIGKILL at the N-th write or sync of the
// journal, before or after performing it, or after a part of its bytes. KILL_AT=N,
// KILL_WHEN=before|within|after, KILL_FILE=names of the files, by default the intent log and
// SQLite's, derivd.db-intents,derivd.db-wal. With COUNT_SYNCS=FILE each sync of the journal adds a
// byte to FILE. The programs themselves know nothing of it.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>

namespace {

/// The loop and the journal's own thread write.
std::atomic<long> calls{0};

bool is_journal(int fd) {
  char link[64];
  char path[4096];
  ::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = ::readlink(link, path, sizeof path - 1);
  if (size <= 0) return false;
  path[size] = '\0';
  const char* wanted = ::getenv("KILL_FILE");
  if (wanted == nullptr) wanted = "derivd.db-intents,derivd.db-wal";
  const char* name = ::strrchr(path, '/');
  if (name == nullptr) return false;
  const std::size_t length = ::strlen(++name);
  for (const char* at = wanted; (at = ::strstr(at, name)) != nullptr; ++at) {
    const bool begins = at == wanted || at[-1] == ',';
    if (begins && (at[length] == ',' || at[length] == '\0')) return true;
  }
  return false;
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

bool dies(const char* when) {
  const char* wanted = ::getenv("KILL_WHEN");
  return wanted != nullptr && ::strcmp(wanted, when) == 0;
}

/// Of a write within which the process dies: some eighths of its bytes, other ones each time.
std::size_t part_of(std::size_t size) {
  return size * static_cast<std::size_t>(1 + calls.load() % 7) / 8;
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

/// `part` does some of what `call` does.
template <class Call, class Part>
auto guarded(int fd, Call&& call, Part&& part) {
  const bool now = is_time(fd);
  if (now && dies("within")) part();
  if (now && !dies("after")) ::kill(::getpid(), SIGKILL);
  const auto result = call();
  if (now) ::kill(::getpid(), SIGKILL);
  return result;
}

}  // namespace

extern "C" {

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return guarded(
      fd, [&] { return real(fd, data, size, offset); },
      [&] { return real(fd, data, part_of(size), offset); });
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return guarded(
      fd, [&] { return real(fd, data, size, offset); },
      [&] { return real(fd, data, part_of(size), offset); });
}

int fdatasync(int fd) {
  static const auto real = next<int (*)(int)>("fdatasync");
  count_sync(fd);
  return guarded(
      fd, [&] { return real(fd); }, [] {});
}
}
