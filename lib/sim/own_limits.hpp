// Owns OwnLimits, what the holders of the simulated real accounts have limited them to
// (self-exclusion): how they are given to derivsim, told by get_self_exclusion, and enforced at a
// purchase. The venue makes one from its options. It never limits virtual money.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "sim/wire.hpp"

namespace derivd::sim {

class OwnLimits {
 public:
  /// "NAME=VALUE", a name of get_self_exclusion; once each. The error names what is wrong.
  core::Result<void> add(std::string_view text);
  /// The object of the answer.
  std::string payload() const;
  /// Why nothing may be bought with so many contracts open; empty: it may.
  std::optional<WireError> forbids(std::size_t open, core::VenueTime now) const;

 private:
  std::vector<std::pair<std::string, std::string>> given_;
  std::optional<std::int64_t> max_open_;
  std::optional<core::VenueTime> excluded_until_;
};

}  // namespace derivd::sim
