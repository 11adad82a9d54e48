// Owns the limit on repeated journal entries: a kind that says the same about the same strategy and
// symbol again and again is let through a few times, then only counted. The log asks it for each
// entry. It never holds back what tells the life of an order, a contract or a halt.
#pragma once

#include <cstdint>
#include <map>
#include <string>

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
  std::size_t size() const { return windows_.size(); }

 private:
  struct Window {
    core::Instant begin;
    int count = 0;
    std::uint64_t held_back = 0;
  };
  std::map<std::string, Window> windows_;
};

/// Kinds that can come with every tick or every attempt to connect.
bool is_repetitive(core::EventKind kind);

}  // namespace derivd::service
