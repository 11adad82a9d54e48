// Owns connect() for a host whose addresses are already known. Tests call it to put a dead address
// before a live one without a name server. The host of the URL still names the peer in TLS and
// HTTP.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/net.hpp"

namespace derivd::net {

struct Endpoint {
  std::string address;  // IPv4 or IPv6, valid
  std::uint16_t port = 0;
};

/// As connect() of net.hpp, but directly and without a look-up; `addresses` are tried in this
/// order, those that failed lately last.
std::unique_ptr<WebSocket> connect(boost::asio::io_context& io, const Url& url,
                                   const std::vector<Endpoint>& addresses, const TlsSettings& tls,
                                   const Timeouts& timeouts, WebSocketHandler& handler);

}  // namespace derivd::net
