// Owns the running state of one strategy: its signal counters, stake plan, session, guards and
// latched stops, and their form in the journal. Only the engine touches it, on the loop thread. It
// never decides: the gate does, and the engine acts.
//
// The record of a slot is the one truth about money booked: it names the settlements that it
// includes, so that a crash between two records books nothing twice and forgets nothing.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/result.hpp"
#include "engine/candles.hpp"
#include "engine/engine.hpp"
#include "engine/hook.hpp"
#include "engine/settings.hpp"
#include "engine/watch.hpp"
#include "execution/record.hpp"
#include "risk/gate.hpp"
#include "risk/guards.hpp"
#include "risk/refusals.hpp"
#include "risk/session.hpp"
#include "risk/volatility.hpp"
#include "staking/plan.hpp"
#include "strategy/strategy.hpp"

namespace derivd::engine {

/// For people: "virtual: 1 of 3 losses in a row".
std::string hook_text(const VirtualHook& hook, const HookState& state);

/// Why a strategy did or did not enter at its last signal, in words that are made when they are
/// asked for where it entered: a purchase does not wait for them.
class LastDecision {
 public:
  LastDecision& operator=(const core::Text& why) {
    why_ = why;
    entered_ = false;
    return *this;
  }
  void entered(market::ContractType type, core::Money stake) {
    entered_ = true;
    type_ = type;
    stake_ = stake;
  }
  core::Text text() const;

 private:
  core::Text why_;
  bool entered_ = false;
  market::ContractType type_ = market::ContractType::kCall;
  core::Money stake_;
};

struct Slot {
  /// Settled contracts that the record names, newest last: the one that it was written for. An
  /// event is kept whole or not at all, and the journal tells which contracts are ours; this is the
  /// second line, so that a record without its order books nothing twice. Records of before
  /// named 64.
  static constexpr std::size_t kBooked = 1;

  struct Booked {
    core::OrderId order;
    core::ContractId contract;
    core::Money sell_price;
    core::VenueTime time;
    friend bool operator==(const Booked&, const Booked&) = default;
  };

  /// Whether these settings cannot be taken over while something of this strategy is at risk.
  bool must_be_flat_for(const StrategySettings& s) const;
  /// What holds at once: limits, guards, the plan's caps, enabled. The rest stays as it is.
  void take_live(const StrategySettings& s);
  /// All of it. The plan keeps its step where it is the same plan, and begins at its base where it
  /// is another; counters begin anew where type, params or symbol differ.
  void take_over(const StrategySettings& s);
  /// No longer in the configuration: enters nothing, its contracts still settle and move its plan.
  void retire();

  /// A strategy of the configuration.
  explicit Slot(const StrategySettings& s);
  /// One that the configuration no longer has, whose contracts still settle.
  Slot(core::Name name, std::uint8_t money_decimals);

  const core::Name& name() const { return settings.name; }
  bool runs() const { return configured && settings.enabled; }
  bool is_scripted() const;
  /// Zero in the account's currency.
  core::Money nothing() const { return core::Money::minor(0, settings.staking.base.exponent()); }

  void on_purchase(core::OrderId order, core::VenueTime time, bool today);
  void on_settled(const execution::Order& order, bool today);
  void new_day(std::int64_t number);
  /// Result, peaks, stakes and counts from nothing; halts and pauses stay as they are.
  void new_session();

  execution::StrategyRecord record() const;
  /// What cannot be loaded (another plan, another type) starts anew; the text says what.
  std::string load(const execution::StrategyRecord& record);

  StrategySettings settings;
  bool configured = true;
  // Empty when it was not in the configuration at the start; what the journal says of them is kept.
  std::unique_ptr<strategy::Strategy> strategy;
  strategy::Program* program = nullptr;  // the strategy, where it is one
  strategy::ProgramWishes wishes;        // of the program, performed at the end of the event
  market::Tick program_tick;             // the latest live one that it saw, its time proven
  bool wants_past = false;               // what the strategy says of itself, read once
  bool wants_own = false;
  std::unique_ptr<staking::StakePlan> plan;
  std::string kept_counters;
  std::string kept_staking;
  /// Its group as a number; 0: of none. The journal keeps it for what the configuration no longer
  /// has: its open contract stands in the way of the others.
  std::int64_t group_mark = 0;
  std::optional<StrategySettings> pending;  // waits until nothing of it is at risk
  core::VenueTime last_epoch;               // of the last tick that fed the counters
  core::VenueTime saved_at;                 // last_epoch of the latest record
  CandlePast candles;                       // of the venue, with which the strategy began
  std::vector<WatchLane> lanes;             // of the symbols that it watches, in their order
  int behind = 0;                           // live ticks in a row that are older than that

  /// With guards.volatility: of every tick of the symbol, also while it may not enter. Not in the
  /// journal: the venue's history makes it anew.
  std::optional<risk::Volatility> volatility;
  core::VenueTime volatility_at;  // of the last of them; 0: it begins with what is known of before

  std::int64_t session_number = 1;
  risk::Session session;
  std::int64_t trades = 0;  // purchases of this session
  std::int64_t won = 0;
  std::int64_t lost = 0;
  std::int64_t wins_in_row = 0;  // of this session; a break-even changes neither
  std::int64_t losses_in_row = 0;
  core::Money last_profit;  // 0 before the first
  HookState hook;
  bool swapped = false;             // of contract.alternate: the two types have changed places
  std::int64_t losses_to_swap = 0;  // lost in a row since they did
  risk::GuardState guards;
  risk::Refusals refusals;
  core::Instant refused_at;  // when the latest that counts came
  core::Text refusal;        // the venue's words to it; not kept over a restart

  // This strategy's share of the account's day.
  std::int64_t day = 0;
  core::Money day_profit;
  std::int64_t day_trades = 0;

  boost::container::flat_set<core::OrderId> counted;  // open orders whose purchase is counted above
  /// The highest bid for each of them since its entry, while `exit:` has rules.
  boost::container::flat_map<core::OrderId, core::Money> best_bids;
  std::vector<Booked> booked;

  bool halted = false;
  core::ShortString<32> halt_kind;
  core::Text halt_reason;
  bool paused = false;
  core::Text pause_reason;

  LastDecision last_decision;
  // The last signals, a ring: decided.size() of them at most kKeptDecisions, the next at its place.
  std::vector<DecisionView> decided;
  std::size_t next_decided = 0;
  DecisionView considered;  // the signal at hand
  std::uint64_t wish = 0;   // of a script: the number of the signal at hand

  /// Of type script: the run of its program, and what it has not answered yet.
  struct Unanswered {
    std::uint64_t sequence = 0;
    market::Tick tick;  // what a wish that comes of it would be bought on
    core::Instant sent;
    bool denial = false;
    bool result = false;
  };
  std::uint64_t script_run = 0;  // 0: it does not run
  bool script_changed = false;   // it runs with other settings than those in force
  std::uint64_t script_sequence = 0;
  bool hears_watched = false;  // its program has a function onWatch
  std::deque<Unanswered> unanswered;
  boost::container::flat_map<core::OrderId, std::uint64_t> wish_numbers;  // by order, until final
  market::Tick script_tick;         // the last that it was told
  core::VenueTime state_saved_at;   // what it wants kept, at the latest
  core::VenueTime best_saved_at;    // best_bids, of a script or a program
  std::optional<risk::Limit> told;  // the denial that people were told last

 private:
  /// Whether the venue would be asked for something else than now.
  bool asks_otherwise(const StrategySettings& s) const;
  void start_counting_anew();
  void count_to_swap(core::Money profit);
  void start_with_nothing();
  void make_strategy();
  void make_volatility();
  void make_plan(const staking::Settings& s);
  std::string guards_text() const;
  core::Result<void> load_guards(std::string_view text);
};

}  // namespace derivd::engine
