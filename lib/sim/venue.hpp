// Owns the simulated venue: accounts, one-time passwords, connections, their streams and every call
// of both dialects, over the contract book. The server (and any test) hands it requests, frames and
// the time, and performs the actions it answers with; all on one thread. It never touches a socket,
// a clock or a file.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/currency.hpp"
#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/result.hpp"
#include "core/rng.hpp"
#include "core/time.hpp"
#include "sim/accounts.hpp"
#include "sim/calls.hpp"
#include "sim/connections.hpp"
#include "sim/contracts.hpp"
#include "sim/draw.hpp"
#include "sim/faults.hpp"
#include "sim/ledger.hpp"
#include "sim/limits.hpp"
#include "sim/markets.hpp"
#include "sim/order_reader.hpp"
#include "sim/otps.hpp"
#include "sim/pricer.hpp"
#include "sim/request.hpp"
#include "sim/rules.hpp"
#include "sim/terms.hpp"
#include "sim/transcript.hpp"
#include "sim/wire.hpp"
#include "venue/book.hpp"

namespace derivd::sim {

struct HttpCall {
  std::string method;
  std::string target;
  std::string authorization;  // header, "" when absent
  std::string app_id;         // header deriv-app-id, "" when absent
  std::string host = {};      // header host: by which name the client reaches us, or a proxy
};
struct HttpAnswer {
  int status = 200;
  std::string body = {};
};

inline constexpr std::size_t kMaxRequest = 64U << 10U;  // bytes of a frame
inline constexpr std::int64_t kHistoryCap = 5'000;      // ticks_history count

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
    VenueRules rules = {};  // in what it differs from other simulators
    Ledger::Sink ledger;
    bool ledger_ticks = false;
    /// {"dir":…,"dialect":…,"conn":…,"frame":…} of everything, tokens replaced. May be empty.
    std::function<void(std::string_view line)> record;
  };
  explicit Venue(Options options);
  ~Venue();

  /// "wss://127.0.0.1:PORT", for the URLs that come with one-time passwords.
  void set_base(std::string wss_base) { base_ = std::move(wss_base); }

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
  using Handler = void (Venue::*)(Request&);

  // venue.cpp: time, connections, output
  void step();
  void publish(std::size_t symbol, const Markets::Published& published);
  void stream_quotes(std::size_t symbol, const market::Tick& tick);
  void stream_values(std::size_t symbol, const market::Tick& tick);
  void stream_proposal(Connection& c, Stream& s);
  void show_over(const std::vector<core::ContractId>& ids);
  void settle_due();
  void refuse_raw(Connection& c, const Envelope& e, std::string_view msg_type,
                  const WireError& error);

  // dispatch.cpp: from a frame to a handler
  void handle(Connection& c, const Json& request);
  static std::optional<WireError> entry_check(const Connection& c, const CallInfo& info);
  bool act_on(Request& r);  // faults that prevent acting; false: done with it
  static Handler handler_of(Call call);

  // market_calls.cpp
  void ping(Request& r);
  void time_call(Request& r);
  void ticks(Request& r);
  void ticks_history(Request& r);
  void active_symbols(Request& r);
  void contracts_for(Request& r);
  void contracts_list(Request& r);
  void trading_times(Request& r);
  void website_status(Request& r);
  void payout_currencies(Request& r);
  void forget(Request& r);
  void forget_all(Request& r);
  std::vector<Point> points_between(std::size_t symbol, std::int64_t start, std::int64_t end) const;
  std::string candles_payload(std::size_t symbol, std::int64_t start, std::int64_t end,
                              std::size_t count, std::int64_t granularity);
  std::string history_payload(std::size_t symbol, std::int64_t start, std::int64_t end,
                              std::size_t count, const std::vector<Fault>& faults) const;
  std::string website_status_payload() const;
  std::string tick_payload(const market::Tick& tick, std::string_view id) const;
  std::string ohlc_payload(std::size_t symbol, std::int64_t granularity, const market::Tick& tick,
                           std::string_view id) const;

  // trade_calls.cpp
  void proposal(Request& r);
  void buy(Request& r);
  void sell(Request& r);
  void cancel(Request& r);
  void contract_update(Request& r);
  void contract_update_history(Request& r);
  void sell_expired(Request& r);
  void buy_parameters(Request& r, core::Decimal limit);
  void buy_proposal(Request& r, std::string_view id, core::Decimal limit);
  void execute(Request& r, const Order& order, const venue::Quote& quote);
  Deal& keep_deal(const Request& r, const Order& order, const venue::Contract& contract);
  void announce_buy(Request& r, Deal& deal, const venue::Contract& contract);
  void announce_payment(Account& a, Deal& deal, const venue::Contract& contract);
  void push_transaction(Account& a, const Deal& deal, const venue::Contract& contract,
                        std::string_view action);
  void push_balance(Account& a);
  void refuse_buy(Request& r, const WireError& error, const Order* order);

  // account_calls.cpp
  void authorize(Request& r);
  void logout(Request& r);
  void balance(Request& r);
  void transaction(Request& r);
  void portfolio(Request& r);
  void profit_table(Request& r);
  void statement(Request& r);
  void open_contract(Request& r);
  void topup_virtual(Request& r);
  std::string balance_payload(const Account& a, std::string_view id, bool all) const;
  std::string contract_payload(const Deal& deal, std::string_view stream_id) const;
  void push_contract(Connection& c, Stream& s, const Deal& deal);
  void push_contract_everywhere(const Deal& deal);
  void credit(Account& a, core::Money amount);

  // rest.cpp
  HttpAnswer rest_answer(const HttpCall& call);
  HttpAnswer upgrade_answer(const HttpCall& call);
  HttpAnswer rest_error(const HttpCall& call, int status, std::string_view code,
                        std::string_view message) const;
  HttpAnswer accounts_list(const HttpCall& call, Account& a);
  HttpAnswer issue_otp(const HttpCall& call, Grant& grant, bool broken);
  HttpAnswer reset_balance(const HttpCall& call, Account& a);
  HttpAnswer nickname(const HttpCall& call) const;
  bool known_app(std::string_view app_id) const;

  Options options_;
  Terms terms_;
  std::string base_ = "wss://127.0.0.1";
  core::Now now_;
  Faults faults_;
  Markets markets_;
  Contracts contracts_;
  Ledger ledger_;
  Ids ids_;
  core::Rng order_;  // of messages that have no fixed order
  Accounts accounts_;
  Pricer pricer_;
  OrderReader orders_;
  OneTimePasswords otps_;
  Transcript transcript_;
  Connections connections_;
  RateWindow rest_address_ = rest_address_limit();
  bool maintenance_ = false;
  std::string maintenance_text_;
};

}  // namespace derivd::sim
