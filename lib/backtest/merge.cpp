#include "backtest/merge.hpp"

#include <algorithm>

namespace derivd::backtest {

Merge::Merge(std::span<const Tape> tapes, std::optional<core::VenueTime> from,
             std::optional<core::VenueTime> to)
    : from_(from), to_(to) {
  for (const auto& tape : tapes) {
    lanes_.push_back({tape.source, std::vector<market::TickRow>(kBatch), 0, 0, false});
  }
}

bool Merge::begin() {
  begun_ = true;
  live_ = lanes_.size();
  return std::all_of(lanes_.begin(), lanes_.end(), [this](Lane& lane) { return fill(lane); });
}

// False only when the source failed; a lane that has ended stays empty.
bool Merge::fill(Lane& lane) {
  lane.at = lane.size = 0;
  while (lane.at == lane.size && !lane.ended) {
    const auto n = lane.source->read(lane.rows);
    if (!n) {
      error_ = n.error();
      live_ = 0;
      return false;
    }
    lane.at = 0;
    lane.size = *n;
    lane.ended = *n == 0;
    cut(lane);
  }
  if (lane.at == lane.size) --live_;
  return true;
}

// Leaves the rows within [from, to).
void Merge::cut(Lane& lane) {
  const auto rows = std::span(lane.rows).first(lane.size);
  const auto index = [&](core::VenueTime t) {
    const auto it = std::ranges::lower_bound(rows, t, {}, &market::TickRow::epoch);
    return static_cast<std::size_t>(it - rows.begin());
  };
  if (from_) lane.at = index(*from_);
  if (!to_) return;
  const auto end = index(*to_);
  if (end == lane.size) return;
  lane.ended = true;
  lane.size = std::max(lane.at, end);
}

std::uint32_t Merge::earliest() const {
  std::optional<std::uint32_t> best;
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    const auto& lane = lanes_[i];
    if (lane.at == lane.size) continue;
    if (!best || lane.rows[lane.at].epoch < lanes_[*best].rows[lanes_[*best].at].epoch) best = i;
  }
  return *best;
}

}  // namespace derivd::backtest
