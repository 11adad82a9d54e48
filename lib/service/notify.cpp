#include "service/notify.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include "service/redact.hpp"

namespace derivd::service {
namespace {

// systemd shows STATUS= on one line; a longer one helps nobody.
constexpr std::size_t kMaxStatus = 400;

// Fails without $NOTIFY_SOCKET, which is not an error: nobody asked to be told.
void tell(const std::string& state) { (void)sd_notify(0, state.c_str()); }

std::int64_t microseconds(core::Duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

}  // namespace

void Notifier::ready() { tell("READY=1"); }

void Notifier::status(std::string_view text) {
  auto line = Redactor{}.clean(text);
  line = std::string(cut_utf8(line, kMaxStatus));
  if (line == last_status_) return;
  last_status_ = std::move(line);
  tell("STATUS=" + last_status_);
}

void Notifier::stopping() { tell("STOPPING=1"); }

void Notifier::reloading(core::Instant monotonic) {
  // systemd 252 ignores MONOTONIC_USEC; from 253 on notify-reload needs it.
  tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic.ns / 1000));
}

void Notifier::extend_timeout(core::Duration by) {
  tell(fmt::format("EXTEND_TIMEOUT_USEC={}", microseconds(by)));
}

void Notifier::watchdog() { tell("WATCHDOG=1"); }

void Notifier::watchdog_timeout(core::Duration timeout) {
  tell(fmt::format("WATCHDOG_USEC={}", microseconds(timeout)));
}

std::optional<core::Duration> Notifier::watchdog_interval() {
  std::uint64_t usec = 0;
  if (sd_watchdog_enabled(0, &usec) <= 0 || usec == 0) return std::nullopt;
  return std::chrono::microseconds(usec / 2);
}

}  // namespace derivd::service
