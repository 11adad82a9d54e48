// Other settings in a running engine: what holds at once, what waits, what goes.
#include <fmt/format.h>

#include <algorithm>

#include "engine/impl.hpp"

namespace derivd::engine {

using core::EventKind;

namespace {

const StrategySettings* find_settings(const Settings& settings, const core::Name& name) {
  const auto& all = settings.strategies;
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.name == name; });
  return at == all.end() ? nullptr : &*at;
}

/// Whether a strategy that runs sees the symbol's ticks.
bool is_heard(const Slot& slot, const market::SymbolCode& symbol) {
  return slot.runs() && (slot.settings.symbol == symbol || watches(slot.settings, symbol));
}

}  // namespace

void Engine::Impl::reconfigure(const Settings& wanted) {
  const auto day_starts = settings.limits.day_starts;  // the days booked so far begin there
  settings = wanted;
  settings.limits.day_starts = day_starts;
  tighten_limits();
  for (auto& slot : slots) {
    if (slot->configured && find_settings(settings, slot->name()) == nullptr) slot->retire();
  }
  auto before = std::move(slots);
  slots.clear();
  for (const auto& s : settings.strategies) {
    const auto known = std::find_if(before.begin(), before.end(), [&](const auto& slot) {
      return slot && slot->name() == s.name;
    });
    if (known == before.end()) {
      slots.push_back(std::make_unique<Slot>(s));
      if (day.is_known()) slots.back()->new_day(day.number());
    } else {
      slots.push_back(std::move(*known));
    }
  }
  for (auto& slot : before) {
    if (slot) slots.push_back(std::move(slot));
  }
  for (const auto& s : settings.strategies) adopt(*find_slot(s.name.view()), s);
  drop_stale_signals();
  latch_daily_profit();
  refresh_feeds();
  match_scripts();
}

void Engine::Impl::adopt(Slot& slot, const StrategySettings& wanted) {
  const auto saved = slot.plan ? slot.plan->save() : std::string{};
  const auto group = slot.group_mark;
  slot.pending.reset();
  if (!slot.plan || !slot.must_be_flat_for(wanted) || is_flat(slot)) {
    slot.take_over(wanted);
  } else {
    slot.take_live(wanted);
    slot.pending = wanted;
    change_waits = true;
  }
  if (slot.plan->save() != saved || slot.group_mark != group) append_slot(slot);
  if (!slot.halted && slot.session.target_reached(slot.settings.session)) {
    halt(slot, "take_profit",
         fmt::format("take_profit: {} of {} reached when the configuration changed",
                     slot.session.realised.to_string(),
                     slot.settings.session.take_profit->to_string()));
  }
}

// Of settings that hold no longer. Those that stay are asked again by the gate in any case.
void Engine::Impl::drop_stale_signals() {
  const auto stale = [](const Waiting& w) { return !w.slot->runs() || w.slot->pending; };
  for (const auto& w : waiting) {
    if (!stale(w)) continue;
    w.slot->wish = w.signal.wish;
    drop(*w.slot, "the configuration has changed");
  }
  if (std::erase_if(waiting, stale) > 0) release_waiting();
}

bool Engine::Impl::is_flat(const Slot& slot) const {
  const auto& exposed = ledger.exposed();
  return std::none_of(exposed.begin(), exposed.end(),
                      [&](const auto& e) { return e.second->strategy == slot.name(); }) &&
         std::none_of(waiting.begin(), waiting.end(),
                      [&](const Waiting& w) { return w.slot == &slot; });
}

bool Engine::Impl::is_needed(const market::SymbolCode& symbol) const {
  const auto& exposed = ledger.exposed();
  return std::any_of(slots.begin(), slots.end(),
                     [&](const auto& slot) { return is_heard(*slot, symbol); }) ||
         std::any_of(exposed.begin(), exposed.end(),
                     [&](const auto& e) { return e.second->spec.symbol == symbol; }) ||
         // Settled, and our own recomputation still waits for ticks.
         std::any_of(verifying.begin(), verifying.end(), [&](core::OrderId id) {
           const auto* order = ledger.find(id);
           return order != nullptr && order->spec.symbol == symbol;
         });
}

void Engine::Impl::refresh_feeds() {
  const auto is_gone = [&](const auto& feed) { return !is_needed(feed->symbol()); };
  if (std::erase_if(feeds, is_gone) > 0) ++symbols_revision;
  spare_feeds = false;
  for (const auto& slot : slots) {
    if (!slot->runs()) continue;
    feed_for(slot->settings.symbol);
    for (const auto& symbol : slot->settings.watch) feed_for(symbol);
  }
  for (const auto& feed : feeds) {
    spare_feeds |= std::none_of(slots.begin(), slots.end(),
                                [&](const auto& slot) { return is_heard(*slot, feed->symbol()); });
  }
}

void Engine::Impl::take_over(Slot& slot) {
  slot.take_over(*slot.pending);
  slot.pending.reset();
  match_scripts();
  append_slot(slot);
  auto e = event(EventKind::kConfigChanged, slot);
  e.text = core::Text::truncated(
      fmt::format("{}: nothing of it is open, its changed configuration holds now", slot.name()));
  tell(e);
}

// Between two events: nothing of what a strategy decides in one of them mixes old with new.
void Engine::Impl::take_over_what_is_flat() {
  change_waits = false;
  for (const auto& slot : slots) {
    if (!slot->pending) continue;
    if (is_flat(*slot)) {
      take_over(*slot);
    } else {
      change_waits = true;
    }
  }
  refresh_feeds();
}

void Engine::reconfigure(const Settings& settings, const core::Now& now, Actions& out) {
  impl_->begin(now, out);
  impl_->reconfigure(settings);
  impl_->run_programs();
  impl_->check();
}

}  // namespace derivd::engine
