// Owns the settings of a stake plan. The configuration fills it, plans read it. It never computes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/decimal.hpp"

namespace derivd::staking {

enum class OnCap : std::uint8_t { kRestart, kHold };
/// The result that walks a table on.
enum class Advance : std::uint8_t { kLoss, kWin };
/// Entries of a table: more than anybody writes by hand.
inline constexpr std::size_t kMaxStakes = 100;

struct Settings {
  std::string plan = "flat";              // see plan.hpp for the registry of names
  core::Money base;                       // > 0
  core::Decimal factor{2, 0};             // martingale family, > 1
  bool auto_factor = false;               // martingale: what wins everything back, by the payout
  core::Decimal unit{1, 0};               // D'Alembert family, in bases, > 0
  std::optional<std::int64_t> max_steps;  // raises above the base that are allowed
  std::optional<core::Money> max_stake;   // this plan's cap
  OnCap on_cap = OnCap::kRestart;         // of a table also: past its end
  std::vector<core::Money> stakes;        // table, each > 0; the base is the first
  Advance advance = Advance::kLoss;       // table
  core::Decimal percent;                  // percent_of_balance, > 0 and at most 100
};

}  // namespace derivd::staking
