#include "engine/feed.hpp"

#include <algorithm>

namespace derivd::engine {

Feed::Feed(market::SymbolCode symbol, bool keeps_past, const market::Symbols& symbols)
    : symbol_(symbol), memory_(kMemory), past_(keeps_past ? kPast : 0) {
  const auto* info = symbols.find(symbol);
  interval_s_ = info == nullptr ? 0 : info->interval_s;
}

Feed::Push Feed::push(const market::Tick& tick, bool history) {
  if (last_ && tick.epoch <= last_->epoch) {
    // The very tick we saw last, seen again after a loss: nothing is missing in between.
    if (tick == *last_) link_lost_ = false;
    const bool behind = !history && tick.epoch < last_->epoch;
    backwards_ = behind ? backwards_ + 1 : backwards_;
    if (backwards_ < kBackwards) return Push::kDropped;
    last_.reset();
    size_ = past_size_ = 0;
  }
  const bool restarted = !history && backwards_ >= kBackwards;
  if (!history) backwards_ = 0;
  const bool step_known = interval_s_ > 0 && last_;
  const bool next_in_line = step_known && (tick.epoch - last_->epoch).count() <= interval_s_;
  const bool hole = last_ && ((step_known && !next_in_line) || (link_lost_ && !next_in_line));
  // A history may be answered with a hole that the venue does not have: what is missing in it was
  // lost to us.
  if (!last_ || (link_lost_ && !next_in_line) || (history && hole)) linked_since_ = tick.epoch;
  if (!last_ || hole) complete_since_ = tick.epoch;
  link_lost_ = false;
  remember(tick);
  last_ = tick;
  if (restarted) return Push::kRestarted;
  return hole ? Push::kNewAfterHole : Push::kNew;
}

core::VenueTime Feed::believable(const market::Tick& tick, core::Instant now) {
  const auto step = std::chrono::seconds(std::max<std::int64_t>(interval_s_, 1));
  const bool in_line = tick.epoch >= believed_ && tick.epoch <= believed_ + step;
  // Rounded: what jitter adds to one pause it takes from the next. (A division, so not always.)
  const auto passed = in_line ? step : std::chrono::round<std::chrono::seconds>(now - believed_at_);
  const auto bound = believed_ + std::max(passed, step);
  const bool first = believed_.s == 0 || tick.epoch < believed_;
  ahead_ = !first && tick.epoch > bound ? ahead_ + 1 : 0;
  believed_ = first || ahead_ > kBelieved ? tick.epoch : std::min(tick.epoch, bound);
  believed_at_ = now;
  return believed_;
}

void Feed::lose_link() { link_lost_ = true; }

bool Feed::remembers(core::VenueTime start) const {
  if (size_ == 0 || complete_since_ > start) return false;
  return size_ < kMemory || memory_[next_].epoch <= start;
}

core::VenueTime Feed::past_since() const {
  const auto kept =
      past_size_ > 0 ? past_[(past_next_ + kPast - past_size_) % kPast].epoch : last_epoch();
  return std::max(kept, std::min(linked_since_, last_epoch()));
}

void Feed::remember(const market::Tick& tick) {
  memory_[next_] = tick;
  next_ = (next_ + 1) % kMemory;
  size_ = std::min(size_ + 1, kMemory);
  if (past_.empty()) return;
  if (past_decimals_ != tick.quote.decimals()) past_size_ = 0;
  past_decimals_ = tick.quote.decimals();
  past_[past_next_] = {tick.epoch, tick.quote.mantissa()};
  past_next_ = (past_next_ + 1) % kPast;
  past_size_ = std::min(past_size_ + 1, kPast);
}

}  // namespace derivd::engine
