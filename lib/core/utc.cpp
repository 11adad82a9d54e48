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

std::optional<VenueTime> utc_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t from, std::size_t size) -> std::optional<int> {
    int out = 0;
    for (const char c : text.substr(from, size)) {
      if (c < '0' || c > '9') return std::nullopt;
      out = out * 10 + (c - '0');
    }
    return out;
  };
  const auto year = number(0, 4);
  const auto month = number(5, 2);
  const auto day = number(8, 2);
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  const std::chrono::sys_seconds midnight = std::chrono::sys_days{date};
  return VenueTime{midnight.time_since_epoch().count()};
}

}  // namespace derivd::core
