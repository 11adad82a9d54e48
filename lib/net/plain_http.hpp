// Owns the plain HTTP server for figures that are no secret: GET of one path, read by Prometheus.
// The daemon makes one when it is configured; it answers on the loop thread. It never serves
// anything else, never reads a body and never waits for a slow client longer than its bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "core/time.hpp"

namespace boost::asio {
class io_context;
}

namespace derivd::net {

/// At once. Another one takes the place of the one that has been silent for longest; where all are
/// being answered, it is closed.
inline constexpr std::size_t kMaxPlainClients = 8;
inline constexpr std::size_t kMaxPlainHeader = std::size_t{8} * 1024;
struct PlainPage {
  std::string path;          // "/metrics"
  std::string content_type;  // of the answer
  std::function<std::string()> body;
  /// From the connection to the last byte of the answer.
  core::Duration time = std::chrono::seconds(5);
};

class PlainServer {
 public:
  virtual ~PlainServer() = default;  // closes every connection
  virtual std::uint16_t port() const = 0;
};

/// Listens on the IP address `address` and `port` (0: a free one). GET and HEAD of the page's path
/// are answered, one request for each connection; 404 for another path, 405 for another method, 400
/// for what is no HTTP, 431 for a header above the bound. On a loopback address 403 for a Host that
/// is a domain: a page of the web that had its name point here would ask so.
core::Result<std::unique_ptr<PlainServer>> serve_plain(boost::asio::io_context& io,
                                                       const std::string& address,
                                                       std::uint16_t port, PlainPage page);

}  // namespace derivd::net
