// Owns the JSON form of a back-test, as the product's contract gives it under "Backtest". derivctl
// prints with it and the report reads what it printed. It never holds more than the text of one
// trade, so that a list of millions streams.
//
// The whole is begin + trades parted by commas + end. The trades come first, because the sums are
// known last.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "backtest/backtest.hpp"

namespace derivd::backtest {

class ResultJson final {
 public:
  /// `times`: rows and sums say their epochs in UTC for people, too; without, the bytes stay those
  /// of every version before.
  ResultJson(const Options& options, std::span<const Tape> tapes, bool times = false);

  /// Each appends to `out`.
  void begin(std::string& out) const;
  void trade(std::string& out, const Trade& trade);
  /// `payouts`: a JSON value that says what contracts paid by; empty: the key is left out.
  void end(std::string& out, const Result& result, std::string_view payouts = {}) const;

 private:
  // Everything of a row that does not change between trades, escaped once.
  std::vector<std::string> strategies_;
  std::vector<std::string> symbols_;
  std::vector<bool> leaves_;  // whether the strategy has rules of `exit:`
  bool any_leaves_ = false;
  bool any_fees_ = false;  // of deal cancellation, which are the model's
  bool any_ = false;
  bool times_;
};

}  // namespace derivd::backtest
