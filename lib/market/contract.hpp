// Owns how a contract with a fixed payout lives: entry tick, counting, exit tick. Settlement is the
// same in both dialects; the contract book, the recomputation of live settlements and the back-test
// all drive ContractLife. What its type is like says its row (kind.hpp). It never prices
// (pricing.hpp) and never reads a clock.
//
// Rules and sources: shared reference deriv/v3-api.md section 4.
#pragma once

#include <cstdint>
#include <optional>

#include "core/decimal.hpp"
#include "core/time.hpp"
#include "market/spec.hpp"
#include "market/tick.hpp"

namespace derivd::market {

enum class Verdict : std::uint8_t { kOpen, kWon, kLost };

/// The life of one digital option, fed every tick of its symbol in epoch order from `start` on.
/// Single-threaded, no allocation. Ticks at or before `start` are ignored (the entry tick is the
/// first with epoch > start). For tick contracts: digits count the entry tick as tick 1, all others
/// exit at the N-th tick after the entry. For timed contracts the exit is the last tick with
/// epoch <= expiry, known with a tick at the expiry itself, or once a later tick or `on_time` shows
/// that it has passed. Repeated and late ticks, and those of other symbols, change nothing.
class ContractLife final {
 public:
  ContractLife() = default;
  ContractLife(const ContractSpec& spec, core::VenueTime start);

  /// Returns true when this tick decided the contract. Later calls change nothing.
  bool on_tick(const Tick& tick);
  /// Venue time has passed without a tick. Decides a timed contract once now > expiry. A timed
  /// contract without any tick in its life stays kOpen and expired() turns true: the caller
  /// refunds.
  bool on_time(core::VenueTime now);

  Verdict verdict() const { return verdict_; }
  bool expired() const { return expired_; }
  core::VenueTime start() const { return start_; }
  /// Timed contracts: expiry_of(). Tick contracts: start + N × interval until the exit is known,
  /// then the exit's epoch.
  core::VenueTime expiry() const { return expiry_; }
  const std::optional<Tick>& entry() const { return entry_; }
  const std::optional<Tick>& exit() const { return exit_; }  // only once decided
  const std::optional<Tick>& last() const { return last_; }  // latest tick within the life
  /// The price to beat: entry, or entry + barrier. Empty before entry and for digits.
  std::optional<core::Price> barrier_price() const;
  /// Ticks counted by the contract's own rule (digits: entry is 1; others: entry is 0).
  int ticks_passed() const { return ticks_passed_; }

 private:
  void decide(const Tick& exit_tick);
  ContractSpec spec_;
  core::VenueTime start_;
  core::VenueTime expiry_;
  std::optional<Tick> entry_;
  std::optional<Tick> exit_;
  std::optional<Tick> last_;
  int ticks_passed_ = 0;
  Verdict verdict_ = Verdict::kOpen;
  bool expired_ = false;
};

/// Win rule alone, where entry and exit are known. Pure. What pays its value has none (CHECK).
bool wins(const ContractSpec& spec, core::Price entry, core::Price exit);

/// The quote that the exit is compared with: the entry, or entry + barrier. Empty for what is
/// measured against a digit or against nothing.
std::optional<core::Price> price_to_beat(const ContractSpec& spec, core::Price entry);

}  // namespace derivd::market
