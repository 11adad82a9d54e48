#include "derivd/scripts.hpp"

#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

namespace derivd::daemon {
namespace {

/// Thousands of ticks of the past, and a program with its state: more than that waits for nobody.
constexpr std::size_t kMaxUnsent = 4 * script::kMaxFrame;

}  // namespace

struct ScriptProcesses::Process {
  Process(boost::asio::io_context& io, const engine::StartScript& action)
      : name(action.strategy), run(action.run), file(action.setup.file), channel(io) {}
  core::Name name;
  std::uint64_t run;
  std::string file;
  boost::asio::posix::stream_descriptor channel;
  pid_t pid = 0;
  script::Frames frames;
  std::array<char, 16 * 1024> buffer{};
  std::string unsent;
  bool ready = false;    // it has said that its sandbox is closed
  bool writing = false;  // its channel takes nothing for the moment
  bool over = false;
};

ScriptProcesses::ScriptProcesses(boost::asio::io_context& io, Hear hear)
    : io_(io), hear_(std::move(hear)) {}

ScriptProcesses::~ScriptProcesses() = default;

void ScriptProcesses::start(const engine::StartScript& action) {
  auto process = std::make_shared<Process>(io_, action);
  processes_[action.run] = process;
  script::encode(script::ToScript{action.setup}, process->unsent);
  auto child = start_script_process();
  if (!child) return fail(process, child.error().text);
  process->pid = child->pid;
  boost::system::error_code error;
  process->channel.assign(child->channel.release(), error);
  if (!error) process->channel.non_blocking(true, error);
  if (error) return fail(process, error.message());
  read(process);
}

void ScriptProcesses::stop(const engine::StopScript& action) {
  const auto at = processes_.find(action.run);
  if (at == processes_.end()) return;
  const auto process = std::move(at->second);
  processes_.erase(at);
  process->over = true;
  boost::system::error_code ignored;
  process->channel.close(ignored);
  if (process->pid != 0) ended_.push_back(process->pid);
}

void ScriptProcesses::feed(const engine::FeedScript& action) {
  const auto at = processes_.find(action.run);
  if (at == processes_.end() || at->second->over) return;
  auto& unsent = at->second->unsent;
  if (unsent.size() > kMaxUnsent) return fail(at->second, "it does not read what it is told");
  script::encode(action.message, unsent);
}

void ScriptProcesses::flush() {
  for (const auto& [run, process] : processes_) {
    if (!process->unsent.empty() && process->ready && !process->writing) write(process);
  }
}

void ScriptProcesses::rehearse() {
  for (const auto& [run, process] : processes_) {
    if (process->over || !process->ready || process->writing || !process->unsent.empty()) continue;
    script::encode(script::ToScript{script::Rehearse{}}, process->unsent);
    write(process);
  }
}

// Nothing of the user's goes to a process that has not closed its sandbox.
void ScriptProcesses::write(const std::shared_ptr<Process>& process) {
  auto& unsent = process->unsent;
  std::size_t sent = 0;
  while (sent < unsent.size()) {
    const auto n = ::send(process->channel.native_handle(), unsent.data() + sent,
                          unsent.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    sent += static_cast<std::size_t>(n);
  }
  // Of a channel that is at its end the reader tells.
  const bool full = sent < unsent.size() && (errno == EAGAIN || errno == EWOULDBLOCK);
  unsent.erase(0, sent);
  if (!full) return;
  process->writing = true;
  process->channel.async_wait(boost::asio::posix::descriptor_base::wait_write,
                              [this, process](const boost::system::error_code& error) {
                                process->writing = false;
                                if (!error && !process->over) write(process);
                              });
}

void ScriptProcesses::read(const std::shared_ptr<Process>& process) {
  process->channel.async_read_some(
      boost::asio::buffer(process->buffer),
      [this, process](const boost::system::error_code& error, std::size_t size) {
        if (process->over) return;
        if (error) return fail(process, "its process ended without a word");
        process->frames.add({process->buffer.data(), size});
        take(process);
        if (!process->over) read(process);
      });
}

void ScriptProcesses::take(const std::shared_ptr<Process>& process) {
  while (!process->over) {
    const auto body = process->frames.next();
    if (!body) return fail(process, body.error().text);
    if (!*body) return;
    const auto message = script::decode_from_script(**body);
    if (!message) return fail(process, message.error().text);
    const auto* ready = std::get_if<script::Ready>(&*message);
    if (std::holds_alternative<script::Rehearsed>(*message)) continue;
    if (ready == nullptr) {
      say(process, *message);
    } else if (ready->version != script::kVersion || process->ready) {
      fail(process, "derivd-script is of another version; install both packages anew");
    } else {
      process->ready = true;
      write(process);
    }
  }
}

// The engine hears of it as of an event of its own: it may be in the midst of another.
void ScriptProcesses::fail(const std::shared_ptr<Process>& process, std::string text) {
  if (std::exchange(process->over, true)) return;
  boost::system::error_code ignored;
  process->channel.close(ignored);
  boost::asio::post(io_, [this, process, text = std::move(text)] {
    hear_(process->name, process->run, script::Failure{0, process->file, text});
  });
}

void ScriptProcesses::say(const std::shared_ptr<Process>& process,
                          const script::FromScript& message) {
  hear_(process->name, process->run, message);
}

void ScriptProcesses::reap() {
  std::erase_if(ended_, [](pid_t pid) {
    int status = 0;
    return ::waitpid(pid, &status, WNOHANG) != 0;
  });
}

}  // namespace derivd::daemon
