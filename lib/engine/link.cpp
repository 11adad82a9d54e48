// Start, reconnect and evidence: the one path on which lost answers are found again.
#include <fmt/format.h>

#include <algorithm>

#include "core/counted.hpp"
#include "engine/impl.hpp"
#include "market/multiplier.hpp"

namespace derivd::engine {

using core::EventKind;
using execution::Finding;
using execution::OrderState;

namespace {

/// What was settled while we were away moves stake plans, peaks and limits as it would have then.
void in_settlement_order(std::vector<execution::Found>& found) {
  const auto settled = [](const execution::Found& f) {
    return f.row && f.row->sell_time ? f.row->sell_time->s : 0;  // the others come first
  };
  std::stable_sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
    if (settled(a) != settled(b)) return settled(a) < settled(b);
    return settled(a) != 0 && a.row->contract < b.row->contract;
  });
}

}  // namespace

void Engine::Impl::restore(const execution::Snapshot& snapshot) {
  ledger.restore_last(snapshot.last_order);
  auto claims = snapshot.claims;  // after the open orders, which may be among them
  for (const auto& record : snapshot.strategies) {
    auto& slot = slot_for(record.strategy);
    const auto problems = slot.load(record);
    day.restore(slot.day);
    for (const auto& b : slot.booked) claims.push_back(b.contract);
    if (problems.empty()) continue;
    auto e = event(EventKind::kJournalProblem, slot);
    e.text = core::Text::truncated(
        fmt::format("{}: part of the saved state is not usable: {}", slot.name(), problems));
    tell(e);
  }
  if (snapshot.day) day.restore(snapshot.day->day);
  for (auto& slot : slots) {
    if (day.is_known() && slot->day < day.number()) slot->new_day(day.number());
  }
  for (const auto& halted : snapshot.halts) {
    if (!halted.halted) continue;
    if (halted.strategy.empty()) {
      restore_daily_profit(halted);
    } else if (auto* slot = find_slot(halted.strategy.view())) {
      slot->halted = true;
      slot->halt_kind = halted.kind;
      slot->halt_reason = halted.reason;
    }
  }
  for (const auto& order : snapshot.open_orders) restore_order(order);
  for (const auto c : claims) ledger.restore_claim(c);
  restore_programs();
  roll_day();
  for (auto& slot : slots) {
    const bool known = std::any_of(snapshot.strategies.begin(), snapshot.strategies.end(),
                                   [&](const auto& r) { return r.strategy == slot->name(); });
    if (!slot->configured || slot->halted || !known) continue;
    if (slot->settings.session.resume == risk::Resume::kReset) {
      slot->new_session();
      append_slot(*slot);
    } else if (slot->session.target_reached(slot->settings.session)) {
      // The record was written, the halt was not.
      halt(*slot, "take_profit", "take_profit was reached before the restart");
    }
  }
}

void Engine::Impl::restore_order(const execution::Order& order) {
  ledger.restore(order);
  auto& slot = slot_for(order.strategy);
  if (order.state == OrderState::kOpen) {
    const auto booked = std::find_if(slot.booked.begin(), slot.booked.end(),
                                     [&](const auto& b) { return b.order == order.id; });
    if (booked != slot.booked.end()) {
      // Its result is in the strategy's record, but the crash came before its own.
      execution::HistoryRow row;
      row.sell_price = booked->sell_price;
      row.sell_time = booked->time;
      const auto settlement = *execution::settlement_from(order, row);
      append(execution::OrderRecord{
          ledger.settle(order.id, settlement, execution::Witness::kReconciliation, venue_time())});
      return;
    }
    observe(order.purchase_time);
    slot.on_purchase(order.id, order.purchase_time, is_today(order.purchase_time));
    restore_sale(order);
    watch_exit(order);
    if (audience.journal || audience.people) follow(order);
    return;
  }
  flights.set(order.id, Flight{now.instant});
  // Whether its bytes left the last run is not known.
  if (order.state == OrderState::kIntended) make_unknown(order.id, "the program was restarted");
}

void Engine::Impl::restore_daily_profit(const execution::HaltRecord& latched) {
  if (latched.kind != "daily_profit") return;
  daily_profit_reached = true;
  if (is_today(latched.venue)) return;
  daily_profit_reached = false;
  append(
      execution::HaltRecord{{}, false, "daily_profit", "a new day began", now.wall, venue_time()});
}

void Engine::Impl::online(core::Money known) {
  is_online = true;
  reconciled = false;
  anchor(known);
  early.begin();
  reports.link();
  ask_report();
  for (const auto& [id, order] : ledger.exposed()) {
    if (order->state == OrderState::kOpen) out->push_back(Watch{order->contract});
  }
}

void Engine::Impl::offline() {
  is_online = false;
  reconciled = false;
  reports.lose_link();
  early.lose_link();  // the next link's report tells them
  for (const auto& w : waiting) drop(*w.slot, "the link was lost");
  waiting.clear();
  std::vector<core::OrderId> unanswered;
  for (const auto& [id, flight] : flights) {
    if (ledger.find(id)->state == OrderState::kIntended) unanswered.push_back(id);
  }
  for (const auto id : unanswered) make_unknown(id, "the link was lost before the answer");
  lose_sales();
  drop_virtual();
  for (auto& feed : feeds) feed->lose_link();
  program_quotes.clear();  // asked for again with the next link
}

void Engine::Impl::make_unknown(core::OrderId id, std::string_view why) {
  const auto& order = ledger.unknown(id, why);
  append(execution::OrderRecord{order});
  auto e = event(EventKind::kOrderUnknown, order);
  e.reason = core::Text::truncated(why);
  e.text = core::Text::truncated(
      fmt::format("order {}: outcome not known ({}); {} enters nothing until it is proven",
                  id.value, why, order.strategy));
  tell(e);
}

/// Something new asks for evidence: at once, unless the venue was asked a moment ago.
void Engine::Impl::want_report() {
  if (!is_online) return;  // the next link begins with one
  if (reports.want(now.instant)) ask_report();
}

void Engine::Impl::ask_report() {
  balance.asked(balance.is_quiet(flights.size(), now.instant));
  const bool open = any_unknown() || sales.any_unclear();
  reports.asked(now.instant, open, balance.wants_again() ? std::optional(kQuiet) : std::nullopt);
  auto since = venue_time();
  for (const auto& [id, order] : ledger.exposed()) {
    const auto from = order->contract ? order->purchase_time : order->signal_epoch;
    since = std::min(since, from - execution::kClockSlack);
  }
  out->push_back(AskReport{since});
}

void Engine::Impl::anchor(core::Money known) {
  std::set<core::OrderId> at_risk;
  for (const auto& [id, order] : ledger.exposed()) at_risk.insert(id);
  balance.anchor(known, venue_time(), std::move(at_risk));
}

void Engine::Impl::close_windows() {
  bool proof = false;  // from now on a report can prove absence
  for (auto& [id, flight] : flights) {
    const auto& order = *ledger.find(id);
    const bool closed = now.instant - flight.sent >= execution::kPurchaseWindow &&
                        venue_time() - order.signal_epoch >= execution::kPurchaseWindow;
    if (flight.window_closed || !closed) continue;
    flight.window_closed = venue_time();
    proof = proof || order.state == OrderState::kUnknown;
  }
  if (proof) want_report();
}

std::vector<execution::Pending> Engine::Impl::pending_orders() const {
  std::vector<execution::Pending> out_orders;
  for (const auto& [id, order] : ledger.exposed()) {
    // An order whose answer may still come is not searched for.
    if (order->state == OrderState::kIntended) continue;
    execution::Pending p;
    p.order = order;
    if (const auto it = flights.find(id); it != flights.end()) {
      p.window_closed = it->second.window_closed;
    }
    out_orders.push_back(p);
  }
  return out_orders;
}

void Engine::Impl::report(const execution::VenueReport& report) {
  if (!is_online) return;
  venue_clock.prove(report.as_of);
  const auto pending = pending_orders();
  auto result = execution::reconcile(pending, ledger, report);
  in_settlement_order(result.found);
  std::size_t resolved = 0;
  for (const auto& found : result.found) {
    const auto* order = ledger.find(found.order);
    if (order == nullptr) continue;  // settled and forgotten while this report was digested
    const auto state = order->state;
    if (state == OrderState::kOpen) {
      if (found.finding != Finding::kMatched) {
        out->push_back(Poll{order->contract});
        continue;
      }
      const auto settlement = execution::settlement_from(*order, *found.row);
      if (settlement) settle(found.order, *settlement, execution::Witness::kReconciliation);
      if (found.row->open) still_open(*order, report.as_of);
      continue;
    }
    if (state != OrderState::kUnknown) continue;
    switch (found.finding) {
      case Finding::kMatched:
        adopt(found.order, *found.row);
        ++resolved;
        break;
      case Finding::kAbsent:
        conclude_absent(found.order);
        ++resolved;
        break;
      case Finding::kAmbiguous:
        ambiguous(found.order, found.candidates);
        break;
      case Finding::kUnknown:
        break;
    }
  }
  replay_early();
  close_windows();
  // A purchase that awaits its answer may be among them.
  if (in_flight() == 0) {
    for (const auto& row : result.foreign)
      tell_foreign(row.contract, "open on this account, not ours");
  }
  // Nothing of ours moved for a while, so its balance is the account's. (Before the first report
  // nothing could be bought since the link came up.)
  if (!reconciled || (balance.is_undisturbed() && flights.empty())) anchor(report.balance);
  if (!reconciled) {
    reconciled = true;
    core::Event e;
    e.kind = EventKind::kReconciled;
    e.text = core::Text::truncated(
        fmt::format("reconciled with the venue: {} looked up, {} resolved, {} at risk, {} foreign",
                    core::counted(pending.size(), "order"), resolved, ledger.exposed().size(),
                    result.foreign.size()));
    tell(e);
    ask_program_quotes();
  }
  flush_held();
}

void Engine::Impl::adopt(core::OrderId id, const execution::HistoryRow& row) {
  execution::Bought bought;
  bought.contract = row.contract;
  bought.transaction = row.buy_tx;
  bought.buy_price = row.buy_price;
  bought.payout = row.payout;
  bought.purchase_time = row.purchase_time;
  bought.shortcode = row.shortcode;
  balance.bought(row.buy_price, std::nullopt, now.instant);
  balance.want_again();
  reports.want_by(now.instant + kQuiet);
  opened(ledger.accept(id, bought), true);
  // A witness that was held may have settled it already.
  const auto* order = ledger.find(id);
  if (order->state != OrderState::kOpen) return;
  if (const auto settlement = execution::settlement_from(*order, row)) {
    settle(id, *settlement, execution::Witness::kReconciliation);
  }
}

bool Engine::Impl::try_adopt(const execution::ContractReport& report) {
  if (!report.buy_price || !report.purchase_time) return false;
  execution::HistoryRow row;
  row.contract = report.contract;
  row.buy_tx = report.buy_tx;
  row.type = report.type;
  row.symbol = report.symbol;
  row.buy_price = *report.buy_price;
  row.payout = report.payout;
  row.purchase_time = *report.purchase_time;
  row.open = !report.is_sold;
  row.shortcode = report.shortcode;
  std::optional<core::OrderId> match;
  for (const auto& pending : pending_orders()) {
    if (pending.order->contract || !execution::fits(pending, row)) continue;
    if (match) return false;  // the venue's report decides, or nobody
    match = pending.order->id;
  }
  if (!match) return false;
  adopt(*match, row);
  contract(report, execution::Witness::kPoll);
  flush_held();
  return true;
}

/// Never bought. An error that the venue had answered is then a refusal that was proven late.
void Engine::Impl::conclude_absent(core::OrderId id) {
  const auto flight = std::move(flights.at(id));
  const auto& order = *ledger.find(id);
  auto& slot = slot_for(order.strategy);
  const auto stake = market::stake_in(order.spec, order.stake);
  absent(id, "not in the venue's books after its time");
  if (flight.answer) learn(slot, stake, flight.sent, flight.answer->refusal());
}

void Engine::Impl::absent(core::OrderId id, std::string_view evidence) {
  const auto& order = ledger.absent(id, evidence);
  flights.erase(id);
  auto& slot = slot_for(order.strategy);
  program_absent(slot, id);
  append(execution::OrderRecord{order});
  if (slot.program != nullptr) append_slot(slot);
  auto e = event(EventKind::kOrderResolved, order);
  e.reason = core::Text::truncated(evidence);
  e.text = core::Text::truncated(fmt::format("order {} was never bought: {}", id.value, evidence));
  tell(e);
  if (const auto wish = slot.wish_numbers.find(id); wish != slot.wish_numbers.end()) {
    deny_wish(slot, wish->second, fmt::format("never bought: {}", evidence));
    slot.wish_numbers.erase(wish);
  }
}

void Engine::Impl::ambiguous(core::OrderId id, std::size_t candidates) {
  auto& flight = flights[id];
  if (flight.told_ambiguous) return;
  flight.told_ambiguous = true;
  const auto& order = *ledger.find(id);
  const auto text = fmt::format("order {}: {} of this account could be it; compare, then resume {}",
                                id.value, core::counted(candidates, "contract"), order.strategy);
  auto e = event(EventKind::kOrderAmbiguous, order);
  e.text = core::Text::truncated(text);
  tell(e);
  auto& slot = slot_for(order.strategy);
  if (!slot.halted) halt(slot, "ambiguous", text);
}

}  // namespace derivd::engine
