// Owns the inside of Session: the state machine of a link and the parts that it is made of.
// Included by the session_*.cpp files alone, which share it by subject: session.cpp has the state
// machine, work has what is sent, reply has what comes back. Each part owns its members and is told
// what it needs; this joins them, and tells the listener. It never outlives its Session.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/backoff.hpp"
#include "deriv/anticipation.hpp"
#include "deriv/ask_list.hpp"
#include "deriv/contract_streams.hpp"
#include "deriv/decoder.hpp"
#include "deriv/dialect.hpp"
#include "deriv/errors.hpp"
#include "deriv/liveness.hpp"
#include "deriv/market_questions.hpp"
#include "deriv/report_job.hpp"
#include "deriv/requests.hpp"
#include "deriv/rotation.hpp"
#include "deriv/session.hpp"
#include "deriv/symbol_list.hpp"
#include "deriv/symbol_streams.hpp"
#include "deriv/venue_clock.hpp"

namespace derivd::deriv {

using core::Duration;
using core::Instant;
using core::Now;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr std::size_t kMaxForgets = 256;
inline constexpr std::size_t kMaxPast = 64;
// Each strategy may look at several lengths of candles; the engine shares what is alike.
inline constexpr std::size_t kMaxCandleAsks = 512;
inline constexpr std::size_t kMaxPrices = 16;
inline constexpr std::size_t kMaxNoticeKinds = 64;

// A state that lasts longer than this has lost its way; the attempt is given up. Connecting covers
// three REST calls and the socket, each of which net bounds by itself.
inline constexpr Duration kConnectingTime = seconds(90);
inline constexpr Duration kAuthorizingTime = seconds(20);
inline constexpr Duration kSyncingTime = seconds(45);
// Counted from the last report that was asked for or answered: the engine may need several.
inline constexpr Duration kReconcilingTime = minutes(5);
inline constexpr Duration kDrainingTime = seconds(25);  // a purchase is answered or unknown by then
inline constexpr Duration kClosingTime = seconds(5);    // net bounds a close at 3 s

inline constexpr Duration kStableAfter = seconds(30);  // Live for so long: the back-off starts anew
inline constexpr Duration kRestRefusedWait = seconds(10);
inline constexpr Duration kLongestRetry = seconds(30);
inline constexpr Duration kLongestSymbolRetry = minutes(10);
inline constexpr int kMaxAttempts = 5;  // of a read that the session cannot do without
// Somebody waits at a terminal, and an older question is worth nothing.
inline constexpr Duration kPriceWait = seconds(10);

/// Past ticks that somebody waits for.
struct PastQuestion {
  market::SymbolCode symbol;
  core::VenueTime from, to;
  Task task = {};
};

struct CandlesQuestion {
  market::SymbolCode symbol;
  std::int32_t length = 0;  // seconds
  core::VenueTime from;
  Task task = {};
};

/// A price that an operator waits for.
struct PriceQuestion {
  std::int64_t number = 0;
  market::ContractSpec spec;
  core::Money amount;
  Instant until;  // to be sent
  Task task = {};
};

struct Session::Impl {
  Impl(SessionSettings settings, Wire& wire, SessionListener& listener, core::Rng& rng);

  // Every public entry holds one. The outermost settles: moves the state, then sends what is due.
  class Entry {
   public:
    Entry(Impl& impl, const Now& now) : impl_(impl), now_(now) { ++impl_.depth; }
    ~Entry() {
      if (impl_.depth == 1) impl_.settle(now_);
      --impl_.depth;
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    Impl& impl_;
    const Now& now_;
  };

  // session.cpp: the state machine.
  void settle(const Now& now);
  void step(const Now& now);
  void enter(SessionState next, std::string_view reason, const Now& now);
  void lose(std::string_view reason, const Now& now);
  void fatal(FatalKind kind, std::string_view text, const Now& now);
  void perform(Step next, const Now& now);
  void check_silence(const Now& now);
  void tell_silence(const Now& now);
  bool socket_open() const;
  bool may_ask() const;  // Syncing, Reconciling, Live
  Instant next_ping() const;
  void excuse_late(const Now& now);
  void drain(const Now& now);
  bool may_order() const;  // Live, and not about to leave the link
  void renew_opening();
  std::unique_ptr<Opening> new_opening() const;
  // Another token, another address of the venue, or both.
  /// A public session has no account that could be another one.
  bool on_trial() const { return rotation.tries_venue() && !settings.public_only; }
  void use_address();
  void change_venue(VenueAddress to, const Now& now);
  void try_other(const Now& now);
  void begin_at_once(std::string_view reason, const Now& now);
  void other_taken();
  void other_dropped(std::string_view why, const Now& now);
  void tell_rotated(bool taken, std::string_view why);
  void go_offline(std::string_view reason, const Now& now);
  bool synced() const;
  std::optional<Instant> next_deadline() const;
  void abandon_requests(std::string_view why);
  void tell_lost(const Pending& pending, std::string_view code, std::string_view why);
  void note_venue_time(core::VenueTime time);
  void note_server_time(core::VenueTime time, const Now& now);

  // session_work.cpp: what is sent.
  void pump(const Now& now);
  void pump_login(const Now& now);
  void pump_account(const Now& now);
  // session_own_limits.cpp: what the holder of the account has limited it to.
  bool asks_own_limits() const;
  void restart_own_limits();
  void pump_own_limits(const Now& now);
  void on_own_limits(const OwnLimitsPayload& payload, const Now& now);
  void miss_own_limits(const Now& now);
  void settle_own_limits(Duration again, const Now& now);
  void pump_past(const Now& now);
  void pump_forgets(const Now& now);
  // session_market.cpp: what is offered, and when.
  void pump_market(const Now& now);
  // session_price.cpp: what a contract costs.
  void ask_price(std::int64_t number, const market::ContractSpec& spec, core::Money amount,
                 const Now& now);
  void pump_prices(const Now& now);
  void on_price(const Pending& asked, const ProposalPayload& proposal);
  void refuse_price(const Pending& asked, std::string_view code, std::string_view why);
  void refuse_prices(std::string_view why);
  // session_candles.cpp: past candles.
  void ask_candles(const market::SymbolCode& symbol, std::int32_t length, core::VenueTime from);
  void pump_candles(const Now& now);
  void on_candles(const Pending& asked, CandlesPayload& payload);
  void refuse_candles(const Pending& asked, std::string_view why);
  std::vector<market::SymbolCode> hours_wanted() const;
  void renew_market(const Now& now);
  void on_symbol_list(const Now& now);
  void on_offerings(const Pending& asked, OfferingsPayload& payload, const Now& now);
  void refuse_offerings(const Pending& asked, std::string_view code, std::string_view why);
  void on_trading_times(TradingTimesPayload& payload, const Now& now);
  /// When a market that is closed opens; empty: it is not known to be closed, or not until when.
  void wait_for_opening(Task& task, const Now& now);
  void open_markets(core::VenueTime time);
  void ping(const Now& now);
  void set_symbols(std::vector<market::SymbolCode> wanted, std::size_t count, const Now& now);
  void watch(core::ContractId contract, const Now& now);
  void unwatch(core::ContractId contract);
  void ask_past(const market::SymbolCode& symbol, core::VenueTime from, core::VenueTime to);
  void ask_report(core::VenueTime since, const Now& now);
  void forget(const StreamId& stream);
  void quote(core::OrderId order, const market::ContractSpec& spec, core::Money stake,
             const Now& now, const core::Name& buyer);
  void buy(core::OrderId order, const market::ContractSpec& spec, core::Money max_price,
           std::string_view quote_id, const Now& now, const core::Name& buyer);
  void leave(core::ContractId contract, Call call, const Now& now);
  bool awaits_money() const;
  void restart_streams(const Now& now);
  void want_account();

  // session_reply.cpp: what comes back.
  void on_frame(std::string_view text, std::size_t capacity, const Now& now);
  void on_refused_frame(const core::Error& error, const Now& now);
  void on_reply(const Pending& pending, const Now& now);
  void on_error_reply(const Pending& pending, const ApiError& error, const Now& now);
  void on_stream(const Now& now);
  void on_stream_error(const ApiError& error, const Now& now);
  void on_overdue(const Pending& pending, const Now& now);
  void on_failed_read(const Pending& pending, std::string_view why, bool rate_limited,
                      const Now& now);
  void on_failed_order(const Pending& pending, const ApiError& error, const Now& now);
  void on_tick(const TickPayload& tick, const Now& now);
  void on_history(const Pending& pending, HistoryPayload& history, const Now& now);
  void on_past(const Pending& pending, HistoryPayload& history);
  void refuse_past(const Pending& pending, std::string_view why);
  void on_contract(const ContractPayload& payload, bool polled, const Now& now);
  /// One that is watched: the venue says, in its way, that it knows no such contract.
  void on_no_contract(core::ContractId contract, std::string_view why);
  void on_transaction(const TransactionPayload& payload, const Now& now);
  void on_balance(const BalancePayload& payload, const Now& now);
  void on_bought(const Pending& pending, const execution::Bought& bought, const Now& now);
  void on_login(const Now& now);
  void on_portfolio(PortfolioPayload& payload, const Now& now);
  void on_profit_table(ProfitTablePayload& payload, const Now& now);
  void finish_report(const Now& now);
  void notice_once(core::EventKind kind, std::string_view key, std::string_view what);
  std::optional<Pending> match(const Now& now);
  bool is_vital(const Pending& asked) const;
  void accept_tick(SymbolStream& stream, const RawTick& raw, std::optional<std::uint8_t> decimals,
                   const Now& now);
  Task* task_of(const Pending& pending);
  std::optional<market::Tick> to_tick(const market::SymbolCode& symbol, const RawTick& raw,
                                      std::optional<std::uint8_t> decimals);
  std::optional<core::Price> to_quote(const market::SymbolCode& symbol, const RawTick& raw,
                                      std::uint8_t decimals);

  SessionSettings settings;  // only token and address change
  Wire& wire;
  SessionListener& listener;
  core::Rng& rng;
  std::unique_ptr<Rules> rules;
  std::unique_ptr<Opening> opening;
  Decoder decoder;
  SessionStats stats;
  Liveness liveness;
  Requests requests;
  core::RateLimiter rest_budget;
  core::Backoff backoff;

  SessionState state = SessionState::kOffline;
  std::optional<Instant> state_deadline;
  int depth = 0;
  bool running = false;       // between start() and stop() or a fatal refusal
  bool reconciled = false;    // the engine has said so, on this link
  bool attempted = false;     // not the first attempt
  bool socket_asked = false;  // open() was asked for, on_closed has not come
  bool closing = false;       // close() was asked for while draining
  Rotation rotation{settings};
  std::optional<Instant> retry_at;
  Duration at_least{};  // the next wait is no shorter
  std::optional<Instant> live_since;

  Frame frame;

  AccountInfo account;
  bool balance_known = false;
  VenueClock venue_clock;

  Task login, clock, balance, transactions, symbol_list;
  Task own_limits;
  bool own_limits_settled = false;  // told on this link, or the venue will not tell them
  SymbolStreams symbols;
  ContractStreams contracts;
  AskList<PastQuestion, kMaxPast> past;
  AskList<CandlesQuestion, kMaxCandleAsks> candles;
  AskList<PriceQuestion, kMaxPrices> prices;
  std::vector<StreamId> forgets;
  SymbolList known;
  MarketQuestions questions;
  ReportJob report;
  Anticipation anticipation;
  Rehearsal rehearsal;

  std::unordered_set<std::size_t> noticed;
};

}  // namespace derivd::deriv
