// Owns Task, one request of a session from the wish for it to its answer. Each part of the session
// keeps those of its own subject; Requests sends them when the venue's budget has room. It holds
// neither what is asked nor what came of it.
#pragma once

#include <cstdint>

#include "core/time.hpp"

namespace derivd::deriv {

/// A request that is wanted, asked, or answered; streams stay kDone while they run.
struct Task {
  enum class Phase : std::uint8_t { kIdle, kWanted, kAsked, kDone };
  Phase phase = Phase::kIdle;
  int attempts = 0;
  core::Instant not_before{};
  std::int64_t req_id = 0;

  void want() {
    phase = Phase::kWanted;
    attempts = 0;
    not_before = {};
  }
  /// Answered, or not to be asked at all.
  void finish() {
    phase = Phase::kDone;
    attempts = 0;
  }
  bool wanted() const { return phase == Phase::kWanted; }
  bool done() const { return phase == Phase::kDone; }
};

}  // namespace derivd::deriv
