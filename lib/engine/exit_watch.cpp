#include "engine/exit_watch.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace derivd::engine {

namespace {

std::chrono::seconds wait_after(std::int64_t refusals) {
  auto wait = kFirstSaleWait;
  for (std::int64_t i = 1; i < refusals && wait < kLongestSaleWait; ++i) wait *= 2;
  return std::min(wait, kLongestSaleWait);
}

}  // namespace

void ExitWatch::count(core::VenueTime epoch) {
  if (epoch <= counted_ || epoch <= purchase_time_) return;
  counted_ = epoch;
  if (seen_++ == 0) first_ = epoch;
  if (entry_ && epoch > *entry_) ++ticks_;
}

void ExitWatch::enter(core::VenueTime entry, const Feed* feed) {
  entry_ = entry;
  if (feed == nullptr || !feed->remembers(entry)) {
    ticks_ = seen_ - (seen_ > 0 && first_ <= entry ? 1 : 0);
  } else {
    ticks_ = 0;
    feed->each_after(entry, [this](const market::Tick&) { ++ticks_; });
  }
  DERIVD_CHECK(ticks_ >= 0, "fewer than no ticks after an entry");
}

void ExitWatch::refuse(core::VenueTime at) {
  ++refusals_;
  not_before_ = at + wait_after(refusals_);
}

}  // namespace derivd::engine
