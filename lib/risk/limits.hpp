// Owns the settings of every limit: the account's, a strategy session's, and the guards. The
// configuration fills them, the gate enforces them. It never decides.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/decimal.hpp"
#include "core/time.hpp"
#include "core/time_zone.hpp"

namespace derivd::risk {

/// Whole account; an empty limit does not limit.
struct AccountLimits {
  std::optional<core::Money> max_stake;
  std::optional<std::int64_t> max_open_contracts;
  std::optional<core::Money> max_open_stake;
  std::optional<core::Money> daily_loss;
  std::optional<core::Money> daily_profit;
  std::optional<std::int64_t> max_trades_per_day;
  std::optional<core::Money> min_balance;
  std::chrono::seconds day_starts{0};  // after 00:00 UTC, less than a day
  // Not configured, but set by the account's holder at the venue.
  bool holders_open = false;  // max_open_contracts is theirs
  bool holders_loss = false;  // daily_loss is
  std::optional<core::VenueTime> excluded_until = {};
};

enum class Resume : std::uint8_t { kContinue, kReset };

struct SessionLimits {
  std::optional<core::Money> take_profit;
  std::optional<core::Money> stop_loss;
  bool trailing = false;
  Resume resume = Resume::kContinue;
};

/// Weekdays (bit 0: Monday) and a window in seconds after 00:00, as the clocks of the zone show
/// them; end may be 86400. A window whose end is not after its begin runs over midnight, and
/// belongs to the day on which it begins.
struct Hours {
  std::uint8_t weekdays = 0x7f;
  std::int32_t begin_s = 0;
  std::int32_t end_s = 86400;
  std::shared_ptr<const core::TimeZone> zone = {};  // null: UTC
};

struct AfterLosses {
  std::int64_t count = 0;
  std::chrono::seconds pause{0};
};

/// A session that falls so far below its best pauses.
struct Drawdown {
  core::Money amount;
  std::chrono::seconds pause{0};
};

/// Bounds of the market's volatility, in percent, over so many returns from tick to tick; at least
/// one of them is set.
struct VolatilityBounds {
  std::int64_t ticks = 0;
  std::optional<core::Decimal> min;
  std::optional<core::Decimal> max;
};

struct Guards {
  std::int64_t max_open = 1;
  std::chrono::seconds cooldown{0};  // from settlement; over after it
  std::optional<AfterLosses> after_losses;
  std::optional<Drawdown> drawdown;
  std::optional<std::int64_t> max_trades_per_hour;  // rolling
  std::optional<core::Decimal> min_payout_ratio;    // (payout − stake) / stake
  std::vector<Hours> hours;                         // empty: always
  std::optional<VolatilityBounds> volatility;
};

}  // namespace derivd::risk
