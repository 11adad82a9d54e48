// The exact odds of a trailing stop. Below a peak everything depends on the distance to it alone,
// and the peak matters only once it reaches the target: a session is a chain of excursions, each
// ending with a higher peak or with the stop.
#include <algorithm>
#include <map>

#include "backtest/odds_graph.hpp"

namespace derivd::backtest {
namespace {

/// Sessions that are simulated for the quantiles, which the excursions do not tell.
constexpr std::int64_t kQuantileTrades = 2'000'000;
constexpr std::int64_t kQuantileTradesShort = 100'000;
/// Cents up to the target, each a peak that may be reached.
constexpr std::int64_t kMaxTarget = 2'000'000;

/// Whether nothing but the distance to the peak decides below it. Realised profit is never below
/// −stop_loss, so that limits beyond that do not bind before the stop does.
bool applies(const OddsQuestion& q, OddsRules& rules) {
  const auto& s = q.strategy.session;
  const auto& l = q.limits;
  if (!s.trailing || !s.stop_loss || !s.take_profit || rules.cut() || l.max_trades_per_day) {
    return false;
  }
  if (s.take_profit->units() > kMaxTarget) return false;
  // Another balance, another stake: no peak is like another.
  if (staking::find_plan(q.strategy.staking.plan)->uses_percent) return false;
  if (l.daily_loss && *l.daily_loss < *s.stop_loss) return false;
  if (l.daily_profit && *l.daily_profit < *s.take_profit) return false;
  const auto nothing = core::Money::minor(0, s.stop_loss->exponent());
  return q.balance - l.min_balance.value_or(nothing) >= *s.stop_loss;
}

/// What an excursion that begins with one state of the plan comes to.
struct Excursion {
  struct End {
    std::int64_t realised = 0;  // cents, from the peak on
    StateIndex plan = 0;        // of a new peak
    std::optional<SessionEnd> end;
    Mass mass;
  };
  std::vector<End> ends;
  double trades = 0;
  double turnover = 0;  // cents
  double cap = 0;       // of sessions that were below the cap before
  double cut = 0;       // of sessions whose plan was not cut before
  double lost = 0;      // mass left out
};

class Excursions final {
 public:
  explicit Excursions(const OddsQuestion& question)
      : question_(question), graph_(question, SessionGraph::Kind::kExcursion) {}

  SessionGraph& graph() { return graph_; }
  std::int64_t longest() const { return longest_; }

  /// Null when `work` does not suffice.
  const Excursion* from(StateIndex plan) {
    const auto it = known_.find(plan);
    if (it != known_.end()) return &it->second;
    Excursion e;
    if (!follow(plan, e)) return nullptr;
    return &known_.emplace(plan, std::move(e)).first->second;
  }

 private:
  bool follow(StateIndex plan, Excursion& e) {
    active_.assign(1, graph_.intern({0, 0, plan}));
    grow();
    mass_[active_.front()] = {1, 1, 1};
    std::map<StateIndex, Mass> ended;
    double alive = 1;
    for (std::int64_t trade = 0; !active_.empty(); ++trade) {
      following_.clear();
      alive = 0;
      for (const auto at : active_) {
        const auto mass = std::exchange(mass_[at], {});
        if (mass.all < kFaint) {
          e.lost += mass.all;
          continue;
        }
        if (!graph_.node(at).known && !work_out(at)) return false;
        flow(at, mass, e, ended);
      }
      for (const auto at : following_) alive += next_[at].all;
      std::swap(mass_, next_);
      std::swap(active_, following_);
      longest_ = std::max(longest_, trade);
      if (work_ > question_.work) return false;
      if (alive < kTail) break;
    }
    for (const auto at : active_) e.lost += std::exchange(mass_[at], {}).all;
    for (const auto& [at, mass] : ended) {
      const auto& node = graph_.node(at);
      e.ends.push_back({node.state.realised, node.state.plan, node.end, mass});
    }
    return true;
  }

  void flow(StateIndex at, Mass mass, Excursion& e, std::map<StateIndex, Mass>& ended) {
    const auto& node = graph_.node(at);
    if (node.cut_short) {
      e.cut += mass.uncut;
      mass.uncut = 0;
    }
    if (node.end || node.new_peak) {
      auto& sum = ended[at];
      sum.all += mass.all;
      sum.below_cap += mass.below_cap;
      sum.uncut += mass.uncut;
      return;
    }
    if (node.at_cap) {
      e.cap += mass.below_cap;
      mass.below_cap = 0;
    }
    e.trades += mass.all;
    e.turnover += mass.all * static_cast<double>(node.stake);
    work_ += node.edges;
    for (std::size_t i = node.first_edge; i < node.first_edge + node.edges; ++i) {
      const auto& edge = graph_.edge(i);
      auto& to = next_[edge.to];
      if (to.all == 0) following_.push_back(edge.to);
      to.all += mass.all * edge.probability;
      to.below_cap += mass.below_cap * edge.probability;
      to.uncut += mass.uncut * edge.probability;
    }
  }

  bool work_out(StateIndex at) {
    const bool fits = graph_.work_out(at);
    grow();
    return fits;
  }
  void grow() {
    mass_.resize(graph_.size());
    next_.resize(graph_.size());
  }

  const OddsQuestion& question_;
  SessionGraph graph_;
  std::map<StateIndex, Excursion> known_;
  std::vector<Mass> mass_;
  std::vector<Mass> next_;
  std::vector<StateIndex> active_;
  std::vector<StateIndex> following_;
  std::int64_t work_ = 0;
  std::int64_t longest_ = 0;
};

/// Counts through the peaks, from 0 to the target.
class Peaks final {
 public:
  explicit Peaks(const OddsQuestion& question)
      : question_(question),
        excursions_(question),
        target_(question.strategy.session.take_profit->units()) {}

  bool run() {
    reached_.resize(static_cast<std::size_t>(target_));
    reached_[0][excursions_.graph().plans().base()] = {1, 1, 1};
    for (std::int64_t peak = 0; peak < target_; ++peak) {
      // Later excursions only add higher peaks.
      for (const auto& [plan, mass] : reached_[static_cast<std::size_t>(peak)]) {
        const auto* e = excursions_.from(plan);
        if (e == nullptr) return false;
        leave(peak, mass, *e);
      }
      reached_[static_cast<std::size_t>(peak)].clear();
    }
    return true;
  }

  Odds result() {
    auto& graph = excursions_.graph();
    Odds out;
    const auto steps = static_cast<double>(excursions_.longest() + target_ + 1);
    out.error_bound = lost_ + 4 * steps * 0x1p-53;
    const auto scale = static_cast<double>(core::pow10(graph.money(0).exponent()));
    for (std::size_t i = 0; i < kSessionEnds; ++i) out.ends[i].value = ends_[i];
    out.profit.value = profit_ / scale;
    out.turnover.value = turnover_ / scale;
    out.trades.value = trades_;
    out.profit_per_trade.value = trades_ > 0 ? out.profit.value / trades_ : 0;
    out.largest_stake = graph.largest_stake();
    if (graph.plans().has_cap()) out.reaches_cap = Estimate{cap_, 0};
    out.cut_short.value = cut_;
    out.losing_run = losing_run(graph.rules());
    const auto budget = question_.work < kFullWork ? kQuantileTradesShort : kQuantileTrades;
    out.trade_quantiles = simulated_odds(question_, 1, std::nullopt, budget).trade_quantiles;
    out.quantiles_exact = false;
    return out;
  }

 private:
  void leave(std::int64_t peak, const Mass& mass, const Excursion& e) {
    trades_ += mass.all * e.trades;
    turnover_ += mass.all * e.turnover;
    cap_ += mass.below_cap * e.cap;
    cut_ += mass.uncut * e.cut;
    lost_ += mass.all * e.lost;
    for (const auto& end : e.ends) {
      const auto realised = peak + end.realised;
      const auto share = mass.all * end.mass.all;
      const auto why = end.end               ? end.end
                       : realised >= target_ ? std::optional(SessionEnd::kTakeProfit)
                                             : std::nullopt;
      if (why) {
        ends_[static_cast<std::size_t>(*why)] += share;
        profit_ += share * static_cast<double>(realised);
        continue;
      }
      if (share < kFaint) {
        lost_ += share;
        continue;
      }
      auto& to = reached_[static_cast<std::size_t>(realised)][end.plan];
      to.all += share;
      to.below_cap += mass.below_cap * end.mass.below_cap;
      to.uncut += mass.uncut * end.mass.uncut;
    }
  }

  const OddsQuestion& question_;
  Excursions excursions_;
  std::int64_t target_;
  std::vector<std::map<StateIndex, Mass>> reached_;
  std::array<double, kSessionEnds> ends_{};
  double profit_ = 0;  // cents
  double turnover_ = 0;
  double trades_ = 0;
  double cap_ = 0;
  double cut_ = 0;
  double lost_ = 0;
};

}  // namespace

std::optional<Odds> trailing_odds(const OddsQuestion& question) {
  OddsRules rules(question);
  if (!applies(question, rules)) return std::nullopt;
  Peaks peaks(question);
  if (!peaks.run()) return std::nullopt;
  return peaks.result();
}

}  // namespace derivd::backtest
