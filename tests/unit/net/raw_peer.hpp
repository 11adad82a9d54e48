// Owns RawPeer, a server of one script that speaks bytes, not HTTP or WebSocket: what no
// well-behaved library would send. Tests start it in their own loop. It shares no code with the
// client under test but the socket types.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/net.hpp"

namespace derivd::net {

struct RawScript {
  /// Without TLS the peer accepts TCP, says `hello` and then nothing.
  bool tls = true;
  std::string hello;
  /// Called with the request's header; null: no answer ever.
  std::function<std::string(const std::string& request)> answer;
  /// Written one after the other once `answer` was sent.
  std::vector<std::string> then;
  /// Afterwards: reads on for ever (false) or drops the TCP connection without a TLS end (true).
  bool cut = false;
  /// After the upgrade, answers whatever it reads with a pong (RFC 6455 5.5.3 allows unasked ones).
  bool pong = false;
};

class RawPeer {
 public:
  RawPeer(boost::asio::io_context& io, const ServerCertificate& certificate, RawScript script);
  ~RawPeer();
  std::uint16_t port() const;
  int accepted() const;
  /// Everything the client sent inside TLS.
  const std::string& received() const;
  /// The server name that the last client asked for in TLS; empty: none.
  const std::string& server_name() const;
  /// Drops the connection now.
  void cut();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// A TLS client that writes `bytes` and keeps what comes back until the server ends the connection.
class RawClient {
 public:
  RawClient(boost::asio::io_context& io, std::uint16_t port, std::string bytes);
  ~RawClient();
  const std::string& received() const;
  bool ended() const;
  void write(std::string bytes);  // one at a time

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// A port of 127.0.0.1 on which connecting neither succeeds nor fails: its queue of waiting
/// connections is full, and Linux drops what comes then.
class DeadPort {
 public:
  explicit DeadPort(boost::asio::io_context& io);
  ~DeadPort();
  std::uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The answer 101 to the upgrade `request`.
std::string accept_upgrade(const std::string& request);
/// One unmasked WebSocket frame; opcode 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong.
std::string raw_frame(int opcode, const std::string& payload, bool last = true);

}  // namespace derivd::net
