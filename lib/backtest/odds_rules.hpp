// Owns the step from the standing of a session to its next trade, or to its end: the engine's own
// decision with nothing else open. The exact odds and the simulated ones both take it. It never
// keeps a session of its own.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include "backtest/odds.hpp"
#include "risk/session.hpp"
#include "staking/plan.hpp"

namespace derivd::backtest {

struct NextTrade {
  std::optional<SessionEnd> end;
  core::Money stake;       // when it does not end
  bool restarted = false;  // the planned stake does not fit: the plan begins anew
  bool cut_short = false;  // ... and it was a raised one
  const std::vector<BetOutcome>* outcomes = nullptr;  // when it does not end; lives as the rules do
};

class OddsRules final {
 public:
  explicit OddsRules(const OddsQuestion& question);
  OddsRules(const OddsRules&) = delete;
  OddsRules& operator=(const OddsRules&) = delete;

  /// `trades` were bought in this session before.
  NextTrade next(core::Money planned, const risk::Session& session, std::int64_t trades);
  /// Which limit forbids this stake; empty: none.
  std::optional<SessionEnd> forbids(core::Money stake, const risk::Session& session) const;

  /// Whether the peak can matter to what follows.
  bool needs_peak() const;
  /// After so many trades the session is left unfinished; empty: it ends by itself.
  std::optional<std::int64_t> cut() const { return cut_; }
  const engine::StrategySettings& strategy() const { return question_.strategy; }
  const OddsQuestion& question() const { return question_; }

 private:
  risk::Standing standing(const risk::Session& session, std::int64_t trades) const;
  const std::vector<BetOutcome>& outcomes(core::Money stake);

  OddsQuestion question_;
  std::optional<std::int64_t> cut_;
  boost::unordered_flat_map<std::int64_t, std::unique_ptr<const std::vector<BetOutcome>>> outcomes_;
};

/// Drives the real plan through losses alone.
LosingRun losing_run(OddsRules& rules);

/// Whether a raise beyond the stake of this plan's state is kept back by its own cap or max_steps.
/// `saved` is the state as StakePlan::save() tells it.
class PlanCap final {
 public:
  explicit PlanCap(const staking::Settings& settings);
  bool exists() const { return free_ != nullptr; }
  bool reached(std::string_view saved);

 private:
  bool holds_back(std::string_view saved, core::Money profit);

  core::Money base_;
  std::unique_ptr<staking::StakePlan> plan_;
  std::unique_ptr<staking::StakePlan> free_;  // the same plan without cap and max_steps
};

}  // namespace derivd::backtest
