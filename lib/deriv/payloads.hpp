// Owns the decoding of each payload: which fields a message must have, may have, and may have as
// null, in either dialect. decoder.cpp is its only user, inside its forward pass. It never looks
// outside its own object.
#pragma once

#include "deriv/decoder.hpp"
#include "deriv/json.hpp"

namespace derivd::deriv {

/// `value` is what stands under name_of(message); kOther has none.
json::Status decode_payload(Message message, json::Value value, const WireNames& names,
                            json::Amounts money, Payload& out);
/// payloads_market.cpp: what is offered, and when.
json::Status decode_offerings(json::Value value, OfferingsPayload& out);
json::Status decode_trading_times(json::Value value, const WireNames& names,
                                  TradingTimesPayload& out);
/// payloads_candles.cpp.
json::Status decode_candles(json::Value value, CandlesPayload& out);
/// payloads_account.cpp.
json::Status decode_own_limits(json::Value value, json::Amounts money, OwnLimitsPayload& out);
json::Status decode_error(json::Value value, std::optional<ApiError>& out);
/// A count of decimals: the "pip_size" of ticks and histories.
json::Status read_decimals(json::Value value, std::string_view name,
                           std::optional<std::uint8_t>& out);

}  // namespace derivd::deriv
