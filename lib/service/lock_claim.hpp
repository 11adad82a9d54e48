// Owns what a daemon claims in the abstract name space, and the question whether others claim the
// same account: lock.cpp makes one Claim. Anybody may bind any name there and read all of them, so
// a name is random but for a digest, and who has it is asked: by the kernel's word for root, our
// own user and the service's, else by a question whose answer takes knowing the account. It never
// waits for a peer longer than a second and never tells the account.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace derivd::service {

/// What only somebody who knows the account has. An id has some ten million values, so the key is
/// slow to compute: trying them all takes days for each host, not minutes.
class AccountKey final {
 public:
  static constexpr std::size_t kSize = 32;
  using Bytes = std::array<std::uint8_t, kSize>;

  static core::Result<AccountKey> of(std::string_view account);
  /// 32 hexadecimal digits that stand for the account.
  std::string name() const;
  /// The answer to `question`.
  Bytes proof(std::string_view question) const;

 private:
  explicit AccountKey(Bytes key) : key_(key) {}
  Bytes key_{};
};

/// A claim that stands until it is destroyed. A thread of its own answers, so that a daemon whose
/// loop is busy keeps its account.
class Claim {
 public:
  virtual ~Claim() = default;

  struct Others {
    /// Set: another one holds the account; in words that follow "on this machine".
    std::optional<std::string> held_by;
    std::vector<std::string> notes;  // claims that prove nothing
  };
  /// Asks every other claim of the same account. Of two that ask at the same time at least one
  /// finds the other.
  virtual Others ask_others() = 0;

  static core::Result<std::unique_ptr<Claim>> make(const AccountKey& key);
  /// The same question from somebody who claims nothing, and is thus in nobody's way.
  static Others ask(const AccountKey& key);
};

}  // namespace derivd::service
