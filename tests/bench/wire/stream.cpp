#include "stream.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace derivd::wire {
namespace {

constexpr std::size_t kMaxHead = 16U << 10U;
// Longer than any frame of either side: a history of 5000 ticks has 120 KB.
constexpr std::size_t kMaxFrame = 1U << 20U;
constexpr std::size_t kReadSize = 16U << 10U;  // the largest record of TLS
constexpr time_t kPatienceSeconds = 20;

Failure failed(std::string_view what) {
  return Failure(std::string(what) + ": " + std::strerror(errno));
}

Failure tls_failed(std::string_view what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return Failure(std::string(what) + ": " + text.data());
}

TlsContext context_of(const SSL_METHOD* method) {
  TlsContext context(SSL_CTX_new(method));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1) {
    throw tls_failed("TLS 1.3");
  }
  // One read for a record instead of one for its head and one for the rest.
  SSL_CTX_set_read_ahead(context.get(), 1);
  return context;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

/// The key of an upgrade, empty in any other request. Clients write a field's name in any case.
std::string_view key_of(std::string_view head) {
  constexpr std::string_view kName = "\r\nsec-websocket-key: ";
  const auto at = std::search(head.begin(), head.end(), kName.begin(), kName.end(),
                              [](unsigned char a, char b) { return std::tolower(a) == b; });
  if (at == head.end()) return {};
  const auto from = static_cast<std::size_t>(at - head.begin()) + kName.size();
  return head.substr(from, head.find('\r', from) - from);
}

std::string accept_key(std::string_view key) {
  // RFC 6455, section 1.3.
  const auto text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
  unsigned char coded[4 * EVP_MAX_MD_SIZE / 3 + 4];
  return {reinterpret_cast<char*>(coded),
          static_cast<std::size_t>(EVP_EncodeBlock(coded, digest, static_cast<int>(size)))};
}

}  // namespace

TlsContext server_context(const std::string& certificate_file, const std::string& key_file) {
  auto context = context_of(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw tls_failed("the certificate " + certificate_file);
  }
  return context;
}

TlsContext client_context(const std::string& ca_file) {
  auto context = context_of(TLS_client_method());
  if (SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr) != 1) {
    throw tls_failed("the certificates " + ca_file);
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Descriptor listen_on_loopback() {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = loopback(0);
  if (socket.get() < 0 ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 8) != 0) {
    throw failed("listen on 127.0.0.1");
  }
  return socket;
}

std::uint16_t port_of(const Descriptor& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw failed("getsockname");
  }
  return ntohs(address.sin_port);
}

Descriptor connect_to_loopback(std::uint16_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = loopback(port);
  if (socket.get() < 0 ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw failed("connect to 127.0.0.1");
  }
  return socket;
}

std::string encoded(Frame::Opcode opcode, std::string_view text, bool from_client) {
  const auto mask = static_cast<unsigned char>(from_client ? 0x80 : 0);
  std::string out(1, static_cast<char>(0x80 | opcode));
  const auto length = [&](std::size_t marker, int bytes) {
    out += static_cast<char>(mask | marker);
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
      out += static_cast<char>(text.size() >> static_cast<unsigned>(shift));
    }
  };
  if (text.size() < 126) {
    out += static_cast<char>(mask | text.size());
  } else if (text.size() < 0x10000) {
    length(126, 2);
  } else {
    length(127, 8);
  }
  if (from_client) out.append(4, '\0');
  return out.append(text);
}

std::string answer_to_upgrade(std::string_view head) {
  const auto key = key_of(head);
  if (key.empty()) return {};
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         accept_key(key) + "\r\n\r\n";
}

Stream::Stream(SSL_CTX& context, Descriptor socket, Side side)
    : socket_(std::move(socket)), ssl_(SSL_new(&context)), side_(side) {
  const int on = 1;
  const timeval patience{kPatienceSeconds, 0};
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (!ssl_ || SSL_set_fd(ssl_.get(), socket_.get()) != 1) throw tls_failed("TLS");
  if (side == Side::kClient) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), "127.0.0.1");
  }
  const int done = side == Side::kClient ? SSL_connect(ssl_.get()) : SSL_accept(ssl_.get());
  if (done != 1) throw tls_failed("the TLS handshake");
}

Stream::~Stream() {
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

bool Stream::has_bytes() const { return in_.size() > taken_ || SSL_has_pending(ssl_.get()) == 1; }

void Stream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) != 1) {
      ERR_clear_error();
      throw Closed("the connection ended while it was written to");
    }
    bytes.remove_prefix(written);
  }
}

void Stream::write_frame(Frame::Opcode opcode, std::string_view text) {
  write(encoded(opcode, text, side_ == Side::kClient));
}

bool Stream::wait_until(Clock::time_point deadline) const {
  while (true) {
    const auto left = spins_ ? Clock::duration::zero()
                             : std::max(deadline - Clock::now(), Clock::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
    pollfd wanted{socket_.get(), POLLIN, 0};
    const int ready = ::ppoll(&wanted, 1, &timeout, nullptr);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) throw failed("ppoll");
    if (Clock::now() >= deadline) return false;
  }
}

void Stream::fill() {
  in_.erase(0, taken_);
  taken_ = 0;
  const auto before = in_.size();
  if (before > kMaxFrame) throw Failure("a frame is too long");
  in_.resize(before + kReadSize);
  std::size_t got = 0;
  int done = 0;
  do {
    errno = 0;
    done = SSL_read_ex(ssl_.get(), in_.data() + before, kReadSize, &got);
    // A read that has a time limit is not taken up again by the kernel when somebody traces us.
  } while (done != 1 && errno == EINTR);
  in_.resize(before + got);
  if (done == 1) return;
  const bool late = errno == EAGAIN;
  ERR_clear_error();
  if (late) throw Failure("nothing came for 20 s");
  throw Closed("the connection ended");
}

std::string Stream::read_head() {
  while (true) {
    const auto end = in_.find("\r\n\r\n", taken_);
    if (end != std::string::npos) {
      auto head = in_.substr(taken_, end + 4 - taken_);
      taken_ = end + 4;
      return head;
    }
    if (in_.size() - taken_ > kMaxHead) throw Failure("the head of an HTTP message is too long");
    fill();
  }
}

std::optional<Frame> Stream::take_frame() {
  const auto have = in_.size() - taken_;
  auto* bytes = reinterpret_cast<unsigned char*>(in_.data() + taken_);
  if (have < 2) return std::nullopt;
  const bool masked = (bytes[1] & 0x80U) != 0;
  std::size_t size = bytes[1] & 0x7fU;
  std::size_t head = 2;
  if (size >= 126) {
    head += size == 126 ? 2 : 8;
    if (have < head) return std::nullopt;
    size = 0;
    for (std::size_t i = 2; i < head; ++i) size = size << 8U | bytes[i];
  }
  if ((bytes[0] & 0x80U) == 0 || size > kMaxFrame) throw Failure("a frame in parts, or too long");
  const auto* mask = bytes + head;
  if (masked) head += 4;
  if (have < head + size) return std::nullopt;
  if (masked) {
    for (std::size_t i = 0; i < size; ++i) bytes[head + i] ^= mask[i % 4];
  }
  Frame frame{static_cast<std::uint8_t>(bytes[0] & 0xfU), {in_.data() + taken_ + head, size}};
  taken_ += head + size;
  return frame;
}

Frame Stream::read_frame() {
  while (true) {
    if (const auto frame = take_frame()) return *frame;
    if (spins_ && SSL_has_pending(ssl_.get()) == 0) {
      if (!wait_until(Clock::now() + std::chrono::seconds(kPatienceSeconds))) {
        throw Failure("nothing came for 20 s");
      }
    }
    fill();
  }
}

std::optional<Frame> Stream::read_frame_until(Clock::time_point deadline) {
  while (true) {
    if (const auto frame = take_frame()) return frame;
    if (SSL_has_pending(ssl_.get()) == 0 && !wait_until(deadline)) return std::nullopt;
    fill();
  }
}

}  // namespace derivd::wire
