#include "script_host/budget.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstring>
#include <ctime>

#include "core/check.hpp"
#include "script/settings.hpp"
#include "script/wire.hpp"
#include "script_host/outbox.hpp"
#include "script_host/sandbox.hpp"

namespace derivd::script_host {
namespace {

using script::kMebibyte;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

/// The engine stops a program by itself at its budget and can then say in which line. The kernel
/// comes later, for what the engine does not interrupt.
constexpr microseconds kGrace{20'000};
/// A machine of others that stands still for a while lets its time look like ours. That comes at
/// once, between two looks: a call has passed its budget when it did so in several.
constexpr microseconds kLongestLook{8'000};
constexpr microseconds kAgain{10'000};
constexpr int kFirings = 3;
/// A machine that is busy lets a call wait for its processor; one that waits this much longer
/// waits for something else.
constexpr int kClockFactor = 20;
constexpr microseconds kClockGrace{5'000'000};

/// Of calls in a row: so long the processor's time that was asked for before one of them serves
/// those behind it as well. A call that is shorter is not asked for it at all.
constexpr nanoseconds kShort{1'000'000};

/// What a signal handler can still say: frames that were made before, one for each signal.
struct LastWords {
  std::array<char, 1024> frame{};
  std::atomic<std::size_t> size{0};
};
enum Ending : std::size_t { kByCpu, kByClock, kByFault, kEndings };
// A handler has no other way to its data.
std::array<LastWords, kEndings> last_words;

/// The program is at work: what was answered before lies whole in the outbox.
std::atomic<bool> calling{false};

void end_with(Ending ending) {
  if (calling.load()) outbox::flush_at_end();
  const auto& words = last_words[ending];
  const auto written = ::write(kChannel, words.frame.data(), words.size.load());
  ::_exit(written < 0 ? 1 : 0);
}

nanoseconds time_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}
/// Of a clock that costs no call of the kernel.
nanoseconds clock_time() { return time_of(CLOCK_MONOTONIC); }
nanoseconds processor_time() { return time_of(CLOCK_PROCESS_CPUTIME_ID); }

/// What the handlers know of the call that goes on, or was the last, and of its bounds. The timers
/// are not wound up for each call, which would take longer than most calls do: one runs with the
/// processor's time for ever, the other one from the first call behind its last end.
struct Watched {
  std::atomic<std::int64_t> processor_before{0};  // ns: what the call did not use
  std::atomic<std::int64_t> entered_at{0};        // ns of the clock
  std::atomic<int> firings{0};                    // that found the call beyond its budget
  std::atomic<bool> is_wound_up{false};           // the clock's timer
  std::int64_t most_processor = 0;                // ns, with what the engine needs to stop it
  std::int64_t most_clock = 0;                    // ns
  timer_t by_clock{};
};
Watched watched;

timespec spec_of(nanoseconds time) {
  constexpr std::int64_t kNano = 1'000'000'000;
  return {time.count() / kNano, time.count() % kNano};
}

void set_timer(timer_t timer, nanoseconds after, nanoseconds again = nanoseconds(0)) {
  const itimerspec when{spec_of(again), spec_of(after)};
  ::timer_settime(timer, 0, &when, nullptr);
}

void on_cpu(int) {
  if (!calling.load()) return;
  const auto used = processor_time().count() - watched.processor_before.load();
  if (used > watched.most_processor && ++watched.firings >= kFirings) end_with(kByCpu);
}

/// The call may have begun long after the timer did.
void on_clock(int) {
  watched.is_wound_up.store(false);
  if (!calling.load()) return;
  const auto left = watched.entered_at.load() + watched.most_clock - clock_time().count();
  if (left <= 0) end_with(kByClock);
  if (!watched.is_wound_up.exchange(true)) set_timer(watched.by_clock, nanoseconds(left));
}

void on_fault(int) { end_with(kByFault); }

/// Behind the frame's length and its kind.
constexpr std::size_t kSequenceAt = 5;

void prepare(Ending ending, std::string_view where, std::string_view text) {
  std::string frame;
  script::encode(
      script::FromScript{script::Failure{0, std::string(where.substr(0, 200)), std::string(text)}},
      frame);
  auto& words = last_words[ending];
  DERIVD_CHECK(frame.size() <= words.frame.size(), "last words are short");
  words.size.store(0);
  std::memcpy(words.frame.data(), frame.data(), frame.size());
  words.size.store(frame.size());
}

void number(std::uint64_t sequence) {
  for (auto& words : last_words) {
    for (std::size_t i = 0; i < sizeof(sequence); ++i) {
      words.frame[kSequenceAt + i] = static_cast<char>(sequence >> (8 * i) & 0xff);
    }
  }
}

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  ::sigfillset(&action.sa_mask);
  ::sigaction(number, &action, nullptr);
}

timer_t make_timer(clockid_t clock, int number) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = number;
  timer_t timer{};
  DERIVD_CHECK(::timer_create(clock, &event, &timer) == 0, "a timer");
  return timer;
}

/// The n-th number of /proc/self/statm, in bytes.
std::int64_t statm(int n) {
  std::array<char, 128> text{};
  const auto size = ::pread(kMemory, text.data(), text.size(), 0);
  if (size <= 0) return 0;
  std::string_view rest(text.data(), static_cast<std::size_t>(size));
  for (; n > 0; --n) rest.remove_prefix(std::min(rest.find(' ') + 1, rest.size()));
  std::int64_t pages = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), pages);
  return pages * ::sysconf(_SC_PAGESIZE);
}

constexpr int kWhole = 0;
constexpr int kResident = 1;

}  // namespace

void Budget::begin(microseconds cpu, std::int64_t memory) {
  cpu_ = cpu;
  memory_ = memory;
  baseline_ = resident();
  // A heap that is nearly full is collected into another: both stand for a moment. Stacks of the
  // engine's threads and its tables come on top.
  constexpr std::int64_t kSlack = 192 * kMebibyte;
  const auto most = static_cast<rlim_t>(statm(kWhole) + 2 * memory + kSlack);
  const rlimit bound{most, most};
  ::setrlimit(RLIMIT_AS, &bound);
  static std::array<char, 64 * 1024> stack;  // for handlers, where the program's own is full
  stack_t alternate{};
  alternate.ss_sp = stack.data();
  alternate.ss_size = stack.size();
  ::sigaltstack(&alternate, nullptr);
  handle(SIGXCPU, on_cpu);
  handle(SIGALRM, on_clock);
  for (const int fault : {SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGTRAP, SIGFPE})
    handle(fault, on_fault);
  watched.most_processor = nanoseconds(cpu_ + kGrace).count();
  watched.most_clock = nanoseconds(kClockFactor * cpu_ + kClockGrace).count();
  watched.by_clock = make_timer(CLOCK_MONOTONIC, SIGALRM);
  set_timer(make_timer(CLOCK_PROCESS_CPUTIME_ID, SIGXCPU), kAgain, kAgain);
}

void Budget::prepare_last_words(std::string_view where) {
  const auto ms = std::chrono::duration<double, std::milli>(cpu_).count();
  prepare(kByCpu, where,
          fmt::format("the call used more than {:.0f} ms of processor time and could not be "
                      "interrupted (a regular expression, or promises without end); params.cpu",
                      ms));
  prepare(kByClock, where, "the call did not come back");
  prepare(kByFault, where,
          fmt::format("the engine broke off: it needed more than {} MiB (params.memory), or has a "
                      "fault",
                      memory_ / kMebibyte));
}

void Budget::enter(std::uint64_t sequence, std::string_view where) {
  if (where_ != where) {
    where_ = where;
    prepare_last_words(where);
  }
  number(sequence);
  looks_ = 0;
  entered_at_ = clock_time();
  if (entered_at_ - asked_at_ >= kShort) {
    asked_ = processor_time();
    asked_at_ = entered_at_;
  }
  watched.firings.store(0);
  watched.processor_before.store((asked_ + (entered_at_ - asked_at_)).count());
  watched.entered_at.store(entered_at_.count());
  calling.store(true);
  // Behind `calling`: a timer that ends just now sees the call, or is seen to have ended.
  if (!watched.is_wound_up.exchange(true)) {
    set_timer(watched.by_clock, nanoseconds(watched.most_clock));
  }
}

microseconds Budget::leave() {
  calling.store(false);
  const auto clock = passed();
  return clock <= kShort ? std::chrono::duration_cast<microseconds>(clock) : used();
}

/// Of the processor's time, by this call: what passed between the asking and the call counts as if
/// all of it had been used before.
microseconds Budget::used() const {
  const auto since = processor_time() - asked_ - (entered_at_ - asked_at_);
  return std::chrono::duration_cast<microseconds>(std::max(since, nanoseconds(0)));
}

nanoseconds Budget::passed() const { return clock_time() - entered_at_; }

std::int64_t Budget::resident() const { return statm(kResident); }

std::string Budget::excess_of_time() const {
  if (used() <= cpu_ || looks_ < cpu_ / kLongestLook) return {};
  return fmt::format("the call used more than {:.0f} ms of processor time (params.cpu)",
                     std::chrono::duration<double, std::milli>(cpu_).count());
}

std::string Budget::excess_of_memory() const {
  if (resident() - baseline_ <= memory_) return {};
  return fmt::format("it holds more than {} MiB of memory (params.memory)", memory_ / kMebibyte);
}

std::string Budget::excess() {
  ++looks_;
  auto text = excess_of_time();
  return text.empty() ? excess_of_memory() : text;
}

std::string Budget::excess_at_end() {
  // What a short call takes from memory is seen soon enough; to ask costs more than the call.
  constexpr int kAskMemory = 64;
  const bool is_short = passed() <= kShort || used() <= kShort;
  const bool asks = !is_short || ++calls_ % kAskMemory == 0;
  return asks ? excess_of_memory() : std::string{};
}

}  // namespace derivd::script_host
