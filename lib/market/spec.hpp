// Owns what is bought: a type, a symbol, a length, barriers and terms; what can be wrong with it;
// and its text. Every room hands specs on; nobody but the strategy's template and the readers of
// texts and payloads makes one. What a type is like says its row (kind.hpp). It never knows an
// amount.
//
// Rules and sources: shared reference deriv/v3-api.md section 4.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "market/symbol.hpp"

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

/// A contract's length: n ticks, a time that always becomes seconds for the arithmetic, or none
/// but an end.
struct ContractDuration {
  enum class Unit : std::uint8_t { kTicks, kSeconds, kMinutes, kHours, kDays, kUntil };
  std::int64_t count = 0;  // 0: none (multipliers); kUntil: the epoch at which it ends
  Unit unit = Unit::kTicks;
  /// "1t", "15s", "5m", "1h", "1d". Not an end: "until:…" is a spec's (spec_text.cpp).
  static core::Result<ContractDuration> parse(std::string_view text);
  static ContractDuration until(core::VenueTime end) { return {end.s, Unit::kUntil}; }
  std::string to_string() const;
  bool in_ticks() const { return unit == Unit::kTicks; }
  /// Seconds of a timed contract, a day being 86400. Not for ticks nor for an end (CHECK).
  std::int64_t seconds() const;
  std::string_view unit_letter() const;  // "t" "s" "m" "h" "d", "until:": a static text
  static std::optional<Unit> unit_from(std::string_view letter);
  friend bool operator==(const ContractDuration&, const ContractDuration&) = default;
};

/// What the exit is measured against, where the type leaves it open.
struct Barrier {
  enum class Form : std::uint8_t {
    kNone,
    kOffset,    // from the entry tick, with its sign
    kAbsolute,  // a quote
    kDigit,     // 0 to 9
  };
  Form form = Form::kNone;
  core::Price value;  // in the symbol's decimals; a digit has none

  static constexpr Barrier offset(core::Price value) { return {Form::kOffset, value}; }
  static constexpr Barrier absolute(core::Price value) { return {Form::kAbsolute, value}; }
  static constexpr Barrier digit(int digit) { return {Form::kDigit, core::Price::raw(digit, 0)}; }
  friend bool operator==(const Barrier&, const Barrier&) = default;
};
/// As encode() writes it: "+0.10", "-0.10", "812.30", "=7"; "." for none.
std::string text_of(const Barrier& barrier);

/// MULT*. The limits are kept by the venue and above zero.
struct MultiplierTerms {
  std::uint16_t multiplier = 0;
  std::optional<core::Money> take_profit;        // the profit at which it closes
  std::optional<core::Money> stop_loss;          // the loss at which it closes
  std::optional<ContractDuration> cancellation;  // how long it can be cancelled; has a length
  /// What the cancellation costs beside the stake, once a quote has said it; it never comes back.
  std::optional<core::Money> fee = {};
  friend bool operator==(const MultiplierTerms&, const MultiplierTerms&) = default;
};
/// ACCU.
struct AccumulatorTerms {
  core::Decimal growth;  // 0.03: three per cent for each tick
  std::optional<core::Money> take_profit;
  friend bool operator==(const AccumulatorTerms&, const AccumulatorTerms&) = default;
};
/// TURBOS*, where it is bought by what a point pays and not by its barrier.
struct PointTerms {
  core::Decimal payout_per_point;
  friend bool operator==(const PointTerms&, const PointTerms&) = default;
};
/// TICKHIGH, TICKLOW.
struct TickTerms {
  std::int8_t selected = 1;  // counted from 1
  friend bool operator==(const TickTerms&, const TickTerms&) = default;
};
using Terms =
    std::variant<std::monostate, MultiplierTerms, AccumulatorTerms, PointTerms, TickTerms>;

/// What the amount of an order is.
enum class Basis : std::uint8_t { kStake, kPayout };

/// What is bought, without the amount. Whatever a type can need has its place here; what this one
/// needs says its row (Kind::needs), and problem_of() holds the one to the other.
struct ContractSpec {
  ContractType type = ContractType::kCall;
  SymbolCode symbol;
  ContractDuration duration;
  std::array<Barrier, 2> barriers{};  // of two, the high one first
  Terms terms;
  Basis basis = Basis::kStake;

  /// The digit that it is measured against; -1: none.
  int digit() const;
  void set_digit(int digit);  // below 0: none
  /// The offset of its first barrier; zero without decimals: none.
  core::Price offset() const;
  void set_offset(core::Price offset) { barriers[0] = Barrier::offset(offset); }
  /// Null: another type's terms, or none.
  const MultiplierTerms* multiplier() const { return std::get_if<MultiplierTerms>(&terms); }
  const AccumulatorTerms* accumulator() const { return std::get_if<AccumulatorTerms>(&terms); }
  const PointTerms* points() const { return std::get_if<PointTerms>(&terms); }
  /// The tick that TICKHIGH names, from 1; 0: none.
  int selected_tick() const;
  /// Its terms as a multiplier's; others are replaced by empty ones.
  MultiplierTerms& multiplier_terms();
  friend bool operator==(const ContractSpec&, const ContractSpec&) = default;
};

/// When a timed contract ends: start + duration; one of days at 23:59:59 of its last day
/// (section 4.1); at its end, if it has one. Not for ticks (CHECK).
core::VenueTime expiry_of(const ContractDuration& duration, core::VenueTime start);

/// What validate() can object to, for callers that answer with codes.
enum class SpecFault : std::uint8_t { kSymbol, kDuration, kPrediction, kBarrier, kMultiplier };
struct SpecProblem {
  SpecFault fault;
  std::string text;
};
std::optional<SpecProblem> problem_of(const ContractSpec& spec, const SymbolInfo& symbol);

/// Everything about a spec that can be refused without the venue: prediction range (OVER 0-8,
/// UNDER 1-9), digits in ticks only, the lengths of Needs, barriers in their forms and their order,
/// the terms that the type needs and no others, a multiplier the symbol accepts.
core::Result<void> validate(const ContractSpec& spec, const SymbolInfo& symbol);

/// Win rule alone, where entry and exit are known. Pure. What pays its value has none (CHECK).
bool wins(const ContractSpec& spec, core::Price entry, core::Price exit);

/// The quote that a barrier stands for once the entry is known; empty: a digit, or no barrier. Its
/// decimals are the symbol's (problem_of), as the entry's are.
std::optional<core::Price> level_of(const Barrier& barrier, core::Price entry);

/// The quote that the exit is compared with: the entry, or its barrier, of two the high one. Empty
/// for what is measured against a digit or against nothing.
std::optional<core::Price> price_to_beat(const ContractSpec& spec, core::Price entry);
/// The low barrier of a type that has two; empty for others.
std::optional<core::Price> low_barrier(const ContractSpec& spec, core::Price entry);
/// Whether its offsets and quotes have these decimals, so that they can be compared with quotes
/// that do.
bool has_decimals(const ContractSpec& spec, std::uint8_t decimals);

/// A spec in one line, the one form of it in the journal, in answers and in tables:
///   HIGHER R_100 5m +0.10        DIGITOVER R_10 1t =7        CALL R_50 until:1790000000
///   EXPIRYRANGE frxEURUSD 1d +0.0010 -0.0010       ONETOUCH R_100 5m 812.30
///   MULTUP R_100 - multiplier=100 take_profit=2.00 stop_loss=1.00
///   MULTUP R_100 - multiplier=100 cancellation=15m fee=0.39
///   ACCU R_100 - growth=0.03 take_profit=2.00      TURBOSLONG R_100 5t point=3
///   TICKHIGH R_100 5t tick=3     CALL R_100 5t basis=payout
/// An offset has a sign, a quote has none, a digit stands behind '='. What a type needs is not
/// checked: every spec whose lengths count from 0 to 2^31 - 1 and whose end is a date
/// (core/bounds.hpp) has a text, and decode() gives the same spec back.
std::string encode(const ContractSpec& spec);
/// Appends it to a buffer that is used again and again.
void encode(const ContractSpec& spec, std::string& out);
/// Only what encode() writes, so that one spec has one text. Errors (kInvalid): everything else.
core::Result<ContractSpec> decode(std::string_view text);
/// No text of a spec is longer.
inline constexpr std::size_t kMaxSpecText = 352;

}  // namespace derivd::market
