// Owns the ticks of one symbol as they reached us: the last one, a short memory, and where they
// have holes. The engine pushes every tick through it first. It never decides what a hole means.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/time.hpp"
#include "market/symbols.hpp"
#include "market/tick.hpp"
#include "market/tick_source.hpp"

namespace derivd::engine {

class Feed final {
 public:
  /// Ticks remembered: a contract's first ticks may come before the answer to its purchase. Eight
  /// minutes of a symbol of two seconds, and several seconds of a simulator at 60 times the speed.
  static constexpr std::size_t kMemory = 256;
  /// So many live ticks in a row before the last one seen mean that the venue's clock went back (a
  /// replay that was restarted, a bogus tick from the future): the feed starts again.
  static constexpr int kBackwards = 5;
  /// So many times in a row ahead of our own seconds, the venue's time is believed.
  static constexpr int kBelieved = 5;

  /// How long a past is kept for strategies that begin later: one answer of the venue.
  static constexpr std::size_t kPast = 5000;

  /// `keeps_past`: for a strategy that wants one and begins while the symbol streams already.
  explicit Feed(market::SymbolCode symbol, bool keeps_past = false,
                const market::Symbols& symbols = {});

  enum class Push : std::uint8_t {
    kNew,
    kNewAfterHole,  // ticks of this symbol are missing before this one
    kDropped,       // seen already
    kRestarted,     // new, and everything before it is void
  };
  Push push(const market::Tick& tick, bool history);
  /// The epoch of a live tick as far as it can be true: since the symbol's last one no more time
  /// can have passed than its interval, or than our own seconds. A tick that is stamped with a time
  /// that has not come yet gets the time at which it came; several of them do not add up.
  core::VenueTime believable(const market::Tick& tick, core::Instant now);
  /// A quote that is none; how many there were.
  std::uint64_t refuse() { return ++refused_; }
  /// The link is gone: unless history overlaps, the next tick comes after a hole.
  void lose_link();

  const market::SymbolCode& symbol() const { return symbol_; }
  bool keeps_past() const { return !past_quotes_.empty(); }
  /// Null before the first tick.
  const market::Tick* last() const { return size_ == 0 ? nullptr : &last_; }
  core::VenueTime last_epoch() const { return size_ == 0 ? core::VenueTime{} : last_.epoch; }
  /// Seconds between ticks; 0: not known.
  std::int64_t interval_s() const { return interval_s_; }
  /// First tick since which the link was not lost, or was lost without losing a tick.
  core::VenueTime linked_since() const { return linked_since_; }
  /// First tick since which no tick is missing, as far as the symbol's interval tells.
  core::VenueTime complete_since() const { return complete_since_; }
  /// Remembered ticks with an epoch after `start`, oldest first.
  template <class Visitor>
  void each_after(core::VenueTime start, Visitor&& visit) const {
    const auto at = [this](std::size_t back) -> const market::TickRow& {
      return memory_[(next_ + kMemory - back) % kMemory];
    };
    std::size_t back = 0;  // from the newest: most often none or few are asked for
    while (back < size_ && at(back + 1).epoch > start) ++back;
    for (; back > 0; --back) visit(tick_of(at(back)));
  }
  /// The kept past since the last hole, oldest first, without the last tick itself.
  template <class Visitor>
  void each_past(Visitor&& visit) const {
    for (std::size_t back = past_size_; back > 1; --back) {
      const auto row = past(back);
      if (row.epoch >= linked_since_) visit(tick_of(row));
    }
  }
  /// The same with the last tick itself; it alone where no past is kept.
  template <class Visitor>
  void each_known(Visitor&& visit) const {
    each_past(visit);
    if (const auto* tick = last()) visit(*tick);
  }
  /// When the first of those was.
  core::VenueTime past_since() const;
  /// Whether each_after(start) holds every tick after `start`.
  bool remembers(core::VenueTime start) const;

 private:
  void remember(const market::Tick& tick);
  market::Tick tick_of(const market::TickRow& row) const {
    return {symbol_, row.epoch, core::Price::raw(row.mantissa, last_.quote.decimals())};
  }
  /// Of the past, counted from its newest, which is 1.
  market::TickRow past(std::size_t back) const {
    const auto i = (past_next_ + kPast - back) % kPast;
    return {{past_epochs_[i]}, past_quotes_[i]};
  }
  /// Rounded: what jitter adds to one pause it takes from the next. (A division, so not always.)
  std::chrono::seconds passed_since_believed(core::Instant now) const;

  market::SymbolCode symbol_;
  std::int64_t interval_s_;
  bool link_lost_ = false;
  int backwards_ = 0;
  core::VenueTime believed_;
  core::Instant believed_at_;
  int ahead_ = 0;
  core::VenueTime linked_since_;
  core::VenueTime complete_since_;
  market::Tick last_;
  // Without what is the same in all of them: symbol and decimals, those of the last one.
  std::array<market::TickRow, kMemory> memory_;
  std::size_t next_ = 0;
  std::size_t size_ = 0;
  std::uint64_t refused_ = 0;
  // A ring of kPast, or empty. Fifty symbols keep a quarter of a million ticks: epochs of 32 bits
  // reach until 2106, and what is later is not kept.
  std::vector<std::uint32_t> past_epochs_;
  std::vector<std::int64_t> past_quotes_;
  std::size_t past_next_ = 0;
  std::size_t past_size_ = 0;
};

// Here, because every tick goes through them.

inline void Feed::remember(const market::Tick& tick) {
  if (size_ > 0 && tick.quote.decimals() != last_.quote.decimals()) [[unlikely]] {
    size_ = past_size_ = 0;
    complete_since_ = tick.epoch;
  }
  last_ = tick;
  memory_[next_] = {tick.epoch, tick.quote.mantissa()};
  next_ = (next_ + 1) % kMemory;
  size_ = std::min(size_ + 1, kMemory);
  if (past_quotes_.empty()) return;
  if (tick.epoch.s > std::numeric_limits<std::uint32_t>::max()) [[unlikely]] {
    past_size_ = 0;
    return;
  }
  past_epochs_[past_next_] = static_cast<std::uint32_t>(tick.epoch.s);
  past_quotes_[past_next_] = tick.quote.mantissa();
  past_next_ = (past_next_ + 1) % kPast;
  past_size_ = std::min(past_size_ + 1, kPast);
}

inline Feed::Push Feed::push(const market::Tick& tick, bool history) {
  const auto* before = last();
  if (before != nullptr && tick.epoch <= before->epoch) [[unlikely]] {
    // The very tick we saw last, seen again after a loss: nothing is missing in between.
    if (tick == *before) link_lost_ = false;
    const bool behind = !history && tick.epoch < before->epoch;
    backwards_ = behind ? backwards_ + 1 : backwards_;
    if (backwards_ < kBackwards) return Push::kDropped;
    before = nullptr;
    size_ = past_size_ = 0;
  }
  const bool restarted = !history && backwards_ >= kBackwards;
  if (!history) backwards_ = 0;
  const bool is_first = before == nullptr;
  const bool step_known = interval_s_ > 0 && !is_first;
  const bool next_in_line = step_known && (tick.epoch - before->epoch).count() <= interval_s_;
  const bool hole = !is_first && ((step_known && !next_in_line) || (link_lost_ && !next_in_line));
  // A history may be answered with a hole that the venue does not have: what is missing in it was
  // lost to us.
  if (is_first || (link_lost_ && !next_in_line) || (history && hole)) linked_since_ = tick.epoch;
  if (is_first || hole) complete_since_ = tick.epoch;
  link_lost_ = false;
  remember(tick);
  if (restarted) return Push::kRestarted;
  return hole ? Push::kNewAfterHole : Push::kNew;
}

inline core::VenueTime Feed::believable(const market::Tick& tick, core::Instant now) {
  const auto step = std::chrono::seconds(std::max<std::int64_t>(interval_s_, 1));
  const bool in_line = tick.epoch >= believed_ && tick.epoch <= believed_ + step;
  const auto passed = in_line ? step : passed_since_believed(now);
  const auto bound = believed_ + std::max(passed, step);
  const bool first = believed_.s == 0 || tick.epoch < believed_;
  ahead_ = !first && tick.epoch > bound ? ahead_ + 1 : 0;
  believed_ = first || ahead_ > kBelieved ? tick.epoch : std::min(tick.epoch, bound);
  believed_at_ = now;
  return believed_;
}

}  // namespace derivd::engine
