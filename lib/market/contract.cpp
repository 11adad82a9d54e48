#include "market/contract.hpp"

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
    UnitRow{Unit::kDays, "d", kDay},
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
  const auto seconds = d.seconds();
  if (seconds >= kMinSeconds && seconds <= kMaxSeconds) return std::nullopt;
  return SpecProblem{SpecFault::kDuration, "Trading is not offered for this duration."};
}

std::optional<SpecProblem> prediction_problem(const ContractSpec& spec) {
  if (!has_form(spec.type, BarrierForm::kDigit)) {
    if (spec.prediction == -1) return std::nullopt;
    return SpecProblem{SpecFault::kPrediction,
                       fmt::format("{} takes no prediction.", name_of(spec.type))};
  }
  const int low = kind_of(spec.type).needs.lowest_digit;
  const int high = kind_of(spec.type).needs.highest_digit;
  if (spec.prediction >= low && spec.prediction <= high) return std::nullopt;
  return SpecProblem{SpecFault::kPrediction,
                     fmt::format("Barrier must be an integer in range of {} to {}.", low, high)};
}

std::optional<SpecProblem> barrier_problem(const ContractSpec& spec, const SymbolInfo& symbol) {
  if (!has_form(spec.type, BarrierForm::kOffset)) {
    if (spec.barrier.mantissa() == 0) return std::nullopt;
    return SpecProblem{SpecFault::kBarrier,
                       fmt::format("{} takes no barrier.", name_of(spec.type))};
  }
  if (spec.barrier.decimals() == symbol.decimals) return std::nullopt;
  return SpecProblem{SpecFault::kBarrier, fmt::format("Barrier of {} must have {} decimals.",
                                                      symbol.code, symbol.decimals)};
}

std::optional<SpecProblem> terms_problem(const ContractSpec& spec) {
  const bool has_terms = spec.multiplier != 0 || spec.take_profit || spec.stop_loss;
  if (kind_of(spec.type).needs.multiplier || !has_terms) return std::nullopt;
  return SpecProblem{
      SpecFault::kMultiplier,
      fmt::format("{} takes no multiplier, take profit or stop loss.", name_of(spec.type))};
}

}  // namespace

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
  if (!unit || error != std::errc{} || at != end || out.count < 1) return refuse();
  out.unit = *unit;
  return out;
}

std::string ContractDuration::to_string() const {
  return fmt::format("{}{}", count, unit_letter());
}

std::int64_t ContractDuration::seconds() const {
  DERIVD_CHECK(!in_ticks(), "ticks have no seconds");
  return count * row_of(unit).seconds;
}

std::string_view ContractDuration::unit_letter() const { return row_of(unit).letter; }

std::optional<Unit> ContractDuration::unit_from(std::string_view letter) {
  const auto it = std::ranges::find(kUnits, letter, &UnitRow::letter);
  return it == kUnits.end() ? std::nullopt : std::optional(it->unit);
}

core::VenueTime expiry_of(const ContractDuration& duration, core::VenueTime start) {
  DERIVD_CHECK(!duration.in_ticks(), "a tick contract expires with a tick");
  if (duration.unit != ContractDuration::Unit::kDays) return {start.s + duration.seconds()};
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
  if (auto p = prediction_problem(spec)) return p;
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

ContractLife::ContractLife(const ContractSpec& spec, core::VenueTime start)
    : spec_(spec), start_(start) {
  DERIVD_CHECK(has_payout(spec.type), "a position has a life of its own");
  DERIVD_CHECK(spec.duration.count > 0, "a digital option has a duration");
  if (spec.duration.in_ticks()) {
    const auto* symbol = find_symbol(spec.symbol);
    // An unlisted symbol ticks every second or so; the figure only lasts until the exit is known.
    const std::int64_t interval = symbol != nullptr ? symbol->interval_s : 1;
    expiry_ = {start.s + spec.duration.count * interval};
  } else {
    expiry_ = expiry_of(spec.duration, start);
  }
}

bool ContractLife::on_tick(const Tick& tick) {
  if (verdict_ != Verdict::kOpen || expired_ || spec_.duration.count == 0) return false;
  if (tick.symbol != spec_.symbol || tick.epoch <= start_) return false;
  if (last_ && tick.epoch <= last_->epoch) return false;
  const bool timed = !spec_.duration.in_ticks();
  if (timed && tick.epoch > expiry_) return on_time(tick.epoch);
  last_ = tick;
  if (!entry_) {
    entry_ = tick;
    ticks_passed_ = kind_of(spec_.type).entry_counts ? 1 : 0;
  } else {
    ++ticks_passed_;
  }
  // Epochs rise strictly: after a tick at the expiry no other can belong to the contract.
  const bool last_one = timed ? tick.epoch == expiry_ : ticks_passed_ == spec_.duration.count;
  if (last_one) decide(tick);
  return last_one;
}

bool ContractLife::on_time(core::VenueTime now) {
  if (verdict_ != Verdict::kOpen || expired_ || spec_.duration.count == 0) return false;
  if (spec_.duration.in_ticks() || now <= expiry_) return false;
  if (!last_) {
    expired_ = true;
    return false;
  }
  const auto exit_tick = *last_;
  decide(exit_tick);
  return true;
}

void ContractLife::decide(const Tick& exit_tick) {
  exit_ = exit_tick;
  if (spec_.duration.in_ticks()) expiry_ = exit_tick.epoch;
  expired_ = true;
  verdict_ = wins(spec_, entry_->quote, exit_tick.quote) ? Verdict::kWon : Verdict::kLost;
}

std::optional<core::Price> ContractLife::barrier_price() const {
  return entry_ ? price_to_beat(spec_, entry_->quote) : std::nullopt;
}

std::optional<core::Price> price_to_beat(const ContractSpec& spec, core::Price entry) {
  switch (kind_of(spec.type).needs.barrier) {
    case BarrierForm::kNone:
    case BarrierForm::kDigit:
      return std::nullopt;
    case BarrierForm::kEntry:
      return entry;
    case BarrierForm::kOffset:
      return entry + spec.barrier;
  }
  return std::nullopt;
}

}  // namespace derivd::market
