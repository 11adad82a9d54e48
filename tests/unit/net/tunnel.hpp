// Owns Tunnel, an HTTP proxy of one script for tests: it answers CONNECT with given bytes and,
// where they are those of a success, joins the client to a port of 127.0.0.1. Tests start it in
// their own loop. It shares no code with the client under test but the socket types.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace derivd::net {

struct TunnelScript {
  std::string answer = "HTTP/1.0 200 Connection established\r\n\r\n";
  std::vector<std::string> then;  // written after it, one by one
  std::uint16_t port = 0;         // what the tunnel leads to; 0: nowhere, it reads on for ever
  bool cut = false;               // drops the connection after the answer
};

class Tunnel {
 public:
  Tunnel(boost::asio::io_context& io, TunnelScript script);
  ~Tunnel();
  std::uint16_t port() const;
  int accepted() const;
  /// The headers of all requests, one after the other.
  const std::string& asked() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace derivd::net
