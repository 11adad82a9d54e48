// A share of what the account holds.
#include <algorithm>

#include "core/check.hpp"
#include "staking/own_plans.hpp"
#include "staking/saved.hpp"

namespace derivd::staking {
namespace {

constexpr std::string_view kPercentOfBalance = "percent_of_balance";

class Percent final : public StakePlan {
 public:
  explicit Percent(const Settings& settings) : settings_(settings), stake_(settings.base) {
    DERIVD_CHECK(settings.percent.mantissa > 0, "settings were not checked");
  }

  core::Money next() const override { return stake_; }
  bool wants_balance() const override { return true; }
  void see_balance(core::Money balance) override {
    balance_ = balance;
    reckon();
  }
  // No result moves it but through the balance; one ends what a refusal brought.
  void on_result(core::Money profit) override {
    if (profit.is_zero() || settings_.on_cap == OnCap::kHold) return;
    ceiling_.reset();
    reckon();
  }
  void restart() override {
    ceiling_.reset();
    reckon();
  }
  // There is no step below it: half of what the venue does not take.
  void refuse(core::Money stake) override {
    if (stake_ < stake || stake <= settings_.base) return;
    const auto half = core::Money::minor(stake.units() / 2, stake.exponent());
    ceiling_ =
        settings_.on_cap == OnCap::kRestart ? settings_.base : std::max(settings_.base, half);
    reckon();
  }
  std::int64_t step() const override { return 0; }
  std::string save() const override { return save_state(kPercentOfBalance, {}, ceiling_); }
  core::Result<void> load(std::string_view saved) override {
    auto n = load_state(saved, kPercentOfBalance, 0, true);
    if (!n) return n.error();
    if (!n->empty() && n->front() < 1) return core::invalid("saved ceiling is out of range");
    ceiling_.reset();
    if (!n->empty()) {
      ceiling_ =
          std::max(settings_.base, core::Money::minor(n->front(), settings_.base.exponent()));
    }
    reckon();
    return {};
  }

 private:
  /// round half up(balance × percent / 100), exact; cut at kMaxStakeUnits.
  core::Money share() const {
    const Wide whole = static_cast<Wide>(100) * core::pow10(settings_.percent.scale);
    const Wide part = static_cast<Wide>(balance_.units()) * settings_.percent.mantissa;
    const auto units = (2 * part + whole) / (2 * whole);
    return core::Money::minor(static_cast<std::int64_t>(std::min<Wide>(units, kMaxStakeUnits)),
                              settings_.base.exponent());
  }
  void reckon() {
    stake_ = settings_.base;
    if (balance_.units() <= 0) return;
    stake_ = std::max(settings_.base, lower(ceiling_, lower(settings_.max_stake, share())));
  }

  Settings settings_;
  core::Money balance_;  // zero: not told yet
  core::Money stake_;
  /// What the venue takes: with on_cap restart until the next result, else until the plan restarts.
  std::optional<core::Money> ceiling_;
};

}  // namespace

std::unique_ptr<StakePlan> make_percent(const Settings& settings) {
  return std::make_unique<Percent>(settings);
}

}  // namespace derivd::staking
