// The venue's past candles: asked within what purchases leave of the budget of calls, a few at a
// time, and told whole or not at all.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "deriv/session_impl.hpp"

namespace derivd::deriv {
namespace {

/// An answer of 5,000 candles has half a megabyte: more of them on the way at once would keep the
/// answer to a purchase waiting behind them.
constexpr std::size_t kCandlesAtOnce = 2;
/// The candle that grows now, and the one that begins while the answer is made.
constexpr std::int64_t kGrowing = 2;

/// Why the rows are no candles of this length, rising and from `from` on; empty: `out` has them.
std::string take_past_candles(const std::vector<RawCandle>& rows, PastCandles& out) {
  out.candles.reserve(rows.size());
  for (const auto& raw : rows) {
    const auto begins = raw.epoch;
    if (begins < out.from) continue;
    if (begins.s % out.seconds != 0) {
      return fmt::format("a candle begins at {}, which is no multiple of {} s", begins.s,
                         out.seconds);
    }
    if (!out.candles.empty() && begins <= out.candles.back().begins) {
      return fmt::format("the candle of {} comes after that of {}", begins.s,
                         out.candles.back().begins.s);
    }
    const auto open = core::Price::from(raw.open, out.decimals);
    const auto high = core::Price::from(raw.high, out.decimals);
    const auto low = core::Price::from(raw.low, out.decimals);
    const auto close = core::Price::from(raw.close, out.decimals);
    if (!open || !high || !low || !close) {
      return fmt::format("a quote of the candle of {} has not {} decimals", begins.s, out.decimals);
    }
    const market::CandleRow row{begins, open->mantissa(), high->mantissa(), low->mantissa(),
                                close->mantissa()};
    if (row.low <= 0 || row.low > std::min(row.open, row.close) ||
        row.high < std::max(row.open, row.close)) {
      return fmt::format("the quotes of the candle of {} make no sense: {} {} {} {}", begins.s,
                         raw.open.to_string(), raw.high.to_string(), raw.low.to_string(),
                         raw.close.to_string());
    }
    out.candles.push_back(row);
  }
  return {};
}

}  // namespace

void Session::Impl::ask_candles(const market::SymbolCode& symbol, std::int32_t length,
                                core::VenueTime from) {
  const auto refuse = [&](std::string_view why) {
    listener.tell(fact::CandlesRefused{symbol, length, from, why});
  };
  if (!is_symbol(symbol)) return refuse("the symbol is none");
  if (market::venue_candle_for(length) != length) return refuse("the venue keeps no such candles");
  if (from.s < 0) return refuse("the time is none");
  if (candles.full()) return refuse("too many requests for past candles are waiting");
  candles.add({symbol, length, from});
  requests.want();
}

void Session::Impl::pump_candles(const Now& now) {
  if (state == SessionState::kSyncing) return;
  auto asked = requests.pending().count(Call::kCandles);
  for (auto& wanted : candles) {
    if (asked >= kCandlesAtOnce) return;  // an answer makes room, and pumps again
    if (!requests.due(wanted.task, Call::kCandles, now)) continue;
    const auto span = std::max<std::int64_t>(0, (venue_clock.at(now) - wanted.from).count());
    const auto count = std::min(span / wanted.length + kGrowing, market::kMostCandles);
    requests.ask(wanted.task, Call::kCandles, 0, now, &Encoder::candles, wanted.symbol,
                 wanted.length, wanted.from, count);
    ++asked;
  }
}

void Session::Impl::on_candles(const Pending& asked, CandlesPayload& payload) {
  const auto* wanted = candles.find(asked.req_id);
  if (wanted == nullptr) return;
  PastCandles out{wanted->symbol, wanted->length, wanted->from, 0, {}};
  const auto decimals = payload.decimals ? payload.decimals : known.decimals_of(out.symbol);
  if (!decimals) return refuse_candles(asked, "the decimals of its quotes are not known");
  out.decimals = *decimals;
  if (const auto why = take_past_candles(payload.candles, out); !why.empty()) {
    notice_once(core::EventKind::kFrameRefused, fmt::format("candles/{}", out.symbol),
                fmt::format("the past candles of {} are refused: {}", out.symbol, why));
    return refuse_candles(asked, why);
  }
  static_cast<void>(candles.take(asked.req_id));
  listener.tell(fact::Candles{out});
}

void Session::Impl::refuse_candles(const Pending& asked, std::string_view why) {
  const auto wanted = candles.take(asked.req_id);
  if (!wanted) return;
  requests.want();  // those behind it have its place now
  listener.tell(fact::CandlesRefused{wanted->symbol, wanted->length, wanted->from, why});
}

void Session::ask_candles(const market::SymbolCode& symbol, std::int32_t length,
                          core::VenueTime from, const Now& now) {
  const Impl::Entry entry(*impl_, now);
  impl_->ask_candles(symbol, length, from);
}

}  // namespace derivd::deriv
