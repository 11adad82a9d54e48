// Owns the rules by which a strategy leaves a contract before its end (`exit:`): the profit that is
// enough, the loss that is too much, the fall from the best value, the time. The configuration
// fills them; the engine asks with each value of an open contract. They never know the venue:
// whether it buys the contract back, and for how much, is what they are told.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/decimal.hpp"

namespace derivd::risk {

/// An amount of the account's currency, or a share of what the contract cost.
struct ExitLevel {
  std::optional<core::Money> amount;
  core::Decimal percent{};  // without an amount: 50 is half of the stake

  /// Whether `value` is at least this of a contract that cost `stake`; exact, nothing is rounded.
  bool reached(core::Money value, core::Money stake) const;
  std::string to_string() const;  // "0.50" or "50%"
  friend bool operator==(const ExitLevel&, const ExitLevel&) = default;
};

/// From the entry on: so many ticks after the entry tick, or so much of the venue's time.
struct ExitAfter {
  std::int64_t ticks = 0;  // 0: `time` says it
  std::chrono::seconds time{0};

  std::string to_string() const;  // "20t", "90s"
  friend bool operator==(const ExitAfter&, const ExitAfter&) = default;
};
inline constexpr std::int64_t kMaxExitTicks = 1'000'000;
inline constexpr std::chrono::seconds kMaxExitTime{365LL * 86'400};

/// What is known of an open contract at one moment.
struct ExitView {
  core::Money stake;               // what it cost
  std::optional<core::Money> bid;  // what the venue would pay for it now; empty: not known
  core::Money best;                // the highest bid since the entry, this one included
  std::int64_t ticks = 0;          // after the entry tick
  std::chrono::seconds age{0};     // since the entry tick, by the venue's clock
};

enum class ExitRule : std::uint8_t { kProfit, kLoss, kTrailing, kAfter };
std::string_view name_of(ExitRule rule);  // the key: "profit", …

struct ExitRules {
  std::optional<ExitLevel> profit;    // bid - stake is at least this
  std::optional<ExitLevel> loss;      // stake - bid is at least this
  std::optional<ExitLevel> trailing;  // the best bid since the entry - bid is at least this
  std::optional<ExitAfter> after;

  bool any() const { return profit || loss || trailing || after; }
  /// The first that holds, in the order above. Without a bid only `after` can.
  std::optional<ExitRule> held(const ExitView& view) const;
  friend bool operator==(const ExitRules&, const ExitRules&) = default;
};

/// The rule with its numbers, for people: "profit 0.52 of 0.50", "trailing 0.31 of 0.30 below
/// 1.60", "after 20t of 20t". The rule is set and holds (CHECK).
std::string words_of(ExitRule rule, const ExitRules& rules, const ExitView& view);

}  // namespace derivd::risk
