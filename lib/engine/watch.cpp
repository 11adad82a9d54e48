// Symbols that a strategy watches beside its own: when it hears of their ticks, what it begins
// with, and what happens when some of them are missing.
#include "engine/watch.hpp"

#include <algorithm>

#include "engine/impl.hpp"

namespace derivd::engine {
namespace {

/// A tick that was known before the strategy began; lane 0 is its own symbol's.
struct Known {
  market::Tick tick;
  std::size_t lane = 0;
};

}  // namespace

/// A tick of a symbol that it watches. Where ticks are missing before it, or the strategy has begun
/// without knowing any, the strategy begins anew with what the feeds know: its values are then
/// again those of one who heard every tick. A feed without a past is a back-test's, where none is
/// missing.
void Engine::Impl::watch_tick(Slot& slot, const Feed& feed, const market::Tick& tick,
                              Feed::Push push, bool history) {
  const auto lane = std::ranges::find(slot.lanes, tick.symbol, &WatchLane::symbol);
  if (lane == slot.lanes.end()) return;
  const auto before = std::exchange(lane->latest, tick.epoch);
  if (feed.keeps_past()) {
    if (slot.last_epoch.s == 0) return;  // it begins with what the feed knows
    // A history that comes behind own ticks of later seconds: candles of its seconds are closed.
    const bool late = history && tick.epoch < slot.last_epoch;
    const bool joined = !late && push != Feed::Push::kRestarted && before.s != 0 &&
                        feed.linked_since() <= before + std::chrono::seconds(feed.interval_s());
    if (!joined) {
      forget_ticks(slot);
      slot.last_epoch = {};
      slot.candles = {};
      return;
    }
  }
  hold_watched(slot, *lane, tick, history);
}

void Engine::Impl::hold_watched(Slot& slot, WatchLane& lane, const market::Tick& tick,
                                bool history) {
  // Nothing is made of it but a past: the own symbol is silent, or this is a history.
  if (const auto oldest = lane.push({tick, history})) tell_watched(slot, lane, oldest->tick, {});
}

/// Those of seconds before `until`, by second, of one second in the order of `watch:`.
void Engine::Impl::hand_watched(Slot& slot, core::VenueTime until, const market::Tick& proven,
                                bool history) {
  if (!history) slot.script_tick = proven;
  for (;;) {
    WatchLane* first = nullptr;
    for (auto& lane : slot.lanes) {
      if (lane.empty() || lane.front().tick.epoch >= until) continue;
      if (first == nullptr || lane.front().tick.epoch < first->front().tick.epoch) first = &lane;
    }
    if (first == nullptr) return;
    const auto next = first->pop();
    const bool is_past = history || next.is_history;
    tell_watched(slot, *first, next.tick, is_past ? std::nullopt : std::optional(proven));
  }
}

/// `proven`: the tick of its own symbol that it hears next, on which a wish would be bought; none:
/// the tick is of the past, and no wish comes of it.
void Engine::Impl::tell_watched(Slot& slot, const WatchLane& lane, const market::Tick& tick,
                                const std::optional<market::Tick>& proven) {
  slot.strategy->on_watched(tick);
  if (slot.script_run == 0) return;
  const auto place = static_cast<std::uint8_t>(&lane - slot.lanes.data() + 1);
  const auto mantissa = tick.quote.mantissa();
  const auto decimals = tick.quote.decimals();
  if (!proven || !slot.hears_watched) {
    out->push_back(FeedScript{slot.name(), slot.script_run,
                              script::PastTick{tick.epoch.s, mantissa, decimals, place}});
    return;
  }
  script::Event event;
  event.what = script::WatchedTick{tick.epoch.s, mantissa, decimals, place};
  ask_script(slot, std::move(event), {0, *proven, now.instant});
}

/// What is known of its own symbol before the tick at hand (or up to it, `with_last`) and of those
/// that it watches, in the order of their seconds; of one second its own comes first.
void Engine::Impl::replay(Slot& slot, const Feed& feed, bool with_last) {
  std::vector<Known> known;
  const auto own_tick = [&](const market::Tick& tick) { known.push_back({tick, 0}); };
  with_last ? feed.each_known(own_tick) : feed.each_past(own_tick);
  for (std::size_t i = 0; i < slot.lanes.size(); ++i) {
    auto& lane = slot.lanes[i];
    const auto* other = find_feed(lane.symbol());
    // Without a past the ticks so far are in the lane, or were handed over.
    if (other == nullptr || !other->keeps_past()) continue;
    lane.clear();
    lane.latest = other->last_epoch();
    other->each_known([&](const market::Tick& tick) { known.push_back({tick, i + 1}); });
  }
  std::ranges::stable_sort(known, {}, [](const Known& k) { return k.tick.epoch; });
  const auto own_last = feed.last_epoch();
  for (const auto& [tick, lane] : known) {
    if (lane > 0 && tick.epoch >= own_last) {
      hold_watched(slot, slot.lanes[lane - 1], tick, true);
    } else if (lane > 0) {
      tell_watched(slot, slot.lanes[lane - 1], tick, {});
    } else {
      if (slot.script_run != 0) feed_script(slot, tick, tick, true);
      slot.strategy->on_tick(tick);
    }
  }
}

bool watches(const StrategySettings& settings, const market::SymbolCode& symbol) {
  return std::ranges::find(settings.watch, symbol) != settings.watch.end();
}

}  // namespace derivd::engine
