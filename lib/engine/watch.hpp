// Owns the ticks of one watched symbol that a strategy has not been handed yet. The engine puts
// each tick in and takes out, before each tick of the strategy's own symbol, those of earlier
// seconds. It never decides what a hole means.
//
// Why they wait: what a strategy knows at a tick of second T is what happened in the seconds before
// T. The order in which ticks of one second arrive, which differs between a wire, a recording and
// the next run, decides nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/check.hpp"
#include "core/time.hpp"
#include "market/tick.hpp"

namespace derivd::engine {

class WatchLane final {
 public:
  struct Held {
    market::Tick tick;
    bool is_history = false;
  };
  /// So many wait at most, one for each second; when the own symbol is silent for longer, the
  /// oldest is handed over without it. With eight symbols that is half of what a script may have
  /// unanswered.
  static constexpr std::size_t kHeld = 16;

  explicit WatchLane(const market::SymbolCode& symbol) : symbol_(symbol) {}

  const market::SymbolCode& symbol() const { return symbol_; }
  bool empty() const { return size_ == 0; }
  const Held& front() const { return held_[first_]; }
  Held pop() {
    DERIVD_CHECK(size_ > 0, "nothing is held");
    const auto out = held_[first_];
    first_ = (first_ + 1) % kHeld;
    --size_;
    return out;
  }
  /// The one that must go for it, if one must.
  std::optional<Held> push(const Held& held) {
    std::optional<Held> out;
    if (size_ == kHeld) out = pop();
    held_[(first_ + size_++) % kHeld] = held;
    return out;
  }
  void clear() { size_ = 0; }

  /// Of the last tick that came of it; 0: none did.
  core::VenueTime latest;

 private:
  market::SymbolCode symbol_;
  std::array<Held, kHeld> held_{};
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace derivd::engine
