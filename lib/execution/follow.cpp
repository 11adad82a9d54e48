#include "execution/follow.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "execution/audit.hpp"
#include "market/kind.hpp"

namespace derivd::execution {
namespace {

// Ticks: one interval for the entry, one for each tick, one to spare.
core::VenueTime nominal_end(const market::ContractDuration& duration, core::VenueTime start,
                            std::int64_t interval_s) {
  if (!duration.in_ticks()) return market::expiry_of(duration, start);
  return start + std::chrono::seconds((duration.count + 2) * interval_s);
}

// Where ticks of the life are missing: does the venue's result follow from the venue's own ticks.
std::optional<OwnResult> by_their_ticks(const Order& o) {
  // What a tick between them can decide does not follow from the two.
  if (market::kind_of(o.spec.type).wins == nullptr || !o.entry || !o.exit) return std::nullopt;
  const auto decimals = o.entry->quote.decimals();
  if (decimals != o.exit->quote.decimals()) return std::nullopt;
  if (!market::has_decimals(o.spec, decimals)) return std::nullopt;
  return OwnResult{*o.entry, *o.exit, market::wins(o.spec, o.entry->quote, o.exit->quote)};
}

}  // namespace

Follower::Follower(const market::ContractSpec& spec, core::VenueTime start, std::int64_t interval_s,
                   core::Instant opened)
    : spec_(spec) {
  // What pays its value pays by figures of the venue's own: its levels, its number of contracts.
  complete_ = market::has_payout(spec.type);
  // A position without a length has no end of its own either.
  if (!market::kind_of(spec.type).needs.has_length()) return;
  // What it pays, the order knows when it is compared.
  if (complete_) life_ = market::Life(spec, {start, {}, {}}, market::find_symbol(spec.symbol));
  nominal_end_ = nominal_end(spec.duration, start, interval_s);
  next_poll_ = opened + (nominal_end_ - start) + kSilence;
}

bool Follower::has_ended(core::VenueTime epoch) const {
  if (complete_ && life_.is_over()) return true;
  if (complete_ && spec_.duration.in_ticks()) return false;
  return epoch >= nominal_end_;
}

void Follower::on_tick(const market::Tick& tick, core::Instant now) {
  if (complete_) life_.on_tick(tick);
  const bool ends = market::kind_of(spec_.type).needs.has_length();
  if (ended_ || !ends || !has_ended(tick.epoch)) return;
  ended_ = true;
  next_poll_ = now + kFirstPoll;
}

void Follower::polled(core::Instant now) {
  wait_ = std::min(wait_ * 2, kLongestPoll);
  next_poll_ = now + wait_;
}

bool Follower::decided() const { return complete_ && life_.exit().has_value(); }

std::optional<market::Tick> Follower::entry() const {
  return complete_ ? life_.entry() : std::nullopt;
}

std::optional<market::Tick> Follower::exit() const {
  return decided() ? life_.exit() : std::nullopt;
}

std::optional<std::string> Follower::disagreement(const Order& settled) const {
  std::optional<OwnResult> own;
  if (decided()) {
    own = {*life_.entry(), *life_.exit(), life_.ended()->how == market::End::kWon};
  } else if (!may_decide()) {
    own = by_their_ticks(settled);
  }
  if (!own) return std::nullopt;
  const auto found = differences(settled, *own);
  if (found.empty()) return std::nullopt;
  std::string text = decided() ? "by our ticks" : "by its own entry and exit";
  for (const auto& d : found) {
    text += fmt::format("{}{} is {}, not {}", &d == &found.front() ? ": " : "; ", d.field,
                        d.expected, d.said);
  }
  return text;
}

}  // namespace derivd::execution
