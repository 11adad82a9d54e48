// Owns AccountBalance and ReportAsks: what the engine believes of the account's money, and when it
// asks the venue for its books (AskReport). Both are told of each event that concerns them and know
// nothing of orders; whether something is open or unknown is passed in.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "core/ids.hpp"
#include "core/time.hpp"
#include "execution/order.hpp"
#include "risk/balance.hpp"

namespace derivd::engine {

/// From the first to the longest pause between two questions about orders of unknown outcome. The
/// first is also the least between any two of them, whatever happens.
inline constexpr core::Duration kFirstAsk = std::chrono::seconds(2);
inline constexpr core::Duration kLongestAsk = std::chrono::seconds(30);
/// So long after the last event of ours no balance from before it is on its way any more.
inline constexpr core::Duration kQuiet = std::chrono::seconds(5);
/// Between two questions whether money came in, while min_balance forbids what the venue's latest
/// figure would allow.
inline constexpr core::Duration kBalanceAsk = std::chrono::seconds(30);

/// The balance, anchored at figures of the venue from moments at which nothing of ours moved.
class AccountBalance final {
 public:
  /// The venue's figure is the account's. `clock`: the venue's time; `at_risk`: our orders then,
  /// whose results may be in the figure already.
  void anchor(core::Money known, core::VenueTime clock, std::set<core::OrderId> at_risk);
  /// A figure of a stream, which may be stale by a message.
  void show(core::Money known) { known_.show(known); }
  void bought(core::Money price, std::optional<core::Money> balance_after, core::Instant now);
  void settled(const execution::Order& order, core::Instant now);
  /// Something of ours moves, or will: figures that were asked for before are not the account's.
  void moves(core::Instant now);

  /// None of ours is in flight (`in_flight`: how many are), and no figure from before the last
  /// event is on its way.
  bool is_quiet(std::size_t in_flight, core::Instant now) const;
  /// The venue's books are asked for now; `quiet` as is_quiet() says.
  void asked(bool quiet);
  /// Nothing of ours moved since a quiet moment at which they were asked for.
  bool is_undisturbed() const { return events_at_ask_ == events_; }

  /// A found order's stake may be in the venue's latest figure already: the balance is wanted once
  /// more, from a quiet moment. asked() in one fulfils it.
  void want_again() { wants_again_ = true; }
  bool wants_again() const { return wants_again_; }
  /// When a quiet moment may come, at the earliest.
  core::Instant quiet_from(std::size_t in_flight, core::Instant now) const;

  /// A deposit may have come in that the floor does not know of: true once every kBalanceAsk.
  bool looks_for_deposit(core::Instant now);

  /// See risk::KnownBalance.
  std::optional<core::Money> floor() const { return known_.floor(); }
  std::optional<core::Money> shown() const { return known_.shown(); }

 private:
  risk::KnownBalance known_;
  core::VenueTime anchored_at_;
  std::set<core::OrderId> at_anchor_;
  std::int64_t events_ = 0;  // of ours that move the balance
  core::Instant last_event_;
  std::optional<std::int64_t> events_at_ask_;  // empty: something of ours was moving
  std::optional<core::Instant> deposit_asked_;
  bool wants_again_ = false;
};

/// When the venue's books are asked for: one report answers for all orders of unknown outcome.
class ReportAsks final {
 public:
  /// A new link, which begins with a question: the pauses begin anew.
  void link() { wait_ = kFirstAsk; }
  void lose_link() { next_.reset(); }
  /// Something new asks for evidence. True: ask at once; else it is asked for in a moment, because
  /// the venue was asked just now.
  bool want(core::Instant now);
  /// It is asked for now. While something `open` (an unknown outcome) stays, again after growing
  /// pauses; else where `again` is set, then.
  void asked(core::Instant now, bool open, std::optional<core::Duration> again);
  /// It is wanted then, unless it is sooner.
  void want_by(core::Instant at) {
    if (!next_) next_ = at;
  }
  void put_off(core::Instant until) { next_ = until; }
  /// True, once: its time has come.
  bool take_due(core::Instant now);
  std::optional<core::Instant> next() const { return next_; }

 private:
  std::optional<core::Instant> asked_at_;
  std::optional<core::Instant> next_;
  core::Duration wait_ = kFirstAsk;
};

}  // namespace derivd::engine
