// Test only, loaded by LD_PRELOAD: measures each turn of a program's event loop, which is what its
// main thread does from the return of epoll_wait (which Asio calls) until it calls it again. While
// one turn goes on, the program hears nobody. The numbers are in the file that WIRE_TURNS names, in
// the form of Turns below; stalls.py sets its first two fields and reads the others.
//
// A turn that lasted longer than the bound is told apart by who took the time. The program's own is
// what its thread computed (the CPU clock of the thread) and, where it gave up the processor of its
// own accord, what it waited for: a disk, a lock, a page. The machine's is what the thread waited
// for a processor (the second number of schedstat, which counts that also behind a wait of its
// own), and what passes without a switch and without computing: the time that a host takes from a
// guest.
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <ctime>

#include "preload.hpp"

namespace {

using derivd::wire::next;

/// Times in nanoseconds.
struct Turn {
  std::uint64_t ended_at;  // wall clock
  std::uint64_t wall;
  std::uint64_t cpu;          // that the thread computed
  std::uint64_t waited;       // for a processor
  std::uint64_t own;          // what of `wall` was the program's
  std::uint64_t voluntary;    // switches: it waited for something
  std::uint64_t involuntary;  // switches: others had the processor
  std::uint64_t minor_faults;
  std::uint64_t major_faults;
};

enum Kind : std::uint8_t { kMachine, kBlocked, kComputed, kKinds };

struct Turns {
  std::atomic<std::uint32_t> counts;   // whether turns that begin now are counted
  std::atomic<std::uint32_t> process;  // the first that came; its children are not looked at
  std::uint64_t bound;
  std::uint64_t turns;
  std::uint64_t within;                     // all of them together, by the wall clock
  std::array<std::uint64_t, kKinds> above;  // turns longer than the bound, by whose they are
  std::array<std::uint64_t, 32> by_length;  // [0] under 1 us, [n] under 2^n us
  Turn longest;                             // by the wall clock
  Turn longest_own;                         // by what was the program's
  std::uint64_t kept;                       // of those longer than the bound: the first ones
  std::array<Turn, 256> above_bound;
};

/// What the kernel has counted for the main thread until now.
struct Used {
  std::uint64_t cpu = 0;
  std::uint64_t waited = 0;
  rusage counted{};
};

Turns* g_turns = nullptr;
pthread_t g_main;
int g_schedstat = -1;

// Of the turn that goes on.
bool g_open = false;
std::uint64_t g_began = 0;
Used g_before;

std::uint64_t now(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

/// "computed waited slices"; 0 where it cannot be read, which makes the wait the program's own.
std::uint64_t waited_for_processor() {
  char text[96];
  const auto size = ::pread(g_schedstat, text, sizeof text, 0);
  if (size <= 0) return 0;
  const char* end = text + size;
  std::uint64_t value = 0;
  const char* space = std::find(static_cast<const char*>(text), end, ' ');
  std::from_chars(std::min(space + 1, end), end, value);
  return value;
}

Used used() {
  Used out;
  out.cpu = now(CLOCK_THREAD_CPUTIME_ID);
  out.waited = waited_for_processor();
  ::getrusage(RUSAGE_THREAD, &out.counted);
  return out;
}

Turn measured(std::uint64_t wall) {
  const auto after = used();
  const auto more = [&](auto field) {
    return static_cast<std::uint64_t>(after.counted.*field - g_before.counted.*field);
  };
  Turn turn{};
  turn.ended_at = now(CLOCK_REALTIME);
  turn.wall = wall;
  turn.cpu = std::min(wall, after.cpu - g_before.cpu);
  turn.waited = std::min(wall - turn.cpu, after.waited - g_before.waited);
  turn.voluntary = more(&rusage::ru_nvcsw);
  turn.involuntary = more(&rusage::ru_nivcsw);
  turn.minor_faults = more(&rusage::ru_minflt);
  turn.major_faults = more(&rusage::ru_majflt);
  turn.own = turn.voluntary > 0 ? wall - turn.waited : turn.cpu;
  return turn;
}

Kind kind_of(const Turn& turn, std::uint64_t bound) {
  if (turn.own <= bound) return kMachine;
  return turn.cpu > bound ? kComputed : kBlocked;
}

void end_turn() {
  if (!g_open) return;
  const auto wall = now(CLOCK_MONOTONIC) - g_began;
  auto& all = *g_turns;
  ++all.turns;
  all.within += wall;
  const auto place = static_cast<std::size_t>(std::bit_width(wall / 1'000));
  ++all.by_length[std::min(place, all.by_length.size() - 1)];
  // To ask the kernel once more costs about as much as a short turn: only for those that matter.
  if (wall <= std::min(all.bound, all.longest_own.own)) return;
  const auto turn = measured(wall);
  if (turn.wall > all.longest.wall) all.longest = turn;
  if (turn.own > all.longest_own.own) all.longest_own = turn;
  if (wall <= all.bound) return;
  ++all.above[kind_of(turn, all.bound)];
  if (all.kept < all.above_bound.size()) all.above_bound[all.kept++] = turn;
}

void begin_turn() {
  g_open = g_turns->counts.load(std::memory_order_relaxed) != 0;
  if (!g_open) return;
  g_before = used();
  g_began = now(CLOCK_MONOTONIC);
}

// Before main(), in the thread that runs it.
__attribute__((constructor)) void open_turns() {
  auto* turns = derivd::wire::shared_numbers<Turns>("WIRE_TURNS");
  if (turns == nullptr) return;
  // A program that is started by another one in its own place has the number of that.
  const auto process = static_cast<std::uint32_t>(::getpid());
  std::uint32_t first = 0;
  if (!turns->process.compare_exchange_strong(first, process) && first != process) return;
  g_schedstat = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  if (g_schedstat < 0) return;  // then no turn is counted, which is found out
  g_main = ::pthread_self();
  g_turns = turns;
}

}  // namespace

extern "C" int epoll_wait(int fd, epoll_event* events, int most, int timeout) {
  static auto* const real = next<int(int, epoll_event*, int, int)>("epoll_wait");
  const bool is_loop = g_turns != nullptr && ::pthread_equal(::pthread_self(), g_main) != 0;
  if (is_loop) end_turn();
  const int ready = real(fd, events, most, timeout);
  if (is_loop) {
    const int error = errno;
    begin_turn();
    errno = error;
  }
  return ready;
}
