#include <array>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstring>
#include <optional>

#include "core/check.hpp"
#include "net/endpoints.hpp"
#include "net/lean.hpp"
#include "net/net.hpp"
#include "net/tls_stream.hpp"

namespace derivd::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
namespace ssl = asio::ssl;
using core::ErrorKind;

constexpr std::string_view kUserAgent = "derivd";
constexpr std::size_t kMaxAddresses = 8;  // of one name; the rest is not tried
constexpr std::size_t kMaxRefusalBody = 4096;
constexpr std::size_t kMaxAnswerHeader = 16 * 1024;
constexpr std::size_t kReadPiece = 64 * 1024;  // so that a lying length cannot make us allocate it
constexpr std::size_t kReadReserve = 64 * 1024;
constexpr std::size_t kKeepCapacity = 16 * 1024;  // of a queue slot; larger ones are given back

using Resolver = asio::ip::basic_resolver<tcp, Executor>;
using ClientTls = TlsStream<TcpSocket>;
using WsStream = websocket::stream<ClientTls&, false>;

std::string seconds_text(core::Duration d) {
  return fmt::format("{:g} s", static_cast<double>(d.count()) / 1e9);
}

// A peer's words, made safe for one line of a log.
std::string printable(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

bool is_ip(const std::string& host) {
  error_code ec;
  (void)asio::ip::make_address(host, ec);
  return !ec;
}

std::string authority(const Url& url) {
  const bool v6 = url.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", url.host, v6 ? "]" : "", url.port);
}

// The Host header leaves the default port out, as browsers do; some gateways compare it literally.
std::string host_header(const Url& url) {
  auto text = authority(url);
  if (url.port == "443") text.resize(text.size() - 4);
  return text;
}

// ---- TLS context ----

core::Result<void> configure(ssl::context& tls, const TlsSettings& settings) {
  error_code ec;
  if (SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION) != 1) {
    return core::io_error("OpenSSL refuses TLS 1.2 as the lowest version");
  }
  tls.set_verify_mode(ssl::verify_peer, ec);
  if (ec) return core::io_error(fmt::format("cannot verify certificates: {}", ec.message()));
  if (settings.ca_file.empty()) {
    tls.set_default_verify_paths(ec);
    if (ec) return core::io_error(fmt::format("no system certificates: {}", ec.message()));
  } else {
    tls.load_verify_file(settings.ca_file, ec);
    if (ec) {
      return core::io_error(
          fmt::format("cannot use CA file {}: {}", settings.ca_file, ec.message()));
    }
  }
  return {};
}

// OpenSSL compares the host of the URL with the certificate while it verifies the chain. Only the
// alternative names count (RFC 9525 6.3): a CA need not have checked what a subject calls itself.
bool expect_host(SSL* tls, const std::string& host) {
  SSL_set_hostflags(tls,
                    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (is_ip(host)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str()) == 1;
  return SSL_set1_host(tls, host.c_str()) == 1 && SSL_set_tlsext_host_name(tls, host.c_str()) == 1;
}

// ---- Channel: from a URL to TLS, one bounded step after the other ----

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  Channel(const Executor& executor, Url url, std::vector<tcp::endpoint> addresses,
          const TlsSettings& tls, const Timeouts& timeouts)
      : executor_(executor),
        url_(std::move(url)),
        timeouts_(timeouts),
        addresses_(std::move(addresses)),
        timer_(executor),
        resolver_(executor),
        configured_(configure(context_, tls)),
        tls_(executor, context_) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

 protected:
  ~Channel() = default;

  Task<bool> dial();
  Task<bool> resolve();
  Task<bool> connect_tcp();
  Task<bool> shake_hands();

  /// The step now waited for may take this long; then the socket is closed and timed_out_ is set.
  void arm(core::Duration time);
  void disarm();
  /// The first reason counts. Ends every wait; the coroutine then unwinds by itself.
  void fail(ErrorKind kind, std::string text);
  void end_io();
  /// The owner is gone: nobody is called any more.
  void drop() {
    dropped_ = true;
    end_io();
  }
  bool stopped() const { return dropped_ || failure_; }
  core::Error tls_error(const error_code& ec);

  Executor executor_;
  Url url_;
  Timeouts timeouts_;
  std::vector<tcp::endpoint> addresses_;
  Timer timer_;
  std::uint64_t timer_generation_ = 0;
  bool timed_out_ = false;
  Resolver resolver_;
  bool resolving_ = false;
  error_code resolve_error_;
  ssl::context context_{ssl::context::tls_client};
  core::Result<void> configured_;
  ClientTls tls_;
  Step step_ = Step::kResolve;
  std::optional<LinkError> failure_;
  bool dropped_ = false;
};

void Channel::arm(core::Duration time) {
  timed_out_ = false;
  timer_.expires_after(time);
  timer_.async_wait([weak = weak_from_this(), generation = ++timer_generation_](error_code ec) {
    const auto self = weak.lock();
    if (ec || !self || generation != self->timer_generation_) return;
    self->timed_out_ = true;
    error_code ignored;
    self->tls_.next_layer().close(ignored);
  });
}

void Channel::disarm() {
  ++timer_generation_;
  timer_.cancel();
}

void Channel::fail(ErrorKind kind, std::string text) {
  if (!failure_) {
    failure_.emplace();
    failure_->step = step_;
    failure_->error = {kind, std::move(text)};
  }
  end_io();
}

void Channel::end_io() {
  disarm();
  resolver_.cancel();
  error_code ignored;
  tls_.next_layer().close(ignored);
}

Task<bool> Channel::dial() {
  if (stopped()) co_return false;
  if (!configured_) {
    step_ = Step::kTls;
    fail(configured_.error().kind, configured_.error().text);
    co_return false;
  }
  bool ok = co_await resolve();
  if (ok) ok = co_await connect_tcp();
  if (ok) ok = co_await shake_hands();
  co_return ok;
}

// The wait is on the timer, not on the look-up: getaddrinfo cannot be interrupted, and its answer
// may come long after the bound.
Task<bool> Channel::resolve() {
  step_ = Step::kResolve;
  if (!addresses_.empty()) co_return true;
  error_code ec;
  const auto ip = asio::ip::make_address(url_.host, ec);
  if (!ec) {
    const auto port = static_cast<std::uint16_t>(std::stoul(url_.port));
    addresses_.emplace_back(ip, port);
    co_return true;
  }
  resolving_ = true;
  timer_.expires_after(timeouts_.resolve);
  resolver_.async_resolve(
      url_.host, url_.port, Resolver::numeric_service | Resolver::address_configured,
      [self = shared_from_this()](error_code error, const Resolver::results_type& results) {
        if (!self->resolving_) return;
        self->resolving_ = false;
        self->resolve_error_ = error;
        for (const auto& result : results) {
          if (self->addresses_.size() < kMaxAddresses)
            self->addresses_.push_back(result.endpoint());
        }
        self->timer_.cancel();
      });
  (void)co_await timer_.async_wait(kAwait);
  const bool late = resolving_;
  resolving_ = false;
  if (stopped()) co_return false;
  if (late) {
    fail(ErrorKind::kTimeout, fmt::format("name look-up of {} took longer than {}", url_.host,
                                          seconds_text(timeouts_.resolve)));
  } else if (addresses_.empty()) {
    const bool unknown = resolve_error_ == asio::error::host_not_found;
    fail(unknown ? ErrorKind::kNotFound : ErrorKind::kIo,
         fmt::format("name look-up of {} failed: {}", url_.host, resolve_error_.message()));
  }
  co_return !stopped();
}

// Each address may use an equal share of what is left, so that a dead first one leaves time for the
// others and quick refusals lend their time to the last.
Task<bool> Channel::connect_tcp() {
  step_ = Step::kConnect;
  const auto deadline = Clock::now() + timeouts_.connect;
  auto& socket = tls_.next_layer();
  std::string causes;
  bool only_timeouts = true;
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    const auto left = std::max<core::Duration>(deadline - Clock::now(), core::Duration{1});
    const core::Duration share = left / static_cast<std::int64_t>(addresses_.size() - i);
    const auto address = addresses_[i];
    error_code ec;
    socket.close(ec);
    socket.open(address.protocol(), ec);
    if (!ec) {
      arm(share);
      const auto [error] = co_await socket.async_connect(address, kAwait);
      ec = error;
      disarm();
      if (stopped()) co_return false;
    } else {
      timed_out_ = false;
    }
    if (!ec && !timed_out_) {
      // A purchase is one small frame that must not wait for the acknowledgement of the last.
      socket.set_option(tcp::no_delay(true), ec);
      co_return true;
    }
    only_timeouts = only_timeouts && timed_out_;
    causes += fmt::format("{}{}: {}", causes.empty() ? "" : "; ", address.address().to_string(),
                          timed_out_ ? "no answer within " + seconds_text(share) : ec.message());
  }
  fail(only_timeouts ? ErrorKind::kTimeout : ErrorKind::kIo,
       fmt::format("cannot connect to {}: {}", authority(url_), causes));
  co_return false;
}

Task<bool> Channel::shake_hands() {
  step_ = Step::kTls;
  auto* handle = tls_.native_handle();
  // Keeps the record buffers between records instead of freeing and taking them for each.
  SSL_clear_mode(handle, SSL_MODE_RELEASE_BUFFERS);
  if (!expect_host(handle, url_.host)) {
    fail(ErrorKind::kIo, fmt::format("TLS with {} cannot be prepared", authority(url_)));
    co_return false;
  }
  arm(timeouts_.tls);
  const auto [error] = co_await tls_.async_handshake(ssl::stream_base::client, kAwait);
  disarm();
  if (stopped()) co_return false;
  if (timed_out_) {
    fail(ErrorKind::kTimeout, fmt::format("TLS with {} took longer than {}", authority(url_),
                                          seconds_text(timeouts_.tls)));
  } else if (error) {
    auto reason = tls_error(error);
    fail(reason.kind, std::move(reason.text));
  }
  co_return !stopped();
}

core::Error Channel::tls_error(const error_code& ec) {
  const auto verdict = SSL_get_verify_result(tls_.native_handle());
  if (verdict != X509_V_OK) {
    // Waiting does not mend it: wrong CA file, wrong host, wrong clock or someone in between.
    return core::invalid(fmt::format("TLS with {} failed: certificate verify failed: {}",
                                     authority(url_), X509_verify_cert_error_string(verdict)));
  }
  const bool ended = ec == asio::error::eof || ec == ssl::error::stream_truncated;
  const bool broken = ec.category() == asio::error::get_ssl_category();
  return {broken ? ErrorKind::kProtocol : ErrorKind::kIo,
          fmt::format("TLS with {} failed: {}", authority(url_),
                      ended ? "the peer ended the connection" : ec.message())};
}

// ---- the WebSocket client ----

class Client final : public Channel {
 public:
  Client(const Executor& executor, const Url& url, std::vector<tcp::endpoint> addresses,
         const TlsSettings& tls, const Timeouts& timeouts, WebSocketHandler& handler)
      : Channel(executor, url, std::move(addresses), tls, timeouts), handler_(handler) {}

  static Task<void> run(std::shared_ptr<Client> self);
  bool send(std::string_view frame);
  void close();
  using Channel::drop;

 private:
  std::shared_ptr<Client> self() { return std::static_pointer_cast<Client>(shared_from_this()); }
  Task<void> talk();
  Task<bool> upgrade();
  void refused(const websocket::response_type& response);
  Task<void> read_frames();
  bool accept_piece();
  void deliver();
  void lost(error_code ec);
  void fail_gently(websocket::close_code code, ErrorKind kind, std::string text);
  void start_close(websocket::close_code code);
  void pump();
  void on_written(error_code ec);

  WebSocketHandler& handler_;  // not touched once dropped_
  std::optional<WsStream> ws_;
  beast::flat_buffer buffer_;
  // Ring of frames to send. Slots keep their memory; the front one is being written.
  std::vector<std::string> ring_{kMaxSendQueue};
  std::size_t front_ = 0;
  std::size_t queued_ = 0;
  bool open_ = false;
  bool writing_ = false;
  error_code write_error_;
  std::optional<websocket::close_code> close_;
  bool close_sent_ = false;
  bool peer_closing_ = false;
};

Task<void> Client::run(std::shared_ptr<Client> self) {
  co_await self->talk();
  self->open_ = false;
  if (self->dropped_) co_return;
  self->end_io();
  DERIVD_CHECK(self->failure_.has_value(), "a link ended without a reason");
  const auto failure = *self->failure_;
  self->handler_.on_closed(failure);
}

Task<void> Client::talk() {
  const bool dialled = co_await dial();
  if (!dialled) co_return;
  const bool upgraded = co_await upgrade();
  if (!upgraded) co_return;
  step_ = Step::kOpen;
  open_ = true;
  handler_.on_open();
  co_await read_frames();
}

void decorate(websocket::request_type& request) {
  request.set(http::field::user_agent, kUserAgent);
}

Task<bool> Client::upgrade() {
  step_ = Step::kUpgrade;
  ws_.emplace(tls_);
  ws_->auto_fragment(false);
  ws_->read_message_max(0);  // bounded by accept_piece(), which can say so and close in time
  ws_->set_option(websocket::stream_base::decorator(decorate));
  // Neither idle timeout nor pings are on by default, nor in Beast's suggested client settings.
  websocket::stream_base::timeout bounds{};
  bounds.handshake_timeout = websocket::stream_base::none();  // ours, by arm()
  bounds.idle_timeout = timeouts_.idle;
  bounds.keep_alive_pings = true;
  ws_->set_option(bounds);
  ws_->control_callback([this](websocket::frame_type kind, beast::string_view) {
    if (kind != websocket::frame_type::close || peer_closing_) return;
    peer_closing_ = true;
    arm(timeouts_.close);
  });
  websocket::response_type response;
  const auto host = host_header(url_);
  arm(timeouts_.upgrade);
  const auto [ec] = co_await ws_->async_handshake(response, host, url_.target, kAwait);
  disarm();
  if (stopped()) co_return false;
  if (timed_out_) {
    fail(ErrorKind::kTimeout, fmt::format("WebSocket upgrade at {} took longer than {}",
                                          authority(url_), seconds_text(timeouts_.upgrade)));
  } else if (ec == websocket::error::upgrade_declined) {
    refused(response);
  } else if (ec) {
    const bool io = ec.category() == boost::system::system_category() ||
                    ec.category() == asio::error::get_misc_category() ||
                    ec == ssl::error::stream_truncated || ec == http::error::end_of_stream;
    fail(io ? ErrorKind::kIo : ErrorKind::kProtocol,
         fmt::format("WebSocket upgrade at {} failed: {}", authority(url_), ec.message()));
    // An answer came, but not one that opens a WebSocket.
    const bool answered = ec.category() == make_error_code(websocket::error::closed).category();
    if (answered) failure_->http_status = static_cast<int>(response.result_int());
  }
  co_return !stopped();
}

void Client::refused(const websocket::response_type& response) {
  const auto status = static_cast<int>(response.result_int());
  fail(ErrorKind::kRefused,
       fmt::format("WebSocket upgrade at {} refused: HTTP {}", authority(url_), status));
  failure_->http_status = status;
  failure_->http_body = response.body().substr(0, kMaxRefusalBody);
}

// ---- reading ----

Task<void> Client::read_frames() {
  buffer_.reserve(kReadReserve);
  while (!dropped_) {
    const auto [ec, size] = co_await ws_->async_read_some(buffer_, kReadPiece, kAwait);
    if (dropped_) co_return;
    if (ec) {
      lost(ec);
      co_return;
    }
    if (!accept_piece()) {
      buffer_.clear();
    } else if (ws_->is_message_done()) {
      deliver();
    }
  }
}

// Whether what is in the buffer belongs to a message for the handler.
bool Client::accept_piece() {
  if (failure_ || close_) return false;
  if (ws_->got_binary()) {
    fail_gently(websocket::close_code::unknown_data, ErrorKind::kProtocol,
                fmt::format("{} sent a binary frame", authority(url_)));
    return false;
  }
  if (buffer_.size() > kMaxFrame) {
    fail_gently(websocket::close_code::too_big, ErrorKind::kExhausted,
                fmt::format("{} sent a message larger than {} bytes", authority(url_), kMaxFrame));
    return false;
  }
  return true;
}

void Client::deliver() {
  // The message lies at the buffer's very beginning, because each is consumed whole.
  const auto padding = buffer_.prepare(kPadding);
  std::memset(padding.data(), 0, kPadding);
  const auto data = buffer_.cdata();
  handler_.on_frame({static_cast<const char*>(data.data()), data.size()}, buffer_.capacity());
  buffer_.clear();
}

void Client::lost(error_code ec) {
  if (failure_) return;
  // Beast tells the operation that failed why, and the other one only that it is over.
  if (ec == asio::error::operation_aborted && write_error_) ec = write_error_;
  if (close_) {
    fail(ErrorKind::kIo, fmt::format("connection to {} closed by us", authority(url_)));
  } else if (ec == websocket::error::closed || peer_closing_) {
    const auto& reason = ws_->reason();
    const std::string_view words(reason.reason.data(), reason.reason.size());
    fail(ErrorKind::kIo, fmt::format("{} closed the connection: code {}{}{}", authority(url_),
                                     reason.code, words.empty() ? "" : ", ", printable(words)));
  } else if (ec == beast::error::timeout) {
    fail(ErrorKind::kTimeout, fmt::format("no sign of life from {} for {}", authority(url_),
                                          seconds_text(timeouts_.idle)));
  } else {
    const bool protocol = ec.category() == make_error_code(websocket::error::closed).category();
    const bool ended = ec == asio::error::eof || ec == ssl::error::stream_truncated;
    fail(protocol ? ErrorKind::kProtocol : ErrorKind::kIo,
         fmt::format("connection to {} lost: {}", authority(url_),
                     ended ? "ended without a close frame" : ec.message()));
  }
}

// ---- writing and closing ----

bool Client::send(std::string_view frame) {
  if (!open_ || stopped() || close_ || peer_closing_) return false;
  if (frame.size() > kMaxFrame) {
    fail(ErrorKind::kExhausted,
         fmt::format("a message of {} bytes is larger than {}", frame.size(), kMaxFrame));
    return false;
  }
  if (queued_ == kMaxSendQueue) {
    fail(ErrorKind::kExhausted, fmt::format("{} does not read: {} messages wait to be sent",
                                            authority(url_), kMaxSendQueue));
    return false;
  }
  ring_[(front_ + queued_) % kMaxSendQueue].assign(frame);
  ++queued_;
  pump();
  return true;
}

void Client::pump() {
  if (writing_ || stopped() || close_sent_ || peer_closing_) return;
  if (queued_ != 0) {
    writing_ = true;
    ws_->async_write(asio::buffer(ring_[front_]),
                     [self = self()](error_code ec, std::size_t) { self->on_written(ec); });
  } else if (close_) {
    start_close(*close_);
  }
}

void Client::on_written(error_code ec) {
  writing_ = false;
  auto& slot = ring_[front_];
  if (slot.capacity() > kKeepCapacity) std::string().swap(slot);
  front_ = (front_ + 1) % kMaxSendQueue;
  --queued_;
  if (dropped_) return;
  // The read ends too and then tells why, which the peer may have said in a close frame.
  if (ec && !peer_closing_) {
    write_error_ = ec;
    error_code ignored;
    tls_.next_layer().close(ignored);
    return;
  }
  pump();
}

void Client::close() {
  if (stopped() || close_) return;
  if (!open_)
    return fail(ErrorKind::kIo, fmt::format("attempt to reach {} given up by us", authority(url_)));
  if (peer_closing_) return;
  // What was queued before goes out first, then the close frame, all within one bound.
  close_ = websocket::close_code::normal;
  arm(timeouts_.close);
  pump();
}

// Ends the connection for a reason of ours and tells the peer, in bounded time.
void Client::fail_gently(websocket::close_code code, ErrorKind kind, std::string text) {
  failure_.emplace();
  failure_->step = step_;
  failure_->error = {kind, std::move(text)};
  if (peer_closing_) return;
  arm(timeouts_.close);
  start_close(code);
}

void Client::start_close(websocket::close_code code) {
  if (close_sent_) return;
  close_sent_ = true;
  const websocket::close_reason reason(code);
  ws_->async_close(reason, [self = self()](error_code) { self->end_io(); });
}

class ClientHandle final : public WebSocket {
 public:
  explicit ClientHandle(std::shared_ptr<Client> client) : client_(std::move(client)) {}
  ~ClientHandle() override { client_->drop(); }
  bool send(std::string_view frame) override { return client_->send(frame); }
  void close() override { client_->close(); }

 private:
  std::shared_ptr<Client> client_;
};

// ---- one HTTPS exchange ----

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

// A line break in a header would let its value (a token from a file) write further headers.
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
}

class Exchange final : public Channel {
 public:
  Exchange(const Executor& executor, HttpRequest request, std::vector<tcp::endpoint> addresses,
           const TlsSettings& tls, const Timeouts& timeouts, HttpDone done)
      : Channel(executor, request.url, std::move(addresses), tls, timeouts),
        done_(std::move(done)) {
    prepare(request);
  }
  static Task<void> run(std::shared_ptr<Exchange> self);
  using Channel::drop;

 private:
  void prepare(HttpRequest& request);
  Task<bool> ask();
  void failed(const error_code& ec);

  http::request<http::string_body> request_;
  core::Result<void> sendable_;
  HttpResponse answer_;
  HttpDone done_;
};

void Exchange::prepare(HttpRequest& request) {
  const auto verb = http::string_to_verb(request.method);
  if (verb != http::verb::get && verb != http::verb::post) {
    sendable_ = core::invalid("only GET and POST are supported");
    return;
  }
  request_.method(verb);
  request_.target(url_.target);
  request_.version(11);
  request_.set(http::field::host, host_header(url_));
  request_.set(http::field::user_agent, kUserAgent);
  request_.set(http::field::connection, "close");
  for (const auto& header : request.headers) {
    if (!is_token(header.name) || !is_field_value(header.value)) {
      // Neither is shown: it may be the token.
      sendable_ = core::invalid("a header holds a character that HTTP does not allow");
      return;
    }
    request_.set(header.name, header.value);
  }
  request_.body() = std::move(request.body);
  request_.prepare_payload();
}

Task<void> Exchange::run(std::shared_ptr<Exchange> self) {
  bool ok = false;
  if (self->sendable_) {
    ok = co_await self->dial();
    if (ok) ok = co_await self->ask();
  } else {
    self->step_ = Step::kUpgrade;
    self->fail(self->sendable_.error().kind, self->sendable_.error().text);
  }
  if (self->dropped_) co_return;
  self->end_io();
  const auto done = std::exchange(self->done_, nullptr);
  if (ok) {
    done(std::move(self->answer_));
  } else {
    done(*self->failure_);
  }
}

Task<bool> Exchange::ask() {
  step_ = Step::kUpgrade;
  arm(timeouts_.upgrade);
  const auto [write_error, written] = co_await http::async_write(tls_, request_, kAwait);
  if (stopped()) co_return false;
  // A server may refuse (413, 401) and stop reading before it has the whole body: read its answer.
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.header_limit(kMaxAnswerHeader);
  parser.body_limit(kMaxHttpBody);
  const auto [ec, size] = co_await http::async_read(tls_, buffer, parser, kAwait);
  disarm();
  if (stopped()) co_return false;
  if (ec) {
    failed(write_error ? write_error : ec);
    co_return false;
  }
  answer_.status = static_cast<int>(parser.get().result_int());
  answer_.body = std::move(parser.get().body());
  co_return true;
}

void Exchange::failed(const error_code& ec) {
  const auto where = authority(url_);
  if (timed_out_) {
    fail(ErrorKind::kTimeout, fmt::format("HTTPS answer of {} took longer than {}", where,
                                          seconds_text(timeouts_.upgrade)));
  } else if (ec == http::error::body_limit) {
    fail(ErrorKind::kExhausted,
         fmt::format("HTTPS answer of {} is larger than {} bytes", where, kMaxHttpBody));
  } else if (ec == http::error::partial_message || ec == http::error::end_of_stream ||
             ec == asio::error::eof || ec == ssl::error::stream_truncated) {
    fail(ErrorKind::kIo, fmt::format("{} cut the connection before its HTTPS answer ended", where));
  } else {
    const bool protocol = ec.category() == make_error_code(http::error::end_of_stream).category();
    fail(protocol ? ErrorKind::kProtocol : ErrorKind::kIo,
         fmt::format("HTTPS exchange with {} failed: {}", where, ec.message()));
  }
}

class ExchangeHandle final : public HttpExchange {
 public:
  explicit ExchangeHandle(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~ExchangeHandle() override { exchange_->drop(); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

std::vector<tcp::endpoint> to_endpoints(const std::vector<Endpoint>& addresses) {
  std::vector<tcp::endpoint> out;
  for (const auto& [ip, port] : addresses) out.emplace_back(asio::ip::make_address(ip), port);
  return out;
}

}  // namespace

std::unique_ptr<WebSocket> connect(asio::io_context& io, const Url& url,
                                   const std::vector<Endpoint>& addresses, const TlsSettings& tls,
                                   const Timeouts& timeouts, WebSocketHandler& handler) {
  auto client = std::make_shared<Client>(io.get_executor(), url, to_endpoints(addresses), tls,
                                         timeouts, handler);
  spawn_later(io.get_executor(), [client] { return Client::run(client); });
  return std::make_unique<ClientHandle>(std::move(client));
}

std::unique_ptr<WebSocket> connect(asio::io_context& io, const Url& url, const TlsSettings& tls,
                                   const Timeouts& timeouts, WebSocketHandler& handler) {
  return connect(io, url, {}, tls, timeouts, handler);
}

std::unique_ptr<HttpExchange> fetch(asio::io_context& io, HttpRequest request,
                                    const TlsSettings& tls, const Timeouts& timeouts,
                                    HttpDone done) {
  auto exchange =
      std::make_shared<Exchange>(io.get_executor(), std::move(request),
                                 std::vector<tcp::endpoint>{}, tls, timeouts, std::move(done));
  spawn_later(io.get_executor(), [exchange] { return Exchange::run(exchange); });
  return std::make_unique<ExchangeHandle>(std::move(exchange));
}

}  // namespace derivd::net
