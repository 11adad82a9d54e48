#include "script_host/budget.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstring>

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

/// Of many calls in a row: so long the timers run on from one to the next.
constexpr nanoseconds kWoundFor{1'000'000};

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

std::atomic<int> firings{0};
// Between two calls a timer of the one before means nothing.
void on_cpu(int) {
  if (calling.load() && ++firings >= kFirings) end_with(kByCpu);
}
void on_clock(int) {
  if (calling.load()) end_with(kByClock);
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
  action.sa_flags = SA_ONSTACK;
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

timespec spec_of(microseconds time) {
  constexpr std::int64_t kMicro = 1'000'000;
  return {time.count() / kMicro, time.count() % kMicro * 1000};
}

void set_timer(timer_t timer, microseconds after, microseconds again = microseconds(0)) {
  const itimerspec when{spec_of(again), spec_of(after)};
  ::timer_settime(timer, 0, &when, nullptr);
}

/// Of a clock that costs no call of the kernel.
nanoseconds clock_time() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

timespec processor_time() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now;
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
  by_cpu_ = make_timer(CLOCK_PROCESS_CPUTIME_ID, SIGXCPU);
  by_clock_ = make_timer(CLOCK_MONOTONIC, SIGALRM);
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
  firings.store(0);
  looks_ = 0;
  entered_at_ = clock_time();
  if (!many_ || entered_at_ - wound_at_ >= kWoundFor) wind_up();
  calling.store(true);
}

void Budget::wind_up() {
  wound_ = processor_time();
  wound_at_ = entered_at_;
  set_timer(by_cpu_, cpu_ + kGrace, kAgain);
  set_timer(by_clock_, kClockFactor * cpu_ + kClockGrace);
}

void Budget::stop_timers() {
  set_timer(by_cpu_, microseconds(0));
  set_timer(by_clock_, microseconds(0));
}

microseconds Budget::leave() {
  calling.store(false);
  if (many_) return std::chrono::duration_cast<microseconds>(passed());
  stop_timers();
  return used();
}

// The timers may have run, and been stopped, a moment ago: the first of many winds them up.
void Budget::begin_many() {
  many_ = true;
  wound_at_ = nanoseconds(0);
}

void Budget::end_many() {
  many_ = false;
  stop_timers();
}

/// Of the processor's time, by this call: what passed between the winding up and the call counts
/// as if all of it had been used before.
microseconds Budget::used() const {
  const auto now = processor_time();
  const auto since =
      std::chrono::seconds(now.tv_sec - wound_.tv_sec) + nanoseconds(now.tv_nsec - wound_.tv_nsec);
  const auto before = entered_at_ - wound_at_;
  return std::chrono::duration_cast<microseconds>(std::max(since - before, nanoseconds(0)));
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
  constexpr std::chrono::milliseconds kShort{1};
  const bool is_short = passed() <= kShort || used() <= kShort;
  const bool asks = !is_short || ++calls_ % kAskMemory == 0;
  return asks ? excess_of_memory() : std::string{};
}

}  // namespace derivd::script_host
