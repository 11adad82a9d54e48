// What the libraries of this folder share that LD_PRELOAD loads: the function of the program's own
// libraries that one of theirs stands before, and numbers in a file that a script reads and writes
// meanwhile. Nothing here allocates.
#pragma once

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

namespace derivd::wire {

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

/// The numbers in the file that this environment variable names, all zero where nobody has written
/// any. Null: it names none, or one that cannot be used.
template <class Numbers>
Numbers* shared_numbers(const char* variable) {
  const char* path = std::getenv(variable);
  if (path == nullptr) return nullptr;
  const int fd = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return nullptr;
  void* at = MAP_FAILED;
  if (::ftruncate(fd, sizeof(Numbers)) == 0) {
    at = ::mmap(nullptr, sizeof(Numbers), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  ::close(fd);
  return at == MAP_FAILED ? nullptr : static_cast<Numbers*>(at);
}

}  // namespace derivd::wire
