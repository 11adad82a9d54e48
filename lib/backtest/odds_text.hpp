// Owns the odds in plain words: one screen for derivctl odds, two or three lines for check and
// setup, and the warnings of both. It never computes odds that it was not given, apart from the
// short form, and it never promises a profit.
#pragma once

#include <string>
#include <vector>

#include "backtest/odds.hpp"

namespace derivd::backtest {

/// The share of sessions from which on a plan that is cut short is worth a warning.
inline constexpr double kLikely = 0.01;

/// The odds at one win probability. With a measured rate there are three: as measured, and at both
/// ends of its interval.
struct OddsCase {
  std::string label;  // "" for the only one; "low end", "as measured", "high end"
  double win_probability = 0;
  Odds odds;
};

/// What breaks even: stake / payout, at this stake.
double break_even_rate(const Bet& bet, core::Money stake);

/// What the user should know before anything else; empty when there is nothing.
std::vector<std::string> odds_warnings(const OddsQuestion& question, const Odds& odds);

/// One screen, lines of at most 100 characters. `cases` is not empty; the first is the one that
/// the words are about.
std::string odds_page(const OddsQuestion& question, const std::vector<OddsCase>& cases);

/// Two or three lines on one strategy, or one that says why there are no odds. Takes some
/// hundredths of a second. `settings` are valid.
std::vector<std::string> odds_short(const engine::StrategySettings& strategy,
                                    const risk::AccountLimits& limits,
                                    core::Money balance = core::Money::minor(10'000'00));

/// odds_short() of every enabled strategy, each line indented by two blanks; empty when there is
/// none. For derivctl check and setup.
std::string odds_summary(const engine::Settings& settings);

}  // namespace derivd::backtest
