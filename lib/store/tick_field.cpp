#include "store/tick_field.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "store/tick_block.hpp"
#include "store/tick_csv.hpp"

namespace derivd::store {
namespace {

using Unit = TickFormat::Unit;

/// No tick of Deriv is older. A time before this means another unit than was said.
constexpr std::int64_t kYear2000 = 946'684'800;

std::optional<std::int64_t> number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t out = 0;
  for (const char c : text) {
    if (!is_digit(c) || __builtin_mul_overflow(out, 10, &out) ||
        __builtin_add_overflow(out, c - '0', &out)) {
      return std::nullopt;
    }
  }
  return out;
}

/// What is left of a text that is read from front to back.
struct Rest {
  std::string_view text;
  bool take(char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
  }
  std::optional<int> digits(std::size_t count) {
    if (text.size() < count) return std::nullopt;
    const auto value = number(text.substr(0, count));
    if (!value) return std::nullopt;
    text.remove_prefix(count);
    return static_cast<int>(*value);
  }
  /// A fraction behind its mark: whether it is more than zeros. nullopt: a mark without digits.
  std::optional<bool> fraction() {
    const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
    const auto size = static_cast<std::size_t>(end - text.begin());
    if (size == 0) return std::nullopt;
    const auto taken = text.substr(0, size);
    text.remove_prefix(size);
    return taken.find_first_not_of('0') != taken.npos;
  }
};

core::Error not_whole(std::string_view text) {
  return core::invalid(
      fmt::format("{} is not a whole second; --floor-time cuts fractions off", in_quotes(text)));
}

std::int64_t per_second(Unit unit) {
  return unit == Unit::kMillis ? 1'000 : unit == Unit::kMicros ? 1'000'000 : 1'000'000'000;
}

core::Result<core::VenueTime> parse_count(std::string_view text, const TickFormat& format) {
  Rest rest{text.substr(text.find_first_not_of("0123456789") == text.npos
                            ? text.size()
                            : text.find_first_not_of("0123456789"))};
  const auto whole = number(text.substr(0, text.size() - rest.text.size()));
  const std::optional<bool> fraction = rest.take('.') ? rest.fraction() : false;
  if (!whole || !fraction || !rest.text.empty()) {
    const bool iso = text.find('-') != text.npos && text.find(':') != text.npos;
    return core::invalid(
        fmt::format("{} is not an epoch in {}{}", in_quotes(text),
                    format.unit == Unit::kSeconds ? "whole seconds" : name_of(format.unit),
                    iso ? "; is it --unit iso?" : ""));
  }
  if (format.unit == Unit::kSeconds) {
    if (*whole <= 0 || *whole > TickCsv::kMaxEpoch) {
      return core::invalid(
          fmt::format("{} is not an epoch in whole seconds{}", in_quotes(text),
                      *whole > 0 ? "; if it counts milliseconds, say --unit ms (or us, ns)" : ""));
    }
    if (*fraction && !format.floor_time) return not_whole(text);
    return core::VenueTime{*whole};
  }
  const auto unit = per_second(format.unit);
  const auto seconds = *whole / unit;
  if (seconds < kYear2000 || seconds > TickCsv::kMaxEpoch) {
    return core::invalid(
        fmt::format("{} is not a time from 2000 on when it counts {}: is --unit "
                    "right?",
                    in_quotes(text), name_of(format.unit)));
  }
  if ((*fraction || *whole % unit != 0) && !format.floor_time) return not_whole(text);
  return core::VenueTime{seconds};
}

/// Z, +hh, +hh:mm or +hhmm, as seconds east; nullopt: no zone at all. Sets `good` to false for
/// anything else.
std::optional<std::int64_t> parse_zone(Rest& rest, bool& good) {
  if (rest.take('Z') || rest.take('z')) return 0;
  const bool west = rest.text.starts_with('-');
  if (!west && !rest.text.starts_with('+')) return std::nullopt;
  rest.text.remove_prefix(1);
  const auto hours = rest.digits(2);
  const bool colon = rest.take(':');
  const auto minutes = rest.text.empty() && !colon ? std::optional(0) : rest.digits(2);
  good = hours && minutes && *hours < 24 && *minutes < 60;
  if (!good) return std::nullopt;
  const std::int64_t east = *hours * 3600 + *minutes * 60;
  return west ? -east : east;
}

core::Result<core::VenueTime> parse_iso(std::string_view text, const TickFormat& format) {
  const auto bad = [&](std::string_view why) {
    return core::invalid(
        fmt::format("{} is not a time as 2026-06-21T12:00:00Z{}", in_quotes(text), why));
  };
  Rest rest{text};
  const auto year = rest.digits(4);
  const bool day_begins = rest.take('-');
  const auto month = rest.digits(2);
  const bool day_goes_on = rest.take('-');
  const auto day = rest.digits(2);
  const bool time_begins = rest.take('T') || rest.take('t') || rest.take(' ');
  const auto hour = rest.digits(2);
  const bool minutes_begin = rest.take(':');
  const auto minute = rest.digits(2);
  const bool seconds_begin = rest.take(':');
  const auto second = rest.digits(2);
  if (!day_begins || !day_goes_on || !time_begins || !minutes_begin || !seconds_begin || !year ||
      !month || !day || !hour || !minute || !second) {
    return bad("");
  }
  const std::optional<bool> fraction = rest.take('.') || rest.take(',') ? rest.fraction() : false;
  rest.take(' ');  // some write a blank before the zone
  bool good = true;
  const auto zone = parse_zone(rest, good);
  if (!fraction || !good || !rest.text.empty()) return bad("");
  if (!zone && format.unit == Unit::kIso) {
    return bad(": it names no zone; if it is UTC, say --unit iso-utc");
  }
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return bad(": no such time");
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const auto epoch =
      days * kSecondsPerDay + *hour * 3600 + *minute * 60 + *second - zone.value_or(0);
  if (epoch < kYear2000 || epoch > TickCsv::kMaxEpoch) return bad(": not from 2000 on");
  if (*fraction && !format.floor_time) return not_whole(text);
  return core::VenueTime{epoch};
}

}  // namespace

std::string_view name_of(TickFormat::Unit unit) {
  switch (unit) {
    case Unit::kSeconds:
      return "s";
    case Unit::kMillis:
      return "ms";
    case Unit::kMicros:
      return "us";
    case Unit::kNanos:
      return "ns";
    case Unit::kIso:
      return "iso";
    case Unit::kIsoUtc:
      return "iso-utc";
  }
  return "?";
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShown = 40;
  std::string out = "'";
  for (const char c : text.substr(0, kShown)) out += c >= ' ' && c <= '~' ? c : '?';
  return out + (text.size() > kShown ? "...'" : "'");
}

core::Result<core::VenueTime> parse_time(std::string_view text, const TickFormat& format) {
  if (format.unit == Unit::kIso || format.unit == Unit::kIsoUtc) return parse_iso(text, format);
  return parse_count(text, format);
}

core::Result<std::int64_t> parse_quote(std::string_view text, std::uint8_t decimals,
                                       bool decimal_comma) {
  const char mark = decimal_comma ? ',' : '.';
  const auto point = text.find(mark);
  const auto whole = text.substr(0, point);
  const auto rest = point == text.npos ? std::string_view{} : text.substr(point + 1);
  const bool digits = !whole.empty() && std::all_of(whole.begin(), whole.end(), is_digit) &&
                      std::all_of(rest.begin(), rest.end(), is_digit) &&
                      (point == text.npos || !rest.empty());
  if (!digits) {
    const bool comma = !decimal_comma && text.find(',') != text.npos;
    return core::invalid(fmt::format("{} is not a quote{}", in_quotes(text),
                                     comma ? "; if its comma is a decimal comma, say "
                                             "--decimal-comma"
                                           : ""));
  }
  if (rest.size() > decimals) {
    return core::invalid(fmt::format("the quote {} has {} decimals, the symbol has {}",
                                     in_quotes(text), rest.size(), decimals));
  }
  if (whole.size() + decimals > kMaxQuoteDigits) {
    return core::invalid(fmt::format("the quote {} is too large", in_quotes(text)));
  }
  const auto zeros = static_cast<std::size_t>(decimals) - rest.size();
  const auto value = number(std::string(whole).append(rest).append(zeros, '0'));
  if (!value || *value == 0) return core::invalid("a quote must be above zero");
  return *value;
}

}  // namespace derivd::store
