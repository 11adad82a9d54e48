#include "deriv/market_questions.hpp"

#include <algorithm>
#include <utility>

namespace derivd::deriv {

using market::kSecondsOfDay;
using market::SymbolCode;

void MarketQuestions::want_offerings(const SymbolCode& symbol) {
  const auto at = std::ranges::find(offerings_, symbol, &Offerings::symbol);
  if (at == offerings_.end()) {
    if (offerings_.size() >= kMost || !is_symbol(symbol)) return;
    offerings_.push_back({symbol, {}, {}});
    offerings_.back().task.want();
  } else if (at->task.phase == Task::Phase::kIdle) {
    at->task.want();
  }
}

void MarketQuestions::pump_offerings(Requests& requests, const core::Now& now) {
  for (auto& wanted : offerings_) {
    if (!requests.due(wanted.task, Call::kOfferings, now)) continue;
    requests.ask(wanted.task, Call::kOfferings, 0, now, &Encoder::contracts_for, wanted.symbol);
  }
}

MarketQuestions::Offerings* MarketQuestions::asked_with(std::int64_t req_id) {
  const auto at =
      std::ranges::find(offerings_, req_id, [](const Offerings& o) { return o.task.req_id; });
  return at == offerings_.end() ? nullptr : &*at;
}

std::optional<SymbolCode> MarketQuestions::offerings_answered(std::int64_t req_id,
                                                              core::Instant now) {
  auto* asked = asked_with(req_id);
  if (asked == nullptr) return std::nullopt;
  asked->answered = now;
  return asked->symbol;
}

std::optional<SymbolCode> MarketQuestions::offerings_refused(std::int64_t req_id) {
  auto* asked = asked_with(req_id);
  if (asked == nullptr) return std::nullopt;
  asked->task.phase = Task::Phase::kDone;
  return asked->symbol;
}

void MarketQuestions::pump_hours(Requests& requests, core::VenueTime time, const core::Now& now) {
  if (days_task_.phase == Task::Phase::kIdle) days_task_.want();
  if (!requests.due(days_task_, Call::kTradingTimes, now)) return;
  const core::VenueTime today{time.s / kSecondsOfDay * kSecondsOfDay};
  if (first_ != today) {
    first_ = today;
    days_ = 0;
    hours_.clear();
  }
  requests.ask(days_task_, Call::kTradingTimes, 0, now, &Encoder::trading_times,
               core::VenueTime{first_.s + days_ * kSecondsOfDay});
}

MarketQuestions::DayTaken MarketQuestions::take_day(TradingTimesPayload& day, const Symbols& of,
                                                    core::VenueTime time, const core::Now& now) {
  DayTaken out;
  const core::VenueTime midnight{first_.s + days_ * kSecondsOfDay};
  ++days_;
  for (auto& row : day.rows) {
    if (std::ranges::find(of, row.symbol) == of.end()) continue;
    row.day.midnight = midnight;
    if (hours_[row.symbol].add(row.day)) continue;
    hours_.erase(row.symbol);
    out.senseless.push_back(row.symbol);
  }
  bool more = days_ < kFewestDays;
  for (const auto& [symbol, known] : hours_) more |= !known.opens(time);
  out.whole = !more || days_ >= kMostDays;
  days_task_.want();
  if (out.whole) {
    // Again when the venue's next day begins.
    const auto left = kSecondsOfDay - time.s % kSecondsOfDay;
    days_task_.not_before = now.instant + std::chrono::seconds(left + 1);
  }
  return out;
}

std::optional<core::VenueTime> MarketQuestions::opening_of(const SymbolCode& symbol,
                                                           core::VenueTime time) const {
  const auto at = hours_.find(symbol);
  if (at == hours_.end() || !at->second.is_closed(time)) return std::nullopt;
  return at->second.opens(time);
}

void MarketQuestions::wait_for(core::VenueTime opening) {
  opening_ = opening_ ? std::min(*opening_, opening) : opening;
}

bool MarketQuestions::opens(core::VenueTime time) {
  if (!opening_ || time < *opening_) return false;
  opening_.reset();
  return true;
}

void MarketQuestions::renew(bool new_link, core::Instant now) {
  for (auto& wanted : offerings_) {
    const bool fresh = wanted.answered && now - *wanted.answered < kOfferingsLast;
    if (!fresh && (new_link || wanted.task.phase != Task::Phase::kAsked)) wanted.task.want();
  }
  first_ = {};
  days_ = 0;
  days_task_ = {};
}

Task* MarketQuestions::find(std::int64_t req_id) {
  if (auto* asked = asked_with(req_id)) return &asked->task;
  return days_task_.req_id == req_id ? &days_task_ : nullptr;
}

}  // namespace derivd::deriv
