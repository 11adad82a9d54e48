#include "unit/net/tunnel.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "net/lean.hpp"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // as in raw_peer.cpp

namespace derivd::net {
struct Tunnel::Impl {
  Impl(asio::io_context& io, TunnelScript s)
      : executor(io.get_executor()),
        acceptor(executor, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)),
        script(std::move(s)) {}
  Executor executor;
  Acceptor acceptor;
  TunnelScript script;
  std::vector<std::weak_ptr<TcpSocket>> sockets;
  int accepted = 0;
  std::string asked;
};

namespace {

using Socket = std::shared_ptr<TcpSocket>;

Task<bool> send(TcpSocket& socket, std::string text) {
  const auto buffer = asio::buffer(text);
  const auto [ec, size] = co_await asio::async_write(socket, buffer, kAwait);
  co_return !ec;
}

Task<void> copy(Socket from, Socket to) {
  std::array<char, 16'384> piece{};
  for (bool ok = true; ok;) {
    const auto buffer = asio::buffer(piece);
    const auto [ec, size] = co_await from->async_read_some(buffer, kAwait);
    ok = !ec;
    if (ok) {
      std::string text(piece.data(), size);
      ok = co_await send(*to, std::move(text));
    }
  }
  error_code ignored;
  from->close(ignored);
  to->close(ignored);
}

/// One byte at a time: what follows the header belongs to the tunnel.
Task<bool> read_header(TcpSocket& socket, std::string& header) {
  std::string own;
  while (!own.ends_with("\r\n\r\n")) {
    char c = 0;
    const auto buffer = asio::buffer(&c, 1);
    const auto [ec, size] = co_await socket.async_read_some(buffer, kAwait);
    if (ec) co_return false;
    own += c;
  }
  header += own;
  co_return true;
}

template <class Impl>
Task<void> serve(std::shared_ptr<Impl> impl, Socket client) {
  const auto& script = impl->script;
  bool ok = co_await read_header(*client, impl->asked);
  if (ok) ok = co_await send(*client, script.answer);
  for (std::size_t i = 0; ok && i < script.then.size(); ++i) {
    auto next = script.then[i];
    ok = co_await send(*client, std::move(next));
  }
  error_code ignored;
  if (!ok || script.cut) {
    client->close(ignored);
    co_return;
  }
  const auto server = std::make_shared<TcpSocket>(impl->executor);
  impl->sockets.push_back(server);
  if (script.port != 0) {
    const tcp::endpoint peer(asio::ip::make_address("127.0.0.1"), script.port);
    (void)co_await server->async_connect(peer, kAwait);
    spawn_later(impl->executor, [server, client] { return copy(server, client); });
    co_await copy(client, server);
  } else {
    co_await copy(client, client);  // an echo is no TLS server either
  }
}

template <class Impl>
Task<void> accept_all(std::shared_ptr<Impl> impl) {
  for (;;) {
    const auto client = std::make_shared<TcpSocket>(impl->executor);
    const auto [ec] = co_await impl->acceptor.async_accept(*client, kAwait);
    if (ec) co_return;
    ++impl->accepted;
    impl->sockets.push_back(client);
    spawn_later(impl->executor, [impl, client] { return serve(impl, client); });
  }
}

}  // namespace

Tunnel::Tunnel(asio::io_context& io, TunnelScript script)
    : impl_(std::make_shared<Impl>(io, std::move(script))) {
  spawn_later(impl_->executor, [impl = impl_] { return accept_all(impl); });
}
Tunnel::~Tunnel() {
  error_code ignored;
  impl_->acceptor.close(ignored);
  for (const auto& weak : impl_->sockets) {
    if (const auto socket = weak.lock()) socket->close(ignored);
  }
}
std::uint16_t Tunnel::port() const { return impl_->acceptor.local_endpoint().port(); }
int Tunnel::accepted() const { return impl_->accepted; }
const std::string& Tunnel::asked() const { return impl_->asked; }

}  // namespace derivd::net
