#include "core/time_zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace derivd::core {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year;

constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 86'400;
/// More than any zone has; a file that says more is none.
constexpr std::uint32_t kMostChanges = 5000;
constexpr std::uint32_t kMostTypes = 256;
constexpr std::uint32_t kMostLeaps = 1000;
/// RFC 8536, 3.2: offsets lie within these.
constexpr std::int64_t kMostEast = 26 * kHour;
constexpr std::int64_t kMostWest = 25 * kHour;

/// Reads from the front; what is not there reads as 0 and is remembered.
class Bytes final {
 public:
  explicit Bytes(std::string_view bytes) : rest_(bytes) {}
  bool good() const { return good_; }
  std::string_view rest() const { return rest_; }
  std::string_view take(std::size_t n) {
    good_ = good_ && n <= rest_.size();
    if (!good_) return {};
    const auto out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  std::int64_t number(std::size_t width) {
    const auto text = take(width);
    std::uint64_t value = 0;
    for (const char c : text) value = value << 8 | static_cast<unsigned char>(c);
    if (text.empty() || width == sizeof(value)) return static_cast<std::int64_t>(value);
    const auto sign = std::uint64_t{1} << (8 * width - 1);
    return static_cast<std::int64_t>((value ^ sign) - sign);
  }

 private:
  std::string_view rest_;
  bool good_ = true;
};

struct Head {
  std::uint32_t utc_flags = 0, standard_flags = 0, leaps = 0, changes = 0, types = 0, letters = 0;
};

std::optional<Head> head_of(Bytes& in) {
  constexpr std::size_t kUnused = 15;
  if (in.take(4) != "TZif") return std::nullopt;
  const auto version = in.take(1);
  in.take(kUnused);
  Head h;
  for (auto* count :
       {&h.utc_flags, &h.standard_flags, &h.leaps, &h.changes, &h.types, &h.letters}) {
    *count = static_cast<std::uint32_t>(in.number(4));
  }
  const bool bounded = h.leaps <= kMostLeaps && h.changes <= kMostChanges &&
                       h.types <= kMostTypes && h.utc_flags <= kMostTypes &&
                       h.standard_flags <= kMostTypes && h.letters <= TimeZone::kMaxFile;
  if (!in.good() || !bounded || version < "2") return std::nullopt;
  return h;
}

/// What stands behind the head, with times of `width` bytes.
std::size_t size_of(const Head& h, std::size_t width) {
  constexpr std::size_t kType = 6;
  return h.changes * (width + 1) + h.types * kType + h.letters + h.leaps * (width + 4) +
         h.standard_flags + h.utc_flags;
}

// ---- the last line: "CET-1CEST,M3.5.0,M10.5.0/3" ----

/// A moment of each year: POSIX's Jn, n and Mm.w.d with the time of day in the clocks until then.
struct YearlyRule {
  enum class Kind : std::uint8_t { kJulian, kOrdinal, kWeekday } kind = Kind::kWeekday;
  std::int64_t month = 0, week = 0, day = 0;
  std::int64_t seconds = 2 * kHour;

  /// Seconds since 1970 as those clocks show them.
  std::int64_t in(int y) const {
    return (date(year(y)).time_since_epoch().count()) * kDay + seconds;
  }

 private:
  sys_days date(year y) const {
    using std::chrono::January;
    const sys_days first{y / January / 1};
    if (kind == Kind::kOrdinal) return first + days(day);
    if (kind == Kind::kJulian) {  // 29 February is never counted
      constexpr std::int64_t kFebruary = 59;
      return first + days(day - 1 + (y.is_leap() && day > kFebruary ? 1 : 0));
    }
    const auto m = y / std::chrono::month(static_cast<unsigned>(month));
    const std::chrono::weekday w(static_cast<unsigned>(day));
    constexpr std::int64_t kLast = 5;
    if (week == kLast) return sys_days{m / w[std::chrono::last]};
    return sys_days{m / w[static_cast<unsigned>(week)]};
  }
};

class RuleText final {
 public:
  explicit RuleText(std::string_view text) : rest_(text) {}
  bool at_end() const { return rest_.empty(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// "CET", "<+01>"
  bool name() {
    const bool quoted = take('<');
    const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    const auto in_name = [&](char c) {
      return is_letter(c) || (quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-'));
    };
    std::size_t size = 0;
    while (size < rest_.size() && in_name(rest_[size])) ++size;
    rest_.remove_prefix(size);
    return size > 0 && (!quoted || take('>'));
  }
  std::optional<std::int64_t> number(std::int64_t low, std::int64_t high) {
    std::int64_t value = 0;
    std::size_t size = 0;
    while (size < rest_.size() && size < 3 && rest_[size] >= '0' && rest_[size] <= '9') {
      value = value * 10 + (rest_[size++] - '0');
    }
    rest_.remove_prefix(size);
    if (size == 0 || value < low || value > high) return std::nullopt;
    return value;
  }
  /// [+-]h[h[h]][:mm[:ss]] in seconds.
  std::optional<std::int64_t> clock(std::int64_t most_hours) {
    const bool negative = take('-');
    if (!negative) take('+');
    const auto hours = number(0, most_hours);
    if (!hours) return std::nullopt;
    auto seconds = *hours * kHour;
    for (const std::int64_t unit : {60, 1}) {
      if (!take(':')) break;
      const auto part = number(0, 59);
      if (!part) return std::nullopt;
      seconds += *part * unit;
    }
    return negative ? -seconds : seconds;
  }
  std::optional<YearlyRule> rule() {
    YearlyRule out;
    std::optional<std::int64_t> month, week, day;
    if (take('M')) {
      month = number(1, 12);
      if (!month || !take('.')) return std::nullopt;
      week = number(1, 5);
      if (!week || !take('.')) return std::nullopt;
      day = number(0, 6);
    } else if (take('J')) {
      out.kind = YearlyRule::Kind::kJulian;
      day = number(1, 365);
    } else {
      out.kind = YearlyRule::Kind::kOrdinal;
      day = number(0, 365);
    }
    if (!day) return std::nullopt;
    out.month = month.value_or(0);
    out.week = week.value_or(0);
    out.day = *day;
    if (!take('/')) return out;
    constexpr std::int64_t kWeek = 167;  // hours, RFC 8536, 3.3.1
    const auto seconds = clock(kWeek);
    if (!seconds) return std::nullopt;
    out.seconds = *seconds;
    return out;
  }

 private:
  std::string_view rest_;
};

}  // namespace

std::int32_t TimeZone::offset_at(VenueTime time) const {
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), time,
                                      [](VenueTime t, const Change& c) { return t < c.at; });
  return after == changes_.begin() ? first_ : std::prev(after)->offset;
}

std::optional<VenueTime> TimeZone::next_change(VenueTime time) const {
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), time,
                                      [](VenueTime t, const Change& c) { return t < c.at; });
  return after == changes_.end() ? std::nullopt : std::optional(after->at);
}

/// Many changes are of a name alone.
void TimeZone::add(Change change) {
  const auto now = changes_.empty() ? first_ : changes_.back().offset;
  if (change.offset != now) changes_.push_back(change);
}

std::optional<std::vector<TimeZone::Change>> TimeZone::changes_of_rule(std::string_view text,
                                                                       VenueTime after) {
  constexpr std::int64_t kMostHours = 24;
  constexpr int kFirstYear = 1969;  // a summer of the south is over in the next year
  RuleText in(text);
  if (!in.name()) return std::nullopt;
  const auto west = in.clock(kMostHours);  // POSIX counts westwards
  if (!west) return std::nullopt;
  const auto standard = static_cast<std::int32_t>(-*west);
  std::vector<Change> out{{after, standard}};
  if (in.at_end()) return out;
  auto summer = standard + static_cast<std::int32_t>(kHour);
  if (!in.name()) return std::nullopt;
  if (!in.take(',')) {
    const auto other = in.clock(kMostHours);
    if (!other || !in.take(',')) return std::nullopt;
    summer = static_cast<std::int32_t>(-*other);
  }
  const auto begins = in.rule();
  if (!begins || !in.take(',')) return std::nullopt;
  const auto ends = in.rule();
  if (!ends || !in.at_end()) return std::nullopt;
  out.clear();
  for (int y = kFirstYear; y <= kLastYear; ++y) {
    out.push_back({{begins->in(y)-standard}, summer});
    out.push_back({{ends->in(y)-summer}, standard});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Change& a, const Change& b) { return a.at < b.at; });
  // Of those before, the last one says what holds when the rule begins to.
  const auto first =
      std::find_if(out.begin(), out.end(), [&](const Change& c) { return c.at > after; });
  const auto held = first == out.begin() ? standard : std::prev(first)->offset;
  out.erase(out.begin(), first);
  out.insert(out.begin(), {after, held});
  return out;
}

Result<TimeZone> TimeZone::read(std::string_view name, std::string_view bytes) {
  const auto broken = [](std::string_view what) {
    return invalid(fmt::format("is not a time zone in the form TZif 2 or later: {}", what));
  };
  if (bytes.size() > kMaxFile) return broken("it is too large");
  Bytes in(bytes);
  const auto old = head_of(in);
  if (!old) return broken("its head is another's");
  in.take(size_of(*old, 4));
  const auto head = head_of(in);
  if (!head || head->types == 0) return broken("its second head is missing or wrong");
  std::vector<std::int64_t> times(head->changes);
  for (auto& time : times) time = in.number(8);
  const auto types = in.take(head->changes);
  std::vector<std::int32_t> offsets(head->types);
  for (auto& offset : offsets) {
    const auto seconds = in.number(4);
    in.take(2);  // whether it is summer time, and its name
    if (seconds > kMostEast || seconds < -kMostWest) return broken("an offset of more than a day");
    offset = static_cast<std::int32_t>(seconds);
  }
  in.take(head->letters + head->leaps * std::size_t{12} + head->standard_flags + head->utc_flags);
  if (!in.good()) return broken("it ends too early");
  if (std::adjacent_find(times.begin(), times.end(), std::greater_equal<>()) != times.end()) {
    return broken("its changes are not in order");
  }
  TimeZone out;
  out.name_ = std::string(name);
  out.first_ = offsets.front();
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto type = static_cast<unsigned char>(types[i]);
    if (type >= offsets.size()) return broken("a change to an offset that it does not have");
    out.add({{times[i]}, offsets[type]});
  }
  auto footer = in.rest();
  if (!footer.starts_with('\n') || !footer.ends_with('\n') || footer.size() < 2) {
    return broken("its last line is missing");
  }
  footer = footer.substr(1, footer.size() - 2);
  if (footer.empty()) return out;  // nothing is said of later times: the last offset stays
  const auto later = changes_of_rule(footer, {times.empty() ? INT64_MIN : times.back()});
  if (!later) return broken("its last line is no rule");
  for (const auto& change : *later) out.add(change);
  return out;
}

}  // namespace derivd::core
