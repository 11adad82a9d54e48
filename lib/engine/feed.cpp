#include "engine/feed.hpp"

#include <algorithm>

namespace derivd::engine {

Feed::Feed(market::SymbolCode symbol, bool keeps_past, const market::Symbols& symbols)
    : symbol_(symbol), past_epochs_(keeps_past ? kPast : 0), past_quotes_(keeps_past ? kPast : 0) {
  const auto* info = symbols.find(symbol);
  interval_s_ = info == nullptr ? 0 : info->interval_s;
}

std::chrono::seconds Feed::passed_since_believed(core::Instant now) const {
  return std::chrono::round<std::chrono::seconds>(now - believed_at_);
}

void Feed::lose_link() { link_lost_ = true; }

bool Feed::remembers(core::VenueTime start) const {
  if (size_ == 0 || complete_since_ > start) return false;
  return size_ < kMemory || memory_[next_].epoch <= start;
}

core::VenueTime Feed::past_since() const {
  const auto kept = past_size_ > 0 ? past(past_size_).epoch : last_epoch();
  return std::max(kept, std::min(linked_since_, last_epoch()));
}

}  // namespace derivd::engine
