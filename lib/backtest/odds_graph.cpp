#include "backtest/odds_graph.hpp"

#include <algorithm>

namespace derivd::backtest {
namespace {

/// States, of some 150 bytes with their edges and their part of the index.
constexpr std::int64_t kMaxStates = 1'000'000;
/// A state is worked out in the time in which so many results are followed.
constexpr std::int64_t kWorkOfState = 50;

}  // namespace

PlanStates::PlanStates(const staking::Settings& settings)
    : plan_(staking::find_plan(settings.plan)->make(settings)), cap_(settings) {
  base_ = intern();
}

core::Money PlanStates::next(StateIndex state, core::Money balance) {
  if (!wants_balance() || !plan_->load(states_[state].saved)) return states_[state].next;
  plan_->see_balance(balance);
  return plan_->next();
}

StateIndex PlanStates::after(StateIndex state, core::Money profit) {
  const auto [it, fresh] = after_.try_emplace({state, profit.units()}, StateIndex{0});
  if (!fresh) return it->second;
  if (!plan_->load(states_[state].saved)) return state;  // its own words: cannot happen
  plan_->on_result(profit);
  return it->second = intern();
}

StateIndex PlanStates::intern() {
  auto saved = plan_->save();
  const auto [it, fresh] = index_.try_emplace(saved, static_cast<StateIndex>(states_.size()));
  if (fresh) {
    const bool at_cap = cap_.reached(saved);
    states_.push_back({std::move(saved), plan_->next(), at_cap});
  }
  return it->second;
}

SessionGraph::SessionGraph(const OddsQuestion& question, Kind kind)
    : rules_(question),
      plans_(question.strategy.staking),
      kind_(kind),
      peaks_(kind == Kind::kSession && rules_.needs_peak()),
      exponent_(question.strategy.staking.base.exponent()),
      most_(static_cast<std::size_t>(std::min(kMaxStates, question.work / kWorkOfState))) {}

StateIndex SessionGraph::intern(const SessionState& state) {
  const auto [it, fresh] = index_.try_emplace(state, static_cast<StateIndex>(nodes_.size()));
  if (fresh) {
    Node node;
    node.state = state;
    node.new_peak = node.known = kind_ == Kind::kExcursion && state.realised > 0;
    nodes_.push_back(node);
  }
  return it->second;
}

bool SessionGraph::work_out(StateIndex at) {
  const auto state = nodes_[at].state;
  const risk::Session session{money(state.realised), money(state.peak)};
  const auto balance = rules_.question().balance + session.realised;
  const auto trade = rules_.next(plans_.next(state.plan, balance), session, 0);
  const auto from = trade.restarted ? plans_.base() : state.plan;
  const bool at_cap = plans_.at(from).at_cap;
  const auto first = edges_.size();
  if (!trade.end) {
    for (const auto& outcome : *trade.outcomes) {
      auto after = session;
      after.settle(outcome.profit);
      const SessionState to{after.realised.units(), peaks_ ? after.peak.units() : 0,
                            plans_.after(from, outcome.profit)};
      edges_.push_back({intern(to), outcome.probability});
    }
    largest_ = std::max(largest_, trade.stake.units());
  }
  auto& node = nodes_[at];
  node.known = true;
  node.end = trade.end;
  node.at_cap = at_cap;
  node.cut_short = trade.cut_short;
  node.stake = trade.end ? 0 : trade.stake.units();
  node.first_edge = first;
  node.edges = static_cast<std::uint8_t>(edges_.size() - first);
  return nodes_.size() <= most_ && plans_.size() <= most_;
}

}  // namespace derivd::backtest
