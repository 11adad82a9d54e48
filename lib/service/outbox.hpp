// Owns the notices that wait for one receiver: a bounded queue, the limit of messages an hour, the
// waits between attempts. The daemon's notifications have one for each receiver, so that a dead one
// delays no other. It sends nothing, holds no timer and never blocks.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "core/backoff.hpp"
#include "core/notice.hpp"
#include "core/rate_limiter.hpp"
#include "core/time.hpp"

namespace derivd::service {

class Outbox final {
 public:
  static constexpr std::size_t kMaxWaiting = 32;  // beyond that the oldest is dropped and counted
  /// Older than this it is no news; dropped and counted.
  static constexpr core::Duration kKeep = std::chrono::hours(6);
  static constexpr core::Duration kFirstRetry = std::chrono::seconds(5);
  static constexpr core::Duration kLongestRetry = std::chrono::minutes(5);
  static constexpr core::Duration kLongestWait = std::chrono::hours(1);

  enum class Fate : std::uint8_t {
    kDelivered,
    kRetry,    // no answer, or "later"
    kRefused,  // this message will never be taken
  };

  Outbox(std::uint32_t per_hour, core::Rng& rng);

  void push(core::Notice notice, core::Instant now);
  /// What waits for `other`, whose receiver is no more, waits here, before anything else.
  void inherit(Outbox& other);
  /// The one to send now, under way until done(); none: nothing waits, one is under way, or its
  /// next attempt is not due.
  const core::Notice* next(core::Instant now);
  /// How it ended. A sentence where people must be told: at the first failure in a row, and when
  /// messages are delivered again.
  /// `wait`: the receiver asked for this long; more than kLongestWait is not believed.
  std::optional<std::string> done(Fate fate, std::string_view reason, core::Instant now,
                                  core::Duration wait = {});

  bool under_way() const { return under_way_; }
  std::size_t waiting() const { return queue_.size(); }
  /// When next() may have one; empty: not before the next push() or done().
  std::optional<core::Instant> next_deadline(core::Instant now) const;

 private:
  struct Waiting {
    core::Notice notice;
    core::Instant since;
  };
  void drop_old(core::Instant now);
  void tell_held_back(core::Instant now);

  core::RateLimiter limiter_;
  core::Backoff backoff_;
  std::deque<Waiting> queue_;
  std::uint64_t held_back_ = 0;  // by the rate limit
  std::uint64_t lost_ = 0;       // by a full queue, by age, by refusal
  bool under_way_ = false;
  bool failing_ = false;
  core::Instant not_before_;
};

}  // namespace derivd::service
