// Martingale with factor: auto. The next stake is the least whose profit, at what the venue pays
// for a unit of it, brings back the losses since the base and what a won base would have brought:
//
//   stake × p/q >= losses + base × p/q, that is stake = base + losses × q/p, rounded up,
//
// where p is the profit that the venue quotes for a stake of q. Payouts are rounded to the minor
// unit, so that another stake has another ratio: the stake is asked for until its own quote asks
// for no other.
#include <algorithm>

#include "staking/own_plans.hpp"
#include "staking/saved.hpp"

namespace derivd::staking {
namespace {

/// Not that of the plan with a factor: their steps are not the same.
constexpr std::string_view kMartingaleAuto = "martingale_auto";

/// For one signal. One or two are usual, more where a cent is much of the profit; a venue whose
/// payouts jump is taken at its last word.
constexpr int kMostQuotes = 8;

class Recovery final : public StakePlan {
 public:
  explicit Recovery(const Settings& settings)
      : settings_(settings),
        most_steps_(std::min(settings.max_steps.value_or(kMaxStep), kMaxStep)) {
    to_base();
  }

  core::Money next() const override { return stake_; }
  void on_result(core::Money profit) override {
    switch (outcome_of(profit)) {
      case Outcome::kWon:
        return to_base();
      case Outcome::kLost:
        ++step_;
        lost_ = std::min(lost_ - profit.units(), kMaxStakeUnits);
        if (step_ > most_steps_) return to_base();
        most_asked_ = settings_.base;
        return begin_signal();
      case Outcome::kEven:
        return;
    }
  }
  void restart() override { to_base(); }
  void refuse(core::Money stake) override {
    // What was asked for since the last result, not what the signal at hand begins with before its
    // quote: else a second signal would ask for the same again.
    if (most_asked_ < stake || stake <= settings_.base) return;
    if (settings_.on_cap == OnCap::kRestart) return to_base();
    // The stake before it, which was taken; else half of it.
    const auto below = terms_stake_ < stake.units() ? terms_stake_ : stake.units() / 2;
    ceiling_ = std::max(settings_.base, minor(below));
    most_asked_ = *ceiling_;
    take(stake_.units());
  }
  bool wants_quote() const override { return step_ > 0; }
  void begin_signal() override {
    if (step_ == 0) return;
    quotes_ = 0;
    raised_ = false;
    // Nothing known: as if it paid even money. The quote puts it right.
    const bool known = terms_stake_ > 0;
    take(known ? needed(terms_stake_, terms_payout_) : needed(1, 2));
  }
  void see_quote(core::Money stake, core::Money payout) override {
    if (step_ == 0 || stake != stake_ || ++quotes_ >= kMostQuotes) return;
    const auto wanted = needed(stake.units(), payout.units());
    // Once it had to be raised it is not lowered again: two stakes could ask for each other.
    if (wanted < stake.units() && raised_) return;
    raised_ = raised_ || wanted > stake.units();
    take(wanted);
  }
  void see_terms(core::Money stake, core::Money payout) override {
    if (stake.units() <= 0 || payout.units() < 0) return;
    terms_stake_ = stake.units();
    terms_payout_ = payout.units();
  }
  std::int64_t step() const override { return step_; }
  std::string save() const override {
    return save_state(kMartingaleAuto, {step_, lost_, terms_stake_, terms_payout_}, ceiling_);
  }
  core::Result<void> load(std::string_view saved) override {
    auto n = load_state(saved, kMartingaleAuto, 4, true);
    if (!n) return n.error();
    const auto& v = *n;
    const auto within = [](std::int64_t x, std::int64_t most) { return x >= 0 && x <= most; };
    const bool at_base = v[0] == 0;
    if (!within(v[0], kMaxStep) || !within(v[1], kMaxStakeUnits) || at_base != (v[1] == 0) ||
        !within(v[2], kMaxStakeUnits) || v[3] < 0 || (v.size() > 4 && v[4] < 1)) {
      return core::invalid("saved losses are out of range");
    }
    to_base();
    terms_stake_ = v[2];
    terms_payout_ = v[3];
    if (at_base || v[0] > most_steps_) return {};
    step_ = v[0];
    lost_ = v[1];
    if (v.size() > 4 && settings_.on_cap == OnCap::kHold) {
      ceiling_ = std::max(settings_.base, minor(v[4]));
    }
    begin_signal();
    return {};
  }

 private:
  core::Money minor(std::int64_t units) const {
    return core::Money::minor(units, settings_.base.exponent());
  }
  void to_base() {
    step_ = lost_ = 0;
    quotes_ = 0;
    raised_ = false;
    ceiling_.reset();
    stake_ = most_asked_ = settings_.base;
  }
  /// base + losses × q / p, rounded up; 0: no stake wins anything back.
  std::int64_t needed(std::int64_t stake, std::int64_t payout) const {
    const auto profit = payout - stake;
    if (profit <= 0) return 0;
    const auto part = (static_cast<Wide>(lost_) * stake + profit - 1) / profit;
    return static_cast<std::int64_t>(std::min<Wide>(settings_.base.units() + part, kMaxStakeUnits));
  }
  void take(std::int64_t units) {
    if (units == 0) return to_base();
    stake_ = lower(ceiling_, minor(units));
    if (settings_.max_stake && stake_ > *settings_.max_stake) {
      if (settings_.on_cap == OnCap::kRestart) return to_base();
      stake_ = *settings_.max_stake;
    }
    most_asked_ = std::max(most_asked_, stake_);
  }

  Settings settings_;
  std::int64_t most_steps_;
  std::int64_t step_ = 0;         // losses since the base
  std::int64_t lost_ = 0;         // by them, in minor units
  std::int64_t terms_stake_ = 0;  // of the last contract; 0: none yet
  std::int64_t terms_payout_ = 0;
  std::optional<core::Money> ceiling_;  // the venue's, until the plan is back at its base
  core::Money stake_;
  core::Money most_asked_;  // since the last result
  // Of the signal at hand.
  int quotes_ = 0;
  bool raised_ = false;
};

}  // namespace

std::unique_ptr<StakePlan> make_recovery(const Settings& settings) {
  return std::make_unique<Recovery>(settings);
}

}  // namespace derivd::staking
