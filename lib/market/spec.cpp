#include "market/spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/check.hpp"
#include "market/hours.hpp"
#include "market/kind.hpp"

namespace derivd::market {
namespace {

using Unit = ContractDuration::Unit;

struct UnitRow {
  Unit unit;
  std::string_view letter;
  std::int64_t seconds;  // 0: ticks have none
};
constexpr std::array kUnits{
    UnitRow{Unit::kTicks, "t", 0},
    UnitRow{Unit::kSeconds, "s", 1},
    UnitRow{Unit::kMinutes, "m", 60},
    UnitRow{Unit::kHours, "h", 3600},
    UnitRow{Unit::kDays, "d", kSecondsOfDay},
    UnitRow{Unit::kUntil, "until:", 0},
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
  const auto& needs = kind.needs;
  if (d.in_ticks()) {
    if (!needs.ticks) {
      return SpecProblem{SpecFault::kDuration, fmt::format("{} contracts are not offered in ticks.",
                                                           capitalised(kind.family))};
    }
    if (d.count >= needs.min_ticks && d.count <= needs.max_ticks) return std::nullopt;
    return SpecProblem{SpecFault::kDuration,
                       fmt::format("Number of ticks must be between {} and {}.", needs.min_ticks,
                                   needs.max_ticks)};
  }
  if (!needs.time) {
    return SpecProblem{SpecFault::kDuration, fmt::format("{} contracts are offered in ticks only.",
                                                         capitalised(kind.family))};
  }
  // How long it is until an end, only the moment of the purchase says; whoever buys looks then.
  if (d.unit == Unit::kUntil) return std::nullopt;
  const auto seconds = d.seconds();
  if (seconds >= needs.min_seconds && seconds <= needs.max_seconds) return std::nullopt;
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

bool is_level(const Barrier& barrier) {
  return barrier.form == Barrier::Form::kOffset || barrier.form == Barrier::Form::kAbsolute;
}

/// Of a type that is measured against levels: this one of them.
std::optional<SpecProblem> level_problem(const ContractSpec& spec, const Barrier& barrier,
                                         const SymbolInfo& symbol) {
  if (!is_level(barrier)) {
    return SpecProblem{SpecFault::kBarrier,
                       fmt::format("{} needs {}.", name_of(spec.type),
                                   has_form(spec.type, BarrierForm::kPair)
                                       ? "two barriers, the high one first"
                                       : "a barrier, an offset from the entry or a quote")};
  }
  if (barrier.value.decimals() != symbol.decimals) {
    return SpecProblem{SpecFault::kBarrier, fmt::format("Barrier of {} must have {} decimals.",
                                                        symbol.code, symbol.decimals)};
  }
  if (barrier.form == Barrier::Form::kAbsolute && barrier.value.mantissa() <= 0) {
    return SpecProblem{SpecFault::kBarrier, "An absolute barrier is a quote, which is above zero."};
  }
  return std::nullopt;
}

std::optional<SpecProblem> pair_problem(const ContractSpec& spec) {
  const auto& [high, low] = spec.barriers;
  if (high.form != low.form) {
    return SpecProblem{SpecFault::kBarrier,
                       "Both barriers must be offsets from the entry, or both quotes."};
  }
  if (high.value > low.value) return std::nullopt;
  return SpecProblem{SpecFault::kBarrier, "The high barrier must be above the low one."};
}

std::optional<SpecProblem> barrier_problem(const ContractSpec& spec, const SymbolInfo& symbol) {
  const auto& [first, second] = spec.barriers;
  const bool pair = has_form(spec.type, BarrierForm::kPair);
  const bool one = has_form(spec.type, BarrierForm::kOffset) && spec.points() == nullptr;
  const bool none = first.form == Barrier::Form::kNone || first.form == Barrier::Form::kDigit;
  const bool no_second = second.form == Barrier::Form::kNone;
  if ((!pair && !no_second) || (!pair && !one && !none)) {
    return SpecProblem{
        SpecFault::kBarrier,
        fmt::format("{} takes no {}barrier.", name_of(spec.type), no_second ? "" : "second ")};
  }
  if (one || pair) {
    if (auto p = level_problem(spec, first, symbol)) return p;
  }
  if (!pair) return std::nullopt;
  if (auto p = level_problem(spec, second, symbol)) return p;
  return pair_problem(spec);
}

/// "a multiplier", as the type needs them; empty: none.
std::string_view needed_terms(const Needs& needs) {
  if (needs.multiplier) return "a multiplier above zero";
  if (needs.growth) return "a growth rate";
  if (needs.select_of > 0) return "a selected tick";
  return {};
}

bool has_needed_terms(const ContractSpec& spec, const Needs& needs) {
  if (needs.multiplier) return spec.multiplier() != nullptr;
  if (needs.growth) return spec.accumulator() != nullptr;
  if (needs.select_of > 0) return spec.selected_tick() > 0;
  if (needs.points && spec.points() != nullptr) return true;
  return std::holds_alternative<std::monostate>(spec.terms);
}

std::optional<SpecProblem> terms_problem(const ContractSpec& spec) {
  const auto& needs = kind_of(spec.type).needs;
  if (!has_needed_terms(spec, needs)) {
    const auto needed = needed_terms(needs);
    return SpecProblem{
        SpecFault::kMultiplier,
        needs.multiplier ? "Multiplier must be above zero."
        : !needed.empty()
            ? fmt::format("{} needs {}.", name_of(spec.type), needed)
            : fmt::format("{} takes no multiplier, take profit or stop loss.", name_of(spec.type))};
  }
  if (needs.select_of > 0 && spec.selected_tick() > needs.select_of) {
    return SpecProblem{SpecFault::kMultiplier,
                       fmt::format("Selected tick must be between 1 and {}.", needs.select_of)};
  }
  if (spec.basis == Basis::kPayout && !has_payout(spec.type)) {
    return SpecProblem{SpecFault::kMultiplier, "Basis must be stake for this contract."};
  }
  return std::nullopt;
}

}  // namespace

int ContractSpec::digit() const {
  const auto& first = barriers[0];
  return first.form == Barrier::Form::kDigit ? static_cast<int>(first.value.mantissa()) : -1;
}

void ContractSpec::set_digit(int digit) {
  barriers[0] = digit < 0 ? Barrier{} : Barrier::digit(digit);
}

int ContractSpec::selected_tick() const {
  const auto* mine = std::get_if<TickTerms>(&terms);
  return mine != nullptr ? mine->selected : 0;
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
  const auto midnight = start.s / kSecondsOfDay * kSecondsOfDay;
  return {midnight + duration.seconds() + kSecondsOfDay - 1};
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

std::optional<core::Price> level_of(const Barrier& barrier, core::Price entry) {
  switch (barrier.form) {
    case Barrier::Form::kNone:
    case Barrier::Form::kDigit:
      return std::nullopt;
    case Barrier::Form::kOffset:
      return entry + barrier.value;
    case Barrier::Form::kAbsolute:
      return barrier.value;
  }
  return std::nullopt;
}

std::optional<core::Price> price_to_beat(const ContractSpec& spec, core::Price entry) {
  switch (kind_of(spec.type).needs.barrier) {
    case BarrierForm::kNone:
    case BarrierForm::kDigit:
      return std::nullopt;
    case BarrierForm::kEntry:
      return entry;
    case BarrierForm::kOffset:
    case BarrierForm::kPair:
      return level_of(spec.barriers[0], entry);
  }
  return std::nullopt;
}

std::optional<core::Price> low_barrier(const ContractSpec& spec, core::Price entry) {
  if (!has_form(spec.type, BarrierForm::kPair)) return std::nullopt;
  return level_of(spec.barriers[1], entry);
}

bool has_decimals(const ContractSpec& spec, std::uint8_t decimals) {
  return std::ranges::all_of(spec.barriers, [&](const Barrier& b) {
    return !is_level(b) || b.value.decimals() == decimals;
  });
}

}  // namespace derivd::market
