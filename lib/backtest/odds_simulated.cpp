// The simulated odds: sessions played one after the other with the real plan and the real gate,
// only the results of contracts drawn from a seeded source.
#include <algorithm>
#include <cmath>
#include <map>

#include "backtest/odds_rules.hpp"
#include "core/rng.hpp"
#include "staking/plan.hpp"

namespace derivd::backtest {
namespace {

constexpr std::int64_t kLeastSessions = 100;

struct Played {
  SessionEnd end = SessionEnd::kUnfinished;
  core::Money profit;
  std::int64_t turnover = 0;  // minor units
  std::int64_t trades = 0;
  core::Money largest;
  bool reached_cap = false;
  bool cut_short = false;
};

/// Mean and standard error of a sum of numbers, and of a ratio to another such sum.
struct Moments {
  double sum = 0;
  double squares = 0;
  void add(double x) {
    sum += x;
    squares += x * x;
  }
  Estimate estimate(double n) const {
    const auto mean = sum / n;
    const auto variance = std::max(0.0, squares / n - mean * mean);
    return {mean, std::sqrt(variance / n)};
  }
};

Estimate share(std::int64_t count, double n) {
  const auto p = static_cast<double>(count) / n;
  return {p, std::sqrt(p * (1 - p) / n)};
}

class Player final {
 public:
  Player(const OddsQuestion& question, std::uint64_t seed)
      : rules_(question),
        rng_(seed),
        settings_(question.strategy.staking),
        plan_(staking::find_plan(settings_.plan)->make(settings_)),
        cap_(settings_) {}

  Played play() {
    const auto nothing = core::Money::minor(0, settings_.base.exponent());
    Played out;
    out.profit = out.largest = nothing;
    risk::Session session{nothing, nothing};
    plan_->restart();
    while (true) {
      plan_->see_balance(rules_.question().balance + session.realised);
      const auto trade = rules_.next(plan_->next(), session, out.trades);
      if (trade.restarted) plan_->restart();
      out.cut_short = out.cut_short || trade.cut_short;
      if (trade.end || (rules_.cut() && out.trades >= *rules_.cut())) {
        out.end = trade.end.value_or(SessionEnd::kUnfinished);
        out.profit = session.realised;
        return out;
      }
      if (cap_.exists() && !out.reached_cap) out.reached_cap = at_cap();
      out.largest = std::max(out.largest, trade.stake);
      out.turnover += trade.stake.units();
      ++out.trades;
      const auto profit = draw(*trade.outcomes);
      session.settle(profit);
      plan_->on_result(profit);
    }
  }

  OddsRules& rules() { return rules_; }
  bool has_cap() const { return cap_.exists(); }

 private:
  core::Money draw(const std::vector<BetOutcome>& outcomes) {
    auto left = rng_.uniform();
    for (const auto& o : outcomes) {
      left -= o.probability;
      if (left < 0) return o.profit;
    }
    return outcomes.back().profit;
  }
  bool at_cap() {
    auto saved = plan_->save();
    const auto [it, fresh] = at_cap_.try_emplace(std::move(saved), false);
    if (fresh) it->second = cap_.reached(it->first);
    return it->second;
  }

  OddsRules rules_;
  core::Rng rng_;
  staking::Settings settings_;
  std::unique_ptr<staking::StakePlan> plan_;
  PlanCap cap_;
  boost::unordered_flat_map<std::string, bool> at_cap_;
};

class Tally final {
 public:
  void add(const Played& s) {
    ++sessions_;
    ++ends_[static_cast<std::size_t>(s.end)];
    const auto profit = static_cast<double>(s.profit.units());
    const auto trades = static_cast<double>(s.trades);
    profit_.add(profit);
    trades_.add(trades);
    product_ += profit * trades;
    turnover_.add(static_cast<double>(s.turnover));
    ++lengths_[s.trades];
    largest_ = sessions_ == 1 ? s.largest : std::max(largest_, s.largest);
    cap_ += s.reached_cap ? 1 : 0;
    cut_ += s.cut_short ? 1 : 0;
    played_ += s.trades;
  }
  std::int64_t sessions() const { return sessions_; }
  std::int64_t trades() const { return played_; }

  Odds result(Player& player) const {
    Odds out;
    const auto n = static_cast<double>(sessions_);
    const auto scale = static_cast<double>(core::pow10(largest_.exponent()));
    const auto money = [&](Estimate e) { return Estimate{e.value / scale, e.error / scale}; };
    out.exact = out.quantiles_exact = false;
    out.sessions = sessions_;
    out.trades_cut = player.rules().cut();
    for (std::size_t i = 0; i < kSessionEnds; ++i) out.ends[i] = share(ends_[i], n);
    out.profit = money(profit_.estimate(n));
    out.turnover = money(turnover_.estimate(n));
    out.trades = trades_.estimate(n);
    out.profit_per_trade = money(ratio(n));
    quantiles(out);
    out.largest_stake = largest_;
    if (player.has_cap()) out.reaches_cap = share(cap_, n);
    out.cut_short = share(cut_, n);
    out.losing_run = losing_run(player.rules());
    return out;
  }

 private:
  /// Profit over trades, the error to first order.
  Estimate ratio(double n) const {
    if (trades_.sum <= 0) return {};
    const auto r = profit_.sum / trades_.sum;
    const auto squares =
        profit_.squares - 2 * r * product_ + r * r * trades_.squares;  // Σ (profit − r trades)²
    return {r, std::sqrt(std::max(0.0, squares) / n) / std::sqrt(n) / (trades_.sum / n)};
  }
  void quantiles(Odds& out) const {
    std::int64_t sum = 0;
    std::size_t q = 0;
    for (const auto& [trades, count] : lengths_) {
      sum += count;
      while (q < kTradeQuantiles.size() &&
             static_cast<double>(sum) >= kTradeQuantiles[q] * static_cast<double>(sessions_)) {
        out.trade_quantiles[q++] = trades;
      }
    }
  }

  std::int64_t sessions_ = 0;
  std::int64_t played_ = 0;
  std::array<std::int64_t, kSessionEnds> ends_{};
  Moments profit_;  // minor units
  Moments trades_;
  Moments turnover_;
  double product_ = 0;
  std::map<std::int64_t, std::int64_t> lengths_;
  core::Money largest_;
  std::int64_t cap_ = 0;
  std::int64_t cut_ = 0;
};

}  // namespace

Odds simulated_odds(const OddsQuestion& question, std::uint64_t seed,
                    std::optional<std::int64_t> sessions, std::int64_t most_trades) {
  Player player(question, seed);
  Tally tally;
  const auto wanted = sessions.value_or(kSessions);
  while (tally.sessions() < wanted) {
    if (!sessions && tally.trades() > most_trades && tally.sessions() >= kLeastSessions) break;
    tally.add(player.play());
  }
  return tally.result(player);
}

}  // namespace derivd::backtest
