// Owns CallBudget: may this request be sent now, by the venue's counters, by its refusals and by
// what is left to others. The session asks before every request. It never waits and never looks at
// an answer.
#pragma once

#include <vector>

#include "core/rate_limiter.hpp"
#include "core/rng.hpp"
#include "core/short_string.hpp"
#include "deriv/dialect.hpp"

namespace derivd::deriv {

class CallBudget final {
 public:
  /// Of every hundred calls of the counter that holds purchases, so many are left to quotes and
  /// purchases alone: no poll and no subscription may use them up. In equal parts they belong to
  /// the strategies: what one does not use is not given to another, and the rest goes to whoever
  /// comes first. So a strategy that floods the venue leaves each of two others 43 purchases in a
  /// minute on options and 26 on v3; one contract of one tick after the other takes 30 at most.
  static constexpr std::uint32_t kReservePercent = 40;
  static constexpr core::Duration kFirstHold = std::chrono::seconds(1);
  static constexpr core::Duration kLongestHold = std::chrono::minutes(2);

  CallBudget(const Rules& rules, core::Rng& rng);

  /// The strategies that share the calls for orders. What they have used is kept.
  void set_buyers(std::vector<core::Name> buyers);
  /// Admits and counts one call, or says no.
  bool try_take(Call call, core::Instant now);
  /// The same for a quote or a purchase: of the buyer's share, or of what no other's share needs.
  /// One that is not among the buyers has no share.
  bool try_take_order(Call call, const core::Name& buyer, core::Instant now);
  /// When try_take() may say yes.
  core::Instant next_free(Call call, core::Instant now) const;
  /// The venue has refused the call with RateLimit: its whole group waits, longer each time.
  void refused(Call call, core::Instant now);
  /// The venue has answered the call.
  void answered(Call call);

 private:
  struct Share {
    core::Name buyer;
    core::RateLimiter own;
  };
  struct Group {
    core::RateLimiter limiter;
    std::uint32_t reserve = 0;  // for orders alone
    std::uint32_t pool = 0;     // of which each buyer has an equal part
    int refusals = 0;
    core::Instant held_until{};
    std::vector<Share> shares;
  };
  std::uint32_t reserve_for(Call call, const Group& group) const;

  const Rules& rules_;
  core::Rng& rng_;
  std::vector<Group> groups_;
};

}  // namespace derivd::deriv
