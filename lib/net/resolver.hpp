// Owns name look-ups that can be abandoned. getaddrinfo() cannot be interrupted and may block for
// as long as the resolver's configuration says (resolv.conf(5)), or for ever in a module of
// nsswitch: it runs in a thread that nobody waits for, neither a loop nor the end of the program.
// Channel makes one for each attempt. It never keeps an answer.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "net/lean.hpp"

namespace derivd::net {

/// Threads that look the same name up. The second is for the day on which the first never comes
/// back; attempts beyond it wait for the answer of either.
inline constexpr int kMaxLookUpsOfName = 2;
/// All names together, each a thread: REST, socket, two receivers and a proxy, twice, and some.
inline constexpr int kMaxLookUps = 16;
/// Of one answer; more are not looked at. A name with so many is a mistake or an attack.
inline constexpr std::size_t kMaxAddresses = 64;

using Addresses = std::vector<asio::ip::address>;

class LookUp final {
 public:
  /// Addresses in the order of preference (RFC 6724), at least one. Errors: kNotFound no such name,
  /// kExhausted no thread to be had, kIo anything else.
  using Done = std::function<void(const core::Result<Addresses>&)>;
  /// `done` is called once, on the loop, never from here and never after this object's end.
  LookUp(const Executor& executor, const std::string& host, Done done);
  LookUp(const LookUp&) = delete;
  LookUp& operator=(const LookUp&) = delete;
  /// Before the io_context's. The look-up itself may go on.
  ~LookUp();

  struct Waiter;

 private:
  std::shared_ptr<Waiter> waiter_;
};

/// Puts those of `host` that failed lately behind the others, the longest ago first: with every
/// attempt others get their turn, however many a name has and however few an attempt tries.
void order_by_failures(const std::string& host, std::vector<tcp::endpoint>& addresses);
/// Remembered for some minutes.
void note_failure(const std::string& host, const tcp::endpoint& address);
void forget_failure(const std::string& host, const tcp::endpoint& address);

}  // namespace derivd::net
