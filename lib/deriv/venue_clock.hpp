// Owns VenueClock, what a session knows of the venue's time: the latest that anything of the
// venue's showed, and what the venue said when it was asked. A report is dated by the second alone:
// one tick that is stamped ahead must not make a report seem newer than it is, because that would
// count as proof. It reads no clock; every question comes with the time of the event at hand.
#pragma once

#include <algorithm>
#include <optional>

#include "core/time.hpp"

namespace derivd::deriv {

class VenueClock final {
 public:
  /// A report says as of when it is; the venue is asked for its time first, unless it was so
  /// recently.
  static constexpr core::Duration kFresh = std::chrono::seconds(1);

  /// A tick, a transaction: it may be stamped ahead, and never leads back. False: it is no later
  /// than what was known.
  bool show(core::VenueTime time) {
    if (shown_ && time <= *shown_) return false;
    shown_ = time;
    return true;
  }
  /// The venue's own word, which may also lead back.
  void tell(core::VenueTime time, core::Instant at) {
    told_ = Told{time, at};
    shown_ = time;
  }

  /// The latest shown by anything.
  std::optional<core::VenueTime> shown() const { return shown_; }
  /// What the venue said when it was asked.
  std::optional<core::VenueTime> told() const {
    return told_ ? std::optional(told_->time) : std::nullopt;
  }
  bool is_fresh(core::Instant now) const { return told_ && now - told_->at <= kFresh; }
  /// The time there now, as well as it is known: its word and what passed since, or anything later
  /// that was shown.
  core::VenueTime at(const core::Now& now) const {
    if (!told_) return shown_.value_or(now.venue);
    const auto since = std::chrono::duration_cast<std::chrono::seconds>(now.instant - told_->at);
    return std::max(told_->time + since, shown_.value_or(core::VenueTime{}));
  }

 private:
  struct Told {
    core::VenueTime time;
    core::Instant at;
  };
  std::optional<core::VenueTime> shown_;
  std::optional<Told> told_;
};

}  // namespace derivd::deriv
