// Owns the contracts of the simulated venue: the book that prices, decides and pays them, what is
// shown of each beyond the book's own record (Deal), and the queue of those that have expired and
// are not shown as paid yet. The venue tells it ticks and time and is told which contracts changed;
// the calls buy and sell through it. It sends nothing, and moves no balance but the book's. One
// thread.
//
// What always holds (CHECK): a contract is open, then perhaps expired, then sold, and never goes
// back; the queue is in the order of payment and holds exactly the expired ones; and nothing is
// shown as paid before the book has paid it.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/currency.hpp"
#include "core/ids.hpp"
#include "core/time.hpp"
#include "market/symbols.hpp"
#include "market/tick.hpp"
#include "sim/deal.hpp"
#include "venue/book.hpp"

namespace derivd::sim {

// Contract and transaction ids as large as the venue's own (recorded ones have twelve digits), so
// that a client that cuts them to 32 bits is found out.
inline constexpr core::ContractId kFirstContract{268'738'000'001};
inline constexpr core::TransactionId kFirstTransaction{535'745'000'001};

class Contracts final {
 public:
  struct Options {
    std::uint64_t seed = 1;
    market::PriceModel prices;
    market::Symbols symbols;
    core::CurrencyCode currency = "USD";
    bool fills_late = false;  // limit orders: one tick after the tick that reached them
  };
  explicit Contracts(Options options);

  venue::Book& book() { return book_; }
  const venue::Book& book() const { return book_; }

  /// Of a contract that was bought in this book (CHECK), once; it is shown as open.
  Deal& keep(Deal deal);
  /// Null: unknown.
  Deal* find(core::ContractId id);
  const Deal* find(core::ContractId id) const;
  /// Of one that was kept (CHECK).
  Deal& at(core::ContractId id);
  const Deal& at(core::ContractId id) const;
  /// The book's record of one that it knows (CHECK).
  const venue::Contract& contract(core::ContractId id) const;

  /// What ticks and time have decided, in order. Nothing is shown of it before conclude().
  std::vector<venue::Change> on_tick(const market::Tick& tick);
  std::vector<venue::Change> on_time(core::VenueTime now);
  /// Shows as expired what is over by these changes; their ids, in order.
  std::vector<core::ContractId> conclude(const std::vector<venue::Change>& changes,
                                         core::VenueTime now);
  /// Take profit and stop loss of multipliers among `open`, by the same rules as the book's stop
  /// out: sells what the tick has brought to its limit and shows it as expired; their ids.
  std::vector<core::ContractId> reach_limits(const std::vector<core::ContractId>& open,
                                             const market::Tick& tick, core::VenueTime now);

  /// Takes the next one whose payment is due out of the queue; null: none is.
  Deal* next_due(core::VenueTime now);
  /// Expired and paid by the book, of one account, in the order of the queue.
  std::vector<core::ContractId> paid_early(venue::AccountIndex account) const;
  /// Takes it out of the queue, where it is (CHECK), before its time.
  Deal& hurry(core::ContractId id);
  /// Whether anything has expired and is not paid yet.
  bool waiting() const { return !unpaid_.empty(); }

  /// The book has paid it and nobody waits for it in the queue (CHECK): shown as sold from now on.
  /// `spot`: the last quote of its symbol.
  void show_sold(Deal& deal, const std::optional<market::Tick>& spot, core::VenueTime now);

 private:
  void decide(Deal& deal, core::VenueTime now);

  std::uint64_t seed_;
  bool fills_late_;
  venue::Book book_;
  std::unordered_map<std::int64_t, Deal> deals_;
  std::vector<core::ContractId> unpaid_;  // by settle_at, then by when they were decided
};

}  // namespace derivd::sim
