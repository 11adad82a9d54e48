#include "common/script_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "engine/spec.hpp"
#include "strategy/registry.hpp"

namespace derivd::daemon {
namespace {

using script::Failure;

constexpr const char* kInstalled = "/usr/lib/derivd/derivd-script";
constexpr const char* kName = "derivd-script";
/// The descriptor at which the process looks for its channel (script_host/sandbox.hpp).
constexpr int kChannel = 3;
/// From one answer to the next at the most. The process ends a call that takes too long by itself,
/// well before (script_host/budget.cpp): this is for a process that is broken.
constexpr std::chrono::seconds kAnswerWithin{300};
/// A machine that starts many at once on one processor.
constexpr std::chrono::seconds kReadyWithin{60};

std::string why() { return std::strerror(errno); }

struct SpawnPlan {
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

/// Waits until there is something to read, or until then. False: time is up.
bool wait_readable(int fd, std::chrono::steady_clock::time_point until) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd wait{fd, POLLIN, 0};
    const int n = ::poll(&wait, 1, static_cast<int>(left.count()));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return false;
  }
}

class LockStep final : public script::AheadProgram {
 public:
  explicit LockStep(std::size_t most_ahead) : most_ahead_(most_ahead) {}
  ~LockStep() override { end(); }

  Outcome start(const script::Setup& setup) override {
    file_ = setup.file;
    auto child = start_script_process();
    if (!child) return Failure{0, "", child.error().text};
    child_ = std::move(*child);
    const auto first = receive(kReadyWithin);
    const auto* said = std::get_if<script::FromScript>(&first);
    if (said == nullptr) return not_asked(0);
    if (const auto* failure = std::get_if<Failure>(said)) return *failure;
    const auto* ready = std::get_if<script::Ready>(said);
    if (ready == nullptr || ready->version != script::kVersion) {
      return Failure{0, "", "derivd-script is of another version; install both packages anew"};
    }
    if (!send(script::ToScript{setup})) return gone(0);
    return answer(0);
  }

  void tell(const script::ToScript& message) override { script::encode(message, unsent_); }

  Outcome ask(const script::Event& event) override {
    if (!send(script::ToScript{event})) return gone(event.sequence);
    return answer(event.sequence);
  }

  std::size_t most_ahead() const override { return most_ahead_; }

  // Of a channel that is at its end next() tells.
  void ask_ahead(const script::Ticks& ticks) override {
    send(ticks);
    next_ = ticks.sequence;
    end_ = next_ + ticks.quotes.size();
    quiet_ = 0;
  }

  Outcome next() override {
    const auto sequence = next_++;
    script::Answer nothing;
    nothing.sequence = sequence;
    if (quiet_ > 0) {
      --quiet_;
      return nothing;
    }
    auto message = receive(kAnswerWithin);
    const auto* quiet = std::get_if<script::Quiet>(&message);
    if (quiet == nullptr) return as_answer(std::move(message), sequence);
    if (quiet->sequence != sequence || quiet->count > end_ - sequence) return not_asked(sequence);
    quiet_ = quiet->count - 1;
    return nothing;
  }

 private:
  /// What was only told goes with the next question.
  template <class Message>
  bool send(const Message& message) {
    script::encode(message, unsent_);
    std::string_view rest = unsent_;
    while (!rest.empty()) {
      const auto n = ::send(child_.channel.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) break;
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
    const bool done = rest.empty();
    unsent_.clear();
    return done;
  }

  script::FromProcess receive(std::chrono::seconds within) {
    const auto failed = [](Failure failure) { return script::FromScript{std::move(failure)}; };
    const auto until = std::chrono::steady_clock::now() + within;
    for (;;) {
      const auto body = frames_.next();
      if (!body) return failed({0, file_, body.error().text});
      if (*body) {
        auto message = script::decode_from_process(**body);
        if (!message) return failed({0, file_, message.error().text});
        return std::move(*message);
      }
      if (!wait_readable(child_.channel.get(), until)) {
        return failed({0, file_, "its process does not answer"});
      }
      std::array<char, 64 * 1024> buffer;
      const auto n = ::read(child_.channel.get(), buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return failed(gone(0));
      frames_.add({buffer.data(), static_cast<std::size_t>(n)});
    }
  }

  Outcome answer(std::uint64_t sequence) { return as_answer(receive(kAnswerWithin), sequence); }

  Outcome as_answer(script::FromProcess message, std::uint64_t sequence) const {
    auto* said = std::get_if<script::FromScript>(&message);
    if (said == nullptr) return not_asked(sequence);
    if (auto* failure = std::get_if<Failure>(said)) return std::move(*failure);
    auto* given = std::get_if<script::Answer>(said);
    if (given == nullptr || given->sequence != sequence) return not_asked(sequence);
    return std::move(*given);
  }

  Failure not_asked(std::uint64_t sequence) const {
    return {sequence, file_, "its process answered what it was not asked"};
  }

  Failure gone(std::uint64_t sequence) const {
    return {sequence, file_, "its process ended without a word"};
  }

  void end() {
    if (child_.pid == 0) return;
    child_.channel = service::UniqueFd();
    int status = 0;
    while (::waitpid(child_.pid, &status, 0) < 0 && errno == EINTR) {
    }
    child_.pid = 0;
  }

  std::size_t most_ahead_;
  ScriptChild child_;
  script::Frames frames_;
  std::string unsent_;
  std::string file_;
  // Of what was asked ahead, by sequence.
  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
  std::uint16_t quiet_ = 0;  // answers with nothing in them that have come and were not taken
};

/// For the tests that hold the result of one by one to that of many at once, and for whoever wants
/// to see it. What is no number from 1 to kMaxTicks says nothing.
std::size_t ticks_at_once() {
  const char* said = std::getenv("DERIVD_SCRIPT_AHEAD");
  const std::string_view text = said == nullptr ? "" : said;
  std::size_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  const bool good = error == std::errc{} && end == text.data() + text.size() && n >= 1;
  return good ? std::min(n, script::kMaxTicks) : script::kMaxTicks;
}

}  // namespace

core::Result<std::string> script_program() {
  std::array<char, 4096> self{};
  const auto size = ::readlink("/proc/self/exe", self.data(), self.size());
  if (size > 0) {
    const std::string_view path(self.data(), static_cast<std::size_t>(size));
    auto beside = std::string(path.substr(0, path.rfind('/') + 1)) + kName;
    if (::access(beside.c_str(), X_OK) == 0) return beside;
  }
  if (::access(kInstalled, X_OK) == 0) return std::string(kInstalled);
  return core::Error{core::ErrorKind::kNotFound,
                     fmt::format("{} is not installed: strategies of type script need the package "
                                 "derivd-script",
                                 kInstalled)};
}

core::Result<ScriptChild> start_script_process() {
  const auto program = script_program();
  if (!program) return program.error();
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return core::io_error("a channel to a script: " + why());
  }
  ScriptChild child{service::UniqueFd(pair[0]), 0};
  // A number above those that are arranged below: its own could be one of them.
  constexpr int kOutOfTheWay = 10;
  const service::UniqueFd other(pair[1]);
  const service::UniqueFd theirs(::fcntl(other.get(), F_DUPFD_CLOEXEC, kOutOfTheWay));
  if (!theirs) return core::io_error("a channel to a script: " + why());
  SpawnPlan plan;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::posix_spawn_file_actions_addopen(&plan.actions, fd, "/dev/null", O_RDWR, 0);
  }
  ::posix_spawn_file_actions_adddup2(&plan.actions, theirs.get(), kChannel);
  ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, kChannel + 1);
  ::posix_spawn_file_actions_addchdir_np(&plan.actions, "/");
  // Its signals are its own: nothing is blocked and nothing is ignored.
  sigset_t all;
  sigset_t none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&plan.attributes, &all);
  ::posix_spawnattr_setsigmask(&plan.attributes, &none);
  ::posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  std::string name = kName;
  std::array<char*, 2> argv{name.data(), nullptr};
  std::array<char*, 1> environment{nullptr};
  const int failed = ::posix_spawn(&child.pid, program->c_str(), &plan.actions, &plan.attributes,
                                   argv.data(), environment.data());
  if (failed != 0) {
    return core::io_error(fmt::format("{}: {}", *program, std::strerror(failed)));
  }
  return child;
}

script::MakeProgram lock_step_programs() {
  return [] { return std::make_unique<LockStep>(ticks_at_once()); };
}

std::vector<config::Problem> script_problems(const config::Config& config) {
  std::vector<config::Problem> out;
  const auto& all = config.engine.strategies;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].enabled || !strategy::find_type(all[i].type)->is_scripted) continue;
    auto setup = engine::setup_of(all[i]);
    setup.only_check = true;
    const auto outcome = LockStep(1).start(setup);
    const auto* failure = std::get_if<Failure>(&outcome);
    if (failure == nullptr) continue;
    const auto key = fmt::format("strategies[{}].params.file", i);
    const auto at = config.places.find(key);
    const auto place = at == config.places.end() ? config::Place{} : at->second;
    out.push_back({place.line, place.column, key, script::sentence(*failure), all[i].name.str()});
  }
  return out;
}

}  // namespace derivd::daemon
