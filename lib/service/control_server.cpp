#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <list>

#include "service/control.hpp"
#include "service/peer.hpp"

namespace derivd::service {
namespace {

namespace asio = boost::asio;
using Stream = asio::local::stream_protocol::socket;
using boost::system::error_code;

// A client that neither asks nor reads for this long is let go.
constexpr auto kClientPatience = std::chrono::seconds(30);
constexpr int kBacklog = 16;

std::string refusal(std::string_view text) {
  return fmt::format(R"({{"ok":false,"code":"refused","error":"{}"}})", text);
}

core::Error socket_error(const std::string& path, std::string_view what, int error) {
  return core::io_error(fmt::format("control socket {}: {}: {}", path, what, std::strerror(error)));
}

class Server;
using Handler = std::function<std::string(std::string_view, const ControlPeer&)>;

void wipe(std::string& text) {
  ::explicit_bzero(text.data(), text.capacity());
  text.clear();
}

/// One connection. Lives while an operation of it is under way; the server may end it at any time.
class Client final : public std::enable_shared_from_this<Client> {
 public:
  Client(Stream stream, Server& server, ControlPeer peer, uid_t uid)
      : stream_(std::move(stream)),
        timer_(stream_.get_executor()),
        server_(&server),
        peer_(peer),
        uid_(uid) {}
  ~Client() { wipe(pending_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void start(std::string refused);
  void detach() {
    server_ = nullptr;
    end();
  }
  bool is_owner() const { return peer_.owner; }
  uid_t uid() const { return uid_; }
  /// When it last asked or read something.
  std::chrono::steady_clock::time_point last_active() const { return last_active_; }
  /// Bytes of an answer that it has not read.
  std::size_t unread() const { return out_.size(); }

 private:
  void read();
  void on_read(error_code error, std::size_t size);
  void serve_lines();
  void reply(std::string line, bool then_end);
  void arm();
  void end();

  Stream stream_;
  asio::steady_timer timer_;
  Server* server_;
  ControlPeer peer_;
  uid_t uid_;
  std::chrono::steady_clock::time_point last_active_;
  std::array<char, 4096> chunk_{};
  std::string pending_;
  std::string out_;
};

class Server final : public ControlServer {
 public:
  Server(asio::io_context& context, std::string path,
         asio::local::stream_protocol::acceptor acceptor, Handler handle)
      : acceptor_(std::move(acceptor)),
        retry_(context),
        path_(std::move(path)),
        handle_(std::move(handle)) {
    struct stat info {};
    if (::stat(path_.c_str(), &info) == 0) inode_ = {info.st_dev, info.st_ino};
    accept();
  }
  ~Server() override {
    error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
    *alive_ = false;
    auto clients = std::move(clients_);
    for (auto& client : clients) client->detach();
    // Only our own: a successor may have put its socket in this place already.
    struct stat info {};
    if (::stat(path_.c_str(), &info) == 0 && Inode{info.st_dev, info.st_ino} == inode_) {
      ::unlink(path_.c_str());
    }
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string handle(std::string_view line, const ControlPeer& peer) { return handle_(line, peer); }
  void gone(const Client* client) {
    clients_.remove_if([&](const auto& c) { return c.get() == client; });
  }
  /// Bytes of all answers that are on their way.
  std::size_t unread() const {
    std::size_t sum = 0;
    for (const auto& client : clients_) sum += client->unread();
    return sum;
  }

 private:
  using Inode = std::pair<dev_t, ino_t>;

  void accept() {
    acceptor_.async_accept([this, alive = alive_](error_code error, Stream stream) {
      if (!*alive) return;
      if (error == asio::error::operation_aborted) return;
      if (error) {
        // Out of descriptors, mostly: trying again at once would spin.
        retry_.expires_after(std::chrono::milliseconds(200));
        retry_.async_wait([this, alive](error_code e) {
          if (*alive && !e) accept();
        });
        return;
      }
      welcome(std::move(stream));
      accept();
    });
  }

  void welcome(Stream stream) {
    const auto peer = peer_of(stream.native_handle());
    std::string refused;
    if (!peer || !may_command(*peer, ::geteuid(), ::getegid())) {
      refused = refusal("only root, the daemon's user and its group may command it");
    }
    const bool owner = peer && (peer->uid == 0 || peer->uid == ::geteuid());
    if (refused.empty() && !make_room(owner, peer->uid)) {
      refused = refusal("too many clients are connected, try again");
    }
    auto client = std::make_shared<Client>(std::move(stream), *this, ControlPeer{owner},
                                           peer ? peer->uid : static_cast<uid_t>(-1));
    // Refused ones are bounded by the kernel's backlog and their own short life.
    if (refused.empty()) clients_.push_back(client);
    client->start(std::move(refused));
  }

  std::size_t count_of(const std::function<bool(const Client&)>& which) const {
    return static_cast<std::size_t>(std::count_if(
        clients_.begin(), clients_.end(), [&](const auto& client) { return which(*client); }));
  }

  /// Makes room for one more, who is heard at once: of those in its way who has been idle longest
  /// is let go. Nobody can hold a place against others, and an owner never gives way to a member of
  /// the group. Other users look alike to a service whose users are private (PrivateUsers=): they
  /// share the places of one. False: owners have them all.
  bool make_room(bool owner, uid_t uid) {
    if (!owner) {
      let_go(kMaxClientsOfUser, [&](const Client& c) { return !c.is_owner() && c.uid() == uid; });
      let_go(kMaxControlClients - kOwnersPlaces, [](const Client& c) { return !c.is_owner(); });
    }
    if (clients_.size() < kMaxControlClients) return true;
    return let_go(1, [](const Client& c) { return !c.is_owner(); }) ||
           (owner && let_go(1, [](const Client&) { return true; }));
  }

  /// The one of these that was idle longest, if they are as many as they may be.
  bool let_go(std::size_t most, const std::function<bool(const Client&)>& which) {
    if (count_of(which) < most) return false;
    std::shared_ptr<Client> least;
    for (const auto& client : clients_) {
      if (which(*client) && (!least || client->last_active() < least->last_active())) {
        least = client;
      }
    }
    clients_.remove(least);
    least->detach();
    return true;
  }

  asio::local::stream_protocol::acceptor acceptor_;
  asio::steady_timer retry_;
  std::string path_;
  Handler handle_;
  std::list<std::shared_ptr<Client>> clients_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Inode inode_{};
};

void Client::start(std::string refused) {
  error_code ignored;
  stream_.non_blocking(true, ignored);
  if (!refused.empty()) {
    // One line into an empty socket buffer: it fits, and if not, the client only sees the end.
    refused += '\n';
    stream_.write_some(asio::buffer(refused), ignored);
    detach();
    return;
  }
  arm();
  read();
}

void Client::arm() {
  last_active_ = std::chrono::steady_clock::now();
  timer_.expires_after(kClientPatience);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->end();
  });
}

void Client::end() {
  error_code ignored;
  timer_.cancel();
  stream_.close(ignored);
  if (server_ != nullptr) std::exchange(server_, nullptr)->gone(this);
}

void Client::read() {
  stream_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](error_code error, std::size_t size) {
                            self->on_read(error, size);
                          });
}

void Client::on_read(error_code error, std::size_t size) {
  if (server_ == nullptr) return;
  if (error) {
    end();
    return;
  }
  // Growing would leave a copy of what may be a secret behind.
  if (pending_.capacity() < pending_.size() + size) {
    std::string larger;
    larger.reserve(2 * (pending_.size() + size));
    larger = pending_;
    wipe(pending_);
    pending_.swap(larger);
  }
  pending_.append(chunk_.data(), size);
  ::explicit_bzero(chunk_.data(), size);
  serve_lines();
}

void Client::serve_lines() {
  const auto newline = pending_.find('\n');
  if ((newline == std::string::npos ? pending_.size() : newline) > kMaxControlLine) {
    reply(refusal("the request is too long"), true);
    return;
  }
  if (newline == std::string::npos) {
    read();
    return;
  }
  auto line = pending_.substr(0, newline);
  auto rest = pending_.substr(newline + 1);
  wipe(pending_);
  pending_.swap(rest);
  const auto self = shared_from_this();  // the handler may end the server, and us with it
  auto answer = server_->handle(line, peer_);
  wipe(line);
  if (server_ == nullptr) return;
  if (answer.size() > kMaxControlReply) answer = refusal("the answer is too long");
  if (answer.size() + server_->unread() > kMaxControlReply) {
    answer = refusal("other clients have not read their answers yet, try again");
  }
  reply(std::move(answer), false);
}

void Client::reply(std::string line, bool then_end) {
  out_ = std::move(line);
  out_ += '\n';
  arm();
  asio::async_write(stream_, asio::buffer(out_),
                    [self = shared_from_this(), then_end](error_code error, std::size_t) {
                      if (self->server_ == nullptr) return;
                      if (error || then_end) {
                        self->end();
                        return;
                      }
                      self->out_ = {};
                      self->arm();
                      self->serve_lines();
                    });
}

/// What lies at `path`: nothing (then it is free), a socket that somebody listens on, or something
/// that must not be touched.
core::Result<void> make_room(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return socket_error(path, "cannot look", errno);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return core::invalid(
        fmt::format("control socket {}: a file that is not a socket is in its place; "
                    "move it away",
                    path));
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return socket_error(path, "socket", errno);
  const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = result == 0 ? 0 : errno;
  ::close(fd);
  if (error != ECONNREFUSED && error != ENOENT) {
    return core::Error{
        core::ErrorKind::kRefused,
        fmt::format("control socket {}: another process serves it; stop that one first", path)};
  }
  return {};
}

}  // namespace

core::Result<std::unique_ptr<ControlServer>> serve_control(
    asio::io_context& context, const std::string& path,
    std::function<std::string(std::string_view)> handle) {
  return serve_control(context, path,
                       [handle = std::move(handle)](std::string_view line, const ControlPeer&) {
                         return handle(line);
                       });
}

core::Result<std::unique_ptr<ControlServer>> serve_control(asio::io_context& context,
                                                           const std::string& path,
                                                           Handler handle) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Bound under another name, then renamed: the place is never empty and never half-permitted.
  const auto fresh = fmt::format("{}.{}", path, ::getpid());
  if (path.empty() || fresh.size() >= sizeof address.sun_path) {
    return core::invalid(fmt::format("control socket {}: the path is too long, {} bytes at most",
                                     path, sizeof address.sun_path - 12));
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  if (auto room = make_room(path, address); !room) return room.error();

  try {
    ::unlink(fresh.c_str());
    asio::local::stream_protocol::acceptor acceptor(context);
    error_code error;
    acceptor.open({}, error);
    if (!error) acceptor.bind(asio::local::stream_protocol::endpoint(fresh), error);
    if (error) return socket_error(path, "cannot bind", error.value());
    if (::chmod(fresh.c_str(), 0660) != 0)
      error = error_code(errno, boost::system::system_category());
    if (!error) acceptor.listen(kBacklog, error);
    if (!error && ::rename(fresh.c_str(), path.c_str()) != 0) {
      error = error_code(errno, boost::system::system_category());
    }
    if (error) {
      ::unlink(fresh.c_str());
      return socket_error(path, "cannot serve", error.value());
    }
    return std::unique_ptr<ControlServer>(
        std::make_unique<Server>(context, path, std::move(acceptor), std::move(handle)));
  } catch (const std::exception& e) {
    return core::io_error(fmt::format("control socket {}: {}", path, e.what()));
  }
}

}  // namespace derivd::service
