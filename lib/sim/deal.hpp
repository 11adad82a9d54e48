// Owns what the venue shows of a contract beyond the book's own record: names, codes, the moment of
// payment, the limit orders of a multiplier, and how all of it is written in either dialect. The
// venue makes one Deal for each contract bought. It never settles anything: the book does.
//
// Sources: shared reference deriv/v3-api.md sections 4.4, 4.5 and 7, deriv/options-api.md
// section 3.9.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/time.hpp"
#include "market/kind.hpp"
#include "market/spec.hpp"
#include "sim/calls.hpp"
#include "sim/feed.hpp"
#include "venue/book.hpp"

namespace derivd::sim {

/// What a client asked to buy, understood.
struct Order {
  market::ContractSpec spec;
  const market::SymbolInfo* symbol = nullptr;
  std::optional<core::Money> stake;
  std::optional<core::Money> payout;            // basis: payout
  std::uint8_t decimals = core::Money::kCents;  // of its amounts: the account's currency
  /// `date_expiry`: the contract ends then, however late it is bought.
  std::optional<core::VenueTime> fixed_expiry;
};

/// The venue shows a payment some seconds after the exit; the book may already have made it.
enum class Shown : std::uint8_t { kOpen, kExpired, kSold };

struct LimitChange {
  std::string_view order_type;  // take_profit, stop_loss
  std::optional<core::Money> amount;
  core::VenueTime at;
};

struct Deal {
  core::ContractId id;
  std::size_t account = 0;
  Dialect dialect = Dialect::kOptions;
  const market::SymbolInfo* symbol = nullptr;
  std::string wire_type;
  std::string shortcode;
  std::string longcode;
  core::VenueTime expiry_at_purchase;

  Shown shown = Shown::kOpen;
  core::VenueTime settle_at;    // kExpired: when the payment shows
  core::VenueTime sell_time;    // kSold
  core::TransactionId sell_tx;  // kSold
  bool sold_early = false;
  std::int64_t hold_s = 0;                // a fault: seconds added to the settlement
  std::optional<market::Tick> last_spot;  // kSold: the symbol's tick when it was paid

  // MULT*: take profit and stop loss live here, because clients may change them.
  std::optional<market::Life> guard;
  std::optional<core::Money> take_profit;
  std::optional<core::Money> stop_loss;
  std::vector<LimitChange> limit_history;
};

/// The contract type of a request; "CALL" with a barrier is HIGHER in v3. Empty: not simulated.
std::optional<market::ContractType> type_from_wire(Dialect dialect, std::string_view name,
                                                   bool has_barrier);
/// It pays for each point beyond its level: TURBOS*, VANILLALONG*.
bool is_of_points(const market::ContractSpec& spec);
/// What the venue says to a barrier that the type does not take.
std::string_view barrier_refusal(market::ContractType type);
/// As a transaction of v3 shows it: a digit, "S10P", a quote in millionths.
std::string barrier_of_transaction(const market::ContractSpec& spec);
/// The name that the dialect uses: HIGHER is CALL in v3.
std::string_view wire_type(Dialect dialect, market::ContractType type);

/// For how long a deal on this symbol can be cancelled, as contracts_for lists it: volatility
/// indices alone (contracts.md section 2.4). In the venue's words, "5m".
std::vector<std::string_view> cancellation_times(const market::SymbolInfo& symbol);

/// What contracts_for lists and orders are held to: the recorded list of the symbol, or a list of
/// the simulator's own where none is known.
std::vector<std::uint16_t> accepted_multipliers(const market::SymbolInfo& symbol);

/// The largest amount that is shown for a kind, stake or payout.
/// The largest stake or payout, in a currency of so many decimals.
core::Money most_of(const market::Kind& kind, std::uint8_t decimals);

/// "2024-05-20", "2024-05-20 16:05:00" of an epoch.
std::string format_day(std::int64_t epoch);
std::string format_moment(std::int64_t epoch);

/// `life`: of the contract, or of one that were bought now.
std::string longcode_of(const market::ContractSpec& spec, const market::SymbolInfo& symbol,
                        const market::Life& life, core::VenueTime start,
                        std::optional<core::VenueTime> fixed_expiry);
std::string shortcode_of(const market::Life& life, std::string_view wire_type,
                         std::optional<core::VenueTime> fixed_expiry,
                         std::optional<core::Money> take_profit);

/// Accumulators are shown to end a year later.
core::VenueTime growth_expiry(core::VenueTime start);
/// Multipliers "never" expire: 23:59:59 of the day 36500 days later.
core::VenueTime far_expiry(core::VenueTime start);
core::VenueTime expiry_of(const venue::Contract& contract);

/// Whether the venue would buy the contract back now (section 4.4): multipliers after their entry,
/// timed options after theirs until they expire; never digits and at-the-money tick contracts.
bool resale_offered(const venue::Contract& contract, const Deal& deal);

struct DealView {
  const venue::Contract& contract;
  const Deal& deal;
  core::Money bid;                   // the book's value now
  std::optional<market::Tick> spot;  // the symbol's last tick
  std::int64_t account_number = 0;
  std::string_view stream_id;        // empty: no subscription
  const std::deque<Point>& history;  // of the symbol, for audit_details
  std::string_view currency = "USD";
  bool can_cancel = false;  // its deal cancellation holds now
};
/// The payload of proposal_open_contract.
std::string open_contract_json(const DealView& view);
/// {"display_name":…,"order_amount":…,"order_date":…,"value":…} members of a limit order.
std::string limit_order_json(const venue::Contract& contract, const Deal& deal, bool with_stop_out,
                             bool with_display_amount);

}  // namespace derivd::sim
