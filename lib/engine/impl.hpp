// Owns the engine's inside: the state that engine.hpp hides and the steps between an event and its
// actions. What belongs together of the state is a part with a header of its own (clock, account,
// witnesses, sale, exit_watch, feed, slot). The methods live in entry.cpp (signal → order),
// refuse.cpp (the venue's no), settle.cpp (witness → result), link.cpp (start, reconnect,
// evidence), sales.cpp (early sales), exits.cpp (the rules of `exit:`), own_limits.cpp (those of
// the account's holder), hook.cpp (`virtual:`), program.cpp (Deriv Bot programs), watch.cpp
// (symbols beside its own), operator.cpp,
// reconfigure.cpp and views.cpp. Nothing outside this folder includes it.
#pragma once

#include <boost/container/flat_map.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "core/by_id.hpp"
#include "engine/account.hpp"
#include "engine/clock.hpp"
#include "engine/decide.hpp"
#include "engine/engine.hpp"
#include "engine/exit_watch.hpp"
#include "engine/feed.hpp"
#include "engine/program_clock.hpp"
#include "engine/sale.hpp"
#include "engine/slot.hpp"
#include "engine/witnesses.hpp"
#include "execution/follow.hpp"
#include "execution/ledger.hpp"
#include "execution/reconcile.hpp"
#include "risk/gate.hpp"

namespace derivd::engine {

/// Admitted signals that wait for an answer of the venue before they become orders.
inline constexpr std::size_t kMaxWaiting = 64;
/// A signal that waits longer is stale and dropped.
inline constexpr core::Duration kSignalLife = std::chrono::seconds(2);
/// Settled contracts whose own recomputation still waits for ticks.
inline constexpr std::size_t kMaxVerifying = 64;
/// A purchase or settlement may be this much ahead of the last tick; more is taken for a bogus
/// time.
inline constexpr std::chrono::seconds kMaxLead{3600};
/// A strategy's record is written again when it is older than this, so that after a crash the
/// venue's history reaches back to it: one answer holds 5000 ticks, 83 minutes of an index of one
/// second.
inline constexpr std::chrono::seconds kSaveCounters{600};

/// Who stops a strategy or sells a contract, where it is a person; in the journal.
inline constexpr std::string_view kByOperator = "operator";
/// Why a sale was not done whose answer never came.
inline constexpr std::string_view kNoAnswer = "the venue did not answer, and it is still open";

/// Methods that are cold lie apart from what every tick and every trade runs through: the
/// processor's first cache holds less than both.
struct Engine::Impl {
  Impl(const Settings& settings, Audience audience);

  /// What the venue said to an order whose outcome is unknown nevertheless.
  struct Answer {
    explicit Answer(const execution::Refusal& r)
        : kind(r.kind),
          code(core::ShortString<64>::truncated(r.code)),
          message(core::Text::truncated(r.message)) {}
    execution::Refusal refusal() const { return {kind, code.view(), message.view()}; }
    execution::RefusalKind kind;
    core::ShortString<64> code;
    core::Text message;
  };

  /// An order in flight or of unknown outcome.
  struct Flight {
    core::Instant sent;  // or the start of this run, for an order of an earlier one
    std::optional<core::VenueTime> window_closed = {};
    bool told_ambiguous = false;
    std::unique_ptr<const Answer> answer = {};  // rare and large: flights move at every purchase
  };

  /// A signal that passed the gate and waits: for its quote, or for the answer to an order that it
  /// must not be confused with. Its stake is reserved.
  struct Waiting {
    Slot* slot = nullptr;
    strategy::Signal signal;
    market::Tick tick;
    core::Money stake;
    core::OrderId quoting;  // 0: held
    core::Instant deadline;
    std::int64_t turn = 0;  // rises with the signals; kept while it waits
    core::Instant since;    // of this question or hold
  };

  // engine.cpp
  void begin(const core::Now& at, Actions& actions);
  void observe(core::VenueTime time);
  void roll_day() {
    const auto turn = day.roll(venue_time(), settings.limits.day_starts);
    if (turn != TradingDay::Turn::kSame) begin_day(turn);
  }
  void begin_day(TradingDay::Turn turn);
  /// Whether what happened at this time of the venue counts today.
  bool is_today(core::VenueTime time) const { return day.has(time, settings.limits.day_starts); }
  core::VenueTime venue_time() const { return venue_clock.shown(); }
  core::VenueTime steady() const { return venue_clock.steady(); }
  /// What must hold between two events (CHECK); asked where orders, sales and exits may change.
  void check() const;
  [[gnu::cold]] void check_exits() const;
  void tick(const market::Tick& tick, bool history);
  [[gnu::cold]] void tell_gap(const market::Tick& tick, core::VenueTime before);
  [[gnu::cold]] void refuse_quote(Feed& feed, const market::Tick& tick);
  void feed_contracts(const market::Tick& tick, Feed::Push push);
  /// `came`: when the venue's time was what the tick says, at the latest.
  void feed_slot(Slot& slot, const Feed& feed, const market::Tick& tick, core::VenueTime came,
                 bool history);
  void feed_volatility(Slot& slot, const Feed& feed, const market::Tick& tick, bool restarted);
  bool is_behind(Slot& slot, const market::Tick& tick, bool history);
  [[gnu::cold]] bool begins_anew(Slot& slot, const Feed& feed);
  void feed_past(Slot& slot, const Feed& feed);
  rules::Own own(const Slot& slot) const;
  std::optional<core::Instant> next_deadline() const;
  void on_deadline();

  // entry.cpp
  struct PaidQuote {
    core::OrderId order;
    core::ShortString<64> id;
    core::Money stake;  // the amount that was asked for, as the plan has it: it may be a payout
    core::Money payout;
    core::Money ask;  // what it costs
  };
  void consider(Slot& slot, const strategy::Signal& signal, const market::Tick& tick,
                const PaidQuote* quote, std::int64_t turn);
  void prepare_plan(const Slot& slot) const;
  void see_quote(Slot& slot, const PaidQuote& quote);
  /// What the account would hold if what is open had not been bought; zero before it was told.
  core::Money funds() const;
  /// The same where only a quote says what it costs (is_priced_by_quote, spec.hpp).
  void consider_priced(Slot& slot, const strategy::Signal& signal, const market::Tick& tick,
                       const PaidQuote* quote, std::int64_t turn);
  /// What a decision against entering does; true: it was one.
  bool stays_out(Slot& slot, const Decision& decision);
  /// Signals of this strategy that wait always count, those of others with a turn before `turn`.
  risk::Standing standing(Slot& slot, std::int64_t turn) const;
  /// What is open, on its way, of unknown outcome or waits.
  void add_at_risk(const Slot& slot, std::int64_t turn, risk::Standing& s) const;
  /// Who of its group has something at risk, or will by a signal with a turn before `turn`.
  core::Name group_holder(const Slot& slot, std::int64_t turn) const;
  enum class Twin : std::uint8_t { kNone, kInFlight, kUnknown };
  Twin twin_of(const market::ContractSpec& spec, core::Money stake) const;
  void consider_again(const Waiting& w, const PaidQuote* quote);
  core::Instant signal_end() const;
  [[gnu::cold]] void hold(Slot& slot, const strategy::Signal& signal, const market::Tick& tick,
                          core::Money stake, std::int64_t turn);
  [[gnu::noinline]] void ask_quote(Slot& slot, const strategy::Signal& signal,
                                   const market::Tick& tick, const market::ContractSpec& spec,
                                   core::Money stake, std::int64_t turn);
  void send(Slot& slot, const market::ContractSpec& spec, const market::Tick& tick,
            core::Money stake, const PaidQuote* quote);
  [[gnu::cold]] void drop(Slot& slot, const risk::Denied& denied);
  [[gnu::cold]] void tell_denied(Slot& slot, const risk::Denied& denied);
  [[gnu::cold]] void drop(Slot& slot, std::string_view why);
  [[gnu::cold]] void look_for_deposit();
  void restart_plan(Slot& slot);
  void quote_reply(const QuoteReply& reply);
  void release_waiting();

  // own_limits.cpp
  void take_own_limits(const execution::OwnLimits& told);
  void tighten_limits();

  // hook.cpp
  /// Whether the signal is a matter of its `virtual:`: followed so, or dropped. False: it is
  /// bought.
  bool stays_virtual(Slot& slot, const strategy::Signal& signal, const market::Tick& tick,
                     std::int64_t turn);
  std::optional<risk::Denied> forbids_virtual(Slot& slot, std::int64_t turn) const;
  std::int64_t unbought(const Slot& slot) const;
  void open_virtual(Slot& slot, const strategy::Signal& signal, const market::Tick& tick);
  void feed_virtual(Slot& slot, const market::Tick& tick);
  void end_virtual(Slot& slot);
  void drop_virtual();
  void hook_settled(Slot& slot, core::Money profit);

  // refuse.cpp
  [[gnu::cold]] void refused(core::OrderId id, const execution::Refusal& refusal);
  [[gnu::cold]] void learn(Slot& slot, core::Money stake, core::Instant asked,
                           const execution::Refusal& refusal);
  [[gnu::cold]] void tell_waiting(const Slot& slot, bool halts);
  void taken(Slot& slot);

  // settle.cpp
  void bought(core::OrderId id, const execution::Bought& bought);
  void opened(const execution::Order& order, bool resolved);
  void tell_opened(const execution::Order& order, bool resolved);
  void follow(const execution::Order& order);
  void contract(const execution::ContractReport& report, execution::Witness witness);
  void transaction(const execution::TransactionReport& report);
  void transaction_contract(const execution::TransactionReport& report);
  void settle(core::OrderId id, const execution::Settlement& settlement,
              execution::Witness witness);
  void tell_settled(const Slot& slot, const execution::Order& order, execution::Witness witness);
  [[gnu::cold]] execution::Settlement as_sold(core::OrderId id,
                                              const execution::Settlement& settlement);
  void book(Slot& slot, const execution::Order& order);
  void later_witness(const execution::Order& order, const execution::Settlement& settlement,
                     execution::Witness witness);
  std::optional<std::string> recount(core::OrderId id);
  void verify(core::OrderId id);
  [[gnu::cold]] void mismatch(const execution::Order& order, std::string_view what);
  void hold(Witnessed witness);
  [[gnu::cold]] void hear(const Witnessed& witness);
  [[gnu::cold]] void replay_early();
  [[gnu::cold]] void replay_held(core::ContractId contract);
  /// While no answer is awaited, nothing that was kept can be ours.
  void flush_held() {
    if (held.size() > 0 && flights.empty()) tell_held();
  }
  [[gnu::cold]] void tell_held();
  [[gnu::cold]] void tell_if_foreign(const Witnessed& witness);
  [[gnu::cold]] void tell_foreign(core::ContractId contract, std::string_view what);

  // link.cpp
  void restore(const execution::Snapshot& snapshot);
  void restore_order(const execution::Order& order);
  void restore_daily_profit(const execution::HaltRecord& latched);
  void online(core::Money balance);
  void offline();
  void report(const execution::VenueReport& report);
  [[gnu::cold]] void make_unknown(core::OrderId id, std::string_view why);
  void adopt(core::OrderId id, const execution::HistoryRow& row);
  bool try_adopt(const execution::ContractReport& report);
  [[gnu::cold]] void conclude_absent(core::OrderId id);
  [[gnu::cold]] void absent(core::OrderId id, std::string_view evidence);
  [[gnu::cold]] void ambiguous(core::OrderId id, std::size_t candidates);
  void close_windows();
  std::vector<execution::Pending> pending_orders() const;
  void want_report();
  void ask_report();
  bool any_unknown() const;
  void anchor(core::Money known);

  // sales.cpp
  /// In the journal with its reason before it is sent.
  void ask_sale(const execution::Order& order, std::string_view why, bool by_rule);
  void note_sale(const execution::Order& order, std::string_view why, bool by_rule, bool cancel);
  void confirm_sale(core::ContractId contract);
  /// It is proven that it was not sold; `why`: by whose words.
  void not_sold(core::ContractId contract, std::string_view why);
  void lose_sale(core::ContractId contract, std::string_view why);
  void lose_sales();
  void restore_sale(const execution::Order& order);
  /// The venue's books of `as_of` say that this order is open.
  void still_open(const execution::Order& order, core::VenueTime as_of);

  // exits.cpp
  void watch_exit(const execution::Order& order);
  void exit_value(const execution::Order& order, const execution::ContractReport& report);
  void exit_tick(const market::Tick& tick, bool history);
  void keep_best(Slot& slot, const execution::Order& order, core::Money bid);
  void leave_if_due(Slot& slot, const execution::Order& order, const ExitWatch& watch,
                    std::optional<core::Money> bid);
  void exit_refused(const execution::Order& order, std::string_view why);
  /// Whether its deal cancellation pays more than its sale.
  bool pays_to_cancel(const execution::Order& order) const;
  void tell_exit(const execution::Order& order, std::string_view state, std::string_view why,
                 std::string_view text);

  // operator.cpp
  [[gnu::cold]] void halt(Slot& slot, std::string_view kind, std::string_view reason);
  [[gnu::cold]] void latch_halt(Slot& slot, std::string_view kind, std::string_view reason);
  [[gnu::cold]] void tell_halted(const Slot& slot);
  void resume(Slot& slot);
  void latch_daily_profit();

  // decisions.cpp
  void considering(Slot& slot, const strategy::Signal& signal, const market::Tick& tick) {
    slot.wish = signal.wish;
    if (audience.people) note_signal(slot, signal, tick);
  }
  void note_signal(Slot& slot, const strategy::Signal& signal, const market::Tick& tick);
  void note(Slot& slot, DecisionView::Kind kind, std::string_view text,
            const std::optional<risk::Denied>& denied = {});
  void keep_decision(Slot& slot, DecisionView::Kind kind);
  void note_entry(Slot& slot, const execution::Order& intent);

  // program.cpp: strategies of type dbot
  void feed_program(Slot& slot, const Feed& feed, const market::Tick& tick, core::VenueTime came,
                    bool history);
  /// At the end of every event, most of which none of them answers with a wish.
  void run_programs() {
    for (const auto& slot : slots) {
      if (!slot->wishes.empty()) return perform_wishes();
    }
  }
  void perform_wishes();
  void perform(Slot& slot, const strategy::ProgramBuys& wish);
  void perform(Slot& slot, const strategy::ProgramSells& wish);
  void perform(Slot& slot, const strategy::ProgramAsks& wish);
  void perform(Slot& slot, const strategy::ProgramSays& wish);
  void perform(Slot& slot, const strategy::ProgramEnds& wish);
  /// Its purchase comes to nothing; no order was made of it.
  void deny(Slot& slot);
  /// What it was when this order was made of its wish, in the intent's own event.
  void keep_program(Slot& slot, core::OrderId order);
  void program_opened(Slot& slot, const execution::Order& order);
  void program_refused(Slot& slot, core::OrderId order, const execution::Refusal& refusal);
  void program_absent(Slot& slot, core::OrderId order);
  void program_updated(const execution::Order& order, const execution::ContractReport& report,
                       execution::Witness witness);
  void program_ended(Slot& slot, const execution::Order& order);
  void program_sold(core::ContractId contract);
  void program_not_sold(core::ContractId contract, std::string_view why);
  Slot* program_of(core::ContractId contract);
  bool program_quote(const QuoteReply& reply);
  void ask_program_quotes();
  void restore_programs();
  std::optional<core::Instant> program_deadline() const;
  void wake_programs();
  std::int64_t venue_ms() const { return program_clock.at(now.instant); }

  // reconfigure.cpp
  void reconfigure(const Settings& wanted);
  void adopt(Slot& slot, const StrategySettings& wanted);
  void take_over(Slot& slot);
  void drop_stale_signals();
  bool is_flat(const Slot& slot) const;
  bool is_needed(const market::SymbolCode& symbol) const;
  void refresh_feeds();
  void take_over_what_is_flat();

  // script.cpp
  void start_script(Slot& slot);
  void stop_script(Slot& slot);
  /// Starts and ends programs so that those run that should.
  void match_scripts();
  void feed_script(Slot& slot, const market::Tick& tick, const market::Tick& proven, bool history);
  void ask_script(Slot& slot, script::Event event, const Slot::Unanswered& about);
  void forget_ticks(Slot& slot);
  void script_answered(Slot& slot, const script::Answer& answer);
  void script_failed(Slot& slot, const script::Failure& failure);
  void keep_state(Slot& slot, const script::Answer& answer, bool at_once);
  void consider_wish(Slot& slot, const script::Wish& wish, const Slot::Unanswered& about);
  void consider_sale(Slot& slot, std::uint64_t wish);
  void deny_wish(Slot& slot, std::uint64_t wish, std::string_view why);
  /// Where the signal at hand is a script's.
  void deny_wish(Slot& slot, std::string_view why);
  /// The venue proved that it was not sold; the script that wanted it hears why.
  void script_not_sold(core::ContractId contract, std::string_view why);
  void tell_result(Slot& slot, const execution::Order& order);
  Decision beside_plan(const Slot& slot, Decision decision, const risk::Standing& standing) const;
  Decision decide_for(Slot& slot, const strategy::Signal& signal, std::int64_t turn);
  Decision decide_stake(const Slot& slot, core::Money stake, const risk::Standing& s) const;

  // watch.cpp: symbols beside its own
  void watch_tick(Slot& slot, const Feed& feed, const market::Tick& tick, Feed::Push push,
                  bool history);
  void hold_watched(Slot& slot, WatchLane& lane, const market::Tick& tick, bool history);
  void hand_watched(Slot& slot, core::VenueTime until, const market::Tick& proven, bool history);
  void tell_watched(Slot& slot, const WatchLane& lane, const market::Tick& tick,
                    const std::optional<market::Tick>& proven);
  void replay(Slot& slot, const Feed& feed, bool with_last);

  // candles.cpp: past candles of the venue
  static std::vector<rules::CandleNeed> candle_needs(const Slot& slot);
  bool ask_candles(Slot& slot);
  core::VenueTime ask_candles(const market::SymbolCode& symbol, std::int32_t seconds,
                              core::VenueTime from);
  bool awaits_candles(Slot& slot);
  void candles(const CandlesReply& reply);
  void take_candles(Slot& slot, CandlePast::Length& length, const CandlesReply& reply);
  core::VenueTime candles_until(const Slot& slot, const market::SymbolCode& symbol);
  static void check_join(CandlePast::Length& length, const Feed* known);
  void begin_with_candles(Slot& slot);
  void hand_over(Slot& slot, CandlePast::Length& length);
  std::optional<core::Instant> candles_deadline() const;
  void end_candle_waits();

  // views.cpp
  StrategyView view(const Slot& slot) const;
  AccountView account() const;

  // Lookups and sums.
  Slot* find_slot(std::string_view name);
  Slot& slot_for(const core::Name& name);
  [[gnu::cold]] Slot& add_slot(const core::Name& name);
  Feed* find_feed(const market::SymbolCode& symbol);
  Feed& feed_for(const market::SymbolCode& symbol);
  core::Money day_profit() const;
  std::int64_t day_trades() const;
  std::int64_t in_flight() const;  // orders that await an answer
  bool has_unknown(const Slot& slot) const;
  core::Money zero() const { return core::Money::minor(0, settings.money_decimals); }

  // Actions.
  void append(execution::Record record) {
    if (audience.journal) out->push_back(Append{std::move(record)});
  }
  /// For who has a journal.
  [[gnu::noinline]] void append_known(const execution::Order& order) {
    out->push_back(Append{execution::OrderRecord{order}});
  }
  void append_order(const execution::Order& order) {
    if (audience.journal) append_known(order);
  }
  void append_slot(Slot& slot) {
    slot.saved_at = slot.last_epoch;
    if (audience.journal) append(slot.record());
  }
  void append_day();
  void tell(core::Event event) {
    if (audience.people) out->push_back(Tell{std::move(event)});
  }
  core::Event event(core::EventKind kind, const Slot& slot) const;
  core::Event event(core::EventKind kind, const execution::Order& order) const;

  Settings settings;
  execution::OwnLimits own_limits;  // as the venue told them last
  risk::AccountLimits limits;       // those of the settings, tightened by these
  market::Symbols venue;            // as it was learned; in a back-test nothing is
  Audience audience;
  std::vector<std::unique_ptr<Slot>> slots;  // those of the configuration first, in its order
  std::vector<std::unique_ptr<Feed>> feeds;
  execution::Ledger ledger;
  // Few at a time, walked at every tick.
  core::ById<core::OrderId, Flight> flights;
  boost::container::flat_map<core::OrderId, execution::Follower> followers;
  std::deque<core::OrderId> verifying;    // settled, their follower may still decide
  std::set<core::OrderId> told_mismatch;  // of orders that the ledger still knows
  std::vector<AskCandles> candle_asks;    // not answered yet
  std::deque<Waiting> waiting;
  std::optional<core::Instant> waited_until;  // the deadline of the one that is considered again
  std::int64_t turns = 0;
  std::uint64_t script_runs = 0;
  HeldWitnesses held;
  EarlyWitnesses early;
  ForeignContracts foreign;
  AccountBalance balance;
  ReportAsks reports;
  Sales sales;
  /// Of open orders whose strategy has rules; few, walked at every tick.
  boost::container::flat_map<core::OrderId, ExitWatch> exits;

  /// A quote that a program asked for, to look at it.
  struct ProgramQuote {
    Slot* slot = nullptr;
    core::OrderId id;
    std::string type;
    std::optional<strategy::ProgramQuote> quote;
    bool answered = false;
  };
  std::vector<ProgramQuote> program_quotes;
  ProgramClock program_clock;

  bool change_waits = false;  // some slot has a pending change
  bool spare_feeds = false;   // some feed is there for orders of before alone
  std::uint64_t symbols_revision = 0;

  bool is_online = false;
  bool reconciled = false;
  bool draining = false;
  TradingDay day;
  bool daily_profit_reached = false;
  VenueClock venue_clock;

  core::Now now;           // of the event being handled
  Actions* out = nullptr;  // of the event being handled
};

}  // namespace derivd::engine
