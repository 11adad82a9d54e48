#include "unit/net/resolver.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <mutex>
#include <string_view>

namespace {

// Look-ups run in Asio's resolver thread.
std::mutex mutex;
std::condition_variable changed;
bool slow = false;

using LookUp = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

LookUp real() {
  static const auto found = reinterpret_cast<LookUp>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return found;
}

int several(const char* service, const addrinfo* hints, addrinfo** result) {
  const int failed = real()("127.0.0.2", service, hints, result);
  if (failed != 0) return failed;
  auto* last = *result;
  while (last->ai_next != nullptr) last = last->ai_next;
  return real()("127.0.0.1", service, hints, &last->ai_next);
}

}  // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  const std::string_view name = node == nullptr ? "" : node;
  if (name == "several.test") return several(service, hints, result);
  if (name == "unknown.test") return EAI_NONAME;
  if (name == "slow.test") {
    std::unique_lock lock(mutex);
    changed.wait(lock, [] { return !slow; });
    return EAI_NONAME;
  }
  return real()(node, service, hints, result);
}

namespace derivd::net {

SlowName::SlowName() {
  const std::scoped_lock lock(mutex);
  slow = true;
}

SlowName::~SlowName() {
  const std::scoped_lock lock(mutex);
  slow = false;
  changed.notify_all();
}

}  // namespace derivd::net
