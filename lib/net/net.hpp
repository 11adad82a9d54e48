// Owns the network: one TLS WebSocket connection attempt, one HTTPS request, and the TLS server
// that the simulator stands on, behind plain headers. The daemon's link and derivsim call it from
// their loop thread; every callback comes on that thread. It never retries, never decodes and never
// turns certificate or host-name verification off. Whatever a peer sends is read with a bound in
// bytes and in time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "core/secret.hpp"
#include "core/time.hpp"

namespace boost::asio {
class io_context;
}

namespace derivd::net {

/// https:// and wss:// only; a plain-text scheme is an error.
struct Url {
  std::string scheme;
  std::string host;    // without brackets for IPv6
  std::string port;    // "443" when absent
  std::string target;  // "/path?query", at least "/"
  static core::Result<Url> parse(std::string_view text);
};

struct TlsSettings {
  std::string ca_file;  // empty: the system's; else this file alone is trusted
};

/// An HTTP proxy that opens a tunnel (CONNECT, RFC 9110 9.3.6). It looks the peer's name up; TLS is
/// with the peer, through the tunnel, and the proxy sees host and port alone. What is between us
/// and the proxy is plain text, user and password too.
struct Proxy {
  std::string host;  // without brackets for IPv6
  std::string port;
  std::shared_ptr<const core::Secret> login;             // "user:password"; null: none
  std::string named_by = "venue.proxy";                  // where a person wrote it: for error texts
  std::string login_place = "the credential \"proxy\"";  // where "user:password" belongs
  /// "http://HOST:PORT". A user and a password in it are an error, which does not show them.
  static core::Result<Proxy> parse(std::string_view text);
};

/// How a peer is reached and whom to believe that it is the peer.
struct Route {
  Route() = default;
  Route(TlsSettings settings) : tls(std::move(settings)) {}  // NOLINT: a direct route
  Route(TlsSettings settings, std::optional<Proxy> through)
      : tls(std::move(settings)), proxy(std::move(through)) {}
  TlsSettings tls;
  std::optional<Proxy> proxy;
};

/// Each step of an attempt is bounded by its own number.
struct Timeouts {
  core::Duration resolve = std::chrono::seconds(5);
  core::Duration connect = std::chrono::seconds(5);  // all addresses together
  core::Duration proxy = std::chrono::seconds(10);   // its own look-up and connection
  core::Duration tls = std::chrono::seconds(5);
  core::Duration upgrade = std::chrono::seconds(10);  // also a whole HTTPS exchange after TLS
  core::Duration idle = std::chrono::seconds(60);     // and a quarter more; a ping at half of it
  core::Duration close = std::chrono::seconds(3);
};

inline constexpr std::size_t kMaxFrame = 1 << 20;  // a larger message closes the connection
inline constexpr std::size_t kMaxHttpBody = 1 << 20;
inline constexpr std::size_t kPadding = 64;        // readable bytes after each message (simdjson)
inline constexpr std::size_t kMaxSendQueue = 256;  // messages

enum class Step : std::uint8_t { kResolve, kConnect, kProxy, kTls, kUpgrade, kOpen };
std::string_view name_of(Step step);

struct LinkError {
  Step step = Step::kOpen;  // where it ended
  core::Error error;        // a sentence with the cause ("certificate verify failed: …")
  int http_status = 0;      // kUpgrade: the venue's answer, 0 when there was none
  std::string http_body;    // at most 4 KiB of it
};

/// Called on the loop thread; never after the WebSocket was destroyed, never from inside its
/// methods.
/// Error kinds of on_closed: kNotFound no such host; kTimeout a step's bound passed; kInvalid the
/// certificate or the CA file; kRefused the upgrade (http_status); kProtocol the peer's bytes;
/// kExhausted a bound of this header; kIo anything else, also an orderly end by either side.
class WebSocketHandler {
 public:
  virtual void on_open() = 0;
  /// `capacity` bytes from frame.data() may be read: at least frame.size() + kPadding.
  virtual void on_frame(std::string_view frame, std::size_t capacity) = 0;
  /// Exactly once for each attempt, also after close().
  virtual void on_closed(const LinkError& error) = 0;

 protected:
  ~WebSocketHandler() = default;
};

/// One attempt and the connection that may come of it. A new object for each attempt. It may be
/// destroyed at any time, also inside its own callbacks, but before the io_context. Nothing waits
/// for a name look-up in progress, neither its end nor the program's.
class WebSocket {
 public:
  virtual ~WebSocket() = default;  // aborts at once, silently
  /// Queues one text frame; false when not open, or when the frame is larger than kMaxFrame or the
  /// queue is full (then the link is closed: kExhausted). An idle link writes it before returning.
  virtual bool send(std::string_view frame) = 0;
  /// Gives an attempt up. An open link sends what is queued, then a close frame, all within
  /// Timeouts::close; frames that arrive meanwhile are dropped. on_closed follows.
  virtual void close() = 0;
  /// What it is at, in words for a person: "looking up the name HOST". Empty: open.
  virtual std::string waiting_for() const = 0;
};
std::unique_ptr<WebSocket> connect(boost::asio::io_context& io, const Url& url, const Route& route,
                                   const Timeouts& timeouts, WebSocketHandler& handler);

struct Header {
  std::string name;
  std::string value;
};
struct HttpRequest {
  std::string method;  // GET, POST
  Url url;
  std::vector<Header> headers;  // may hold the token: never logged
  std::string body;
  /// None: the answer's whole body is wanted, and a larger one than kMaxHttpBody, or one that is
  /// cut off, is an error. Else the status is what counts: of the body that many bytes are taken,
  /// as far as they come within kPrefixTime, and nothing after the header makes the answer an
  /// error.
  std::optional<std::size_t> body_prefix = std::nullopt;
};
struct HttpResponse {
  int status = 0;
  std::string body;
  bool whole = true;  // false: with body_prefix, the body goes on or was cut off
};
inline constexpr auto kPrefixTime = std::chrono::seconds(2);

/// One exchange over a fresh TLS connection. The callback comes exactly once unless the returned
/// handle is destroyed first. Any status is an answer, but for those that another one follows
/// (RFC 9110 15.2); a LinkError means that there was none. What comes after TLS is Step::kUpgrade.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  virtual std::string waiting_for() const = 0;  // as of a WebSocket
};
using HttpDone = std::function<void(boost::system::result<HttpResponse, LinkError>)>;
std::unique_ptr<HttpExchange> fetch(boost::asio::io_context& io, HttpRequest request,
                                    const Route& route, const Timeouts& timeouts, HttpDone done);

[[noreturn]] void throw_exception_from_error(const LinkError& e, const boost::source_location&);

// ---- server side: for the simulator and for tests ----

/// Makes (once) a private CA, and a certificate for 127.0.0.1, ::1 and localhost, in `dir`: ca.pem,
/// cert.pem, key.pem. Existing valid files are kept.
struct ServerCertificate {
  std::string ca_file, cert_file, key_file;
};
core::Result<ServerCertificate> make_certificate(const std::string& dir);

class ServerSocket {
 public:
  virtual ~ServerSocket() = default;
  virtual void send(std::string frame) = 0;
  /// As separate WebSocket continuation frames of at most `piece` bytes.
  virtual void send_split(std::string frame, std::size_t piece) = 0;
  virtual void close(std::uint16_t code) = 0;
  virtual void abort() = 0;  // drops the TCP connection without a close frame
  virtual void pause_reading(bool paused) = 0;
  virtual std::size_t queued() const = 0;  // frames not yet written
  virtual std::uint64_t id() const = 0;
};

struct ServerRequest {
  std::string method;
  std::string target;
  std::vector<Header> headers;  // names in lower case
  std::string body;
};

/// Called on the loop thread.
class ServerHandler {
 public:
  virtual HttpResponse on_request(const ServerRequest& request) = 0;
  /// Status 101 lets the upgrade happen, anything else is sent as the answer.
  virtual HttpResponse on_upgrade(const ServerRequest& request) = 0;
  /// The socket lives until on_gone. `request` is the one that on_upgrade accepted.
  virtual void on_connected(ServerSocket& socket, const ServerRequest& request) = 0;
  virtual void on_frame(ServerSocket& socket, std::string_view frame) = 0;
  virtual void on_gone(ServerSocket& socket) = 0;

 protected:
  ~ServerHandler() = default;
};

class Server {
 public:
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  /// For connections from now on; those that are there keep theirs.
  virtual core::Result<void> show(const ServerCertificate& certificate) = 0;
};
/// Listens on `address`:`port` (0: a free one) with TLS 1.2 or later.
core::Result<std::unique_ptr<Server>> listen(boost::asio::io_context& io,
                                             const std::string& address, std::uint16_t port,
                                             const ServerCertificate& certificate,
                                             ServerHandler& handler);

}  // namespace derivd::net
