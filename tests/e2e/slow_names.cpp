// Test only, for LD_PRELOAD: the name server that never answers. getaddrinfo() of every host in
// SLOW_NAMES (with commas between; "*": of every one that is no address) blocks for ever. With
// SLOW_NAMES_SEEN=FILE each such look-up adds a byte to FILE. The programs themselves know nothing
// of it.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace {

bool is_address(const char* host) {
  unsigned char bytes[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, host, bytes) == 1 || ::inet_pton(AF_INET6, host, bytes) == 1;
}

bool is_slow(const char* host) {
  const char* names = ::getenv("SLOW_NAMES");
  if (names == nullptr || host == nullptr || is_address(host)) return false;
  if (::strcmp(names, "*") == 0) return true;
  const size_t size = ::strlen(host);
  for (const char* at = names; at != nullptr; at = ::strchr(at, ',')) {
    if (*at == ',') ++at;
    if (::strncmp(at, host, size) == 0 && (at[size] == ',' || at[size] == '\0')) return true;
  }
  return false;
}

void note() {
  const char* file = ::getenv("SLOW_NAMES_SEEN");
  if (file == nullptr) return;
  const int fd = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  (void)!::write(fd, "x", 1);
  ::close(fd);
}

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Real>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (!is_slow(host)) return real(host, service, hints, result);
  note();
  for (;;) ::pause();
}
