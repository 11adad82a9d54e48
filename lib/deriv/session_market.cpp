// What Session asks about the market: offers, days and hours, and what it does with an opening.
#include <fmt/format.h>

#include <algorithm>

#include "deriv/session_impl.hpp"

namespace derivd::deriv {

std::vector<market::SymbolCode> Session::Impl::hours_wanted() const {
  auto out = questions.hours_wanted();
  if (!settings.asks_market) return out;
  for (const auto& stream : symbols) {
    if (known.has_hours(stream.symbol())) out.push_back(stream.symbol());
  }
  return out;
}

void Session::Impl::renew_market(const Now& now) {
  questions.renew(state == SessionState::kSyncing, now.instant);
  requests.want();
}

void Session::Impl::on_symbol_list(const Now&) {
  if (!on_trial()) listener.tell(fact::Symbols{known.rows()});
}

void Session::Impl::pump_market(const Now& now) {
  if (state != SessionState::kLive) return;
  questions.pump_offerings(requests, now);
  if (!hours_wanted().empty()) questions.pump_hours(requests, venue_clock.at(now), now);
}

void Session::Impl::on_offerings(const Pending& asked, OfferingsPayload& payload, const Now& now) {
  const auto symbol = questions.offerings_answered(asked.req_id, now.instant);
  if (!symbol) return;
  payload.offerings.asked = venue_clock.at(now);
  listener.tell(fact::Offerings{*symbol, payload.offerings});
}

void Session::Impl::refuse_offerings(const Pending& asked, std::string_view code,
                                     std::string_view why) {
  const auto symbol = questions.offerings_refused(asked.req_id);
  if (symbol) listener.tell(fact::OfferingsRefused{*symbol, code, why});
}

void Session::Impl::on_trading_times(TradingTimesPayload& payload, const Now& now) {
  const auto day = questions.take_day(payload, hours_wanted(), venue_clock.at(now), now);
  for (const auto& symbol : day.senseless) {
    notice_once(core::EventKind::kFrameRefused, fmt::format("hours/{}", symbol),
                fmt::format("the trading times of {} make no sense, and are left out", symbol));
  }
  if (day.whole) {
    const auto told = questions.hours();  // a listener may change the set
    for (const auto& [symbol, hours] : told) listener.tell(fact::Hours{symbol, hours});
  }
  requests.want();
}

/// A closed market is asked for again at its opening, not before and not long after.
void Session::Impl::wait_for_opening(Task& task, const Now& now) {
  const auto* stream = symbols.find_asked(task.req_id);
  if (stream == nullptr) return;
  const auto time = venue_clock.at(now);
  const auto opens = questions.opening_of(stream->symbol(), time);
  if (!opens) return;
  const Duration wait = *opens - time + seconds(1);
  task.not_before = now.instant + std::min(wait, kLongestSymbolRetry);
  questions.wait_for(*opens);
}

void Session::Impl::open_markets(core::VenueTime time) {
  if (!questions.opens(time)) return;
  for (auto& stream : symbols) {
    if (stream.task.wanted()) stream.task.not_before = {};
  }
  requests.want();
}

}  // namespace derivd::deriv
