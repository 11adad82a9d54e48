#include "core/utc.hpp"

#include <fmt/format.h>

#include <chrono>

namespace derivd::core {
namespace {

std::string text_of(VenueTime time, char between, const char* end) {
  const std::chrono::sys_seconds point{std::chrono::seconds{time.s}};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{point - day};
  return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}{}", int(date.year()),
                     unsigned(date.month()), unsigned(date.day()), between, clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), end);
}

}  // namespace

std::string utc_iso(VenueTime time) { return text_of(time, 'T', "Z"); }
std::string utc_time(VenueTime time) { return text_of(time, ' ', ""); }

}  // namespace derivd::core
