// Owns the proof that this machine has one derivd per account: an abstract Unix socket whose name
// is the account. The daemon takes it once authorised; the kernel frees it with the process. It
// leaves no file.
#pragma once

#include <memory>
#include <string_view>

#include "core/result.hpp"

namespace derivd::service {

class InstanceLock {
 public:
  virtual ~InstanceLock() = default;
};
/// kRefused: another process holds this account.
core::Result<std::unique_ptr<InstanceLock>> lock_account(std::string_view account);

}  // namespace derivd::service
