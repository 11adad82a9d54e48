// The venue's candles: ticks_history of style candles.
#include "deriv/payloads.hpp"
#include "market/candle_row.hpp"

namespace derivd::deriv {

using json::bad;
using json::each_element;
using json::each_field;
using json::read;
using json::require;
using json::Status;
using json::Value;

namespace {

// Larger lists mean a peer gone wrong, and a list is never longer than what was asked for.
constexpr auto kMaxCandles = static_cast<std::size_t>(market::kMostCandles);

Status decode_candle(Value value, RawCandle& out) {
  std::optional<core::VenueTime> epoch;
  std::optional<core::Decimal> open;
  std::optional<core::Decimal> high;
  std::optional<core::Decimal> low;
  std::optional<core::Decimal> close;
  DERIV_TRY(each_field(value, "candles", [&](std::string_view key, Value v) -> Status {
    if (key == "epoch") return read(v, "candles.epoch", epoch);
    if (key == "open") return read(v, "candles.open", open);
    if (key == "high") return read(v, "candles.high", high);
    if (key == "low") return read(v, "candles.low", low);
    if (key == "close") return read(v, "candles.close", close);
    return {};
  }));
  DERIV_TRY(require("candles.epoch", epoch));
  DERIV_TRY(require("candles.open", open));
  DERIV_TRY(require("candles.high", high));
  DERIV_TRY(require("candles.low", low));
  DERIV_TRY(require("candles.close", close));
  out = {*epoch, *open, *high, *low, *close};
  return {};
}

}  // namespace

/// A row that cannot be read costs the whole answer: an indicator over a list with a hole would be
/// of other candles than it says.
Status decode_candles(Value value, CandlesPayload& out) {
  return each_element(value, "candles", kMaxCandles, [&](Value item) -> Status {
    return decode_candle(item, out.candles.emplace_back());
  });
}

}  // namespace derivd::deriv
