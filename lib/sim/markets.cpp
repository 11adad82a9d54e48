#include "sim/markets.hpp"

#include "core/check.hpp"

namespace derivd::sim {

Markets::Markets(Feed::Options options) : feed_(std::move(options)), ordered_(feed_.size()) {}

std::optional<Markets::Published> Markets::publish(std::size_t symbol, core::VenueTime now,
                                                   Faults& faults) {
  DERIVD_CHECK(symbol < ordered_.size(), "no such symbol");
  Ordered& ordered = ordered_[symbol];
  DERIVD_CHECK(ordered.asked < now, "time moves forward, second by second");
  ordered.asked = now;
  if (now.s < ordered.closed_until) return std::nullopt;
  const auto tick = feed_.take(symbol, now);
  if (!tick) return std::nullopt;
  Published out{*tick, *tick, 1};
  for (const Fault& f : faults.on({Direction::kTick, "tick", {}, {}, tick->symbol.view()})) {
    if (f.kind == FaultKind::kCloseMarket) {
      ordered.closed_until = now.s + f.amount;
      return std::nullopt;
    }
    if (f.kind == FaultKind::kSkipTicks) ordered.unpublished = f.amount;
    if (f.kind == FaultKind::kRepeatTick) ++out.copies;
    if (f.kind == FaultKind::kJumpTick) out.shown.epoch = {tick->epoch.s + f.amount};
  }
  feed_.push(symbol, *tick);
  if (ordered.unpublished > 0) {
    --ordered.unpublished;  // the venue settles by it, the streams never show it
    out.copies = 0;
  }
  const auto last = feed_.last(symbol);
  DERIVD_CHECK(last && last->epoch == tick->epoch, "what is published is in the history");
  return out;
}

void Markets::reopen() {
  for (Ordered& o : ordered_) o.closed_until = o.unpublished = 0;
}

std::optional<std::size_t> Markets::listed(std::string_view code, core::VenueTime now) const {
  const auto index = feed_.index_of(code);
  return index && feed_.is_listed(*index, now) ? index : std::nullopt;
}

std::size_t Markets::index_of(std::string_view code) const {
  const auto index = feed_.index_of(code);
  DERIVD_CHECK(index, "no such symbol");
  return *index;
}

bool Markets::closed(std::size_t symbol, core::VenueTime now) const {
  DERIVD_CHECK(symbol < ordered_.size(), "no such symbol");
  if (now.s < ordered_[symbol].closed_until) return true;
  if (!feed_.is_open(symbol, now)) return true;
  if (!feed_.ended(symbol)) return false;
  const auto last = feed_.last(symbol);
  return !last || now.s > last->epoch.s + feed_.info(symbol).interval_s;
}

market::Symbols Markets::symbols() const {
  market::Symbols out;
  for (std::size_t i = 0; i < feed_.size(); ++i)
    if (feed_.listing(i) != nullptr) out = out.with(feed_.info(i));
  return out;
}

}  // namespace derivd::sim
