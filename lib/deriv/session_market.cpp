// What the venue offers on the symbols, and when their markets are open. Asked once the session is
// live and after everything that trading waits for: nothing here holds a purchase up.
#include <fmt/format.h>

#include <algorithm>

#include "deriv/session_impl.hpp"

namespace derivd::deriv {

using market::SymbolCode;
using market::TradingHours;

core::VenueTime Session::Impl::venue_now(const Now& now) const {
  if (!server_time || !server_time_at) return venue_time.value_or(now.venue);
  const auto since = std::chrono::duration_cast<seconds>(now.instant - *server_time_at);
  return std::max(*server_time + since, venue_time.value_or(core::VenueTime{}));
}

void Session::Impl::want_offerings(const SymbolCode& symbol) {
  const auto at = std::find_if(offerings.begin(), offerings.end(),
                               [&](const OfferingsTask& t) { return t.symbol == symbol; });
  if (at == offerings.end()) {
    if (offerings.size() >= kMaxSymbols || !is_symbol(symbol)) return;
    offerings.push_back({symbol, {}, {}});
    offerings.back().task.want();
  } else if (at->task.phase == Task::Phase::kIdle) {
    at->task.want();
  }
  work = true;
}

/// An index of the venue's own is open all day; of anything else the hours are asked for.
bool Session::Impl::is_hours_wanted(const SymbolCode& symbol) const {
  for (const auto& row : known) {
    if (row.symbol.code == symbol) return !row.symbol.is_synthetic();
  }
  return false;
}

std::vector<SymbolCode> Session::Impl::hours_wanted() const {
  auto out = hours.wanted;
  if (!settings.asks_market) return out;
  for (const auto& stream : symbols) {
    if (is_hours_wanted(stream.symbol)) out.push_back(stream.symbol);
  }
  return out;
}

/// A new link, or other symbols: what is known of offers lasts for hours, days are asked for anew.
void Session::Impl::renew_market(const Now& now) {
  for (auto& wanted : offerings) {
    const bool fresh = wanted.answered && now.instant - *wanted.answered < kOfferingsLast;
    if (!fresh && wanted.task.phase != Task::Phase::kAsked) wanted.task.want();
    // What was asked on the link before is lost with it.
    if (!fresh && state == SessionState::kSyncing) wanted.task.want();
  }
  hours.first = {};
  hours.days = 0;
  hours.task = {};
  work = true;
}

void Session::Impl::on_symbol_list(const Now&) {
  if (!on_trial()) listener.on_symbols(known);
}

void Session::Impl::pump_market(const Now& now) {
  if (state != SessionState::kLive) return;
  for (auto& wanted : offerings) {
    if (!due(wanted.task, Call::kOfferings, now)) continue;
    begin_task(wanted.task, Call::kOfferings, 0, now);
    encoder.contracts_for(text, wanted.task.req_id, wanted.symbol);
    transmit(now);
  }
  pump_hours(now);
}

void Session::Impl::pump_hours(const Now& now) {
  if (hours_wanted().empty()) return;
  auto& job = hours;
  if (job.task.phase == Task::Phase::kIdle) job.task.want();
  if (!due(job.task, Call::kTradingTimes, now)) return;
  const auto at = venue_now(now);
  const core::VenueTime today{at.s / market::kSecondsOfDay * market::kSecondsOfDay};
  if (job.first != today) {
    job.first = today;
    job.days = 0;
    job.hours.clear();
  }
  begin_task(job.task, Call::kTradingTimes, 0, now);
  encoder.trading_times(text, job.task.req_id, {job.first.s + job.days * market::kSecondsOfDay});
  transmit(now);
}

void Session::Impl::on_offerings(const Pending& asked, OfferingsPayload& payload, const Now& now) {
  const auto at = std::find_if(offerings.begin(), offerings.end(), [&](const OfferingsTask& t) {
    return t.task.req_id == asked.req_id;
  });
  if (at == offerings.end()) return;
  at->answered = now.instant;
  payload.offerings.asked = venue_now(now);
  listener.on_offerings(SymbolCode(at->symbol), payload.offerings);
}

void Session::Impl::refuse_offerings(const Pending& asked, std::string_view code,
                                     std::string_view why) {
  const auto at = std::find_if(offerings.begin(), offerings.end(), [&](const OfferingsTask& t) {
    return t.task.req_id == asked.req_id;
  });
  if (at == offerings.end()) return;
  at->task.phase = Task::Phase::kDone;
  listener.on_offerings_refused(SymbolCode(at->symbol), code, why);
}

void Session::Impl::on_trading_times(TradingTimesPayload& payload, const Now& now) {
  auto& job = hours;
  const core::VenueTime midnight{job.first.s + job.days * market::kSecondsOfDay};
  ++job.days;
  const auto wanted = hours_wanted();
  for (auto& row : payload.rows) {
    if (std::find(wanted.begin(), wanted.end(), row.symbol) == wanted.end()) continue;
    row.day.midnight = midnight;
    if (job.hours[row.symbol].add(row.day)) continue;
    job.hours.erase(row.symbol);
    notice_once(core::EventKind::kFrameRefused, fmt::format("hours/{}", row.symbol),
                fmt::format("the trading times of {} make no sense, and are left out", row.symbol));
  }
  const auto at = venue_now(now);
  bool more = job.days < kFewestDays;
  for (const auto& [symbol, known_hours] : job.hours) more |= !known_hours.opens(at);
  if (more && job.days < kMostDays) {
    job.task.want();
  } else {
    // Again when the venue's next day begins.
    job.task.want();
    const auto left = market::kSecondsOfDay - at.s % market::kSecondsOfDay;
    job.task.not_before = now.instant + seconds(left + 1);
    const auto told = job.hours;  // a listener may change the set
    for (const auto& [symbol, known_hours] : told) listener.on_hours(symbol, known_hours);
  }
  work = true;
}

std::optional<core::VenueTime> Session::Impl::opening_of(const SymbolCode& symbol,
                                                         const Now& now) const {
  const auto at = hours.hours.find(symbol);
  const auto time = venue_now(now);
  if (at == hours.hours.end() || !at->second.is_closed(time)) return std::nullopt;
  return at->second.opens(time);
}

/// A closed market is asked for again at its opening, not before and not long after.
void Session::Impl::wait_for_opening(Task& task, const Now& now) {
  for (const auto& stream : symbols) {
    if (&task != &stream.task && &task != &stream.history) continue;
    const auto opens = opening_of(stream.symbol, now);
    if (!opens) continue;
    const Duration wait = *opens - venue_now(now) + seconds(1);
    task.not_before = now.instant + std::min(wait, kLongestSymbolRetry);
    hours.opening = hours.opening ? std::min(*hours.opening, *opens) : *opens;
  }
}

/// The venue's time moves as the venue likes: what waits for an opening goes by it, not by ours.
void Session::Impl::open_markets(core::VenueTime time) {
  if (!hours.opening || time < *hours.opening) return;
  hours.opening.reset();
  for (auto& stream : symbols) {
    if (stream.task.wanted()) stream.task.not_before = {};
  }
  work = true;
}

}  // namespace derivd::deriv
