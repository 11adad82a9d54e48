// Owns what systemd is told (sd_notify): READY, STATUS, STOPPING, the watchdog. The daemon calls it
// from the loop. Without $NOTIFY_SOCKET every call does nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.hpp"

namespace derivd::service {

class Notifier final {
 public:
  void ready();
  void status(std::string_view text);  // sent only when it changed
  void stopping();
  void reloading(core::Instant monotonic);
  void extend_timeout(core::Duration by);
  void watchdog();
  /// From now on, one ping or the end within `timeout` (WATCHDOG_USEC=).
  void watchdog_timeout(core::Duration timeout);
  /// Half of WATCHDOG_USEC, when systemd asks for pings from this process.
  static std::optional<core::Duration> watchdog_interval();

 private:
  std::string last_status_;
};

}  // namespace derivd::service
