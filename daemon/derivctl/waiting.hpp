// Owns the words about a wait: a command that asks Deriv and hears nothing says on standard error
// what it waits for. probe_venue and ticks fetch make one beside their loop. It never ends a wait.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>

namespace derivd::ctl {

/// Long enough that an answer over a slow line is quicker, short enough that nobody reaches for
/// Ctrl-C.
inline constexpr auto kSaidAfter = std::chrono::seconds(3);

class Waiting final {
 public:
  /// `what` is in words ("looking up the name HOST"); empty: for nothing.
  Waiting(boost::asio::io_context& io, std::function<std::string()> what);
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  /// No more words: its timer keeps no loop running.
  ~Waiting() = default;

 private:
  void look_again();
  std::function<std::string()> what_;
  boost::asio::steady_timer timer_;
  std::set<std::string> said_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace derivd::ctl
