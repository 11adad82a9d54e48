// The exact odds: probability flows from trade to trade over the states that a session can be in.
#include <algorithm>
#include <limits>

#include "backtest/odds_graph.hpp"

namespace derivd::backtest {
namespace {

class Chain final {
 public:
  explicit Chain(const OddsQuestion& question)
      : question_(question), graph_(question, SessionGraph::Kind::kSession) {}

  std::optional<Odds> run() {
    start();
    const auto most = graph_.rules().cut().value_or(std::numeric_limits<std::int64_t>::max());
    for (std::int64_t trade = 0; !active_.empty(); ++trade) {
      if (!step(trade, trade >= most)) return std::nullopt;
    }
    return result();
  }

 private:
  void start() {
    active_.push_back(graph_.intern({0, 0, graph_.plans().base()}));
    mass_ = {{1, 1, 1}};
    next_.resize(1);
  }

  bool work_out(StateIndex at) {
    const bool fits = graph_.work_out(at);
    mass_.resize(graph_.size());
    next_.resize(graph_.size());
    return fits;
  }

  bool step(std::int64_t trade, bool last) {
    const auto& day = question_.limits.max_trades_per_day;
    const bool day_ends = day && trade >= *day;
    if (alive_ < kTail && !last && !day_ends) {
      lost_ += alive_;
      active_.clear();
      return true;
    }
    ended_now_ = 0;
    following_.clear();
    for (const auto at : active_) {
      const auto mass = std::exchange(mass_[at], {});
      if (mass.all < kFaint) {
        lost_ += mass.all;
        alive_ -= mass.all;
        continue;
      }
      if (!graph_.node(at).known && !work_out(at)) return false;
      auto end = graph_.node(at).end;
      // The gate asks for the day's trades before it looks at money.
      if (day_ends && end != SessionEnd::kTakeProfit) end = SessionEnd::kMaxTradesPerDay;
      if (last && !end) end = SessionEnd::kUnfinished;
      flow(graph_.node(at), mass, end, trade);
    }
    alive_ -= ended_now_;
    if (ended_now_ > 0) ended_.push_back({trade, ended_now_});
    steps_ = trade;
    std::swap(mass_, next_);
    std::swap(active_, following_);
    return work_ <= question_.work;
  }

  void flow(const SessionGraph::Node& node, Mass mass, std::optional<SessionEnd> end,
            std::int64_t trade) {
    const bool cut = node.cut_short && end == node.end;
    if (cut) {
      cut_ += mass.uncut;
      mass.uncut = 0;
    }
    if (end) {
      ends_[static_cast<std::size_t>(*end)] += mass.all;
      profit_ += mass.all * static_cast<double>(node.state.realised);
      trades_ += mass.all * static_cast<double>(trade);
      ended_now_ += mass.all;
      return;
    }
    if (node.at_cap) {
      cap_ += mass.below_cap;
      mass.below_cap = 0;
    }
    turnover_ += mass.all * static_cast<double>(node.stake);
    work_ += node.edges;
    for (std::size_t i = node.first_edge; i < node.first_edge + node.edges; ++i) {
      auto& to = next_[graph_.edge(i).to];
      if (to.all == 0) following_.push_back(graph_.edge(i).to);
      const auto p = graph_.edge(i).probability;
      to.all += mass.all * p;
      to.below_cap += mass.below_cap * p;
      to.uncut += mass.uncut * p;
    }
  }

  Odds result() {
    Odds out;
    out.trades_cut = graph_.rules().cut();
    // Each trade multiplies and adds a few times; what was left out could have gone anywhere.
    out.error_bound = lost_ + 4 * static_cast<double>(steps_ + 1) * 0x1p-53;
    const auto scale = static_cast<double>(core::pow10(graph_.money(0).exponent()));
    for (std::size_t i = 0; i < kSessionEnds; ++i) out.ends[i].value = ends_[i];
    out.profit.value = profit_ / scale;
    out.turnover.value = turnover_ / scale;
    out.trades.value = trades_;
    out.profit_per_trade.value = trades_ > 0 ? out.profit.value / trades_ : 0;
    out.largest_stake = graph_.largest_stake();
    if (graph_.plans().has_cap()) out.reaches_cap = Estimate{cap_, 0};
    out.cut_short.value = cut_;
    quantiles(out);
    out.losing_run = losing_run(graph_.rules());
    return out;
  }

  void quantiles(Odds& out) const {
    double sum = 0;
    std::size_t q = 0;
    for (const auto& [trade, mass] : ended_) {
      sum += mass;
      while (q < kTradeQuantiles.size() && sum >= kTradeQuantiles[q] - kTail) {
        out.trade_quantiles[q++] = trade;
      }
    }
  }

  const OddsQuestion& question_;
  SessionGraph graph_;
  std::vector<Mass> mass_;  // now, and after the next trade; one for each node
  std::vector<Mass> next_;
  std::vector<StateIndex> active_;
  std::vector<StateIndex> following_;

  std::array<double, kSessionEnds> ends_{};
  std::vector<std::pair<std::int64_t, double>> ended_;  // trades, mass
  double alive_ = 1;
  double ended_now_ = 0;
  double lost_ = 0;
  double profit_ = 0;  // in minor units
  double turnover_ = 0;
  double trades_ = 0;
  double cap_ = 0;
  double cut_ = 0;
  std::int64_t work_ = 0;
  std::int64_t steps_ = 0;
};

}  // namespace

std::optional<Odds> exact_odds(const OddsQuestion& question) {
  if (auto trailing = trailing_odds(question)) return trailing;
  return Chain(question).run();
}

Odds odds(const OddsQuestion& question, std::uint64_t seed, std::int64_t most_trades) {
  if (auto exact = exact_odds(question)) return *exact;
  return simulated_odds(question, seed, std::nullopt, most_trades);
}

}  // namespace derivd::backtest
