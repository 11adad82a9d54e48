// Owns what one contract of a strategy does to a stake: how often it wins, what it then pays, and
// what is left of the stake otherwise. The odds ask for each stake. It never looks at a tick: a
// probability comes from the contract and the venue's model, or from whoever measured it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backtest/payouts.hpp"
#include "core/result.hpp"
#include "engine/settings.hpp"
#include "market/tick.hpp"

namespace derivd::backtest {

/// One result of a contract. Profit 0 is a break-even: it happens where a payout rounds to the
/// stake.
struct BetOutcome {
  double probability = 0;
  core::Money profit;
};

class Bet final {
 public:
  /// The contracts that the strategy may buy, each as likely as the others. `quote` prices barriers
  /// and ties; without it the symbol's usual level. Errors: multipliers, which have no probability;
  /// a payout table without one of the types; a barrier on a symbol of unknown volatility.
  static core::Result<Bet> of(const engine::StrategySettings& strategy, const Payouts& payouts,
                              std::optional<core::Decimal> quote = std::nullopt);

  /// The same bet with a probability of one's own for all its contracts, in [0, 1].
  Bet with_win_probability(double probability, std::string source) const;

  /// Probability that a contract wins, over all types.
  double win_probability() const;
  /// Where it comes from, for people: "even and odd last digits are equally likely".
  const std::string& source() const { return source_; }

  /// Of a won contract of the first type: for people. payout / stake is what breaks even.
  core::Money payout(core::Money stake) const { return payout_of(legs_.front(), stake); }
  /// What may happen, most profitable first, summing to 1. Contracts whose payout is too small for
  /// guards.min_payout_ratio are not bought; empty when none is left.
  std::vector<BetOutcome> outcomes(core::Money stake) const;

 private:
  struct Leg {
    market::ContractSpec spec;
    double win = 0;
  };
  Bet() = default;
  core::Money payout_of(const Leg& leg, core::Money stake) const;

  std::vector<Leg> legs_;  // never empty
  risk::Guards guards_;
  Payouts payouts_;
  market::Tick tick_;  // what barriers are priced on
  std::string source_;
};

}  // namespace derivd::backtest
