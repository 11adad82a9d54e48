#include "deriv/liveness.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace derivd::deriv {

Liveness::Verdict Liveness::overdue(const Pending& ping, core::Instant now) {
  DERIVD_CHECK(ping.call == Call::kPing, "only a ping proves that nobody is there");
  waits_ = false;
  if (now - ping.deadline >= kWeWereAway) return Verdict::kAskAgain;
  if (received_ <= ping.sent) return Verdict::kNothingArrives;
  if (++unanswered_ >= kMaxUnanswered) return Verdict::kPingsUnanswered;
  return Verdict::kAskAgain;
}

core::Instant Liveness::next_ping(core::Duration quiet, std::optional<core::Instant> asked) const {
  auto at = std::min(received_ + quiet, sent_ + kPingAfter);
  if (asked) at = std::min(at, *asked + kAnswerLate);
  return at;
}

}  // namespace derivd::deriv
