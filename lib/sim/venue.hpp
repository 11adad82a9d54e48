// Owns the simulated venue: the time that all of its parts are told, and the way of a request, of a
// second and of a tick through them. The server (and any test) hands it requests, frames and the
// time, and performs the actions it answers with; all on one thread. It never touches a socket, a
// clock or a file.
//
// Its parts, each with state of its own and with what it needs from the others handed in:
//   Markets      quotes, what is listed and open, closures ordered by faults
//   Contracts    the book, what is shown of each contract, the queue of payments
//   Accounts     tokens, balances, statements, with the ledger of both
//   OneTimePasswords, Rest   who may open which socket
//   Connections  sockets, each with its Streams and Proposals, and how faults misuse them
//   Publisher    what streams are told, and in which order
//   OrderReader, Pricer   what an order says and what it costs; no state
//   MarketCalls, AccountCalls, TradeCalls   the answers
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/currency.hpp"
#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/time.hpp"
#include "sim/account_calls.hpp"
#include "sim/accounts.hpp"
#include "sim/calls.hpp"
#include "sim/connections.hpp"
#include "sim/contracts.hpp"
#include "sim/draw.hpp"
#include "sim/faults.hpp"
#include "sim/ledger.hpp"
#include "sim/market_calls.hpp"
#include "sim/markets.hpp"
#include "sim/order_reader.hpp"
#include "sim/otps.hpp"
#include "sim/own_limits.hpp"
#include "sim/pricer.hpp"
#include "sim/publisher.hpp"
#include "sim/request.hpp"
#include "sim/rest.hpp"
#include "sim/rules.hpp"
#include "sim/site_status.hpp"
#include "sim/terms.hpp"
#include "sim/trade_calls.hpp"
#include "sim/transcript.hpp"
#include "venue/book.hpp"

namespace derivd::sim {

inline constexpr std::size_t kMaxRequest = 64U << 10U;  // bytes of a frame

class Venue final {
 public:
  struct Options {
    std::uint64_t seed = 1;
    core::VenueTime start;
    std::vector<TokenSpec> tokens;
    std::vector<std::string> app_ids;                     // empty: any
    core::Money balance = core::Money::minor(10'000'00);  // of every account
    core::CurrencyCode currency = "USD";                  // in whose decimals that is
    bool gbm = true;
    std::vector<ReplaySource> replays;
    std::vector<Listing> listings = {};
    market::PriceModel prices;
    bool rate_limits = true;
    OwnLimits own_limits = {};  // of the real accounts
    VenueRules rules = {};      // in what it differs from other simulators
    Ledger::Sink ledger;
    bool ledger_ticks = false;
    /// Of everything that passes; may be empty.
    Transcript::Sink record;
  };
  explicit Venue(Options options);
  ~Venue();
  Venue(const Venue&) = delete;  // its parts know each other's places
  Venue& operator=(const Venue&) = delete;

  /// "wss://127.0.0.1:PORT", for the URLs that come with one-time passwords.
  void set_base(std::string wss_base) { rest_.set_base(std::move(wss_base)); }

  HttpAnswer on_request(const HttpCall& call, core::Now now);
  /// 101, or what to answer instead.
  HttpAnswer on_upgrade(const HttpCall& call, core::Now now);
  void on_connected(ConnId id, std::string_view target, core::Now now);
  void on_frame(ConnId id, std::string_view frame, core::Now now);
  void on_gone(ConnId id);

  /// Moves venue time to `now.venue`, second by second: ticks, settlements, streams.
  void advance(core::Now now);
  core::VenueTime time() const { return now_.venue; }

  /// What has to be done since the last call, in order.
  std::vector<Action> take_actions() { return connections_.take_actions(); }

  Faults& faults() { return faults_; }
  /// {"time":…,"connections":…,"accounts":[…],"rules":[…]}
  std::string status() const;
  std::size_t connections() const { return connections_.size(); }
  std::size_t streams() const { return connections_.streams(); }  // of all connections
  /// Removes the rules and what they left behind: closed markets, maintenance, mute connections.
  void clear_faults();
  /// Nothing more will come: every feed has ended and nothing waits to be paid.
  bool exhausted() const;

  /// For tests and the ledger's check.
  const venue::Book& book() const { return contracts_.book(); }
  const Feed& feed() const { return markets_.feed(); }
  core::Money balance_of(std::string_view account) const;

 private:
  void step();
  void publish(std::size_t symbol, const Markets::Published& published);
  void show_over(const std::vector<core::ContractId>& ids);

  // dispatch.cpp: from a frame to the call that answers it
  void handle(Connection& c, const Json& request);
  static std::optional<WireError> entry_check(const Connection& c, const CallInfo& info);
  bool act_on(Request& r);  // faults that prevent acting; false: done with it
  void answer(Request& r);
  void refuse_raw(Connection& c, const Envelope& e, std::string_view msg_type,
                  const WireError& error);

  // Each knows only some of those before it.
  Terms terms_;
  Faults faults_;
  Ledger ledger_;
  Ids ids_;
  Markets markets_;
  Contracts contracts_;
  Accounts accounts_;
  OneTimePasswords otps_;
  Transcript transcript_;
  Connections connections_;
  SiteStatus site_;
  Pricer pricer_;
  OrderReader orders_;
  Publisher publisher_;
  MarketCalls market_calls_;
  AccountCalls account_calls_;
  TradeCalls trade_calls_;
  Rest rest_;
  core::Now now_;
};

}  // namespace derivd::sim
