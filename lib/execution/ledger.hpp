// Owns every order from intent to settlement: the table, the legal moves between states and which
// contract belongs to which order. The engine moves orders through it and journals what it returns.
// It never forgets an order that may still cost money, and never lets two orders claim one
// contract.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "core/by_id.hpp"
#include "core/check.hpp"
#include "core/ids.hpp"
#include "execution/order.hpp"
#include "execution/report.hpp"

namespace derivd::execution {

/// How the venue says a contract ended.
struct Settlement {
  core::Money sell_price;  // 0 when lost
  Outcome outcome = Outcome::kNone;
  std::optional<core::VenueTime> time;
  core::TransactionId sell_tx;
  std::optional<market::Tick> entry;
  std::optional<market::Tick> exit;
};

/// Empty while the contract is not sold, or when the report does not say for how much.
std::optional<Settlement> settlement_from(const Order& order, const ContractReport& report);
std::optional<Settlement> settlement_from(const Order& order, const TransactionReport& report);
std::optional<Settlement> settlement_from(const Order& order, const HistoryRow& row);

/// Won, lost or break-even, by the sign.
Outcome outcome_by(core::Money profit);

/// Whether a later witness says the same as the one that settled.
bool agrees(const Order& settled, const Settlement& later);

/// Intended → Unknown | Open | Refused; Unknown → Open | Absent | Refused; Absent → Open (the venue
/// answers after all: the contract is real, whatever we had concluded); Open → Settled.
bool is_legal(OrderState from, OrderState to);

class Ledger final {
 public:
  /// Orders that are not final; Deriv itself allows about 100 open contracts for an account.
  static constexpr std::size_t kMaxExposed = 1024;
  /// Final orders that are kept so that late witnesses can be compared.
  static constexpr std::size_t kKeepFinal = 256;
  /// Contract ids that are remembered as ours beyond that.
  static constexpr std::size_t kKeepClaims = 8192;
  /// Orders that one tick may raise before the first is answered.
  static constexpr std::size_t kSpare = 8;

  Ledger() { make_room(); }

  /// At start: an order that is not final, and the highest id ever given.
  void restore(const Order& order);
  void restore_last(core::OrderId last);
  /// A contract that was ours before the start and is settled.
  void restore_claim(core::ContractId contract) { claim(contract, nullptr); }

  bool full() const { return exposed_.size() >= kMaxExposed; }
  /// The id of the next order; a reserved id may stay unused.
  core::OrderId reserve() { return {++last_.value}; }
  core::OrderId last() const { return last_; }

  // The moves. Each CHECKs that it is legal and returns the order as it is now.
  const Order& intend(const Order& order);
  /// The same, made where it stays: it is large. `fill` leaves id and state as they are (CHECK).
  template <class Fill>
  const Order& intend(core::OrderId id, Fill&& fill) {
    auto& order = make(id);
    fill(order);
    DERIVD_CHECK(order.id == id && order.state == OrderState::kIntended, "an intent is intended");
    return order;
  }
  const Order& unknown(core::OrderId id, std::string_view why);
  const Order& refuse(core::OrderId id, std::string_view code);
  const Order& absent(core::OrderId id, std::string_view evidence);
  /// The contract must be unclaimed (see owner()).
  const Order& accept(core::OrderId id, const Bought& bought);
  const Order& settle(core::OrderId id, const Settlement& settlement, Witness witness,
                      core::VenueTime fallback_time);
  /// Fills entry and exit where the settling witness had none. True when something was added.
  bool complete(core::OrderId id, std::optional<market::Tick> entry,
                std::optional<market::Tick> exit);
  const Order& mark_differs(core::OrderId id);
  /// Order::reason of one whose state does not change: why its sale is asked for; empty: it is not.
  const Order& explain(core::OrderId id, std::string_view why);

  const Order* find(core::OrderId id) const {
    return latest_ != nullptr && latest_->id == id ? latest_ : look_up(id);
  }
  const Order* find(core::ContractId contract) const {
    const bool latest = latest_ != nullptr && contract && latest_->contract == contract;
    return latest ? latest_ : look_up(contract);
  }
  /// True also for contracts whose orders have been forgotten.
  bool is_ours(core::ContractId contract) const { return claims_.contains(contract); }
  /// Every order that is not final, by id. Pointers hold until the order is forgotten.
  using Exposed = core::ById<core::OrderId, const Order*>;
  const Exposed& exposed() const { return exposed_; }

 private:
  template <class Key, class Value>
  using Table = boost::unordered_flat_map<Key, Value, std::hash<Key>>;

  const Order* look_up(core::OrderId id) const;
  const Order* look_up(core::ContractId contract) const;
  Order& make(core::OrderId intent);
  Order& place(core::OrderId id);
  const Order& add(const Order& order);
  Order& at(core::OrderId id);
  Order& move(core::OrderId id, OrderState to);
  void claim(core::ContractId contract, const Order* order);
  /// For the next orders, whenever one has found its answer, or has come from elsewhere than an
  /// intent: an intent asks the heap for nothing.
  void make_room();
  [[gnu::cold]] void grow();
  void forget_old();

  Table<core::OrderId, Order*> orders_;
  std::deque<Order> slots_;     // where orders lie; never moves them
  std::vector<Order*> vacant_;  // of slots_; they carry no id and no contract
  Order* latest_ = nullptr;     // moved last: most questions are about it
  std::deque<core::OrderId> finals_;
  /// Every contract that is remembered as ours, and where its order lay: it lies there still if
  /// that place carries the contract.
  Table<core::ContractId, const Order*> claims_;
  std::deque<core::ContractId> claim_order_;
  Exposed exposed_;
  core::OrderId last_;
};

/// What an order can still cost: what was paid, or what we said we would pay at most.
core::Money at_risk(const Order& order);

}  // namespace derivd::execution
