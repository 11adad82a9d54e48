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

#include "core/rng.hpp"
#include "core/secret.hpp"
#include "core/time.hpp"
#include "deriv/anticipation.hpp"
#include "deriv/facts.hpp"
#include "deriv/settings.hpp"
#include "deriv/stats.hpp"
#include "deriv/wire.hpp"
#include "execution/port.hpp"
#include "market/spec.hpp"

namespace derivd::deriv {

class Session final : public LinkEvents, public execution::Port {
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
             const core::Now& now, const core::Name& buyer = {}) override;
  /// What a contract costs now: by `amount`, which is the stake or, by its basis, the payout.
  /// Nobody buys it. It waits for what the strategies leave of the budget of calls, 10 s at most;
  /// at most 16 at a time (fact::PriceRefused beyond, before this returns). `number`: the caller's.
  void ask_price(std::int64_t number, const market::ContractSpec& spec, core::Money amount,
                 const core::Now& now);
  /// Sent at most once, and answered exactly once: fact::Bought, Refused or Unknown. Not Live,
  /// or out of budget: Refused with code "NotSent" (proven unsent), before this returns. An
  /// empty `quote_id` buys by parameters, with `max_price` as the stake. `buyer`: whose share of
  /// the budget it is.
  void buy(core::OrderId order, const market::ContractSpec& spec, core::Money max_price,
           std::string_view quote_id, const core::Now& now, const core::Name& buyer = {}) override;
  /// At the market. fact::SellFailed with code "NoAnswer", "LinkLost" or "FrameRefused" leaves the
  /// outcome open: the contract's own reports tell it.
  void sell(core::ContractId contract, const core::Now& now) override;
  /// By its deal cancellation. Answered as a sale is.
  void cancel(core::ContractId contract, const core::Now& now) override;
  /// Until its report says sold, again after each reconnect. At most 45 at a time; beyond that a
  /// notice, and polls must do.
  void watch(core::ContractId contract, const core::Now& now) override;
  void unwatch(core::ContractId contract, const core::Now& now) override;
  void poll(core::ContractId contract, const core::Now& now) override;
  /// Portfolio and profit table; in kReconciling and kLive, else ignored. Answered once by
  /// fact::Report, whose as_of is the venue's clock before the portfolio was asked for; not at
  /// all when the link is lost first.
  void ask_report(core::VenueTime since, const core::Now& now) override;
  /// Past ticks of [from, to], at most kMaxHistory of them; asked for again after a lost link, and
  /// refused when the venue will not give them. At most 64 at a time (fact::PastRefused beyond).
  void ask_past(const market::SymbolCode& symbol, core::VenueTime from, core::VenueTime to,
                const core::Now& now);
  /// Past candles of a length that the venue keeps (market::kVenueCandles), from the one that
  /// begins at or after `from` to the one that grows now, at most market::kMostCandles of them.
  /// Asked for behind everything that trading needs, again after a lost link, and refused when the
  /// venue will not give them or gives what are none. At most 512 at a time (fact::CandlesRefused
  /// beyond).
  void ask_candles(const market::SymbolCode& symbol, std::int32_t length, core::VenueTime from,
                   const core::Now& now);
  /// What is offered on a symbol, streamed or not, now and on each later link. Answered by
  /// fact::Offerings or OfferingsRefused.
  void ask_offerings(const market::SymbolCode& symbol, const core::Now& now);
  /// When these symbols are open, now and each day.
  void ask_hours(std::vector<market::SymbolCode> symbols, const core::Now& now);
  /// Nothing of what was asked by ask_past() is wanted any more; its answers are swallowed.
  void drop_past();
  /// The engine has digested the report: kReconciling → kLive.
  void reconciled(const core::Now& now);

  /// Goes over to another token of the same account: quotes and purchases are refused as "NotSent"
  /// until no answer to a buy or a sell is awaited, then the link is closed and opened with the new
  /// token; contracts, symbols and streams are kept. The verdict is fact::TokenReplaced. A token
  /// that is refused, or whose account is another, is dropped and the old one goes on. False: not
  /// running, stopping, or another replacement is under way; then `token` is not taken.
  bool replace_token(core::Secret token, const core::Now& now);
  /// Whether it is the token that is in use: then there is nothing to go over to.
  bool uses(const core::Secret& token) const;

  /// Goes over to another address of the same venue and the same account, in the manner of
  /// replace_token(), also while that is under way: then both are taken or neither. A later call
  /// replaces what is not proven yet. The verdict is fact::VenueChanged, "taken" once the listener
  /// has called reconciled(); until then the address is on trial: the session asks for the report,
  /// but follows no contract and no symbol, and tells no transaction, balance, time or own limits.
  /// An address that cannot be reached is tried for ever. False: not running, or stopping.
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

  /// The ticks of these symbols are foreseen from now on, each for `window` before and after it;
  /// zero: none is.
  void anticipate(core::Duration window, std::vector<market::SymbolCode> symbols);
  /// When a tick is to be expected; empty: none is foreseen. Changes with each tick.
  std::optional<Anticipation::Window> foreseen(core::Instant now) const;
  /// Reads and writes once more what a tick and a purchase were, without any effect.
  void rehearse();

  const SessionStats& stats() const;
  /// Of all subscribed symbols, in their order.
  std::vector<TickAge> tick_ages(const core::Now& now) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace derivd::deriv
