#include "net/resolver.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

#include "threads/without_signals.hpp"

namespace derivd::net {

struct LookUp::Waiter {
  Waiter(const Executor& loop, Done callback) : executor(loop), done(std::move(callback)) {}
  Executor executor;
  Done done;               // on the loop's thread
  bool abandoned = false;  // on the loop's thread
};

namespace {

using Waiter = LookUp::Waiter;
using Answer = core::Result<Addresses>;

/// Threads and who waits for them, of the whole process. Never destroyed: a thread may come back
/// while the program ends.
struct Desk {
  struct Name {
    int threads = 0;
    std::list<std::shared_ptr<Waiter>> waiters;
  };
  std::mutex mutex;
  int threads = 0;
  std::map<std::string, Name> names;
};

Desk& desk() {
  static auto* const kept = new Desk;
  return *kept;
}

core::Result<asio::ip::address> address_of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    return asio::ip::address(asio::ip::address_v4(ntohl(in.sin_addr.s_addr)));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, address, sizeof in);
    asio::ip::address_v6::bytes_type bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return asio::ip::address(asio::ip::address_v6(bytes, in.sin6_scope_id));
  }
  return core::invalid("neither IPv4 nor IPv6");
}

/// Blocks.
Answer ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (code != 0) {
    const auto* why = code == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(code);
    const bool unknown = code == EAI_NONAME || code == EAI_NODATA;
    return core::Error{unknown ? core::ErrorKind::kNotFound : core::ErrorKind::kIo,
                       fmt::format("name look-up of {} failed: {}", host, why)};
  }
  Addresses out;
  for (const auto* at = found; at != nullptr && out.size() < kMaxAddresses; at = at->ai_next) {
    const auto address = address_of(at->ai_addr);
    if (address && std::find(out.begin(), out.end(), *address) == out.end()) {
      out.push_back(*address);
    }
  }
  ::freeaddrinfo(found);
  if (!out.empty()) return out;
  return core::Error{core::ErrorKind::kNotFound,
                     fmt::format("name look-up of {} found no address", host)};
}

void deliver(const std::shared_ptr<Waiter>& waiter, const Answer& answer) {
  asio::post(waiter->executor, [waiter, answer] {
    if (!waiter->abandoned) waiter->done(answer);
  });
}

/// The name for which somebody waits and nobody works; empty: none.
std::string next_name(const Desk& at) {
  for (const auto& [host, name] : at.names) {
    if (name.threads == 0 && !name.waiters.empty()) return host;
  }
  return {};
}

/// Looks up until there is nothing left to do. Whoever waits for a name gets the answer, no matter
/// which attempt made the thread.
void work(std::string host) {
  auto& at = desk();
  while (!host.empty()) {
    const auto answer = ask_system(host);
    const std::scoped_lock lock(at.mutex);
    auto& name = at.names[host];
    --name.threads;
    // Within the lock: whoever abandons waits for it, so that its loop is still there.
    for (const auto& waiter : name.waiters) deliver(waiter, answer);
    name.waiters.clear();
    if (name.threads == 0) at.names.erase(host);
    host = next_name(at);
    if (host.empty()) {
      --at.threads;
    } else {
      ++at.names[host].threads;
    }
  }
}

/// Nobody waits for its end: the system's resolver may take minutes, and cannot be told to stop.
bool start_thread(const std::string& host) {
  try {
    threads::start_without_signals([host] { work(host); }).detach();
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace

LookUp::LookUp(const Executor& executor, const std::string& host, Done done)
    : waiter_(std::make_shared<Waiter>(executor, std::move(done))) {
  auto& at = desk();
  const std::scoped_lock lock(at.mutex);
  auto& name = at.names[host];
  name.waiters.push_back(waiter_);
  if (name.threads >= kMaxLookUpsOfName || at.threads >= kMaxLookUps) return;
  if (start_thread(host)) {
    ++name.threads;
    ++at.threads;
  } else if (name.threads == 0) {
    deliver(waiter_, core::Error{core::ErrorKind::kExhausted,
                                 fmt::format("name look-up of {} failed: no thread for it", host)});
    name.waiters.pop_back();
    if (name.waiters.empty()) at.names.erase(host);
  }
}

LookUp::~LookUp() {
  waiter_->abandoned = true;
  auto& at = desk();
  const std::scoped_lock lock(at.mutex);
  for (auto name = at.names.begin(); name != at.names.end(); ++name) {
    if (name->second.waiters.remove(waiter_) == 0) continue;
    if (name->second.waiters.empty() && name->second.threads == 0) at.names.erase(name);
    return;
  }
}

// ---- addresses that failed ----

namespace {

/// An address that was down is worth another try, in its own place, after this.
constexpr auto kRemembered = std::chrono::minutes(10);
/// More than a handful of hosts with the most addresses each.
constexpr std::size_t kMaxRemembered = 512;

struct Failure {
  std::string host;
  tcp::endpoint address;
  Clock::time_point at;
};

/// The longest ago first.
struct Failures {
  std::mutex mutex;
  std::list<Failure> all;

  void forget(const std::string& host, const tcp::endpoint& address) {
    all.remove_if([&](const Failure& f) { return f.address == address && f.host == host; });
  }
};

Failures& failures() {
  static auto* const kept = new Failures;
  return *kept;
}

}  // namespace

void order_by_failures(const std::string& host, std::vector<tcp::endpoint>& addresses) {
  auto& known = failures();
  const std::scoped_lock lock(known.mutex);
  const auto too_old = Clock::now() - kRemembered;
  known.all.remove_if([&](const Failure& f) { return f.at < too_old; });
  const auto rank = [&](const tcp::endpoint& address) {
    std::size_t n = 0;
    for (const auto& f : known.all) {
      ++n;
      if (f.address == address && f.host == host) return n;
    }
    return std::size_t{0};
  };
  std::vector<std::pair<std::size_t, tcp::endpoint>> ranked;
  for (const auto& address : addresses) ranked.emplace_back(rank(address), address);
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::transform(ranked.begin(), ranked.end(), addresses.begin(),
                 [](const auto& r) { return r.second; });
}

void note_failure(const std::string& host, const tcp::endpoint& address) {
  auto& known = failures();
  const std::scoped_lock lock(known.mutex);
  known.forget(host, address);
  known.all.push_back({host, address, Clock::now()});
  if (known.all.size() > kMaxRemembered) known.all.pop_front();
}

void forget_failure(const std::string& host, const tcp::endpoint& address) {
  auto& known = failures();
  const std::scoped_lock lock(known.mutex);
  known.forget(host, address);
}

}  // namespace derivd::net
