// Owns the contract book: it quotes, opens, values and settles contracts from ticks, for any number
// of accounts. The simulator, paper mode and the back-test drive it, each from its own loop. It
// never knows a wire format and never reads a clock.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/currency.hpp"
#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "market/life.hpp"
#include "market/pricing.hpp"
#include "market/spec.hpp"
#include "market/symbols.hpp"
#include "venue/quotes.hpp"

namespace derivd::venue {

using AccountIndex = std::uint32_t;

enum class Phase : std::uint8_t {
  kOpen,     // running, or waiting for its entry tick
  kExpired,  // decided, not yet paid: the venue settles some seconds later
  kSettled,  // paid
};

enum class Outcome : std::uint8_t { kNone, kWon, kLost, kSold, kCancelled };

struct Contract {
  core::ContractId id;
  AccountIndex account = 0;
  market::ContractSpec spec;
  core::Money stake;   // buy price, with the fee of a deal cancellation
  core::Money payout;  // paid when won; 0 for what pays its value
  core::VenueTime purchase_time;
  core::TransactionId buy_tx;
  core::TransactionId sell_tx;
  market::Life life;
  std::vector<market::Tick> stream;  // tick contracts: ticks of the life, entry first
  core::Price entry_spot;            // at purchase, for pricing
  Phase phase = Phase::kOpen;
  Outcome outcome = Outcome::kNone;
  core::VenueTime settle_due;                                // kExpired: when the venue will pay
  core::VenueTime sell_time;                                 // kSettled
  core::Money sell_price;                                    // kSettled: 0 for a lost one
  core::Money profit() const { return sell_price - stake; }  // kSettled only
};

struct Quote {
  core::Money stake;  // the price, with the fee
  core::Money payout;
  core::Money fee;  // of a deal cancellation, beside what is at stake; 0: there is none
  core::Price spot;
  core::VenueTime spot_time;
  core::VenueTime expiry;
};

/// An open contract of an earlier book, which another takes over.
struct Adopted {
  core::ContractId id;
  market::ContractSpec spec;  // one with a payout
  core::Money stake;          // paid then
  core::Money payout;
  core::VenueTime purchase_time;
  core::TransactionId buy_tx;
};

/// Why the book refuses; the wire code and text are the simulator's business.
enum class RefusalKind : std::uint8_t {
  kUnknownSymbol,
  kNoQuoteYet,
  kDuration,
  kPrediction,
  kBarrier,
  kStakeTooSmall,
  kPayoutTooLarge,
  kNoReturn,
  kMultiplier,
  kInsufficientBalance,
  kNotFound,
  kResaleNotOffered,
  kAlreadySettled,
  kNoCancellation,    // it was bought without one
  kCancellationOver,  // its time has passed
  kCancelIsBetter,    // to be sold below its stake while it can be cancelled
};
struct Refusal {
  RefusalKind kind;
  std::string text;
};

[[noreturn]] inline void throw_exception_from_error(const Refusal& refusal,
                                                    const boost::source_location&) {
  throw std::runtime_error(refusal.text);
}

struct Account {
  std::string name;
  core::Money balance;
};

/// What a step of the book changed, in order.
struct Change {
  enum class Kind : std::uint8_t { kEntered, kTick, kExpired, kSettled } kind;
  core::ContractId contract;
};

class Book final {
 public:
  struct Options {
    market::PriceModel prices;
    std::int64_t first_contract_id = 1;
    std::int64_t first_transaction_id = 1;
    /// Seconds from the end of a contract to its payment: the exit of a tick contract, the expiry
    /// of a timed one, the closing tick of a multiplier.
    std::int64_t settle_delay_s = 1;
    market::Symbols symbols = {};         // those that it sells contracts on
    core::CurrencyCode currency = "USD";  // of its accounts, for what it says
    /// Prices that are known, sorted; the model is asked for the rest alone. Null: for all.
    std::shared_ptr<const Quotes> quotes = {};
  };
  explicit Book(Options options);

  AccountIndex add_account(std::string name, core::Money balance);
  const Account& account(AccountIndex index) const;
  /// For top-up and for faults; journaled by the caller.
  void set_balance(AccountIndex index, core::Money balance);

  /// Other symbols from now on; those of running contracts stay known.
  void learn(const market::Symbols& symbols);

  /// Latest tick fed for a symbol, also of one that market/ does not know.
  std::optional<market::Tick> last_tick(const market::SymbolCode& symbol) const;

  /// Price for exactly one of stake and payout (CHECK), at the latest tick.
  boost::system::result<Quote, Refusal> quote(const market::ContractSpec& spec,
                                              std::optional<core::Money> stake,
                                              std::optional<core::Money> payout,
                                              core::VenueTime now) const;
  /// Takes the stake from the account and starts the contract at `now`. The payout is the one that
  /// was quoted, and so is the fee in the terms of a deal cancellation, which is a part of the
  /// stake here; the book does not price it again.
  boost::system::result<core::ContractId, Refusal> buy(AccountIndex account,
                                                       const market::ContractSpec& spec,
                                                       core::Money stake, core::Money payout,
                                                       core::VenueTime now);
  /// Takes a contract over. `past`: ticks of its symbol since its purchase, rising; it goes on from
  /// there. The id is below first_contract_id and new to this book (CHECK).
  void adopt(AccountIndex account, const Adopted& contract, std::span<const market::Tick> past,
             std::vector<Change>& out);
  /// Pays the stake of an open contract back, as the venue does when its ticks are lost.
  void refund(core::ContractId id, core::VenueTime now, std::vector<Change>& out);
  /// Early resale at the current bid, after the entry tick, of what is_resold() (market/kind.hpp):
  /// positions while open, options with a duration in time until their expiry.
  boost::system::result<core::Money, Refusal> sell(AccountIndex account, core::ContractId id,
                                                   core::VenueTime now);
  /// Ends an open contract by its deal cancellation: what was at stake comes back, the fee does
  /// not.
  boost::system::result<core::Money, Refusal> cancel(AccountIndex account, core::ContractId id,
                                                     core::VenueTime now);
  /// Why it would not be cancelled now; empty: it would.
  std::optional<Refusal> cancel_refusal(const Contract& contract, core::VenueTime now) const;
  /// Why it would not be bought back now; empty: it would.
  std::optional<Refusal> resale_refusal(const Contract& contract, core::VenueTime now) const;
  core::Money bid(const Contract& contract, core::VenueTime now) const;

  /// Feeds one tick: entries, exits, stop-outs. Appends what changed. Repeated and late ticks of a
  /// symbol are ignored. Nothing is paid here: payments come with on_time.
  void on_tick(const market::Tick& tick, std::vector<Change>& out);
  /// Moves venue time: decides timed contracts and pays those that are due, in order of due time
  /// then id. Appends what changed. Ticks up to `now` must have been fed before. A contract is paid
  /// as of its due second, however far time jumped. A timed contract without a tick in its life is
  /// refunded at its stake (kSold).
  void on_time(core::VenueTime now, std::vector<Change>& out);
  /// Earliest venue second at which on_time would do something.
  std::optional<core::VenueTime> next_due() const;

  const Contract* find(core::ContractId id) const;
  /// All contracts of an account in purchase order, settled ones included.
  const std::vector<core::ContractId>& contracts_of(AccountIndex account) const;

 private:
  struct Impl;
  struct ImplDelete {
    void operator()(Impl*) const;
  };
  std::unique_ptr<Impl, ImplDelete> impl_;
};

}  // namespace derivd::venue
