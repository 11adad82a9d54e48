#include "service/pulse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace derivd::service {
namespace {

double seconds(core::Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

void Pulse::woke(core::Instant now) { longest_ = std::max(longest_, now - expected_); }

std::optional<std::string> Pulse::check(core::Instant now,
                                        std::optional<core::Instant> next_deadline,
                                        bool journal_healthy) {
  shown_ = std::exchange(longest_, core::Duration{0});
  if (!journal_healthy) return "the journal cannot be written";
  if (next_deadline && now - *next_deadline > kLate) {
    return fmt::format("a deadline is overdue by {:.1f} s", seconds(now - *next_deadline));
  }
  if (shown_ > kLate) return fmt::format("the loop was {:.1f} s late", seconds(shown_));
  return std::nullopt;
}

}  // namespace derivd::service
