// Owns what `derivctl top` remembers between two looks at a daemon: the results of each strategy's
// last orders, and what has happened. It is made of answers to "explain" and asks nothing itself.
// Used on one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/look.hpp"

namespace derivd::ctl {

/// Something that happened to a strategy, in words.
struct TopEvent {
  std::string time;  // UTC, "2026-11-29 05:17:35"
  std::string text;
  out::Paint paint = out::Paint::kNone;
};

class TopMemory final {
 public:
  /// Orders and halts of a strategy that are asked for at once; what came before is not shown.
  static constexpr std::size_t kAtOnce = 64;
  /// Kept over all strategies; the oldest go.
  static constexpr std::size_t kMaxKept = 1024;

  /// Strategies of this status that something has happened to since the last one, all of them at
  /// first: to be asked to explain themselves.
  std::vector<std::string> stirred(const nlohmann::ordered_json& status);
  /// The answer to "explain" of one strategy.
  void take(const nlohmann::ordered_json& explained);

  /// The sum of the profits of the strategy's last settled orders after each of them, in the
  /// account's currency: for a picture, not for books.
  std::vector<double> curve(const std::string& strategy) const;
  /// The newest last.
  std::vector<TopEvent> events(std::size_t most) const;

 private:
  struct Settled {
    std::string strategy;
    double profit = 0;
  };
  void take_order(const std::string& strategy, const nlohmann::ordered_json& row);
  void take_halt(const std::string& strategy, const nlohmann::ordered_json& row);

  std::map<std::string, std::string> seen_;  // strategy -> its numbers in the last status
  std::map<std::int64_t, Settled> settled_;  // by order
  std::map<std::string, TopEvent> events_;   // by time and what it is about: once each
};

}  // namespace derivd::ctl
