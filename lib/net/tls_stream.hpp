// Owns TlsStream, TLS over a socket that Beast ends at once. transport.cpp and server.cpp put their
// WebSockets on it and close the socket themselves right after. It never waits for the peer's end
// of TLS: a peer that stalls there would hold up a reconnect, and its way of ending would hide why
// Beast gave the connection up.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>
#include <utility>

#include "net/lean.hpp"

namespace derivd::net {

template <class Socket>
class TlsStream : public asio::ssl::stream<Socket> {
 public:
  using asio::ssl::stream<Socket>::stream;
};

/// Found by Beast when a close handshake is over or a peer broke the protocol.
template <class Socket, class Handler>
void async_teardown(boost::beast::role_type, TlsStream<Socket>& stream, Handler&& handler) {
  error_code ignored;
  stream.next_layer().shutdown(asio::socket_base::shutdown_send, ignored);
  asio::post(stream.get_executor(),
             boost::beast::bind_front_handler(std::forward<Handler>(handler), error_code{}));
}

}  // namespace derivd::net
