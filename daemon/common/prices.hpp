// Owns the prices that an operator asked for: which questions were put to the venue and what it
// said. Trader keeps one; control requests read it until the answer is there. It sends nothing and
// buys nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "core/decimal.hpp"
#include "core/short_string.hpp"
#include "core/time.hpp"
#include "deriv/session.hpp"
#include "market/commission.hpp"
#include "market/price_list.hpp"
#include "market/spec.hpp"
#include "market/symbol.hpp"

namespace derivd::daemon {

class Prices final {
 public:
  /// Questions that are remembered; the oldest is forgotten first. The session asks 16 at a time.
  static constexpr std::size_t kKept = 64;

  enum class State : std::uint8_t { kAsked, kAnswered, kRefused };
  struct Price {
    std::int64_t number = 0;
    market::ContractSpec spec;
    market::SymbolInfo symbol;
    core::Money amount;  // the stake or, by the spec's basis, the payout
    market::PriceList list = market::PriceList::kAccount;
    core::ShortString<32> account;
    core::ShortString<8> currency;
    State state = State::kAsked;
    deriv::PriceAnswer answer;  // kAnswered
    core::VenueTime time;       // of the answer
    std::string code;           // kRefused: the venue's
    std::string reason;         // kRefused
  };

  /// Keeps a question, numbered from 1.
  Price& ask(Price price);
  /// Null: never asked, or forgotten.
  Price* find(std::int64_t number);
  const Price* find(std::int64_t number) const;

 private:
  std::int64_t last_ = 0;
  std::deque<Price> prices_;
};

/// What a price says of the odds.
struct PriceOdds {
  /// ask / payout: the win rate at which it neither wins nor loses; empty: it has no payout.
  std::optional<double> break_even;
  /// The probability of a win by the model of the symbol; empty: no model knows it.
  std::optional<double> fair;
  /// break_even - fair: the share of the payout that the venue keeps.
  std::optional<double> margin;
};
/// `spot`: what the price is of; a contract with a barrier has no model's odds without it.
PriceOdds odds_of(const market::ContractSpec& spec, const market::SymbolInfo& symbol,
                  core::Money ask, core::Money payout, std::optional<core::Price> spot,
                  core::VenueTime start);

/// What the table of commissions (market/commission.hpp) expects of the same question.
struct Expected {
  const market::Commission* row = nullptr;
  core::Money ask;
  core::Money payout;
};
/// Empty: no row is known of it, no model has its odds, or it would not be sold by that row.
std::optional<Expected> expected_of(const Prices::Price& price, std::optional<core::Price> spot);

}  // namespace derivd::daemon
