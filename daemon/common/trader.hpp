// Owns the joining of engine, session and journal: facts from the session go to the engine, the
// engine's actions are performed in their order. The daemon's shell and the chaos simulator drive
// it, each with its own clock, wire and disk. It never reads a clock, owns no socket and decides
// nothing about trades.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/prices.hpp"
#include "common/sales.hpp"
#include "common/scripts.hpp"
#include "common/venue_session.hpp"
#include "common/venue_settings.hpp"
#include "config/config.hpp"
#include "core/rng.hpp"
#include "core/time.hpp"
#include "deriv/facts.hpp"
#include "deriv/session.hpp"
#include "engine/engine.hpp"
#include "service/log.hpp"
#include "store/journal.hpp"
#include "venue/quotes.hpp"

namespace derivd::daemon {

/// Ticks asked for at each subscription: enough to close the gap of a reconnect of some minutes.
inline constexpr std::size_t kHistoryTicks = 500;
/// Where a strategy is made ready by its past: all that one answer of the venue holds.
inline constexpr std::size_t kLongHistoryTicks = 5000;
/// A journal that cannot be written shuts the gate; open contracts are watched this long, then we
/// leave.
inline constexpr core::Duration kJournalGrace = std::chrono::seconds(60);

/// A row or rows; or why there are none: `code` is "not_found" or "refused".
struct SaleAnswer {
  nlohmann::ordered_json result;
  std::string code;
  std::string error;
};

class Trader final : public deriv::SessionListener {
 public:
  /// Proves that this process alone holds the account; an error leaves with exit code 75.
  using LockAccount = std::function<core::Result<void>(const deriv::AccountInfo&)>;

  Trader(const config::Config& config, deriv::SessionSettings settings, deriv::Wire& wire,
         store::Journal& journal, service::Log& log, core::Rng& rng, LockAccount lock);

  /// Tells the time of what comes next; every entry below is preceded by it.
  core::Now at(core::Instant instant, core::WallTime wall);

  /// Called when the venue's changed settings are proven (true), or refused (false): then those in
  /// the configuration must become the former ones again before it returns; before start().
  void set_venue_verdict(std::function<void(bool taken)> verdict) {
    venue_verdict_ = std::move(verdict);
  }

  /// Hears every tick that the session brings, past ones too; before start().
  void set_tick_sink(std::function<void(const market::Tick&)> sink) {
    tick_sink_ = std::move(sink);
  }

  /// Paper mode pays what these say, sorted, and only the rest by the model; before start(). Not
  /// live (CHECK).
  void set_paper_quotes(venue::Quotes quotes);

  /// Runs the programs of strategies of type script; before start().
  void set_scripts(Scripts* scripts) { scripts_ = scripts; }
  /// What a script's process said, or why it ended.
  void on_script(const core::Name& strategy, std::uint64_t run, const script::FromScript& message);

  /// Hears what is known of the venue's symbols, each time that the venue tells more; before
  /// start().
  void set_symbols_sink(std::function<void(const market::Symbols&)> sink) {
    symbols_sink_ = std::move(sink);
  }
  /// The venue's time as far as it can be told: where every market is closed, no tick shows it.
  core::VenueTime market_time() const;
  /// What is known of them now.
  const market::Symbols& symbols() const { return symbols_; }

  /// Continues where the journal ended, then begins to connect. False: see exit_code().
  bool start();
  /// Entries off; done() once answers (and, with on_stop: wait, contracts) are in or time is up.
  void stop(std::string_view why);
  /// Performs what is due after an event of the session was handled.
  void settle();
  std::optional<core::Instant> next_deadline() const;
  void on_deadline();

  /// Nothing is left to do: leave with exit_code().
  bool done() const { return done_; }
  bool stopping() const { return stopping_; }
  bool journal_broken() const { return journal_broken_; }
  int exit_code() const { return exit_code_; }

  deriv::Session& session() { return session_.session(); }
  const deriv::Session& session() const { return session_.session(); }
  bool is_paper() const { return config_.venue.mode == config::Mode::kPaper; }
  const engine::Engine& engine() const { return engine_; }
  deriv::SessionState state() const { return state_; }
  /// The latest that the venue told; empty before.
  const deriv::AccountInfo& account() const { return account_; }
  const std::string& problem() const { return problem_; }
  /// When the session came to the state of being connected, or of not being so. Empty: it was never
  /// connected.
  std::optional<core::WallTime> link_since() const { return link_since_; }

  /// pause, resume, halt; empty name: all. False: no such strategy.
  bool command(std::string_view verb, std::string_view name, std::string_view reason);

  /// Goes over to another token of the same account (Session::replace_token). An error says why
  /// not even that is tried; the verdict is token_change().
  core::Result<void> replace_token(core::Secret token);
  /// {"number": of the changes so far, "state": none|waiting|taken|refused|…, "reason": …}
  nlohmann::ordered_json token_change() const;

  // ---- the operator's sales ----
  /// Asks the venue to buy an open contract of ours back, at the market, once; or to cancel it,
  /// where its deal cancellation pays more or is asked for (`cancel`).
  SaleAnswer sell(core::ContractId contract, bool cancel = false);
  /// What became of it: "selling" until the venue has spoken and it is booked, then "sold",
  /// "cancelled", "settled" (it ended first) or "failed".
  SaleAnswer sale(core::ContractId contract) const;
  /// Pauses the strategy (empty: all) and asks for the sale of everything that can be sold.
  /// `again`: looks after those sales, and asks for those that were in flight before.
  SaleAnswer flatten(std::string_view name, bool again);

  // ---- prices that an operator asks for (trader_prices.cpp) ----
  /// Asks the venue what a contract costs (common/price_request.hpp), behind everything that
  /// trading needs. The row is price()'s, "asked" at first.
  SaleAnswer ask_price(const nlohmann::json& request);
  /// What came of it: "asked", "answered" or "refused".
  SaleAnswer price(std::int64_t number) const;
  /// The contracts that the strategies buy, each once, with a stake; and the strategies of which
  /// that is not known before they run, with the reason.
  nlohmann::ordered_json priceable() const;

  /// The configuration that it was made with now holds other values: `changes` are journaled, then
  /// the engine takes them over, and the session goes over to another address of the venue
  /// (Session::change_venue) if it has one. That address is taken only when its account is ours:
  /// the id, and the contract that was bought last. Otherwise the former one holds again.
  void reconfigure(const std::vector<config::Change>& changes);

  /// Of each symbol that is streamed, at the time told last. In a closed market nothing is late.
  std::vector<deriv::TickAge> tick_ages() const;
  nlohmann::ordered_json status() const;
  nlohmann::ordered_json strategies() const;
  /// Rows of trades (common/trades) with the end, the time left and what the venue would pay now.
  nlohmann::ordered_json positions() const;
  /// One line for STATUS=, the account's id shortened.
  std::string status_line() const;
  /// One line that says exactly what is still open.
  std::string farewell() const;

  /// SessionListener: facts go to the engine. What it asks for is performed by settle().
  void on_fact(const deriv::Fact& fact) override;

 private:
  execution::Port& port() { return session_.port(); }
  // Every alternative has its handler, so that none can be forgotten.
  void on(const deriv::fact::State& told);
  void on(const deriv::fact::Account& told);
  void on(const deriv::fact::Notice& told);
  void on(const deriv::fact::TokenReplaced& told);
  void on(const deriv::fact::VenueChanged& told);
  void on(const deriv::fact::Fatal& told);
  void on(const deriv::fact::OwnLimits& told);
  void on(const deriv::fact::Clock& told);
  void on(const deriv::fact::Tick& told);
  void on(const deriv::fact::Silence& told);
  void on(const deriv::fact::Symbols& told);
  void on(const deriv::fact::Offerings& told);
  void on(const deriv::fact::OfferingsRefused& told);
  void on(const deriv::fact::Hours& told);
  void on(const deriv::fact::Candles& told);
  void on(const deriv::fact::CandlesRefused& told);
  void on(const deriv::fact::Price& told);
  void on(const deriv::fact::PriceRefused& told);
  void on(const deriv::fact::Quoted& told);
  void on(const deriv::fact::QuoteRefused& told);
  void on(const deriv::fact::Bought& told);
  void on(const deriv::fact::Refused& told);
  void on(const deriv::fact::Unknown& told);
  void on(const deriv::fact::Contract& told);
  void on(const deriv::fact::NoContract& told);
  void on(const deriv::fact::Transaction& told);
  void on(const deriv::fact::Balance& told);
  void on(const deriv::fact::Report& told);
  void on(const deriv::fact::Sold& told);
  void on(const deriv::fact::SellFailed& told);
  // Past ticks are asked for by paper mode alone, which takes them.
  void on(const deriv::fact::Past&) {}
  void on(const deriv::fact::PastRefused&) {}
  void note_venue_time(core::VenueTime time);
  /// Nothing of a paper run ever mixes with what was traded, nor the other way round.
  bool fits_journal(const std::vector<execution::Order>& open);
  std::string_view account_type() const;
  void append(execution::Record record);
  void perform();
  std::size_t perform_appends(std::size_t from);
  void perform(engine::SendQuote& action);
  void perform(engine::SendBuy& action);
  void perform(engine::Watch& action);
  void perform(engine::Poll& action);
  void perform(engine::AskReport& action);
  void perform(engine::AskCandles& action);
  void perform(engine::Tell& action);
  void perform(engine::TellSent& action);
  void perform(engine::SendSell& action);
  void perform(engine::StartScript& action);
  void perform(engine::StopScript& action);
  void perform(engine::FeedScript& action);
  void journal_failed(const std::string& text);
  void check_stop();
  /// For the operator: once, until it is proven that nothing came of it.
  void ask_sale(const execution::Order& order, bool cancel);
  /// `who`: "operator", or a strategy's name.
  void send_sale(const execution::Order& order, std::string_view who, bool by_rule, bool cancel);
  void note_bid(const execution::ContractReport& report);
  nlohmann::ordered_json sale_row(const execution::Order& order, std::string_view state,
                                  std::string_view reason) const;
  nlohmann::ordered_json sale_state(const execution::Order& order) const;
  void subscribe();
  /// Tells the session among which strategies it shares the calls for orders.
  void share_calls();
  void leave(int code, std::string_view text);
  // trader_market.cpp: what the venue sells, and when.
  void learn(market::Symbols symbols);
  /// Halts the strategies whose symbol the venue does not list, or whose contracts it does not
  /// sell.
  void check_offered();
  // trader_venue.cpp: another address of the venue.
  /// Leaves, or goes back to the former address when this one is on trial.
  void reject_account(int code, std::string_view text);
  core::Result<void> check_journal_account(const deriv::AccountInfo& account);
  void note_account();
  void change_venue(const std::vector<config::Change>& changes);
  void remember_last_bought();
  /// Whether a report of the address on trial shows our books; if not, it is asked for again or
  /// the address is refused.
  bool is_proof(const execution::VenueReport& report);
  nlohmann::ordered_json venue_change() const;
  double seconds_since(core::Instant then) const;
  nlohmann::ordered_json symbol_rows() const;
  /// "a, b": the running strategies on a symbol.
  std::string strategies_on(const market::SymbolCode& symbol) const;

  const config::Config& config_;
  store::Journal& journal_;
  service::Log& log_;
  LockAccount lock_;
  std::function<void(const market::Tick&)> tick_sink_;
  Scripts* scripts_ = nullptr;
  std::function<void(const market::Symbols&)> symbols_sink_;
  market::Symbols symbols_;
  /// What the venue told this run of the program: only that halts a strategy.
  bool list_told_ = false;
  std::set<market::SymbolCode> closed_;  // silent because of that
  core::Instant venue_at_;               // when now_.venue was told
  std::set<market::SymbolCode> offerings_told_;
  deriv::Dialect dialect_;
  engine::Engine engine_;
  VenueSession session_;
  engine::Actions actions_;
  std::vector<execution::Record> event_;  // of one append; kept for its room
  Sales sales_;
  Prices prices_;
  std::map<core::ContractId, core::Money> bids_;  // of open contracts, as reported last
  std::set<core::ContractId> strange_;            // open ones that the venue said it does not know
  std::uint64_t symbols_revision_ = 0;
  bool performing_ = false;
  bool journal_broken_ = false;
  bool stopping_ = false;
  bool session_stopped_ = false;
  bool done_ = false;
  bool locked_ = false;
  int exit_code_ = 0;
  core::Now now_;
  deriv::SessionState state_ = deriv::SessionState::kOffline;
  deriv::AccountInfo account_;
  std::string problem_;
  std::optional<core::WallTime> link_since_;
  std::optional<core::Instant> last_tick_;
  std::optional<core::Instant> stop_by_;
  /// Of another token, of another address.
  enum class Handover : std::uint8_t { kNone, kWaiting, kTaken, kRefused };
  static std::string_view word_for(Handover handover);
  Handover token_change_ = Handover::kNone;
  int token_changes_ = 0;
  std::string token_refusal_;

  /// A contract that the account's books must have.
  struct LastBought {
    core::ContractId contract;
    core::VenueTime purchase_time;
  };
  std::function<void(bool taken)> venue_verdict_;
  Handover venue_change_ = Handover::kNone;
  std::string venue_refusal_;
  std::vector<config::Change> unproven_;  // since the address that is proven
  std::optional<LastBought> last_bought_;
  int proof_attempts_ = 0;
  core::ShortString<32> journal_account_;  // empty: the journal has none yet
};

}  // namespace derivd::daemon
