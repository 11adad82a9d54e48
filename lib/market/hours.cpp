#include "market/hours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/check.hpp"
#include "core/utc.hpp"

namespace derivd::market {
namespace {

using core::VenueTime;
using Span = TradingHours::Span;

constexpr std::array<std::string_view, 7> kWeekdays{"Thu", "Fri", "Sat", "Sun",
                                                    "Mon", "Tue", "Wed"};  // 1970-01-01: a Thursday

std::string_view weekday_of(VenueTime midnight) {
  return kWeekdays[static_cast<std::size_t>(midnight.s / kSecondsOfDay % 7)];
}

std::optional<std::int64_t> two_digits(std::string_view text, int most) {
  if (text.size() != 2 || text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
    return std::nullopt;
  }
  const int value = (text[0] - '0') * 10 + text[1] - '0';
  return value <= most ? std::optional<std::int64_t>(value) : std::nullopt;
}

/// Seconds of the day from "HH:MM" or "HH:MM:SS".
std::optional<std::int64_t> second_of(std::string_view text) {
  if (text.size() != 5 && text.size() != 8) return std::nullopt;
  if (text[2] != ':' || (text.size() == 8 && text[5] != ':')) return std::nullopt;
  const auto hour = two_digits(text.substr(0, 2), 23);
  const auto minute = two_digits(text.substr(3, 2), 59);
  const auto second = text.size() == 8 ? two_digits(text.substr(6, 2), 59) : 0;
  if (!hour || !minute || !second) return std::nullopt;
  return *hour * 3600 + *minute * 60 + *second;
}

/// "Closes early (at 20:55)" → 20:55.
std::optional<std::int64_t> time_in(std::string_view words) {
  const auto at = words.find("(at ");
  if (at == std::string_view::npos) return std::nullopt;
  return second_of(words.substr(at + 4, 5));
}

/// "Fridays" or "2026-12-25".
bool is_of_day(std::string_view dates, VenueTime midnight) {
  return dates.starts_with(weekday_of(midnight)) || dates == date_of(midnight);
}

/// What the day's events take away from its spans. The times may have it already.
void apply(const MarketDay::Event& event, std::vector<Span>& spans, VenueTime midnight) {
  if (!is_of_day(event.dates, midnight)) return;
  const auto at = time_in(event.what);
  if (!at) return;
  const VenueTime moment{midnight.s + *at};
  const bool early = event.what.find("Closes early") != std::string::npos;
  const bool late = event.what.find("Opens late") != std::string::npos;
  for (auto& span : spans) {
    if (early) span.to = std::min(span.to, moment);
    if (late) span.from = std::max(span.from, moment);
  }
  std::erase_if(spans, [](const Span& s) { return s.to <= s.from; });
}

/// The open spans of one day; nullopt: its times make no sense.
std::optional<std::vector<Span>> spans_of(const MarketDay& day) {
  std::vector<Span> out;
  if (day.open.size() != day.close.size()) return std::nullopt;
  const bool off = !day.days.empty() && std::find(day.days.begin(), day.days.end(),
                                                  weekday_of(day.midnight)) == day.days.end();
  for (std::size_t i = 0; i < day.open.size() && !off; ++i) {
    if (day.open[i] == "--" && day.close[i] == "--") continue;
    const auto from = second_of(day.open[i]);
    auto to = second_of(day.close[i]);
    if (!from || !to) return std::nullopt;
    if (*to == kSecondsOfDay - 1) to = kSecondsOfDay;
    // A close at or before its opening is one of the next day.
    if (*to <= *from) to = kSecondsOfDay;
    out.push_back({{day.midnight.s + *from}, {day.midnight.s + *to}});
  }
  std::sort(out.begin(), out.end(), [](const Span& a, const Span& b) { return a.from < b.from; });
  for (const auto& event : day.events) apply(event, out, day.midnight);
  return out;
}

}  // namespace

std::string date_of(VenueTime time) { return core::utc_iso(time).substr(0, 10); }

std::string minute_of(VenueTime time) {
  return fmt::format("{} UTC", core::utc_time(time).substr(0, 16));
}

TradingHours::TradingHours(VenueTime from, VenueTime until, std::vector<Span> open,
                           std::string reason)
    : from_(from), until_(until), open_(std::move(open)), reason_(std::move(reason)) {}

bool TradingHours::add(const MarketDay& day) {
  const auto spans = spans_of(day);
  if (!spans || day.midnight.s % kSecondsOfDay != 0) return false;
  if (day.midnight != until_) {
    from_ = until_ = day.midnight;
    open_.clear();
    reason_.clear();
  }
  until_ = {day.midnight.s + kSecondsOfDay};
  for (const auto& span : *spans) {
    // The night between two days that are open is no pause.
    if (!open_.empty() && span.from <= open_.back().to) {
      open_.back().to = std::max(open_.back().to, span.to);
    } else {
      open_.push_back(span);
    }
  }
  if (!spans->empty()) return true;
  for (const auto& event : day.events) {
    if (event.dates == date_of(day.midnight)) reason_ = event.what;
  }
  return true;
}

bool TradingHours::is_closed(VenueTime at) const {
  return knows(at) && std::none_of(open_.begin(), open_.end(),
                                   [&](const Span& s) { return at >= s.from && at < s.to; });
}

std::optional<VenueTime> TradingHours::opens(VenueTime at) const {
  for (const auto& s : open_) {
    if (at < s.to) return std::max(at, s.from);
  }
  return std::nullopt;
}

std::optional<VenueTime> TradingHours::closes(VenueTime at) const {
  for (const auto& s : open_) {
    if (at >= s.from && at < s.to) return s.to < until_ ? std::optional(s.to) : std::nullopt;
  }
  return std::nullopt;
}

std::string TradingHours::closed_text(VenueTime at) const {
  if (!is_closed(at)) return {};
  const auto next = opens(at);
  const auto why = reason_.empty() ? std::string{} : fmt::format(" ({})", reason_);
  if (!next) return fmt::format("closed at least until {}{}", minute_of(until_), why);
  return fmt::format("closed until {}{}", minute_of(*next), why);
}

}  // namespace derivd::market
