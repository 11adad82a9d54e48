// Owns the audit of one contract: what it must have paid by the rules of market/, beside what the
// venue or the journal says of it. The engine compares every settlement through it, derivctl audits
// saved payloads and the journal. It never changes an order and never takes a claim for a proof.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "execution/order.hpp"
#include "market/tick.hpp"

namespace derivd::execution {

/// One thing that is said of a contract and is not so.
struct Difference {
  std::string_view field;  // "entry", "exit", "status", "paid", "profit", "barrier", …
  std::string said;
  std::string expected;
};

/// Our own result of a digital option.
struct OwnResult {
  market::Tick entry;
  market::Tick exit;
  bool won = false;
};

/// Compares a settled order with our own result: entry and exit where the order has them, the
/// outcome, what was paid (the payout or nothing) and the profit. Sold early: the profit alone.
/// Does not allocate when all agrees.
std::vector<Difference> differences(const Order& settled, const OwnResult& own);

/// By value: a witness may drop trailing zeros and not know the symbol's decimals.
bool same_tick(const market::Tick& a, const market::Tick& b);

/// What is said of a contract, by the journal or by a payload of the venue.
struct Claim {
  /// spec, purchase_time (the start), stake (multipliers: without fees, and then the profit is
  /// without them, as the venue tells it), buy_price, payout, outcome (kNone: not said), sell_price
  /// (not yet sold: the bid), profit, settled_time (0: not said), entry and exit count.
  Order order;
  bool is_over = true;                     // settled, or expired and about to be
  bool has_paid = true;                    // sell_price is known
  std::optional<core::Price> barrier;      // shown by the venue, absolute
  std::vector<Difference> contradictions;  // of a payload with itself
};
Claim claim_of(const Order& settled);

/// What an audit rests on.
enum class Evidence : std::uint8_t {
  kNone,      // neither ticks nor entry and exit: amounts alone were compared
  kTwoTicks,  // entry and exit as the claim has them; that they are the right ones is not proven
  kTicks,     // every tick that decides was there
};
std::string_view name_of(Evidence evidence);  // "none", "two_ticks", "ticks"

enum class AuditVerdict : std::uint8_t { kAgrees, kDiffers, kUnjudged };
std::string_view name_of(AuditVerdict verdict);  // "agrees", "differs", "unjudged"

struct Audit {
  AuditVerdict verdict = AuditVerdict::kUnjudged;
  Evidence evidence = Evidence::kNone;
  std::optional<market::Tick> entry;  // by our own count, or the claim's
  std::optional<market::Tick> exit;
  std::optional<core::Price> barrier;   // the price to beat
  std::optional<bool> won;              // digital options
  std::optional<core::Money> expected;  // what it must have paid
  std::optional<core::Money> paid;
  std::vector<Difference> differences;
  std::vector<std::string> notes;  // what was not proven, why it cannot be judged
};

/// `ticks`: all that is known around the contract, any order, other symbols and repetitions
/// allowed; two quotes for one second are a difference. A missing tick second between the start and
/// the exit (for a timed contract: before the entry or after the exit) makes ticks no evidence.
/// Deterministic; allocates.
Audit audit(const Claim& claim, std::span<const market::Tick> ticks);

}  // namespace derivd::execution
