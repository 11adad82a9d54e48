#include "venue/quotes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.hpp"
#include "market/kind.hpp"

namespace derivd::venue {

core::Money share_of(core::Money stake, std::int64_t numerator, std::int64_t denominator) {
  __extension__ using Wide = __int128;
  const auto twice = static_cast<Wide>(stake.units()) * numerator * 2 + denominator;
  return core::Money::minor(static_cast<std::int64_t>(twice / (2 * static_cast<Wide>(denominator))),
                            stake.exponent());
}

namespace {

/// The barriers that its price depends on.
std::span<const market::Barrier> levels_of(const market::ContractSpec& spec) {
  const bool pair = market::has_form(spec.type, market::BarrierForm::kPair);
  const bool one = market::has_form(spec.type, market::BarrierForm::kOffset);
  return std::span(spec.barriers).first(pair ? 2 : one ? 1 : 0);
}

}  // namespace

std::string words_of(const market::ContractSpec& spec) {
  std::string out(market::name_of(spec.type));
  if (spec.duration.count > 0) out += " " + spec.duration.to_string();
  for (const auto& barrier : levels_of(spec)) out += " " + market::text_of(barrier);
  if (spec.selected_tick() > 0) out += fmt::format(" tick {}", spec.selected_tick());
  return out + " on " + spec.symbol.str();
}

Quotes::Key Quotes::key_of(const market::ContractSpec& spec) {
  Key key;
  key.symbol = spec.symbol;
  key.type = spec.type;
  key.in_ticks = spec.duration.in_ticks();
  // One minute is sixty seconds; a day ends at midnight (market/spec.hpp) and is dear as such.
  const bool days = spec.duration.unit == market::ContractDuration::Unit::kDays;
  const bool until = spec.duration.unit == market::ContractDuration::Unit::kUntil;
  key.length =
      key.in_ticks || until ? spec.duration.count : spec.duration.seconds() + (days ? 1 : 0);
  std::ranges::copy(levels_of(spec), key.barriers.begin());
  key.selected_tick = spec.selected_tick();
  if (market::kind_of(spec.type).needs.digit_is_priced) key.digit = spec.digit();
  return key;
}

const Quotes::Lane* Quotes::find(const market::ContractSpec& spec) const {
  const auto it = std::ranges::find(lanes_, key_of(spec), &Lane::key);
  return it == lanes_.end() ? nullptr : &*it;
}

core::Result<void> Quotes::add(const market::ContractSpec& spec, const Quote& quote) {
  if (!market::has_payout(spec.type)) {
    return core::invalid(fmt::format("a {} has no payout", market::kind_of(spec.type).family));
  }
  if (quote.stake.exponent() != quote.payout.exponent()) {
    return core::invalid("stake and payout are of different currencies");
  }
  if (quote.stake.units() <= 0 || quote.payout.units() <= 0) {
    return core::invalid(fmt::format("a payout of {} for a stake of {}: both must be above 0",
                                     quote.payout.to_string(), quote.stake.to_string()));
  }
  if (quote.payout.units() / quote.stake.units() > kMaxRatio) {
    return core::invalid(fmt::format("a payout of {} for a stake of {} is out of range",
                                     quote.payout.to_string(), quote.stake.to_string()));
  }
  if (count_ > 0 && quote.stake.exponent() != lanes_.front().quotes.front().stake.exponent()) {
    return core::invalid("quotes of different currencies");
  }
  if (count_ >= kMaxQuotes) return core::invalid(fmt::format("more than {} quotes", kMaxQuotes));
  auto it = std::ranges::find(lanes_, key_of(spec), &Lane::key);
  if (it == lanes_.end() && lanes_.size() >= kMaxLanes) {
    return core::invalid(fmt::format("quotes of more than {} kinds of contracts", kMaxLanes));
  }
  ++count_;
  if (it == lanes_.end()) it = lanes_.insert(lanes_.end(), {key_of(spec), words_of(spec), {}});
  it->quotes.push_back(quote);
  return {};
}

void Quotes::sort() {
  for (auto& lane : lanes_) std::ranges::stable_sort(lane.quotes, {}, &Quote::time);
}

std::span<const Quotes::Quote> Quotes::window_at(const market::ContractSpec& spec,
                                                 core::VenueTime at) const {
  const auto* lane = find(spec);
  DERIVD_CHECK(lane != nullptr, "a contract without a recorded quote");
  const auto& all = lane->quotes;
  auto end = std::ranges::upper_bound(all, at, {}, &Quote::time) - all.begin();
  const auto window = static_cast<std::ptrdiff_t>(kWindow);
  if (end == 0) end = std::min(window, std::ssize(all));
  const auto begin = std::max<std::ptrdiff_t>(0, end - window);
  return std::span(all).subspan(static_cast<std::size_t>(begin),
                                static_cast<std::size_t>(end - begin));
}

namespace {

/// Of equal stakes the latest.
const Quotes::Quote& largest_of(std::span<const Quotes::Quote> quotes) {
  const auto* largest = &quotes.back();
  for (auto i = quotes.size(); i > 0; --i) {
    if (quotes[i - 1].stake > largest->stake) largest = &quotes[i - 1];
  }
  return *largest;
}

}  // namespace

core::Money Quotes::payout(const market::ContractSpec& spec, core::Money stake,
                           core::VenueTime at) const {
  const auto window = window_at(spec, at);
  for (auto i = window.size(); i > 0; --i) {
    if (window[i - 1].stake == stake) return window[i - 1].payout;
  }
  const auto& largest = largest_of(window);
  return share_of(stake, largest.payout.units(), largest.stake.units());
}

core::Money Quotes::price(const market::ContractSpec& spec, core::Money payout,
                          core::VenueTime at) const {
  const auto window = window_at(spec, at);
  for (auto i = window.size(); i > 0; --i) {
    if (window[i - 1].payout == payout) return window[i - 1].stake;
  }
  const auto& largest = largest_of(window);
  return share_of(payout, largest.stake.units(), largest.payout.units());
}

std::uint64_t Quotes::digest() const {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  const auto add = [&](std::uint64_t value) { hash = (hash ^ value) * 0x100'0000'01b3; };
  for (const auto& lane : lanes_) {
    for (const char c : lane.name) add(static_cast<unsigned char>(c));
    for (const auto& q : lane.quotes) {
      add(static_cast<std::uint64_t>(q.time.s));
      add(static_cast<std::uint64_t>(q.stake.units()));
      add(static_cast<std::uint64_t>(q.payout.units()));
    }
  }
  return hash;
}

std::string Quotes::contracts() const {
  std::string out;
  for (const auto& lane : lanes_) out += (out.empty() ? "" : ", ") + lane.name;
  return out;
}

}  // namespace derivd::venue
