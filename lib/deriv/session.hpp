// Owns Session, the sans-io state machine that keeps one authorised WebSocket session to Deriv in
// either dialect. The daemon's shell feeds it link events and deadlines on the loop thread and does
// what it asks of Wire. It owns no socket, no timer and no clock, and it never resends a buy.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/currency.hpp"
#include "core/event.hpp"
#include "core/histogram.hpp"
#include "core/rng.hpp"
#include "core/secret.hpp"
#include "core/time.hpp"
#include "execution/refusal.hpp"
#include "execution/report.hpp"
#include "market/candle_row.hpp"
#include "market/spec.hpp"
#include "market/symbols.hpp"
#include "market/tick.hpp"
#include "market/tick_source.hpp"

namespace derivd::deriv {

enum class Dialect : std::uint8_t { kOptions, kV3 };
std::string_view name_of(Dialect dialect);

/// How the venue is reached. It can change while the session runs (change_venue).
struct VenueAddress {
  std::string endpoint;  // options: https://api.derivws.com; v3: wss://ws.derivws.com/websockets/v3
  std::string app_id;
  std::string ca_file;     // certificates to trust; empty: the system's
  std::string proxy = {};  // http://HOST:PORT; empty: none
  friend bool operator==(const VenueAddress&, const VenueAddress&) = default;
};

struct SessionSettings : VenueAddress {
  Dialect dialect = Dialect::kOptions;
  std::string account;  // "demo", "real" or an account id
  /// The account must be kept in it; empty: in any currency of two decimals.
  std::string currency;
  /// Whatever currency the account is kept in: for who only looks.
  bool any_currency = false;
  bool allow_real = false;
  core::Secret token;
  /// Ticks and their history alone, on the venue's socket that knows no account: `account` and
  /// `token` stay unused, on_account tells an empty one, and orders are refused by the venue.
  bool public_only = false;
  /// Also asks, once it is live, what is offered on the streamed symbols and, of those that are not
  /// open all day, when they are: on_offerings, on_hours.
  bool asks_market = false;
};

/// A token that starts with pat_ speaks options.
Dialect dialect_for(const core::Secret& token);
std::string_view default_endpoint(Dialect dialect);

enum class SessionState : std::uint8_t {
  kOffline,
  kConnecting,
  kAuthorizing,
  kSyncing,
  kReconciling,
  kLive,
  kDraining,
};
std::string_view name_of(SessionState state);  // "offline", "connecting", …

struct AccountInfo {
  core::ShortString<32> id;
  bool is_real = false;
  core::CurrencyCode currency;
  std::uint8_t decimals = core::Money::kCents;  // of its amounts
  core::Money balance;
};

/// Leaves the daemon with exit code 77.
enum class FatalKind : std::uint8_t {
  kTokenRefused,
  kMissingScope,
  kForbiddenScope,
  kAccountNotFound,
  kRealNotAllowed,
  kAppId,
  kCurrency,
};

/// Who owns the link is told of it by these. One at a time, on the loop thread.
class LinkEvents {
 public:
  virtual void on_http(int status, std::string_view body, const core::Now& now) = 0;
  virtual void on_http_failed(std::string_view reason, const core::Now& now) = 0;
  virtual void on_open(const core::Now& now) = 0;
  /// `capacity`: readable bytes from frame.data(), at least size + 64.
  virtual void on_frame(std::string_view frame, std::size_t capacity, const core::Now& now) = 0;
  /// `http_status`: 0, or the refusal of the upgrade.
  virtual void on_closed(int http_status, std::string_view reason, const core::Now& now) = 0;

 protected:
  ~LinkEvents() = default;
};

struct HttpCall {
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;  // hold the token
};

/// What the session asks of the shell. Calls return at once; answers come as events later.
class Wire {
 public:
  virtual void http(const HttpCall& call) = 0;    // → on_http or on_http_failed
  virtual void open(const std::string& url) = 0;  // → on_open or on_closed; may hold a password
  virtual void send(std::string_view frame) = 0;
  virtual void close() = 0;  // → on_closed
  /// Of everything that is opened from now on: whom to trust, and which proxy to go through.
  virtual void use(const VenueAddress& /*address*/) {}

 protected:
  ~Wire() = default;
};

/// Past ticks of one symbol, answer to ask_past().
struct PastTicks {
  market::SymbolCode symbol;
  core::VenueTime from, to;  // as asked
  std::uint8_t decimals = 0;
  /// Rising. What the venue gave: it may lie outside of what was asked for when that is too old.
  std::vector<market::TickRow> ticks;
  /// Rows of the answer that are no ticks, each left out alone, and the first of them in words.
  std::size_t refused = 0;
  std::string refusal;
};

/// Past candles of one symbol, answer to ask_candles(): whole ones, rising. The last one may still
/// grow.
struct PastCandles {
  market::SymbolCode symbol;
  std::int32_t seconds = 0;  // of a candle
  core::VenueTime from;      // as asked
  std::uint8_t decimals = 0;
  std::vector<market::CandleRow> candles;
};

struct Quote {
  core::OrderId order;
  core::ShortString<64> id;
  core::Money ask;
  core::Money payout;
  std::optional<core::Money> fee = {};  // of a deal cancellation
};

/// What the venue asks for a contract now; answer to ask_price().
struct PriceAnswer {
  std::int64_t number = 0;  // as asked
  core::Money ask;          // above 0
  core::Money payout;       // 0 for what pays its value
  std::optional<core::Decimal> spot = {};
  std::optional<core::VenueTime> spot_time = {};
  std::optional<core::VenueTime> start = {};     // when a contract bought at this price would start
  std::optional<core::Decimal> commission = {};  // of multipliers
  core::Text words = {};                         // the venue's description
  std::optional<core::Money> fee = {};           // of a deal cancellation; a part of the price
};

/// Told synchronously from inside Session's methods, commands such as buy() too. The listener may
/// call any command of the session from there, but no event method.
class SessionListener {
 public:
  /// `reason` is empty on the way up.
  virtual void on_state(SessionState state, std::string_view reason) = 0;
  virtual void on_account(const AccountInfo& account) = 0;
  virtual void on_tick(const market::Tick& tick, bool history) = 0;
  /// No tick of a streamed symbol came for a minute of a link that is there, told once; then that
  /// they come again. `pause`: since the last one, or since one is waited for.
  virtual void on_silence(const market::SymbolCode& /*symbol*/, bool /*silent*/,
                          core::Duration /*pause*/) {}
  /// The venue's list of symbols, on every new link.
  virtual void on_symbols(std::span<const market::ListedSymbol> /*list*/) {}
  /// What is offered on a symbol now: of SessionSettings::asks_market and of ask_offerings().
  virtual void on_offerings(const market::SymbolCode& /*symbol*/,
                            const market::Offerings& /*offerings*/) {}
  /// The venue will not say what is offered on the symbol.
  virtual void on_offerings_refused(const market::SymbolCode& /*symbol*/, std::string_view /*code*/,
                                    std::string_view /*why*/) {}
  /// When a symbol is open, at least to the end of tomorrow or, where it is closed then, until it
  /// opens, as far as a week goes.
  virtual void on_hours(const market::SymbolCode& /*symbol*/,
                        const market::TradingHours& /*hours*/) {}
  virtual void on_quote(const Quote& quote) = 0;
  virtual void on_quote_refused(core::OrderId order, const execution::Refusal& refusal) = 0;
  /// Each ask_price() is answered once by one of these. `code`: the venue's, or "NotSent",
  /// "NoAnswer", "LinkLost", "FrameRefused".
  virtual void on_price(const PriceAnswer& /*price*/) {}
  virtual void on_price_refused(std::int64_t /*number*/, std::string_view /*code*/,
                                std::string_view /*why*/) {}
  virtual void on_bought(core::OrderId order, const execution::Bought& bought) = 0;
  virtual void on_refused(core::OrderId order, const execution::Refusal& refusal) = 0;
  /// `answer`: the venue's error, where one came that proves nothing; nullptr: no answer came.
  virtual void on_unknown(core::OrderId order, std::string_view why,
                          const execution::Refusal* answer) = 0;
  virtual void on_contract(const execution::ContractReport& report, bool polled) = 0;
  virtual void on_transaction(const execution::TransactionReport& report) = 0;
  virtual void on_balance(core::Money balance) = 0;
  virtual void on_venue_report(const execution::VenueReport& report) = 0;
  /// A sold contract, answer to sell(), or a cancelled one, to cancel().
  virtual void on_sold(core::ContractId contract, core::Money price) = 0;
  virtual void on_sell_failed(core::ContractId contract, std::string_view code,
                              std::string_view message) = 0;
  /// Worth a journal entry: kFrameRefused, kRateLimited, kTickGap.
  virtual void on_notice(core::EventKind kind, std::string_view text) = 0;
  /// The verdict on replace_token(): taken, or refused and why; then the old one goes on.
  virtual void on_token_replaced(bool taken, std::string_view why) = 0;
  /// The verdict on change_venue(): taken, or refused and why; then the former address is in use
  /// again.
  virtual void on_venue_changed(bool /*taken*/, std::string_view /*why*/) {}
  /// The session has given up for good.
  virtual void on_fatal(FatalKind kind, std::string_view text) = 0;
  /// The venue's clock was seen (tick or time reply).
  virtual void on_venue_time(core::VenueTime time) = 0;
  /// Each ask_past() is answered once by one of these.
  virtual void on_past(const PastTicks&) {}
  virtual void on_past_refused(const market::SymbolCode&, core::VenueTime /*from*/,
                               core::VenueTime /*to*/, std::string_view /*why*/) {}
  /// Each ask_candles() is answered once by one of these.
  virtual void on_candles(const PastCandles&) {}
  virtual void on_candles_refused(const market::SymbolCode&, std::int32_t /*seconds*/,
                                  core::VenueTime /*from*/, std::string_view /*why*/) {}

 protected:
  ~SessionListener() = default;
};

struct SessionStats {
  std::uint64_t ticks = 0, frames = 0, frames_refused = 0, reconnects = 0, requests = 0;
  std::uint64_t quotes_refused = 0;  // each alone: 0 or less, or not in the symbol's decimals
  std::optional<core::Duration> last_buy_latency;
  /// From sending to the answer, whatever it says; what was never answered is not in it.
  core::Histogram<core::kNetworkWaits.size()> buy_latency{core::kNetworkWaits};
  core::Histogram<core::kNetworkWaits.size()> other_latency{core::kNetworkWaits};
};

/// Of one subscribed symbol.
struct TickAge {
  market::SymbolCode symbol;
  core::Duration age;  // since its last tick, or since one is waited for
  bool any = false;    // one has come
  /// The link is there, and by the symbol's rhythm a tick should have come.
  bool late = false;
};

class Session final : public LinkEvents {
 public:
  Session(SessionSettings settings, Wire& wire, SessionListener& listener, core::Rng& rng);
  ~Session();

  void start(const core::Now& now);
  /// Clean stop: closes the link once no answer to a buy is awaited; then kOffline, no reconnect.
  void stop(const core::Now& now);
  SessionState state() const;

  /// Symbols to stream from now on and after every reconnect. Each is fed `history` past ticks
  /// first.
  void set_symbols(std::vector<market::SymbolCode> symbols, std::size_t history,
                   const core::Now& now);
  /// The first history of a streamed symbol reaches back to `from`, where an earlier run of this
  /// program ended, as far as one answer of the venue can (5000 ticks).
  void want_ticks_from(std::string_view symbol, core::VenueTime from);
  /// The strategies among whom the calls for quotes and purchases are shared: none of them can use
  /// up what is left to the others (CallBudget).
  void set_buyers(std::vector<core::Name> buyers);
  void quote(core::OrderId order, const market::ContractSpec& spec, core::Money stake,
             const core::Now& now, const core::Name& buyer = {});
  /// What a contract costs now: by `amount`, which is the stake or, by its basis, the payout.
  /// Nobody buys it. It waits for what the strategies leave of the budget of calls, 10 s at most;
  /// at most 16 at a time (on_price_refused beyond, before this returns). `number`: the caller's.
  void ask_price(std::int64_t number, const market::ContractSpec& spec, core::Money amount,
                 const core::Now& now);
  /// Sent at most once, and answered exactly once: on_bought, on_refused or on_unknown. Not Live,
  /// or out of budget: on_refused with code "NotSent" (proven unsent), before this returns. An
  /// empty `quote_id` buys by parameters, with `max_price` as the stake. `buyer`: whose share of
  /// the budget it is.
  void buy(core::OrderId order, const market::ContractSpec& spec, core::Money max_price,
           std::string_view quote_id, const core::Now& now, const core::Name& buyer = {});
  /// At the market. on_sell_failed with code "NoAnswer", "LinkLost" or "FrameRefused" leaves the
  /// outcome open: the contract's own reports tell it.
  void sell(core::ContractId contract, const core::Now& now);
  /// By its deal cancellation. Answered as a sale is.
  void cancel(core::ContractId contract, const core::Now& now);
  /// Until its report says sold, again after each reconnect. At most 45 at a time; beyond that a
  /// notice, and polls must do.
  void watch(core::ContractId contract, const core::Now& now);
  void unwatch(core::ContractId contract, const core::Now& now);
  void poll(core::ContractId contract, const core::Now& now);
  /// Portfolio and profit table; in kReconciling and kLive, else ignored. Answered once by
  /// on_venue_report, whose as_of is the venue's clock before the portfolio was asked for; not at
  /// all when the link is lost first.
  void ask_report(core::VenueTime since, const core::Now& now);
  /// Past ticks of [from, to], at most kMaxHistory of them; asked for again after a lost link, and
  /// refused when the venue will not give them. At most 64 at a time (on_past_refused beyond).
  void ask_past(const market::SymbolCode& symbol, core::VenueTime from, core::VenueTime to,
                const core::Now& now);
  /// Past candles of a length that the venue keeps (market::kVenueCandles), from the one that
  /// begins at or after `from` to the one that grows now, at most market::kMostCandles of them.
  /// Asked for behind everything that trading needs, again after a lost link, and refused when the
  /// venue will not give them or gives what are none. At most 512 at a time (on_candles_refused
  /// beyond).
  void ask_candles(const market::SymbolCode& symbol, std::int32_t length, core::VenueTime from,
                   const core::Now& now);
  /// What is offered on a symbol, streamed or not, now and on each later link. Answered by
  /// on_offerings or on_offerings_refused.
  void ask_offerings(const market::SymbolCode& symbol, const core::Now& now);
  /// When these symbols are open, now and each day.
  void ask_hours(std::vector<market::SymbolCode> symbols, const core::Now& now);
  /// Nothing of what was asked by ask_past() is wanted any more; its answers are swallowed.
  void drop_past();
  /// The engine has digested the report: kReconciling → kLive.
  void reconciled(const core::Now& now);

  /// Goes over to another token of the same account: quotes and purchases are refused as "NotSent"
  /// until no answer to a buy or a sell is awaited, then the link is closed and opened with the new
  /// token; contracts, symbols and streams are kept. The verdict is on_token_replaced. A token that
  /// is refused, or whose account is another, is dropped and the old one goes on. False: not
  /// running, stopping, or another replacement is under way; then `token` is not taken.
  bool replace_token(core::Secret token, const core::Now& now);

  /// Goes over to another address of the same venue and the same account, in the manner of
  /// replace_token(), also while that is under way: then both are taken or neither. A later call
  /// replaces what is not proven yet. The verdict is on_venue_changed, "taken" once the listener
  /// has called reconciled(); until then the address is on trial: the session asks for the report,
  /// but follows no contract and no symbol, and tells no transaction, balance or time. An address
  /// that cannot be reached is tried for ever. False: not running, or stopping.
  bool change_venue(VenueAddress to, const core::Now& now);
  bool on_trial() const;
  /// What answers at the address on trial is not our venue: back to the former one.
  void refuse_venue(std::string_view why, const core::Now& now);

  // Link events.
  void on_http(int status, std::string_view body, const core::Now& now) override;
  void on_http_failed(std::string_view reason, const core::Now& now) override;
  void on_open(const core::Now& now) override;
  void on_frame(std::string_view frame, std::size_t capacity, const core::Now& now) override;
  void on_closed(int http_status, std::string_view reason, const core::Now& now) override;

  std::optional<core::Instant> next_deadline() const;
  void on_deadline(const core::Now& now);

  const SessionStats& stats() const;
  /// Of all subscribed symbols, in their order.
  std::vector<TickAge> tick_ages(const core::Now& now) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace derivd::deriv
