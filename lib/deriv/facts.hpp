// Owns Fact, one thing that the venue or the link to it told, as a variant of small structs, and
// SessionListener, which hears them. Session tells the facts of a live venue, paper mode those of
// its own; who listens takes them apart with std::visit. A fact owns nothing: it refers to what its
// teller holds during the call, so that telling one copies and allocates nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/currency.hpp"
#include "core/event.hpp"
#include "core/time.hpp"
#include "execution/own_limits.hpp"
#include "execution/refusal.hpp"
#include "execution/report.hpp"
#include "market/candle_row.hpp"
#include "market/symbols.hpp"
#include "market/tick.hpp"
#include "market/tick_source.hpp"

namespace derivd::deriv {

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

/// Past ticks of one symbol, answer to Session::ask_past().
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

/// Past candles of one symbol, answer to Session::ask_candles(): whole ones, rising. The last one
/// may still grow.
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

/// What the venue asks for a contract now; answer to Session::ask_price().
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

/// The alternatives of Fact. Each is valid during the call that tells it; who keeps one keeps a
/// copy of what it refers to.
namespace fact {

// ---- the session ----

struct State {
  SessionState state;
  std::string_view reason;  // empty on the way up
};
struct Account {
  const AccountInfo& account;
};
/// Worth a journal entry: kFrameRefused, kRateLimited, kTickGap.
struct Notice {
  core::EventKind kind;
  std::string_view text;
};
/// The verdict on Session::replace_token(): taken, or refused and why; then the old one goes on.
struct TokenReplaced {
  bool taken;
  std::string_view why;
};
/// The verdict on Session::change_venue(): taken, or refused and why; then the former address is
/// in use again.
struct VenueChanged {
  bool taken;
  std::string_view why;
};
/// The session has given up for good.
struct Fatal {
  FatalKind kind;
  std::string_view text;
};
/// What the holder of the account has limited it to, on every new link and once an hour. Only of a
/// real account of the v3 API: for others the venue does not tell it.
struct OwnLimits {
  const execution::OwnLimits& limits;
};
/// The venue's clock was seen (tick or time reply).
struct Clock {
  core::VenueTime time;
};

// ---- the market ----

struct Tick {
  const market::Tick& tick;
  bool history;  // of the past before a stream, or of a gap in it
};
/// No tick of a streamed symbol came for a minute of a link that is there, told once; then that
/// they come again.
struct Silence {
  const market::SymbolCode& symbol;
  bool silent;
  core::Duration pause;  // since the last one, or since one is waited for
};
/// The venue's list of symbols, on every new link.
struct Symbols {
  std::span<const market::ListedSymbol> list;
};
/// What is offered on a symbol now: of SessionSettings::asks_market and Session::ask_offerings().
struct Offerings {
  const market::SymbolCode& symbol;
  const market::Offerings& offerings;
};
/// The venue will not say what is offered on the symbol.
struct OfferingsRefused {
  const market::SymbolCode& symbol;
  std::string_view code;
  std::string_view why;
};
/// When a symbol is open, at least to the end of tomorrow or, where it is closed then, until it
/// opens, as far as a week goes.
struct Hours {
  const market::SymbolCode& symbol;
  const market::TradingHours& hours;
};
/// Each Session::ask_past() is answered once, by Past or PastRefused.
struct Past {
  const PastTicks& past;
};
struct PastRefused {
  const market::SymbolCode& symbol;
  core::VenueTime from, to;  // as asked
  std::string_view why;
};
/// Each Session::ask_candles() is answered once, by Candles or CandlesRefused.
struct Candles {
  const PastCandles& candles;
};
struct CandlesRefused {
  const market::SymbolCode& symbol;
  std::int32_t seconds;  // of a candle
  core::VenueTime from;  // as asked
  std::string_view why;
};
/// Each Session::ask_price() is answered once, by Price or PriceRefused.
struct Price {
  const PriceAnswer& price;
};
struct PriceRefused {
  std::int64_t number;    // as asked
  std::string_view code;  // the venue's, or "NotSent", "NoAnswer", "LinkLost", "FrameRefused"
  std::string_view why;
};

// ---- orders and contracts of the account ----

struct Quoted {
  const Quote& quote;
};
struct QuoteRefused {
  core::OrderId order;
  execution::Refusal refusal;
};
struct Bought {
  core::OrderId order;
  const execution::Bought& bought;
};
struct Refused {
  core::OrderId order;
  execution::Refusal refusal;
};
struct Unknown {
  core::OrderId order;
  std::string_view why;
  /// The venue's error, where one came that proves nothing; nullptr: no answer came.
  const execution::Refusal* answer;
};
struct Contract {
  const execution::ContractReport& report;
  bool polled;  // the answer to Session::poll()
};
/// The venue says that it knows no such contract, which is watched: told at each such answer, and
/// no proof of anything. Deriv forgets none; a simulator that was started anew has forgotten all.
struct NoContract {
  core::ContractId contract;
};
struct Transaction {
  const execution::TransactionReport& report;
};
struct Balance {
  core::Money balance;
};
struct Report {
  const execution::VenueReport& report;
};
/// A sold contract, answer to Session::sell(), or a cancelled one, to cancel().
struct Sold {
  core::ContractId contract;
  core::Money price;
};
struct SellFailed {
  core::ContractId contract;
  std::string_view code;
  std::string_view message;
};

}  // namespace fact

using Fact =
    std::variant<fact::State, fact::Account, fact::Notice, fact::TokenReplaced, fact::VenueChanged,
                 fact::Fatal, fact::OwnLimits, fact::Clock, fact::Tick, fact::Silence,
                 fact::Symbols, fact::Offerings, fact::OfferingsRefused, fact::Hours, fact::Past,
                 fact::PastRefused, fact::Candles, fact::CandlesRefused, fact::Price,
                 fact::PriceRefused, fact::Quoted, fact::QuoteRefused, fact::Bought, fact::Refused,
                 fact::Unknown, fact::Contract, fact::NoContract, fact::Transaction, fact::Balance,
                 fact::Report, fact::Sold, fact::SellFailed>;
static_assert(std::is_trivially_copy_constructible_v<Fact> &&
                  std::is_trivially_destructible_v<Fact> && sizeof(Fact) <= 64,
              "a fact refers to what is large, and owns nothing");

namespace fact {

template <class Of, class... Any>
inline constexpr bool is_one_of = (std::is_same_v<Of, Any> || ...);

/// Of the orders, contracts and money of an account: nothing that a public session can prove.
template <class Of>
inline constexpr bool is_of_account =
    is_one_of<Of, Quoted, QuoteRefused, Bought, Refused, Unknown, Contract, NoContract, Transaction,
              Balance, Report, Sold, SellFailed, TokenReplaced, OwnLimits>;

}  // namespace fact

/// Told synchronously from inside Session's methods, commands such as buy() too. The listener may
/// call any command of the session from there, but no event method.
class SessionListener {
 public:
  virtual void on_fact(const Fact& fact) = 0;

  /// on_fact() of one alternative.
  template <class Alternative>
  void tell(const Alternative& told) {
    on_fact(Fact(std::in_place_type<Alternative>, told));
  }

 protected:
  ~SessionListener() = default;
};

}  // namespace derivd::deriv
