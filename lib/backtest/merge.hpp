// Owns the merging of several recordings into one sequence of ticks, and the look at what comes
// next of a symbol. Only the back-test's driver reads it. It never holds more than one batch of
// each recording.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "backtest/backtest.hpp"

namespace derivd::backtest {

class Merge final {
 public:
  /// Rows of a recording that are held at a time.
  static constexpr std::size_t kBatch = 2048;

  Merge(std::span<const Tape> tapes, std::optional<core::VenueTime> from,
        std::optional<core::VenueTime> to);

  struct Item {
    std::uint32_t tape = 0;
    market::TickRow row;
  };
  /// The next tick by epoch, equal epochs in the order of the tapes; false at the end, or when a
  /// source failed (see error()).
  bool next(Item& out) {
    if (!begun_ && !begin()) return false;
    if (live_ == 0) return false;
    const auto tape = lanes_.size() == 1 ? 0 : earliest();
    auto& lane = lanes_[tape];
    out = {tape, lane.rows[lane.at]};
    return ++lane.at < lane.size || fill(lane);
  }
  /// Epoch of the next tick of this tape; empty at its end.
  std::optional<core::VenueTime> following(std::uint32_t tape) const {
    const auto& lane = lanes_[tape];
    if (lane.at == lane.size) return std::nullopt;
    return lane.rows[lane.at].epoch;
  }
  /// Ticks of this tape that come next, one after the other: as many as are held.
  std::span<const market::TickRow> held(std::uint32_t tape) const {
    const auto& lane = lanes_[tape];
    return std::span(lane.rows).first(lane.size).subspan(lane.at);
  }
  const std::optional<core::Error>& error() const { return error_; }

 private:
  struct Lane {
    market::TickSource* source = nullptr;
    std::vector<market::TickRow> rows;
    std::size_t at = 0;
    std::size_t size = 0;
    bool ended = false;  // nothing is left to read
  };
  bool begin();
  bool fill(Lane& lane);
  void cut(Lane& lane);
  std::uint32_t earliest() const;

  std::vector<Lane> lanes_;
  std::optional<core::VenueTime> from_;
  std::optional<core::VenueTime> to_;
  std::size_t live_ = 0;  // lanes that have a row
  bool begun_ = false;
  std::optional<core::Error> error_;
};

}  // namespace derivd::backtest
