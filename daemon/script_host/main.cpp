// derivd-script: the process of one script. It closes its sandbox before it reads anything, says
// so, and then answers one message after the other until derivd closes the channel.
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>

#include "common/output.hpp"
#include "script/wire.hpp"
#include "script_host/machine.hpp"
#include "script_host/outbox.hpp"
#include "script_host/sandbox.hpp"

namespace {

using namespace derivd;
using script_host::kChannel;
namespace outbox = script_host::outbox;

constexpr int kOk = 0;
constexpr int kUsage = 64;
constexpr int kBroken = 76;

bool say(const script::FromScript& message) { return outbox::add(message) && outbox::flush(); }

/// The last word.
bool say(const script::Failure& failure) {
  say(script::FromScript{failure});
  return false;
}

/// False: the last word was said.
bool say(const script_host::Machine::Outcome& outcome) {
  if (const auto* failure = std::get_if<script::Failure>(&outcome)) return say(*failure);
  return say(script::FromScript{std::get<script::Answer>(outcome)});
}

bool is_quiet(const script::Answer& a) { return !script::asks(a) && a.logs.empty() && !a.state; }

/// Ticks that were asked at once. False: the last word was said.
bool answer(const script::Ticks& ticks, script_host::Machine& machine) {
  // Whoever waits for a slow program hears that it is at work, and can go on with what a quick one
  // has answered while that answers the rest.
  constexpr std::chrono::milliseconds kSpeakEvery{20};
  constexpr int kSpeakAfter = 64;
  auto spoken = std::chrono::steady_clock::now();
  int unspoken = 0;
  bool goes_on = true;
  machine.handle(ticks, [&](const script_host::Machine::Outcome& outcome) {
    const auto* given = std::get_if<script::Answer>(&outcome);
    if (given == nullptr) return goes_on = say(outcome);
    if (is_quiet(*given)) {
      outbox::add_quiet(given->sequence);
    } else {
      goes_on = outbox::add(script::FromScript{*given});
    }
    const auto now = std::chrono::steady_clock::now();
    if (goes_on && (++unspoken == kSpeakAfter || now - spoken > kSpeakEvery)) {
      goes_on = outbox::flush();
      spoken = now;
      unspoken = 0;
    }
    return goes_on;
  });
  return goes_on && outbox::flush();
}

/// False: there is nothing more to do.
bool take(const script::ToProcess& any, script_host::Machine& machine) {
  if (const auto* ticks = std::get_if<script::Ticks>(&any)) return answer(*ticks, machine);
  const auto& message = std::get<script::ToScript>(any);
  if (const auto* setup = std::get_if<script::Setup>(&message)) return say(machine.load(*setup));
  if (const auto* past = std::get_if<script::PastTick>(&message)) {
    machine.past(*past);
    return true;
  }
  if (const auto* past = std::get_if<script::PastCandles>(&message)) {
    machine.past(*past);
    return true;
  }
  if (std::holds_alternative<script::Reset>(message)) {
    machine.reset();
    return true;
  }
  if (std::holds_alternative<script::Rehearse>(message)) {
    const auto outcome = machine.rehearse();
    if (const auto* failure = std::get_if<script::Failure>(&outcome)) return say(*failure);
    return say(script::FromScript{std::get<script::Rehearsed>(outcome)});
  }
  return say(machine.handle(std::get<script::Event>(message)));
}

int serve(script_host::Machine& machine) {
  script::Frames frames;
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    for (;;) {
      const auto body = frames.next();
      if (!body) return kBroken;
      if (!*body) break;
      const auto message = script::decode_to_process(**body);
      if (!message) return kBroken;
      if (!take(*message, machine)) return kOk;
    }
    // To wait in read() would be ended, for nothing, by derivd's reading of the answer: it makes
    // room in the channel, which is told to whoever sleeps there, before derivd acts upon it.
    pollfd channel{kChannel, POLLIN, 0};
    if (::poll(&channel, 1, -1) < 0) {
      if (errno == EINTR) continue;
      return kOk;
    }
    const auto n = ::read(kChannel, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return kOk;
    frames.add({buffer.data(), static_cast<std::size_t>(n)});
  }
}

/// Everything that knows the user's program. Gives the exit code.
void* live(void* layers) {
  script_host::Machine machine;
  static int code = kOk;
  if (say(script::FromScript{
          script::Ready{script::kVersion, *static_cast<const std::string*>(layers)}})) {
    code = serve(machine);
  }
  // The engine is not taken down: there is nothing in it that anybody misses.
  ::_exit(code);
}

/// In a thread of its own: of the first one the engine would ask /proc where its stack ends.
int run(std::string layers) {
  constexpr std::size_t kStack = 8 * 1024 * 1024;
  pthread_attr_t attributes;
  pthread_t thread;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStack);
  if (::pthread_create(&thread, &attributes, live, &layers) != 0) {
    say(script::FromScript{script::Failure{0, "", "no memory for a thread"}});
    return kBroken;
  }
  ::pthread_join(thread, nullptr);
  return kOk;
}

}  // namespace

// The engine's library opens /dev/urandom at its start, when the sandbox is closed already. What
// it calls is this, since a program's own function comes before the C library's.
extern "C" int open64(const char* path, int, ...) {
  if (std::string_view(path) == "/dev/urandom") return ::dup(script_host::kRandom);
  errno = EPERM;
  return -1;
}
extern "C" int open(const char* path, int flags, ...) { return open64(path, flags); }

int main(int argc, char** argv) {
  const std::string_view word = argc == 2 ? argv[1] : "";
  if (word == "--version") {
    out::print("derivd-script {}\n", DERIVD_VERSION);
    return out::flush() ? kOk : kBroken;
  }
  if (argc != 1) {
    const bool asked = word == "--help";
    out::write(asked ? out::To::kOutput : out::To::kErrors,
               "derivd-script runs one strategy of type script in a sandbox. derivd and derivctl "
               "start it; it has no use by hand.\n");
    return asked && out::flush() ? kOk : kUsage;
  }
  const auto layers = script_host::close_sandbox();
  if (!layers) {
    say(script::FromScript{script::Failure{0, "", "the sandbox: " + layers.error().text}});
    return kBroken;
  }
  return run(*layers);
}
