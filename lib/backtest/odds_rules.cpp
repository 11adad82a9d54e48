#include "backtest/odds_rules.hpp"

#include "core/check.hpp"
#include "engine/decide.hpp"

namespace derivd::backtest {
namespace {

/// Losses in a row that are counted: more never happen, 0.9 ^ 10,000 being 1e-458.
constexpr std::int64_t kMaxRun = 10'000;

SessionEnd end_of(risk::Limit limit) {
  switch (limit) {
    case risk::Limit::kSessionStop:
      return SessionEnd::kStopLoss;
    case risk::Limit::kMaxStake:
      return SessionEnd::kMaxStake;
    case risk::Limit::kMaxOpenStake:
      return SessionEnd::kMaxOpenStake;
    case risk::Limit::kDailyLoss:
      return SessionEnd::kDailyLoss;
    case risk::Limit::kDailyProfit:
      return SessionEnd::kDailyProfit;
    case risk::Limit::kMaxTradesPerDay:
      return SessionEnd::kMaxTradesPerDay;
    case risk::Limit::kMinBalance:
      return SessionEnd::kMinBalance;
    case risk::Limit::kMinPayoutRatio:
      return SessionEnd::kMinPayoutRatio;
    case risk::Limit::kHalted:
    case risk::Limit::kPaused:
    case risk::Limit::kNotReady:
    case risk::Limit::kUnknownOrder:
    case risk::Limit::kExcluded:
    case risk::Limit::kHours:
    case risk::Limit::kVolatility:
    case risk::Limit::kCooldown:
    case risk::Limit::kAfterLosses:
    case risk::Limit::kDrawdown:
    case risk::Limit::kRefusals:
    case risk::Limit::kMaxOpen:
    case risk::Limit::kGroup:
    case risk::Limit::kMaxTradesPerHour:
    case risk::Limit::kMaxOpenContracts:
      break;
  }
  DERIVD_CHECK(false, "a limit that no standing here can meet");
  return SessionEnd::kUnfinished;
}

std::optional<std::int64_t> cut_of(const OddsQuestion& q) {
  const auto& s = q.strategy.session;
  const bool above = s.take_profit || q.limits.daily_profit;
  const bool below = s.stop_loss || q.limits.daily_loss;
  const bool ends = (above && below) || q.limits.max_trades_per_day;
  if (q.trades) return q.trades;
  return ends ? std::nullopt : std::optional(kOpenEndedTrades);
}

}  // namespace

std::string_view name_of(SessionEnd end) {
  switch (end) {
    case SessionEnd::kTakeProfit:
      return "take_profit";
    case SessionEnd::kStopLoss:
      return "stop_loss";
    case SessionEnd::kMaxStake:
      return "max_stake";
    case SessionEnd::kMaxOpenStake:
      return "max_open_stake";
    case SessionEnd::kDailyLoss:
      return "daily_loss";
    case SessionEnd::kDailyProfit:
      return "daily_profit";
    case SessionEnd::kMaxTradesPerDay:
      return "max_trades_per_day";
    case SessionEnd::kMinBalance:
      return "min_balance";
    case SessionEnd::kMinPayoutRatio:
      return "min_payout_ratio";
    case SessionEnd::kBalance:
      return "balance";
    case SessionEnd::kUnfinished:
      return "unfinished";
  }
  return "?";
}

OddsRules::OddsRules(const OddsQuestion& question) : question_(question), cut_(cut_of(question)) {}

bool OddsRules::needs_peak() const {
  const auto& s = question_.strategy.session;
  return s.trailing && s.stop_loss;
}

risk::Standing OddsRules::standing(const risk::Session& session, std::int64_t trades) const {
  risk::Standing s;
  s.ready = true;
  s.session = session;
  s.day_trades = trades;
  s.day_profit = session.realised;
  const auto& target = question_.limits.daily_profit;
  s.daily_profit_reached = target && session.realised >= *target;
  s.balance = question_.balance + session.realised;
  return s;
}

const std::vector<BetOutcome>& OddsRules::outcomes(core::Money stake) {
  auto& known = outcomes_[stake.units()];
  if (!known)
    known = std::make_unique<const std::vector<BetOutcome>>(question_.bet.outcomes(stake));
  return *known;
}

NextTrade OddsRules::next(core::Money planned, const risk::Session& session, std::int64_t trades) {
  NextTrade out;
  if (session.target_reached(question_.strategy.session)) {
    out.end = SessionEnd::kTakeProfit;
    return out;
  }
  const auto base = question_.strategy.staking.base;
  const auto d = engine::decide(planned, base, standing(session, trades), question_.strategy,
                                question_.limits);
  out.restarted = d.restart_plan;
  out.cut_short = d.restart_plan && planned > base;
  if (d.kind != engine::Decision::Kind::kEnter) {
    out.end = end_of(d.denied->limit);
    return out;
  }
  out.stake = d.stake;
  if (d.stake > question_.balance + session.realised) {
    out.cut_short = out.cut_short || d.stake > base;
    out.end = SessionEnd::kBalance;
    return out;
  }
  out.outcomes = &outcomes(d.stake);
  if (out.outcomes->empty()) out.end = SessionEnd::kMinPayoutRatio;
  return out;
}

std::optional<SessionEnd> OddsRules::forbids(core::Money stake,
                                             const risk::Session& session) const {
  const auto denied = risk::check_money(stake, standing(session, 0), question_.strategy.session,
                                        question_.limits, true);
  if (denied) return end_of(denied->limit);
  if (stake > question_.balance + session.realised) return SessionEnd::kBalance;
  return std::nullopt;
}

LosingRun losing_run(OddsRules& rules) {
  LosingRun run;
  const auto& staking = rules.strategy().staking;
  const auto plan = staking::find_plan(staking.plan)->make(staking);
  risk::Session session;
  const auto nothing = core::Money::minor(0, staking.base.exponent());
  session.realised = session.peak = run.lost = run.plan_lost = nothing;
  for (; run.losses < kMaxRun; ++run.losses) {
    plan->see_balance(rules.question().balance + session.realised);
    const auto stake = plan->next();
    if (const auto limit = rules.forbids(stake, session)) {
      run.denied_stake = stake;
      run.limit = limit;
      return run;
    }
    run.lost += stake;
    session.settle(-stake);
    const auto step = plan->step();
    plan->on_result(-stake);
    if (!run.plan_losses && step > 0 && plan->step() == 0) {
      run.plan_losses = run.losses + 1;
      run.plan_lost = run.lost;
    }
  }
  run.endless = true;
  return run;
}

PlanCap::PlanCap(const staking::Settings& settings) : base_(settings.base) {
  const auto* type = staking::find_plan(settings.plan);
  const bool steps = type->uses_max_steps && settings.max_steps;
  if (!steps && !settings.max_stake) return;
  if (type->uses_percent) return;  // no result raises it: the balance does
  auto free = settings;
  free.max_steps.reset();
  free.max_stake.reset();
  plan_ = type->make(settings);
  free_ = type->make(free);
}

bool PlanCap::holds_back(std::string_view saved, core::Money profit) {
  if (!free_ || !plan_->load(saved) || !free_->load(saved)) return false;
  const auto before = plan_->next();
  plan_->on_result(profit);
  free_->on_result(profit);
  return free_->next() > before && plan_->next() <= before;
}

// Which result raises is the plan's affair: one of them does, if any.
bool PlanCap::reached(std::string_view saved) {
  return holds_back(saved, base_) || holds_back(saved, -base_);
}

}  // namespace derivd::backtest
