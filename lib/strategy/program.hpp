// Owns a Deriv Bot program as a strategy: the machine of dbot/, the ticks that wait while it
// computes, and its form in the journal. The engine tells it ticks, time and what became of its
// wishes, on the loop thread, and performs the wishes that it answers with. It never buys, never
// knows limits and never reads a clock.
//
// A program stakes, chooses its contract and waits by itself, and it goes on only with the answer
// to its purchase. That is why it is told more than other strategies are, and has one door of its
// own to be told by; what it wishes goes through the gate as any signal does.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/ids.hpp"
#include "core/time.hpp"
#include "market/spec.hpp"
#include "market/symbol.hpp"
#include "market/tick.hpp"
#include "strategy/strategy.hpp"

namespace derivd::dbot {
struct Program;
class Machine;
struct Buy;
struct Stopped;
}  // namespace derivd::dbot

namespace derivd::strategy {

/// `params` of type dbot, and what its file holds.
struct ProgramSettings {
  std::string file;                              // as the configuration says it
  std::vector<std::string> answers;              // to its questions, in their order
  std::uint64_t seed = 1;                        // of its random numbers
  std::string symbol;                            // in the place of the file's; empty: the file's
  std::shared_ptr<const dbot::Program> program;  // null: not of type dbot
  /// So many live ticks are its past before it begins; 0: it begins with the first live tick, what
  /// the venue's history holds being its past.
  std::int64_t warmup = 0;
  /// It computes in turns, so that others on the same thread are not kept waiting.
  bool in_turns = true;
  std::uint8_t money_decimals = 2;  // of the account's currency, in which its stakes are
};
/// Of what the configuration says; the same file with another content is another program.
bool operator==(const ProgramSettings& a, const ProgramSettings& b);
/// "1a2b3c4d…" of the file's content; empty without one.
std::string fingerprint_of(const ProgramSettings& settings);
/// Of all that a saved state belongs to: the content, the symbol, the answers and the seed.
std::string identity_of(const ProgramSettings& settings);

// -- wishes -------------------------------------------------------------------------------------

/// Buy now, for this stake. Exactly one of opened(), refused() and denied() answers it.
struct ProgramBuys {
  market::ContractSpec spec;
  core::Money stake;
};
/// Sell the open contract at the market. Answer: sold() or not_sold().
struct ProgramSells {};
/// What would these cost? Answer: quoted().
struct ProgramAsks {
  struct One {
    std::string type;  // the program's own name of it
    market::ContractSpec spec;
    core::Money stake;
  };
  std::vector<One> of;
};
/// A line for the journal.
struct ProgramSays {
  std::string_view level;  // "info", "success", "warn", "error", "alert"
  std::string text;
  int line = 0;  // of its file
};
/// The run is over.
struct ProgramEnds {
  std::string_view kind;  // a halt: "finished", "script", "refused"
  std::string text;       // with its place in the file
};
using ProgramWish = std::variant<ProgramBuys, ProgramSells, ProgramAsks, ProgramSays, ProgramEnds>;
using ProgramWishes = std::vector<ProgramWish>;

// -- what it is told ----------------------------------------------------------------------------

/// What the venue says about its open contract.
struct ProgramUpdate {
  std::optional<core::Money> bid;
  bool can_sell = false;
  std::optional<market::Tick> entry;
  std::optional<double> barrier;
};
struct ProgramResult {
  core::Money sell_price;  // 0 for a lost contract
  std::optional<market::Tick> entry;
  std::optional<market::Tick> exit;
  std::optional<double> barrier;
};
struct ProgramQuote {
  core::Money ask;
  core::Money payout;
};
using ProgramQuotes = std::map<std::string, ProgramQuote, std::less<>>;

/// What it does, for people.
struct ProgramView {
  std::string file;
  std::string phase;    // "before purchase", "ended", …
  std::string waiting;  // "for a tick …"; empty: for nothing
  int line = 0;         // of the block that ran last; 0: none
  double total_profit = 0;
  std::int64_t runs = 0;  // purchases since it began
  int restarts = 0;       // after errors, since the last completed trade
  std::string ended;      // why; empty: it has not
  int ended_line = 0;     // of its file; 0: none
  std::vector<std::pair<std::string, std::string>> variables;
};

class Program final : public Strategy {
 public:
  /// Milliseconds of venue time.
  using Millis = std::int64_t;

  /// `settings.program` is there (CHECK).
  Program(const ProgramSettings& settings, const market::SymbolInfo& symbol);
  ~Program() override;

  // Strategy. Ticks come by live_tick() and past_tick().
  std::optional<Signal> on_tick(const market::Tick&) override { return std::nullopt; }
  /// Forgets the ticks, never the variables.
  void reset() override;
  std::string save() const override;
  core::Result<void> load(std::string_view saved) override;
  bool wants_past() const override { return true; }
  Program* program() override { return this; }
  std::vector<rules::CandleNeed> candle_needs() const override;
  /// They take the place of what ticks made. Prices are read in the symbol's decimals. While it
  /// computes they wait, so that all reads of one section see the same candles.
  void begin_candles(rules::Where where, std::span<const rules::Candle::Closed> past) override;
  /// A tick that may be in those candles already: of candles alone, its window knows it.
  void candle_tick(const market::Tick& tick);

  void past_tick(const market::Tick& tick);
  void live_tick(const market::Tick& tick, Millis now, ProgramWishes& out);
  /// Sleeps that are over end, a computation goes on.
  void on_time(Millis now, ProgramWishes& out);
  std::optional<Millis> next_deadline() const;

  /// Its purchase is on its way as this order.
  void sent(core::OrderId order) { order_ = order; }
  /// The order of its purchase, or of the contract that it holds; 0: none.
  core::OrderId order() const { return order_; }
  void opened(core::TransactionId transaction, core::Money price, Millis now, ProgramWishes& out);
  void refused(std::string_view code, std::string_view text, Millis now, ProgramWishes& out);
  /// Not bought: a limit, or the order is proven never to have existed.
  void denied(Millis now, ProgramWishes& out);
  void updated(const ProgramUpdate& update, Millis now, ProgramWishes& out);
  void ended(const ProgramResult& result, Millis now, ProgramWishes& out);
  void sold(Millis now, ProgramWishes& out);
  void not_sold(std::string_view why, Millis now, ProgramWishes& out);
  void quoted(const ProgramQuotes& quotes, Millis now, ProgramWishes& out);
  void ask_again(Millis now, ProgramWishes& out);
  void balance(core::Money balance);
  /// Ends the run where its variables are more than a record of the journal takes; true: it runs.
  bool fits_journal(Millis now, ProgramWishes& out);

  bool waits_for_purchase() const;
  bool waits_for_sale() const;
  bool waits_for_quotes() const;
  bool is_over() const;
  bool has_begun() const;
  /// From Init, with the ticks that it has seen: a new session, or one that was over.
  void begin_anew();

  ProgramView view() const;

 private:
  std::unique_ptr<dbot::Machine> make_machine() const;
  /// Turns the machine's wishes into the engine's, answering by itself what never leaves.
  void pass_on(Millis now, ProgramWishes& out);
  void pass_on(const dbot::Buy& wish, Millis now, ProgramWishes& out);
  void end(const dbot::Stopped& stopped, ProgramWishes& out);
  void wait(const market::Tick& tick);
  void take_waiting(Millis now, ProgramWishes& out);
  void take_candles();
  std::string place(int line) const;

  ProgramSettings settings_;
  const market::SymbolInfo symbol_;
  std::unique_ptr<dbot::Machine> machine_;
  core::OrderId order_;
  std::int64_t seen_ = 0;              // live ticks before it began
  std::vector<market::Tick> waiting_;  // came while it computed
  // Candles that came meanwhile, by their length, and ticks that may not be in them.
  std::map<std::int32_t, std::vector<rules::Candle::Closed>> waiting_candles_;
  std::vector<market::Tick> candle_ticks_;
  std::string ended_;
  int ended_line_ = 0;
  struct Wishes;
  std::unique_ptr<Wishes> wishes_;  // the machine's, of one event
};

}  // namespace derivd::strategy
