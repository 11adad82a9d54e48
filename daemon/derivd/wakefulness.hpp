// Owns Wakefulness, the loop that does not sleep while a tick is foreseen. The app tells it the
// window after each event; it decides nothing and reads nothing but the clock. Timers, the control
// socket and signals are served meanwhile as ever.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "core/time.hpp"
#include "deriv/anticipation.hpp"

namespace derivd::daemon {

class Wakefulness final {
 public:
  using Window = deriv::Anticipation::Window;

  /// `begins` is called once at each window's begin, from the loop; `foresee` gives the window that
  /// counts at a time, empty: none. What they refer to outlives it.
  Wakefulness(boost::asio::io_context& io,
              std::function<std::optional<Window>(core::Instant)> foresee,
              std::function<void()> begins);
  Wakefulness(const Wakefulness&) = delete;
  Wakefulness& operator=(const Wakefulness&) = delete;

  /// Something happened: another window may count now.
  void update();
  /// Windows that have begun since the start.
  std::uint64_t windows() const { return windows_; }

 private:
  struct Call;
  void on_timer();
  void turn();
  void on_turn();

  /// Of the one turn, or the one wait, that is under way. Out of Asio's own store it would take the
  /// place of a purchase's, which would be allocated anew between a tick and its purchase. Whatever
  /// is in the loop shares it: the loop may outlive us.
  struct Memory {
    alignas(std::max_align_t) std::array<std::byte, 256> bytes;
    bool used = false;
  };

  boost::asio::io_context& io_;
  const std::function<std::optional<Window>(core::Instant)> foresee_;
  const std::function<void()> begins_;
  boost::asio::steady_timer timer_;
  std::optional<core::Instant> armed_;
  std::optional<Window> awake_;  // the window that has begun
  bool turning_ = false;         // a turn is in the loop
  std::uint64_t windows_ = 0;
  const std::shared_ptr<Memory> turn_memory_ = std::make_shared<Memory>();
  const std::shared_ptr<Memory> timer_memory_ = std::make_shared<Memory>();
};

}  // namespace derivd::daemon
