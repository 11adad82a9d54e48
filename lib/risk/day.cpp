#include "risk/day.hpp"

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

}  // namespace

bool in_hours(std::span<const Hours> hours, core::VenueTime time) {
  if (hours.empty()) return true;
  const auto day = floor_div(time.s, kDay);
  const auto second = time.s - day * kDay;
  for (const auto& h : hours) {
    const bool over_midnight = h.end_s <= h.begin_s;
    const bool today = is_weekday_of(h, day);
    const bool yesterday = is_weekday_of(h, day - 1);
    if (over_midnight) {
      if ((today && second >= h.begin_s) || (yesterday && second < h.end_s)) return true;
    } else if (today && second >= h.begin_s && second < h.end_s) {
      return true;
    }
  }
  return false;
}

std::optional<core::VenueTime> next_hours(std::span<const Hours> hours, core::VenueTime time) {
  constexpr std::int64_t kWeek = 7;
  std::optional<core::VenueTime> first;
  const auto today = floor_div(time.s, kDay);
  for (const auto& h : hours) {
    for (auto day = today; day <= today + kWeek; ++day) {
      const core::VenueTime begin{day * kDay + h.begin_s};
      if (!is_weekday_of(h, day) || begin <= time) continue;
      if (!first || begin < *first) first = begin;
      break;
    }
  }
  return first;
}

}  // namespace derivd::risk
