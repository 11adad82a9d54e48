// Owns the states of a session and the ways between them: realised profit × plan × peak, all in
// cents and all made by the real parts, each worked out once, when somebody first asks. The exact
// odds let probability flow through it. It never knows how often a state is reached.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>

#include "backtest/odds_rules.hpp"
#include "staking/plan.hpp"

namespace derivd::backtest {

using StateIndex = std::uint32_t;

/// The states of a stake plan, each known by what it saves.
class PlanStates final {
 public:
  explicit PlanStates(const staking::Settings& settings);

  struct State {
    std::string saved;
    core::Money next;
    bool at_cap;
  };
  const State& at(StateIndex state) const { return states_[state]; }
  StateIndex base() const { return base_; }
  bool has_cap() const { return cap_.exists(); }
  std::size_t size() const { return states_.size(); }
  /// The next stake of a state, at that balance.
  core::Money next(StateIndex state, core::Money balance);
  bool wants_balance() const { return plan_->wants_balance(); }
  StateIndex after(StateIndex state, core::Money profit);

 private:
  StateIndex intern();

  std::unique_ptr<staking::StakePlan> plan_;
  PlanCap cap_;
  std::vector<State> states_;
  boost::unordered_flat_map<std::string, StateIndex> index_;
  boost::unordered_flat_map<std::pair<StateIndex, std::int64_t>, StateIndex> after_;
  StateIndex base_ = 0;
};

struct SessionState {
  std::int64_t realised = 0;  // cents
  std::int64_t peak = 0;      // cents; 0 where it cannot matter
  StateIndex plan = 0;
  friend bool operator==(const SessionState&, const SessionState&) = default;
  friend std::size_t hash_value(const SessionState& s) {
    std::size_t seed = boost::hash_value(s.realised);
    boost::hash_combine(seed, s.peak);
    boost::hash_combine(seed, s.plan);
    return seed;
  }
};

class SessionGraph final {
 public:
  struct Edge {
    StateIndex to = 0;
    double probability = 0;
  };
  struct Node {
    SessionState state;
    std::int64_t stake = 0;  // cents
    std::size_t first_edge = 0;
    std::uint8_t edges = 0;
    bool known = false;  // all below the state is worked out
    bool at_cap = false;
    bool cut_short = false;
    bool new_peak = false;  // an excursion's end
    std::optional<SessionEnd> end;
  };
  /// kExcursion: states below one peak, with realised counted from it; a result above it is the end
  /// of the excursion and leads no further.
  enum class Kind : std::uint8_t { kSession, kExcursion };

  SessionGraph(const OddsQuestion& question, Kind kind);

  StateIndex intern(const SessionState& state);
  /// False when there are more states than memory or `work` allows.
  bool work_out(StateIndex at);
  const Node& node(StateIndex at) const { return nodes_[at]; }
  const Edge& edge(std::size_t i) const { return edges_[i]; }
  std::size_t size() const { return nodes_.size(); }
  PlanStates& plans() { return plans_; }
  OddsRules& rules() { return rules_; }
  core::Money money(std::int64_t units) const { return core::Money::minor(units, exponent_); }
  core::Money largest_stake() const { return money(largest_); }

 private:
  OddsRules rules_;
  PlanStates plans_;
  Kind kind_;
  bool peaks_;
  std::uint8_t exponent_;
  std::size_t most_;
  std::int64_t largest_ = 0;
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  boost::unordered_flat_map<SessionState, StateIndex> index_;
};

/// Probability of a state: of all sessions, of those that never stood at the cap, of those whose
/// plan was never cut short.
struct Mass {
  double all = 0;
  double below_cap = 0;
  double uncut = 0;
};

/// Mass of one state below which it is not followed further, and mass of all sessions still trading
/// below which the rest is left out. Both are counted into the error bound.
inline constexpr double kFaint = 1e-16;
inline constexpr double kTail = 1e-11;

/// A trailing stop with a target, by excursions from peak to peak: they are alike at every peak, so
/// that one is worked out and the peaks are counted through. Trade quantiles are simulated. Empty
/// when a limit depends on more than the distance to the peak, or `work` does not suffice.
std::optional<Odds> trailing_odds(const OddsQuestion& question);

}  // namespace derivd::backtest
