#include "market/contract.hpp"

#include "core/check.hpp"
#include "market/kind.hpp"

namespace derivd::market {

bool wins(const ContractSpec& spec, core::Price entry, core::Price exit) {
  const auto& kind = kind_of(spec.type);
  DERIVD_CHECK(kind.wins != nullptr, "what pays its value neither wins nor loses");
  return kind.wins(spec, entry, exit);
}

ContractLife::ContractLife(const ContractSpec& spec, core::VenueTime start)
    : spec_(spec), start_(start) {
  DERIVD_CHECK(has_payout(spec.type), "a position has a life of its own");
  DERIVD_CHECK(spec.duration.count > 0, "a digital option has a duration");
  if (spec.duration.in_ticks()) {
    const auto* symbol = find_symbol(spec.symbol);
    // An unlisted symbol ticks every second or so; the figure only lasts until the exit is known.
    const std::int64_t interval = symbol != nullptr ? symbol->interval_s : 1;
    expiry_ = {start.s + spec.duration.count * interval};
  } else {
    expiry_ = expiry_of(spec.duration, start);
  }
}

bool ContractLife::on_tick(const Tick& tick) {
  if (verdict_ != Verdict::kOpen || expired_ || spec_.duration.count == 0) return false;
  if (tick.symbol != spec_.symbol || tick.epoch <= start_) return false;
  if (last_ && tick.epoch <= last_->epoch) return false;
  const bool timed = !spec_.duration.in_ticks();
  if (timed && tick.epoch > expiry_) return on_time(tick.epoch);
  last_ = tick;
  if (!entry_) {
    entry_ = tick;
    ticks_passed_ = kind_of(spec_.type).entry_counts ? 1 : 0;
  } else {
    ++ticks_passed_;
  }
  // Epochs rise strictly: after a tick at the expiry no other can belong to the contract.
  const bool last_one = timed ? tick.epoch == expiry_ : ticks_passed_ == spec_.duration.count;
  if (last_one) decide(tick);
  return last_one;
}

bool ContractLife::on_time(core::VenueTime now) {
  if (verdict_ != Verdict::kOpen || expired_ || spec_.duration.count == 0) return false;
  if (spec_.duration.in_ticks() || now <= expiry_) return false;
  if (!last_) {
    expired_ = true;
    return false;
  }
  const auto exit_tick = *last_;
  decide(exit_tick);
  return true;
}

void ContractLife::decide(const Tick& exit_tick) {
  exit_ = exit_tick;
  if (spec_.duration.in_ticks()) expiry_ = exit_tick.epoch;
  expired_ = true;
  verdict_ = wins(spec_, entry_->quote, exit_tick.quote) ? Verdict::kWon : Verdict::kLost;
}

std::optional<core::Price> ContractLife::barrier_price() const {
  return entry_ ? price_to_beat(spec_, entry_->quote) : std::nullopt;
}

std::optional<core::Price> price_to_beat(const ContractSpec& spec, core::Price entry) {
  switch (kind_of(spec.type).needs.barrier) {
    case BarrierForm::kNone:
    case BarrierForm::kDigit:
      return std::nullopt;
    case BarrierForm::kEntry:
      return entry;
    case BarrierForm::kOffset:
      return entry + spec.offset();
  }
  return std::nullopt;
}

}  // namespace derivd::market
