#include "engine/clock.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "engine/feed.hpp"
#include "risk/day.hpp"

namespace derivd::engine {

bool VenueClock::show(core::VenueTime time, core::Instant at) {
  if (time <= time_) return false;
  // Neither faster than our seconds nor slower than ticks can come.
  if (time_.s != 0 && time <= steady_ + kTickStep) {
    ahead_ = 0;
    steady_ = time;
  } else {
    bound(time, at);
  }
  time_ = time;
  shown_at_ = at;
  DERIVD_CHECK(steady_ <= time_, "a bounded time is later than the one that it bounds");
  return true;
}

void VenueClock::bound(core::VenueTime time, core::Instant at) {
  const auto passed = std::chrono::ceil<std::chrono::seconds>(at - shown_at_);
  const auto most = steady_ + std::max(passed, kTickStep);
  ahead_ = time_.s != 0 && time > most ? ahead_ + 1 : 0;
  steady_ = time_.s == 0 || ahead_ > Feed::kBelieved ? time : std::min(time, most);
}

void VenueClock::prove(core::VenueTime time) { steady_ = std::max(steady_, std::min(time_, time)); }

TradingDay::Turn TradingDay::look_up(core::VenueTime time, std::chrono::seconds starts) {
  if (time.s == 0) return Turn::kSame;  // the venue has not shown its time yet
  const auto today = risk::day_of(time, starts);
  ends_ = risk::day_begin(today + 1, starts);
  ends_by_ = starts;
  if (day_ && today <= *day_) return Turn::kSame;
  const bool first = !day_;
  day_ = today;
  return first ? Turn::kFirst : Turn::kNext;
}

void TradingDay::restore(std::int64_t day) {
  if (!day_ || day > *day_) day_ = day;
}

std::int64_t TradingDay::number() const {
  DERIVD_CHECK(day_.has_value(), "no trading day is known");
  return *day_;
}

bool TradingDay::has(core::VenueTime time, std::chrono::seconds starts) const {
  return !day_ || risk::day_of(time, starts) >= *day_;
}

}  // namespace derivd::engine
