#include "market/contract.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/check.hpp"
#include "market/integer.hpp"

namespace derivd::market {
namespace {

constexpr std::int64_t kDay = 86400;
// Section 4.3.
constexpr std::int32_t kMaxTicks = 10;
constexpr std::int64_t kMinSeconds = 15;
constexpr std::int64_t kMaxSeconds = 365 * kDay;

struct NamedType {
  ContractType type;
  std::string_view name;
};
constexpr std::array kTypes{
    NamedType{ContractType::kCall, "CALL"},
    NamedType{ContractType::kPut, "PUT"},
    NamedType{ContractType::kCallE, "CALLE"},
    NamedType{ContractType::kPutE, "PUTE"},
    NamedType{ContractType::kHigher, "HIGHER"},
    NamedType{ContractType::kLower, "LOWER"},
    NamedType{ContractType::kDigitEven, "DIGITEVEN"},
    NamedType{ContractType::kDigitOdd, "DIGITODD"},
    NamedType{ContractType::kDigitMatch, "DIGITMATCH"},
    NamedType{ContractType::kDigitDiff, "DIGITDIFF"},
    NamedType{ContractType::kDigitOver, "DIGITOVER"},
    NamedType{ContractType::kDigitUnder, "DIGITUNDER"},
    NamedType{ContractType::kMultUp, "MULTUP"},
    NamedType{ContractType::kMultDown, "MULTDOWN"},
};

std::int64_t seconds_of(ContractDuration::Unit unit) {
  switch (unit) {
    case ContractDuration::Unit::kTicks:
      break;
    case ContractDuration::Unit::kSeconds:
      return 1;
    case ContractDuration::Unit::kMinutes:
      return 60;
    case ContractDuration::Unit::kHours:
      return 3600;
    case ContractDuration::Unit::kDays:
      return kDay;
  }
  DERIVD_CHECK(false, "ticks have no seconds");
}

std::optional<ContractDuration::Unit> unit_from(char letter) {
  switch (letter) {
    case 't':
      return ContractDuration::Unit::kTicks;
    case 's':
      return ContractDuration::Unit::kSeconds;
    case 'm':
      return ContractDuration::Unit::kMinutes;
    case 'h':
      return ContractDuration::Unit::kHours;
    case 'd':
      return ContractDuration::Unit::kDays;
    default:
      return std::nullopt;
  }
}

std::optional<SpecProblem> duration_problem(const ContractSpec& spec) {
  const auto& d = spec.duration;
  if (is_multiplier(spec.type)) {
    if (d.count == 0) return std::nullopt;
    return SpecProblem{SpecFault::kDuration, "A multiplier contract has no duration."};
  }
  if (d.in_ticks()) {
    if (d.count >= 1 && d.count <= kMaxTicks) return std::nullopt;
    return SpecProblem{SpecFault::kDuration,
                       fmt::format("Number of ticks must be between 1 and {}.", kMaxTicks)};
  }
  if (is_digit(spec.type)) {
    return SpecProblem{SpecFault::kDuration, "Digit contracts are offered in ticks only."};
  }
  const auto seconds = d.seconds();
  if (seconds >= kMinSeconds && seconds <= kMaxSeconds) return std::nullopt;
  return SpecProblem{SpecFault::kDuration, "Trading is not offered for this duration."};
}

std::optional<SpecProblem> prediction_problem(const ContractSpec& spec) {
  if (!takes_prediction(spec.type)) {
    if (spec.prediction == -1) return std::nullopt;
    return SpecProblem{SpecFault::kPrediction,
                       fmt::format("{} takes no prediction.", name_of(spec.type))};
  }
  const int low = spec.type == ContractType::kDigitUnder ? 1 : 0;
  const int high = spec.type == ContractType::kDigitOver ? 8 : 9;
  if (spec.prediction >= low && spec.prediction <= high) return std::nullopt;
  return SpecProblem{SpecFault::kPrediction,
                     fmt::format("Barrier must be an integer in range of {} to {}.", low, high)};
}

std::optional<SpecProblem> barrier_problem(const ContractSpec& spec, const SymbolInfo& symbol) {
  if (!takes_barrier(spec.type)) {
    if (spec.barrier.mantissa() == 0) return std::nullopt;
    return SpecProblem{SpecFault::kBarrier,
                       fmt::format("{} takes no barrier.", name_of(spec.type))};
  }
  if (spec.barrier.decimals() == symbol.decimals) return std::nullopt;
  return SpecProblem{SpecFault::kBarrier, fmt::format("Barrier of {} must have {} decimals.",
                                                      symbol.code, symbol.decimals)};
}

std::optional<SpecProblem> multiplier_problem(const ContractSpec& spec, const SymbolInfo& symbol) {
  if (!is_multiplier(spec.type)) {
    if (spec.multiplier == 0 && !spec.take_profit && !spec.stop_loss) return std::nullopt;
    return SpecProblem{
        SpecFault::kMultiplier,
        fmt::format("{} takes no multiplier, take profit or stop loss.", name_of(spec.type))};
  }
  const auto positive = [](const std::optional<core::Money>& m) { return !m || m->units() > 0; };
  if (!positive(spec.take_profit) || !positive(spec.stop_loss)) {
    return SpecProblem{SpecFault::kMultiplier, "Take profit and stop loss must be above zero."};
  }
  std::string accepted;
  for (const auto m : symbol.multipliers) {
    if (m == 0) continue;
    if (m == spec.multiplier) return std::nullopt;
    accepted += fmt::format("{}{}", accepted.empty() ? "" : ",", m);
  }
  if (accepted.empty() && spec.multiplier > 0) return std::nullopt;  // the venue knows
  return SpecProblem{
      SpecFault::kMultiplier,
      accepted.empty()
          ? "Multiplier must be above zero."
          : fmt::format("Multiplier is not in acceptable range. Accepts {}.", accepted)};
}

}  // namespace

std::string_view name_of(ContractType type) {
  const auto it = std::ranges::find(kTypes, type, &NamedType::type);
  DERIVD_CHECK(it != kTypes.end(), "a contract type without a name");
  return it->name;
}

std::optional<ContractType> contract_type_from(std::string_view name) {
  const auto it = std::ranges::find(kTypes, name, &NamedType::name);
  if (it == kTypes.end()) return std::nullopt;
  return it->type;
}

core::Result<ContractDuration> ContractDuration::parse(std::string_view text) {
  const auto refuse = [&] {
    return core::invalid(
        fmt::format("'{}' is not a duration; write 5t, 15s, 5m, 1h or 1d", text.substr(0, 40)));
  };
  if (text.size() < 2 || text.front() < '0' || text.front() > '9') return refuse();
  const auto unit = unit_from(text.back());
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

std::int64_t ContractDuration::seconds() const { return count * seconds_of(unit); }

char ContractDuration::unit_letter() const {
  switch (unit) {
    case Unit::kTicks:
      return 't';
    case Unit::kSeconds:
      return 's';
    case Unit::kMinutes:
      return 'm';
    case Unit::kHours:
      return 'h';
    case Unit::kDays:
      return 'd';
  }
  DERIVD_CHECK(false, "a duration without a unit");
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
  if (is_digit(spec.type) && !symbol.has_digits) {
    return SpecProblem{SpecFault::kSymbol, fmt::format("{} has no digit contracts.", symbol.code)};
  }
  if (auto p = duration_problem(spec)) return p;
  if (auto p = prediction_problem(spec)) return p;
  if (auto p = barrier_problem(spec, symbol)) return p;
  return multiplier_problem(spec, symbol);
}

core::Result<void> validate(const ContractSpec& spec, const SymbolInfo& symbol) {
  if (auto problem = problem_of(spec, symbol)) return core::invalid(std::move(problem->text));
  return {};
}

bool wins(const ContractSpec& spec, core::Price entry, core::Price exit) {
  const int digit = exit.last_digit();
  switch (spec.type) {
    case ContractType::kCall:
      return exit > entry;
    case ContractType::kPut:
      return exit < entry;
    case ContractType::kCallE:
      return exit >= entry;
    case ContractType::kPutE:
      return exit <= entry;
    case ContractType::kHigher:
      return exit > entry + spec.barrier;
    case ContractType::kLower:
      return exit < entry + spec.barrier;
    case ContractType::kDigitEven:
      return digit % 2 == 0;
    case ContractType::kDigitOdd:
      return digit % 2 == 1;
    case ContractType::kDigitMatch:
      return digit == spec.prediction;
    case ContractType::kDigitDiff:
      return digit != spec.prediction;
    case ContractType::kDigitOver:
      return digit > spec.prediction;
    case ContractType::kDigitUnder:
      return digit < spec.prediction;
    case ContractType::kMultUp:
    case ContractType::kMultDown:
      break;
  }
  DERIVD_CHECK(false, "a multiplier neither wins nor loses");
}

ContractLife::ContractLife(const ContractSpec& spec, core::VenueTime start)
    : spec_(spec), start_(start) {
  DERIVD_CHECK(!is_multiplier(spec.type), "a multiplier has a MultiplierLife");
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
    ticks_passed_ = is_digit(spec_.type) ? 1 : 0;
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
  if (!entry_ || is_digit(spec_.type)) return std::nullopt;
  return takes_barrier(spec_.type) ? entry_->quote + spec_.barrier : entry_->quote;
}

MultiplierLife::MultiplierLife(const ContractSpec& spec, core::VenueTime start, core::Money stake,
                               const SymbolInfo& symbol)
    : spec_(spec),
      start_(start),
      stake_(stake),
      commission_rate_(std::llround(symbol.multiplier_commission * kNano)),
      commission_(core::Money::minor(
          half_up_div(static_cast<Wide>(stake.units()) * spec.multiplier * commission_rate_, kNano),
          stake.exponent())),
      decimals_(symbol.decimals) {
  DERIVD_CHECK(is_multiplier(spec.type), "a digital option has a ContractLife");
  DERIVD_CHECK(stake.units() > 0 && spec.multiplier > 0, "a multiplier without stake or factor");
}

MultiplierLife::Close MultiplierLife::on_tick(const Tick& tick) {
  if (closed_ || tick.symbol != spec_.symbol || tick.epoch <= start_) return Close::kNone;
  if (last_ && tick.epoch <= last_->epoch) return Close::kNone;
  last_ = tick;
  if (!entry_) entry_ = tick;
  const auto profit_now = profit_at(tick.quote);
  const auto level = stop_out_price();
  const bool up = spec_.type == ContractType::kMultUp;
  auto reason = Close::kNone;
  if (up ? tick.quote <= level : tick.quote >= level) {
    reason = Close::kStopOut;
  } else if (spec_.take_profit && profit_now >= *spec_.take_profit) {
    reason = Close::kTakeProfit;
  } else if (spec_.stop_loss && profit_now <= -*spec_.stop_loss) {
    reason = Close::kStopLoss;
  }
  closed_ = reason != Close::kNone;
  return reason;
}

core::Money MultiplierLife::profit_at(core::Price spot) const {
  if (!entry_) return -commission_;
  DERIVD_CHECK(spot.decimals() == entry_->quote.decimals(), "prices of different symbols compared");
  const auto entry = static_cast<Wide>(entry_->quote.mantissa());
  const auto rise = static_cast<Wide>(spot.mantissa()) - entry;
  const auto gain = (spec_.type == ContractType::kMultUp ? rise : -rise) * kNano;
  // The commission inside is the exact one, not the shown one: the captured stop-out level 614.26
  // and bid 8.90 both come from it.
  const auto numerator =
      static_cast<Wide>(stake_.units()) * spec_.multiplier * (gain - commission_rate_ * entry);
  const auto units = half_up_div(numerator, entry * kNano);
  return core::Money::minor(std::max(units, -stake_.units()), stake_.exponent());
}

core::Money MultiplierLife::profit() const {
  return last_ ? profit_at(last_->quote) : -commission_;
}

core::Price MultiplierLife::stop_out_price() const {
  if (!entry_) return core::Price::raw(0, decimals_);
  // (stake − rate × stake × multiplier) / (stake × multiplier) = 1 / multiplier − rate.
  const Wide scale = static_cast<Wide>(spec_.multiplier) * kNano;
  const Wide room = kNano - static_cast<Wide>(commission_rate_) * spec_.multiplier;
  const auto entry = static_cast<Wide>(entry_->quote.mantissa());
  const auto level = spec_.type == ContractType::kMultUp ? ceil_div(entry * (scale - room), scale)
                                                         : floor_div(entry * (scale + room), scale);
  return core::Price::raw(level, entry_->quote.decimals());
}

}  // namespace derivd::market
