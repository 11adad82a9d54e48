#include "service/lock.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace derivd::service {
namespace {

class SocketLock final : public InstanceLock {
 public:
  explicit SocketLock(int fd) : fd_(fd) {}
  SocketLock(const SocketLock&) = delete;
  SocketLock& operator=(const SocketLock&) = delete;
  ~SocketLock() override { ::close(fd_); }

 private:
  int fd_;
};

}  // namespace

// The abstract name space belongs to the network name space: two containers with networks of their
// own do not see each other's lock.
core::Result<std::unique_ptr<InstanceLock>> lock_account(std::string_view account) {
  const auto name = fmt::format("derivd/account/{}", account);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (account.empty() || name.size() + 1 > sizeof address.sun_path) {
    return core::invalid(
        fmt::format("'{}' cannot be the name of an account", account.substr(0, 40)));
  }
  // sun_path[0] stays 0: abstract, no file.
  std::copy(name.begin(), name.end(), address.sun_path + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return core::io_error(fmt::format("socket: {}", std::strerror(errno)));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    const int error = errno;
    ::close(fd);
    if (error == EADDRINUSE) {
      return core::Error{core::ErrorKind::kRefused,
                         fmt::format("another derivd on this machine holds the account {}; stop it "
                                     "first (systemctl status 'derivd*' shows which)",
                                     account)};
    }
    return core::io_error(fmt::format("lock of account {}: {}", account, std::strerror(error)));
  }
  return std::unique_ptr<InstanceLock>(std::make_unique<SocketLock>(fd));
}

}  // namespace derivd::service
