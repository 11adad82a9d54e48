#include "staking/plan.hpp"

#include <algorithm>
#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "staking/own_plans.hpp"
#include "staking/saved.hpp"

namespace derivd::staking {
namespace {

using boost::multiprecision::cpp_int;

core::Money rounded_half_up(const cpp_int& numerator, const cpp_int& denominator,
                            std::uint8_t exponent) {
  const cpp_int units = (2 * numerator + denominator) / (2 * denominator);
  if (units > kMaxStakeUnits) return core::Money::minor(kMaxStakeUnits, exponent);
  return core::Money::minor(static_cast<std::int64_t>(units), exponent);
}

class Flat final : public StakePlan {
 public:
  explicit Flat(const Settings& settings) : base_(settings.base) {}
  core::Money next() const override { return base_; }
  void on_result(core::Money) override {}
  void restart() override {}
  void refuse(core::Money) override {}  // never raised
  std::int64_t step() const override { return 0; }
  std::string save() const override { return save_state("flat", {}); }
  core::Result<void> load(std::string_view saved) override {
    if (auto r = load_state(saved, "flat", 0); !r) return r.error();
    return {};
  }

 private:
  core::Money base_;
};

// How a plan of steps moves and what a step costs. A step after a raise is higher than before.
struct Progression {
  std::string_view name;
  std::int64_t (*after_win)(std::int64_t step);
  std::int64_t (*after_loss)(std::int64_t step);
  core::Money (*stake)(const Settings& settings, std::int64_t step);
};

// Every plan whose whole state is a step.
class Stepped final : public StakePlan {
 public:
  Stepped(const Settings& settings, const Progression& rule, bool uses_max_steps)
      : settings_(settings),
        rule_(rule),
        max_steps_(uses_max_steps && settings.max_steps ? std::min(*settings.max_steps, kMaxStep)
                                                        : kMaxStep) {
    go(0);
  }

  core::Money next() const override { return stake_; }
  void on_result(core::Money profit) override {
    switch (outcome_of(profit)) {
      case Outcome::kWon:
        return go(rule_.after_win(step_));
      case Outcome::kLost:
        return go(rule_.after_loss(step_));
      case Outcome::kEven:
        return;
    }
  }
  void restart() override { go(0); }
  void refuse(core::Money stake) override {
    if (stake_ < stake || stake <= settings_.base) return;
    if (settings_.on_cap == OnCap::kRestart) return go(0);
    ceiling_ = std::max(settings_.base, below(stake));
    go(step_);
  }
  std::int64_t step() const override { return step_; }
  std::string save() const override { return save_state(rule_.name, {step_}, ceiling_); }
  core::Result<void> load(std::string_view saved) override {
    auto n = load_state(saved, rule_.name, 1, true);
    if (!n) return n.error();
    if ((*n)[0] < 0 || (*n)[0] > kMaxStep) return core::invalid("saved step is out of range");
    if (n->size() > 1 && (*n)[1] < 1) return core::invalid("saved ceiling is out of range");
    ceiling_.reset();
    // With today's settings: another base or on_cap makes nothing of it.
    if (n->size() > 1 && settings_.on_cap == OnCap::kHold) {
      ceiling_ = std::max(settings_.base, core::Money::minor((*n)[1], settings_.base.exponent()));
    }
    go((*n)[0]);
    return {};
  }

 private:
  void go(std::int64_t step) {
    step_ = step > max_steps_ ? 0 : step;
    if (step_ == 0) ceiling_.reset();
    stake_ = lower(ceiling_, stake_at(step_));
    if (!settings_.max_stake || stake_ <= *settings_.max_stake) return;
    if (settings_.on_cap == OnCap::kHold) {
      stake_ = *settings_.max_stake;
    } else {
      step_ = 0;
      stake_ = settings_.base;
    }
  }

  /// The largest stake of the steps before this one that is lower. Stakes rise with the steps,
  /// except in a round of a few.
  core::Money below(core::Money stake) {
    auto first = std::max<std::int64_t>(0, step_ - 1);
    if (step_ < static_cast<std::int64_t>(kKnown)) {
      while (first > 0 && stake_at(first) >= stake) --first;
      return stake_at(first);
    }
    std::int64_t low = 0;
    while (low < first) {
      const auto middle = low + (first - low + 1) / 2;
      if (stake_at(middle) < stake) {
        low = middle;
      } else {
        first = middle - 1;
      }
    }
    return stake_at(low);
  }

  // Exact powers are dear, and a plan sees the same few steps again and again.
  core::Money stake_at(std::int64_t step) {
    const auto i = static_cast<std::size_t>(step);
    if (i >= kKnown) return rule_.stake(settings_, step);
    if (known_[i].is_zero()) known_[i] = rule_.stake(settings_, step);
    return known_[i];
  }

  static constexpr std::size_t kKnown = 16;
  Settings settings_;
  Progression rule_;
  std::array<core::Money, kKnown> known_{};  // zero: not computed yet
  std::int64_t max_steps_;
  std::int64_t step_ = 0;
  core::Money stake_;
  std::optional<core::Money> ceiling_;  // the venue's, until the plan is back at its base
};

std::int64_t to_base(std::int64_t) { return 0; }
std::int64_t one_up(std::int64_t step) { return step + 1; }
std::int64_t one_down(std::int64_t step) { return std::max<std::int64_t>(0, step - 1); }
std::int64_t two_down(std::int64_t step) { return std::max<std::int64_t>(0, step - 2); }
std::int64_t round_of_four(std::int64_t step) { return (step + 1) % 4; }

core::Money power(const Settings& s, std::int64_t step) {
  return power_stake(s.base, s.factor, step);
}
core::Money linear(const Settings& s, std::int64_t step) {
  return linear_stake(s.base, s.unit, step);
}
core::Money one_three_two_six(const Settings& s, std::int64_t step) {
  static constexpr std::array<std::int64_t, 4> kUnits{1, 3, 2, 6};
  return linear_stake(s.base, {1, 0}, kUnits.at(static_cast<std::size_t>(step)) - 1);
}
core::Money fibonacci(const Settings& s, std::int64_t step) {
  cpp_int a = 1;
  cpp_int b = 1;
  // 1 1 2 3 5 …; past 100 members every stake is cut anyway.
  for (std::int64_t i = 0; i < std::min<std::int64_t>(step, 100); ++i) {
    const cpp_int sum = a + b;
    a = b;
    b = sum;
  }
  return rounded_half_up(s.base.units() * a, 1, s.base.exponent());
}

constexpr Progression kMartingale{"martingale", to_base, one_up, power};
constexpr Progression kReverseMartingale{"reverse_martingale", one_up, to_base, power};
constexpr Progression kDalembert{"dalembert", one_down, one_up, linear};
constexpr Progression kReverseDalembert{"reverse_dalembert", one_up, one_down, linear};
constexpr Progression kOneThreeTwoSix{"one_three_two_six", round_of_four, to_base,
                                      one_three_two_six};
constexpr Progression kFibonacci{"fibonacci", two_down, one_up, fibonacci};

// A grind is a series of contracts that ends with a profit. Losses leave the stake alone; the first
// win after a loss raises it by one base, but never beyond what brings the grind to one base of
// profit at even money. Source: Deriv Bot's oscars_grind_max-stake (shared reference field.md 1.2).
class OscarsGrind final : public StakePlan {
 public:
  explicit OscarsGrind(const Settings& settings) : settings_(settings) {
    profit_ = core::Money::minor(0, settings.base.exponent());
  }

  core::Money next() const override {
    return lower(ceiling_,
                 lower(settings_.max_stake, linear_stake(settings_.base, {1, 0}, units_ - 1)));
  }
  void on_result(core::Money profit) override {
    if (profit.is_zero()) return;
    profit_ += profit;
    if (profit.units() < 0) {
      lost_last_ = true;
      return;
    }
    if (profit_.units() > 0) return restart();
    if (lost_last_ && units_ <= kMaxStep) ++units_;
    lost_last_ = false;
    units_ = std::min(units_, units_to_goal());
    const bool capped = settings_.max_stake &&
                        linear_stake(settings_.base, {1, 0}, units_ - 1) > *settings_.max_stake;
    if (capped && settings_.on_cap == OnCap::kRestart) restart();
  }
  void restart() override {
    units_ = 1;
    profit_ = core::Money::minor(0, settings_.base.exponent());
    lost_last_ = false;
    ceiling_.reset();
  }
  void refuse(core::Money stake) override {
    if (next() < stake || stake <= settings_.base) return;
    if (settings_.on_cap == OnCap::kRestart) return restart();
    const auto below = (stake.units() - 1) / settings_.base.units();  // bases, at least one
    ceiling_ = core::Money::minor(below * settings_.base.units(), settings_.base.exponent());
  }
  std::int64_t step() const override { return units_ - 1; }
  std::string save() const override {
    return save_state(kName, {units_, profit_.units(), lost_last_ ? 1 : 0}, ceiling_);
  }
  core::Result<void> load(std::string_view saved) override {
    auto n = load_state(saved, kName, 3, true);
    if (!n) return n.error();
    if ((*n)[0] < 1 || (*n)[0] > kMaxStep + 1 || (*n)[1] > 0 || (*n)[2] < 0 || (*n)[2] > 1 ||
        (n->size() > 3 && (*n)[3] < 1)) {
      return core::invalid("saved grind is out of range");
    }
    ceiling_.reset();
    if (n->size() > 3 && settings_.on_cap == OnCap::kHold) {
      ceiling_ = std::max(settings_.base, core::Money::minor((*n)[3], settings_.base.exponent()));
    }
    units_ = (*n)[0];
    profit_ = core::Money::minor((*n)[1], settings_.base.exponent());
    lost_last_ = (*n)[2] == 1;
    return {};
  }

 private:
  static constexpr std::string_view kName = "oscars_grind";
  // round half up((base − profit) / base); at least 1, as the grind's profit is never positive
  // here.
  std::int64_t units_to_goal() const {
    const auto base = settings_.base.units();
    return (2 * (base - profit_.units()) + base) / (2 * base);
  }

  Settings settings_;
  std::int64_t units_ = 1;
  core::Money profit_;
  bool lost_last_ = false;
  std::optional<core::Money> ceiling_;  // the venue's, until the grind begins anew
};

template <const Progression& kRule, bool kUsesMaxSteps>
std::unique_ptr<StakePlan> make_stepped(const Settings& settings) {
  return std::make_unique<Stepped>(settings, kRule, kUsesMaxSteps);
}
std::unique_ptr<StakePlan> make_flat(const Settings& s) { return std::make_unique<Flat>(s); }
std::unique_ptr<StakePlan> make_martingale(const Settings& s) {
  return s.auto_factor ? make_recovery(s) : make_stepped<kMartingale, true>(s);
}
std::unique_ptr<StakePlan> make_oscars_grind(const Settings& s) {
  return std::make_unique<OscarsGrind>(s);
}

constexpr std::array kPlans{
    PlanType{"flat", "Always the base.", false, false, false, make_flat},
    PlanType{"martingale", "base × factor^n after n losses in a row; a win returns to the base.",
             true, false, true, make_martingale},
    PlanType{"reverse_martingale",
             "base × factor^n after n wins in a row; a loss returns to the base.", true, false,
             true, make_stepped<kReverseMartingale, true>},
    PlanType{"dalembert", "base × (1 + n × unit); a loss is one step up, a win one down.", false,
             true, true, make_stepped<kDalembert, true>},
    PlanType{"reverse_dalembert", "base × (1 + n × unit); a win is one step up, a loss one down.",
             false, true, true, make_stepped<kReverseDalembert, true>},
    PlanType{"oscars_grind",
             "The first win after losses raises by one base until the series is in profit.", false,
             false, false, make_oscars_grind},
    PlanType{"one_three_two_six", "1, 3, 2 and 6 bases over wins in a row; a loss starts again.",
             false, false, false, make_stepped<kOneThreeTwoSix, false>},
    PlanType{"fibonacci", "base × 1, 1, 2, 3, 5, …; a loss is one step up, a win two down.", false,
             false, true, make_stepped<kFibonacci, true>},
    PlanType{.name = "table",
             .help =
                 "The amounts of stakes, one after the other: a loss (or a win, see advance) is "
                 "one further, the other result begins again at the first.",
             .uses_factor = false,
             .uses_unit = false,
             .uses_max_steps = false,
             .make = make_table,
             .uses_stakes = true},
    PlanType{.name = "percent_of_balance",
             .help = "percent of what the account holds when the signal comes, what its open "
                     "contracts have cost included; never below base.",
             .uses_factor = false,
             .uses_unit = false,
             .uses_max_steps = false,
             .make = make_percent,
             .uses_percent = true},
};

}  // namespace

std::span<const PlanType> plan_types() { return kPlans; }

const PlanType* find_plan(std::string_view name) {
  for (const auto& plan : kPlans) {
    if (plan.name == name) return &plan;
  }
  return nullptr;
}

core::Money power_stake(core::Money base, core::Decimal factor, std::int64_t n) {
  DERIVD_CHECK(n >= 0 && n <= kMaxStep, "step out of range");
  const auto exponent = static_cast<unsigned>(n);
  const cpp_int numerator =
      base.units() * boost::multiprecision::pow(cpp_int(factor.mantissa), exponent);
  const cpp_int denominator =
      boost::multiprecision::pow(cpp_int(core::pow10(factor.scale)), exponent);
  return rounded_half_up(numerator, denominator, base.exponent());
}

core::Money linear_stake(core::Money base, core::Decimal unit, std::int64_t n) {
  DERIVD_CHECK(n >= 0 && n <= kMaxStep, "step out of range");
  const cpp_int denominator = core::pow10(unit.scale);
  const cpp_int numerator = base.units() * (denominator + cpp_int(n) * unit.mantissa);
  return rounded_half_up(numerator, denominator, base.exponent());
}

}  // namespace derivd::staking
