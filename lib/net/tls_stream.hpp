// Owns TlsStream, TLS over a socket that Beast ends at once and whose reading can be bounded.
// channel.cpp and server.cpp put HTTP and WebSockets on it and close the socket themselves right
// after. It never waits for the peer's end of TLS: a peer that stalls there would hold up a
// reconnect, and its way of ending would hide why Beast gave the connection up.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>
#include <cstdint>
#include <utility>

#include "net/lean.hpp"

namespace derivd::net {

template <class Socket>
class TlsStream : public asio::ssl::stream<Socket> {
 public:
  using Base = asio::ssl::stream<Socket>;
  using Base::Base;

  /// Once the peer has sent `bytes` more than now (TLS's own included), reading ends with
  /// message_size, at most one read later. HTTP alone does not bound what it buffers: an extension
  /// of a chunk, for one, may have any length. 0: no bound.
  void limit_reading(std::uint64_t bytes) { limit_ = bytes == 0 ? UINT64_MAX : received() + bytes; }

  /// Bytes that the peer has sent, TLS's own included. Counted by OpenSSL, below TLS: no handler
  /// has to be wrapped on the way of every frame.
  std::uint64_t received() { return BIO_number_read(SSL_get_rbio(this->native_handle())); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto&& handler, const Buffers& into) {
          if (received() <= limit_) {
            Base::async_read_some(into, std::forward<decltype(handler)>(handler));
          } else {
            const error_code full = asio::error::message_size;
            asio::post(this->get_executor(),
                       boost::beast::bind_front_handler(std::forward<decltype(handler)>(handler),
                                                        full, std::size_t{0}));
          }
        },
        token, buffers);
  }

 private:
  std::uint64_t limit_ = UINT64_MAX;
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
