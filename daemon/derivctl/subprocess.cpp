#include "derivctl/subprocess.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

namespace derivd::ctl {
namespace {

using SubprocessClock = std::chrono::steady_clock;
constexpr std::size_t kMaxErrors = 4096;

// A program gets the token on its standard input: it is the system's own, whatever $PATH says, and
// sees nothing of this user's environment (LD_PRELOAD, SYSTEMD_…). Its words are English.
constexpr std::array<std::string_view, 4> kDirectories{"/usr/bin/", "/usr/sbin/", "/bin/",
                                                       "/sbin/"};
constexpr const char* kPath = "PATH=/usr/bin:/usr/sbin:/bin:/sbin";
constexpr const char* kLanguage = "LC_ALL=C.UTF-8";

class Descriptor final {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void set(int fd) {
    close();
    fd_ = fd;
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

struct Pipe {
  Descriptor read, write;
  bool make() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read.set(ends[0]);
    write.set(ends[1]);
    return true;
  }
};

/// A reader that has gone must not end us. Restored on the way out.
class IgnorePipeSignal final {
 public:
  IgnorePipeSignal() : old_(std::signal(SIGPIPE, SIG_IGN)) {}
  IgnorePipeSignal(const IgnorePipeSignal&) = delete;
  IgnorePipeSignal& operator=(const IgnorePipeSignal&) = delete;
  ~IgnorePipeSignal() { std::signal(SIGPIPE, old_); }

 private:
  void (*old_)(int);
};

class FileActions final {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  void onto(int fd, int target) { posix_spawn_file_actions_adddup2(&actions_, fd, target); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

core::Result<pid_t> spawn(const std::vector<std::string>& command, Pipe& in, Pipe& out,
                          Pipe& errors) {
  FileActions files;
  files.onto(in.read.get(), STDIN_FILENO);
  files.onto(out.write.get(), STDOUT_FILENO);
  files.onto(errors.write.get(), STDERR_FILENO);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  // posix_spawn takes char* for history's sake and writes nothing.
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::array<char*, 3> environment{const_cast<char*>(kPath), const_cast<char*>(kLanguage), nullptr};
  pid_t child = 0;
  int error = ENOENT;
  for (const auto directory : kDirectories) {
    const auto program = std::string(directory) + command[0];
    error = ::posix_spawn(&child, program.c_str(), files.get(), nullptr, arguments.data(),
                          environment.data());
    if (error != ENOENT) break;
  }
  in.read.close();
  out.write.close();
  errors.write.close();
  if (error == 0) return child;
  return core::Error{error == ENOENT ? core::ErrorKind::kNotFound : core::ErrorKind::kIo,
                     fmt::format("{}: {}", command[0], std::strerror(error))};
}

/// Appends what can be read now; closes at the end. `secret` regrows without leaving copies.
void drain(Descriptor& from, std::string& into) {
  std::array<char, 4096> chunk;
  const auto n = ::read(from.get(), chunk.data(), chunk.size());
  if (n > 0) {
    const auto size = static_cast<std::size_t>(n);
    if (into.capacity() < into.size() + size) {
      std::string larger;
      larger.reserve(2 * (into.size() + size));
      larger = into;
      ::explicit_bzero(into.data(), into.size());
      into.swap(larger);
    }
    into.append(chunk.data(), size);
  } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
    from.close();
  }
  ::explicit_bzero(chunk.data(), chunk.size());
}

void feed(Descriptor& to, std::string_view& input) {
  const auto n = ::write(to.get(), input.data(), input.size());
  if (n > 0) input.remove_prefix(static_cast<std::size_t>(n));
  if (input.empty() || (n < 0 && errno != EINTR && errno != EAGAIN)) to.close();
}

int process_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Moves bytes until both outputs end. An error: the deadline, or too much.
std::optional<core::Error> converse(Descriptor& in, Descriptor& out, Descriptor& errors,
                                    std::string_view input, SubprocessClock::time_point deadline,
                                    std::string& output, std::string& error_text) {
  if (input.empty()) in.close();
  while (out.open() || errors.open()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - SubprocessClock::now()).count();
    if (left <= 0) return core::Error{core::ErrorKind::kTimeout, "did not end in time"};
    std::array<pollfd, 3> ready{pollfd{in.get(), POLLOUT, 0}, pollfd{out.get(), POLLIN, 0},
                                pollfd{errors.get(), POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), static_cast<int>(left)) < 0 && errno != EINTR) break;
    if (in.open() && ready[0].revents != 0) feed(in, input);
    if (out.open() && ready[1].revents != 0) drain(out, output);
    if (errors.open() && ready[2].revents != 0) drain(errors, error_text);
    if (error_text.size() > kMaxErrors) error_text.resize(kMaxErrors);
    if (output.size() > kMaxOutput) {
      return core::Error{core::ErrorKind::kExhausted, "said more than can be right"};
    }
  }
  return std::nullopt;
}

}  // namespace

core::Result<Finished> run_program(const std::vector<std::string>& command, std::string_view input,
                                   core::Duration timeout) {
  const auto deadline = SubprocessClock::now() + timeout;
  const IgnorePipeSignal ignore;
  Pipe in;
  Pipe out;
  Pipe errors;
  if (!in.make() || !out.make() || !errors.make()) {
    return core::io_error(fmt::format("pipe: {}", std::strerror(errno)));
  }
  ::fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
  const auto child = spawn(command, in, out, errors);
  if (!child) return child.error();
  std::string output;
  Finished finished;
  auto failed = converse(in.write, out.read, errors.read, input, deadline, output, finished.errors);
  finished.output = core::Secret(std::move(output));
  if (failed) ::kill(*child, SIGKILL);
  int status = 0;
  while (::waitpid(*child, &status, 0) < 0 && errno == EINTR) {
  }
  if (failed) return core::Error{failed->kind, fmt::format("{} {}", command[0], failed->text)};
  finished.code = process_code_of(status);
  while (!finished.errors.empty() && finished.errors.back() == '\n') finished.errors.pop_back();
  return finished;
}

}  // namespace derivd::ctl
