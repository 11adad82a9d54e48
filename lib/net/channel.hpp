// Owns the way from a URL to TLS: name, TCP, the proxy's tunnel, certificate, one bounded step
// after the other. The WebSocket client and the HTTPS exchange of transport.cpp are made of it. It
// sends no byte of theirs before the peer has proved who it is.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/lean.hpp"
#include "net/net.hpp"
#include "net/resolver.hpp"
#include "net/tls_stream.hpp"

namespace derivd::net {

namespace ssl = asio::ssl;

using ClientTls = TlsStream<TcpSocket>;

std::string seconds_text(core::Duration d);
/// HOST:PORT, an IPv6 address in brackets.
std::string authority(const std::string& host, const std::string& port);
/// A peer's words, made safe for one line of a log.
std::string printable(std::string_view text);

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  Channel(const Executor& executor, Url url, std::vector<tcp::endpoint> addresses,
          const Route& route, const Timeouts& timeouts);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  std::string waiting_for() const;

 protected:
  ~Channel() = default;

  Task<bool> dial();

  /// The step now waited for may take this long; then the socket is closed and timed_out_ is set.
  void arm(core::Duration time);
  void disarm();
  /// The first reason counts. Ends every wait; the coroutine then unwinds by itself.
  void fail(core::ErrorKind kind, std::string text);
  void end_io();
  /// The owner is gone: nobody is called any more.
  void drop() {
    dropped_ = true;
    end_io();
  }
  bool stopped() const { return dropped_ || failure_; }
  /// The address that was reached is no good: the next attempt begins with another one.
  void blame_address();
  /// The peer for error texts, with the proxy on the way to it.
  const std::string& place() const { return place_; }

  Executor executor_;
  Url url_;
  Timeouts timeouts_;
  bool timed_out_ = false;
  std::optional<Proxy> proxy_;
  ssl::context context_{ssl::context::tls_client};
  core::Result<void> configured_;
  ClientTls tls_;
  Step step_ = Step::kResolve;
  std::optional<LinkError> failure_;
  bool dropped_ = false;

 private:
  Task<bool> resolve();
  Task<bool> connect_tcp();
  Task<bool> open_tunnel();
  Task<bool> shake_hands();
  std::string tunnel_request() const;
  void tunnel_refused(int status, bool takes_basic);
  void tunnel_broken(const error_code& ec);
  core::Error tls_error(const error_code& ec);

  // What TCP goes to: the peer or the proxy.
  const std::string& host() const { return proxy_ ? proxy_->host : url_.host; }
  const std::string& port() const { return proxy_ ? proxy_->port : url_.port; }
  std::string gate() const;

  std::string place_;
  std::vector<tcp::endpoint> addresses_;
  std::optional<tcp::endpoint> reached_;
  Timer timer_;
  std::uint64_t timer_generation_ = 0;
  std::optional<LookUp> look_up_;
  std::optional<core::Result<Addresses>> found_;
};

}  // namespace derivd::net
