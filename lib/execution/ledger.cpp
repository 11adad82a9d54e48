#include "execution/ledger.hpp"

#include "core/check.hpp"
#include "market/multiplier.hpp"

namespace derivd::execution {
namespace {

/// Deriv pays within 3 s after the end of a contract (v3-api.md section 4.4).
constexpr std::chrono::seconds kPayTime{10};

/// Without the venue's word: what was at stake comes back, and the fee does not.
[[gnu::noinline]] bool looks_cancelled(const Order& order, core::Money price,
                                       std::optional<core::VenueTime> time) {
  return market::has_cancellation(order.spec) &&
         price == market::stake_in(order.spec, order.stake) &&
         (!time || *time <= *market::cancellation_end(order.spec, order.purchase_time) + kPayTime);
}

Outcome outcome_of_sale(const Order& order, core::Money sell_price, std::string_view status,
                        std::optional<core::VenueTime> time) {
  if (status == "cancelled") return Outcome::kCancelled;
  if (status.empty() && looks_cancelled(order, sell_price, time)) return Outcome::kCancelled;
  if (status == "sold") return Outcome::kSold;
  const auto by_profit = outcome_by(sell_price - order.buy_price);
  // Neither lost whole nor paid whole and the venue does not say why: closed before its end. A
  // stake that comes back is a refund.
  const bool whole = sell_price.is_zero() || (order.payout && sell_price == *order.payout) ||
                     by_profit == Outcome::kBreakEven;
  return status.empty() && !whole && order.payout ? Outcome::kSold : by_profit;
}

}  // namespace

Outcome outcome_by(core::Money profit) {
  if (profit.is_zero()) return Outcome::kBreakEven;
  return profit.units() > 0 ? Outcome::kWon : Outcome::kLost;
}

std::optional<Settlement> settlement_from(const Order& order, const ContractReport& report) {
  if (!report.is_sold) return std::nullopt;
  std::optional<core::Money> price = report.sell_price;
  // The fee of a deal cancellation is no part of the profit that the venue tells.
  if (!price && report.profit) {
    const bool has_fee = market::has_cancellation(order.spec);
    price =
        (has_fee ? market::stake_in(order.spec, order.stake) : order.buy_price) + *report.profit;
  }
  if (!price && report.status == "lost") price = core::Money::minor(0, order.buy_price.exponent());
  if (!price && report.status == "won") price = report.payout ? report.payout : order.payout;
  if (!price) return std::nullopt;
  Settlement s;
  s.sell_price = *price;
  s.outcome = outcome_of_sale(order, *price, report.status.view(), report.sell_time);
  s.time = report.sell_time;
  s.sell_tx = report.sell_tx;
  s.entry = report.entry;
  s.exit = report.exit;
  return s;
}

std::optional<Settlement> settlement_from(const Order& order, const TransactionReport& report) {
  if (report.action != TransactionReport::Action::kSell) return std::nullopt;
  Settlement s;
  s.sell_price = report.amount;
  s.outcome = outcome_of_sale(order, report.amount, {}, report.time);
  s.time = report.time;
  s.sell_tx = report.transaction;
  return s;
}

std::optional<Settlement> settlement_from(const Order& order, const HistoryRow& row) {
  if (row.open || !row.sell_price) return std::nullopt;
  Settlement s;
  s.sell_price = *row.sell_price;
  s.outcome = outcome_of_sale(order, *row.sell_price, {}, row.sell_time);
  s.time = row.sell_time;
  return s;
}

bool agrees(const Order& settled, const Settlement& later) {
  return settled.sell_price == later.sell_price;
}

bool is_legal(OrderState from, OrderState to) {
  switch (from) {
    case OrderState::kIntended:
      return to == OrderState::kUnknown || to == OrderState::kOpen || to == OrderState::kRefused;
    case OrderState::kUnknown:
      return to == OrderState::kOpen || to == OrderState::kAbsent || to == OrderState::kRefused;
    case OrderState::kAbsent:
      return to == OrderState::kOpen;
    case OrderState::kOpen:
      return to == OrderState::kSettled;
    case OrderState::kRefused:
    case OrderState::kSettled:
      return false;
  }
  return false;
}

core::Money at_risk(const Order& order) {
  switch (order.state) {
    case OrderState::kIntended:
    case OrderState::kUnknown:
      return order.stake;
    case OrderState::kOpen:
      return order.buy_price;
    case OrderState::kRefused:
    case OrderState::kAbsent:
    case OrderState::kSettled:
      return core::Money::minor(0, order.stake.exponent());
  }
  return order.stake;
}

void Ledger::restore(const Order& order) {
  DERIVD_CHECK(order.id && is_exposed(order.state), "only orders that are not final are restored");
  DERIVD_CHECK(!orders_.contains(order.id), "an order was restored twice");
  DERIVD_CHECK(!order.contract || !is_ours(order.contract),
               "two orders of the journal claim one contract");
  const auto& added = add(order);
  restore_last(order.id);
  if (order.contract) claim(order.contract, &added);
  make_room();
}

void Ledger::restore_last(core::OrderId last) {
  if (last > last_) last_ = last;
}

const Order& Ledger::intend(const Order& order) {
  return intend(order.id, [&](Order& made) { made = order; });
}

Order& Ledger::make(core::OrderId intent) {
  DERIVD_CHECK(intent && intent <= last_, "an intent needs a reserved id");
  DERIVD_CHECK(!full(), "more orders at risk than the ledger holds");
  DERIVD_CHECK(!orders_.contains(intent), "an order id was used twice");
  auto& order = place(intent);
  order = {};
  order.id = intent;
  return order;
}

const Order& Ledger::add(const Order& order) { return place(order.id) = order; }

Order& Ledger::place(core::OrderId id) {
  if (vacant_.empty()) [[unlikely]]
    vacant_.push_back(&slots_.emplace_back());
  auto* slot = vacant_.back();
  vacant_.pop_back();
  orders_.emplace(id, slot);
  exposed_.set(id, slot);
  latest_ = slot;
  return *slot;
}

const Order& Ledger::unknown(core::OrderId id, std::string_view why) {
  auto& order = move(id, OrderState::kUnknown);
  order.reason = core::ShortString<64>::truncated(why);
  return order;
}

const Order& Ledger::refuse(core::OrderId id, std::string_view code) {
  auto& order = move(id, OrderState::kRefused);
  order.reason = core::ShortString<64>::truncated(code);
  return order;
}

const Order& Ledger::absent(core::OrderId id, std::string_view evidence) {
  auto& order = move(id, OrderState::kAbsent);
  order.reason = core::ShortString<64>::truncated(evidence);
  return order;
}

const Order& Ledger::accept(core::OrderId id, const Bought& bought) {
  DERIVD_CHECK(bought.contract && !is_ours(bought.contract), "a contract was claimed twice");
  auto& order = move(id, OrderState::kOpen);
  order.contract = bought.contract;
  order.buy_tx = bought.transaction;
  order.buy_price = bought.buy_price;
  order.payout = bought.payout;
  order.purchase_time = bought.purchase_time;
  order.balance_after = bought.balance_after;
  order.reason = {};
  claim(order.contract, &order);
  return order;
}

const Order& Ledger::settle(core::OrderId id, const Settlement& s, Witness witness,
                            core::VenueTime fallback_time) {
  auto& order = move(id, OrderState::kSettled);
  order.outcome = s.outcome;
  order.witness = witness;
  order.sell_price = s.sell_price;
  order.profit = s.sell_price - order.buy_price;
  order.sell_tx = s.sell_tx;
  order.settled_time = s.time.value_or(fallback_time);
  order.entry = s.entry;
  order.exit = s.exit;
  return order;
}

bool Ledger::complete(core::OrderId id, std::optional<market::Tick> entry,
                      std::optional<market::Tick> exit) {
  auto& order = at(id);
  const bool adds = (!order.entry && entry) || (!order.exit && exit);
  if (!order.entry) order.entry = entry;
  if (!order.exit) order.exit = exit;
  return adds;
}

const Order& Ledger::mark_differs(core::OrderId id) {
  auto& order = at(id);
  order.recomputed_differs = true;
  return order;
}

const Order& Ledger::explain(core::OrderId id, std::string_view why) {
  auto& order = at(id);
  order.reason = core::ShortString<64>::truncated(why);
  return order;
}

const Order* Ledger::look_up(core::OrderId id) const {
  const auto it = orders_.find(id);
  return it == orders_.end() ? nullptr : it->second;
}

const Order* Ledger::look_up(core::ContractId contract) const {
  const auto it = claims_.find(contract);
  if (it == claims_.end() || it->second == nullptr) return nullptr;
  return it->second->contract == contract ? it->second : nullptr;
}

Order& Ledger::at(core::OrderId id) {
  if (latest_ != nullptr && latest_->id == id) return *latest_;
  const auto it = orders_.find(id);
  DERIVD_CHECK(it != orders_.end(), "no such order");
  return *it->second;
}

Order& Ledger::move(core::OrderId id, OrderState to) {
  auto& order = at(id);
  DERIVD_CHECK(is_legal(order.state, to), "an order cannot move this way");
  const bool was_intent = order.state == OrderState::kIntended;
  const bool was_exposed = is_exposed(order.state);
  order.state = to;
  latest_ = &order;
  if (was_exposed && is_final(to)) {
    exposed_.erase(id);
    finals_.push_back(id);
    forget_old();
  } else if (!was_exposed && is_exposed(to)) {
    exposed_.set(id, &order);
    std::erase(finals_, id);
  }
  if (was_intent || !was_exposed) make_room();
  return order;
}

void Ledger::claim(core::ContractId contract, const Order* order) {
  if (!claims_.emplace(contract, order).second) return;
  claim_order_.push_back(contract);
  if (claim_order_.size() <= kKeepClaims) return;
  // The oldest claim goes, unless its order is still known: that one starts again at the back.
  const auto oldest = claim_order_.front();
  claim_order_.pop_front();
  if (find(oldest) != nullptr) {
    claim_order_.push_back(oldest);
  } else {
    claims_.erase(oldest);
  }
}

void Ledger::make_room() {
  const bool has_room = vacant_.size() >= kSpare && orders_.size() + kSpare <= orders_.max_load() &&
                        exposed_.size() + kSpare <= exposed_.capacity();
  if (!has_room) [[unlikely]]
    grow();
}

void Ledger::grow() {
  while (vacant_.size() < kSpare) vacant_.push_back(&slots_.emplace_back());
  if (orders_.size() + kSpare > orders_.max_load()) orders_.reserve(2 * (orders_.size() + kSpare));
  if (exposed_.size() + kSpare > exposed_.capacity()) {
    exposed_.reserve(2 * (exposed_.size() + kSpare));
  }
}

void Ledger::forget_old() {
  while (finals_.size() > kKeepFinal) {
    const auto it = orders_.find(finals_.front());
    finals_.pop_front();
    if (latest_ == it->second) latest_ = nullptr;
    it->second->id = {};
    it->second->contract = {};
    vacant_.push_back(it->second);
    orders_.erase(it);
  }
}

}  // namespace derivd::execution
