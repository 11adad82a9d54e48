// Strategies with `virtual:`: signals that are followed with ticks instead of money, and when it is
// money's turn.
#include <fmt/format.h>

#include "core/counted.hpp"
#include "engine/impl.hpp"
#include "engine/spec.hpp"

namespace derivd::engine {

namespace {

/// A virtual contract has the plan's base for its stake. What it would pay is nobody's business:
/// whether it wins is asked, and this much more than its stake is a win.
market::Purchase pretended(core::Money base, const market::Tick& tick) {
  return {tick.epoch, base, base + base, tick};
}

}  // namespace

std::string hook_text(const VirtualHook& hook, const HookState& state) {
  if (!state.real) {
    return fmt::format("virtual: {} of {} in a row{}", state.losses,
                       core::counted(hook.losses, "loss", "losses"),
                       state.open ? ", one is open" : "");
  }
  if (hook.until_win) return fmt::format("real until one wins: {} bought", state.bought);
  return fmt::format("real: {} of {} bought", state.bought, hook.trades);
}

bool Engine::Impl::stays_virtual(Slot& slot, const strategy::Signal& signal,
                                 const market::Tick& tick, std::int64_t turn) {
  const auto& hook = *slot.settings.hook;
  auto& state = slot.hook;
  if (state.real) {
    if (hook.until_win || state.bought + unbought(slot) < hook.trades) return false;
    if (!is_flat(slot)) {
      drop(slot, "its real trades are bought, and virtual ones follow when they have settled");
      return true;
    }
    // The configuration allows fewer than before, and no settlement comes that would end them.
    state = {};
    append_slot(slot);
  }
  if (!is_flat(slot)) {
    drop(slot, "a real contract of it is still open: nothing is followed virtually before its end");
  } else if (state.open) {
    drop(slot, "a virtual contract of it is open");
  } else if (const auto denied = forbids_virtual(slot, turn)) {
    drop(slot, *denied);
  } else if (const auto* feed = find_feed(slot.settings.symbol);
             feed != nullptr && tick.epoch < feed->last_epoch()) {
    // It waited for an answer: how it would have gone meanwhile is not followed any more.
    drop(slot, "its tick has passed");
  } else {
    open_virtual(slot, signal, tick);
  }
  return true;
}

/// What stops the strategy itself. Limits of money and of numbers are those of purchases.
std::optional<risk::Denied> Engine::Impl::forbids_virtual(Slot& slot, std::int64_t turn) const {
  auto s = standing(slot, turn);
  s.open = s.trades_in_hour = 0;
  s.refused_until.reset();
  s.daily_profit_reached = false;
  s.group_holder = {};  // nothing of it is open, whatever it follows
  return risk::check_entry(s, slot.settings.session, slot.settings.guards, {});
}

/// Orders without an answer and signals that wait: they may become trades.
std::int64_t Engine::Impl::unbought(const Slot& slot) const {
  std::int64_t n = 0;
  for (const auto& [id, order] : ledger.exposed()) {
    n += order->strategy == slot.name() && order->state != execution::OrderState::kOpen ? 1 : 0;
  }
  for (const auto& w : waiting) n += w.slot == &slot ? 1 : 0;
  return n;
}

void Engine::Impl::open_virtual(Slot& slot, const strategy::Signal& signal,
                                const market::Tick& tick) {
  const auto spec = make_spec(slot.settings, signal, tick.quote.decimals());
  if (!spec) return drop(slot, spec.error().text);
  const auto symbol = symbol_of(slot.settings);
  slot.hook.open.emplace(*spec, pretended(slot.settings.staking.base, tick), &symbol);
  note(slot, DecisionView::Kind::kVirtual,
       fmt::format("followed without money; {}", hook_text(*slot.settings.hook, slot.hook)));
}

/// A contract of it is followed without money.
void Engine::Impl::feed_virtual(Slot& slot, const market::Tick& tick) {
  auto& open = *slot.hook.open;
  if (open.spec().symbol == tick.symbol && open.on_tick(tick)) end_virtual(slot);
}

void Engine::Impl::end_virtual(Slot& slot) {
  auto& state = slot.hook;
  const auto type = state.open->spec().type;
  const auto profit = state.open->ended()->pays - state.open->purchase().stake;
  state.open.reset();
  // A break-even is neither won nor lost, here too.
  if (profit.units() > 0) state.losses = 0;
  if (profit.units() < 0) ++state.losses;
  if (state.losses >= slot.settings.hook->losses) {
    state = {};
    state.real = true;
  }
  if (audience.people) {
    const auto how = profit.units() > 0 ? "won" : profit.units() < 0 ? "lost" : "broke even";
    slot.last_decision = core::Text::truncated(fmt::format(
        "a virtual {} {}; {}", market::name_of(type), how, hook_text(*slot.settings.hook, state)));
  }
  append_slot(slot);
}

/// Of which ticks are missing: nobody knows how it would have ended.
void Engine::Impl::drop_virtual() {
  for (const auto& slot : slots) slot->hook.open.reset();
}

void Engine::Impl::hook_settled(Slot& slot, core::Money profit) {
  if (!slot.settings.hook) return;
  const auto& hook = *slot.settings.hook;
  const bool is_over =
      hook.until_win ? profit.units() > 0 : slot.hook.bought >= hook.trades && is_flat(slot);
  if (is_over) slot.hook = {};
}

}  // namespace derivd::engine
