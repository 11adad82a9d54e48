// Owns Rng, the one seeded random source. Back-off, the simulator and tests are handed one by
// reference; the shell seeds it from the system, tests from a number. It gives the same sequence on
// every platform for the same seed.
#pragma once

#include <array>
#include <cstdint>

namespace derivd::core {

/// xoshiro256** (Blackman and Vigna, public domain), seeded by splitmix64.
class Rng final {
 public:
  explicit Rng(std::uint64_t seed);
  std::uint64_t next();
  /// Uniform in [0, bound). bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Standard normal, by Box-Muller; two draws for each pair of values.
  double normal();

 private:
  std::array<std::uint64_t, 4> state_{};
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace derivd::core
