#include "deriv/requests.hpp"

#include <algorithm>
#include <cstring>

namespace derivd::deriv {
namespace {

// The longest frame of ours is below 1 KiB.
constexpr std::size_t kMaxFrameText = 4096;
// After a budget said no without naming a later time.
constexpr core::Duration kSoon = std::chrono::milliseconds(1);

}  // namespace

Requests::Requests(const Rules& rules, Wire& wire, core::Rng& rng, Liveness& liveness,
                   SessionStats& stats)
    : wire_(wire), liveness_(liveness), stats_(stats), encoder_(rules), budget_(rules, rng) {
  text_.reserve(kMaxFrameText);
}

bool Requests::due(Task& task, Call call, const core::Now& now) {
  if (!task.wanted()) return false;
  if (task.not_before <= now.instant) {
    const bool room = has_room();
    if (room && budget_.try_take(call, now.instant)) return true;
    const auto free = room ? budget_.next_free(call, now.instant) : now.instant + kFirstRetry;
    task.not_before = std::max(free, now.instant + kSoon);
  }
  want_at(task.not_before);
  return false;
}

void Requests::again(Task& task, core::Duration longest, const core::Now& now) {
  auto wait = kFirstRetry;
  for (int i = 0; i < task.attempts && wait < longest; ++i) wait *= 2;
  ++task.attempts;
  task.phase = Task::Phase::kWanted;
  task.not_before = now.instant + std::min(wait, longest);
  want();
}

std::int64_t Requests::begin(Call call, std::int64_t subject, const core::Now& now) {
  const auto id = ++last_id_;
  pending_.add({id, call, subject, now.instant, now.instant + reply_timeout(call)});
  return id;
}

void Requests::transmit(const core::Now& now) {
  ++stats_.requests;
  liveness_.sent(now.instant);
  wire_.send(text_);
}

void Requests::wipe() { ::explicit_bzero(text_.data(), text_.size()); }

}  // namespace derivd::deriv
