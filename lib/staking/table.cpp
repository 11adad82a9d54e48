// The user's own list of stakes.
#include <algorithm>

#include "core/check.hpp"
#include "staking/own_plans.hpp"
#include "staking/saved.hpp"

namespace derivd::staking {
namespace {

constexpr std::string_view kTable = "table";

class Table final : public StakePlan {
 public:
  explicit Table(const Settings& settings) : settings_(settings) {
    DERIVD_CHECK(!settings.stakes.empty() && settings.stakes.front() == settings.base,
                 "settings were not checked");
    go(0);
  }

  core::Money next() const override { return stake_; }
  void on_result(core::Money profit) override {
    const auto outcome = outcome_of(profit);
    if (outcome == Outcome::kEven) return;
    const auto onward = settings_.advance == Advance::kLoss ? Outcome::kLost : Outcome::kWon;
    go(outcome == onward ? at_ + 1 : 0);
  }
  void restart() override { go(0); }
  void refuse(core::Money stake) override {
    if (stake_ < stake || stake <= settings_.base) return;
    if (settings_.on_cap == OnCap::kRestart) return go(0);
    // The largest before it that is lower: the first is.
    ceiling_ = settings_.base;
    for (std::size_t i = 0; i < at_; ++i) {
      const auto entry = settings_.stakes[i];
      if (entry < stake) ceiling_ = std::max(*ceiling_, entry);
    }
    go(at_);
  }
  std::int64_t step() const override { return static_cast<std::int64_t>(at_); }
  std::string save() const override { return save_state(kTable, {step()}, ceiling_); }
  core::Result<void> load(std::string_view saved) override {
    auto n = load_state(saved, kTable, 1, true);
    if (!n) return n.error();
    if ((*n)[0] < 0 || (*n)[0] >= static_cast<std::int64_t>(kMaxStakes)) {
      return core::invalid("saved place in the table is out of range");
    }
    if (n->size() > 1 && (*n)[1] < 1) return core::invalid("saved ceiling is out of range");
    ceiling_.reset();
    if (n->size() > 1 && settings_.on_cap == OnCap::kHold) {
      ceiling_ = std::max(settings_.base, core::Money::minor((*n)[1], settings_.base.exponent()));
    }
    go(static_cast<std::size_t>((*n)[0]));
    return {};
  }

 private:
  /// To an entry; past the end, and where an entry is above the cap, as on_cap says.
  void go(std::size_t at) {
    const bool holds = settings_.on_cap == OnCap::kHold;
    const auto& stakes = settings_.stakes;
    at_ = at < stakes.size() ? at : holds ? stakes.size() - 1 : 0;
    const bool above = settings_.max_stake && stakes[at_] > *settings_.max_stake;
    if (above && !holds) at_ = 0;
    if (at_ == 0) ceiling_.reset();
    stake_ = lower(ceiling_, lower(settings_.max_stake, stakes[at_]));
  }

  Settings settings_;
  std::size_t at_ = 0;
  core::Money stake_;
  std::optional<core::Money> ceiling_;  // the venue's, until the plan is back at the first entry
};

}  // namespace

std::unique_ptr<StakePlan> make_table(const Settings& settings) {
  return std::make_unique<Table>(settings);
}

}  // namespace derivd::staking
