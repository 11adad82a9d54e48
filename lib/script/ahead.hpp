// Owns what a back-test and a script's process say to each other beyond single events: the ticks of
// a while at once, and the answers that have nothing in them. The engine knows none of it; live
// there are no ticks but the one that has come.
//
// Rule: the product's contract, "Scripts".
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "script/message.hpp"
#include "script/runner.hpp"

namespace derivd::script {

/// One message of ticks has no more.
inline constexpr std::size_t kMaxTicks = 1024;

/// Ticks in a row, each of them an event. They are answered in their order, up to the first answer
/// that asks for something (asks()); those behind it are void, as if nobody had said them.
struct Ticks {
  struct Quote {
    std::int64_t epoch = 0;
    std::int64_t mantissa = 0;
    friend bool operator==(const Quote&, const Quote&) = default;
  };
  std::uint64_t sequence = 0;  // of the first; one more for each
  rules::Own own;              // the same for all
  std::uint8_t decimals = 0;
  std::vector<Quote> quotes;  // at least one
};
/// The event that the i-th of them is: its time is its epoch.
Event event_of(const Ticks& ticks, std::size_t i);
/// Whether they tell a program the same.
bool is_same(const Event& a, const Event& b);

/// It may lead to another event for the program than the next tick.
inline bool asks(const Answer& answer) { return !answer.wishes.empty() || !answer.sales.empty(); }

/// Answers in a row that have nothing in them. Only of Ticks.
struct Quiet {
  std::uint64_t sequence = 0;  // of the first
  std::uint16_t count = 0;     // 1 to kMaxTicks
  friend bool operator==(const Quiet&, const Quiet&) = default;
};

/// Everything that goes to a process, and comes from one.
using ToProcess = std::variant<ToScript, Ticks>;
using FromProcess = std::variant<FromScript, Quiet>;

/// A program that can be asked before the time of a question has come.
class AheadProgram : public Program {
 public:
  /// Ticks that it may be asked at once; 1: each by itself.
  virtual std::size_t most_ahead() const = 0;
  /// Asks all of them. Nothing else may be told or asked until each is answered by a call of
  /// next(), or one answer asks for something: the rest is then void.
  virtual void ask_ahead(const Ticks& ticks) = 0;
  /// The next answer of those that were asked ahead.
  virtual Outcome next() = 0;
};

}  // namespace derivd::script
