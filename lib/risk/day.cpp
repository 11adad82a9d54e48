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

bool in_hours(std::span<const Hours> hours, core::VenueTime time) {
  if (hours.empty()) return true;
  const auto day = floor_div(time.s, kDay);
  const auto second = time.s - day * kDay;
  // 1970-01-01 was a Thursday: bit 3 when bit 0 is Monday.
  const auto bit = [](std::int64_t d) { return 1 << ((d % 7 + 7 + 3) % 7); };
  for (const auto& h : hours) {
    const bool over_midnight = h.end_s <= h.begin_s;
    const bool today = (h.weekdays & bit(day)) != 0;
    const bool yesterday = (h.weekdays & bit(day - 1)) != 0;
    if (over_midnight) {
      if ((today && second >= h.begin_s) || (yesterday && second < h.end_s)) return true;
    } else if (today && second >= h.begin_s && second < h.end_s) {
      return true;
    }
  }
  return false;
}

}  // namespace derivd::risk
