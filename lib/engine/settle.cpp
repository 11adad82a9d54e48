// From the venue's answers and witnesses to booked results.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "engine/impl.hpp"
#include "execution/audit.hpp"
#include "market/multiplier.hpp"

namespace derivd::engine {

using core::EventKind;
using execution::OrderState;
using execution::TransactionReport;

namespace {

/// By a sale or a cancellation: no tick of its own ends it.
bool ended_early(const execution::Order& order) {
  return order.outcome == execution::Outcome::kSold ||
         order.outcome == execution::Outcome::kCancelled;
}

}  // namespace

void Engine::Impl::bought(core::OrderId id, const execution::Bought& bought) {
  const auto* order = ledger.find(id);
  const auto strange = [&](std::string_view what) {
    tell_foreign(bought.contract, fmt::format("order {}: {}", id.value, what));
  };
  if (order == nullptr) [[unlikely]]
    return strange("a purchase was answered for an order that is not known");
  const bool waits = order->state == OrderState::kIntended ||
                     order->state == OrderState::kUnknown || order->state == OrderState::kAbsent;
  if (!waits) [[unlikely]] {
    if (order->contract != bought.contract) strange("a second purchase was answered for it");
    return;
  }
  if (!bought.contract || ledger.is_ours(bought.contract)) [[unlikely]] {
    // It was bought, but not as what the answer says: evidence has to be found elsewhere.
    if (order->state != OrderState::kIntended) return;
    make_unknown(id, "answered with another's contract");
    return want_report();
  }
  const bool resolved = order->state != OrderState::kIntended;
  balance.bought(bought.buy_price, bought.balance_after, now.instant);
  opened(ledger.accept(id, bought), resolved);
  if (!waiting.empty()) [[unlikely]]
    release_waiting();
  flush_held();
}

void Engine::Impl::opened(const execution::Order& order, bool resolved) {
  if (order.purchase_time - venue_time() <= kMaxLead) observe(order.purchase_time);
  auto& slot = slot_for(order.strategy);
  slot.on_purchase(order.id, order.purchase_time, is_today(order.purchase_time));
  flights.erase(order.id);
  if (slot.program != nullptr) [[unlikely]]
    program_opened(slot, order);
  append_order(order);
  if (slot.program != nullptr) [[unlikely]]
    append_slot(slot);
  if (slot.refusals.row > 0) [[unlikely]]
    taken(slot);
  out->push_back(Watch{order.contract});
  if (audience.people) tell_opened(order, resolved);
  if (audience.journal || audience.people) follow(order);
  watch_exit(order);
  const auto contract = order.contract;
  if (held.size() > 0) [[unlikely]]
    replay_held(contract);
}

void Engine::Impl::tell_opened(const execution::Order& order, bool resolved) {
  auto e = event(resolved ? EventKind::kOrderResolved : EventKind::kContractBought, order);
  e.text = core::Text::truncated(fmt::format(
      "{}{} {} for {}{}, contract {}", resolved ? "found: " : "bought ",
      market::name_of(order.spec.type), order.spec.symbol.view(), order.buy_price.to_string(),
      order.payout ? fmt::format(", pays {}", order.payout->to_string()) : "",
      order.contract.value));
  tell(e);
}

// A second opinion for people and journal, and polls of a venue that is silent.
void Engine::Impl::follow(const execution::Order& order) {
  auto& feed = feed_for(order.spec.symbol);
  const auto interval = feed.interval_s() > 0 ? feed.interval_s() : 2;
  execution::Follower follower(order.spec, order.purchase_time, interval, now.instant);
  if (!feed.remembers(order.purchase_time)) follower.lose_ticks();
  feed.each_after(order.purchase_time,
                  [&](const market::Tick& tick) { follower.on_tick(tick, now.instant); });
  followers.insert_or_assign(order.id, std::move(follower));
}

void Engine::Impl::contract(const execution::ContractReport& report, execution::Witness witness) {
  const auto* order = ledger.find(report.contract);
  if (order == nullptr) [[unlikely]] {
    if (ledger.is_ours(report.contract) || flights.empty() || try_adopt(report)) return;
    return hold(ContractWitness{report, witness});
  }
  const auto settlement = execution::settlement_from(*order, report);
  if (!settlement) [[unlikely]] {
    exit_value(*order, report);
    return program_updated(*order, report, witness);
  }
  if (order->state != OrderState::kOpen) [[unlikely]]
    return later_witness(*order, *settlement, witness);
  // Before the link's first report others may have settled before this one.
  if (early.holds()) [[unlikely]]
    return early.hold(ContractWitness{report, witness});
  settle(order->id, *settlement, witness);
}

void Engine::Impl::transaction(const TransactionReport& report) {
  if (!report.transaction) return;  // the stream's first frame is empty
  transaction_contract(report);
  balance.show(report.balance);
}

void Engine::Impl::transaction_contract(const TransactionReport& report) {
  if (const auto* order = ledger.find(report.contract)) {
    const auto settlement = execution::settlement_from(*order, report);
    if (!settlement) return;
    if (order->state != OrderState::kOpen) {
      return later_witness(*order, *settlement, execution::Witness::kTransaction);
    }
    if (early.holds()) return early.hold(report);
    return settle(order->id, *settlement, execution::Witness::kTransaction);
  }
  if (!report.contract || ledger.is_ours(report.contract)) return;
  if (flights.empty()) {
    if (report.action == TransactionReport::Action::kBuy) {
      tell_foreign(report.contract, "bought on this account, not by us");
    }
    return;
  }
  // It may be the purchase that awaits its answer: the streams come in no fixed order.
  const auto units = std::abs(report.amount.units());
  for (const auto& [id, flight] : flights) {
    const auto& order = *ledger.find(id);
    if (order.state == OrderState::kUnknown && order.spec.symbol == report.symbol &&
        order.stake.units() == units && report.action == TransactionReport::Action::kBuy) {
      out->push_back(Poll{report.contract});  // tells its type and shortcode
      break;
    }
  }
  hold(report);
}

// A sale that we asked for: not every witness says so, and the price alone can look like another
// end (a resale at the stake, or at the whole payout).
execution::Settlement Engine::Impl::as_sold(core::OrderId id,
                                            const execution::Settlement& settlement) {
  const auto* order = ledger.find(id);
  const auto asked = sales.take(order->contract);
  if (!asked) return settlement;
  auto sale = settlement;
  if (asked->cancel) {
    // What it pays and the venue's word tell (execution/ledger.cpp); who pays late and says nothing
    // pays what was asked for.
    const bool refunded = sale.sell_price == market::stake_in(order->spec, order->stake);
    if (refunded && sale.outcome != execution::Outcome::kSold) {
      sale.outcome = execution::Outcome::kCancelled;
    }
    return sale;
  }
  if (asked->confirmed || sale.outcome == execution::Outcome::kBreakEven) {
    sale.outcome = execution::Outcome::kSold;
  }
  return sale;
}

void Engine::Impl::settle(core::OrderId id, const execution::Settlement& settlement,
                          execution::Witness witness) {
  if (settlement.time && *settlement.time - venue_time() <= kMaxLead) observe(*settlement.time);
  const auto& order = sales.empty()
                          ? ledger.settle(id, settlement, witness, venue_time())
                          : ledger.settle(id, as_sold(id, settlement), witness, venue_time());
  auto& slot = slot_for(order.strategy);
  if (!exits.empty()) [[unlikely]]
    exits.erase(id);
  std::optional<std::string> difference;
  if (!followers.empty()) difference = recount(id);
  const bool was_halted = slot.halted;
  balance.settled(order, now.instant);
  book(slot, order);
  append_order(order);
  if (slot.script_run != 0) [[unlikely]]
    tell_result(slot, order);
  if (audience.people) tell_settled(slot, order, witness);
  if (slot.halted && !was_halted) [[unlikely]]
    tell_halted(slot);
  if (difference) [[unlikely]]
    mismatch(order, *difference);
}

void Engine::Impl::tell_settled(const Slot& slot, const execution::Order& order,
                                execution::Witness witness) {
  auto e = event(EventKind::kContractSettled, order);
  e.reason = core::Text::truncated(execution::name_of(witness));
  e.text = core::Text::truncated(fmt::format(
      "contract {} {}: {}{} on {}, session {}", order.contract.value,
      execution::name_of(order.outcome), order.profit->units() > 0 ? "+" : "",
      order.profit->to_string(), order.buy_price.to_string(), slot.session.realised.to_string()));
  tell(e);
}

void Engine::Impl::book(Slot& slot, const execution::Order& order) {
  slot.on_settled(order, is_today(order.settled_time));
  if (slot.hook.real) [[unlikely]]
    hook_settled(slot, *order.profit);
  if (!slot.halted && slot.session.target_reached(slot.settings.session)) {
    latch_halt(slot, "take_profit",
               fmt::format("take_profit: {} of {} reached", slot.session.realised.to_string(),
                           slot.settings.session.take_profit->to_string()));
  }
  if (settings.limits.daily_profit) [[unlikely]]
    latch_daily_profit();
  if (slot.program != nullptr) [[unlikely]]
    program_ended(slot, order);
  append_slot(slot);
  if (audience.journal && day.is_known()) append_day();
}

// Our own result, once the ticks that we saw tell it. Also supplies entry and exit where the
// witness that settled had none.
std::optional<std::string> Engine::Impl::recount(core::OrderId id) {
  const auto it = followers.find(id);
  if (it == followers.end()) return std::nullopt;
  const auto& follower = it->second;
  if (ended_early(*ledger.find(id))) {
    // Where it would have ended is no part of it.
    ledger.complete(id, follower.entry(), std::nullopt);
    followers.erase(it);
    return std::nullopt;
  }
  if (follower.may_decide() && verifying.size() < kMaxVerifying) {
    verifying.push_back(id);
    return std::nullopt;
  }
  auto difference = follower.disagreement(*ledger.find(id));
  if (difference) ledger.mark_differs(id);
  ledger.complete(id, follower.entry(), follower.exit());
  followers.erase(it);
  return difference;
}

void Engine::Impl::verify(core::OrderId id) {
  const auto* order = ledger.find(id);
  if (order == nullptr) {
    followers.erase(id);
    return;
  }
  const bool was_complete = order->entry && order->exit;
  const auto difference = recount(id);
  if (difference || (!was_complete && order->entry && order->exit)) {
    append(execution::OrderRecord{*order});
  }
  if (difference) mismatch(*order, *difference);
}

// What a later witness says otherwise; empty: nothing. Entry and exit may be our own by now.
static std::string contradiction(const execution::Order& order,
                                 const execution::Settlement& settlement,
                                 execution::Witness witness) {
  const auto who = execution::name_of(witness);
  if (!execution::agrees(order, settlement)) {
    return fmt::format("{} says it was sold for {}, {} had said {}", who,
                       settlement.sell_price.to_string(), execution::name_of(order.witness),
                       order.sell_price.to_string());
  }
  if (ended_early(order)) return {};
  const auto other = [&](const char* what, const auto& ours, const auto& theirs) -> std::string {
    if (!ours || !theirs || execution::same_tick(*ours, *theirs)) return {};
    return fmt::format("{} says its {} was {} at {}, we have {} at {}", who, what,
                       theirs->quote.to_string(), theirs->epoch.s, ours->quote.to_string(),
                       ours->epoch.s);
  };
  auto text = other("entry", order.entry, settlement.entry);
  return text.empty() ? other("exit", order.exit, settlement.exit) : text;
}

void Engine::Impl::later_witness(const execution::Order& order,
                                 const execution::Settlement& settlement,
                                 execution::Witness witness) {
  if (order.state != OrderState::kSettled) return;
  const auto what = contradiction(order, settlement, witness);
  if (!what.empty()) {
    if (!order.recomputed_differs) append(execution::OrderRecord{ledger.mark_differs(order.id)});
    return mismatch(order, what);
  }
  if (ledger.complete(order.id, settlement.entry, settlement.exit)) {
    append(execution::OrderRecord{order});
  }
}

void Engine::Impl::mismatch(const execution::Order& order, std::string_view what) {
  if (!told_mismatch.insert(order.id).second) return;
  while (told_mismatch.size() > execution::Ledger::kKeepFinal) {
    told_mismatch.erase(told_mismatch.begin());
  }
  auto e = event(EventKind::kSettlementMismatch, order);
  e.reason = core::Text::truncated(what);
  e.text = core::Text::truncated(fmt::format("contract {}: {}", order.contract.value, what));
  tell(e);
}

void Engine::Impl::hold(Witnessed witness) {
  if (const auto gone = held.hold(std::move(witness))) tell_if_foreign(*gone);
}

/// One that was kept. The balance of a transaction was taken in when it came.
void Engine::Impl::hear(const Witnessed& witness) {
  if (const auto* c = std::get_if<ContractWitness>(&witness)) contract(c->report, c->witness);
  if (const auto* t = std::get_if<TransactionReport>(&witness)) transaction_contract(*t);
}

void Engine::Impl::replay_early() {
  for (const auto& witness : early.end()) hear(witness);
}

void Engine::Impl::replay_held(core::ContractId contract_id) {
  for (const auto& witness : held.take(contract_id)) hear(witness);
}

void Engine::Impl::tell_held() {
  for (const auto& witness : held.take_all()) tell_if_foreign(witness);
}

void Engine::Impl::tell_if_foreign(const Witnessed& witness) {
  const auto* report = std::get_if<TransactionReport>(&witness);
  if (report == nullptr || report->action != TransactionReport::Action::kBuy) return;
  if (ledger.is_ours(report->contract)) return;
  tell_foreign(report->contract, "bought on this account, not by us");
}

void Engine::Impl::tell_foreign(core::ContractId contract_id, std::string_view what) {
  if (!foreign.note(contract_id)) return;
  core::Event e;
  e.kind = EventKind::kForeignContract;
  e.contract_id = contract_id;
  e.text = core::Text::truncated(fmt::format("contract {}: {}", contract_id.value, what));
  tell(e);
}

}  // namespace derivd::engine
