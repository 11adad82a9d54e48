// Owns the limit on repeated journal entries: a kind that says the same about the same strategy and
// symbol again and again is let through a few times, then only counted, and the count is told at
// the latest when it is over. The log asks it for each entry. It never holds back what tells the
// life of an order, a contract or a halt.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/event.hpp"
#include "core/time.hpp"

namespace derivd::service {

class RepeatLimiter final {
 public:
  static constexpr int kBurst = 5;
  static constexpr core::Duration kWindow = std::chrono::seconds(30);
  static constexpr std::size_t kMaxKeys = 256;

  struct Verdict {
    bool write = true;
    std::uint64_t held_back = 0;  // similar entries that were not written since the last one
  };
  Verdict admit(const core::Event& event, core::Instant now);
  /// The last entry of a repetition that ended, with how many were not written.
  struct Rest {
    core::Event last;
    std::uint64_t held_back = 0;
  };
  /// Of repetitions whose window is over; `all`: of every one, at the end of the log.
  std::vector<Rest> take_rests(core::Instant now, bool all = false);
  std::size_t size() const { return windows_.size(); }

 private:
  struct Window {
    core::Instant begin;
    int count = 0;
    std::uint64_t held_back = 0;
    core::Event last;  // of those held back
  };
  std::map<std::string, Window> windows_;
};

/// Kinds that can come with every tick or every attempt to connect.
bool is_repetitive(core::EventKind kind);

}  // namespace derivd::service
