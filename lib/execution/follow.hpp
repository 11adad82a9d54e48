// Owns Follower, our own eye on one open contract: it recomputes the contract from the ticks that
// we saw, and says when the venue must be asked because no witness has spoken. The engine keeps one
// for each open contract and feeds it every tick of its symbol. It never settles anything.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/time.hpp"
#include "execution/order.hpp"
#include "market/life.hpp"

namespace derivd::execution {

class Follower final {
 public:
  /// From the tick that ends the contract to the first poll: Deriv settles within 1-3 s and its
  /// streams do lose the last message; Deriv's own bot waits this long (v3-api.md section 2).
  static constexpr core::Duration kFirstPoll = std::chrono::milliseconds(1500);
  static constexpr core::Duration kLongestPoll = std::chrono::seconds(60);
  /// A symbol whose ticks stop: ask anyway, this long after the contract should have ended.
  static constexpr core::Duration kSilence = std::chrono::seconds(60);

  /// `opened`: when the purchase became known. `interval_s`: seconds between the symbol's ticks.
  Follower(const market::ContractSpec& spec, core::VenueTime start, std::int64_t interval_s,
           core::Instant opened);

  /// In epoch order, without holes unless lose_ticks() said so.
  void on_tick(const market::Tick& tick, core::Instant now);
  /// Ticks of the life are missing: no recomputation any more.
  void lose_ticks() { complete_ = false; }

  /// When the venue is to be asked next; empty before the end of the contract is near.
  std::optional<core::Instant> next_poll() const { return next_poll_; }
  /// The poll was sent: the next one comes after twice the time, bounded.
  void polled(core::Instant now);

  /// Our own result; empty while unknown, and for multipliers.
  bool decided() const;
  std::optional<market::Tick> entry() const;
  std::optional<market::Tick> exit() const;
  /// Compares a settled order with our own result: ticks, outcome, what was paid and the profit.
  /// Where ticks are missing, with what the order's own entry and exit make of it. Empty when they
  /// agree or we cannot tell.
  std::optional<std::string> disagreement(const Order& settled) const;
  /// Whether our own result may still come, from later ticks.
  bool may_decide() const { return complete_ && !decided(); }

 private:
  bool has_ended(core::VenueTime epoch) const;

  market::ContractSpec spec_;
  market::Life life_;
  core::VenueTime nominal_end_;
  bool complete_ = true;
  bool ended_ = false;
  std::optional<core::Instant> next_poll_;
  core::Duration wait_ = kFirstPoll;
};

}  // namespace derivd::execution
