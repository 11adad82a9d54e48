#include "unit/net/resolver.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace {

// Look-ups run in threads of their own, which may outlive every test.
std::mutex mutex;
std::condition_variable changed;
std::string slow;  // the name that blocks
int waiting_now = 0;
std::atomic<bool> nine = false;

using LookUp = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

LookUp real() {
  static const auto found = reinterpret_cast<LookUp>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return found;
}

int listed(const std::vector<std::string>& addresses, const char* service, const addrinfo* hints,
           addrinfo** result) {
  addrinfo** end = result;
  for (const auto& address : addresses) {
    const int failed = real()(address.c_str(), service, hints, end);
    if (failed != 0) return failed;
    while (*end != nullptr) end = &(*end)->ai_next;
  }
  return 0;
}

int blocked(std::string_view name) {
  std::unique_lock lock(mutex);
  if (slow != name) return EAI_NONAME;
  ++waiting_now;
  changed.notify_all();
  changed.wait(lock, [&] { return slow != name; });
  --waiting_now;
  changed.notify_all();
  return EAI_NONAME;
}

}  // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  const std::string_view name = node == nullptr ? "" : node;
  if (name == "several.test") return listed({"127.0.0.2", "127.0.0.1"}, service, hints, result);
  if (name == "localhost" && nine) {
    std::vector<std::string> addresses;
    for (int i = 11; i < 19; ++i) addresses.push_back("127.0.0." + std::to_string(i));
    addresses.emplace_back("127.0.0.1");
    return listed(addresses, service, hints, result);
  }
  if (name == "unknown.test") return EAI_NONAME;
  if (name.ends_with(".slow.test")) return blocked(name);
  return real()(node, service, hints, result);
}

namespace derivd::net {

SlowName::SlowName(const std::string& name) {
  const std::scoped_lock lock(mutex);
  slow = name;
}

// Waits for those that block: the next test begins without them.
SlowName::~SlowName() {
  std::unique_lock lock(mutex);
  slow.clear();
  changed.notify_all();
  changed.wait(lock, [] { return waiting_now == 0; });
}

int SlowName::waiting() {
  const std::scoped_lock lock(mutex);
  return waiting_now;
}

bool SlowName::reaches(int count) {
  std::unique_lock lock(mutex);
  return changed.wait_for(lock, std::chrono::seconds(20), [&] { return waiting_now == count; });
}

NineAddresses::NineAddresses() { nine = true; }
NineAddresses::~NineAddresses() { nine = false; }

}  // namespace derivd::net
