// Owns what is bought (a type, a length, its barrier and terms) and how a contract with a fixed
// payout lives: entry tick, counting, exit tick. Settlement is the same in both dialects; the
// contract book, the recomputation of live settlements and the back-test all drive ContractLife.
// What a type is like says its row (kind.hpp). It never prices (pricing.hpp) and reads no clock.
//
// Rules and sources: shared reference deriv/v3-api.md section 4.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "market/tick.hpp"

namespace derivd::market {

struct Kind;

/// The rows of the table of kinds (kind.hpp) that code names; each family's file defines its own.
namespace rows {
extern const Kind kCall, kPut, kCallE, kPutE;
extern const Kind kHigher, kLower;
extern const Kind kDigitEven, kDigitOdd, kDigitMatch, kDigitDiff, kDigitOver, kDigitUnder;
extern const Kind kMultUp, kMultDown;
}  // namespace rows

/// One of Deriv's types: the row of the table of kinds that describes it. Types are equal or not;
/// they have no order and no number, so that nothing can come to mean something by its place.
class ContractType final {
 public:
  constexpr explicit ContractType(const Kind& kind) : kind_(&kind) {}
  constexpr const Kind& kind() const { return *kind_; }
  friend constexpr bool operator==(ContractType, ContractType) = default;

  static const ContractType kCall, kPut, kCallE, kPutE;
  static const ContractType kHigher, kLower;
  static const ContractType kDigitEven, kDigitOdd, kDigitMatch, kDigitDiff, kDigitOver, kDigitUnder;
  static const ContractType kMultUp, kMultDown;

 private:
  const Kind* kind_;
};

inline constexpr ContractType ContractType::kCall{rows::kCall};
inline constexpr ContractType ContractType::kPut{rows::kPut};
inline constexpr ContractType ContractType::kCallE{rows::kCallE};
inline constexpr ContractType ContractType::kPutE{rows::kPutE};
inline constexpr ContractType ContractType::kHigher{rows::kHigher};
inline constexpr ContractType ContractType::kLower{rows::kLower};
inline constexpr ContractType ContractType::kDigitEven{rows::kDigitEven};
inline constexpr ContractType ContractType::kDigitOdd{rows::kDigitOdd};
inline constexpr ContractType ContractType::kDigitMatch{rows::kDigitMatch};
inline constexpr ContractType ContractType::kDigitDiff{rows::kDigitDiff};
inline constexpr ContractType ContractType::kDigitOver{rows::kDigitOver};
inline constexpr ContractType ContractType::kDigitUnder{rows::kDigitUnder};
inline constexpr ContractType ContractType::kMultUp{rows::kMultUp};
inline constexpr ContractType ContractType::kMultDown{rows::kMultDown};

/// Deriv's upper-case name as in books and back-tests: "DIGITODD", "HIGHER".
std::string_view name_of(ContractType type);
std::optional<ContractType> contract_type_from(std::string_view name);

/// A contract's length: n ticks, or a time that always becomes seconds for the arithmetic.
struct ContractDuration {
  enum class Unit : std::uint8_t { kTicks, kSeconds, kMinutes, kHours, kDays };
  std::int32_t count = 0;  // 0: none (multipliers)
  Unit unit = Unit::kTicks;
  /// "1t", "15s", "5m", "1h", "1d".
  static core::Result<ContractDuration> parse(std::string_view text);
  std::string to_string() const;
  bool in_ticks() const { return unit == Unit::kTicks; }
  /// Seconds of a timed contract, a day being 86400. Not for ticks (CHECK).
  std::int64_t seconds() const;
  std::string_view unit_letter() const;  // "t" "s" "m" "h" "d": a static text
  static std::optional<Unit> unit_from(std::string_view letter);
  friend bool operator==(const ContractDuration&, const ContractDuration&) = default;
};

/// What is bought, without the amount.
struct ContractSpec {
  ContractType type = ContractType::kCall;
  SymbolCode symbol;
  ContractDuration duration;
  std::int8_t prediction = -1;  // DIGITMATCH/DIFF/OVER/UNDER: 0..9, else -1
  core::Price barrier;  // HIGHER/LOWER: signed offset from the entry tick, symbol's decimals
  std::uint16_t multiplier = 0;            // MULT*
  std::optional<core::Money> take_profit;  // MULT*: profit at which the venue closes, > 0
  std::optional<core::Money> stop_loss;    // MULT*: loss at which the venue closes, > 0
  friend bool operator==(const ContractSpec&, const ContractSpec&) = default;
};

/// When a timed contract ends: start + duration; one of days at 23:59:59 of its last day
/// (section 4.1). Not for ticks (CHECK).
core::VenueTime expiry_of(const ContractDuration& duration, core::VenueTime start);

/// What validate() can object to, for callers that answer with codes.
enum class SpecFault : std::uint8_t { kSymbol, kDuration, kPrediction, kBarrier, kMultiplier };
struct SpecProblem {
  SpecFault fault;
  std::string text;
};
std::optional<SpecProblem> problem_of(const ContractSpec& spec, const SymbolInfo& symbol);

/// Everything about a spec that can be refused without the venue: prediction range (OVER 0-8,
/// UNDER 1-9), digits in ticks only, 1-10 ticks, 15 s to 365 d, a multiplier the symbol accepts.
core::Result<void> validate(const ContractSpec& spec, const SymbolInfo& symbol);

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
