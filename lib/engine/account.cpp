#include "engine/account.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "execution/reconcile.hpp"

namespace derivd::engine {

void AccountBalance::anchor(core::Money known, core::VenueTime clock,
                            std::set<core::OrderId> at_risk) {
  known_.anchor(known);
  anchored_at_ = clock;
  at_anchor_ = std::move(at_risk);
}

void AccountBalance::bought(core::Money price, std::optional<core::Money> balance_after,
                            core::Instant now) {
  known_.debit(price, balance_after);
  moves(now);
}

void AccountBalance::settled(const execution::Order& order, core::Instant now) {
  DERIVD_CHECK(order.state == execution::OrderState::kSettled, "a result that is none is credited");
  // What was paid before the balance was asked for is in there already.
  const bool anchored = !at_anchor_.empty() && at_anchor_.erase(order.id) > 0 &&
                        order.settled_time <= anchored_at_ + execution::kClockSlack;
  known_.credit(order.sell_price, anchored);
  moves(now);
}

void AccountBalance::moves(core::Instant now) {
  ++events_;
  last_event_ = now;
}

bool AccountBalance::is_quiet(std::size_t in_flight, core::Instant now) const {
  return in_flight == 0 && now - last_event_ >= kQuiet;
}

void AccountBalance::asked(bool quiet) {
  if (quiet) wants_again_ = false;
  events_at_ask_ = quiet ? std::optional(events_) : std::nullopt;
}

core::Instant AccountBalance::quiet_from(std::size_t in_flight, core::Instant now) const {
  return (in_flight == 0 ? last_event_ : now) + kQuiet;
}

bool AccountBalance::looks_for_deposit(core::Instant now) {
  if (!floor() || *shown() <= *floor()) return false;
  if (deposit_asked_ && now - *deposit_asked_ < kBalanceAsk) return false;
  deposit_asked_ = now;
  return true;
}

bool ReportAsks::want(core::Instant now) {
  wait_ = kFirstAsk;
  const auto soonest = asked_at_ ? *asked_at_ + kFirstAsk : now;
  if (soonest <= now) return true;
  next_ = next_ ? std::min(*next_, soonest) : soonest;
  return false;
}

void ReportAsks::asked(core::Instant now, bool open, std::optional<core::Duration> again) {
  asked_at_ = now;
  next_.reset();
  if (open) {
    next_ = now + wait_;
    wait_ = std::min(wait_ * 2, kLongestAsk);
  } else if (again) {
    next_ = now + *again;
  }
}

bool ReportAsks::take_due(core::Instant now) {
  if (!next_ || *next_ > now) return false;
  next_.reset();
  return true;
}

}  // namespace derivd::engine
