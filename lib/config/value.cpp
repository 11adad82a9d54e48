#include "config/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "config/zones.hpp"
#include "core/nearest.hpp"
#include "core/printable.hpp"

namespace derivd::config {
namespace {

using core::invalid;
using core::Result;

constexpr std::size_t kMaxText = 1024;
constexpr std::size_t kShown = 40;
constexpr int kMaxRatioDecimals = 6;
constexpr std::int64_t kDay = 86'400;
constexpr std::size_t kMaxWindows = 32;
constexpr std::array<std::string_view, 7> kWeekdays{"Mon", "Tue", "Wed", "Thu",
                                                    "Fri", "Sat", "Sun"};

/// The scalar of a value that must not be in quotes; `allowed` completes the message.
Result<std::string_view> plain(const YamlNode& node, std::string_view allowed) {
  if (node.kind != YamlNode::Kind::kScalar) {
    return invalid(
        fmt::format("{} where a single value is wanted; allowed: {}", kind_name(node), allowed));
  }
  if (node.quoted) {
    return invalid(
        fmt::format("{} is in quotes and so a text; write it without quotes, allowed: {}",
                    shown(node), allowed));
  }
  return std::string_view(node.text);
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Digits, maybe a point and digits: no exponent, hex, "nan", blank or leading zero, which other
/// readers of YAML understand in other ways (010 is eight for YAML 1.1).
bool is_plain_decimal(std::string_view text) {
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  if (!all_digits(whole) || (whole.size() > 1 && whole[0] == '0')) return false;
  return point == std::string_view::npos || all_digits(text.substr(point + 1));
}

/// What to write for a number with a decimal comma; nothing where that is not clear: in 1,000 it
/// may part thousands.
std::string with_a_point(std::string_view text) {
  const auto comma = text.find(',');
  if (comma == std::string_view::npos) return {};
  std::string meant(text);
  meant[comma] = '.';
  constexpr std::size_t kThousands = 3;
  if (!is_plain_decimal(meant) || text.size() - comma - 1 == kThousands) {
    return ": decimals stand behind a point, and thousands stand without a mark";
  }
  return fmt::format(": decimals stand behind a point, write {}", meant);
}

Result<core::Decimal> decimal_of(const YamlNode& node, std::string_view allowed) {
  const auto text = plain(node, allowed);
  if (!text) return text.error();
  if (text->size() > 1 && text->front() == '-' && is_plain_decimal(text->substr(1))) {
    return invalid(fmt::format("{} is negative; allowed: {}", shown(node), allowed));
  }
  if (!is_plain_decimal(*text)) {
    return invalid(fmt::format("{} is not a plain decimal number{}; allowed: {}", shown(node),
                               with_a_point(*text), allowed));
  }
  auto value = core::Decimal::parse(*text);
  if (!value) return invalid(fmt::format("{}; allowed: {}", value.error().text, allowed));
  return value;
}

Result<core::Money> amount_of(const YamlNode& node, bool zero_too, std::uint8_t decimals) {
  const auto most = most_amount(decimals);
  const auto allowed = fmt::format(
      "an amount {}, with {}, up to {}", zero_too ? "of 0 or more" : "above 0",
      decimals == 0 ? std::string("no decimals") : fmt::format("at most {} decimals", decimals),
      most.to_string());
  const auto value = decimal_of(node, allowed);
  if (!value) return value.error();
  const auto money = core::Money::from(*value, decimals);
  if (!money) return invalid(fmt::format("{}; allowed: {}", money.error().text, allowed));
  if (*money > most) {
    return invalid(fmt::format("{} is too large; allowed: {}", shown(node), allowed));
  }
  if (money->is_zero() && !zero_too) {
    return invalid(fmt::format("0 is not above 0; allowed: {}", allowed));
  }
  return *money;
}

/// "HH:MM" in seconds; 24:00 only where a window ends.
std::optional<std::int32_t> clock_time(std::string_view text, bool end) {
  if (text.size() != 5 || text[2] != ':' || !all_digits(text.substr(0, 2)) ||
      !all_digits(text.substr(3))) {
    return std::nullopt;
  }
  const int hours = (text[0] - '0') * 10 + text[1] - '0';
  const int minutes = (text[3] - '0') * 10 + text[4] - '0';
  if (minutes > 59 || hours > 24 || (hours == 24 && (minutes != 0 || !end))) return std::nullopt;
  return hours * 3600 + minutes * 60;
}

std::optional<std::size_t> weekday(std::string_view text) {
  const auto at = std::find(kWeekdays.begin(), kWeekdays.end(), text);
  if (at == kWeekdays.end()) return std::nullopt;
  return static_cast<std::size_t>(at - kWeekdays.begin());
}

/// "Mon-Fri", "Fri-Mon", "Sat,Sun", "Mon,Wed-Fri".
std::optional<std::uint8_t> weekdays(std::string_view text) {
  unsigned bits = 0;
  while (true) {
    const auto comma = text.find(',');
    const auto part = text.substr(0, comma);
    const auto dash = part.find('-');
    const auto first = weekday(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : weekday(part.substr(dash + 1));
    if (!first || !last) return std::nullopt;
    for (auto day = *first;; day = (day + 1) % 7) {
      bits |= 1u << day;
      if (day == *last) break;
    }
    if (comma == std::string_view::npos) return static_cast<std::uint8_t>(bits);
    text.remove_prefix(comma + 1);
  }
}

std::string_view without_utc(std::string_view text) {
  if (text.ends_with(" UTC")) text.remove_suffix(4);
  return text;
}

constexpr auto kHoursAllowed =
    "a list of windows as [\"Mon-Fri 08:00-20:00 UTC\"] or [\"Mon-Fri 08:00-20:00 "
    "Europe/Berlin\"]";

/// "[DAYS ]HH:MM-HH:MM[ ZONE]"
Result<risk::Hours> window(std::string_view text) {
  const auto refused = [all = text] {
    return invalid(
        fmt::format("{} is not a window of time; allowed: {}", shown(all), kHoursAllowed));
  };
  risk::Hours out;
  // What stands behind the window is the zone's name.
  const auto times = text.find_first_of("0123456789");
  if (times == std::string_view::npos) return refused();
  if (const auto blank = text.find(' ', times); blank != std::string_view::npos) {
    const auto name = text.substr(blank + 1);
    if (name != "UTC") {
      auto zone = find_zone(name);
      if (!zone) return invalid(fmt::format("{}: {}", shown(text), zone.error().text));
      out.zone = std::move(*zone);
    }
    text = text.substr(0, blank);
  }
  if (const auto blank = text.find(' '); blank != std::string_view::npos) {
    const auto days = weekdays(text.substr(0, blank));
    if (!days) return refused();
    out.weekdays = *days;
    text.remove_prefix(blank + 1);
  }
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return refused();
  const auto begin = clock_time(text.substr(0, dash), false);
  const auto end = clock_time(text.substr(dash + 1), true);
  if (!begin || !end || *begin == *end) return refused();
  out.begin_s = *begin;
  out.end_s = *end;
  return out;
}

}  // namespace

std::string shown(std::string_view text) {
  return fmt::format("'{}{}'", core::printable(core::cut_utf8(text, kShown)),
                     text.size() > kShown ? "…" : "");
}

std::string shown(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kScalar ? shown(node.text) : std::string(kind_name(node));
}

std::optional<std::string> decimal_comma(const YamlNode& value, const YamlNode::Entry& next) {
  const bool parts = value.kind == YamlNode::Kind::kScalar && !value.quoted && next.value.blank &&
                     all_digits(value.text) && all_digits(next.key) &&
                     value.place.line == next.place.line;
  // Longer ones are no numbers of a person, and would make a message that nobody can read.
  if (!parts || value.text.size() + next.key.size() > kShown) return std::nullopt;
  return fmt::format("'{0},{1}' has a decimal comma; write {0}.{1}", value.text, next.key);
}

std::string join(std::span<const std::string_view> words) {
  std::string out;
  for (const auto word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> words) {
  const auto guess = core::nearest(word, words);
  return guess ? fmt::format(", did you mean '{}'?", *guess) : "";
}

Result<std::string> read_text(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar) {
    return invalid(fmt::format("{} where a text is wanted", kind_name(node)));
  }
  if (node.text.empty()) return invalid("an empty text; leave the key out for its default");
  if (node.text.size() > kMaxText) {
    return invalid(fmt::format("a text of more than {} bytes", kMaxText));
  }
  if (!core::is_printable(node.text)) return invalid("a text with control characters");
  return node.text;
}

Result<bool> read_bool(const YamlNode& node) {
  const auto text = plain(node, "true, false");
  if (!text) return text.error();
  if (*text == "true") return true;
  if (*text == "false") return false;
  return invalid(fmt::format("{} is neither true nor false; allowed: true, false", shown(node)));
}

core::Money most_amount(std::uint8_t decimals) {
  constexpr std::int64_t kBillion = 1'000'000'000;
  constexpr std::int64_t kMillion = 1'000'000;
  const auto most = decimals <= core::Money::kCents ? kBillion : kMillion;
  return core::Money::minor(most * core::pow10(decimals), decimals);
}

Result<core::Money> read_amount(const YamlNode& node, std::uint8_t decimals) {
  return amount_of(node, false, decimals);
}
Result<core::Money> read_amount_or_zero(const YamlNode& node, std::uint8_t decimals) {
  return amount_of(node, true, decimals);
}

Result<std::int64_t> read_count(const YamlNode& node, std::int64_t low, std::int64_t high) {
  const auto allowed = fmt::format("a whole number from {} to {}", low, high);
  const auto text = plain(node, allowed);
  if (!text) return text.error();
  const auto digits = text->starts_with('-') ? text->substr(1) : *text;
  std::int64_t value = 0;
  const auto* end = text->data() + text->size();
  const auto [at, error] = std::from_chars(text->data(), end, value);
  const bool whole = all_digits(digits) && (digits.size() == 1 || digits[0] != '0');
  if (!whole || at != end || error == std::errc::invalid_argument) {
    return invalid(fmt::format("{} is not a whole number; allowed: {}", shown(node), allowed));
  }
  if (error != std::errc{} || value < low || value > high) {
    return invalid(fmt::format("{} is out of range; allowed: {}", shown(node), allowed));
  }
  return value;
}

Result<core::Decimal> read_decimal(const YamlNode& node, int low, int high) {
  const auto allowed =
      fmt::format("a decimal number above {} and at most {}, with at most {} decimals", low, high,
                  kMaxRatioDecimals);
  const auto value = decimal_of(node, allowed);
  if (!value) return value.error();
  if (value->scale > kMaxRatioDecimals) {
    return invalid(fmt::format("{} has too many decimals; allowed: {}", shown(node), allowed));
  }
  if (*value <= core::Decimal{low, 0} || *value > core::Decimal{high, 0}) {
    return invalid(fmt::format("{} is out of range; allowed: {}", shown(node), allowed));
  }
  return *value;
}

Result<core::Decimal> read_percent(const YamlNode& node, int most) {
  const auto refused = [&] {
    return invalid(fmt::format(
        "{} is no percentage; allowed: above 0%, at most {}%, with at most {} decimals, as 0.02%",
        shown(node), most, kMaxRatioDecimals));
  };
  if (node.kind != YamlNode::Kind::kScalar || !node.text.ends_with('%')) return refused();
  auto number = node;
  number.text.pop_back();
  number.quoted = false;  // "50%" in quotes is no other value
  const auto value = read_decimal(number, 0, most);
  if (!value) return refused();
  return *value;
}

Result<std::chrono::seconds> read_span(const YamlNode& node, std::chrono::seconds low,
                                       std::chrono::seconds high) {
  const auto allowed =
      fmt::format("{} to {}, written as 0s, 90s, 10m, 1h or 1d", print(low), print(high));
  if (node.kind != YamlNode::Kind::kScalar) {
    return invalid(
        fmt::format("{} where a time span is wanted; allowed: {}", kind_name(node), allowed));
  }
  const std::string_view text = node.text;
  constexpr std::string_view kUnits = "smhd";
  constexpr std::array<std::int64_t, 4> kSeconds{1, 60, 3600, kDay};
  const auto unit = text.empty() ? std::string_view::npos : kUnits.find(text.back());
  const auto digits = text.substr(0, text.empty() ? 0 : text.size() - 1);
  if (unit == std::string_view::npos || !all_digits(digits)) {
    return invalid(fmt::format("{} is not a time span; allowed: {}", shown(node), allowed));
  }
  std::int64_t count = 0;
  const auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc{} || count > high.count() / kSeconds[unit] ||
      count * kSeconds[unit] < low.count()) {
    return invalid(fmt::format("{} is out of range; allowed: {}", shown(node), allowed));
  }
  return std::chrono::seconds(count * kSeconds[unit]);
}

Result<std::chrono::seconds> read_time_of_day(const YamlNode& node) {
  constexpr auto kAllowed = "a time of day in UTC, written as \"00:00 UTC\"";
  const auto text =
      node.kind == YamlNode::Kind::kScalar ? without_utc(node.text) : std::string_view{};
  const auto time = clock_time(text, false);
  if (!time)
    return invalid(fmt::format("{} is not a time of day; allowed: {}", shown(node), kAllowed));
  return std::chrono::seconds(*time);
}

Result<market::ContractDuration> read_contract_duration(const YamlNode& node) {
  constexpr auto kAllowed = "1t to 10t, or a time from 15s, written as 15s, 5m, 1h, 1d";
  if (node.kind != YamlNode::Kind::kScalar) {
    return invalid(
        fmt::format("{} where a duration is wanted; allowed: {}", kind_name(node), kAllowed));
  }
  const auto value = market::ContractDuration::parse(node.text);
  // A year bounds the arithmetic; the venue's own bounds are narrower and checked with the symbol.
  if (!value || (!value->in_ticks() && value->seconds() > 365 * kDay) ||
      (node.text.size() > 1 && node.text[0] == '0')) {
    return invalid(fmt::format("{} is not a duration; allowed: {}", shown(node), kAllowed));
  }
  return *value;
}

Result<std::vector<risk::Hours>> read_hours(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kList) {
    return invalid(
        fmt::format("{} where a list is wanted; allowed: {}", shown(node), kHoursAllowed));
  }
  if (node.items.size() > kMaxWindows) {
    return invalid(fmt::format("more than {} windows", kMaxWindows));
  }
  std::vector<risk::Hours> out;
  for (const auto& item : node.items) {
    if (item.kind != YamlNode::Kind::kScalar) {
      return invalid(
          fmt::format("{} is not a window of time; allowed: {}", shown(item), kHoursAllowed));
    }
    auto hours = window(item.text);
    if (!hours) return hours.error();
    out.push_back(std::move(*hours));
  }
  return out;
}

Result<std::string> read_choice(const YamlNode& node, std::span<const std::string_view> words,
                                std::span<const std::string_view> planned, std::string_view what) {
  if (node.kind != YamlNode::Kind::kScalar) {
    return invalid(
        fmt::format("{} where a {} is wanted; available: {}", kind_name(node), what, join(words)));
  }
  const auto& text = node.text;
  if (std::find(words.begin(), words.end(), text) != words.end()) return text;
  if (std::find(planned.begin(), planned.end(), text) != planned.end()) {
    return invalid(fmt::format("{} is not available in this version, available: {}", shown(node),
                               join(words)));
  }
  return invalid(fmt::format("unknown {} {}{}{} available: {}", what, shown(node),
                             did_you_mean(text, words), core::nearest(text, words) ? "" : ",",
                             join(words)));
}

std::string print(const std::string& value) { return value; }
std::string print(bool value) { return value ? "true" : "false"; }
std::string print(core::Money value) { return value.to_string(); }
std::string print(std::int64_t value) { return fmt::format("{}", value); }
std::string print(const core::Decimal& value) { return value.to_string(); }

std::string print(std::chrono::seconds value) {
  const auto s = value.count();
  if (s != 0 && s % kDay == 0) return fmt::format("{}d", s / kDay);
  if (s != 0 && s % 3600 == 0) return fmt::format("{}h", s / 3600);
  if (s != 0 && s % 60 == 0) return fmt::format("{}m", s / 60);
  return fmt::format("{}s", s);
}

std::string print(const market::ContractDuration& value) { return value.to_string(); }

std::string print_time_of_day(std::chrono::seconds value) {
  return fmt::format("{:02}:{:02} UTC", value.count() / 3600, value.count() / 60 % 60);
}

std::string print(const std::vector<risk::Hours>& value) {
  std::string out;
  for (const auto& h : value) {
    std::string days;
    for (std::size_t i = 0; i < kWeekdays.size(); ++i) {
      if ((h.weekdays >> i & 1) != 0) days += (days.empty() ? "" : ",") + std::string(kWeekdays[i]);
    }
    out += fmt::format("{}\"{} {:02}:{:02}-{:02}:{:02} {}\"", out.empty() ? "" : ", ", days,
                       h.begin_s / 3600, h.begin_s / 60 % 60, h.end_s / 3600, h.end_s / 60 % 60,
                       h.zone ? h.zone->name() : "UTC");
  }
  return "[" + out + "]";
}

}  // namespace derivd::config
