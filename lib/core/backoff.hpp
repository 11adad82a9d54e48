// Owns the waits between connection attempts: immediate first, then exponential with full jitter,
// capped, never given up. The session asks for the next wait and tells when a link proved stable.
// It holds no timer and takes its randomness from outside.
#pragma once

#include "core/rng.hpp"
#include "core/time.hpp"

namespace derivd::core {

class Backoff final {
 public:
  struct Settings {
    Duration base = std::chrono::milliseconds(500);
    Duration cap = std::chrono::seconds(30);
  };
  Backoff(Settings settings, Rng& rng) : settings_(settings), rng_(rng) {}
  /// 0 for the first attempt after reset(); then uniform in [base/2, min(cap, base × 2^n)].
  Duration next();
  void reset() { attempts_ = 0; }
  int attempts() const { return attempts_; }

 private:
  Settings settings_;
  Rng& rng_;
  int attempts_ = 0;
};

}  // namespace derivd::core
