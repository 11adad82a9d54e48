// What the holder of the account has limited it to at the venue (self-exclusion).
#include "deriv/session_impl.hpp"

namespace derivd::deriv {

namespace {

// A holder who tightens a limit in the afternoon means the afternoon. The venue refuses at once
// what is beyond it; this is how long derivd may ask in vain.
constexpr Duration kAskedAgain = std::chrono::hours(1);
// Where it did not say them: until then derivd may pass what it does not know, and the venue
// refuses.
constexpr Duration kUntoldAgain = std::chrono::minutes(5);

}  // namespace

/// The options API has no such call, and the venue excludes nobody from virtual money.
bool Session::Impl::asks_own_limits() const {
  return settings.dialect == Dialect::kV3 && !settings.public_only && account.is_real;
}

/// A new link: nothing is entered on it before they are told, or the venue will not tell them.
void Session::Impl::restart_own_limits() {
  own_limits = {};
  // Nothing counts that an address on trial says of itself; it is asked once it is taken.
  own_limits_settled = !asks_own_limits() || on_trial();
  if (asks_own_limits()) own_limits.want();
}

void Session::Impl::pump_own_limits(const Now& now) {
  if (on_trial() || !requests.due(own_limits, Call::kOwnLimits, now)) return;
  requests.ask(own_limits, Call::kOwnLimits, 0, now, &Encoder::own_limits);
}

void Session::Impl::on_own_limits(const OwnLimitsPayload& payload, const Now& now) {
  settle_own_limits(kAskedAgain, now);
  listener.tell(fact::OwnLimits{payload.limits});
}

void Session::Impl::miss_own_limits(const Now& now) { settle_own_limits(kUntoldAgain, now); }

/// Told, or not to be told: the session goes on, and asks again in a while.
void Session::Impl::settle_own_limits(Duration again, const Now& now) {
  own_limits_settled = true;
  own_limits.phase = Task::Phase::kWanted;
  own_limits.attempts = 0;
  own_limits.not_before = now.instant + again;
  requests.want();
}

}  // namespace derivd::deriv
