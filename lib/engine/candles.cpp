// Candles that a strategy begins with: asked of the venue when it begins, and again after ticks
// were lost, so that its first decision is as right as its hundredth. Until they come it enters
// nothing, for a bounded time.
//
// The venue's latest candle still grows, and ticks that we know may be in it already. Its open is
// kept, a high or low counts once however often it is pushed, and a tick of before it is left out.
#include "engine/candles.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/impl.hpp"
#include "rules/candle.hpp"
#include "script/lengths.hpp"

namespace derivd::engine {

using core::EventKind;
using Length = CandlePast::Length;
using State = CandlePast::State;

namespace {

/// A market that closes has fewer candles in a span than the span has room for: nights, weekends
/// and holidays are asked over.
constexpr std::int64_t kOpenHoursShare = 4;
constexpr std::int64_t kHolidays = 5 * std::int64_t{86'400};

constexpr std::string_view kNotAsked =
    "the venue keeps no candles of which such ones could be made up";

/// Where candles are asked from: `count` of them before the one that grows now.
core::VenueTime begin_of(const rules::CandleNeed& need, std::int32_t of,
                         const market::SymbolInfo& symbol, core::VenueTime now) {
  const std::int64_t seconds = need.where.seconds;
  const auto most = std::max<std::int64_t>(1, (market::kMostCandles - 2) * of / seconds);
  const auto count = std::min(need.count, most);
  auto span = count * seconds;
  if (!symbol.is_synthetic()) span = span * kOpenHoursShare + kHolidays;
  return {std::max<std::int64_t>(0, (now.s - span) / seconds * seconds)};
}

rules::Candle::Closed closed_of(const market::CandleRow& row) {
  return {{row.open, row.high, row.low, row.close}, row.begins};
}

}  // namespace

bool CandlePast::is_answered() const {
  return std::ranges::all_of(lengths, [](const Length& l) { return l.answered; });
}

std::vector<market::CandleRow> join(const std::vector<market::CandleRow>& rows,
                                    std::int32_t seconds) {
  std::vector<market::CandleRow> out;
  for (const auto& row : rows) {
    const core::VenueTime begins{row.begins.s / seconds * seconds};
    // The first one may have begun before the first row.
    if (out.empty() && row.begins != begins) continue;
    if (out.empty() || out.back().begins != begins) {
      out.push_back(row);
      out.back().begins = begins;
      continue;
    }
    auto& whole = out.back();
    whole.high = std::max(whole.high, row.high);
    whole.low = std::min(whole.low, row.low);
    whole.close = row.close;
  }
  return out;
}

std::vector<rules::CandleNeed> Engine::Impl::candle_needs(const Slot& slot) {
  const auto& s = slot.settings;
  if (!slot.is_scripted()) return slot.strategy->candle_needs();
  std::vector<rules::CandleNeed> out;
  const auto lengths = script::lengths_in(s.script.text, s.rules.candles);
  for (const auto where : lengths) out.push_back({where, script::kPastCandles});
  // Which symbol a length is asked of is known when the program runs: of each, as far as there is
  // room, in the order of `watch:`.
  for (const auto& symbol : s.watch) {
    for (const auto where : lengths) {
      if (out.size() < rules::kMaxSeries) out.push_back({where, script::kPastCandles, symbol});
    }
  }
  return out;
}

/// Asks for what the strategy needs; false: it needs nothing.
bool Engine::Impl::ask_candles(Slot& slot) {
  auto& past = slot.candles;
  past = {};
  if (!audience.candles || !slot.wants_past) return false;
  const auto needs = candle_needs(slot);
  if (needs.empty()) return false;
  for (const auto& need : needs) {
    auto& length = past.lengths.emplace_back();
    length.need = need;
    const bool is_own = need.symbol.empty();
    length.symbol = is_own ? slot.settings.symbol : need.symbol;
    const auto symbol = is_own ? symbol_of(slot.settings) : settings.symbols.get(need.symbol);
    const auto latest = candles_until(slot, length.symbol);
    length.of = market::venue_candle_for(need.where.seconds);
    length.from = begin_of(need, length.of == 0 ? 1 : length.of, symbol, latest);
    length.answered = length.of == 0;
    if (length.answered) length.refusal = core::Text::truncated(kNotAsked);
  }
  // Lengths that are made of the same candles are answered together.
  for (auto& length : past.lengths) {
    for (const auto& other : past.lengths) {
      const bool together = other.of == length.of && other.symbol == length.symbol;
      if (together) length.from = std::min(length.from, other.from);
    }
  }
  for (auto& length : past.lengths) {
    if (!length.answered) length.from = ask_candles(length.symbol, length.of, length.from);
  }
  return true;
}

/// By the symbol's own ticks, not by our clock: a venue that was set back has none of later. Where
/// none is known of a watched symbol, by those of the strategy's own.
core::VenueTime Engine::Impl::candles_until(const Slot& slot, const market::SymbolCode& symbol) {
  const auto* feed = find_feed(symbol);
  if (feed == nullptr || !feed->last()) feed = find_feed(slot.settings.symbol);
  return feed == nullptr ? venue_time() : feed->last_epoch();
}

/// Once for all strategies that need them; where the answer will begin.
core::VenueTime Engine::Impl::ask_candles(const market::SymbolCode& symbol, std::int32_t seconds,
                                          core::VenueTime from) {
  const auto asked = std::ranges::find_if(candle_asks, [&](const AskCandles& a) {
    return a.symbol == symbol && a.seconds == seconds && a.from <= from;
  });
  if (asked != candle_asks.end()) return asked->from;
  candle_asks.push_back({symbol, seconds, from});
  out->push_back(candle_asks.back());
  return from;
}

/// At the first tick of a strategy that has no past: true while it waits for the venue's candles.
bool Engine::Impl::awaits_candles(Slot& slot) {
  auto& past = slot.candles;
  if (past.is_waiting()) return true;
  if (!ask_candles(slot) || past.is_answered()) {
    past.state = State::kBegun;
    return false;
  }
  past.state = State::kWaiting;
  past.until = now.instant + kCandlesWait;
  return true;
}

void Engine::Impl::candles(const CandlesReply& reply) {
  std::erase_if(candle_asks, [&](const AskCandles& a) {
    return a.symbol == reply.symbol && a.seconds == reply.seconds && a.from == reply.from;
  });
  for (const auto& slot : slots) {
    if (!slot->runs()) continue;
    bool its = false;
    for (auto& length : slot->candles.lengths) {
      if (length.answered || length.symbol != reply.symbol) continue;
      if (length.of != reply.seconds || length.from != reply.from) continue;
      its = true;
      take_candles(*slot, length, reply);
    }
    if (its && slot->candles.is_answered()) begin_with_candles(*slot);
  }
}

void Engine::Impl::take_candles(Slot& slot, Length& length, const CandlesReply& reply) {
  length.answered = true;
  length.refusal = reply.refusal;
  length.decimals = reply.decimals;
  if (!reply.rows.empty())
    length.reaches = reply.rows.back().begins + std::chrono::seconds(length.of);
  length.rows = join(reply.rows, length.need.where.seconds);
  if (length.refusal.empty()) return;
  auto e = event(EventKind::kTickGap, slot);
  e.reason = length.refusal;
  e.text = core::Text::truncated(
      fmt::format("{}: the venue gives no past candles of {}{}{} ({}): they begin with the ticks "
                  "that are known",
                  slot.name(), length.need.symbol, length.need.symbol.empty() ? "" : " of ",
                  rules::to_string(length.need.where), length.refusal));
  tell(e);
}

/// Candles that do not join the ticks that are known would leave a hole between.
void Engine::Impl::check_join(Length& length, const Feed* known) {
  if (length.rows.empty()) return;
  if (known == nullptr || !known->last()) {
    length.refusal = "no tick of the symbol is known yet";
    length.rows.clear();
    return;
  }
  const auto& feed = *known;
  if (length.reaches <= feed.past_since()) {
    length.refusal =
        core::Text::truncated(fmt::format("the venue's last one ends at {}, the ticks begin at {}",
                                          length.reaches.s, feed.past_since().s));
  } else if (length.decimals != feed.last()->quote.decimals()) {
    length.refusal = "the venue's have other decimals than its ticks";
  } else {
    return;
  }
  length.rows.clear();
}

/// What is known of ticks goes through the strategy again, on top of the candles.
void Engine::Impl::begin_with_candles(Slot& slot) {
  auto& past = slot.candles;
  const auto* feed = find_feed(slot.settings.symbol);
  if (feed == nullptr || !feed->last()) {
    past = {};
    return;
  }
  past.state = State::kBegun;
  // A program goes on meanwhile: its own course is no counter that begins anew.
  const bool goes_on = slot.program != nullptr && slot.last_epoch.s != 0;
  if (slot.program == nullptr) forget_ticks(slot);
  for (auto& length : past.lengths) {
    check_join(length, find_feed(length.symbol));
    hand_over(slot, length);
  }
  if (goes_on) {
    feed->each_known([&](const market::Tick& tick) { slot.program->candle_tick(tick); });
    return;
  }
  if (slot.wants_own) slot.strategy->see(own(slot));
  if (!slot.lanes.empty()) {
    replay(slot, *feed, true);
  } else {
    feed->each_known([&](const market::Tick& tick) {
      if (slot.program != nullptr) return slot.program->past_tick(tick);
      if (slot.script_run != 0) feed_script(slot, tick, tick, true);
      slot.strategy->on_tick(tick);
    });
  }
  slot.last_epoch = feed->last_epoch();
  slot.behind = 0;
  append_slot(slot);
}

void Engine::Impl::hand_over(Slot& slot, Length& length) {
  if (length.rows.empty()) return;
  length.count = static_cast<std::int64_t>(length.rows.size());
  length.since = length.rows.front().begins;
  std::vector<rules::Candle::Closed> candles;
  candles.reserve(length.rows.size());
  for (const auto& row : length.rows) candles.push_back(closed_of(row));
  // A late answer begins the others anew with it; a program keeps what it was given.
  if (slot.program != nullptr || slot.candles.is_answered()) length.rows = {};
  const auto& watched = length.need.symbol;
  if (watched.empty()) {
    slot.strategy->begin_candles(length.need.where, candles);
  } else {
    slot.strategy->begin_watched(watched, length.decimals, length.need.where, candles);
  }
  if (slot.script_run == 0) return;
  const auto lane = std::ranges::find(slot.lanes, watched, &WatchLane::symbol);
  const auto place = watched.empty() ? 0 : lane - slot.lanes.begin() + 1;
  for (const auto& part : script::past_candles(length.need.where, length.decimals, candles,
                                               static_cast<std::uint8_t>(place))) {
    out->push_back(FeedScript{slot.name(), slot.script_run, part});
  }
}

std::optional<core::Instant> Engine::Impl::candles_deadline() const {
  std::optional<core::Instant> next;
  for (const auto& slot : slots) {
    if (!slot->runs() || !slot->candles.is_waiting()) continue;
    if (!next || slot->candles.until < *next) next = slot->candles.until;
  }
  return next;
}

/// An answer that comes later still makes them right.
void Engine::Impl::end_candle_waits() {
  for (const auto& slot : slots) {
    if (!slot->runs() || !slot->candles.is_waiting()) continue;
    if (slot->candles.until > now.instant) continue;
    auto e = event(EventKind::kTickGap, *slot);
    e.reason = "the venue does not answer";
    e.text = core::Text::truncated(
        fmt::format("{}: the venue did not answer for its past candles within {} s: they begin "
                    "with the ticks that are known",
                    slot->name(), kCandlesWait / std::chrono::seconds(1)));
    tell(e);
    begin_with_candles(*slot);
  }
}

std::vector<CandleView> Engine::candles(std::string_view strategy) const {
  std::vector<CandleView> out;
  const auto* slot = impl_->find_slot(strategy);
  if (slot == nullptr) return out;
  for (const auto& length : slot->candles.lengths) {
    auto& view = out.emplace_back();
    view.symbol = length.need.symbol;
    view.length = length.need.where;
    view.of.seconds = length.of;
    view.refusal = length.refusal;
    view.count = length.count;
    if (length.count > 0) view.since = length.since;
    view.source = !length.answered ? "asked" : length.count > 0 ? "venue" : "ticks";
  }
  return out;
}

bool Engine::awaits_candles(std::string_view strategy) const {
  const auto* slot = impl_->find_slot(strategy);
  return slot != nullptr && slot->runs() && slot->candles.is_waiting();
}

void Engine::on_candles(const CandlesReply& reply, const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  impl_->candles(reply);
  impl_->run_programs();
}

}  // namespace derivd::engine
