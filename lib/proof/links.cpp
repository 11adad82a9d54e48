// How long the venue leaves a link alone over which nothing passes.
#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "proof/probe.hpp"

namespace derivd::proof {
namespace {

// Whose ticks tell the venue's time.
constexpr std::array<std::string_view, 2> kClocks{"R_100", "1HZ100V"};

// Of the v3 API, by its documentation (deriv/v3-api.md section 1). Of the options API nothing is
// published; derivd pings after 30 s (deriv/liveness.hpp) and rests on no more than that.
constexpr std::int64_t kIdle = 120;
// A link that ends so soon was not idle: a venue or a proxy may allow no second one.
constexpr std::int64_t kAtOnce = 15;
// Ticks tell the time, and R_100 has one each two seconds.
constexpr std::int64_t kWithin = 5;
// Long enough that a close after 120 s is seen, short enough for somebody who waits for it.
constexpr std::int64_t kSilentFor = 150;

Finding judge_idle(const Seen& seen) {
  if (seen.silences.empty()) return {Verdict::kUndecided, "no link was left alone"};
  const auto name = "idle time-out of a link";
  for (const auto& silence : seen.silences) {
    if (silence.seconds + kWithin < kIdle) continue;
    if (!silence.closed) {
      return {Verdict::kAsAssumed, fmt::format("it was still open after {} s", silence.seconds)};
    }
    return {Verdict::kAsAssumed,
            fmt::format("it was closed after {} s", silence.seconds),
            {{name, fmt::format("{} s", silence.seconds)}}};
  }
  const auto& last = seen.silences.back();
  const auto text = fmt::format("it was closed after {} s", last.seconds);
  if (last.seconds < kAtOnce) {
    return {Verdict::kUndecided, text + ": a second link may not be allowed"};
  }
  if (seen.silences.size() > 1) {
    const auto& before = seen.silences[seen.silences.size() - 2];
    if (before.closed && last.closed && std::abs(before.seconds - last.seconds) <= kWithin) {
      return {Verdict::kNot, text + ", twice", {{name, fmt::format("{} s", last.seconds)}}};
    }
  }
  // A network drops links, too, but not twice at the same age.
  return {Verdict::kUndecided, text + "; whether by the venue or on the way is not known"};
}

const std::array kLinkProbes{
    Probe{.kind = "idle-timeout",
          .assumed = "a link over which nothing passes is not closed before 120 s",
          .symbols = kClocks,
          .type = {},
          .silent_s = kSilentFor,
          .by_chance = true,
          .judge = judge_idle},
};

}  // namespace

std::span<const Probe> link_probes() { return kLinkProbes; }

}  // namespace derivd::proof
