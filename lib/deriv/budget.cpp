#include "deriv/budget.hpp"

#include <algorithm>

namespace derivd::deriv {

CallBudget::CallBudget(const Rules& rules, core::Rng& rng) : rules_(rules), rng_(rng) {
  for (const auto& budget : rules.budgets()) {
    groups_.push_back({core::RateLimiter(budget), 0, 0, {}});
  }
  auto& purchases = groups_[rules.counter_of(Call::kBuy)];
  purchases.reserve = purchases.limiter.per_minute() * kReservePercent / 100;
}

std::uint32_t CallBudget::reserve_for(Call call, const Group& group) const {
  // A sale is an operator's way out of a position; it goes first, too.
  return call == Call::kBuy || call == Call::kSell ? 0 : group.reserve;
}

bool CallBudget::try_take(Call call, core::Instant now) {
  const auto counter = rules_.counter_of(call);
  if (counter == kUncounted) return true;
  auto& group = groups_[counter];
  if (now < group.held_until) return false;
  return group.limiter.try_take(now, reserve_for(call, group));
}

core::Instant CallBudget::next_free(Call call, core::Instant now) const {
  const auto counter = rules_.counter_of(call);
  if (counter == kUncounted) return now;
  const auto& group = groups_[counter];
  return std::max(group.held_until, group.limiter.next_free(now, reserve_for(call, group)));
}

void CallBudget::refused(Call call, core::Instant now) {
  const auto counter = rules_.counter_of(call);
  if (counter == kUncounted) return;
  auto& group = groups_[counter];
  auto hold = kFirstHold;
  for (int i = 0; i < group.refusals && hold < kLongestHold; ++i) hold *= 2;
  hold = std::min(hold, kLongestHold);
  // Full jitter above half, so that several programs on one account do not come back together.
  const auto span = static_cast<std::uint64_t>((hold / 2).count()) + 1;
  hold = hold / 2 + core::Duration{static_cast<std::int64_t>(rng_.below(span))};
  // Several answers to calls of one burst count once.
  if (now >= group.held_until) ++group.refusals;
  group.held_until = std::max(group.held_until, now + hold);
}

void CallBudget::answered(Call call) {
  const auto counter = rules_.counter_of(call);
  if (counter != kUncounted) groups_[counter].refusals = 0;
}

}  // namespace derivd::deriv
