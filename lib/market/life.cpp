#include "market/life.hpp"

#include "core/check.hpp"
#include "market/hours.hpp"
#include "market/kind.hpp"

namespace derivd::market {
namespace {

// What has no length never expires; the venue writes the last second of the day 36500 days later
// (captured: started 1716220583, date_expiry 4869849599).
constexpr std::int64_t kNoExpiryDays = 36500;

}  // namespace

core::VenueTime nominal_expiry(const ContractSpec& spec, core::VenueTime start,
                               const SymbolInfo* symbol) {
  if (!kind_of(spec.type).needs.has_length()) {
    return {(start.s / kSecondsOfDay + kNoExpiryDays) * kSecondsOfDay + kSecondsOfDay - 1};
  }
  DERIVD_CHECK(spec.duration.count > 0, "a contract of a kind with a length has one");
  if (!spec.duration.in_ticks()) return expiry_of(spec.duration, start);
  // An unlisted symbol ticks every second or so; the figure only lasts until the exit is known.
  const std::int64_t interval =
      symbol != nullptr && symbol->interval_s > 0 ? symbol->interval_s : 1;
  return {start.s + spec.duration.count * interval};
}

bool is_timed(const ContractSpec& spec) {
  return kind_of(spec.type).needs.has_length() && !spec.duration.in_ticks();
}

std::string_view name_of(End end) {
  switch (end) {
    case End::kWon:
      return "won";
    case End::kLost:
      return "lost";
    case End::kKnockedOut:
      return "knocked_out";
    case End::kStopOut:
      return "stop_out";
    case End::kTakeProfit:
      return "take_profit";
    case End::kStopLoss:
      return "stop_loss";
    case End::kCancelled:
      return "cancelled";
    case End::kSold:
      return "sold";
    case End::kExpiredEmpty:
      return "expired";
  }
  return "?";
}

Life::Life(const ContractSpec& spec, const Purchase& purchase, const SymbolInfo* symbol)
    : spec_(spec),
      purchase_(purchase),
      expiry_(nominal_expiry(spec, purchase.start, symbol)),
      is_something_(true) {
  const auto& kind = kind_of(spec.type);
  if (kind.entry == EntryRule::kKnown) {
    entry_ = purchase.known;
    last_ = purchase.known;
  }
  if (kind.begin != nullptr) kind.begin(*this, symbol);
}

bool Life::on_tick(const Tick& tick) {
  if (ended_ || !is_something_) return false;
  if (tick.symbol != spec_.symbol || tick.epoch <= purchase_.start) return false;
  if (last_ && tick.epoch <= last_->epoch) return false;
  const auto& kind = kind_of(spec_.type);
  const bool in_ticks = spec_.duration.in_ticks();
  if (tick.epoch > expiry_ && !in_ticks) [[unlikely]]
    return on_time(tick.epoch);
  // It entered at a tick that nobody kept: nothing can be said of it any more.
  if (kind.entry == EntryRule::kKnown && !entry_) return false;
  last_ = tick;
  if (!entry_) {
    entry_ = tick;
    ticks_passed_ = kind.entry_counts ? 1 : 0;
  } else {
    ++ticks_passed_;
  }
  if (kind.step != nullptr) {
    if (const auto how = kind.step(*this)) {
      if (in_ticks && kind.needs.has_length()) expiry_ = tick.epoch;
      finish(*how, tick.epoch);
      return true;
    }
  }
  if (!kind.needs.has_length()) return false;
  // Epochs rise strictly: after a tick at the expiry no other can belong to the contract.
  const bool last_one = in_ticks ? ticks_passed_ == spec_.duration.count : tick.epoch == expiry_;
  if (!last_one) return false;
  if (in_ticks) expiry_ = tick.epoch;
  finish(kind.at_end(*this), expiry_);
  return true;
}

bool Life::on_time(core::VenueTime now) {
  if (ended_ || !is_something_ || now <= expiry_) return false;
  const auto& kind = kind_of(spec_.type);
  if (!is_timed(spec_)) return false;
  if (kind.entry == EntryRule::kKnown && !entry_) return false;
  finish(last_ ? kind.at_end(*this) : End::kExpiredEmpty, expiry_);
  return true;
}

void Life::end(End how, core::VenueTime when, core::Money pays) {
  DERIVD_CHECK(!ended_ && is_something_, "a contract ends once");
  ended_ = Ended{how, when, pays};
}

void Life::finish(End how, core::VenueTime when) { end(how, when, pays(how)); }

const std::optional<Tick>& Life::exit() const {
  static constexpr std::optional<Tick> kNone;
  if (!ended_) return kNone;
  switch (ended_->how) {
    case End::kSold:
    case End::kCancelled:
    case End::kExpiredEmpty:
      return kNone;
    case End::kWon:
    case End::kLost:
    case End::kKnockedOut:
    case End::kStopOut:
    case End::kTakeProfit:
    case End::kStopLoss:
      break;
  }
  return last_;
}

std::optional<core::Price> Life::barrier_price() const {
  if (!entry_) return std::nullopt;
  const auto level = kind_of(spec_.type).level;
  return level != nullptr ? level(*this) : price_to_beat(spec_, entry_->quote);
}

std::optional<core::Price> Life::low_barrier_price() const {
  return entry_ ? low_barrier(spec_, entry_->quote) : std::nullopt;
}

core::Money Life::pays(End how) const {
  switch (how) {
    case End::kExpiredEmpty:
    case End::kCancelled:
      return purchase_.stake;
    case End::kLost:
    case End::kKnockedOut:
      return core::Money::minor(0, purchase_.stake.exponent());
    case End::kWon:
    case End::kStopOut:
    case End::kTakeProfit:
    case End::kStopLoss:
    case End::kSold:
      break;
  }
  const auto value = kind_of(spec_.type).value;
  return value != nullptr ? value(*this) : purchase_.payout;
}

}  // namespace derivd::market
