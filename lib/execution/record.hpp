// Owns the journal's records: what must be on disk before its effect happens, and what is read back
// at start. The engine emits them in its actions, store/ keeps them. It never touches a disk.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/short_string.hpp"
#include "core/time.hpp"
#include "execution/order.hpp"

namespace derivd::execution {

/// What a record survives, once it is appended: a crash of the process, or one of the machine too.
enum class Durability : std::uint8_t { kProcess, kPower };

/// The whole order after a change. The first record of an id is its intent.
struct OrderRecord {
  Order order;
};

/// A latched stop of one strategy (name) or of the whole account (empty name).
struct HaltRecord {
  core::Name strategy;
  bool halted = true;          // false: cleared by an explicit command
  core::ShortString<32> kind;  // "take_profit", "stop_loss", "ambiguous", "operator"
  core::Text reason;
  core::WallTime wall;
  core::VenueTime venue;
};

/// What a strategy must remember over a restart.
struct StrategyRecord {
  core::Name strategy;
  std::int64_t session = 1;  // number of the strategy's session
  core::Money realised;      // of this session
  core::Money peak;          // of this session, at least 0
  std::string counters;      // Strategy::save()
  std::string staking;       // StakePlan::save()
  std::string guards;        // cool-downs and rolling windows
};

/// Account-wide day totals.
struct DayRecord {
  std::int64_t day = 0;  // number of the trading day: (venue s − day_starts) / 86400
  core::Money settled_profit;
  std::int64_t trades = 0;
};

struct BalanceRecord {
  core::WallTime wall;
  core::VenueTime venue;
  core::Money balance;
  core::ShortString<32> account;
  core::ShortString<8> currency;
};

/// A session with the venue began or ended.
struct SessionRecord {
  core::WallTime wall;
  core::ShortString<32> account;
  core::ShortString<24> state;
  core::Text reason;
};

/// A key of the configuration that a reload changed. Never holds a secret: the token is no key.
struct ConfigRecord {
  core::WallTime wall;
  core::VenueTime venue;
  std::string key;              // "limits.max_stake", "strategies[parity].staking.base"
  std::string before;           // empty: the strategy was added
  std::string after;            // empty: the strategy was removed
  core::ShortString<16> taken;  // "live", "when flat", "reconnect"
};

using Record = std::variant<OrderRecord, HaltRecord, StrategyRecord, DayRecord, BalanceRecord,
                            SessionRecord, ConfigRecord>;

/// What the journal gives back at start.
struct Snapshot {
  std::vector<Order> open_orders;          // every order that is not final, by id
  std::vector<HaltRecord> halts;           // in force
  std::vector<StrategyRecord> strategies;  // latest of each
  std::optional<DayRecord> day;            // latest
  core::OrderId last_order;                // highest id ever given
  /// Contracts of ours of late, and all that were bought since an order whose outcome is not known
  /// was sent: such an order is none of them. In any order, some of them twice.
  std::vector<core::ContractId> claims;
};

}  // namespace derivd::execution
