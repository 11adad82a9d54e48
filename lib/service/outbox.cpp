#include "service/outbox.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace derivd::service {

Outbox::Outbox(std::uint32_t per_hour, core::Rng& rng)
    : limiter_({0, per_hour, 0}), backoff_({kFirstRetry, kLongestRetry}, rng) {}

void Outbox::push(core::Notice notice, core::Instant now) {
  tell_held_back(now);
  if (!limiter_.try_take(now)) {
    ++held_back_;
    return;
  }
  if (queue_.size() >= kMaxWaiting) {
    // The front may be under way: its answer is still to be matched.
    queue_.erase(queue_.begin() + (under_way_ ? 1 : 0));
    ++lost_;
  }
  queue_.push_back({std::move(notice), now});
}

void Outbox::inherit(Outbox& other) {
  queue_.insert(queue_.begin(), std::make_move_iterator(other.queue_.begin()),
                std::make_move_iterator(other.queue_.end()));
  held_back_ += std::exchange(other.held_back_, 0);
  lost_ += std::exchange(other.lost_, 0);
  other.queue_.clear();
  other.under_way_ = false;
  for (; queue_.size() > kMaxWaiting; ++lost_) queue_.pop_front();
}

/// A message of its own, once the limit has room again.
void Outbox::tell_held_back(core::Instant now) {
  if (held_back_ == 0 || queue_.size() >= kMaxWaiting || !limiter_.try_take(now)) return;
  core::Notice notice;
  notice.kind = core::NoticeKind::kHeldBack;
  notice.text = fmt::format("{} further notifications were held back: the limit is {} an hour",
                            held_back_, limiter_.per_hour());
  held_back_ = 0;
  queue_.push_back({std::move(notice), now});
}

void Outbox::drop_old(core::Instant now) {
  while (!queue_.empty() && now - queue_.front().since > kKeep) {
    queue_.pop_front();
    ++lost_;
  }
}

const core::Notice* Outbox::next(core::Instant now) {
  if (under_way_) return nullptr;
  tell_held_back(now);
  drop_old(now);
  if (queue_.empty() || now < not_before_) return nullptr;
  under_way_ = true;
  return &queue_.front().notice;
}

std::optional<std::string> Outbox::done(Fate fate, std::string_view reason, core::Instant now,
                                        core::Duration wait) {
  under_way_ = false;
  std::optional<std::string> told;
  switch (fate) {
    case Fate::kDelivered:
      queue_.pop_front();
      if (std::exchange(failing_, false)) {
        told = lost_ == 0 ? "notifications arrive again"
                          : fmt::format("notifications arrive again; {} were lost", lost_);
        lost_ = 0;
      }
      backoff_.reset();
      not_before_ = {};
      return told;
    case Fate::kRetry:
      if (!std::exchange(failing_, true)) told = fmt::format("{}; trying again", reason);
      // The first wait of a Backoff is none; a receiver that just failed gets some time.
      if (backoff_.attempts() == 0) (void)backoff_.next();
      not_before_ = now + std::max(backoff_.next(), std::min(wait, kLongestWait));
      return told;
    case Fate::kRefused:
      queue_.pop_front();
      ++lost_;
      if (!std::exchange(failing_, true)) told = fmt::format("{}; the message is lost", reason);
      return told;
  }
  return told;
}

std::optional<core::Instant> Outbox::next_deadline(core::Instant now) const {
  if (under_way_) return std::nullopt;
  std::optional<core::Instant> at;
  if (!queue_.empty()) at = std::max(now, not_before_);
  if (held_back_ > 0) {
    const auto free = limiter_.next_free(now);
    if (!at || free < *at) at = free;
  }
  return at;
}

}  // namespace derivd::service
