// Test only, loaded by LD_PRELOAD: counts what a program asks of malloc and its relatives, in the
// file that WIRE_ALLOCATIONS names, as three numbers of eight bytes: what all of its threads ask;
// how many purchases it sent; and for how many of those the thread that sent them had asked nothing
// since it received the bytes before. The benchmark reads them before and after its rounds.
#include <malloc.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>

#include "preload.hpp"

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

using derivd::wire::next;

using Counts = std::array<std::atomic<std::uint64_t>, 3>;  // all, purchases, those without any
Counts* g_counts = nullptr;
thread_local std::uint64_t t_since_received = 0;

/// Of a purchase, encrypted: whatever else derivd sends while it trades has at most 120 bytes.
constexpr std::size_t kPurchaseBytes = 160;

void count() {
  ++t_since_received;
  if (g_counts != nullptr) (*g_counts)[0].fetch_add(1, std::memory_order_relaxed);
}

/// And not the channel to a script's process, which takes long texts, too.
bool is_network(int fd) {
  int domain = 0;
  socklen_t size = sizeof(domain);
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain != AF_UNIX;
}

// Before main(), and by no call that would allocate.
__attribute__((constructor)) void open_count() {
  g_counts = derivd::wire::shared_numbers<Counts>("WIRE_ALLOCATIONS");
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
  count();
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
  count();
  return __libc_calloc(number, size);
}
void* realloc(void* old, std::size_t size) {
  count();
  return __libc_realloc(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  count();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
  *out = memalign(alignment, size);
  return *out == nullptr ? ENOMEM : 0;
}

// Asio's, for one buffer each.
ssize_t recv(int fd, void* to, std::size_t size, int flags) {
  static auto* const real = next<ssize_t(int, void*, std::size_t, int)>("recv");
  const auto got = real(fd, to, size, flags);
  if (got > 0) t_since_received = 0;
  return got;
}
ssize_t send(int fd, const void* from, std::size_t size, int flags) {
  static auto* const real = next<ssize_t(int, const void*, std::size_t, int)>("send");
  if (size >= kPurchaseBytes && g_counts != nullptr && is_network(fd)) {
    (*g_counts)[1].fetch_add(1, std::memory_order_relaxed);
    if (t_since_received == 0) (*g_counts)[2].fetch_add(1, std::memory_order_relaxed);
  }
  return real(fd, from, size, flags);
}

}  // extern "C"
