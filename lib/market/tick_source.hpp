// Owns TickSource, the way in which recorded ticks of one symbol are read, a batch at a time. Tick
// files and the archive implement it, the back-test and everything that scans ticks reads it. It
// never holds more than its own window of the recording.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"

namespace derivd::market {

/// A tick without its symbol; the quote is mantissa × 10^-decimals of the symbol.
struct TickRow {
  core::VenueTime epoch;
  std::int64_t mantissa = 0;
  friend bool operator==(const TickRow&, const TickRow&) = default;
};

class TickSource {
 public:
  TickSource() = default;
  TickSource(const TickSource&) = delete;
  TickSource& operator=(const TickSource&) = delete;
  virtual ~TickSource() = default;

  /// Fills `out` from its front and says how many; 0: there are no more. Epochs are positive and
  /// rise strictly, over all calls. An error names the place in the recording; it is final.
  virtual core::Result<std::size_t> read(std::span<TickRow> out) = 0;
};

/// Ticks that lie in memory: for sweeps, which read the same ones many times, and for tests. The
/// rows must outlive it.
class RowSource final : public TickSource {
 public:
  explicit RowSource(std::span<const TickRow> rows) : rows_(rows) {}
  core::Result<std::size_t> read(std::span<TickRow> out) override {
    const auto n = std::min(out.size(), rows_.size());
    std::copy_n(rows_.begin(), n, out.begin());
    rows_ = rows_.subspan(n);
    return n;
  }

 private:
  std::span<const TickRow> rows_;
};

}  // namespace derivd::market
