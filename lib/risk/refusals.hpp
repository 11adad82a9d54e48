// Owns what a strategy learns from the venue's refusals in a row: how long it waits before it asks
// again, and when it has asked often enough. The engine tells it refusals and purchases, the gate
// asks it at a signal. Venue time, so that a restart and a replay wait as the first run did.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/time.hpp"

namespace derivd::risk {

/// The first wait lets the next tick of any index pass: a price that moved costs nothing.
inline constexpr std::chrono::seconds kFirstRefusalWait{1};
/// A market that opens is found within this.
inline constexpr std::chrono::seconds kLongestRefusalWait{120};
/// With the waits between them ten refusals take at least six minutes: long enough for what passes
/// by itself, and few enough that nobody has to be told why an account was throttled.
inline constexpr std::int64_t kMaxStrikes = 10;
/// People are told that a strategy waits once this many were refused in a row.
inline constexpr std::int64_t kToldRefusals = 3;

struct Refusals {
  std::int64_t total = 0;    // of this session, for people
  std::int64_t row = 0;      // since the last purchase
  std::int64_t strikes = 0;  // of those in a row, the ones that end in a halt
  std::optional<core::VenueTime> until;
  bool told = false;

  /// `strike`: not passing by itself, as far as the venue's code tells.
  void count(bool strike, core::VenueTime now);
  /// An answer to something that was asked for before the last refusal came: of the same burst.
  void count_again() { ++total; }
  /// The venue sold a contract, or an operator or a changed configuration begins anew.
  void end();
  bool spent() const { return strikes >= kMaxStrikes; }
  /// When it may be asked again; empty: now. A time further away than any wait is of a clock that
  /// went back, and void.
  std::optional<core::VenueTime> waiting(core::VenueTime now) const;
  friend bool operator==(const Refusals&, const Refusals&) = default;
};

}  // namespace derivd::risk
