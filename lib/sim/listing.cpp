#include "sim/listing.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "market/hours.hpp"
#include "market/kind.hpp"
#include "sim/deal.hpp"

namespace derivd::sim {
namespace {

using core::Error;
using core::Result;
using market::kSecondsOfDay;

constexpr std::int64_t kMaxDecimals = 8;
constexpr std::size_t kMaxSpans = 8;
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

std::size_t weekday_of(core::VenueTime at) {
  return static_cast<std::size_t>((at.s / kSecondsOfDay + 4) % 7);  // 1970-01-01 was a Thursday
}

/// Seconds of the day from "HH:MM" or "HH:MM:SS", up to 24:00.
std::optional<std::int64_t> second_of(std::string_view text) {
  std::array<std::int64_t, 3> parts{};
  std::size_t n = 0;
  while (n < parts.size() && text.size() >= 2) {
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') return std::nullopt;
    parts[n++] = (text[0] - '0') * 10 + (text[1] - '0');
    text.remove_prefix(2);
    if (text.empty()) break;
    if (text[0] != ':') return std::nullopt;
    text.remove_prefix(1);
  }
  if (n < 2 || !text.empty() || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  const auto s = parts[0] * 3600 + parts[1] * 60 + parts[2];
  return s <= kSecondsOfDay ? std::optional(s) : std::nullopt;
}

/// One entry of the file.
class Reader final {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  Result<Listing> read() {
    if (auto r = identity(); !r) return r.error();
    if (auto r = prices(); !r) return r.error();
    if (auto r = offers(); !r) return r.error();
    if (auto r = hours(); !r) return r.error();
    return std::move(out_);
  }

 private:
  Error bad(std::string_view key, std::string_view allowed) const {
    return core::invalid(fmt::format("{}: {}; allowed: {}",
                                     out_.info.code.empty() ? "a symbol" : out_.info.code.view(),
                                     key, allowed));
  }
  std::string_view text(std::string_view key) const {
    const Json* j = json_.find(key);
    return j != nullptr && j->is_string() ? std::string_view(j->text()) : std::string_view{};
  }
  Result<std::int64_t> whole(std::string_view key, std::int64_t low, std::int64_t high,
                             std::int64_t otherwise) const {
    const Json* j = json_.find(key);
    if (j == nullptr) return otherwise;
    const auto n = j->as_int();
    if (!n || *n < low || *n > high) return bad(key, fmt::format("{} to {}", low, high));
    return *n;
  }
  Result<double> above_zero(std::string_view key) const {
    const Json* j = json_.find(key);
    const auto n = j == nullptr ? std::nullopt : j->as_decimal();
    if (!n || n->mantissa <= 0) return bad(key, "a number above 0");
    return n->to_double();
  }

  Result<void> identity() {
    for (const auto& [key, value] : json_.members()) {
      constexpr std::array<std::string_view, 14> kKeys{
          "code",     "name",  "market",     "submarket",   "decimals",
          "interval", "price", "volatility", "commission",  "offers",
          "open",     "days",  "holidays",   "listed_after"};
      if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
        return bad(key, fmt::format("{}", fmt::join(kKeys, ", ")));
      }
    }
    auto& info = out_.info;
    if (!market::is_symbol_code(text("code"))) {
      return bad("code", "2 to 30 letters, digits and '_'");
    }
    info.code = text("code");
    const auto name = text("name");
    info.display_name = core::ShortString<60>::truncated(name.empty() ? info.code.view() : name);
    const auto place = text("market");
    if (place.empty() || place.size() > 30) return bad("market", "as forex, cryptocurrency");
    info.market = place;
    const auto part = text("submarket");
    info.submarket = core::ShortString<30>::truncated(part.empty() ? place : part);
    return {};
  }

  Result<void> prices() {
    const auto decimals = whole("decimals", 0, kMaxDecimals, 2);
    if (!decimals) return decimals.error();
    const auto interval = whole("interval", 1, 60, 1);
    if (!interval) return interval.error();
    const auto price = above_zero("price");
    if (!price) return price.error();
    const auto volatility = whole("volatility", 1, 500, 10);
    if (!volatility) return volatility.error();
    const auto after = whole("listed_after", 0, 10 * kSecondsOfDay, 0);
    if (!after) return after.error();
    auto& info = out_.info;
    info.decimals = static_cast<std::uint8_t>(*decimals);
    info.interval_s = static_cast<std::uint8_t>(*interval);
    info.typical_price = *price;
    info.sigma_percent = static_cast<std::uint16_t>(*volatility);
    if (json_.find("commission") != nullptr) {
      const auto commission = above_zero("commission");
      if (!commission) return commission.error();
      info.multiplier_commission = *commission;
    }
    out_.listed_after = *after;
    return {};
  }

  Result<void> offers() {
    const Json* list = json_.find("offers");
    if (list == nullptr) return {};
    for (const auto& item : list->items()) {
      if (!market::contract_type_from(item.text())) return bad("offers", "contract types, as CALL");
      out_.offers.push_back(item.text());
    }
    if (out_.offers.empty()) return bad("offers", "contract types, as CALL");
    out_.info.has_digits =
        std::any_of(out_.offers.begin(), out_.offers.end(), [](const std::string& type) {
          return market::kind_of(*market::contract_type_from(type)).needs.quotes_digits;
        });
    return {};
  }

  Result<void> hours() {
    if (const Json* list = json_.find("open"); list != nullptr) {
      out_.open.clear();
      for (const auto& item : list->items()) {
        const std::string_view span = item.text();
        const auto dash = span.find('-');
        const auto from = second_of(span.substr(0, dash));
        const auto to = dash == span.npos ? std::nullopt : second_of(span.substr(dash + 1));
        const bool rises = out_.open.empty() || (from && *from >= out_.open.back().to);
        if (!from || !to || *to <= *from || !rises || out_.open.size() >= kMaxSpans) {
          return bad("open", "rising spans of a day, as [\"00:00-20:55\"]");
        }
        out_.open.push_back({*from, *to});
      }
    }
    if (const Json* list = json_.find("days"); list != nullptr) {
      out_.days.fill(false);
      for (const auto& item : list->items()) {
        const auto day = std::find(kDays.begin(), kDays.end(), item.text());
        if (day == kDays.end()) return bad("days", "Sun, Mon, Tue, Wed, Thu, Fri, Sat");
        out_.days[static_cast<std::size_t>(day - kDays.begin())] = true;
      }
    }
    if (const Json* map = json_.find("holidays"); map != nullptr) {
      for (const auto& [date, name] : map->members()) {
        if (date.size() != 10) return bad("holidays", "dates, as 2026-12-25, with their names");
        out_.holidays.emplace_back(date, name.text());
      }
    }
    return {};
  }

  const Json& json_;
  Listing out_;
};

}  // namespace

bool Listing::offers_type(std::string_view type) const {
  return offers.empty() || std::find(offers.begin(), offers.end(), type) != offers.end();
}

std::vector<DaySpan> Listing::spans_on(core::VenueTime at) const {
  if (!days[weekday_of(at)]) return {};
  const auto date = format_day(at.s);
  const bool off = std::any_of(holidays.begin(), holidays.end(),
                               [&](const auto& holiday) { return holiday.first == date; });
  return off ? std::vector<DaySpan>{} : open;
}

bool Listing::is_open(core::VenueTime at) const {
  const auto second = at.s % kSecondsOfDay;
  const auto spans = spans_on(at);
  return std::any_of(spans.begin(), spans.end(),
                     [&](const DaySpan& s) { return second >= s.from && second < s.to; });
}

core::Result<std::vector<Listing>> read_listings(const Json& file) {
  const Json* list = file.find("symbols");
  if (list == nullptr || !list->is_array()) {
    return core::invalid("no symbols; needed: symbols, a list");
  }
  if (list->items().size() > kMaxListings) {
    return core::invalid(fmt::format("more than {} symbols", kMaxListings));
  }
  std::vector<Listing> out;
  for (const auto& item : list->items()) {
    auto one = Reader(item).read();
    if (!one) return one.error();
    const auto& code = one->info.code;
    const bool twice =
        std::any_of(out.begin(), out.end(), [&](const Listing& l) { return l.info.code == code; });
    if (twice || market::find_symbol(code) != nullptr) {
      return core::invalid(fmt::format("{}: is listed already; leave it out", code));
    }
    out.push_back(std::move(*one));
  }
  return out;
}

}  // namespace derivd::sim
