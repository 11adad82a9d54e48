// What the venue says of its symbols: kept, handed to the engine, and held against what the
// strategies want to buy.
#include <fmt/format.h>

#include "common/trader.hpp"
#include "common/venue_settings.hpp"
#include "config/offered.hpp"
#include "core/printable.hpp"

namespace derivd::daemon {

namespace fact = deriv::fact;

namespace {

/// The venue's own word for a symbol on which it sells nothing (v3-api.md section 2).
constexpr std::string_view kNothingSold = "OfferingsInvalidSymbol";

std::string guess(const market::Symbols& symbols, std::string_view symbol) {
  const auto near = symbols.nearest(symbol);
  return near.empty() ? std::string{} : fmt::format("; the nearest is {}", near);
}

}  // namespace

void Trader::learn(market::Symbols symbols) {
  symbols_ = std::move(symbols);
  engine_.learn(symbols_);
  if (symbols_sink_) symbols_sink_(symbols_);
}

core::VenueTime Trader::market_time() const {
  return now_.venue + std::chrono::duration_cast<std::chrono::seconds>(now_.instant - venue_at_);
}

std::vector<deriv::TickAge> Trader::tick_ages() const {
  auto ages = session().tick_ages(now_);
  for (auto& age : ages) age.late &= symbols_.closed_text(age.symbol, market_time()).empty();
  return ages;
}

void Trader::on(const fact::Symbols& told) {
  // The list may come before the venue's time does.
  const core::VenueTime asked =
      now_.venue.s > 0 ? now_.venue : core::VenueTime{now_.wall.us / 1'000'000};
  learn(symbols_.with_list(told.list, asked, venue_address(config_.venue, dialect_).endpoint));
  list_told_ |= !told.list.empty();
  check_offered();
}

void Trader::on(const fact::Offerings& told) {
  learn(symbols_.with_offerings(told.symbol, told.offerings));
  offerings_told_.insert(told.symbol);
  check_offered();
}

void Trader::on(const fact::OfferingsRefused& told) {
  const auto& [symbol, code, why] = told;
  if (code != kNothingSold) {
    log_.write(core::EventKind::kFrameRefused,
               fmt::format("what is offered on {} is not known: {}", symbol, why));
    return;
  }
  for (const auto& s : config_.engine.strategies) {
    if (s.symbol != symbol) continue;
    engine_.not_offered(s.name, fmt::format("the venue sells nothing on {}: {}", symbol, why), now_,
                        actions_);
  }
}

void Trader::on(const fact::Hours& told) { learn(symbols_.with_hours(told.symbol, told.hours)); }

void Trader::perform(engine::AskCandles& a) {
  session().ask_candles(a.symbol, a.seconds, a.from, now_);
}

void Trader::on(const fact::Candles& told) {
  const auto& candles = told.candles;
  engine_.on_candles(
      {candles.symbol, candles.seconds, candles.from, candles.decimals, candles.candles, {}}, now_,
      actions_);
}

void Trader::on(const fact::CandlesRefused& told) {
  const auto& [symbol, seconds, from, why] = told;
  engine_.on_candles({symbol, seconds, from, 0, {}, core::Text::truncated(core::printable(why))},
                     now_, actions_);
}

void Trader::check_offered() {
  for (const auto& s : config_.engine.strategies) {
    if (list_told_ && symbols_.listed(s.symbol) == nullptr) {
      engine_.not_offered(
          s.name, fmt::format("the venue does not list {}{}", s.symbol, guess(symbols_, s.symbol)),
          now_, actions_);
      continue;
    }
    for (const auto& watched : s.watch) {
      if (!list_told_ || symbols_.listed(watched) != nullptr) continue;
      engine_.not_offered(s.name,
                          fmt::format("the venue does not list {}, which it watches{}", watched,
                                      guess(symbols_, watched)),
                          now_, actions_);
    }
    // What was offered long ago proves nothing today.
    if (!offerings_told_.contains(s.symbol)) continue;
    auto known = s;
    known.listed = symbols_.get(s.symbol);
    if (const auto problem = config::not_offered(known, symbols_)) {
      engine_.not_offered(s.name, *problem, now_, actions_);
    }
  }
}

}  // namespace derivd::daemon
