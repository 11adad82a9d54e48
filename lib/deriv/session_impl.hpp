// Owns the inside of Session: its state, its standing work, and the report it gathers. Included by
// the session_*.cpp files alone, which share it by subject: session.cpp has the state machine, work
// has what is sent, reply has what comes back. It never outlives its Session.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/backoff.hpp"
#include "deriv/budget.hpp"
#include "deriv/decoder.hpp"
#include "deriv/dialect.hpp"
#include "deriv/encoder.hpp"
#include "deriv/errors.hpp"
#include "deriv/pending.hpp"
#include "deriv/session.hpp"

namespace derivd::deriv {

using core::Duration;
using core::Instant;
using core::Now;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Deriv's docs name 100 streams for a connection (options-api.md section 2.2); balance,
// transaction, symbols and contracts together stay below.
inline constexpr std::size_t kMaxSymbols = 50;
inline constexpr std::size_t kMaxContracts = 45;
inline constexpr std::size_t kMaxPolls = 256;
inline constexpr std::size_t kMaxForgets = 256;
inline constexpr std::size_t kMaxPast = 64;
// Each strategy may look at several lengths of candles; the engine shares what is alike.
inline constexpr std::size_t kMaxCandleAsks = 512;
inline constexpr std::size_t kMaxPrices = 16;
inline constexpr std::size_t kMaxKnownSymbols = 2000;
inline constexpr std::size_t kMaxReportPages = 100;  // of kProfitTablePage rows
inline constexpr std::size_t kMaxNoticeKinds = 64;
inline constexpr std::size_t kMaxFrameText = 4096;  // the longest frame of ours is below 1 KiB

// A state that lasts longer than this has lost its way; the attempt is given up. Connecting covers
// three REST calls and the socket, each of which net bounds by itself.
inline constexpr Duration kConnectingTime = seconds(90);
inline constexpr Duration kAuthorizingTime = seconds(20);
inline constexpr Duration kSyncingTime = seconds(45);
// Counted from the last report that was asked for or answered: the engine may need several.
inline constexpr Duration kReconcilingTime = minutes(5);
inline constexpr Duration kDrainingTime = seconds(25);  // a purchase is answered or unknown by then
inline constexpr Duration kClosingTime = seconds(5);    // net bounds a close at 3 s

// Both documentations: ping every 30 s; v3 closes a link that is idle for 2 minutes.
inline constexpr Duration kPingAfter = seconds(30);
// A link is believed as long as its ticks come when they are due. Late is what is later than three
// of the symbol's intervals and the jitter of a network: 5 s for an index of one second, 8 s for
// one of two. Then we ask, and a ping that is not answered within its time (call.cpp) ends the
// link.
inline constexpr int kLateIntervals = 3;
inline constexpr Duration kLateGrace = seconds(2);
inline constexpr Duration kLongestLate = seconds(30);
// Of a symbol whose cadence is neither known nor learned yet.
inline constexpr Duration kUnknownLate = seconds(10);
// The longest recent pause between two ticks is a symbol's cadence: it is forgotten by an eighth at
// each tick, and a pause longer than this teaches nothing.
inline constexpr Duration kLongestCadence = seconds(10);
// An answer that has not come by now makes us ask whether anybody is there, long before it is given
// up.
inline constexpr Duration kAnswerLate = seconds(5);
inline constexpr int kMaxUnansweredPings = 2;
// A deadline that is served this much too late tells of us (stopped, suspended, a slow disk), not
// of the venue: what it sent meanwhile lies unread.
inline constexpr Duration kWeWereAway = seconds(2);
// A silent symbol is no dead link: markets close. It is said once and subscribed again at long
// intervals, since a stream can also be lost alone.
inline constexpr Duration kSilentAfter = minutes(1);
inline constexpr Duration kLongestSilentWait = minutes(10);

inline constexpr Duration kStableAfter = seconds(30);  // Live for so long: the back-off starts anew
inline constexpr Duration kRestRefusedWait = seconds(10);
inline constexpr Duration kFirstRetry = seconds(1);
inline constexpr Duration kLongestRetry = seconds(30);
inline constexpr Duration kLongestSymbolRetry = minutes(10);
inline constexpr int kMaxAttempts = 5;  // of a read that the session cannot do without
// What is offered changes from day to day at most; a link that is lost again and again asks no more
// often.
inline constexpr Duration kOfferingsLast = std::chrono::hours(6);
// Today and tomorrow, so that a night is known before it comes; and on to the next opening, past a
// weekend with holidays around it.
inline constexpr std::int64_t kFewestDays = 2;
inline constexpr std::int64_t kMostDays = 8;
// Somebody waits at a terminal, and an older question is worth nothing.
inline constexpr Duration kPriceWait = seconds(10);
/// A report says as of when it is; the venue is asked for its time first, unless it was so
/// recently.
inline constexpr Duration kFreshClock = seconds(1);

/// A request that is wanted, asked, or answered; streams stay kDone while they run.
struct Task {
  enum class Phase : std::uint8_t { kIdle, kWanted, kAsked, kDone };
  Phase phase = Phase::kIdle;
  int attempts = 0;
  Instant not_before{};
  std::int64_t req_id = 0;

  void want() {
    phase = Phase::kWanted;
    attempts = 0;
    not_before = {};
  }
  bool wanted() const { return phase == Phase::kWanted; }
  bool done() const { return phase == Phase::kDone; }
};

struct SymbolStream {
  market::SymbolCode symbol;
  Task task;     // the stream; with history while it wants some
  Task history;  // past ticks alone, when the stream already ran
  StreamId stream;
  std::optional<core::VenueTime> last_epoch;   // over all links: the union has no tick twice
  std::optional<core::VenueTime> wanted_from;  // an earlier run ended there
  int stale_run = 0;                           // ticks in a row that were older than that
  bool new_link = false;                       // no history on this link yet
  std::optional<Instant> last_tick;            // one that was taken
  Instant expected_from{};  // since when there should be some: wanted, or the link came up
  bool told_silent = false;
  Instant quiet_from{};
  Duration interval{};   // between its ticks, by market/symbol; 0: not known
  Duration cadence{};    // learned, for those whose interval is not known
  bool excused = false;  // late, but a ping was answered: closed, or stopped by the venue
  bool silent = false;
  Duration silent_wait = kSilentAfter;
};

struct ContractStream {
  core::ContractId contract;
  Task task;
  StreamId stream;
};

struct PollTask {
  core::ContractId contract;
  Task task;
};

struct PastTask {
  market::SymbolCode symbol;
  core::VenueTime from, to;
  Task task;
};

struct CandlesTask {
  market::SymbolCode symbol;
  std::int32_t length = 0;  // seconds
  core::VenueTime from;
  Task task;
};

/// A price that an operator waits for.
struct PriceTask {
  std::int64_t number = 0;
  market::ContractSpec spec;
  core::Money amount;
  Instant until;  // to be sent
  Task task;
};

struct OfferingsTask {
  market::SymbolCode symbol;
  Task task;
  std::optional<Instant> answered;
};

/// The days of trading_times, one after the other from today on.
struct HoursJob {
  std::vector<market::SymbolCode> wanted;  // beside the streamed ones
  Task task;
  core::VenueTime first;  // midnight of the day that the venue has now; 0: none was asked about
  std::int64_t days = 0;  // answered so far
  std::map<market::SymbolCode, market::TradingHours> hours;
  std::optional<core::VenueTime> opening;  // the next for which a stream waits
};

/// Gathers time, portfolio and the pages of the profit table, one after the other: a contract that
/// is sold in between then shows in both and never in neither.
struct ReportJob {
  bool running = false;
  core::VenueTime since;
  std::optional<core::VenueTime> next_since;  // asked for again while running
  Task clock;
  Task portfolio;
  Task page;
  std::size_t offset = 0;
  std::size_t pages = 0;
  execution::VenueReport report;
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
  /// Since when a tick of it is waited for.
  Instant waits_since(const SymbolStream& stream) const;
  void tell_silence(const Now& now);
  bool socket_open() const;
  bool may_ask() const;  // Syncing, Reconciling, Live
  Duration late_after(const SymbolStream& stream) const;
  Duration quiet_limit() const;
  Instant next_ping() const;
  void excuse_late(const Now& now);
  void drain(const Now& now);
  bool may_order() const;  // Live, and not about to leave the link
  void renew_opening();
  std::unique_ptr<Opening> new_opening() const;
  // Another token, another address of the venue, or both.
  VenueAddress& address() { return settings; }
  /// A public session has no account that could be another one.
  bool on_trial() const {
    return rotation == Rotation::kTrying && other.has_venue && !settings.public_only;
  }
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
  void pump_account(const Now& now);
  void pump_symbols(const Now& now);
  void pump_contracts(const Now& now);
  void pump_report(const Now& now);
  void pump_polls(const Now& now);
  void pump_past(const Now& now);
  void pump_forgets(const Now& now);
  // session_market.cpp: what is offered, and when.
  void pump_market(const Now& now);
  void pump_hours(const Now& now);
  // session_price.cpp: what a contract costs.
  void ask_price(std::int64_t number, const market::ContractSpec& spec, core::Money amount,
                 const Now& now);
  void pump_prices(const Now& now);
  void on_price(const Pending& asked, const ProposalPayload& proposal);
  void refuse_price(std::int64_t number, std::string_view code, std::string_view why);
  void refuse_prices(std::string_view why);
  // session_candles.cpp: past candles.
  void ask_candles(const market::SymbolCode& symbol, std::int32_t length, core::VenueTime from);
  void pump_candles(const Now& now);
  void on_candles(const Pending& asked, CandlesPayload& payload);
  void refuse_candles(const Pending& asked, std::string_view why);
  void want_offerings(const market::SymbolCode& symbol);
  bool is_hours_wanted(const market::SymbolCode& symbol) const;
  std::vector<market::SymbolCode> hours_wanted() const;
  void renew_market(const Now& now);
  void on_symbol_list(const Now& now);
  void on_offerings(const Pending& asked, OfferingsPayload& payload, const Now& now);
  void refuse_offerings(const Pending& asked, std::string_view code, std::string_view why);
  void on_trading_times(TradingTimesPayload& payload, const Now& now);
  core::VenueTime venue_now(const Now& now) const;
  /// When a market that is closed opens; empty: it is not known to be closed, or not until when.
  void wait_for_opening(Task& task, const Now& now);
  void open_markets(core::VenueTime time);
  std::optional<core::VenueTime> opening_of(const market::SymbolCode& symbol, const Now& now) const;
  bool due(Task& task, Call call, const Now& now);
  std::int64_t begin_call(Call call, std::int64_t subject, const Now& now);
  void begin_task(Task& task, Call call, std::int64_t subject, const Now& now);
  void transmit(const Now& now);
  void ping(const Now& now);
  void again(Task& task, Duration longest, const Now& now);
  void want_later(const Task& task);
  void set_symbols(std::vector<market::SymbolCode> wanted, std::size_t count, const Now& now);
  void want_ticks_from(std::string_view symbol, core::VenueTime from);
  void watch(core::ContractId contract, const Now& now);
  void unwatch(core::ContractId contract);
  void poll(core::ContractId contract);
  void ask_past(const market::SymbolCode& symbol, core::VenueTime from, core::VenueTime to);
  void ask_report(core::VenueTime since, const Now& now);
  void start_report(core::VenueTime since, const Now& now);
  void forget(const StreamId& stream);
  void quote(core::OrderId order, const market::ContractSpec& spec, core::Money stake,
             const Now& now, const core::Name& buyer);
  void buy(core::OrderId order, const market::ContractSpec& spec, core::Money max_price,
           std::string_view quote_id, const Now& now, const core::Name& buyer);
  void leave(core::ContractId contract, Call call, const Now& now);
  bool awaits_money() const;
  void restart_streams(const Now& now);
  std::size_t history_for(const SymbolStream& stream, const Now& now) const;

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
  void on_transaction(const TransactionPayload& payload, const Now& now);
  void on_balance(const BalancePayload& payload, const Now& now);
  void on_bought(const Pending& pending, const execution::Bought& bought, const Now& now);
  void on_login(const Now& now);
  void on_portfolio(PortfolioPayload& payload, const Now& now);
  void on_profit_table(ProfitTablePayload& payload, const Now& now);
  void finish_report(const Now& now);
  void name_symbol(execution::HistoryRow& row) const;
  void notice_once(core::EventKind kind, std::string_view key, std::string_view what);
  std::optional<Pending> match(const Now& now);
  bool is_vital(const Pending& asked) const;
  void accept_tick(SymbolStream& stream, const RawTick& raw, std::optional<std::uint8_t> decimals,
                   const Now& now);
  Task* task_of(const Pending& pending);
  SymbolStream* find_symbol(std::string_view symbol);
  ContractStream* find_contract(core::ContractId contract);
  std::optional<std::uint8_t> decimals_of(std::string_view symbol) const;
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
  Encoder encoder;
  CallBudget budget;
  core::RateLimiter rest_budget;
  core::Backoff backoff;
  PendingTable pending;

  SessionState state = SessionState::kOffline;
  std::optional<Instant> state_deadline;
  int depth = 0;
  bool running = false;       // between start() and stop() or a fatal refusal
  bool reconciled = false;    // the engine has said so, on this link
  bool attempted = false;     // not the first attempt
  bool socket_asked = false;  // open() was asked for, on_closed has not come
  bool closing = false;       // close() was asked for while draining
  enum class Rotation : std::uint8_t {
    kNone,
    kWaiting,  // for the answers to purchases and sales: `other` is the new one
    kTrying,   // with the new one; `other` is the old one
  };
  /// What is, or was, to be used instead.
  struct Other {
    bool has_token = false;
    bool has_venue = false;
    core::Secret token;
    VenueAddress venue;
  };
  Rotation rotation = Rotation::kNone;
  Other other;
  std::optional<Instant> retry_at;
  Duration at_least{};  // the next wait is no shorter
  std::optional<Instant> live_since;
  std::int64_t last_req_id = 0;

  Frame frame;
  std::string text;  // of the frame being sent

  AccountInfo account;
  bool balance_known = false;
  std::optional<core::VenueTime> venue_time;  // the latest shown by anything
  // What the venue said when asked. A report is dated by this alone: one tick that is stamped ahead
  // must not make a report seem newer than it is, because that would count as proof.
  std::optional<core::VenueTime> server_time;
  std::optional<Instant> server_time_at;

  Task login, clock, balance, transactions, symbol_list;
  std::vector<SymbolStream> symbols;
  std::size_t history = 0;
  std::vector<ContractStream> contracts;
  std::vector<PollTask> polls;
  std::vector<PastTask> past;
  std::vector<CandlesTask> candles;
  std::vector<PriceTask> prices;
  std::vector<StreamId> forgets;
  std::vector<market::ListedSymbol> known;
  std::vector<OfferingsTask> offerings;
  HoursJob hours;
  ReportJob report;
  bool work = false;               // something may be wanted: pump
  std::optional<Instant> work_at;  // when the earliest of what is wanted may be sent

  Instant last_received{};
  Instant last_sent{};
  Instant last_ping{};
  bool pinged = false;  // and not answered yet
  int unanswered_pings = 0;

  std::unordered_set<std::size_t> noticed;
  SessionStats stats;
};

}  // namespace derivd::deriv
