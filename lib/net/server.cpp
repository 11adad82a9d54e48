#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <map>
#include <optional>

#include "net/gate.hpp"
#include "net/lower_case.hpp"
#include "net/net.hpp"
#include "net/tls_stream.hpp"

namespace derivd::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
namespace ssl = asio::ssl;

constexpr std::size_t kMaxConnections = 4096;
constexpr std::size_t kMaxRequestHeader = 16 * 1024;
// What is parsed and not yet taken: a whole frame, or what one read brings of a request.
constexpr std::size_t kMaxParsedRequest = kMaxFrame + 64 * 1024;
// On the wire, TLS and the heads of chunks included.
constexpr std::size_t kMaxRequest = 2 * kMaxHttpBody + kMaxParsedRequest;
// A client that does not read is cut off here; 64 MiB is an hour of ticks of every symbol.
constexpr std::size_t kMaxQueuedFrames = 65'536;
constexpr std::size_t kMaxQueuedBytes = 64 << 20;
constexpr auto kHandshakeTime = std::chrono::seconds(10);
constexpr auto kRequestTime = std::chrono::seconds(60);  // also between requests of one connection
constexpr auto kCloseTime = std::chrono::seconds(1);

using ServerTls = TlsStream<Gate>;
using ServerWs = websocket::stream<ServerTls&, false>;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

ServerRequest to_server_request(const Request& request) {
  ServerRequest out;
  out.method = request.method_string();
  out.target = request.target();
  for (const auto& field : request) {
    out.headers.push_back({lower_case(field.name_string()), std::string(field.value())});
  }
  out.body = request.body();
  return out;
}

Response to_response(const Request& request, HttpResponse answer) {
  Response response;
  response.version(request.version());
  response.result(static_cast<unsigned>(answer.status));
  response.set(http::field::server, "derivsim");
  response.set(http::field::content_type, "application/json");
  response.keep_alive(request.keep_alive());
  response.body() = std::move(answer.body);
  response.prepare_payload();
  return response;
}

class Connection;

// What connections need of their server; they lose it (null) when the server is destroyed.
struct Hub {
  ServerHandler* handler = nullptr;
  ssl::context tls{ssl::context::tls_server};
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections;
  std::uint64_t next_id = 1;
};

class Connection final : public ServerSocket {
 public:
  Connection(std::shared_ptr<Hub> hub, std::uint64_t id, TcpSocket socket)
      : hub_(std::move(hub)),
        id_(id),
        timer_(socket.get_executor()),
        resume_(socket.get_executor(), Timer::time_point::max()),
        tls_(std::move(socket), hub_->tls) {}

  static Task<void> run(std::shared_ptr<Connection> self);

  void send(std::string frame) override { enqueue({std::move(frame), 0}); }
  void send_split(std::string frame, std::size_t piece) override {
    enqueue({std::move(frame), std::max<std::size_t>(piece, 1)});
  }
  void close(std::uint16_t code) override;
  void abort() override;
  void pause_reading(bool paused) override;
  std::size_t queued() const override { return queue_.size(); }
  std::uint64_t id() const override { return id_; }

  /// The server is gone: end at once and call nobody.
  void drop();

 private:
  struct Outgoing {
    std::string frame;
    std::size_t piece;  // 0: whole
  };

  Task<bool> shake_hands();
  Task<void> serve();
  Task<bool> answer(Request request);
  Task<void> serve_socket(Request request, ServerRequest accepted);
  Task<void> read_frames();

  void enqueue(Outgoing outgoing);
  void pump();
  void on_written(error_code ec, std::size_t size);
  void arm(Clock::duration time);
  void disarm();
  void cut();
  ServerHandler* handler() const { return ended_ ? nullptr : hub_->handler; }

  std::shared_ptr<Hub> hub_;
  const std::uint64_t id_;
  Timer timer_;
  std::uint64_t timer_generation_ = 0;
  Timer resume_;  // never expires; cancelled when reading may go on
  ServerTls tls_;
  std::optional<ServerWs> ws_;
  beast::flat_buffer buffer_{kMaxParsedRequest};
  std::weak_ptr<Connection> self_;
  std::deque<Outgoing> queue_;
  std::size_t queued_bytes_ = 0;
  std::size_t offset_ = 0;  // of the front frame, already written
  std::optional<websocket::close_reason> close_;
  bool writing_ = false;
  bool close_sent_ = false;
  bool peer_closing_ = false;
  bool paused_ = false;
  bool ended_ = false;
};

// ---- ends and bounds ----

void Connection::arm(Clock::duration time) {
  timer_.expires_after(time);
  timer_.async_wait([weak = self_, generation = ++timer_generation_](error_code ec) {
    const auto self = weak.lock();
    if (!ec && self && generation == self->timer_generation_) self->cut();
  });
}

void Connection::disarm() {
  ++timer_generation_;
  timer_.cancel();
}

void Connection::cut() {
  ended_ = true;
  tls_.next_layer().close_now();
  resume_.cancel();
}

void Connection::drop() {
  disarm();
  cut();
}

void Connection::abort() {
  // RST instead of FIN: the client must see a lost connection, not an orderly end.
  error_code ignored;
  tls_.next_layer().set_option(asio::socket_base::linger(true, 0), ignored);
  cut();
}

void Connection::pause_reading(bool paused) {
  paused_ = paused;
  tls_.next_layer().hold(paused);
  if (!paused) resume_.cancel();
}

// ---- writing ----

void Connection::enqueue(Outgoing outgoing) {
  if (ended_ || close_ || peer_closing_) return;
  queued_bytes_ += outgoing.frame.size();
  queue_.push_back(std::move(outgoing));
  if (queue_.size() > kMaxQueuedFrames || queued_bytes_ > kMaxQueuedBytes) return abort();
  pump();
}

void Connection::close(std::uint16_t code) {
  if (ended_ || close_ || peer_closing_) return;
  close_ = websocket::close_reason(static_cast<websocket::close_code>(code));
  arm(kCloseTime);
  pump();
}

void Connection::pump() {
  if (writing_ || ended_ || close_sent_) return;
  if (!queue_.empty()) {
    const auto& front = queue_.front();
    const auto rest = front.frame.size() - offset_;
    const auto size = front.piece == 0 ? rest : std::min(front.piece, rest);
    writing_ = true;
    ws_->async_write_some(size == rest, asio::buffer(front.frame.data() + offset_, size),
                          [self = self_.lock()](error_code ec, std::size_t written) {
                            self->on_written(ec, written);
                          });
  } else if (close_ && !peer_closing_) {
    close_sent_ = true;
    ws_->async_close(*close_, [self = self_.lock()](error_code) { self->cut(); });
  }
}

void Connection::on_written(error_code ec, std::size_t size) {
  writing_ = false;
  if (ec) return cut();
  offset_ += size;
  if (offset_ == queue_.front().frame.size()) {
    queued_bytes_ -= offset_;
    queue_.pop_front();
    offset_ = 0;
  }
  pump();
}

// ---- reading ----

Task<void> Connection::run(std::shared_ptr<Connection> self) {
  self->self_ = self;
  const bool shaken = co_await self->shake_hands();
  if (shaken) co_await self->serve();
  self->drop();
  self->hub_->connections.erase(self->id_);
}

Task<bool> Connection::shake_hands() {
  arm(kHandshakeTime);
  const auto [ec] = co_await tls_.async_handshake(ssl::stream_base::server, kAwait);
  disarm();
  co_return !ec && !ended_;
}

Task<void> Connection::serve() {
  while (!ended_) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(kMaxRequestHeader);
    parser.body_limit(kMaxHttpBody);
    arm(kRequestTime);
    tls_.limit_reading(kMaxRequest);
    const auto [ec, size] = co_await http::async_read(tls_, buffer_, parser, kAwait);
    disarm();
    if (ec || ended_) co_return;
    auto request = parser.release();
    const bool go_on = co_await answer(std::move(request));
    if (!go_on) co_return;
  }
}

// Whether another request may follow on this connection.
Task<bool> Connection::answer(Request request) {
  auto asked = to_server_request(request);
  const bool upgrade = websocket::is_upgrade(request);
  auto said = upgrade ? handler()->on_upgrade(asked) : handler()->on_request(asked);
  if (ended_) co_return false;
  if (upgrade && said.status == 101) {
    co_await serve_socket(std::move(request), std::move(asked));
    co_return false;
  }
  const bool keep_alive = request.keep_alive();
  auto response = to_response(request, std::move(said));
  arm(kRequestTime);
  const auto [ec, size] = co_await http::async_write(tls_, response, kAwait);
  disarm();
  if (ec || ended_) co_return false;
  if (!keep_alive) {
    arm(kCloseTime);
    (void)co_await tls_.async_shutdown(kAwait);
    disarm();
  }
  co_return keep_alive;
}

void name_server(websocket::response_type& response) {
  response.set(http::field::server, "derivsim");
}

Task<void> Connection::serve_socket(Request request, ServerRequest accepted) {
  ws_.emplace(tls_);
  ws_->auto_fragment(false);
  ws_->read_message_max(kMaxFrame);
  ws_->set_option(websocket::stream_base::decorator(name_server));
  ws_->control_callback([this](websocket::frame_type kind, beast::string_view) {
    if (kind != websocket::frame_type::close) return;
    peer_closing_ = true;
    arm(kCloseTime);
  });
  arm(kHandshakeTime);
  tls_.limit_reading(0);  // each frame has its own bound
  const auto [ec] = co_await ws_->async_accept(request, kAwait);
  disarm();
  if (ec || ended_) co_return;
  handler()->on_connected(*this, accepted);
  co_await read_frames();
  cut();
  if (hub_->handler != nullptr) hub_->handler->on_gone(*this);
}

Task<void> Connection::read_frames() {
  buffer_.consume(buffer_.size());
  while (!ended_) {
    while (paused_ && !ended_) (void)co_await resume_.async_wait(kAwait);
    if (ended_) co_return;
    const auto [ec, size] = co_await ws_->async_read(buffer_, kAwait);
    // Bytes that were already decrypted can complete a frame after the pause began.
    while (paused_ && !ended_) (void)co_await resume_.async_wait(kAwait);
    if (ec || ended_) co_return;
    if (ws_->got_binary()) {
      close(websocket::close_code::unknown_data);
    } else if (!close_) {
      const auto data = buffer_.cdata();
      handler()->on_frame(*this, {static_cast<const char*>(data.data()), data.size()});
    }
    buffer_.consume(buffer_.size());
  }
}

// ---- listening ----

core::Result<void> use_certificate(ssl::context& tls, const ServerCertificate& certificate) {
  error_code ec;
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  tls.use_certificate_chain_file(certificate.cert_file, ec);
  if (ec) {
    return core::io_error(fmt::format("cannot use {}: {}", certificate.cert_file, ec.message()));
  }
  tls.use_private_key_file(certificate.key_file, ssl::context::pem, ec);
  if (ec) {
    return core::io_error(fmt::format("cannot use {}: {}", certificate.key_file, ec.message()));
  }
  return {};
}

class ServerImpl final : public Server {
 public:
  ServerImpl(Acceptor acceptor, std::shared_ptr<Hub> hub)
      : shared_(std::make_shared<Shared>(std::move(acceptor), std::move(hub))) {
    error_code ignored;
    port_ = shared_->acceptor.local_endpoint(ignored).port();
    spawn_later(shared_->acceptor.get_executor(),
                [shared = shared_] { return accept_all(shared); });
  }
  ~ServerImpl() override {
    auto& hub = *shared_->hub;
    hub.handler = nullptr;
    error_code ignored;
    shared_->acceptor.close(ignored);
    shared_->pause.cancel();
    const auto connections = std::exchange(hub.connections, {});
    for (const auto& [id, connection] : connections) connection->drop();
  }
  std::uint16_t port() const override { return port_; }
  core::Result<void> show(const ServerCertificate& certificate) override {
    return use_certificate(shared_->hub->tls, certificate);
  }

 private:
  struct Shared {
    Shared(Acceptor a, std::shared_ptr<Hub> h)
        : acceptor(std::move(a)), pause(acceptor.get_executor()), hub(std::move(h)) {}
    Acceptor acceptor;
    Timer pause;
    std::shared_ptr<Hub> hub;
  };

  static Task<void> accept_all(std::shared_ptr<Shared> shared);

  std::shared_ptr<Shared> shared_;
  std::uint16_t port_ = 0;
};

Task<void> ServerImpl::accept_all(std::shared_ptr<Shared> shared) {
  auto& hub = *shared->hub;
  while (hub.handler != nullptr) {
    TcpSocket socket(shared->acceptor.get_executor());
    const auto [ec] = co_await shared->acceptor.async_accept(socket, kAwait);
    if (hub.handler == nullptr) co_return;
    if (ec) {
      shared->pause.expires_after(kAcceptPause);
      (void)co_await shared->pause.async_wait(kAwait);
      continue;
    }
    if (hub.connections.size() >= kMaxConnections) continue;  // closes it
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
    const auto id = hub.next_id++;
    auto connection = std::make_shared<Connection>(shared->hub, id, std::move(socket));
    hub.connections.emplace(id, connection);
    spawn_later(shared->acceptor.get_executor(),
                [connection] { return Connection::run(connection); });
  }
}

}  // namespace

core::Result<std::unique_ptr<Server>> listen(asio::io_context& io, const std::string& address,
                                             std::uint16_t port,
                                             const ServerCertificate& certificate,
                                             ServerHandler& handler) {
  auto hub = std::make_shared<Hub>();
  hub->handler = &handler;
  auto configured = use_certificate(hub->tls, certificate);
  if (!configured) return configured.error();
  error_code ec;
  const auto ip = asio::ip::make_address(address, ec);
  if (ec) return core::invalid(fmt::format("cannot listen on {}: not an IP address", address));
  const tcp::endpoint endpoint(ip, port);
  Acceptor acceptor(io.get_executor());
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) {
    return core::io_error(
        fmt::format("cannot listen on {} port {}: {}", address, port, ec.message()));
  }
  return std::unique_ptr<Server>(std::make_unique<ServerImpl>(std::move(acceptor), std::move(hub)));
}

}  // namespace derivd::net
