// Owns the analysis of a list of trades: sums, curves, streaks, hours, payout against frequency,
// result against expectation, latency and slippage. derivctl report shows it as HTML and as text.
// It never predicts: everything here is what was, beside what chance would give.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "report/statistics.hpp"
#include "report/trade.hpp"

namespace derivd::report {

/// Sums in settlement order. Amounts are minor units of the account's currency.
struct Totals {
  std::uint8_t decimals = core::Money::kCents;  // of the amounts
  std::int64_t settled = 0;
  std::int64_t won = 0, lost = 0, even = 0, sold = 0;
  std::int64_t open = 0, unknown = 0, refused = 0, mismatches = 0;
  std::int64_t stakes = 0;  // of settled trades
  std::int64_t profit = 0;
  std::int64_t gross_profit = 0, gross_loss = 0;  // both positive
  std::int64_t max_drawdown = 0;                  // positive, from a peak that starts at 0
  std::int64_t max_stake = 0;
  std::int64_t longest_losing = 0, longest_winning = 0;
  Band win_rate;  // of won / (won + lost), 95 %
  std::optional<double> frequency() const;
};

/// Whether the result is more than luck: the sum of what each contract was worth by its own
/// probability, and the standard error of that sum. Trades whose probability is not known (sold
/// early, multipliers) are left out and counted.
struct Expectation {
  std::int64_t trades = 0;
  std::int64_t left_out = 0;
  double actual = 0;          // minor units, of these trades
  double expected = 0;        // minor units
  double standard_error = 0;  // minor units
  /// (actual − expected) / standard error; 0 without one.
  double z() const;
};

/// Runs of one kind by length.
struct Streak {
  std::int64_t length = 0;
  std::int64_t seen = 0;
  double expected = 0;  // of independent trials with the observed frequency
};

struct Hour {
  std::int64_t trades = 0, won = 0, lost = 0, profit = 0;
};

/// Contracts of one type whose payout is about the same: what the quote says a win is worth beside
/// how often it came.
struct PayoutGroup {
  market::ContractType type = market::ContractType::kCall;
  double ratio = 0;       // mean payout per unit of stake
  double break_even = 0;  // mean of stake / payout: the frequency at which nothing is lost
  std::int64_t trades = 0, won = 0;
  Band band;  // of the frequency, 95 %
};

struct Bar {
  std::int64_t from = 0;  // included
  std::int64_t to = 0;    // excluded
  std::int64_t count = 0;
};

struct Latency {
  std::int64_t count = 0, p50 = 0, p90 = 0, p99 = 0, max = 0;  // microseconds
  std::vector<Bar> bars;  // each twice as wide as the one before
};

struct Slippage {
  std::int64_t same = 0, cheaper = 0, dearer = 0;
  std::int64_t sum = 0;  // paid − asked
};

struct Analysis {
  Totals total;
  std::map<std::string, Totals> strategies;
  std::map<std::string, Totals> symbols;
  Expectation expectation;
  std::vector<Point> equity;    // x: number of the settlement from 0, y: profit since the start
  std::vector<Point> drawdown;  // y <= 0
  std::vector<Point> stakes;    // x: number of the settlement from 1
  std::vector<core::VenueTime>
      times;                 // of the settlements, thinned: first … last, evenly by number
  std::vector<Bar> results;  // profit of single trades
  std::vector<Streak> losing, winning;
  double expected_longest_losing = 0;
  std::array<Hour, 24> hours{};  // UTC, of the purchase
  std::vector<PayoutGroup> payouts;
  Latency latency;
  Slippage slippage;
  std::map<std::string, std::int64_t> refusals;  // by reason
};

/// Points that a curve keeps: what a screen shows.
inline constexpr std::size_t kCurveBuckets = 450;
inline constexpr std::size_t kResultBars = 24;
inline constexpr std::size_t kTimeMarks = 5;

/// Probability that this trade wins, by its kind: exact for digits, one half for CALL and PUT (a
/// tie, which loses, is rare), for all else what the quote says less the venue's commission. Empty
/// where nothing says it.
std::optional<double> fair_probability(const Trade& trade);

/// Trades in any order, whose amounts core::AmountBound has taken and whose times are dates, so
/// that no sum overflows. Settlement order is by settled time, then as given. Deterministic.
Analysis analyse(std::vector<Trade> trades);

}  // namespace derivd::report
