#include "risk/day.hpp"

#include <algorithm>
#include <utility>

namespace derivd::risk {
namespace {

constexpr std::int64_t kDay = 86400;

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

std::int64_t day_of(core::VenueTime time, std::chrono::seconds day_starts) {
  return floor_div(time.s - day_starts.count(), kDay);
}

core::VenueTime day_begin(std::int64_t day, std::chrono::seconds day_starts) {
  return {day * kDay + day_starts.count()};
}

namespace {

/// 1970-01-01 was a Thursday: bit 3 when bit 0 is Monday.
bool is_weekday_of(const Hours& hours, std::int64_t day) {
  return (hours.weekdays & (1 << ((day % 7 + 7 + 3) % 7))) != 0;
}

std::int64_t offset_of(const Hours& hours, core::VenueTime time) {
  return hours.zone ? hours.zone->offset_at(time) : 0;
}

/// Whether a clock that shows so many seconds since 1970 is in the window.
bool holds(const Hours& h, std::int64_t shown) {
  const auto day = floor_div(shown, kDay);
  const auto second = shown - day * kDay;
  const bool today = is_weekday_of(h, day);
  if (h.end_s > h.begin_s) return today && second >= h.begin_s && second < h.end_s;
  return (today && second >= h.begin_s) || (is_weekday_of(h, day - 1) && second < h.end_s);
}

/// Of one window: the first moment from `from` to before `until` at which it begins, while the
/// clocks are `offset` ahead.
std::optional<core::VenueTime> begin_within(const Hours& h, std::int64_t offset,
                                            core::VenueTime from, core::VenueTime until) {
  for (auto day = floor_div(from.s + offset, kDay);; ++day) {
    const core::VenueTime begin{day * kDay + h.begin_s - offset};
    if (begin >= until) return std::nullopt;
    if (begin >= from && is_weekday_of(h, day)) return begin;
  }
}

std::optional<core::VenueTime> next_begin(const Hours& h, core::VenueTime time) {
  // A weekly window that the clocks leave out once comes a week later.
  const auto end = time + std::chrono::days(15);
  constexpr std::chrono::seconds kSecond{1};
  auto from = time + kSecond;
  auto offset = offset_of(h, time);
  while (from < end) {
    const auto change = h.zone ? h.zone->next_change(from - kSecond) : std::nullopt;
    if (change == from) {
      const auto before = std::exchange(offset, offset_of(h, from));
      if (holds(h, from.s + offset) && !holds(h, from.s - 1 + before)) return from;
      from = from + kSecond;  // what held before does not begin with the change
    }
    const auto next = h.zone ? h.zone->next_change(from) : std::nullopt;
    const auto until = next ? std::min(*next, end) : end;
    if (const auto begin = begin_within(h, offset, from, until)) return begin;
    from = until;
  }
  return std::nullopt;
}

}  // namespace

bool in_hours(std::span<const Hours> hours, core::VenueTime time) {
  if (hours.empty()) return true;
  return std::any_of(hours.begin(), hours.end(),
                     [&](const Hours& h) { return holds(h, time.s + offset_of(h, time)); });
}

std::optional<core::VenueTime> next_hours(std::span<const Hours> hours, core::VenueTime time) {
  std::optional<core::VenueTime> first;
  for (const auto& h : hours) {
    const auto begin = next_begin(h, time);
    if (begin && (!first || *begin < *first)) first = begin;
  }
  return first;
}

}  // namespace derivd::risk
