#include "deriv/symbol_streams.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"

namespace derivd::deriv {
namespace {

// History asked for beyond the known gap: ticks that fall between request and answer.
constexpr std::int64_t kHistoryMargin = 5;

}  // namespace

SymbolStream::SymbolStream(const market::SymbolCode& symbol, core::Duration interval,
                           core::Instant now)
    : symbol_(symbol), expected_from_(now), interval_(interval) {
  task.want();
}

SymbolStream::Place SymbolStream::place_of(core::VenueTime epoch) {
  if (!has_seen(epoch)) return Place::kNew;
  if (epoch == *last_epoch_) return Place::kSeen;
  return ++stale_run_ < kMaxStaleRun ? Place::kSeen : Place::kBack;
}

SymbolStream::Taken SymbolStream::take(core::VenueTime epoch, core::Instant now) {
  const Taken taken{now - waits_since(), std::exchange(told_silent_, false)};
  stale_run_ = 0;
  last_epoch_ = epoch;
  last_tick_ = now;
  return taken;
}

void SymbolStream::take_past(core::VenueTime epoch) {
  DERIVD_CHECK(!has_seen(epoch), "the union of all links has no tick twice");
  last_epoch_ = epoch;
}

bool SymbolStream::went_back(std::optional<core::VenueTime> told) {
  const bool back = std::exchange(new_link_, false) && last_epoch_ && told &&
                    *told + kClockWentBack < *last_epoch_;
  if (back) last_epoch_.reset();
  return back;
}

std::size_t SymbolStream::history_for(std::size_t fewest, core::VenueTime clock) const {
  auto count = static_cast<std::int64_t>(fewest);
  if (const auto from = last_epoch_ ? last_epoch_ : wanted_from) {
    const auto interval = std::max<std::int64_t>(interval_ / std::chrono::seconds(1), 1);
    const auto gap = (clock - *from).count() / interval;
    if (gap > 0) count = std::max(count, gap + kHistoryMargin);
  }
  return static_cast<std::size_t>(std::min<std::int64_t>(count, kMaxHistory));
}

void SymbolStream::heard(core::Instant now) {
  if (!silent_ && !excused_) {
    const auto pause = std::min(now - quiet_from_, kLongestCadence);
    cadence_ = std::max(pause, cadence_ - cadence_ / 8);
  }
  quiet_from_ = now;
  excused_ = false;
  silent_ = false;
  silent_wait_ = kSilentAfter;
}

core::Duration SymbolStream::late_after() const {
  const auto cadence = interval_ > core::Duration{} ? interval_ : cadence_;
  if (cadence == core::Duration{}) return kUnknownLate;
  return std::min(kLateIntervals * cadence + kLateGrace, kLongestLate);
}

void SymbolStream::excuse_if_late(core::Instant now) {
  if (task.done() && now - quiet_from_ >= late_after()) excused_ = true;
}

std::optional<StreamId> SymbolStream::lost_by_silence(core::Instant now) {
  if (!task.done() || now - quiet_from_ < silent_wait_) return std::nullopt;
  silent_ = true;
  quiet_from_ = now;
  silent_wait_ = std::min(silent_wait_ * 2, kLongestSilentWait);
  task.want();
  return std::exchange(id, {});
}

std::optional<core::Instant> SymbolStream::lost_by_silence_at() const {
  return task.done() ? std::optional(quiet_from_ + silent_wait_) : std::nullopt;
}

core::Instant SymbolStream::waits_since() const {
  return std::max(last_tick_.value_or(expected_from_), expected_from_);
}

std::optional<core::Duration> SymbolStream::falls_silent(core::Instant now) {
  const auto pause = now - waits_since();
  if (told_silent_ || pause < kSilentAfter) return std::nullopt;
  told_silent_ = true;
  return pause;
}

std::optional<core::Instant> SymbolStream::falls_silent_at() const {
  return told_silent_ ? std::nullopt : std::optional(waits_since() + kSilentAfter);
}

TickAge SymbolStream::age(core::Instant now, bool has_link) const {
  return {symbol_, now - last_tick_.value_or(expected_from_), last_tick_.has_value(),
          has_link && now - waits_since() >= late_after()};
}

void SymbolStream::restart(core::Instant now) {
  task.want();
  history = {};
  id = {};
  silent_ = false;
  excused_ = false;
  silent_wait_ = kSilentAfter;
  stale_run_ = 0;
  new_link_ = true;
  expected_from_ = now;
}

SymbolStream* SymbolStreams::find(std::string_view symbol) {
  for (auto& stream : streams_) {
    if (stream.symbol() == symbol) return &stream;
  }
  return nullptr;
}

SymbolStream* SymbolStreams::find_asked(std::int64_t req_id) {
  for (auto& stream : streams_) {
    if (stream.task.req_id == req_id || stream.history.req_id == req_id) return &stream;
  }
  return nullptr;
}

Task* SymbolStreams::find_task(std::int64_t req_id) {
  auto* stream = find_asked(req_id);
  if (stream == nullptr) return nullptr;
  return stream->task.req_id == req_id ? &stream->task : &stream->history;
}

SymbolStreams::Change SymbolStreams::set(const std::vector<market::SymbolCode>& wanted,
                                         std::size_t history, core::Instant now) {
  Change change;
  history_ = std::min(history, kMaxHistory);
  std::erase_if(streams_, [&](const SymbolStream& stream) {
    if (std::ranges::find(wanted, stream.symbol()) != wanted.end()) return false;
    change.forgotten.push_back(stream.id);
    return true;
  });
  for (const auto& symbol : wanted) {
    if (find(symbol) != nullptr) continue;
    if (!is_symbol(symbol) || streams_.size() >= kMost) {
      change.refused.push_back(symbol);
      continue;
    }
    const auto* info = market::find_symbol(symbol);
    streams_.emplace_back(symbol, std::chrono::seconds(info ? info->interval_s : 0), now);
    change.added.push_back(symbol);
  }
  return change;
}

void SymbolStreams::restart(core::Instant now) {
  for (auto& stream : streams_) stream.restart(now);
}

void SymbolStreams::pump(Requests& requests, const VenueClock& clock, const core::Now& now) {
  const auto time = std::max(clock.told().value_or(now.venue), clock.shown().value_or(now.venue));
  for (auto& stream : streams_) {
    const auto count = stream.history_for(history_, time);
    const auto call = count > 0 ? Call::kHistory : Call::kTicks;
    if (requests.due(stream.task, call, now)) {
      if (call == Call::kHistory) {
        requests.ask(stream.task, call, 0, now, &Encoder::ticks_history, stream.symbol(), count,
                     true);
      } else {
        requests.ask(stream.task, call, 0, now, &Encoder::ticks, stream.symbol());
      }
    }
    if (requests.due(stream.history, Call::kHistoryOnly, now)) {
      requests.ask(stream.history, Call::kHistoryOnly, 0, now, &Encoder::ticks_history,
                   stream.symbol(), std::max<std::size_t>(count, 1), false);
    }
  }
}

core::Duration SymbolStreams::quiet_limit(core::Duration longest) const {
  auto limit = longest;
  for (const auto& stream : streams_) {
    if (stream.is_ticking()) limit = std::min(limit, stream.late_after());
  }
  return limit;
}

std::optional<SymbolStreams::Silence> SymbolStreams::falls_silent(core::Instant now) {
  for (auto& stream : streams_) {
    if (const auto pause = stream.falls_silent(now)) return Silence{stream.symbol(), *pause};
  }
  return std::nullopt;
}

std::optional<core::Instant> SymbolStreams::next_deadline(bool tells_silence) const {
  std::optional<core::Instant> next;
  const auto earlier = [&](std::optional<core::Instant> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const auto& stream : streams_) {
    earlier(stream.lost_by_silence_at());
    if (tells_silence) earlier(stream.falls_silent_at());
  }
  return next;
}

}  // namespace derivd::deriv
