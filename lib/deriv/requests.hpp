// Owns Requests, everything that a session sends: whether the venue's budget has room for one more,
// which requests await their answer, and when something that is wanted may be sent. The parts of a
// session ask it for their tasks in the order of what matters most. It decides nothing about what
// is wanted and reads no answer.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/rng.hpp"
#include "core/time.hpp"
#include "deriv/budget.hpp"
#include "deriv/encoder.hpp"
#include "deriv/liveness.hpp"
#include "deriv/pending.hpp"
#include "deriv/stats.hpp"
#include "deriv/task.hpp"
#include "deriv/wire.hpp"

namespace derivd::deriv {

class Requests final {
 public:
  /// What is asked again waits so long at first, then twice as long each time.
  static constexpr core::Duration kFirstRetry = std::chrono::seconds(1);
  /// Places of the pending table that only purchases and sales may take.
  static constexpr std::size_t kPlacesForOrders = 64;

  /// All outlive it. It tells `liveness` of each frame that leaves and counts it in `stats`.
  Requests(const Rules& rules, Wire& wire, core::Rng& rng, Liveness& liveness, SessionStats& stats);
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  // ---- when ----
  /// Something may be wanted that can be sent now.
  void want() { wanted_ = true; }
  /// Something is wanted that may be sent, or is over, by then.
  void want_at(core::Instant at) {
    if (!at_ || at < *at_) at_ = at;
  }
  bool is_due(core::Instant now) const { return wanted_ || (at_ && *at_ <= now); }
  std::optional<core::Instant> next_at() const { return at_; }
  /// What is due is about to be sent; or the link is gone, and nothing can be.
  void begin_round() {
    wanted_ = false;
    at_.reset();
  }

  // ---- what the session wants ----
  /// Wanted, its time has come, and the venue's budget has room: then one call is counted, and the
  /// task is to be asked. Otherwise it is tried again when there may be room.
  bool due(Task& task, Call call, const core::Now& now);
  /// Asks `task` with the frame that `put` makes of `arguments`: `&Encoder::time`, …
  template <class... Parameters, class... Arguments>
  void ask(Task& task, Call call, std::int64_t subject, const core::Now& now,
           void (Encoder::*put)(std::string&, std::int64_t, Parameters...) const,
           Arguments&&... arguments) {
    task.phase = Task::Phase::kAsked;
    task.req_id = send(call, subject, now, put, std::forward<Arguments>(arguments)...);
  }
  /// The task failed: wanted again after a wait that doubles up to `longest`.
  void again(Task& task, core::Duration longest, const core::Now& now);

  // ---- what leaves at once ----
  /// A place is left that is not for purchases and sales alone.
  bool has_room() const { return pending_.size() + kPlacesForOrders < PendingTable::kMaxPending; }
  /// Not when the table is full (CHECK). Gives the request's id.
  template <class... Parameters, class... Arguments>
  std::int64_t send(Call call, std::int64_t subject, const core::Now& now,
                    void (Encoder::*put)(std::string&, std::int64_t, Parameters...) const,
                    Arguments&&... arguments) {
    const auto id = begin(call, subject, now);
    (encoder_.*put)(text_, id, std::forward<Arguments>(arguments)...);
    transmit(now);
    return id;
  }
  /// The last frame held a secret.
  void wipe();

  PendingTable& pending() { return pending_; }
  const PendingTable& pending() const { return pending_; }
  CallBudget& budget() { return budget_; }

 private:
  std::int64_t begin(Call call, std::int64_t subject, const core::Now& now);
  void transmit(const core::Now& now);

  Wire& wire_;
  Liveness& liveness_;
  SessionStats& stats_;
  Encoder encoder_;
  CallBudget budget_;
  PendingTable pending_;
  std::int64_t last_id_ = 0;
  std::string text_;  // of the frame being sent, kept for its room
  bool wanted_ = false;
  std::optional<core::Instant> at_;
};

}  // namespace derivd::deriv
