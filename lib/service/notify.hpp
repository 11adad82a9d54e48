// Owns what systemd is told (the protocol of sd_notify): READY, STATUS, STOPPING, the watchdog. The
// daemon calls it from the loop, and status() at least once a second. It never waits: what systemd
// does not take at once is kept, the newest of each kind, and offered again with the next call.
// Without $NOTIFY_SOCKET every call does nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.hpp"

namespace derivd::service {

class Notifier final {
 public:
  Notifier() = default;
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  void ready();
  void status(std::string_view text);  // sent only when it changed; offers what was not taken
  void stopping();
  void reloading(core::Instant monotonic);
  void extend_timeout(core::Duration by);
  void watchdog();
  /// From now on, one ping or the end within `timeout` (WATCHDOG_USEC=).
  void watchdog_timeout(core::Duration timeout);
  /// Half of WATCHDOG_USEC, when systemd asks for pings from this process.
  static std::optional<core::Duration> watchdog_interval();

 private:
  void tell(std::string_view kind, std::string text);
  void offer();

  int fd_ = -1;
  std::string last_status_;
  std::vector<std::pair<std::string_view, std::string>> kept_;  // kind, text
};

}  // namespace derivd::service
