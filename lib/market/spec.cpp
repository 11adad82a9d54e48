#include "market/spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/check.hpp"
#include "market/kind.hpp"

namespace derivd::market {
namespace {

using Unit = ContractDuration::Unit;

constexpr std::int64_t kDay = 86400;
// Section 4.3.
constexpr std::int32_t kMaxTicks = 10;
constexpr std::int64_t kMinSeconds = 15;
constexpr std::int64_t kMaxSeconds = 365 * kDay;

struct UnitRow {
  Unit unit;
  std::string_view letter;
  std::int64_t seconds;  // 0: ticks have none
};
constexpr std::array kUnits{
    UnitRow{Unit::kTicks, "t", 0},    UnitRow{Unit::kSeconds, "s", 1},
    UnitRow{Unit::kMinutes, "m", 60}, UnitRow{Unit::kHours, "h", 3600},
    UnitRow{Unit::kDays, "d", kDay},  UnitRow{Unit::kUntil, "until:", 0},
};

const UnitRow& row_of(Unit unit) {
  const auto it = std::ranges::find(kUnits, unit, &UnitRow::unit);
  DERIVD_CHECK(it != kUnits.end(), "a duration without a unit");
  return *it;
}

std::string capitalised(std::string_view word) {
  std::string out(word);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 32);
  return out;
}

std::optional<SpecProblem> duration_problem(const ContractSpec& spec) {
  const auto& d = spec.duration;
  const auto& kind = kind_of(spec.type);
  if (!kind.needs.has_length()) {
    if (d.count == 0) return std::nullopt;
    return SpecProblem{SpecFault::kDuration,
                       fmt::format("A {} contract has no duration.", kind.family)};
  }
  if (d.in_ticks()) {
    if (!kind.needs.ticks) {
      return SpecProblem{SpecFault::kDuration, fmt::format("{} contracts are not offered in ticks.",
                                                           capitalised(kind.family))};
    }
    if (d.count >= 1 && d.count <= kMaxTicks) return std::nullopt;
    return SpecProblem{SpecFault::kDuration,
                       fmt::format("Number of ticks must be between 1 and {}.", kMaxTicks)};
  }
  if (!kind.needs.time) {
    return SpecProblem{SpecFault::kDuration, fmt::format("{} contracts are offered in ticks only.",
                                                         capitalised(kind.family))};
  }
  // What is priced and counted down here has a length: an end alone has a text, and no more yet.
  const auto seconds = d.unit == Unit::kUntil ? 0 : d.seconds();
  if (seconds >= kMinSeconds && seconds <= kMaxSeconds) return std::nullopt;
  return SpecProblem{SpecFault::kDuration, "Trading is not offered for this duration."};
}

std::optional<SpecProblem> digit_problem(const ContractSpec& spec) {
  const auto digit = spec.digit();
  if (!has_form(spec.type, BarrierForm::kDigit)) {
    if (digit == -1) return std::nullopt;
    return SpecProblem{SpecFault::kPrediction,
                       fmt::format("{} takes no prediction.", name_of(spec.type))};
  }
  const int low = kind_of(spec.type).needs.lowest_digit;
  const int high = kind_of(spec.type).needs.highest_digit;
  if (digit >= low && digit <= high) return std::nullopt;
  return SpecProblem{SpecFault::kPrediction,
                     fmt::format("Barrier must be an integer in range of {} to {}.", low, high)};
}

std::optional<SpecProblem> barrier_problem(const ContractSpec& spec, const SymbolInfo& symbol) {
  const auto& [first, second] = spec.barriers;
  const bool none = first.form == Barrier::Form::kNone || first.form == Barrier::Form::kDigit;
  const bool wanted = has_form(spec.type, BarrierForm::kOffset);
  if (second.form != Barrier::Form::kNone || (!wanted && !none)) {
    return SpecProblem{SpecFault::kBarrier,
                       fmt::format("{} takes no {}barrier.", name_of(spec.type),
                                   second.form == Barrier::Form::kNone ? "" : "second ")};
  }
  if (!wanted) return std::nullopt;
  if (first.form != Barrier::Form::kOffset) {
    return SpecProblem{SpecFault::kBarrier,
                       fmt::format("{} needs an offset from the entry.", name_of(spec.type))};
  }
  if (first.value.decimals() == symbol.decimals) return std::nullopt;
  return SpecProblem{SpecFault::kBarrier, fmt::format("Barrier of {} must have {} decimals.",
                                                      symbol.code, symbol.decimals)};
}

std::optional<SpecProblem> terms_problem(const ContractSpec& spec) {
  const auto& needs = kind_of(spec.type).needs;
  const bool fits = needs.multiplier ? spec.multiplier() != nullptr
                                     : std::holds_alternative<std::monostate>(spec.terms);
  if (fits) return std::nullopt;
  return SpecProblem{
      SpecFault::kMultiplier,
      needs.multiplier
          ? "Multiplier must be above zero."
          : fmt::format("{} takes no multiplier, take profit or stop loss.", name_of(spec.type))};
}

}  // namespace

int ContractSpec::digit() const {
  const auto& first = barriers[0];
  return first.form == Barrier::Form::kDigit ? static_cast<int>(first.value.mantissa()) : -1;
}

void ContractSpec::set_digit(int digit) {
  barriers[0] = digit < 0 ? Barrier{} : Barrier::digit(digit);
}

MultiplierTerms& ContractSpec::multiplier_terms() {
  auto* mine = std::get_if<MultiplierTerms>(&terms);
  return mine != nullptr ? *mine : terms.emplace<MultiplierTerms>();
}

core::Price ContractSpec::offset() const {
  return barriers[0].form == Barrier::Form::kOffset ? barriers[0].value : core::Price{};
}

core::Result<ContractDuration> ContractDuration::parse(std::string_view text) {
  const auto refuse = [&] {
    return core::invalid(
        fmt::format("'{}' is not a duration; write 5t, 15s, 5m, 1h or 1d", text.substr(0, 40)));
  };
  if (text.size() < 2 || text.front() < '0' || text.front() > '9') return refuse();
  const auto unit = unit_from(text.substr(text.size() - 1));
  ContractDuration out;
  const char* end = text.data() + text.size() - 1;
  const auto [at, error] = std::from_chars(text.data(), end, out.count);
  const bool fits = out.count >= 1 && out.count <= INT32_MAX;
  if (!unit || error != std::errc{} || at != end || !fits) return refuse();
  out.unit = *unit;
  return out;
}

std::string ContractDuration::to_string() const {
  if (unit == Unit::kUntil) return fmt::format("{}{}", unit_letter(), count);
  return fmt::format("{}{}", count, unit_letter());
}

std::int64_t ContractDuration::seconds() const {
  const auto each = row_of(unit).seconds;
  DERIVD_CHECK(each > 0, "ticks and an end have no seconds");
  return count * each;
}

std::string_view ContractDuration::unit_letter() const { return row_of(unit).letter; }

std::optional<Unit> ContractDuration::unit_from(std::string_view letter) {
  const auto it = std::ranges::find(kUnits, letter, &UnitRow::letter);
  return it == kUnits.end() ? std::nullopt : std::optional(it->unit);
}

core::VenueTime expiry_of(const ContractDuration& duration, core::VenueTime start) {
  DERIVD_CHECK(!duration.in_ticks(), "a tick contract expires with a tick");
  if (duration.unit == Unit::kUntil) return {duration.count};
  if (duration.unit != Unit::kDays) return {start.s + duration.seconds()};
  const auto midnight = start.s / kDay * kDay;
  return {midnight + duration.seconds() + kDay - 1};
}

std::optional<SpecProblem> problem_of(const ContractSpec& spec, const SymbolInfo& symbol) {
  if (spec.symbol != symbol.code) {
    return SpecProblem{SpecFault::kSymbol, fmt::format("The contract is on '{}', not on {}.",
                                                       spec.symbol, symbol.code)};
  }
  const auto& kind = kind_of(spec.type);
  if (kind.needs.quotes_digits && !symbol.has_digits) {
    return SpecProblem{SpecFault::kSymbol,
                       fmt::format("{} has no {} contracts.", symbol.code, kind.family)};
  }
  if (auto p = duration_problem(spec)) return p;
  if (auto p = digit_problem(spec)) return p;
  if (auto p = barrier_problem(spec, symbol)) return p;
  if (auto p = terms_problem(spec)) return p;
  return kind.check == nullptr ? std::nullopt : kind.check(spec, symbol);
}

core::Result<void> validate(const ContractSpec& spec, const SymbolInfo& symbol) {
  if (auto problem = problem_of(spec, symbol)) return core::invalid(std::move(problem->text));
  return {};
}

bool wins(const ContractSpec& spec, core::Price entry, core::Price exit) {
  const auto& kind = kind_of(spec.type);
  DERIVD_CHECK(kind.wins != nullptr, "what pays its value neither wins nor loses");
  return kind.wins(spec, entry, exit);
}

std::optional<core::Price> price_to_beat(const ContractSpec& spec, core::Price entry) {
  switch (kind_of(spec.type).needs.barrier) {
    case BarrierForm::kNone:
    case BarrierForm::kDigit:
      return std::nullopt;
    case BarrierForm::kEntry:
      return entry;
    case BarrierForm::kOffset:
      return entry + spec.offset();
  }
  return std::nullopt;
}

}  // namespace derivd::market
