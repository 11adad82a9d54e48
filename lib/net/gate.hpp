// Owns Gate, a TCP socket whose reading can be held back. The server puts it under TLS so that a
// paused connection answers nothing at all, not even pings: a half-open peer as a client meets it.
// It never drops or reorders bytes.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <memory>
#include <utility>

#include "net/lean.hpp"

namespace derivd::net {

class Gate final : public TcpSocket {
 public:
  explicit Gate(TcpSocket&& socket) : TcpSocket(std::move(socket)) {}

  /// Bytes that arrive while held wait in here (at most one read) and in the kernel.
  void hold(bool held) {
    held_ = held;
    if (!held) release(error_code{});
  }
  /// Closes the socket; a read that is held back ends too.
  void close_now() {
    error_code ignored;
    close(ignored);
    held_ = false;
    release(asio::error::operation_aborted);
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto&& handler, const Buffers& into) {
          using Handler = std::decay_t<decltype(handler)>;
          // ssl::stream posts its completions, those of writes too, as reads of no bytes.
          if (asio::buffer_size(into) == 0) {
            TcpSocket::async_read_some(into, std::forward<decltype(handler)>(handler));
          } else {
            TcpSocket::async_read_some(into, Passing<Handler>{*this, std::move(handler)});
          }
        },
        token, buffers);
  }

 private:
  struct Parked {
    virtual ~Parked() = default;
    virtual void finish(error_code ec) = 0;
  };

  template <class Handler>
  struct Passing {
    Gate& gate;
    Handler handler;
    void operator()(error_code ec, std::size_t size) {
      if (gate.held_ && !ec) {
        gate.parked_ = std::make_unique<ParkedRead<Handler>>(std::move(handler), size);
      } else {
        std::move(handler)(ec, size);
      }
    }
  };

  template <class Handler>
  struct ParkedRead final : Parked {
    ParkedRead(Handler h, std::size_t n) : handler(std::move(h)), size(n) {}
    Handler handler;
    std::size_t size;
    void finish(error_code ec) override { std::move(handler)(ec, ec ? 0 : size); }
  };

  void release(error_code ec) {
    if (!parked_) return;
    asio::post(get_executor(), [parked = std::move(parked_), ec] { parked->finish(ec); });
  }

  std::unique_ptr<Parked> parked_;
  bool held_ = false;
};

}  // namespace derivd::net
