// Owns the name under which an account is locked on this machine: derivd holds it while it runs,
// derivctl while it buys. It holds no lock itself (service/lock.hpp).
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "net/net.hpp"

namespace derivd::daemon {

/// The same id at another venue (a simulator) is another account.
inline std::string lock_name(std::string_view account, std::string_view endpoint) {
  const auto host = net::Url::parse(endpoint);
  return fmt::format("{}@{}", account, host ? host->host + ":" + host->port : std::string{});
}

}  // namespace derivd::daemon
