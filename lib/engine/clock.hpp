// Owns VenueClock and TradingDay: what the engine knows of the venue's time, and the trading day in
// which results are counted. The engine shows them every time that it sees; they never ask a clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/time.hpp"

namespace derivd::engine {

/// The longest interval between two ticks of a known symbol.
inline constexpr std::chrono::seconds kTickStep{2};

/// The venue's time as it was shown last, and a second figure for what must not be fooled by one
/// tick that is stamped ahead: it runs no faster than our own seconds. A venue that is faster for
/// good (a simulator) is believed after some ticks.
///
/// Invariant: steady() is never later than shown(). Neither ever goes back.
class VenueClock final {
 public:
  /// `at`: when it was seen. True: it is later than what was known.
  bool show(core::VenueTime time, core::Instant at);
  /// A time that the venue answered itself, by which steady() may catch up.
  void prove(core::VenueTime time);

  /// Zero before anything was shown.
  core::VenueTime shown() const { return time_; }
  core::VenueTime steady() const { return steady_; }

 private:
  void bound(core::VenueTime time, core::Instant at);

  core::VenueTime time_;
  core::Instant shown_at_;
  core::VenueTime steady_;
  int ahead_ = 0;  // times in a row that it was shown beyond what our seconds allow
};

/// The number of the trading day (risk::day_of), which only grows.
class TradingDay final {
 public:
  enum class Turn : std::uint8_t {
    kSame,   // the day that was known, or none can be told yet
    kFirst,  // the first that is known at all
    kNext,   // a new one has begun
  };

  /// Days begin `starts` after midnight (UTC); it may change between two calls.
  Turn roll(core::VenueTime time, std::chrono::seconds starts) {
    return time < ends_ && starts == ends_by_ ? Turn::kSame : look_up(time, starts);
  }
  /// As an earlier run left it; an earlier day than the known one changes nothing.
  void restore(std::int64_t day);

  bool is_known() const { return day_.has_value(); }
  /// Of a known one (CHECK).
  std::int64_t number() const;
  /// Whether what happened at this time counts today. Before a day is known, everything does.
  bool has(core::VenueTime time, std::chrono::seconds starts) const;

 private:
  Turn look_up(core::VenueTime time, std::chrono::seconds starts);

  std::optional<std::int64_t> day_;
  // No other day can begin before `ends_`, while days start at `ends_by_`.
  core::VenueTime ends_;
  std::chrono::seconds ends_by_{0};
};

}  // namespace derivd::engine
