// Owns when the market of one symbol is open, as the venue says it (trading_times): spans of venue
// time over the days that were asked about, holidays included. The session fills it day by day; the
// engine asks before an entry, status and explain when they say why nothing happens. It never
// guesses about a day that was not asked about.
//
// Source: shared reference deriv/options-api.md section 3.11.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"

namespace derivd::market {

inline constexpr std::int64_t kSecondsOfDay = 86'400;

/// One day of trading_times, as the venue wrote it.
struct MarketDay {
  struct Event {
    std::string dates;  // "Fridays", "2026-12-25"
    std::string what;   // "Closes early (at 20:55)", "Christmas Day"
  };
  core::VenueTime midnight;        // of the day asked about
  std::vector<std::string> open;   // "00:00:00"; "--": closed all day
  std::vector<std::string> close;  // "23:59:59": as long as the day is
  std::vector<std::string> days;   // "Mon", "Tue"; empty: not said
  std::vector<Event> events;
};

class TradingHours final {
 public:
  struct Span {
    core::VenueTime from, to;  // [from, to)
    friend bool operator==(const Span&, const Span&) = default;
  };

  TradingHours() = default;
  /// Rising spans within [from, until), all of which was asked about.
  TradingHours(core::VenueTime from, core::VenueTime until, std::vector<Span> open,
               std::string reason = {});

  /// Takes one more day: the one after the last, or the first; another begins anew. False: the
  /// venue's times make no sense, and nothing is taken.
  bool add(const MarketDay& day);

  bool knows(core::VenueTime at) const { return at >= from_ && at < until_; }
  /// Only where it is known: what was not asked about is not closed.
  bool is_closed(core::VenueTime at) const;
  /// The next moment at which it is open, from `at` on; empty: not within what was asked about.
  std::optional<core::VenueTime> opens(core::VenueTime at) const;
  /// Where the open span around `at` ends; empty: it is closed, or open to the end of what is
  /// known.
  std::optional<core::VenueTime> closes(core::VenueTime at) const;
  /// "closed until 2026-11-30 00:00 UTC (Christmas Day)"; empty: not closed.
  std::string closed_text(core::VenueTime at) const;

  core::VenueTime known_from() const { return from_; }
  core::VenueTime known_until() const { return until_; }
  const std::vector<Span>& spans() const { return open_; }
  const std::string& reason() const { return reason_; }
  friend bool operator==(const TradingHours&, const TradingHours&) = default;

 private:
  core::VenueTime from_, until_;  // equal: nothing is known
  std::vector<Span> open_;
  std::string reason_;  // why the last day that is closed as a whole is so, in the venue's words
};

/// "2026-11-30" for trading_times.
std::string date_of(core::VenueTime time);
/// "2026-11-30 00:00 UTC", for people.
std::string minute_of(core::VenueTime time);

}  // namespace derivd::market
