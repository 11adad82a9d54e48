#include "execution/follow.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace derivd::execution {
namespace {

using std::chrono::seconds;

// Ticks: one interval for the entry, one for each tick, one to spare.
seconds nominal_length(const market::ContractDuration& duration, std::int64_t interval_s) {
  if (duration.in_ticks()) return seconds((duration.count + 2) * interval_s);
  return seconds(duration.seconds());
}

// By value: the venue's JSON drops trailing zeros, and a report need not know the symbol's
// decimals.
bool same_tick(const market::Tick& a, const market::Tick& b) {
  return a.epoch == b.epoch && core::Decimal{a.quote.mantissa(), a.quote.decimals()} ==
                                   core::Decimal{b.quote.mantissa(), b.quote.decimals()};
}

std::string shown(const market::Tick& tick) {
  return fmt::format("{} at {}", tick.quote.to_string(), tick.epoch.s);
}

}  // namespace

Follower::Follower(const market::ContractSpec& spec, core::VenueTime start, std::int64_t interval_s,
                   core::Instant opened)
    : spec_(spec) {
  // A multiplier has no end of its own, and where it closes depends on the venue's own levels.
  if (market::is_multiplier(spec.type)) {
    complete_ = false;
    return;
  }
  life_ = market::ContractLife(spec, start);
  const auto length = nominal_length(spec.duration, interval_s);
  nominal_end_ = start + length;
  next_poll_ = opened + length + kSilence;
}

bool Follower::has_ended(core::VenueTime epoch) const {
  if (complete_ && spec_.duration.in_ticks()) return life_.verdict() != market::Verdict::kOpen;
  return epoch >= nominal_end_;
}

void Follower::on_tick(const market::Tick& tick, core::Instant now) {
  if (complete_) life_.on_tick(tick);
  if (ended_ || market::is_multiplier(spec_.type) || !has_ended(tick.epoch)) return;
  ended_ = true;
  next_poll_ = now + kFirstPoll;
}

void Follower::polled(core::Instant now) {
  wait_ = std::min(wait_ * 2, kLongestPoll);
  next_poll_ = now + wait_;
}

bool Follower::decided() const { return complete_ && life_.verdict() != market::Verdict::kOpen; }

std::optional<market::Tick> Follower::entry() const {
  return complete_ ? life_.entry() : std::nullopt;
}

std::optional<market::Tick> Follower::exit() const {
  return decided() ? life_.exit() : std::nullopt;
}

std::optional<std::string> Follower::disagreement(const Order& settled) const {
  if (!decided() || settled.outcome == Outcome::kSold) return std::nullopt;
  const bool won = life_.verdict() == market::Verdict::kWon;
  if (settled.outcome != (won ? Outcome::kWon : Outcome::kLost)) {
    return fmt::format("the venue says {}, our ticks say {} (entry {}, exit {})",
                       name_of(settled.outcome), won ? "won" : "lost", shown(*life_.entry()),
                       shown(*life_.exit()));
  }
  if (settled.exit && !same_tick(*settled.exit, *life_.exit())) {
    return fmt::format("the venue's exit is {}, ours {}", shown(*settled.exit),
                       shown(*life_.exit()));
  }
  if (settled.entry && !same_tick(*settled.entry, *life_.entry())) {
    return fmt::format("the venue's entry is {}, ours {}", shown(*settled.entry),
                       shown(*life_.entry()));
  }
  return std::nullopt;
}

}  // namespace derivd::execution
