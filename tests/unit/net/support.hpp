// Owns what the network tests share: a bounded loop, recording handlers and one certificate for the
// whole program. Everything runs on loopback in one io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/net.hpp"

namespace derivd::net {

inline constexpr auto kTestLimit = std::chrono::seconds(20);

/// Turns the loop until `done` holds; false when it did not within the limit.
bool turn_until(boost::asio::io_context& io, const std::function<bool()>& done,
                std::chrono::steady_clock::duration limit = kTestLimit);
/// Turns the loop until nothing is ready any more, without waiting.
void turn_ready(boost::asio::io_context& io);

/// A port of loopback at which nobody listens, and nobody else will while this lives.
class ClosedPort final {
 public:
  explicit ClosedPort(boost::asio::io_context& io);
  std::uint16_t port() const { return socket_.local_endpoint().port(); }

 private:
  boost::asio::ip::tcp::socket socket_;  // bound, and that is all
};

/// A fresh empty folder, removed with everything in it at the end of the object's life.
class TempDir final {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// For localhost, 127.0.0.1 and ::1; made once.
const ServerCertificate& test_certificate();
TlsSettings trusting(const ServerCertificate& certificate);

Url url_of(const std::string& scheme, const std::string& host, std::uint16_t port,
           const std::string& target = "/");

class RecordingClient final : public WebSocketHandler {
 public:
  void on_open() override {
    ++opened;
    if (opening) opening();
  }
  void on_frame(std::string_view frame, std::size_t capacity) override;
  void on_closed(const LinkError& error) override {
    closed.push_back(error);
    if (closing) closing();
  }

  int opened = 0;
  std::vector<std::string> frames;
  std::size_t least_padding = SIZE_MAX;
  std::vector<LinkError> closed;
  std::function<void()> opening, closing;
  std::function<void(std::string_view)> receiving;
};

/// Accepts every upgrade and echoes, unless told otherwise.
class RecordingServer final : public ServerHandler {
 public:
  HttpResponse on_request(const ServerRequest& request) override;
  HttpResponse on_upgrade(const ServerRequest& request) override;
  void on_connected(ServerSocket& socket, const ServerRequest& request) override;
  void on_frame(ServerSocket& socket, std::string_view frame) override;
  void on_gone(ServerSocket& socket) override;

  std::vector<ServerRequest> requests;
  HttpResponse answer{200, R"({"ok":true})"};
  HttpResponse upgrade_answer{101, ""};
  ServerSocket* socket = nullptr;  // the latest that is connected
  std::vector<std::uint64_t> ids;
  std::vector<std::string> frames;
  int gone = 0;
  bool echo = true;
  std::function<void(ServerSocket&)> connecting;
  std::function<void(ServerSocket&, std::string_view)> receiving;
};

}  // namespace derivd::net
