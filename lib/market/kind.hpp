// Owns the table of contract kinds: one row for each of Deriv's types, with everything that tells
// it from the others: its names, what a spec of it must say, its rule in code and in words, its
// odds, its amounts. A family of types is one file, family_NAME.cpp, that holds its rows, and one
// line for each row in kinds.cpp. Everybody asks the row what a contract is like; nobody asks which
// type it is. The rows are constants: no thread owns them and none is ever made at run time.
//
// Rules and sources: shared reference deriv/contracts.md section 2, deriv/v3-api.md section 4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/decimal.hpp"
#include "core/time.hpp"
#include "market/life.hpp"
#include "market/spec.hpp"
#include "market/symbol.hpp"

namespace derivd::market {

class CodeFields;
enum class Agreement : std::uint8_t;

enum class Payoff : std::uint8_t {
  kFixed,  // the payout that was quoted, or nothing
  kValue,  // what the position is worth when it ends; no payout is ever quoted
};

/// What the exit is measured against.
enum class BarrierForm : std::uint8_t {
  kNone,    // nothing: DIGITEVEN, MULTUP
  kEntry,   // the entry's quote: CALL
  kOffset,  // a barrier of the buyer's, an offset from the entry or a quote: HIGHER
  kPair,    // two of those, the high one first: EXPIRYRANGE
  kDigit,   // a digit: DIGITOVER
};

/// Which tick a contract enters at (deriv/v3-api.md section 4.1).
enum class EntryRule : std::uint8_t {
  kNext,   // the first after its start
  kKnown,  // the latest one when it was bought: TURBOS*, VANILLALONG*
};

/// When the venue buys a running contract back (deriv/v3-api.md section 4.4).
enum class Resale : std::uint8_t {
  kNever,
  kTimed,   // after its entry tick, if its length is a time; one of ticks is not bought back
  kAlways,  // after its entry tick
};

/// What a spec must say, and may not say.
struct Needs {
  BarrierForm barrier = BarrierForm::kEntry;
  bool ticks = true;  // its length may be ticks
  bool time = true;   // its length may be a time; neither: it has no length
  std::int32_t min_ticks = 1;
  std::int32_t max_ticks = 10;
  std::int64_t min_seconds = 15;
  std::int64_t max_seconds = 365LL * 86'400;
  bool multiplier = false;       // with the limits that the venue keeps: take profit, stop loss
  bool growth = false;           // ACCU: a growth rate, with a take profit that the venue keeps
  bool points = false;           // TURBOS*: a payout per point may stand for the barrier
  std::int8_t select_of = 0;     // TICKHIGH: one tick of so many is named; 0: none
  bool quotes_digits = false;    // only on symbols for whose last digit the venue has contracts
  bool digit_is_priced = false;  // another digit is another price
  std::int8_t lowest_digit = 0;
  std::int8_t highest_digit = 9;

  constexpr bool has_length() const { return ticks || time; }
};

/// As read for USD (deriv/v3-api.md section 4.3).
struct Amounts {
  core::Money min_stake;
  std::optional<core::Money> max_stake;
  std::optional<core::Money> max_payout;

  /// The same in a currency of so many decimals, see in_currency().
  Amounts in(std::uint8_t decimals) const;
};
/// What an amount of dollars roughly is in a currency of so many decimals, rounded up: of 0 as of
/// the yen (150 a dollar), of 8 as of bitcoin (100,000 dollars each), every one of 2 as of the
/// dollar. The simulator, paper mode and back-tests need some smallest and largest amounts, and
/// nobody recorded the venue's; what is bought at the venue never rests on these. Assumed on
/// 2026-11-29.
core::Money in_currency(core::Money dollars, std::uint8_t decimals);
inline constexpr Amounts kOptionAmounts{core::Money::minor(35), std::nullopt,
                                        core::Money::minor(50'000'00)};

struct Kind {
  std::string_view name;     // Deriv's: in requests of the options dialect, in files, in books
  std::string_view v3_name;  // under which v3 sells and books it: CALL for HIGHER
  std::string_view family;   // for people: "digit"
  Payoff payoff = Payoff::kFixed;
  Needs needs{};
  Resale resale = Resale::kTimed;
  Amounts amounts = kOptionAmounts;
  std::int8_t direction = 0;  // +1 gains when the quote rises, -1 when it falls, 0 neither
  bool tie_wins = false;      // an exit that is exactly the price to beat wins
  bool entry_counts = false;  // counted in ticks, the entry is tick 1; else it is tick 0
  EntryRule entry = EntryRule::kNext;
  bool path_dependent = false;  // a tick between its entry and its exit can decide it
  /// Of its probability, what the venue adds to the price in the place of a share of the payout, in
  /// nano units; 0: the share, as for others (contracts.md section 2.2).
  std::int64_t margin_nano = 0;
  /// The least price of one unit of payout, in nano units: what bounds the payout for a stake.
  std::int64_t least_price_nano = 1;
  /// Why its odds are known without a model of the quotes; empty: they are not.
  std::string_view fair_because{};

  /// What is wrong with it beyond `needs`; null: nothing can be.
  std::optional<SpecProblem> (*check)(const ContractSpec&, const SymbolInfo&) = nullptr;
  /// Payoff::kFixed: whether it pays, where entry and exit alone decide. Null for the others.
  bool (*wins)(const ContractSpec&, core::Price entry, core::Price exit) = nullptr;
  /// Payoff::kFixed: before the start, without commission; see theoretical_probability().
  double (*probability)(const ContractSpec&, const SymbolInfo&, std::optional<core::Price> spot,
                        std::optional<core::VenueTime> start) = nullptr;
  /// Payoff::kFixed: of a running one after its entry tick.
  double (*probability_now)(const SymbolInfo&, const Life&, core::VenueTime now) = nullptr;
  /// At the start of a life: notes that its ticks need. Null: none.
  void (*begin)(Life&, const SymbolInfo*) = nullptr;
  /// After each tick of its life, the entry included: whether this one ended it. Null: none does.
  std::optional<End> (*step)(Life&) = nullptr;
  /// At the end of its length; at least its entry is there. Null for kinds without a length.
  End (*at_end)(const Life&) = nullptr;
  /// Payoff::kValue: what it is worth at its last tick, where it ends there. Null for the others.
  core::Money (*value)(const Life&) = nullptr;
  /// Payoff::kValue: what the venue buys a running one back for. Null: its value.
  core::Money (*bid)(const Life&, const SymbolInfo&, core::VenueTime now) = nullptr;
  /// The level in force, where the ticks of the life move it. Null: price_to_beat() of its entry.
  std::optional<core::Price> (*level)(const Life&) = nullptr;
  /// The odds that follow from the rule alone, whatever the symbol; empty: none do.
  std::optional<double> (*fair)(const ContractSpec&) = nullptr;
  /// "wins when the last digit of the exit is odd".
  std::string (*rule)(const ContractSpec&) = nullptr;
  /// Whether what follows the amount in a shortcode names this contract.
  Agreement (*code_agrees)(const ContractSpec&, CodeFields&) = nullptr;
};

inline const Kind& kind_of(ContractType type) { return type.kind(); }
constexpr bool has_payout(const Kind& kind) { return kind.payoff == Payoff::kFixed; }
inline bool has_payout(ContractType type) { return has_payout(kind_of(type)); }
inline bool has_form(ContractType type, BarrierForm form) {
  return kind_of(type).needs.barrier == form;
}

/// It is measured against levels of the buyer's choice, so that a price needs a quote and a
/// volatility.
inline bool has_levels(ContractType type) {
  return has_form(type, BarrierForm::kOffset) || has_form(type, BarrierForm::kPair);
}

/// Every row, in a fixed order.
std::span<const Kind* const> all_kinds();
/// Where it stands in all_kinds(): for lists in a fixed order. A later release may put it
/// elsewhere, so that no file and no digest may hold it.
std::size_t rank_of(ContractType type);

/// The name of both dialects' books names the type: CALL and HIGHER both name HIGHER.
bool is_named(ContractType type, std::string_view wire_name);
/// v3 books them under one name, so that its books alone do not tell one from the other.
bool booked_alike(ContractType a, ContractType b);
/// What a contract with an offset from its entry is, whose wire name is this; empty: there is none.
std::optional<ContractType> with_offset(std::string_view wire_name);

/// Kind::at_end of kinds that look at the entry and the exit alone: won or lost by wins().
End won_or_lost(const Life& life);

/// Whether the venue buys it back between its entry and its end.
bool is_resold(const ContractSpec& spec);

}  // namespace derivd::market
