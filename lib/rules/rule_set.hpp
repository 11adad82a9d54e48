// Owns the settings of `type: rules`: the conditions in their order and what each buys. The
// configuration makes it, the evaluator is built from it, a reload compares it. It never changes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/time_zone.hpp"
#include "market/spec.hpp"
#include "rules/expr.hpp"

namespace derivd::rules {

inline constexpr std::size_t kMaxRules = 32;
/// Different values that are made from bars, and different lengths of candles: what bounds the
/// memory and the time of a tick.
inline constexpr std::size_t kMaxStudies = 128;
inline constexpr std::size_t kMaxSeries = 16;

/// A barrier of `buy`.
struct Level {
  Level() = default;
  Level(Expr e, bool offset = true)  // NOLINT(google-explicit-constructor)
      : value(std::move(e)), is_offset(offset) {}
  Expr value;
  bool is_offset = true;  // written with a sign: a distance from the entry; else a quote
  friend bool operator==(const Level&, const Level&) = default;
};

struct Buy {
  market::ContractType type = market::ContractType::kCall;
  std::optional<market::ContractDuration> duration;  // empty: the strategy's contract.duration
  std::optional<Expr> prediction;                    // of types that take one
  std::optional<Level> barrier;                      // of types that take one, of two the high one
  std::optional<Level> barrier2;                     // of types that take two
  std::int8_t selected_tick = 0;                     // of types that name one, else 0
  /// Of positions: multiplier, growth, payout per point, with the limits that the venue keeps;
  /// none: what the strategy's contract says.
  market::Terms terms{};
  friend bool operator==(const Buy&, const Buy&) = default;
};

struct Rule {
  Expr when;
  Buy buy;
  friend bool operator==(const Rule&, const Rule&) = default;
};

/// What `hour`, `minute` and `weekday` are read from.
struct Clocks {
  std::shared_ptr<const core::TimeZone> zone = {};  // null: UTC
  /// By what the clocks show: two readings of one file are no change.
  friend bool operator==(const Clocks& a, const Clocks& b) {
    return a.zone == b.zone || (a.zone && b.zone && *a.zone == *b.zone);
  }
};

struct RuleSet {
  Where candles;
  Clocks clocks = {};
  std::vector<Rule> rules;
  friend bool operator==(const RuleSet&, const RuleSet&) = default;
};

/// "when: …; buy: { type: CALL, duration: 5m }" for each rule.
std::string to_string(const RuleSet& set);
/// Why it is too much for one strategy; empty: it is not.
std::string excess_of(const RuleSet& set);

}  // namespace derivd::rules
