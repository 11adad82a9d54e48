// Owns the meeting of strategies, stake plans, limits and orders: events go in, actions come out,
// in the order in which they must be performed. The daemon and the back-test call it from one
// thread. It never does I/O and never reads a clock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/event.hpp"
#include "core/time.hpp"
#include "engine/candles.hpp"
#include "engine/settings.hpp"
#include "execution/order.hpp"
#include "execution/own_limits.hpp"
#include "execution/record.hpp"
#include "execution/refusal.hpp"
#include "execution/report.hpp"
#include "risk/gate.hpp"
#include "rules/evaluator.hpp"
#include "script/message.hpp"
#include "strategy/program.hpp"

namespace derivd::engine {

/// Must be on disk before the next action is performed.
struct Append {
  execution::Record record;
};
/// Ask for a quote first (strategies with min_payout_ratio, plans that stake by it). Answer:
/// on_quote.
struct SendQuote {
  core::OrderId order;  // reserved id; not journaled yet
  market::ContractSpec spec;
  core::Money stake;
  core::Name strategy;
};
/// Buy now, for at most `stake`. Never repeated. Answer: on_bought, on_refused or on_unknown.
struct SendBuy {
  core::OrderId order;
  market::ContractSpec spec;
  core::Money stake;
  core::ShortString<64> quote_id;  // empty: buy by parameters
  core::Name strategy;
  core::VenueTime signal_epoch;
};
/// Follow this contract's stream until it is settled.
struct Watch {
  core::ContractId contract;
};
/// Ask once for the state of this contract (the poll witness).
struct Poll {
  core::ContractId contract;
};
/// Ask the venue for portfolio and profit table since `since`. Answer: on_venue_report.
struct AskReport {
  core::VenueTime since;
};
/// Ask the venue for past candles of so many seconds, from the first that begins at `from` or later
/// to the one that grows now. Answer: on_candles.
struct AskCandles {
  market::SymbolCode symbol;
  std::int32_t seconds = 0;
  core::VenueTime from;
};
struct Tell {
  core::Event event;
};
/// Tell people of a purchase that has just been sent, by event_of(): its words are made once the
/// bytes have left, because to make them takes as long as to decide.
struct TellSent {
  core::OrderId order;
  core::Name strategy;
  market::SymbolCode symbol;
  market::ContractType type = market::ContractType::kCall;
  core::Money stake;
};
core::Event event_of(const TellSent& sent);
/// Sell this open contract at the market, once. Answer: on_sold, on_not_sold or on_sale_unknown.
struct SendSell {
  core::ContractId contract;
  core::Name strategy;
  bool by_rule = false;  // of `exit:`: the engine tells people of it
  bool cancel = false;   // by its deal cancellation, which pays more
};
/// Start the program of a strategy in a process of its own. Answers carry the number of the run.
struct StartScript {
  core::Name strategy;
  std::uint64_t run = 0;
  script::Setup setup;
};
/// End it; its answers count no more.
struct StopScript {
  core::Name strategy;
  std::uint64_t run = 0;
};
/// Hand it a message. What is to be answered (script::Event): on_script or on_script_failed.
struct FeedScript {
  core::Name strategy;
  std::uint64_t run = 0;
  script::ToScript message;
};
using Action = std::variant<Append, SendQuote, SendBuy, Watch, Poll, AskReport, Tell, TellSent,
                            SendSell, StartScript, StopScript, FeedScript, AskCandles>;
using Actions = std::vector<Action>;

enum class StrategyStatus : std::uint8_t { kRunning, kPaused, kHalted, kDisabled, kBlocked };
std::string_view name_of(StrategyStatus status);

/// For `derivctl status` and STATUS=. Built on request, not on the hot path.
struct StrategyView {
  core::Name name;
  std::string type;
  market::SymbolCode symbol;
  StrategyStatus status = StrategyStatus::kRunning;
  core::ShortString<32> halt_kind;  // "stop_loss", "take_profit", …; empty: not halted
  core::Text reason;                // of a halt, pause or block
  std::int64_t trades = 0, won = 0, lost = 0, open = 0;  // of this session
  core::Money profit;                                    // of this session
  core::Money peak;
  core::Money next_stake;
  std::optional<core::VenueTime> last_tick;
  std::optional<core::Decimal> volatility;  // in percent, with guards.volatility, once it is known
  core::Text guard;          // the pause of a guard that lasts, in words; empty: none
  core::Text last_decision;  // why it did or did not enter at the last signal
  std::int64_t refused = 0;  // purchases and quotes of this session that the venue refused
  std::int64_t refused_in_row = 0;
  std::optional<core::VenueTime> refused_until;  // nothing is asked of the venue before
  core::Text refusal;                            // of the latest: its code and words
  bool change_pending = false;  // of the configuration, until nothing of it is at risk
  core::Text hook;              // of `virtual:`: where it stands; empty: it has none
  bool is_virtual = false;      // and its signals are not bought now
  std::optional<bool> swapped;  // of contract.alternate: its two types have changed places
};
/// Signals of each strategy whose fate is remembered for `derivctl explain`.
inline constexpr std::size_t kKeptDecisions = 64;

/// What became of a signal.
struct DecisionView {
  enum class Kind : std::uint8_t { kEntered, kWaiting, kDropped, kHalted, kVirtual };
  Kind kind = Kind::kDropped;
  core::VenueTime tick;  // that raised it
  core::WallTime wall;   // when it was decided
  market::ContractType type = market::ContractType::kCall;
  core::Money planned;  // what the stake plan asked for
  core::Money stake;    // kEntered: what it was bought for at most
  core::OrderId order;  // kEntered
  market::ContractType bought = market::ContractType::kCall;  // kEntered
  std::optional<risk::Denied> denied;                         // the limit and its numbers
  core::Text text;
  std::int64_t times =
      1;  // signals in a row that met the same limit; the numbers are the last one's
};
/// "open contracts 5, loss of a day 100.00": for people; "none".
std::string words_of(const execution::OwnLimits& own);

/// "entered", "waiting", "dropped", "halted", "virtual"
std::string_view name_of(DecisionView::Kind kind);

struct AccountView {
  std::optional<core::Money> balance;
  core::Money day_profit;
  std::int64_t day_trades = 0;
  std::int64_t open_contracts = 0;
  core::Money open_stake;
  std::int64_t unknown_orders = 0;
};

/// Which actions the caller performs at all. The others are not even built: a back-test has neither
/// a journal nor readers, and their texts would cost it most of its time. Without both, settlements
/// are not recomputed and contracts not polled either: nobody would hear of it.
struct Audience {
  bool journal = true;   // Append
  bool people = true;    // Tell, TellSent, and StrategyView::last_decision
  bool words = true;     // Tell of what programs say (script_message), also without people
  bool candles = false;  // AskCandles: there is a venue that has a past
  /// How derivctl is called for this daemon, where a text tells a person what to type.
  std::string ctl = "derivctl";
};

class Engine final {
 public:
  /// Settings are valid (config/ checked them).
  explicit Engine(const Settings& settings, Audience audience = {});
  ~Engine();

  /// Continues where the journal ended. Before any other event.
  void restore(const execution::Snapshot& snapshot, const core::Now& now, Actions& out);

  // The link. Nothing is entered while offline or before the first venue report.
  /// Authorised; the balance is known. Emits AskReport and Watch for what is open.
  void on_online(core::Money balance, const core::Now& now, Actions& out);
  /// Orders whose answer is still awaited become Unknown.
  void on_offline(const core::Now& now, Actions& out);
  void on_venue_report(const execution::VenueReport& report, const core::Now& now, Actions& out);

  // Market data, epoch order per symbol; duplicates are dropped here. `history` feeds counters that
  // have a past, and never enters.
  void on_tick(const market::Tick& tick, bool history, const core::Now& now, Actions& out);

  /// The answer to AskCandles.
  void on_candles(const CandlesReply& reply, const core::Now& now, Actions& out);

  // Answers.
  struct QuoteReply {
    core::OrderId order;
    core::ShortString<64> quote_id;  // empty: refused, see reason
    core::Money ask;
    core::Money payout;
    std::optional<core::Money> fee = {};  // of a deal cancellation
    core::Text reason;                    // refused: the venue's words
    core::ShortString<64> code;           // refused: its code
    execution::RefusalKind kind = execution::RefusalKind::kSingular;
  };
  void on_quote(const QuoteReply& reply, const core::Now& now, Actions& out);
  void on_bought(core::OrderId order, const execution::Bought& bought, const core::Now& now,
                 Actions& out);
  /// Proven: nothing was bought. What the strategy learns from it is told by its kind; once so many
  /// in a row were refused (risk/refusals.hpp), it is halted.
  void on_refused(core::OrderId order, const execution::Refusal& refusal, const core::Now& now,
                  Actions& out);
  /// `answer`: the error with which the venue answered, if it did. When the order turns out never
  /// to have been bought, it counts as a refusal.
  void on_unknown(core::OrderId order, std::string_view why, const execution::Refusal* answer,
                  const core::Now& now, Actions& out);

  // Witnesses. Any order, any repetition.
  void on_contract(const execution::ContractReport& report, execution::Witness witness,
                   const core::Now& now, Actions& out);
  void on_transaction(const execution::TransactionReport& report, const core::Now& now,
                      Actions& out);
  void on_balance(core::Money balance, const core::Now& now, Actions& out);

  /// What the holder of the account has limited it to at the venue. The number of open contracts,
  /// the loss of a day and the exclusion bind every entry from here on, each beside the configured
  /// limit: the narrower one holds. The others are told, and left to the venue.
  void on_own_limits(const execution::OwnLimits& told, const core::Now& now, Actions& out);
  /// The latest that were told; none after a start.
  const execution::OwnLimits& own_limits() const;
  /// The limits of the account that entries meet: those of the settings, or narrower ones.
  const risk::AccountLimits& limits() const;

  // Scripts. What comes of a run that was stopped counts no more.
  /// The answer to the oldest event that has none; sequence 0 answers StartScript.
  void on_script(std::string_view strategy, std::uint64_t run, const script::Answer& answer,
                 const core::Now& now, Actions& out);
  /// Its process ended, and why. The strategy is halted (`script`) until it is resumed.
  void on_script_failed(std::string_view strategy, std::uint64_t run,
                        const script::Failure& failure, const core::Now& now, Actions& out);

  // Time.
  std::optional<core::Instant> next_deadline() const;
  void on_deadline(const core::Now& now, Actions& out);

  // The operator. Empty name: all. False: no such strategy.
  bool pause(std::string_view name, std::string_view reason, const core::Now& now, Actions& out);
  bool resume(std::string_view name, const core::Now& now, Actions& out);  // clears halts too
  bool halt(std::string_view name, std::string_view reason, const core::Now& now, Actions& out);

  /// The operator asks for the sale of an open contract of ours; the caller sends it once what
  /// comes out is performed. Its settlement is then known for a sale even where the witness does
  /// not say so. `cancel`: it is left by its deal cancellation.
  void selling(core::ContractId contract, const core::Now& now, Actions& out, bool cancel = false);
  /// Whether its deal cancellation pays more than its sale, by the venue's latest word of both.
  bool pays_to_cancel(core::ContractId contract) const;
  /// The venue's answer to it. The settlement itself comes by the witnesses; this asks for one.
  void on_sold(core::ContractId contract, const core::Now& now, Actions& out);
  /// The venue proved that it was not sold.
  void on_not_sold(core::ContractId contract, std::string_view why, const core::Now& now,
                   Actions& out);
  /// No answer: the contract is not asked to be sold again before the venue's books, asked for
  /// after this, say that it is open.
  void on_sale_unknown(core::ContractId contract, std::string_view why, const core::Now& now,
                       Actions& out);
  /// Whether a sale of it was asked for, and nothing has proven yet that it was not done.
  bool is_selling(core::ContractId contract) const;

  /// Takes other settings (valid ones) over between two events. Limits, guards, the caps of stake
  /// plans, `enabled` and the list of strategies hold at once; a strategy whose type, symbol,
  /// params, contract or plan differ enters nothing more, and takes them over when none of its
  /// orders is at risk. One that is gone enters nothing more, its contracts still settle. Orders,
  /// sessions, steps, counts, pauses and halts stay; a result beyond a lowered take_profit or
  /// daily_profit latches its halt now. limits.day_starts cannot change while it runs.
  void reconfigure(const Settings& settings, const core::Now& now, Actions& out);

  /// What the venue says of its symbols now: from here on nothing is bought while a market is
  /// closed. A back-test never learns: where there are ticks, its market was open.
  void learn(const market::Symbols& symbols);
  /// The venue does not sell what this strategy buys: it is halted (`not_offered`) until a person
  /// resumes it. One that is halted already, or disabled, stays as it is.
  void not_offered(std::string_view name, std::string_view reason, const core::Now& now,
                   Actions& out);

  /// No more entries from here on (clean stop). True: nothing awaits an answer any more.
  void drain(const core::Now& now, Actions& out);
  bool drained() const;

  /// Symbols that enabled strategies or open contracts need.
  std::vector<market::SymbolCode> symbols() const;
  /// Where the saved counters of this symbol and the ticks of its open contracts end: history from
  /// there on continues them as if the program had never stopped. Empty: nothing is saved.
  std::optional<core::VenueTime> ticks_from(const market::SymbolCode& symbol) const;
  /// Grows whenever symbols() changes.
  std::uint64_t symbols_revision() const;
  std::vector<StrategyView> strategies() const;
  AccountView account() const;
  std::vector<execution::Order> open_orders() const;
  /// An order of ours by its contract: open, or among the last that were settled.
  std::optional<execution::Order> order_of(core::ContractId contract) const;
  bool is_ours(core::ContractId contract) const;
  /// Seen on the account, bought by somebody else.
  bool is_foreign(core::ContractId contract) const;
  /// What became of the last signals of a strategy, newest first, at most kKeptDecisions. Empty
  /// without an audience of people.
  std::vector<DecisionView> decisions(std::string_view strategy, std::size_t last) const;
  /// What the last decision of a strategy of type rules was made of; empty: no such strategy.
  std::vector<rules::RuleView> rules(std::string_view strategy) const;
  /// What the program of a strategy of type dbot does; empty: no such strategy.
  std::optional<strategy::ProgramView> program(std::string_view strategy) const;
  /// The candles that a strategy looks at and what they began with; empty: it looks at none, or
  /// nothing was asked yet.
  std::vector<CandleView> candles(std::string_view strategy) const;
  /// It enters nothing before they come, for kCandlesWait at most.
  bool awaits_candles(std::string_view strategy) const;
  /// Whether an enabled strategy is made ready by a past of ticks: the longer, the better.
  bool wants_past() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace derivd::engine
