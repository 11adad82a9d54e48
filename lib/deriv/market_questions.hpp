// Owns MarketQuestions, what a session asks about the market beside its ticks: what is offered on a
// symbol, and on which days and hours symbols are open. The session hands it the answers and tells
// what they say. Nobody trades by these: what is not told is not known, and the venue judges each
// purchase.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/time.hpp"
#include "deriv/frame.hpp"
#include "deriv/requests.hpp"
#include "market/hours.hpp"
#include "market/symbol.hpp"

namespace derivd::deriv {

class MarketQuestions final {
 public:
  using Symbols = std::vector<market::SymbolCode>;
  using HoursOf = std::map<market::SymbolCode, market::TradingHours>;

  /// Symbols whose offers are asked for, at most.
  static constexpr std::size_t kMost = 50;
  /// What is offered changes from day to day at most; a link that is lost again and again asks no
  /// more often.
  static constexpr core::Duration kOfferingsLast = std::chrono::hours(6);
  /// Today and tomorrow, so that a night is known before it comes; and on to the next opening, past
  /// a weekend with holidays around it.
  static constexpr std::int64_t kFewestDays = 2;
  static constexpr std::int64_t kMostDays = 8;

  // ---- offers ----
  void want_offerings(const market::SymbolCode& symbol);
  void pump_offerings(Requests& requests, const core::Now& now);
  /// The symbol that was asked about; nullopt: nobody asks any more.
  std::optional<market::SymbolCode> offerings_answered(std::int64_t req_id, core::Instant now);
  std::optional<market::SymbolCode> offerings_refused(std::int64_t req_id);

  // ---- days and hours ----
  /// Of these, beside those that the session streams.
  void want_hours(Symbols symbols) { wanted_ = std::move(symbols); }
  const Symbols& hours_wanted() const { return wanted_; }
  /// Asks for the next of the days from today on. `time`: the venue's.
  void pump_hours(Requests& requests, core::VenueTime time, const core::Now& now);
  struct DayTaken {
    Symbols senseless;   // whose times make no sense, and are left out
    bool whole = false;  // hours() are to be told
  };
  /// The day that was asked for. `of`: who is wanted.
  DayTaken take_day(TradingTimesPayload& day, const Symbols& of, core::VenueTime time,
                    const core::Now& now);
  const HoursOf& hours() const { return hours_; }

  /// When a market that is closed at that time opens; empty: it is not known to be closed, or not
  /// until when.
  std::optional<core::VenueTime> opening_of(const market::SymbolCode& symbol,
                                            core::VenueTime time) const;
  /// A stream waits for it: the venue's time moves as the venue likes, and what waits for an
  /// opening goes by that, not by ours.
  void wait_for(core::VenueTime opening);
  /// An opening for which some stream waits has come; told once.
  bool opens(core::VenueTime time);

  /// A new link, or other symbols: what is known of offers lasts for hours, days are asked for
  /// anew. `new_link`: what was asked on the one before is lost with it.
  void renew(bool new_link, core::Instant now);
  /// The task with this request, or nullptr.
  Task* find(std::int64_t req_id);

 private:
  struct Offerings {
    market::SymbolCode symbol;
    Task task;
    std::optional<core::Instant> answered;
  };
  Offerings* asked_with(std::int64_t req_id);

  std::vector<Offerings> offerings_;
  Symbols wanted_;
  Task days_task_;
  core::VenueTime first_;  // midnight of the day that the venue has now; 0: none was asked about
  std::int64_t days_ = 0;  // answered so far
  HoursOf hours_;
  std::optional<core::VenueTime> opening_;  // the next for which a stream waits
};

}  // namespace derivd::deriv
