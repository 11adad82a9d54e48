#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "service/control.hpp"
#include "service/unique_fd.hpp"

namespace derivd::service {
namespace {

using std::chrono::steady_clock;

core::Error failed(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
    case ECONNREFUSED:
    case ENOTDIR:
      return {core::ErrorKind::kNotFound, fmt::format("{}: derivd is not running", path)};
    case EACCES:
    case EPERM:
      return {core::ErrorKind::kRefused,
              fmt::format("{}: not allowed; run as root or as a member of the group derivd", path)};
    default:
      return core::io_error(fmt::format("{}: {}", path, std::strerror(error)));
  }
}

core::Error timed_out(const std::string& path) {
  return {core::ErrorKind::kTimeout, fmt::format("{}: no answer in time", path)};
}

/// Waits for the descriptor. False: the deadline passed.
bool wait(int fd, short events, steady_clock::time_point deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd p{fd, events, 0};
    const int ready = ::poll(&p, 1, static_cast<int>(std::min<std::int64_t>(left, 1'000'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true;  // the operation itself will tell
  }
}

core::Result<void> connect_to(int fd, const std::string& path, steady_clock::time_point deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return core::invalid(fmt::format("{}: too long for the path of a socket", path));
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  while (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return failed(path, errno);
    // The server's backlog is full. Unix sockets give no event for that.
    if (steady_clock::now() >= deadline) return timed_out(path);
    ::poll(nullptr, 0, 10);
  }
  return {};
}

core::Result<void> send_all(int fd, const std::string& path, std::string_view text,
                            steady_clock::time_point deadline) {
  while (!text.empty()) {
    const auto n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      if (!wait(fd, POLLOUT, deadline)) return timed_out(path);
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return {};  // refused: the reason waits to be read
    } else if (errno != EINTR) {
      return failed(path, errno);
    }
  }
  return {};
}

core::Result<std::string> read_line(int fd, const std::string& path,
                                    steady_clock::time_point deadline) {
  std::string out;
  std::array<char, 65536> chunk;
  for (;;) {
    const auto n = ::recv(fd, chunk.data(), chunk.size(), 0);
    if (n > 0) {
      const std::string_view part(chunk.data(), static_cast<std::size_t>(n));
      const auto newline = part.find('\n');
      out += part.substr(0, newline);
      if (newline != std::string_view::npos) return out;
      if (out.size() > kMaxControlReply) {
        return core::Error{core::ErrorKind::kExhausted,
                           fmt::format("{}: the answer is too long", path)};
      }
    } else if (n < 0 && errno == EAGAIN) {
      if (!wait(fd, POLLIN, deadline)) return timed_out(path);
    } else if (n == 0 || errno == ECONNRESET) {
      return core::io_error(
          fmt::format("{}: derivd closed the connection without an answer", path));
    } else if (errno != EINTR) {
      return failed(path, errno);
    }
  }
}

}  // namespace

core::Result<std::string> call_control(const std::string& path, std::string_view request,
                                       core::Duration timeout) {
  if (request.size() > kMaxControlLine || request.find('\n') != std::string_view::npos) {
    return core::invalid("a request is one line of at most 64 KiB");
  }
  const auto deadline = steady_clock::now() + timeout;
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) return core::io_error(fmt::format("socket: {}", std::strerror(errno)));
  if (auto done = connect_to(fd.get(), path, deadline); !done) return done.error();
  std::string line;
  line.reserve(request.size() + 1);
  line.append(request).append("\n");
  auto sent = send_all(fd.get(), path, line, deadline);
  ::explicit_bzero(line.data(), line.size());
  if (!sent) return sent.error();
  return read_line(fd.get(), path, deadline);
}

}  // namespace derivd::service
