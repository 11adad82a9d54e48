#include "core/rate_limiter.hpp"

#include <algorithm>
#include <limits>

#include "core/check.hpp"

namespace derivd::core {
namespace {

constexpr Duration kMinuteWindow = std::chrono::minutes(1);
constexpr Duration kHourWindow = std::chrono::hours(1);
// The ring is allocated whole; a budget beyond this is a slip of the caller (8 bytes each).
constexpr std::uint32_t kMaxBudget = 1'000'000;

std::uint32_t with_headroom(std::uint32_t allowed, std::uint32_t headroom_percent) {
  if (allowed == 0) return 0;
  const auto rest = std::uint64_t{allowed} * (100 - headroom_percent) / 100;
  return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(rest));
}

}  // namespace

RateLimiter::RateLimiter(RateBudget budget) {
  DERIVD_CHECK(budget.headroom_percent <= 100, "headroom is a percentage");
  DERIVD_CHECK(budget.per_minute <= kMaxBudget && budget.per_hour <= kMaxBudget,
               "rate budget out of bounds");
  minute_ = with_headroom(budget.per_minute, budget.headroom_percent);
  hour_ = with_headroom(budget.per_hour, budget.headroom_percent);
  taken_.resize(std::max(minute_, hour_));
}

Instant RateLimiter::window_free(Instant now, std::uint32_t limit, Duration window,
                                 std::uint32_t reserve) const {
  if (limit == 0) return now;
  // One more fits when the call that is `usable` places back has left the window.
  const std::size_t usable = limit - std::min(reserve, limit - 1);
  if (count_ < usable) return now;
  const auto& blocking = taken_[(next_ + taken_.size() - usable) % taken_.size()];
  return std::max(now, blocking + window);
}

std::uint32_t RateLimiter::window_left(Instant now, std::uint32_t limit, Duration window) const {
  if (limit == 0) return std::numeric_limits<std::uint32_t>::max();
  std::uint32_t used = 0;
  const auto counted = std::min<std::size_t>(count_, limit);
  while (used < counted &&
         taken_[(next_ + taken_.size() - 1 - used) % taken_.size()] + window > now) {
    ++used;
  }
  return limit - used;
}

std::uint32_t RateLimiter::left(Instant now) const {
  return std::min(window_left(now, minute_, kMinuteWindow), window_left(now, hour_, kHourWindow));
}

void RateLimiter::inherit(const RateLimiter& other) {
  if (taken_.empty()) return;
  next_ = count_ = 0;
  const auto kept = std::min(other.count_, taken_.size());
  for (auto back = kept; back > 0; --back) {
    taken_[next_] = other.taken_[(other.next_ + other.taken_.size() - back) % other.taken_.size()];
    next_ = (next_ + 1) % taken_.size();
  }
  count_ = kept;
}

Instant RateLimiter::next_free(Instant now, std::uint32_t reserve) const {
  return std::max(window_free(now, minute_, kMinuteWindow, reserve),
                  window_free(now, hour_, kHourWindow, reserve));
}

bool RateLimiter::try_take(Instant now, std::uint32_t reserve) {
  if (next_free(now, reserve) > now) return false;
  if (taken_.empty()) return true;
  // Kept in order even if a caller's clock stepped back, since window_free() relies on it.
  const auto newest = taken_[(next_ + taken_.size() - 1) % taken_.size()];
  taken_[next_] = count_ == 0 ? now : std::max(now, newest);
  next_ = (next_ + 1) % taken_.size();
  count_ = std::min(count_ + 1, taken_.size());
  return true;
}

}  // namespace derivd::core
