// Owns OwnLimits: what the holder of an account has limited it to at the venue itself, which Deriv
// calls self-exclusion. The session learns it, the engine keeps within the part that it can know.
// It never holds a limit that the venue did not tell.
#pragma once

#include <cstdint>
#include <optional>

#include "core/decimal.hpp"
#include "core/time.hpp"

namespace derivd::execution {

/// Empty: not limited. The venue enforces all of them by itself; days, weeks and turnovers are by
/// its count, in which purchases of others on the same account have their part.
///
/// Source: get_self_exclusion of the v3 API as recorded from Deriv's own client
/// (captures/get_self_exclusion, 2023); the options API has no such call (2026-11).
struct OwnLimits {
  std::optional<std::int64_t> max_open = {};  // contracts at a time
  std::optional<core::Money> max_balance = {};
  // Of 1, 7 and 30 days; turnovers are sums of prices paid.
  std::optional<core::Money> day_loss = {};
  std::optional<core::Money> week_loss = {};
  std::optional<core::Money> month_loss = {};
  std::optional<core::Money> day_turnover = {};
  std::optional<core::Money> week_turnover = {};
  std::optional<core::Money> month_turnover = {};
  std::optional<core::VenueTime> excluded_until = {};  // nothing can be bought before

  bool any() const { return *this != OwnLimits{}; }
  friend bool operator==(const OwnLimits&, const OwnLimits&) = default;
};

}  // namespace derivd::execution
