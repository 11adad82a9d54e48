// Owns Call, the kinds of request that the session makes, and what becomes of each when its answer
// does not come. Encoder, budgets and the pending table speak in these. It never names a field of
// the wire.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/time.hpp"

namespace derivd::deriv {

enum class Call : std::uint8_t {
  kAuthorize,  // v3
  kPing,
  kTime,
  kBalance,  // subscribes
  kActiveSymbols,
  kTransactions,  // subscribes
  kTicks,         // subscribes
  kHistory,       // past ticks, then subscribes
  kHistoryOnly,   // past ticks of a symbol whose stream already runs
  kPast,          // past ticks of a span of time
  kCandles,       // past candles of a symbol
  kWatch,         // subscribes to one contract
  kPoll,          // one contract, once
  kPortfolio,
  kProfitTable,
  kProposal,
  kPrice,  // a proposal that an operator asks for, and nobody buys
  kBuy,
  kSell,
  kCancel,  // a deal cancellation
  kForget,
  kOfferings,     // contracts_for one symbol
  kTradingTimes,  // of all symbols on one day
  kOwnLimits,     // v3: what the holder of the account has limited it to
};
inline constexpr std::size_t kCallCount = 23;

/// For messages: "ticks_history".
std::string_view name_of(Call call);

/// What becomes of a request whose answer was lost with the link, or did not come in time.
enum class Fate : std::uint8_t {
  kAgain,    // harmless: asked again when it is still wanted
  kRefused,  // told as refused; the caller decides anew
  kUnknown,  // told as unknown: it may have happened, and it is never sent again
};
Fate fate_of(Call call);

/// How long an answer may take. The venue's own back end gives up after 15 s by default (v3-api.md
/// section 1, [WSP]) and then says so; a purchase waits for that word.
core::Duration reply_timeout(Call call);

}  // namespace derivd::deriv
