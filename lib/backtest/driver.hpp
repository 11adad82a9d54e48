// Owns one run of the back-test: the virtual clock, the contracts that are open, and the venue's
// part of the conversation with the engine. run() in backtest.cpp makes one and throws it away. It
// never decides what is bought or for how much.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "backtest/backtest.hpp"
#include "backtest/merge.hpp"
#include "backtest/script_run.hpp"
#include "engine/engine.hpp"

namespace derivd::backtest {

class Driver final {
 public:
  Driver(const Options& options, std::span<const Tape> tapes, const OnTrade& on_trade);
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  core::Result<Result> run();

 private:
  /// A contract from its purchase until its result has arrived.
  struct Open {
    Open(core::OrderId id, const market::ContractSpec& spec, const market::Purchase& purchase,
         const market::SymbolInfo* symbol)
        : order(id), life(spec, purchase, symbol) {}
    core::OrderId order;
    market::Life life;
    Trade trade;
    core::VenueTime due;  // once decided: the earliest epoch at which the result arrives
    core::Price spot;     // at its purchase
    bool of_program = false;
    bool may_leave = false;  // its strategy has rules of `exit:`
    bool is_new = false;     // bought at the tick at hand, which its program heard of with it
  };
  /// A purchase on its way (latency_ticks).
  struct OnTheWay {
    engine::SendBuy buy;
    market::Tick quoted;  // the latest tick when it was sent
    core::VenueTime sent;
    int ticks_left = 0;
  };
  /// The order in which strategies had their turn, also where one had to wait for its quote: by
  /// second, then tape, then place in the configuration.
  struct Turn {
    core::VenueTime purchase_epoch;
    std::uint32_t tape = 0;
    std::uint32_t strategy = 0;
    core::OrderId order;
    friend auto operator<=>(const Turn&, const Turn&) = default;
  };
  static Turn turn_of(const Open& contract);
  /// A trade that waits for its end, and for those bought before it.
  struct Waiting {
    explicit Waiting(const Turn& at) : turn(at) {}
    Turn turn;
    bool settled = false;
    Trade trade;  // once settled
  };

  void go_online();
  void step(const Merge::Item& item);
  void set_time(core::VenueTime epoch);
  void feed_open(std::uint32_t tape, const market::Tick& tick);
  /// Results of programs arrive after their tick, those of other strategies before it: the
  /// product's contract says so of both.
  void deliver(bool of_programs);
  void settle(Open& contract);
  /// Several at once.
  void settle_due(bool of_programs);
  bool is_due(const Open& c, bool of_programs) const {
    return c.life.is_over() && c.due <= now_.venue && c.of_program == of_programs;
  }
  /// What the venue would pay at this tick for each contract that may be left early.
  void tell_values(std::uint32_t tape);
  /// Whether the venue would buy it back now.
  bool is_bought_back(const Open& contract) const;
  bool is_cancelled(const Open& contract) const;
  core::Money bid_of(const Open& contract) const;
  void run_deadlines(core::VenueTime until);
  // driver_program.cpp: what is for programs, and early sales.
  static engine::Settings prepared(const Options& options);
  void pass_time(const Merge::Item& coming);
  std::optional<core::VenueTime> next_payment(core::VenueTime before) const;
  void pay_programs(core::VenueTime when);
  void move_to(core::Instant instant);
  void tell_open(std::uint32_t tape);
  void tell_open(const Open& contract);
  bool is_program(const core::Name& strategy) const;
  bool refuses_program(const engine::SendBuy& buy, const market::Tick& quoted);
  void land_purchases(const market::Tick& tick);

  // driver_script.cpp: what is for scripts.
  struct Script {
    ScriptRun run;
    std::uint32_t strategy = 0;
    std::uint32_t tape = 0;
  };
  void hand_on(const core::Name& strategy, std::uint64_t run, const ScriptRun::Outcome& outcome);
  std::span<const market::TickRow> foreseeable(const Script& script,
                                               const script::Event& event) const;

  // The venue's answers.
  void perform();
  void answer(const engine::SendQuote& ask);
  void quote_fee(const engine::SendQuote& ask);
  void answer(const engine::SendBuy& buy);
  void answer(const engine::AskReport& ask);
  void answer(const engine::Append&) {}
  void answer(const engine::Watch&) {}
  void answer(const engine::Poll&) {}
  void answer(const engine::Tell& tell);
  void answer(const engine::TellSent&) {}
  void answer(const engine::SendSell& sell);
  void answer(const engine::StartScript& start);
  void answer(const engine::StopScript& stop);
  void answer(const engine::FeedScript& feed);
  void answer(const engine::AskCandles&) {}  // a recording has no other past than its ticks
  bool refuses(const engine::SendBuy& buy, std::uint32_t tape, core::VenueTime start);
  [[gnu::cold]] bool refuse(const engine::SendBuy& buy, execution::RefusalKind kind,
                            std::string_view code);
  static bool is_below_nothing(const market::ContractSpec& spec, core::Price quote);
  bool lacks_ticks(const engine::SendBuy& buy, std::uint32_t tape, core::VenueTime start);
  std::optional<core::Money> wanted_payout(core::OrderId order);
  core::Money payout_of(const market::ContractSpec& spec, core::Money stake,
                        const market::Tick& quoted, std::uint32_t tape) const;
  void buy(const engine::SendBuy& buy, const market::Tick& quoted, core::VenueTime start);

  std::uint32_t strategy_index(const core::Name& name) const;
  std::uint32_t tape_of(const market::SymbolCode& symbol) const;
  void begin_trade(const Open& contract);
  void end_trade(Open& contract);
  void hand_out(Open& contract);
  void release(Trade& trade);
  void release_trades();
  Result finish();
  void tell_block(StrategyResult& s, const engine::StrategySettings& settings) const;

  const Options& options_;
  const OnTrade& on_trade_;
  Merge merge_;
  std::vector<market::Tick> ticks_;                 // the latest of each tape
  std::vector<const market::SymbolInfo*> symbols_;  // of each tape
  engine::Engine engine_;
  engine::Actions actions_;
  engine::Actions performing_;
  // Of the venue's answers, used again and again.
  execution::Bought bought_;
  execution::ContractReport report_;
  core::Now now_;
  core::Money balance_;
  std::vector<Open> open_;  // in purchase order
  std::vector<std::size_t> due_;
  std::size_t decided_ = 0;  // of open_
  std::deque<OnTheWay> on_the_way_;
  std::map<core::OrderId, core::Money> wanted_payouts_;  // of quotes that asked for one
  std::deque<Waiting> trades_;                           // by purchase
  bool programs_ = false;                                // some strategy is one
  bool exits_ = false;                                   // some strategy has rules of `exit:`
  std::vector<core::OrderId> told_;                      // by tell_values(), kept for its room
  const Merge::Item* coming_ = nullptr;      // the next tick, while time passes before it
  std::map<std::uint64_t, Script> scripts_;  // by run
  std::optional<core::Error> error_;         // of foresight
  std::int64_t settled_ = 0;
  std::int64_t released_ = 0;
  bool online_ = false;
  Result result_;
};

}  // namespace derivd::backtest
