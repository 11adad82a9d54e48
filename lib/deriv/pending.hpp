// Owns PendingTable: the requests whose answer is awaited, and the graves of those that were given
// up, so that a late answer is known for what it is. The session asks it at every reply and
// deadline. It never sends anything and never holds more than its bounds.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/time.hpp"
#include "deriv/call.hpp"

namespace derivd::deriv {

struct Pending {
  std::int64_t req_id = 0;
  Call call = Call::kPing;
  /// Order, contract or report of the request, by its call; 0: none.
  std::int64_t subject = 0;
  core::Instant sent;
  core::Instant deadline;
};

class PendingTable final {
 public:
  static constexpr std::size_t kMaxPending = 512;
  static constexpr std::size_t kMaxGraves = 256;

  PendingTable();

  bool full() const { return open_.size() >= kMaxPending; }
  /// req_id must rise. Not when full (CHECK).
  void add(const Pending& pending);
  const Pending* find(std::int64_t req_id) const;
  /// The answer has come.
  std::optional<Pending> take(std::int64_t req_id);
  /// The answer has come without an id: taken only when exactly one request fits, and none that
  /// fits was given up on this link, whose late answer it might be.
  template <class Fits>
  std::optional<Pending> take_only(Fits&& fits) {
    const Pending* found = nullptr;
    for (const auto& asked : open_) {
      if (!fits(asked.call)) continue;
      if (found) return std::nullopt;
      found = &asked;
    }
    for (const auto& grave : graves_) {
      if (grave.req_id != 0 && fits(grave.call)) return std::nullopt;
    }
    if (!found) return std::nullopt;
    return take(found->req_id);
  }
  /// Removes one that is overdue at `now` and keeps its grave; none: nullopt.
  std::optional<Pending> take_overdue(core::Instant now);
  /// Was given up: its late answer is to be swallowed.
  std::optional<Call> grave(std::int64_t req_id) const;
  /// The link is gone: hands out everything, oldest first. Graves are forgotten, too: ids of one
  /// link never come back on another.
  std::vector<Pending> take_all();

  std::size_t size() const { return open_.size(); }
  std::size_t count(Call call) const;
  /// When the oldest request that was sent after `then` was sent, pings left out.
  std::optional<core::Instant> oldest_after(core::Instant then) const;
  std::optional<core::Instant> next_deadline() const;

 private:
  struct Grave {
    std::int64_t req_id = 0;
    Call call = Call::kPing;
  };
  std::vector<Pending> open_;  // by req_id
  std::array<Grave, kMaxGraves> graves_{};
  std::size_t next_grave_ = 0;
};

}  // namespace derivd::deriv
