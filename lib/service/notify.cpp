#include "service/notify.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "service/redact.hpp"

namespace derivd::service {
namespace {

// systemd shows STATUS= on one line; a longer one helps nobody.
constexpr std::size_t kMaxStatus = 400;

constexpr std::string_view kReady = "READY";
constexpr std::string_view kReloading = "RELOADING";

/// One datagram that is not waited for: sd_notify() would wait while the queue of process 1 is
/// full. False: it was not taken now.
bool send(int fd, std::string_view place, std::string_view state) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (place.size() < 2 || place.size() >= sizeof address.sun_path) return true;  // cannot be one
  if (place[0] != '/' && place[0] != '@') return true;
  std::copy(place.begin(), place.end(), address.sun_path);
  if (place[0] == '@') address.sun_path[0] = '\0';  // the abstract name space
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + place.size());
  while (::sendto(fd, state.data(), state.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&address), size) < 0) {
    if (errno == EAGAIN || errno == ENOBUFS) return false;
    if (errno != EINTR) return true;  // nobody is there to be told
  }
  return true;
}

std::int64_t microseconds(core::Duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

}  // namespace

Notifier::~Notifier() {
  if (fd_ >= 0) ::close(fd_);
}

void Notifier::tell(std::string_view kind, std::string text) {
  if (std::getenv("NOTIFY_SOCKET") == nullptr) return;  // nobody asked to be told
  std::erase_if(kept_, [&](const auto& kept) {
    // A reload that is over before its begin was told, or the other way round.
    return kept.first == kind || (kind == kReady && kept.first == kReloading) ||
           (kind == kReloading && kept.first == kReady);
  });
  kept_.emplace_back(kind, std::move(text));
  offer();
}

void Notifier::offer() {
  const char* place = std::getenv("NOTIFY_SOCKET");
  if (kept_.empty() || place == nullptr) return;
  if (fd_ < 0) fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return;
  std::string state;
  for (const auto& [kind, text] : kept_) {
    if (!state.empty()) state += '\n';
    state += text;
  }
  if (send(fd_, place, state)) kept_.clear();
}

void Notifier::ready() { tell(kReady, "READY=1"); }

void Notifier::status(std::string_view text) {
  auto line = Redactor{}.clean(text);
  line = std::string(cut_utf8(line, kMaxStatus));
  if (line == last_status_) return offer();
  last_status_ = std::move(line);
  tell("STATUS", "STATUS=" + last_status_);
}

void Notifier::stopping() { tell("STOPPING", "STOPPING=1"); }

void Notifier::reloading(core::Instant monotonic) {
  // systemd 252 ignores MONOTONIC_USEC; from 253 on notify-reload needs it.
  tell(kReloading, fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic.ns / 1000));
}

void Notifier::extend_timeout(core::Duration by) {
  tell("EXTEND_TIMEOUT_USEC", fmt::format("EXTEND_TIMEOUT_USEC={}", microseconds(by)));
}

void Notifier::watchdog() { tell("WATCHDOG", "WATCHDOG=1"); }

void Notifier::watchdog_timeout(core::Duration timeout) {
  tell("WATCHDOG_USEC", fmt::format("WATCHDOG_USEC={}", microseconds(timeout)));
}

std::optional<core::Duration> Notifier::watchdog_interval() {
  std::uint64_t usec = 0;
  if (sd_watchdog_enabled(0, &usec) <= 0 || usec == 0) return std::nullopt;
  return std::chrono::microseconds(usec / 2);
}

}  // namespace derivd::service
