// Owns Frame: one message of the venue after decoding, with its fields in derivd's own types. The
// decoder fills it, the session reads it, both on the loop thread. It never holds text of the wire
// beyond names and codes, and never a value that was not on the wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/short_string.hpp"
#include "core/time.hpp"
#include "execution/own_limits.hpp"
#include "execution/report.hpp"
#include "market/hours.hpp"
#include "market/offerings.hpp"
#include "market/symbol.hpp"
#include "market/symbols.hpp"

namespace derivd::deriv {

/// A stream's id; the schemas allow 128 characters.
using StreamId = core::ShortString<128>;

/// Which payload a frame carries. kOther: a message derivd does not use.
enum class Message : std::uint8_t {
  kTick,
  kHistory,
  kCandles,
  kAuthorize,
  kTime,
  kBalance,
  kActiveSymbols,
  kProposal,
  kBuy,
  kSell,
  kCancel,
  kContract,
  kTransaction,
  kPortfolio,
  kProfitTable,
  kForget,
  kPing,
  kOfferings,
  kTradingTimes,
  kOwnLimits,
  kOther,
};
/// The key of the payload: "tick", "proposal_open_contract". kOther: "other".
std::string_view name_of(Message message);

struct ApiError {
  core::ShortString<64> code;
  core::ShortString<64> subcode;  // new dialect only: "InvalidMinStake"
  core::Text message;             // not stable; for people
};

/// Decimals of a quote on Deriv go up to 8 (crypto pairs); beyond 12 the number is nonsense.
inline constexpr std::uint8_t kMaxDecimals = 12;
/// Ten digits, as the request schemas have it; also keeps sums of times far from overflow.
inline constexpr std::int64_t kLastEpoch = 9'999'999'999;

/// A quote whose decimals are not known yet.
struct RawTick {
  core::VenueTime epoch;
  core::Decimal quote;
};

struct TickPayload {
  market::SymbolCode symbol;
  RawTick tick;
  std::optional<std::uint8_t> decimals;  // pip_size
};
struct HistoryPayload {
  std::vector<RawTick> ticks;
  std::size_t unreadable = 0;    // rows beside those, in which a time or a quote is no number
  std::string first_unreadable;  // the first of them, in words
  std::optional<std::uint8_t> decimals;
};
/// A candle whose decimals are not known yet.
struct RawCandle {
  core::VenueTime epoch;  // of its beginning
  core::Decimal open;
  core::Decimal high;
  core::Decimal low;
  core::Decimal close;
};
struct CandlesPayload {
  std::vector<RawCandle> candles;
  std::optional<std::uint8_t> decimals;
};
struct AuthorizePayload {
  core::ShortString<32> loginid;
  core::ShortString<20> currency;
  std::optional<std::uint8_t> decimals;  // of that currency, where the venue says it
  bool is_virtual = false;
  std::vector<core::ShortString<32>> scopes;
};
struct TimePayload {
  core::VenueTime time;
};
/// The balance stays a Decimal: it comes before it is known whose decimals it has.
struct BalancePayload {
  core::Decimal balance;
  core::ShortString<20> currency;
  core::ShortString<32> loginid;
};
struct ActiveSymbolsPayload {
  std::vector<market::ListedSymbol> rows;
};
/// Which symbol was asked about, the request knows.
struct OfferingsPayload {
  market::Offerings offerings;
};
/// Of the day that was asked about; `midnight` is left to the session.
struct TradingTimesPayload {
  struct Row {
    market::SymbolCode symbol;
    market::MarketDay day;
  };
  std::vector<Row> rows;
};
struct OwnLimitsPayload {
  execution::OwnLimits limits;
};
struct ProposalPayload {
  core::ShortString<64> id;
  core::Money ask;
  core::Money payout;
  std::optional<core::Decimal> spot = {};
  std::optional<core::VenueTime> spot_time = {};
  std::optional<core::VenueTime> start = {};
  std::optional<core::Decimal> commission = {};  // of multipliers
  core::Text words = {};                         // its longcode, as it may be shown
  std::optional<core::Money> fee = {};           // of a deal cancellation
};
/// Of a sale, and of a cancellation: what was paid.
struct SellPayload {
  core::ContractId contract;
  core::Money sold_for;
};
/// No report: the venue answered with an empty object, it has no such open contract.
struct ContractPayload {
  std::optional<execution::ContractReport> report;  // entry and exit left to the session
  std::optional<RawTick> entry;
  std::optional<RawTick> exit;
};
/// No report: the stream's first frame, which confirms the subscription and tells nothing.
struct TransactionPayload {
  std::optional<execution::TransactionReport> report;
};
struct PortfolioPayload {
  std::vector<execution::HistoryRow> rows;
};
struct ProfitTablePayload {
  std::vector<execution::HistoryRow> rows;
  std::size_t received = 0;  // rows on the wire, also those without a contract
};
struct ForgetPayload {
  bool stopped = false;
};

using Payload = std::variant<std::monostate, TickPayload, HistoryPayload, AuthorizePayload,
                             TimePayload, BalancePayload, ActiveSymbolsPayload, ProposalPayload,
                             execution::Bought, SellPayload, ContractPayload, TransactionPayload,
                             PortfolioPayload, ProfitTablePayload, ForgetPayload, OfferingsPayload,
                             TradingTimesPayload, CandlesPayload, OwnLimitsPayload>;

struct Frame {
  Message message = Message::kOther;
  core::ShortString<48> msg_type;      // as on the wire, cut
  std::optional<std::int64_t> req_id;  // top level, or else the one of echo_req
  StreamId stream;                     // subscription.id; empty: none
  std::optional<ApiError> error;       // then there is no payload
  Payload payload;
};

}  // namespace derivd::deriv
