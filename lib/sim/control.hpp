// Owns the control socket: a Unix stream socket on which tests change faults while derivsim runs, a
// JSON object a line each way. The server owns it and answers its lines on the loop thread. It
// never blocks and never keeps more than kMaxClients connections or kMaxLine bytes of a line.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace derivd::sim {

class Control final {
 public:
  using Answer = std::function<std::string(std::string_view line)>;
  static constexpr std::size_t kMaxClients = 16;
  static constexpr std::size_t kMaxLine = 64U << 10U;

  Control(boost::asio::io_context& io, std::string path, Answer answer);
  ~Control();  // closes everything and removes the path
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// Replaces a socket file that nobody listens on; anything else at the path is an error.
  core::Result<void> listen();

 private:
  struct Client;
  void accept();
  void read(const std::shared_ptr<Client>& client);
  void write(const std::shared_ptr<Client>& client, std::string text);

  boost::asio::io_context& io_;
  std::string path_;
  Answer answer_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  std::set<std::shared_ptr<Client>> clients_;
  bool bound_ = false;
};

}  // namespace derivd::sim
