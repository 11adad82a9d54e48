#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstring>
#include <optional>

#include "core/check.hpp"
#include "net/channel.hpp"
#include "net/endpoints.hpp"
#include "net/net.hpp"

namespace derivd::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using core::ErrorKind;

constexpr std::string_view kUserAgent = "derivd";
constexpr std::size_t kMaxRefusalBody = 4096;
constexpr std::size_t kMaxAnswerHeader = 16 * 1024;
constexpr std::size_t kReadPiece = 64 * 1024;  // so that a lying length cannot make us allocate it
constexpr std::size_t kReadReserve = 64 * 1024;
constexpr std::size_t kKeepCapacity = 16 * 1024;  // of a queue slot; larger ones are given back
/// What is parsed and not yet taken: a header, or the part of a body that one read brings.
constexpr std::size_t kMaxParsedAnswer = kMaxAnswerHeader + kReadPiece;
/// On the wire, TLS and the heads of chunks included: a chunk of one byte needs five more, and
/// nobody sends those for long.
constexpr std::size_t kMaxAnswer = 2 * kMaxHttpBody + kMaxParsedAnswer;
/// Of an upgrade: a header, or the error page of a content network.
constexpr std::size_t kMaxUpgradeAnswer = 256 * 1024;
/// Looks in an idle time at whether something came; a ping leaves at half of them.
constexpr int kLooks = 4;
constexpr int kMaxInterim = 8;  // 100 Continue, 103 Early Hints: more is a flood

using ClientWs = websocket::stream<ClientTls&, false>;

// The Host header leaves the default port out, as browsers do; some gateways compare it literally.
std::string host_header(const Url& url) {
  auto text = authority(url.host, url.port);
  if (url.port == "443") text.resize(text.size() - 4);
  return text;
}

// Of ours, in bytes: TLS's, the parser's or the buffer's.
bool is_bound(const error_code& ec) {
  return ec == asio::error::message_size || ec == http::error::buffer_overflow ||
         ec == http::error::body_limit;
}

// ---- the WebSocket client ----

class Client final : public Channel {
 public:
  Client(const Executor& executor, const Url& url, std::vector<tcp::endpoint> addresses,
         const Route& route, const Timeouts& timeouts, WebSocketHandler& handler)
      : Channel(executor, url, std::move(addresses), route, timeouts),
        handler_(handler),
        silence_timer_(executor) {}

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
  void watch_silence();
  void look_for_life();
  bool accept_piece();
  void deliver();
  void lost(error_code ec);
  void fail_gently(websocket::close_code code, ErrorKind kind, std::string text);
  void start_close(websocket::close_code code);
  void pump();
  void on_written(error_code ec);
  void cut(error_code ec);

  WebSocketHandler& handler_;  // not touched once dropped_
  std::optional<ClientWs> ws_;
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
  Timer silence_timer_;
  std::uint64_t heard_ = 0;  // bytes until the last look
  int silent_looks_ = 0;
  bool pinging_ = false;  // Beast has room for one ping; it may wait behind a write
};

Task<void> Client::run(std::shared_ptr<Client> self) {
  co_await self->talk();
  self->open_ = false;
  self->silence_timer_.cancel();
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
  watch_silence();
  handler_.on_open();
  co_await read_frames();
}

void name_client(websocket::request_type& request) {
  request.set(http::field::user_agent, kUserAgent);
}

Task<bool> Client::upgrade() {
  step_ = Step::kUpgrade;
  ws_.emplace(tls_);
  ws_->auto_fragment(false);
  ws_->read_message_max(0);  // bounded by accept_piece(), which can say so and close in time
  ws_->set_option(websocket::stream_base::decorator(name_client));
  // Of the times that Beast can watch none is on by default: the handshake has ours, by arm(), and
  // silence look_for_life().
  ws_->control_callback([this](websocket::frame_type kind, beast::string_view) {
    if (kind != websocket::frame_type::close || peer_closing_) return;
    peer_closing_ = true;
    arm(timeouts_.close);
  });
  websocket::response_type response;
  const auto host = host_header(url_);
  arm(timeouts_.upgrade);
  // Beast would buffer an answer without end.
  tls_.limit_reading(kMaxUpgradeAnswer);
  const auto [ec] = co_await ws_->async_handshake(response, host, url_.target, kAwait);
  tls_.limit_reading(0);
  disarm();
  if (stopped()) co_return false;
  if (ec && ec != websocket::error::upgrade_declined) blame_address();
  if (timed_out_) {
    fail(ErrorKind::kTimeout, fmt::format("WebSocket upgrade at {} took longer than {}", place(),
                                          seconds_text(timeouts_.upgrade)));
  } else if (ec == websocket::error::upgrade_declined) {
    refused(response);
  } else if (is_bound(ec)) {
    fail(ErrorKind::kExhausted,
         fmt::format("WebSocket upgrade at {}: the answer is larger than {} bytes", place(),
                     kMaxUpgradeAnswer));
  } else if (ec) {
    const bool io = ec.category() == boost::system::system_category() ||
                    ec.category() == asio::error::get_misc_category() ||
                    ec == ssl::error::stream_truncated || ec == http::error::end_of_stream;
    fail(io ? ErrorKind::kIo : ErrorKind::kProtocol,
         fmt::format("WebSocket upgrade at {} failed: {}", place(), ec.message()));
    // An answer came, but not one that opens a WebSocket.
    const bool answered = ec.category() == make_error_code(websocket::error::closed).category();
    if (answered) failure_->http_status = static_cast<int>(response.result_int());
  }
  co_return !stopped();
}

void Client::refused(const websocket::response_type& response) {
  const auto status = static_cast<int>(response.result_int());
  fail(ErrorKind::kRefused,
       fmt::format("WebSocket upgrade at {} refused: HTTP {}", place(), status));
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

// Beast's own idle time sets a timer anew at each read, and the wait that this ends comes back
// through the loop: a system call more for every frame. Here nothing happens when a frame comes.
void Client::watch_silence() {
  silence_timer_.expires_after(timeouts_.idle / kLooks);
  silence_timer_.async_wait([weak = weak_from_this()](error_code ec) {
    const auto alive = weak.lock();
    if (!ec && alive) static_cast<Client&>(*alive).look_for_life();
  });
}

// Looks are counted, and not the time: if we were stopped meanwhile, the peer still has its chance
// to answer a ping. What lives sends something within an idle time; silence is noticed one look
// later at the latest.
void Client::look_for_life() {
  // A close has a bound of its own.
  if (stopped() || close_ || peer_closing_) return;
  if (const auto bytes = tls_.received(); bytes != heard_) {
    heard_ = bytes;
    silent_looks_ = 0;
  } else if (++silent_looks_ == kLooks) {
    return fail(ErrorKind::kTimeout, fmt::format("no sign of life from {} for {}", place(),
                                                 seconds_text(timeouts_.idle)));
  } else if (silent_looks_ == kLooks / 2 && !pinging_) {
    pinging_ = true;
    ws_->async_ping({}, [self = self()](error_code ec) {
      self->pinging_ = false;
      if (ec) self->cut(ec);
    });
  }
  watch_silence();
}

// Whether what is in the buffer belongs to a message for the handler.
bool Client::accept_piece() {
  if (failure_ || close_) return false;
  if (ws_->got_binary()) {
    fail_gently(websocket::close_code::unknown_data, ErrorKind::kProtocol,
                fmt::format("{} sent a binary frame", place()));
    return false;
  }
  if (buffer_.size() > kMaxFrame) {
    fail_gently(websocket::close_code::too_big, ErrorKind::kExhausted,
                fmt::format("{} sent a message larger than {} bytes", place(), kMaxFrame));
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
    fail(ErrorKind::kIo, fmt::format("connection to {} closed by us", place()));
  } else if (ec == websocket::error::closed || peer_closing_) {
    const auto& reason = ws_->reason();
    const std::string_view words(reason.reason.data(), reason.reason.size());
    fail(ErrorKind::kIo, fmt::format("{} closed the connection: code {}{}{}", place(), reason.code,
                                     words.empty() ? "" : ", ", printable(words)));
  } else {
    const bool protocol = ec.category() == make_error_code(websocket::error::closed).category();
    const bool ended = ec == asio::error::eof || ec == ssl::error::stream_truncated;
    fail(protocol ? ErrorKind::kProtocol : ErrorKind::kIo,
         fmt::format("connection to {} lost: {}", place(),
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
    fail(ErrorKind::kExhausted,
         fmt::format("{} does not read: {} messages wait to be sent", place(), kMaxSendQueue));
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
  --queued_;
  // Back to the first slot whenever nothing waits: its memory has the room already.
  front_ = queued_ == 0 ? 0 : (front_ + 1) % kMaxSendQueue;
  if (dropped_) return;
  if (ec && !peer_closing_) return cut(ec);
  pump();
}

// After a write that failed. The read ends too and then tells why, which the peer may have said in
// a close frame.
void Client::cut(error_code ec) {
  if (dropped_ || peer_closing_) return;
  if (!write_error_) write_error_ = ec;
  error_code ignored;
  tls_.next_layer().close(ignored);
}

void Client::close() {
  if (stopped() || close_) return;
  if (!open_)
    return fail(ErrorKind::kIo, fmt::format("attempt to reach {} given up by us", place()));
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
  std::string waiting_for() const override { return client_->waiting_for(); }

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
           const Route& route, const Timeouts& timeouts, HttpDone done)
      : Channel(executor, request.url, std::move(addresses), route, timeouts),
        done_(std::move(done)) {
    prepare(request);
  }
  static Task<void> run(std::shared_ptr<Exchange> self);
  using Channel::drop;

 private:
  void prepare(HttpRequest& request);
  Task<bool> ask();
  Task<error_code> read_header();
  Task<error_code> read_body();
  Task<void> read_prefix();
  void failed(const error_code& ec);

  http::request<http::string_body> request_;
  std::optional<std::size_t> prefix_;
  beast::flat_buffer buffer_{kMaxParsedAnswer};
  std::optional<http::response_parser<http::empty_body>> header_;
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
  prefix_ = request.body_prefix;
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
  self->step_ = Step::kOpen;  // it waits for nothing more
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
  tls_.limit_reading(kMaxAnswer);
  const auto [write_error, written] = co_await http::async_write(tls_, request_, kAwait);
  if (stopped()) co_return false;
  // A server may refuse (413, 401) and stop reading before it has the whole body: read its answer.
  auto ec = co_await read_header();
  if (!ec && prefix_) {
    co_await read_prefix();
  } else if (!ec) {
    ec = co_await read_body();
  }
  disarm();
  if (stopped()) co_return false;
  if (ec) {
    failed(write_error ? write_error : ec);
    co_return false;
  }
  co_return true;
}

// The first one that no other follows (RFC 9110 15.2).
Task<error_code> Exchange::read_header() {
  for (int interim = 0; interim <= kMaxInterim; ++interim) {
    header_.emplace();
    header_->header_limit(kMaxAnswerHeader);
    header_->body_limit(prefix_ ? boost::none : boost::optional<std::uint64_t>(kMaxHttpBody));
    const auto [ec, size] = co_await http::async_read_header(tls_, buffer_, *header_, kAwait);
    if (ec) co_return ec;
    answer_.status = static_cast<int>(header_->get().result_int());
    if (answer_.status / 100 != 1 || answer_.status == 101) co_return error_code{};
  }
  co_return http::error::header_limit;
}

Task<error_code> Exchange::read_body() {
  http::response_parser<http::string_body> parser(std::move(*header_));
  if (!parser.is_done()) {
    const auto [ec, size] = co_await http::async_read(tls_, buffer_, parser, kAwait);
    if (ec) co_return ec;
  }
  answer_.body = std::move(parser.get().body());
  co_return error_code{};
}

// Whatever follows the header, the answer is there.
Task<void> Exchange::read_prefix() {
  arm(std::min<core::Duration>(timeouts_.upgrade, kPrefixTime));
  http::response_parser<http::buffer_body> parser(std::move(*header_));
  std::string prefix(*prefix_, '\0');
  auto& body = parser.get().body();
  body.data = prefix.data();
  body.size = prefix.size();
  error_code ec;
  while (!ec && !parser.is_done() && body.size != 0) {
    const auto [failed, size] = co_await http::async_read_some(tls_, buffer_, parser, kAwait);
    ec = failed;
  }
  answer_.whole = parser.is_done();
  prefix.resize(prefix.size() - body.size);
  answer_.body = std::move(prefix);
}

void Exchange::failed(const error_code& ec) {
  const auto& where = place();
  blame_address();
  if (timed_out_) {
    fail(ErrorKind::kTimeout, fmt::format("HTTPS answer of {} took longer than {}", where,
                                          seconds_text(timeouts_.upgrade)));
  } else if (is_bound(ec)) {
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
  std::string waiting_for() const override { return exchange_->waiting_for(); }

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

std::unique_ptr<WebSocket> connect(asio::io_context& io, const Url& url, const Route& route,
                                   const Timeouts& timeouts, WebSocketHandler& handler) {
  auto client = std::make_shared<Client>(io.get_executor(), url, std::vector<tcp::endpoint>{},
                                         route, timeouts, handler);
  spawn_later(io.get_executor(), [client] { return Client::run(client); });
  return std::make_unique<ClientHandle>(std::move(client));
}

std::unique_ptr<HttpExchange> fetch(asio::io_context& io, HttpRequest request, const Route& route,
                                    const Timeouts& timeouts, HttpDone done) {
  auto exchange =
      std::make_shared<Exchange>(io.get_executor(), std::move(request),
                                 std::vector<tcp::endpoint>{}, route, timeouts, std::move(done));
  spawn_later(io.get_executor(), [exchange] { return Exchange::run(exchange); });
  return std::make_unique<ExchangeHandle>(std::move(exchange));
}

}  // namespace derivd::net
