#include "sim/control.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

namespace derivd::sim {

namespace asio = boost::asio;
using boost::system::error_code;
using Protocol = asio::local::stream_protocol;

struct Control::Client {
  explicit Client(Protocol::socket s) : socket(std::move(s)) {}
  Protocol::socket socket;
  std::string input;
};

Control::Control(asio::io_context& io, std::string path, Answer answer)
    : io_(io), path_(std::move(path)), answer_(std::move(answer)), acceptor_(io) {}

Control::~Control() {
  error_code ignored;
  acceptor_.close(ignored);
  for (const auto& client : clients_) client->socket.close(ignored);
  if (bound_) ::unlink(path_.c_str());
}

core::Result<void> Control::listen() {
  const auto failed = [this](std::string_view what, const error_code& ec) {
    return core::io_error(fmt::format("control socket {}: {}: {}", path_, what, ec.message()));
  };
  if (path_.size() >= sizeof(sockaddr_un::sun_path))
    return core::invalid(fmt::format("control socket {}: the path is too long", path_));
  struct stat info {};
  if (::lstat(path_.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode))
      return core::io_error(fmt::format("control socket {}: something else is there", path_));
    Protocol::socket probe(io_);
    error_code ec;
    probe.connect(Protocol::endpoint(path_), ec);
    if (!ec) return core::io_error(fmt::format("control socket {}: is in use", path_));
    ::unlink(path_.c_str());
  }
  error_code ec;
  acceptor_.open(Protocol(), ec);
  if (ec) return failed("open", ec);
  const mode_t mask = ::umask(0177);  // for this user alone
  acceptor_.bind(Protocol::endpoint(path_), ec);
  ::umask(mask);
  if (ec) return failed("bind", ec);
  bound_ = true;
  acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return failed("listen", ec);
  accept();
  return {};
}

void Control::accept() {
  acceptor_.async_accept([this](error_code ec, Protocol::socket socket) {
    if (ec == asio::error::operation_aborted) return;
    if (!ec && clients_.size() < kMaxClients) {
      auto client = std::make_shared<Client>(std::move(socket));
      clients_.insert(client);
      read(client);
    }
    accept();
  });
}

void Control::read(const std::shared_ptr<Client>& client) {
  asio::async_read_until(client->socket, asio::dynamic_buffer(client->input, kMaxLine), '\n',
                         [this, client](error_code ec, std::size_t size) {
                           if (ec == asio::error::operation_aborted) return;
                           if (ec) {
                             clients_.erase(client);
                             return;
                           }
                           std::string line = client->input.substr(0, size - 1);
                           client->input.erase(0, size);
                           write(client, answer_(line) + "\n");
                         });
}

void Control::write(const std::shared_ptr<Client>& client, std::string text) {
  auto kept = std::make_shared<std::string>(std::move(text));
  asio::async_write(client->socket, asio::buffer(*kept),
                    [this, client, kept](error_code ec, std::size_t) {
                      if (ec == asio::error::operation_aborted) return;
                      if (ec)
                        clients_.erase(client);
                      else
                        read(client);
                    });
}

}  // namespace derivd::sim
