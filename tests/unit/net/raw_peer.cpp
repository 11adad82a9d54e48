#include "unit/net/raw_peer.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "net/lean.hpp"

// g++ 12 takes Asio's operator new and delete of coroutine frames for a mismatched pair once it has
// inlined them (-O1 and above).
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace derivd::net {
namespace {
using TlsStream = asio::ssl::stream<TcpSocket>;
}  // namespace

struct RawPeer::Impl {
  Impl(asio::io_context& io, const ServerCertificate& certificate, RawScript s)
      : executor(io.get_executor()),
        acceptor(executor, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)),
        script(std::move(s)) {
    context.use_certificate_chain_file(certificate.cert_file);
    context.use_private_key_file(certificate.key_file, asio::ssl::context::pem);
  }

  void end() {
    error_code ignored;
    acceptor.close(ignored);
    if (tls) tls->next_layer().close(ignored);
  }

  Executor executor;
  Acceptor acceptor;
  asio::ssl::context context{asio::ssl::context::tls_server};
  RawScript script;
  std::unique_ptr<TlsStream> tls;  // of the latest connection
  int accepted = 0;
  std::string received;
  std::string server_name;
};

namespace {

Task<bool> read_some(TlsStream& tls, std::string& into) {
  std::array<char, 4096> piece{};
  const auto buffer = asio::buffer(piece);
  const auto [ec, size] = co_await tls.async_read_some(buffer, kAwait);
  into.append(piece.data(), size);
  co_return !ec;
}

Task<bool> write_all(TlsStream& tls, std::string text) {
  while (!text.empty()) {
    const auto buffer = asio::buffer(text);
    const auto [ec, size] = co_await tls.async_write_some(buffer, kAwait);
    if (ec) co_return false;
    text.erase(0, size);
  }
  co_return true;
}

Task<void> converse(TlsStream& tls, const RawScript& script, std::string& received) {
  bool ok = true;
  while (ok && received.find("\r\n\r\n") == std::string::npos)
    ok = co_await read_some(tls, received);
  if (ok && script.answer) {
    auto answer = script.answer(received);
    ok = co_await write_all(tls, std::move(answer));
    for (std::size_t i = 0; ok && i < script.then.size(); ++i) {
      auto next = script.then[i];
      ok = co_await write_all(tls, std::move(next));
    }
    if (script.cut) co_return;
  }
  while (ok) {
    ok = co_await read_some(tls, received);
    if (ok && script.pong) {
      auto pong = raw_frame(10, "");
      ok = co_await write_all(tls, std::move(pong));
    }
  }
}

Task<void> serve_raw(TcpSocket& socket, const std::string& hello) {
  const auto greeting = asio::buffer(hello);
  if (!hello.empty()) (void)co_await socket.async_write_some(greeting, kAwait);
  std::array<char, 4096> sink{};
  const auto buffer = asio::buffer(sink);
  for (bool ok = true; ok;) {
    const auto [ec, size] = co_await socket.async_read_some(buffer, kAwait);
    ok = !ec;
  }
}

template <class Impl>
Task<void> serve_all(std::shared_ptr<Impl> impl) {
  for (;;) {
    TcpSocket socket(impl->executor);
    const auto [ec] = co_await impl->acceptor.async_accept(socket, kAwait);
    if (ec) co_return;
    ++impl->accepted;
    impl->tls = std::make_unique<TlsStream>(std::move(socket), impl->context);
    if (!impl->script.tls) {
      co_await serve_raw(impl->tls->next_layer(), impl->script.hello);
      continue;
    }
    const auto [failed] =
        co_await impl->tls->async_handshake(asio::ssl::stream_base::server, kAwait);
    const char* name = SSL_get_servername(impl->tls->native_handle(), TLSEXT_NAMETYPE_host_name);
    impl->server_name = name == nullptr ? "" : name;
    if (!failed) co_await converse(*impl->tls, impl->script, impl->received);
    error_code ignored;
    impl->tls->next_layer().close(ignored);
  }
}

}  // namespace

RawPeer::RawPeer(asio::io_context& io, const ServerCertificate& certificate, RawScript script)
    : impl_(std::make_shared<Impl>(io, certificate, std::move(script))) {
  spawn_later(impl_->executor, [impl = impl_] { return serve_all(impl); });
}
RawPeer::~RawPeer() { impl_->end(); }
std::uint16_t RawPeer::port() const { return impl_->acceptor.local_endpoint().port(); }
int RawPeer::accepted() const { return impl_->accepted; }
const std::string& RawPeer::received() const { return impl_->received; }
const std::string& RawPeer::server_name() const { return impl_->server_name; }
void RawPeer::cut() {
  error_code ignored;
  impl_->tls->next_layer().close(ignored);
}

struct RawClient::Impl {
  explicit Impl(asio::io_context& io) : tls(io.get_executor(), context) {}
  asio::ssl::context context{asio::ssl::context::tls_client};
  TlsStream tls;
  std::string received;
  bool ended = false;
};

namespace {

template <class Impl>
Task<void> read_all(std::shared_ptr<Impl> impl, std::uint16_t port, std::string bytes) {
  const tcp::endpoint server(asio::ip::make_address("127.0.0.1"), port);
  (void)co_await impl->tls.next_layer().async_connect(server, kAwait);
  const auto [failed] = co_await impl->tls.async_handshake(asio::ssl::stream_base::client, kAwait);
  bool ok = !failed;
  if (ok) ok = co_await write_all(impl->tls, std::move(bytes));
  while (ok) ok = co_await read_some(impl->tls, impl->received);
  impl->ended = true;
}

template <class Impl>
Task<void> write_more(std::shared_ptr<Impl> impl, std::string bytes) {
  (void)co_await write_all(impl->tls, std::move(bytes));
}

}  // namespace

RawClient::RawClient(asio::io_context& io, std::uint16_t port, std::string bytes)
    : impl_(std::make_shared<Impl>(io)) {
  spawn_later(io.get_executor(), [impl = impl_, port, bytes = std::move(bytes)] {
    return read_all(impl, port, bytes);
  });
}
RawClient::~RawClient() {
  error_code ignored;
  impl_->tls.next_layer().close(ignored);
}
const std::string& RawClient::received() const { return impl_->received; }
bool RawClient::ended() const { return impl_->ended; }
void RawClient::write(std::string bytes) {
  spawn_later(impl_->tls.get_executor(),
              [impl = impl_, bytes = std::move(bytes)] { return write_more(impl, bytes); });
}

struct DeadPort::Impl {
  explicit Impl(asio::io_context& io) : acceptor(io.get_executor()) {
    const tcp::endpoint any(asio::ip::make_address("127.0.0.1"), 0);
    acceptor.open(any.protocol());
    acceptor.bind(any);
    acceptor.listen(0);
    for (auto& filler : fillers) {
      filler = std::make_unique<TcpSocket>(io.get_executor());
      filler->async_connect(acceptor.local_endpoint(), [](error_code) {});
    }
  }
  Acceptor acceptor;
  std::array<std::unique_ptr<TcpSocket>, 4> fillers;
};

DeadPort::DeadPort(asio::io_context& io) : impl_(std::make_unique<Impl>(io)) {}
DeadPort::~DeadPort() = default;
std::uint16_t DeadPort::port() const { return impl_->acceptor.local_endpoint().port(); }

std::string accept_upgrade(const std::string& request) {
  const std::string field = "Sec-WebSocket-Key: ";
  const auto begin = request.find(field) + field.size();
  const auto text = request.substr(begin, request.find("\r\n", begin) - begin) +
                    "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 4.2.2
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 64> base64{};
  EVP_EncodeBlock(base64.data(), digest.data(), digest.size());
  return fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: {}\r\n\r\n",
      reinterpret_cast<const char*>(base64.data()));
}

std::string raw_frame(int opcode, const std::string& payload, bool last) {
  std::string frame(1, static_cast<char>((last ? 0x80 : 0) | opcode));
  const auto size = payload.size();
  const int length_bytes = size < 126 ? 0 : size < 65'536 ? 2 : 8;
  frame += static_cast<char>(length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127);
  for (int i = length_bytes - 1; i >= 0; --i) frame += static_cast<char>(size >> (8 * i));
  return frame + payload;
}

}  // namespace derivd::net
