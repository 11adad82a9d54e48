// Owns a running program: its variables, its place in the run loop, its contract and totals. A
// driver (the back-test, later paper and live) tells it ticks, time and what became of its wishes,
// and performs the wishes it answers with. It never reads a clock, never buys, and never knows
// limits.
//
// Rules: semantics.md, sections 2 to 9; decisions of section 14 as the product's contract restates
// them. Time is venue time in milliseconds.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/decimal.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "dbot/program.hpp"
#include "dbot/value.hpp"

namespace derivd::dbot {

/// Venue time, ms since the epoch.
using Millis = std::int64_t;

/// So many steps may lie between two waiting points; a step is one block that is evaluated, and a
/// share of each item that a block of lists touches.
inline constexpr std::int64_t kMaxSteps = 1'000'000;
/// A purchase that a limit of derivd denies costs so many steps, so that a loop around it ends.
inline constexpr std::int64_t kDeniedSteps = 1'000;
/// Steps of one turn where others wait for the same thread: about a millisecond.
inline constexpr std::int64_t kStepsATurn = 20'000;
/// Restarts after errors since the last contract that was completed.
inline constexpr int kMaxRestarts = 10;
/// Ticks that a program sees; candles likewise (section 4).
inline constexpr std::size_t kWindow = 1000;
/// The shortest sleep, so that a loop of `timeout 0` sees every tick.
inline constexpr Millis kShortestSleep = 10;
inline constexpr std::size_t kMaxFrames = 2'000;
inline constexpr std::size_t kMaxStack = 200'000;
/// Messages between two waiting points; more are counted and told in one line.
inline constexpr int kMaxMessages = 100;
inline constexpr std::size_t kMaxMessageBytes = 2'000;

// -- wishes -------------------------------------------------------------------------------------

/// Buy now. The answer is opened(), refused() or denied(); nothing happens before.
struct Buy {
  std::string type;  // "DIGITOVER"; CALL with a barrier is what derivd calls HIGHER
  core::Money stake;
  bool basis_payout = false;           // the amount is the payout wanted
  std::int32_t duration = 0;           // 0: none
  char unit = 't';                     // t s m h d
  std::optional<int> prediction;       // digits; the selected tick of TICKHIGH and TICKLOW
  std::optional<std::string> barrier;  // "+0.37", "-1", "1234.5"
  std::optional<std::string> barrier2;
  double growth = 0;
  double multiplier = 0;
  std::optional<core::Money> take_profit;
  std::optional<core::Money> stop_loss;
  int line = 0;  // of the block in the file
  friend bool operator==(const Buy&, const Buy&) = default;
};
/// Sell the open contract now. The answer is sold() or not_sold().
struct Sell {
  friend bool operator==(const Sell&, const Sell&) = default;
};
/// Ask what a contract of each type would cost. The answer is quoted().
struct AskQuotes {
  std::vector<Buy> of;
  friend bool operator==(const AskQuotes&, const AskQuotes&) = default;
};
/// A line for the journal.
struct Message {
  enum class Kind : std::uint8_t {
    kSuccess,
    kInfo,
    kWarn,
    kError,
    kAlert,  // text_print
    kConsole,
    kTelegram,
    kWebhook,
  } kind = Kind::kInfo;
  std::string text;
  int line = 0;
  friend bool operator==(const Message&, const Message&) = default;
};
/// The run is over; nothing follows.
struct Stopped {
  enum class Why : std::uint8_t {
    kFinished,  // After did not ask for another trade, or a vendor's stop
    kScript,    // an error of the program, or too many restarts
    kRefused,   // the venue will not have it
  } why = Why::kFinished;
  std::string text;  // one sentence
  int line = 0;
  friend bool operator==(const Stopped&, const Stopped&) = default;
};
using Wish = std::variant<Buy, Sell, AskQuotes, Message, Stopped>;

// -- events -------------------------------------------------------------------------------------

struct Opened {
  std::int64_t transaction = 0;
  core::Money price;  // paid
};
/// What the venue says about the open contract.
struct Update {
  std::optional<core::Money> bid;
  bool can_sell = false;
  std::optional<core::VenueTime> entry_time;
  std::optional<core::Price> entry;
  std::optional<double> barrier;
};
struct Ended {
  core::Money sell_price;  // received; 0 for a lost contract
  std::optional<core::VenueTime> entry_time;
  std::optional<core::Price> entry;
  std::optional<core::VenueTime> exit_time;
  std::optional<core::Price> exit;
  std::optional<double> barrier;
};
struct Quoted {
  core::Money ask;
  core::Money payout;
};

struct Settings {
  std::vector<std::string> answers;  // to prompts, in the order of Program::prompts
  std::uint64_t seed = 1;
  std::uint8_t pip = 2;             // decimals of the symbol
  std::uint8_t money_decimals = 2;  // of the account's currency
  std::int64_t steps_a_turn = 0;  // it then asks for its next turn by next_deadline(); 0: no turns
  std::size_t max_heap_bytes = kMaxHeapBytes;  // of its variables
  /// By growth of 1 to 5 per cent: how far from the quote before a tick may go, as a share of it in
  /// units of 10^-12; 0: not known on this symbol.
  std::array<std::int64_t, 5> growth_barriers{};
};

/// Where a program is, for people.
struct Progress {
  std::string_view phase;    // "before", "not started", …
  std::string_view waiting;  // "for a tick", …; empty: for nothing
  int line = 0;              // of the block that ran last in this phase; 0: none did
  double total_profit = 0;
  std::int64_t runs = 0;
  int restarts = 0;  // since the last contract that was completed
};

class Machine final {
 public:
  Machine(std::shared_ptr<const Program> program, Settings settings);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  /// A tick of the past: fills the window, nothing runs.
  void prime(core::VenueTime epoch, core::Price quote);
  /// Candles of the past, oldest first, the last one unfinished; they replace what ticks made.
  void prime_candles(int interval, std::span<const CandleValue> candles);
  /// A tick that those candles may lack: of candles alone, nothing runs.
  void join_candles(core::VenueTime epoch, core::Price quote);
  /// Init and the first Start, on the last tick of the window. Once, after prime().
  void start(Millis now, std::vector<Wish>& out);

  // Each appends its wishes; the caller performs them in order and answers before the next tick.
  void on_tick(core::VenueTime epoch, core::Price quote, Millis now, std::vector<Wish>& out);
  /// Time has passed: sleeps that are over end.
  void on_time(Millis now, std::vector<Wish>& out);
  void opened(const Opened& event, Millis now, std::vector<Wish>& out);
  /// The venue proved that it did not sell; `code` is its error code (section 7).
  void refused(std::string_view code, std::string_view text, Millis now, std::vector<Wish>& out);
  /// A limit of derivd did not let it: the purchase block did nothing, Before runs on.
  void denied(Millis now, std::vector<Wish>& out);
  void updated(const Update& event, Millis now, std::vector<Wish>& out);
  void ended(const Ended& event, Millis now, std::vector<Wish>& out);
  void sold(Millis now, std::vector<Wish>& out);
  void not_sold(std::string_view text, Millis now, std::vector<Wish>& out);
  void quoted(const std::map<std::string, Quoted, std::less<>>& quotes, Millis now,
              std::vector<Wish>& out);
  void balance(core::Money balance) { balance_ = balance; }
  /// Its owner ends the run, for a reason that the program cannot know; its variables are gone.
  void stop_at(const Stopped& stopped, Millis now, std::vector<Wish>& out);

  /// Asks again for the quotes whose answer was lost; nothing where none is awaited.
  void ask_again(Millis now, std::vector<Wish>& out);
  /// Waits for the answer to an AskQuotes.
  bool waits_for_quotes() const {
    return running() && scope_ == Scope::kBefore && !proposals_ready_;
  }

  /// When on_time() has something to do.
  std::optional<Millis> next_deadline() const;
  /// Its turn was over before it came to a waiting point: a tick that comes now has to wait.
  bool in_the_middle() const { return waiting_ == Waiting::kTurn; }
  bool running() const { return started_ && !ended_; }
  bool started() const { return started_; }
  /// A contract that it bought is open.
  bool holds_contract() const { return scope_ == Scope::kDuring; }
  /// Waits for the answer to a Buy.
  bool waits_for_purchase() const { return waiting_ == Waiting::kPurchase; }
  /// Waits for the answer to a Sell.
  bool waits_for_sale() const { return waiting_ == Waiting::kSale; }
  bool ended() const { return ended_; }

  /// It has no window (it was loaded without one). Nothing runs before there is a tick again;
  /// events meanwhile are noticed then.
  void forget_ticks();
  /// The venue's clock went back: ticks are void, and sleeps, whose end nobody knows, are over.
  void forget_time();
  /// The ticks and candles that another machine of the same program has seen.
  void take_window(const Machine& from);

  /// Everything but the window of ticks and candles, as text; load() takes what save() gave for the
  /// same program, into a machine that has not started. Answers that were awaited then are awaited
  /// afterwards: whoever loads it has to give them.
  std::string save() const;
  core::Result<void> load(std::string_view saved);

  /// A variable as text, for `explain` and tests; empty where there is none.
  std::optional<std::string> variable(std::string_view name) const;
  /// All of them in the file's order, each cut to `most` bytes.
  std::vector<std::pair<std::string, std::string>> variables(std::size_t most) const;
  Progress progress() const;
  double total_profit() const;
  std::int64_t total_runs() const { return runs_; }

 private:
  enum class Scope : std::uint8_t { kStop, kBefore, kDuring };
  enum class Stage : std::uint8_t {
    kInit,
    kStart,
    kStarted,
    kWatchBefore,
    kBefore,
    kWatchDuring,
    kDuring,
    kAfter,
    kAfterDone,
  };
  enum class Waiting : std::uint8_t {
    kNothing,
    kWatch,     // for a change of the state, in kWatchBefore or kWatchDuring
    kSleep,     // until deadline_
    kTicks,     // for ticks_left_ more ticks
    kForever,   // tick_delay with a number that no count of ticks equals
    kPurchase,  // for the answer to a Buy
    kRetry,     // until deadline_, then the Buy again
    kSale,      // for the answer to a Sell
    kEnd,       // for the end of the contract, then the restart
    kRollback,  // until deadline_, then the rollback of the time machine
    kTurn,      // for its next turn: it was in the middle of something
  };
  struct Frame {
    std::int32_t function = 0;
    std::int32_t pc = 0;
    std::int32_t base = 0;  // of its locals in the stack
  };
  struct Fault {
    std::string code;  // empty: an error of the script
    std::string text;
    int line = 0;
  };
  /// A copy of the program's own state: variables and call stack.
  struct Snapshot {
    bool taken = false;
    Stage stage = Stage::kInit;
    std::vector<Value> globals;
    std::vector<Value> stack;
    std::vector<Frame> frames;
  };
  /// The options of the last Bot.start.
  struct Options {
    bool set = false;
    int shape = 0;
    double amount = 0;
    Value duration;
    Value prediction;
    std::string barrier;
    std::string barrier2;
    double take_profit = 0;
    double stop_loss = 0;
  };
  struct Contract {
    bool known = false;
    bool sold = false;
    bool can_sell = false;
    std::int64_t transaction = 0;
    std::string type;
    core::Money buy_price;
    core::Money sell_price;  // the bid while it is open
    bool has_bid = false;
    std::optional<core::VenueTime> entry_time;
    std::optional<core::VenueTime> exit_time;
    std::optional<core::Price> entry;
    std::optional<core::Price> exit;
    double barrier = 0;
  };
  struct Series {
    int interval = 60;
    std::vector<CandleValue> candles;  // at least the last kWindow
  };

  // machine.cpp: the run loop
  void take(core::VenueTime epoch, core::Price quote);
  void feed_candles(core::VenueTime epoch, double quote);
  void advance();
  void next_section();
  bool analyse();
  void call_section(int function);
  void state_changed();
  void begin(Millis now, std::vector<Wish>& out);
  void finish_event();
  void stop(Stopped::Why why, std::string text, int line);
  void message(Message::Kind kind, std::string text, int line);
  void handle_fault();
  void restart();
  void hold_until(Waiting waiting, Millis deadline);
  Snapshot take_snapshot();
  void restore(const Snapshot& from);
  void collect();
  void watch(Stage stage);

  // machine_trade.cpp: options, purchases, results
  void start_trade(const Instruction& i);
  void ask_quotes();
  void check_binary_options();
  void buy(const Instruction& i);
  std::optional<Buy> make_buy(const std::string& type, const std::optional<Value>& prediction,
                              std::string& why);
  void sell();
  void pause(double seconds);
  void tick_delay(const Value& ticks);
  Value detail(int index);
  Value is_result(bool win);
  double contract_profit() const;
  bool contract_won() const;

  // machine_step.cpp
  void run_frames();
  void binary(Op op);
  void enter_function(int function, int arguments);
  bool leave_function();
  void item_present(int base);
  Value pop();
  void push(const Value& v);
  void fail(std::string text) { fail({}, std::move(text)); }
  void fail(std::string code, std::string text);
  void charge(std::size_t items) { steps_ += static_cast<std::int64_t>(items / 16); }
  Value make_text(std::string text);
  Value make_list(std::vector<Value> items);
  /// to_text(), its length counted as work.
  std::string text_of(const Value& v);
  /// What a list or a candle is beside an operator: its text.
  Value primitive(const Value& v);
  double next_random();
  int line() const;

  // builtins.cpp and its neighbours
  Value builtin(Builtin which, std::span<const Value> a, int flag);
  Value text_builtin(Builtin which, std::span<const Value> a, int flag);
  Value list_builtin(Builtin which, std::span<const Value> a, int flag);
  Value market_builtin(Builtin which, std::span<const Value> a, int flag);
  Value indicator_builtin(Builtin which, std::span<const Value> a, int flag);
  Value trade_builtin(Builtin which, std::span<const Value> a, int flag);
  Value tool_builtin(Builtin which, std::span<const Value> a, int flag);
  Value digit_builtin(Builtin which, std::span<const Value> a, int flag);
  Value on_list(const Value& list, int op, bool native);
  Value list_get(const Value& list, const Value& at, int mode, int where);
  Value list_set(const Value& list, const Value& at, const Value& to, int mode, int where);
  Value sorted(const Value& list, int flag);
  Value slice(const Value& of, const Value& at1, const Value& at2, int flag);
  Value index_of(const Value& in, const Value& what, bool last);
  Value character(const Value& text, const Value& at, int where);
  Value joined_items(std::span<const Value> items, std::string_view separator);
  Value numbers_list(std::span<const double> numbers);
  std::optional<std::vector<double>> numbers_of(const Value& list);
  const Series* series(double interval) const;
  std::span<const CandleValue> candles(double interval) const;
  std::span<const double> quotes() const;
  std::span<const double> digits() const;
  /// How long the quotes of the window stayed within an accumulator's barrier, newest first.
  std::vector<double> stayed_in(std::int64_t barrier, std::size_t most);
  Value statistics(bool all);
  std::optional<CandleValue> candle_at(double interval, const Value& index);
  Value candle_field(const CandleValue& candle, int field);
  std::string quote_text(double quote) const;

  // machine_save.cpp
  friend class StateWriter;
  friend class StateReader;

  std::shared_ptr<const Program> program_;
  Settings settings_;
  Heap heap_;
  std::vector<Value> constants_;
  std::vector<Value> globals_;
  std::vector<Value> stack_;
  std::vector<Frame> frames_;
  Value result_;  // of the section that ended last

  bool started_ = false;
  bool ended_ = false;
  Stage stage_ = Stage::kInit;
  Waiting waiting_ = Waiting::kNothing;
  Scope scope_ = Scope::kStop;
  bool proposals_ready_ = false;
  bool open_contract_ = false;
  std::int64_t new_tick_ = 0;    // 0: cleared
  std::int64_t seen_tick_ = -1;  // what the last watch remembered
  std::int64_t analysed_ = -1;
  bool analysing_ = false;
  std::size_t analysis_ = 0;
  bool start_reached_ = false;
  bool ever_started_ = false;
  bool restart_pending_ = false;
  Millis deadline_ = 0;
  std::int64_t ticks_left_ = 0;
  int attempts_ = 0;  // of a purchase that the venue refused for now
  int restarts_ = 0;
  Snapshot at_start_;
  Snapshot at_watch_;
  Options options_;
  std::optional<Buy> buying_;
  Contract contract_;
  std::map<std::string, Quoted, std::less<>> quotes_;
  std::int64_t profit_units_ = 0;
  std::int64_t runs_ = 0;
  std::uint64_t draws_ = 0;
  std::optional<core::Money> balance_;

  // The window, as contiguous tails of longer buffers.
  std::vector<double> quote_buffer_;
  std::vector<double> digit_buffer_;
  std::int64_t last_epoch_ = 0;
  core::Price last_quote_;
  std::vector<Series> series_;

  // Of one event.
  Millis now_ = 0;
  std::vector<Wish>* out_ = nullptr;
  std::int64_t steps_ = 0;
  std::int64_t turn_from_ = 0;  // steps_ when this turn began
  int messages_ = 0;
  std::optional<Fault> fault_;
  bool deaf_ = false;  // without a window: see forget_ticks()
};

}  // namespace derivd::dbot
