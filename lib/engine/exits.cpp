// The rules of `exit:` on open contracts: what the venue would pay now is its own word, never a
// model's; ticks are counted as they come. A rule that holds asks for the sale once, or for the
// cancellation of the deal where that pays more (sales.cpp); a refusal is told once and tried again
// at a later value, longer apart each time.
#include <fmt/format.h>

#include <algorithm>

#include "engine/impl.hpp"
#include "market/kind.hpp"
#include "market/multiplier.hpp"

namespace derivd::engine {

using core::EventKind;
using execution::Order;
using execution::OrderState;

namespace {

/// The record of a program or a script is long: the best value that they have seen is kept with it
/// not more often than this. A crash forgets as much of it.
constexpr std::chrono::seconds kKeepBest{10};

}  // namespace

void Engine::Impl::watch_exit(const Order& order) {
  if (order.state != OrderState::kOpen || !market::is_resold(order.spec)) return;
  const auto* slot = find_slot(order.strategy.view());
  // One that can be cancelled is looked at for whoever else may want to leave it.
  const bool wanted =
      slot != nullptr && (slot->settings.exit.any() || market::has_cancellation(order.spec));
  if (!wanted) return;
  const auto [it, first] = exits.try_emplace(order.id, order.purchase_time);
  const auto* feed = first ? find_feed(order.spec.symbol) : nullptr;
  if (feed == nullptr) return;
  auto& watch = it->second;
  feed->each_after(order.purchase_time,
                   [&watch](const market::Tick& tick) { watch.count(tick.epoch); });
}

/// What the venue says of an open contract. Of rules that a reload brought, from here on.
void Engine::Impl::exit_value(const Order& order, const execution::ContractReport& report) {
  watch_exit(order);
  const auto it = exits.find(order.id);
  if (it == exits.end()) return;
  auto& watch = it->second;
  auto& slot = slot_for(order.strategy);
  watch.value(!report.is_expired && report.can_sell.value_or(report.bid_price.has_value()),
              !report.is_expired && report.can_cancel);
  if (report.entry && watch.entry() != report.entry->epoch) {
    watch.enter(report.entry->epoch, find_feed(order.spec.symbol));
  }
  if (!watch.entry() || !report.bid_price) return;
  if (report.spot_time) watch.count(*report.spot_time);
  watch.bid(*report.bid_price);
  keep_best(slot, order, *report.bid_price);
  leave_if_due(slot, order, watch, report.bid_price);
}

void Engine::Impl::exit_tick(const market::Tick& tick, bool history) {
  for (auto& [id, watch] : exits) {
    const auto* order = ledger.find(id);
    if (order == nullptr || order->spec.symbol != tick.symbol) continue;
    watch.count(tick.epoch);
    if (const auto own = followers.find(id); !watch.entry() && own != followers.end()) {
      if (const auto entry = own->second.entry()) {
        watch.enter(entry->epoch, find_feed(tick.symbol));
      }
    }
    if (!watch.entry()) continue;
    // Its value of before says nothing of now: of the rules only the time can hold.
    if (!history) leave_if_due(slot_for(order->strategy), *order, watch, std::nullopt);
  }
}

/// A restart continues from the best value that was seen, not from that of the moment.
void Engine::Impl::keep_best(Slot& slot, const Order& order, core::Money bid) {
  const auto [best, first] = slot.best_bids.try_emplace(order.id, bid);
  if (!first && bid <= best->second) return;
  best->second = bid;
  if (!slot.settings.exit.trailing || !audience.journal) return;
  const bool is_long = slot.program != nullptr || slot.script_run != 0;
  if (is_long && venue_time() - slot.best_saved_at < kKeepBest) return;
  if (slot.program != nullptr && !slot.program->fits_journal(venue_ms(), slot.wishes)) return;
  slot.best_saved_at = venue_time();
  append_slot(slot);
}

void Engine::Impl::leave_if_due(Slot& slot, const Order& order, const ExitWatch& watch,
                                std::optional<core::Money> bid) {
  const auto& rules = slot.settings.exit;
  const bool may_leave = watch.can_sell() || pays_to_cancel(order);
  if (order.state != OrderState::kOpen || !rules.any() || !may_leave) return;
  if (!is_online || !reconciled || watch.waits(steady())) return;
  if (sales.has(order.contract)) return;
  risk::ExitView view{order.buy_price, bid, order.buy_price, watch.ticks(),
                      steady() - *watch.entry()};
  if (const auto best = slot.best_bids.find(order.id); best != slot.best_bids.end()) {
    view.best = best->second;
  }
  const auto rule = rules.held(view);
  if (!rule) return;
  const bool cancels = pays_to_cancel(order);
  if (!audience.journal && !audience.people) return ask_sale(order, {}, true);
  const auto why = risk::words_of(*rule, rules, view);
  ask_sale(order, why, true);
  const auto value =
      watch.bid() ? fmt::format(", worth {}", watch.bid()->to_string()) : std::string{};
  tell_exit(order, "asked", why,
            fmt::format("{} {} contract {} early: {}{}", slot.name(), cancels ? "cancels" : "sells",
                        order.contract.value, why, value));
}

void Engine::Impl::exit_refused(const Order& order, std::string_view why) {
  auto& watch = exits.try_emplace(order.id, order.purchase_time).first->second;
  watch.refuse(steady());
  if (watch.refusals() > 1) return;
  tell_exit(order, why == kNoAnswer ? "open" : "refused", why,
            fmt::format("contract {} was not sold: {}; asked again while its rule holds, at most "
                        "every {} s",
                        order.contract.value, why, kLongestSaleWait.count()));
}

void Engine::Impl::tell_exit(const Order& order, std::string_view state, std::string_view why,
                             std::string_view text) {
  if (!audience.people) return;
  auto e = event(EventKind::kEarlySale, order);
  e.state = core::ShortString<24>::truncated(state);
  e.reason = core::Text::truncated(why);
  e.text = core::Text::truncated(text);
  tell(e);
}

}  // namespace derivd::engine
