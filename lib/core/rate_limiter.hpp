// Owns RateLimiter, which says whether one more call fits a venue's budget of calls per minute and
// per hour. The session asks it before each request, with the time as an argument. It never waits,
// holds no timer and counts only what it admitted itself.
#pragma once

#include <cstdint>
#include <vector>

#include "core/time.hpp"

namespace derivd::core {

/// Calls that a venue allows in any 60 s and any 3600 s. 0: that window has no limit.
struct RateBudget {
  std::uint32_t per_minute = 0;
  std::uint32_t per_hour = 0;
  /// Per cent of each number left unused, because the venue's windows are not aligned with ours and
  /// other programs may share the account. The rest is rounded down, but never below one call.
  std::uint32_t headroom_percent = 10;
};

/// Exact sliding windows: in no span of 60 s (3600 s), wherever it starts, are more calls admitted
/// than the budget allows. Memory is one Instant for each call of the longer window, taken at
/// construction (115 KB for Deriv's largest budget of 14,400/h); each question costs O(1).
class RateLimiter final {
 public:
  explicit RateLimiter(RateBudget budget);

  /// Admits and counts one call, or says no. With `reserve`, says no unless that many more calls
  /// would still fit right after this one: polls leave room for the purchase that must not wait.
  bool try_take(Instant now, std::uint32_t reserve = 0);
  /// The earliest moment, not before `now`, at which try_take() with the same `reserve` says yes,
  /// provided nothing else is taken until then. A reserve as large as a window's limit can never be
  /// met and counts as one less than that limit.
  Instant next_free(Instant now, std::uint32_t reserve = 0) const;

  /// Calls that still fit into the minute, and into the hour, that end now. Without a limit: as
  /// many as can be told.
  std::uint32_t left(Instant now) const;
  /// Counts what `other` has counted, as far as it fits: the same calls under another budget.
  void inherit(const RateLimiter& other);

  /// What the headroom leaves of the budget; 0: no limit.
  std::uint32_t per_minute() const { return minute_; }
  std::uint32_t per_hour() const { return hour_; }

 private:
  std::uint32_t window_left(Instant now, std::uint32_t limit, Duration window) const;
  Instant window_free(Instant now, std::uint32_t limit, Duration window,
                      std::uint32_t reserve) const;

  std::uint32_t minute_;
  std::uint32_t hour_;
  std::vector<Instant> taken_;  // ring; the newest is at next_ - 1
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

}  // namespace derivd::core
