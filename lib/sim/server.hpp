// Owns derivsim's loop: the TLS server, the clock that drives venue time, the control socket, and
// the performing of the venue's actions on real sockets. The program's main makes one and runs its
// io_context; everything happens on that thread. It never decides what a message says.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/result.hpp"
#include "net/net.hpp"
#include "sim/venue.hpp"

namespace derivd::sim {

class Control;

class Server final : private net::ServerHandler {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::string tls_dir;
    /// Venue seconds per second. Empty: as fast as clients take it — one venue second whenever
    /// nothing waits to be written and somebody has subscribed to something.
    std::optional<double> speed = 1.0;
    core::VenueTime start;
    /// Venue time stands still until somebody subscribes to something (always so without `speed`).
    bool wait_for_client = false;
    std::string control;  // path of the control socket, "" for none
  };
  Server(boost::asio::io_context& io, Options options, Venue& venue);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens and starts time.
  core::Result<void> start();
  /// {"ready":true,"rest":…,"public":…,"v3":…,"ca_file":…}
  std::string ready_line() const;
  void stop();

  /// One line of the control socket; the answer is one line of JSON.
  std::string on_control(std::string_view line);

 private:
  net::HttpResponse on_request(const net::ServerRequest& request) override;
  net::HttpResponse on_upgrade(const net::ServerRequest& request) override;
  void on_connected(net::ServerSocket& socket, const net::ServerRequest& request) override;
  void on_frame(net::ServerSocket& socket, std::string_view frame) override;
  void on_gone(net::ServerSocket& socket) override;

  using Clock = std::chrono::steady_clock;
  core::Now now();
  core::Result<net::ServerCertificate> certificate_to_show() const;
  std::string after_faults_changed();
  void arm();
  void turn();
  void turn_paced();
  void turn_free();
  bool drained() const;
  void perform(std::vector<Action> actions);
  void perform_one(const Action& action);

  boost::asio::io_context& io_;
  Options options_;
  Venue& venue_;
  net::ServerCertificate certificate_;
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<Control> control_;
  std::map<ConnId, net::ServerSocket*> sockets_;
  std::map<std::uint64_t, std::unique_ptr<boost::asio::steady_timer>> delayed_;
  std::uint64_t next_delayed_ = 0;
  boost::asio::steady_timer timer_;
  Clock::time_point origin_;
  std::optional<Clock::time_point> running_since_;  // empty: venue time stands still
  core::VenueTime free_time_;                       // without a speed
  bool stopped_ = false;
};

}  // namespace derivd::sim
