// Owns what the venue says about orders and contracts, in derivd's own terms, free of any dialect.
// deriv/ makes these from frames, the engine consumes them. It never holds a wire text.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/short_string.hpp"
#include "core/time.hpp"
#include "market/spec.hpp"
#include "market/tick.hpp"

namespace derivd::execution {

/// The venue accepted a purchase.
struct Bought {
  core::ContractId contract;
  core::TransactionId transaction;
  core::Money buy_price;
  std::optional<core::Money> payout;  // empty: 0 on the wire (multipliers)
  core::VenueTime purchase_time;
  core::Money balance_after;
  core::ShortString<120> shortcode;
};

/// State of one contract, from the open-contract stream or a poll. Only fields that were present.
struct ContractReport {
  core::ContractId contract;
  core::ShortString<16> type;  // wire name: v3 says CALL for HIGHER
  market::SymbolCode symbol;
  bool is_sold = false;
  bool is_expired = false;
  core::ShortString<12> status;  // open, won, lost, sold, cancelled
  std::optional<core::Money> buy_price;
  std::optional<core::Money> payout;
  std::optional<core::Money> sell_price;  // once sold
  std::optional<core::Money> profit;
  std::optional<core::Money> bid_price;
  std::optional<bool> can_sell;  // the venue would buy it back now, by its own word
  bool can_cancel = false;       // its deal cancellation holds now, by the venue's word
  std::optional<core::VenueTime> purchase_time;
  std::optional<core::VenueTime> expiry;
  std::optional<core::VenueTime> sell_time;
  core::TransactionId buy_tx;
  core::TransactionId sell_tx;
  std::optional<market::Tick> entry;
  std::optional<market::Tick> exit;
  /// The tick that the bid is of, where who reports counts its ticks (a back-test); of Deriv they
  /// are counted by their own stream.
  std::optional<core::VenueTime> spot_time;
  core::ShortString<120> shortcode;
};

/// One frame of the transaction stream.
struct TransactionReport {
  enum class Action : std::uint8_t { kBuy, kSell, kOther } action = Action::kOther;
  core::ContractId contract;
  core::TransactionId transaction;
  core::Money amount;  // signed: buy negative
  core::Money balance;
  core::VenueTime time;
  market::SymbolCode symbol;
  std::optional<core::VenueTime> purchase_time;
};

/// One row of portfolio, profit table or statement, merged by contract.
struct HistoryRow {
  core::ContractId contract;
  core::TransactionId buy_tx;
  core::ShortString<16> type;  // empty when the source has none
  market::SymbolCode symbol;   // empty when the source has none
  core::Money buy_price;
  std::optional<core::Money> payout;
  core::VenueTime purchase_time;
  bool open = false;  // from the portfolio
  std::optional<core::Money> sell_price;
  std::optional<core::VenueTime> sell_time;
  core::ShortString<120> shortcode;
};

/// Everything the venue was asked at reconciliation, complete at one moment.
struct VenueReport {
  core::VenueTime as_of;
  core::Money balance;
  std::vector<HistoryRow> portfolio;     // all open contracts
  std::vector<HistoryRow> profit_table;  // sold since `since`
  core::VenueTime since;
};

}  // namespace derivd::execution
