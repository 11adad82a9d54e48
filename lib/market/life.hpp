// Owns how a contract of any kind lives: its entry tick, the counting of ticks, what each tick does
// to it, how it ends and what that pays. Whoever holds contracts (contract book, back-test,
// follower, audit) feeds it every tick of its symbol in epoch order, and the time where there is no
// tick. What its kind makes of them says its row (kind.hpp). It never prices an offer, never reads
// a clock and never allocates.
//
// Rules and sources: shared reference deriv/contracts.md section 2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/decimal.hpp"
#include "core/time.hpp"
#include "market/spec.hpp"
#include "market/symbol.hpp"
#include "market/tick.hpp"

namespace derivd::market {

/// How a contract ended.
enum class End : std::uint8_t {
  kWon,         // pays its payout
  kLost,        // pays nothing
  kKnockedOut,  // touched what it must not
  kStopOut,     // nothing is left
  kTakeProfit,  // a limit that the venue keeps
  kStopLoss,
  kCancelled,     // by its deal cancellation: the stake comes back
  kSold,          // before its end, by its owner
  kExpiredEmpty,  // no tick fell into its life: the stake comes back
};
std::string_view name_of(End end);  // "won", "knocked_out", …

/// Its end is a moment; else a count of ticks, or nothing of its own.
bool is_timed(const ContractSpec& spec);

/// Of ticks: start + N × interval, an estimate until the exit is known. Without a length: far away.
core::VenueTime nominal_expiry(const ContractSpec& spec, core::VenueTime start,
                               const SymbolInfo* symbol);

struct Purchase {
  core::VenueTime start;
  core::Money stake;
  core::Money payout;  // as quoted, the stake included; zero for kinds that pay their value
  /// The latest tick when it was bought, for kinds that enter at it or are sized by it
  /// (EntryRule::kKnown); where it is missing such a life has no entry and never decides.
  std::optional<Tick> known = std::nullopt;
};

struct Ended {
  End how = End::kLost;
  core::VenueTime
      when;  // the exit of what ends with a tick, the expiry of what ends with the clock
  core::Money pays;
  friend bool operator==(const Ended&, const Ended&) = default;
};

class Life final {
 public:
  /// Of nothing: ticks and time do nothing to it.
  Life() = default;
  /// `symbol`: null where it is not listed; a kind with terms of the symbol needs it (CHECK).
  Life(const ContractSpec& spec, const Purchase& purchase, const SymbolInfo* symbol);

  /// Ticks at or before the start, late and repeated ones and those of other symbols change
  /// nothing. The entry is the first after the start. One of ticks exits at the N-th
  /// (Kind::entry_counts); a timed one at the last with epoch <= expiry, known with a tick at the
  /// expiry itself or once a later one shows that it has passed. True: this tick ended it. Later
  /// calls change nothing.
  bool on_tick(const Tick& tick);
  /// Venue time has passed without a tick: ends a timed contract once now > expiry. True: it did.
  bool on_time(core::VenueTime now);
  /// From outside: a sale, a cancellation. It is not over yet (CHECK).
  void end(End how, core::VenueTime when, core::Money pays);

  bool is_over() const { return ended_.has_value(); }
  const std::optional<Ended>& ended() const { return ended_; }
  const ContractSpec& spec() const { return spec_; }
  const Purchase& purchase() const { return purchase_; }
  core::VenueTime start() const { return purchase_.start; }
  /// nominal_expiry(); of one of ticks, once its exit is known, the exit's epoch.
  core::VenueTime expiry() const { return expiry_; }
  const std::optional<Tick>& entry() const { return entry_; }
  const std::optional<Tick>& last() const { return last_; }  // the latest within the life
  /// The tick that decided it; empty before, and for what time alone ended.
  const std::optional<Tick>& exit() const;
  /// The price to beat, of two the high one; empty before the entry and for kinds without one.
  std::optional<core::Price> barrier_price() const;
  /// The low one of two; empty before the entry and for other kinds.
  std::optional<core::Price> low_barrier_price() const;
  /// Counted by its own rule: the entry is 1 or 0 (Kind::entry_counts).
  int ticks_passed() const { return ticks_passed_; }
  /// What it pays for this end, at its last tick.
  core::Money pays(End how) const;

  /// A kind's own notes from one tick to the next: what they mean is the business of its file.
  std::array<std::int64_t, 6> notes{};

 private:
  void finish(End how, core::VenueTime when);
  ContractSpec spec_;
  Purchase purchase_;
  core::VenueTime expiry_;
  std::optional<Tick> entry_;
  std::optional<Tick> last_;
  std::optional<Ended> ended_;
  int ticks_passed_ = 0;
  bool is_something_ = false;
};

}  // namespace derivd::market
