// Owns ExitWatch: what the rules of `exit:` look at of one open contract, counted from its ticks
// and from what the venue says of its value. The engine keeps one for each contract that may be
// left early. It never decides.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/decimal.hpp"
#include "core/time.hpp"
#include "engine/feed.hpp"

namespace derivd::engine {

/// Between two attempts at a sale that the venue refuses, of its time. It refuses at an entry tick,
/// close to the end, and while it has no price: what passes is found soon, and what stays costs one
/// call a minute.
inline constexpr std::chrono::seconds kFirstSaleWait{1};
inline constexpr std::chrono::seconds kLongestSaleWait{60};

class ExitWatch final {
 public:
  explicit ExitWatch(core::VenueTime purchase_time) : purchase_time_(purchase_time) {}

  /// A tick of its symbol; those of before the purchase, and those that were counted, change
  /// nothing.
  void count(core::VenueTime epoch);
  /// The tick at which it began. After a restart more ticks may have come from the venue's past
  /// than `feed` remembers (nullptr: there is none): then all that were seen count, but for the
  /// entry itself.
  void enter(core::VenueTime entry, const Feed* feed);
  /// The venue's latest word of it.
  void value(bool can_sell, bool can_cancel) {
    can_sell_ = can_sell;
    can_cancel_ = can_cancel;
  }
  void bid(core::Money bid) { bid_ = bid; }
  /// Its sale was refused at this time of the venue: it is not asked for again at once.
  void refuse(core::VenueTime at);

  const std::optional<core::VenueTime>& entry() const { return entry_; }
  /// After the entry tick.
  std::int64_t ticks() const { return ticks_; }
  const std::optional<core::Money>& bid() const { return bid_; }
  bool can_sell() const { return can_sell_; }
  bool can_cancel() const { return can_cancel_; }
  std::int64_t refusals() const { return refusals_; }
  bool waits(core::VenueTime at) const { return at < not_before_; }

 private:
  core::VenueTime purchase_time_;
  std::optional<core::VenueTime> entry_;
  core::VenueTime first_, counted_;  // of the ticks since its purchase that were seen
  std::int64_t seen_ = 0;            // those ticks
  std::int64_t ticks_ = 0;
  std::optional<core::Money> bid_;
  bool can_sell_ = false;
  bool can_cancel_ = false;
  std::int64_t refusals_ = 0;
  core::VenueTime not_before_;
};

}  // namespace derivd::engine
