// Owns one TLS connection and the frames of RFC 6455 on it, by blocking calls of OpenSSL and
// nothing between: what the venue and the bare client of this benchmark are measured with must cost
// as little as a program can. It has no event loop and no thread, and it knows no call of Deriv.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace derivd::wire {

using Clock = std::chrono::steady_clock;

/// Anything that ends a measurement: the text says what was being done.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
/// The other side has closed the connection, in order or not.
class Closed : public Failure {
 public:
  using Failure::Failure;
};

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using TlsContext = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;

/// TLS 1.3 alone. Throws Failure where a file cannot be used.
TlsContext server_context(const std::string& certificate_file, const std::string& key_file);
/// The same; trusts the certificates of that file and no others.
TlsContext client_context(const std::string& ca_file);

class Descriptor final {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();
  int get() const { return fd_; }

 private:
  int fd_;
};

/// A listening socket of 127.0.0.1 on a port that was free; throws Failure.
Descriptor listen_on_loopback();
std::uint16_t port_of(const Descriptor& socket);
Descriptor connect_to_loopback(std::uint16_t port);

struct Frame {
  enum Opcode : std::uint8_t { kText = 1, kClose = 8, kPing = 9, kPong = 10 };
  std::uint8_t opcode = kText;
  std::string_view text;  // valid until the next call of the stream
};

/// A frame's bytes, ready to be written. A client's are masked with zeros, as RFC 6455 wants them
/// masked and nothing is cheaper.
std::string encoded(Frame::Opcode opcode, std::string_view text, bool from_client);

/// What a server answers to the head of a request that asks for WebSockets; empty to any other.
std::string answer_to_upgrade(std::string_view head);

class Stream final {
 public:
  enum class Side : std::uint8_t { kServer, kClient };

  /// Shakes hands; a client verifies the certificate for 127.0.0.1. Throws Failure. Nothing that
  /// is read or written later takes longer than 20 s: then Failure is thrown, too.
  Stream(SSL_CTX& context, Descriptor socket, Side side);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  int descriptor() const { return socket_.get(); }
  /// Bytes have been read that no call has returned yet: poll() on the descriptor would not tell.
  bool has_bytes() const;

  /// One record where the bytes fit into one (16 KiB).
  void write(std::string_view bytes);
  void send(std::string_view text) { write_frame(Frame::kText, text); }
  void write_frame(Frame::Opcode opcode, std::string_view text);

  /// The head of an HTTP message with its empty line; at most 16 KiB.
  std::string read_head();
  /// The next whole frame. Sleeps in the read itself.
  Frame read_frame();
  /// The next whole frame, or nothing when none has begun by the deadline.
  std::optional<Frame> read_frame_until(Clock::time_point deadline);
  /// Whether to ask the kernel again and again instead of sleeping: the time that it takes to wake
  /// this side up is then not in any figure, and one core is busy.
  void set_spins(bool spins) { spins_ = spins; }

 private:
  bool wait_until(Clock::time_point deadline) const;
  void fill();
  std::optional<Frame> take_frame();

  Descriptor socket_;
  std::unique_ptr<SSL, Freed<SSL_free>> ssl_;
  Side side_;
  bool spins_ = false;
  std::string in_;
  std::size_t taken_ = 0;  // of in_: what was handed out before
};

}  // namespace derivd::wire
