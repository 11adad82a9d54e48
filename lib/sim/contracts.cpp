#include "sim/contracts.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "sim/draw.hpp"

namespace derivd::sim {

Contracts::Contracts(Options options)
    : seed_(options.seed),
      fills_late_(options.fills_late),
      book_({options.prices, kFirstContract.value, kFirstTransaction.value, 1,
             std::move(options.symbols), options.currency}) {}

Deal& Contracts::keep(Deal deal) {
  DERIVD_CHECK(book_.find(deal.id) != nullptr, "a deal is shown of a contract of the book");
  DERIVD_CHECK(deal.shown == Shown::kOpen, "a deal begins open");
  const auto [at, fresh] = deals_.emplace(deal.id.value, std::move(deal));
  DERIVD_CHECK(fresh, "a contract has one deal");
  return at->second;
}

Deal* Contracts::find(core::ContractId id) {
  const auto it = deals_.find(id.value);
  return it == deals_.end() ? nullptr : &it->second;
}
const Deal* Contracts::find(core::ContractId id) const {
  const auto it = deals_.find(id.value);
  return it == deals_.end() ? nullptr : &it->second;
}

Deal& Contracts::at(core::ContractId id) {
  Deal* deal = find(id);
  DERIVD_CHECK(deal != nullptr, "no such deal");
  return *deal;
}
const Deal& Contracts::at(core::ContractId id) const {
  const Deal* deal = find(id);
  DERIVD_CHECK(deal != nullptr, "no such deal");
  return *deal;
}

const venue::Contract& Contracts::contract(core::ContractId id) const {
  const auto* contract = book_.find(id);
  DERIVD_CHECK(contract != nullptr, "no such contract");
  return *contract;
}

std::vector<venue::Change> Contracts::on_tick(const market::Tick& tick) {
  std::vector<venue::Change> changes;
  book_.on_tick(tick, changes);
  return changes;
}

std::vector<venue::Change> Contracts::on_time(core::VenueTime now) {
  std::vector<venue::Change> changes;
  book_.on_time(now, changes);
  return changes;
}

std::vector<core::ContractId> Contracts::conclude(const std::vector<venue::Change>& changes,
                                                  core::VenueTime now) {
  std::vector<core::ContractId> out;
  for (const auto& change : changes) {
    Deal* deal = find(change.contract);
    if (deal == nullptr || deal->shown != Shown::kOpen) continue;
    const bool over = change.kind == venue::Change::Kind::kExpired ||
                      change.kind == venue::Change::Kind::kSettled;
    if (!over) continue;
    decide(*deal, now);
    out.push_back(deal->id);
  }
  return out;
}

std::vector<core::ContractId> Contracts::reach_limits(const std::vector<core::ContractId>& open,
                                                      const market::Tick& tick,
                                                      core::VenueTime now) {
  std::vector<core::ContractId> out;
  for (const auto id : open) {
    Deal& d = at(id);
    if (!d.guard || d.shown != Shown::kOpen || d.symbol->code != tick.symbol.view()) continue;
    const bool reached_before = d.guard->is_over();
    if (!reached_before && !d.guard->on_tick(tick)) continue;
    if (!reached_before && fills_late_) continue;
    const auto how = d.guard->ended()->how;
    if (how != market::End::kTakeProfit && how != market::End::kStopLoss) continue;
    // Fails only when the book's own stop out came first, at this very tick.
    if (!book_.sell(static_cast<venue::AccountIndex>(d.account), id, now)) continue;
    decide(d, now);
    out.push_back(id);
  }
  return out;
}

/// The contract is over: it stays expired and unpaid for one to three seconds (v3-api.md 4.4, 7).
void Contracts::decide(Deal& deal, core::VenueTime now) {
  DERIVD_CHECK(deal.shown == Shown::kOpen, "a contract is decided once");
  deal.shown = Shown::kExpired;
  const auto end = contract(deal.id).life.ended()->when;
  // Drawn from the contract's number, so that other traffic does not shift it.
  const auto wait =
      1 + static_cast<std::int64_t>(salted(seed_, static_cast<std::uint64_t>(deal.id.value)) % 3);
  deal.settle_at = {std::max(end.s + wait, now.s + 1) + deal.hold_s};
  const auto later = std::upper_bound(
      unpaid_.begin(), unpaid_.end(), deal,
      [this](const Deal& d, core::ContractId other) { return d.settle_at < at(other).settle_at; });
  const auto place = unpaid_.insert(later, deal.id);
  DERIVD_CHECK(place == unpaid_.begin() || at(*(place - 1)).settle_at <= deal.settle_at,
               "the queue is in the order of payment");
}

Deal* Contracts::next_due(core::VenueTime now) {
  if (unpaid_.empty() || at(unpaid_.front()).settle_at > now) return nullptr;
  return &hurry(unpaid_.front());
}

std::vector<core::ContractId> Contracts::paid_early(venue::AccountIndex account) const {
  std::vector<core::ContractId> out;
  for (const auto id : unpaid_)
    if (at(id).account == account && contract(id).phase == venue::Phase::kSettled)
      out.push_back(id);
  return out;
}

Deal& Contracts::hurry(core::ContractId id) {
  const auto place = std::find(unpaid_.begin(), unpaid_.end(), id);
  DERIVD_CHECK(place != unpaid_.end(), "only what has expired is paid from the queue");
  unpaid_.erase(place);
  Deal& deal = at(id);
  DERIVD_CHECK(deal.shown == Shown::kExpired, "the queue holds expired contracts");
  return deal;
}

void Contracts::show_sold(Deal& deal, const std::optional<market::Tick>& spot,
                          core::VenueTime now) {
  const auto& paid = contract(deal.id);
  DERIVD_CHECK(deal.shown != Shown::kSold, "a contract is sold once");
  DERIVD_CHECK(paid.phase == venue::Phase::kSettled, "the book pays before it is shown");
  DERIVD_CHECK(std::find(unpaid_.begin(), unpaid_.end(), deal.id) == unpaid_.end(),
               "what is paid waits no longer");
  deal.shown = Shown::kSold;
  deal.sell_time = now;
  deal.sell_tx = paid.sell_tx;
  deal.last_spot = spot;
}

}  // namespace derivd::sim
