// Owns Liveness, whether anything lives at the other end of a link: when something arrived and left
// last, and the pings. The session tells it of each and sends the ping that is due; it never sends
// anything itself, and judges no tick (deriv/symbol_streams does).
#pragma once

#include <optional>

#include "core/time.hpp"
#include "deriv/pending.hpp"

namespace derivd::deriv {

class Liveness final {
 public:
  /// Both documentations: ping every 30 s; v3 closes a link that is idle for 2 minutes.
  static constexpr core::Duration kPingAfter = std::chrono::seconds(30);
  /// An answer that has not come by now makes us ask whether anybody is there, long before it is
  /// given up.
  static constexpr core::Duration kAnswerLate = std::chrono::seconds(5);
  static constexpr int kMaxUnanswered = 2;
  /// A deadline that is served this much too late tells of us (stopped, suspended, a slow disk),
  /// not of the venue: what it sent meanwhile lies unread.
  static constexpr core::Duration kWeWereAway = std::chrono::seconds(2);

  void opened(core::Instant now) { received_ = sent_ = now; }
  void received(core::Instant now) { received_ = now; }
  void sent(core::Instant now) { sent_ = now; }

  /// A ping leaves; the next one is due when this one was answered or given up.
  void pinged(core::Instant now) {
    waits_ = true;
    pinged_ = now;
  }
  bool waits() const { return waits_; }
  /// Something lives there.
  void answered() {
    waits_ = false;
    unanswered_ = 0;
  }
  /// An answer that is none: it ends the wait and proves no more than any frame does.
  void answered_badly() { waits_ = false; }
  enum class Verdict : std::uint8_t { kAskAgain, kNothingArrives, kPingsUnanswered };
  /// No answer came to this ping within its time.
  Verdict overdue(const Pending& ping, core::Instant now);
  /// The link is gone.
  void lost() { answered(); }

  /// `quiet`: how long nothing at all may arrive. `asked`: when the oldest request was sent that is
  /// not answered and is newer than asked_before(); each answer that is late makes us ask once.
  core::Instant next_ping(core::Duration quiet, std::optional<core::Instant> asked) const;
  core::Instant asked_before() const { return pinged_ - kAnswerLate; }

 private:
  core::Instant received_{};
  core::Instant sent_{};
  core::Instant pinged_{};
  bool waits_ = false;
  int unanswered_ = 0;
};

}  // namespace derivd::deriv
