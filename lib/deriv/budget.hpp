// Owns CallBudget: may this request be sent now, by the venue's counters and by its refusals. The
// session asks before every request. It never waits and never looks at an answer.
#pragma once

#include <vector>

#include "core/rate_limiter.hpp"
#include "core/rng.hpp"
#include "deriv/dialect.hpp"

namespace derivd::deriv {

class CallBudget final {
 public:
  /// Of every hundred calls of the counter that holds purchases, so many are left to them alone:
  /// no poll and no subscription may use them up.
  static constexpr std::uint32_t kReservePercent = 20;
  static constexpr core::Duration kFirstHold = std::chrono::seconds(1);
  static constexpr core::Duration kLongestHold = std::chrono::minutes(2);

  CallBudget(const Rules& rules, core::Rng& rng);

  /// Admits and counts one call, or says no.
  bool try_take(Call call, core::Instant now);
  /// When try_take() may say yes.
  core::Instant next_free(Call call, core::Instant now) const;
  /// The venue has refused the call with RateLimit: its whole group waits, longer each time.
  void refused(Call call, core::Instant now);
  /// The venue has answered the call.
  void answered(Call call);

 private:
  struct Group {
    core::RateLimiter limiter;
    std::uint32_t reserve = 0;  // for all but purchases
    int refusals = 0;
    core::Instant held_until{};
  };
  std::uint32_t reserve_for(Call call, const Group& group) const;

  const Rules& rules_;
  core::Rng& rng_;
  std::vector<Group> groups_;
};

}  // namespace derivd::deriv
