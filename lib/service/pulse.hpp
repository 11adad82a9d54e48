// Owns the question whether the daemon makes real progress: its loop turns in time, its journal can
// be written, no deadline is overdue. The shell tells it each wake-up and feeds the watchdog only
// when it says so. It reads no clock and never counts the network: a dead one is no reason to die.
#pragma once

#include <optional>
#include <string>

#include "core/time.hpp"

namespace derivd::service {

class Pulse final {
 public:
  /// Later than this is no hiccup of a busy machine. Well below WatchdogSec=30s of the unit.
  static constexpr core::Duration kLate = std::chrono::seconds(5);

  /// At `now` the loop is asked to wake up at `due`. That may lie behind: what was due while the
  /// link was away comes up again with the next one, and the loop is not late for it.
  void armed(core::Instant due, core::Instant now) { expected_ = due > now ? due : now; }
  /// It woke up.
  void woke(core::Instant now);
  /// After the work of a wake-up: what is wrong, one sentence; empty: feed the watchdog.
  /// `next_deadline` is what the daemon waits for; what is due has been performed by now.
  std::optional<std::string> check(core::Instant now, std::optional<core::Instant> next_deadline,
                                   bool journal_healthy);
  /// Longest delay of a wake-up between the last two calls of check().
  core::Duration lag() const { return shown_; }

 private:
  core::Instant expected_;
  core::Duration longest_{0};
  core::Duration shown_{0};
};

}  // namespace derivd::service
