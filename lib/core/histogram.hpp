// Owns Histogram, how often durations fell below each of a few bounds. The session and the daemon
// count into one per kind of wait; the metrics page reads it. Counting never allocates and nothing
// ever falls.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/time.hpp"

namespace derivd::core {

template <std::size_t N>
class Histogram final {
 public:
  /// Upper bounds, each inclusive, rising. What is above the last is counted in the total alone.
  explicit constexpr Histogram(const std::array<Duration, N>& bounds) : bounds_(bounds) {}

  void add(Duration value) {
    const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
    ++counts_[static_cast<std::size_t>(at)];
    sum_ += value;
  }

  const std::array<Duration, N>& bounds() const { return bounds_; }
  /// How many were at most bounds()[i].
  std::uint64_t up_to(std::size_t i) const {
    std::uint64_t sum = 0;
    for (std::size_t k = 0; k <= i && k < counts_.size(); ++k) sum += counts_[k];
    return sum;
  }
  std::uint64_t total() const { return up_to(N); }
  Duration sum() const { return sum_; }

 private:
  std::array<Duration, N> bounds_;
  std::array<std::uint64_t, N + 1> counts_{};
  Duration sum_{0};
};

/// Bounds of waits for a peer on a network: up to 15 s, at which a purchase's answer is given up.
inline constexpr std::array<Duration, 12> kNetworkWaits{
    std::chrono::milliseconds(1),    std::chrono::milliseconds(5),
    std::chrono::milliseconds(10),   std::chrono::milliseconds(25),
    std::chrono::milliseconds(50),   std::chrono::milliseconds(100),
    std::chrono::milliseconds(250),  std::chrono::milliseconds(500),
    std::chrono::milliseconds(1000), std::chrono::milliseconds(2500),
    std::chrono::milliseconds(5000), std::chrono::milliseconds(15000)};

/// Bounds of waits for a disk: 10 µs (a cache) to 1 s (a disk in trouble).
inline constexpr std::array<Duration, 10> kDiskWaits{
    std::chrono::microseconds(10),     std::chrono::microseconds(25),
    std::chrono::microseconds(50),     std::chrono::microseconds(100),
    std::chrono::microseconds(250),    std::chrono::microseconds(1000),
    std::chrono::microseconds(5000),   std::chrono::microseconds(25000),
    std::chrono::microseconds(100000), std::chrono::microseconds(1000000)};

}  // namespace derivd::core
