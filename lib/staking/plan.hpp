// Owns StakePlan, which says how much the next contract costs, and the registry of plans. The
// engine asks next() at a signal and tells each settlement, in settlement order, on the loop
// thread. It never knows limits other than its own cap, and it never looks at the last stake: every
// stake is computed from the base.
//
// Rules: the product's contract, "Stakes and limits, exactly". Amounts are rounded half up.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "staking/settings.hpp"

namespace derivd::staking {

/// By the sign of the profit: a contract that gives back its stake is neither won nor lost.
enum class Outcome : std::uint8_t { kWon, kLost, kEven };
constexpr Outcome outcome_of(core::Money profit) {
  return profit.units() > 0 ? Outcome::kWon : profit.units() < 0 ? Outcome::kLost : Outcome::kEven;
}

/// More raises than this in a row restart the plan: a bound of the arithmetic, which no run of real
/// contracts comes near.
inline constexpr std::int64_t kMaxStep = 10'000;
/// Stakes are cut here (ten trillion); every limit and every venue refuses such a stake.
inline constexpr std::int64_t kMaxStakeUnits = 1'000'000'000'000'000;

class StakePlan {
 public:
  StakePlan() = default;
  StakePlan(const StakePlan&) = delete;
  StakePlan& operator=(const StakePlan&) = delete;
  virtual ~StakePlan() = default;

  /// Stake of the next contract, > 0 and at most the plan's own cap. Before a balance was told the
  /// base of a plan that wants one; before a quote was, of a plan that wants one, as far as the
  /// terms of the last contract tell.
  virtual core::Money next() const = 0;
  /// A contract of this strategy settled. A break-even leaves every plan where it is.
  virtual void on_result(core::Money profit) = 0;
  /// Back to the base, as after a win of a martingale.
  virtual void restart() = 0;
  /// The venue does not take `stake`, a raised one: does what the plan's cap would do. on_cap
  /// restart begins at the base; hold stays at the plan's largest stake below it until it is back
  /// at its base. Nothing, when the next stake is lower by now.
  virtual void refuse(core::Money stake) = 0;
  /// Whether next() depends on what the account holds; then see_balance() comes before it.
  virtual bool wants_balance() const { return false; }
  /// The venue's latest figure and what the contracts that are open have cost.
  virtual void see_balance(core::Money) {}
  /// Whether next() depends on what the venue pays: then it is asked for a quote of next(), told by
  /// see_quote(), until that leaves next() as it is.
  virtual bool wants_quote() const { return false; }
  /// A new signal: quotes of the one before count no more.
  virtual void begin_signal() {}
  /// Ignored, where the stake is not next(). The payout includes the stake.
  virtual void see_quote(core::Money /*stake*/, core::Money /*payout*/) {}
  /// On what terms the contract was bought that on_result() is told next.
  virtual void see_terms(core::Money /*stake*/, core::Money /*payout*/) {}
  /// How far the plan is from its base: 0 at the base.
  virtual std::int64_t step() const = 0;
  /// One line of text for the journal; load() takes what save() of the same plan gave.
  virtual std::string save() const = 0;
  virtual core::Result<void> load(std::string_view saved) = 0;
};

struct PlanType {
  std::string_view name;
  std::string_view help;
  bool uses_factor;
  bool uses_unit;
  bool uses_max_steps;
  std::unique_ptr<StakePlan> (*make)(const Settings&);  // settings valid: base > 0, cap >= base
  bool uses_stakes = false;                             // its base is the first of them
  bool uses_percent = false;
};

std::span<const PlanType> plan_types();
const PlanType* find_plan(std::string_view name);

/// round half up(base × factor^n), exact; cut at kMaxStakeUnits.
core::Money power_stake(core::Money base, core::Decimal factor, std::int64_t n);
/// round half up(base × (1 + n × unit)), exact; cut at kMaxStakeUnits.
core::Money linear_stake(core::Money base, core::Decimal unit, std::int64_t n);

}  // namespace derivd::staking
