// Owns the proof that this machine has one derivd per account. The daemon takes it once authorised;
// the kernel frees it with the process. Two means, neither of which tells the account's name:
//
// - A file in a directory that this user alone may write, locked with flock(2): daemons of one user
//   exclude each other, and nobody else can reach it.
// - A claim in the abstract name space, for daemons of different users. Anybody may put a name
//   there, so a name alone proves nothing: a claim counts when it is root's, our own user's or the
//   service's, or when it answers a question that takes knowing the account.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace derivd::service {

class InstanceLock {
 public:
  virtual ~InstanceLock() = default;
  /// What a person should look at: claims of others that prove nothing, a directory that is
  /// missing. The lock holds nevertheless.
  virtual const std::vector<std::string>& notes() const = 0;
};
/// `account`: whatever names it on this machine and nothing else. kRefused: another process holds
/// it. Takes some 50 ms, and up to a second more while somebody makes false claims. The lock
/// answers the claims' questions from a thread of its own.
core::Result<std::unique_ptr<InstanceLock>> lock_account(std::string_view account);

/// " (process 123)" of another process that holds the account, empty for one that does not say
/// which it is; none: nobody does. It locks and claims nothing, so that it is in nobody's way; what
/// it says may be over at once. Takes as long.
std::optional<std::string> holder_of_account(std::string_view account);

}  // namespace derivd::service
