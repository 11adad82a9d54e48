#include "rules/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/check.hpp"

namespace derivd::rules {
namespace {

using Type = Node::Type;

/// A smoothing of more values than this is a moving average of its own.
constexpr std::int64_t kMaxSmoothing = 100;

constexpr std::array<ArgInfo, 0> kNone{};
constexpr std::array kBack{ArgInfo{"n", 0, kMaxPeriod, 0}};
constexpr std::array kOver{ArgInfo{"n", 1, kMaxPeriod, 1}};
constexpr std::array kPeriod{ArgInfo{"n", 1, kMaxPeriod}};
constexpr std::array kBands{ArgInfo{"n", 1, kMaxPeriod, 20}, ArgInfo{"k", 0, 100, 2, false}};
constexpr std::array kMacdPeriods{ArgInfo{"fast", 1, kMaxPeriod, 12},
                                  ArgInfo{"slow", 2, kMaxPeriod, 26},
                                  ArgInfo{"signal", 1, kMaxPeriod, 9}};
constexpr std::array kStochK{ArgInfo{"n", 1, kMaxPeriod, 14},
                             ArgInfo{"smooth", 1, kMaxSmoothing, 3}};
constexpr std::array kStochD{ArgInfo{"n", 1, kMaxPeriod, 14},
                             ArgInfo{"smooth", 1, kMaxSmoothing, 3},
                             ArgInfo{"d", 1, kMaxSmoothing, 3}};

constexpr std::array kWords{
    WordInfo{Word::kPrice, "price", kNone, Type::kNumber, Clock::kTicks, false, 0, true, "price",
             "The quote of this tick."},
    WordInfo{Word::kDigit, "digit", kBack, Type::kNumber, Clock::kTicks, false, 0, false,
             "digit, digit(n)", "The last digit of this tick's quote, or of the one n ticks ago."},
    WordInfo{Word::kChange, "change", kOver, Type::kNumber, Clock::kTicks, false, 0, true,
             "change, change(n)",
             "This tick's quote less the one n ticks ago; n is 1 if left out."},
    WordInfo{Word::kOpen, "open", kBack, Type::kNumber, Clock::kBars, false, 0, true,
             "open, open(n, where)",
             "The first quote of the last closed candle, or of the one n before it. Compared with "
             "no other price, plain open is the number of open contracts."},
    WordInfo{Word::kHigh, "high", kBack, Type::kNumber, Clock::kBars, false, 0, true,
             "high, high(n, where)", "The highest quote of that candle."},
    WordInfo{Word::kLow, "low", kBack, Type::kNumber, Clock::kBars, false, 0, true,
             "low, low(n, where)", "The lowest quote of that candle."},
    WordInfo{Word::kClose, "close", kBack, Type::kNumber, Clock::kBars, false, 0, true,
             "close, close(n, where)",
             "The last quote of that candle. Of ticks: the quote itself."},
    WordInfo{Word::kShare, "share", kPeriod, Type::kPoints, Clock::kBars, true, 0, false,
             "share(P, n)", "How many of the last n ticks are P, in percent."},
    WordInfo{Word::kCount, "count", kPeriod, Type::kNumber, Clock::kBars, true, 0, false,
             "count(P, n)", "How many of the last n ticks are P."},
    WordInfo{Word::kRun, "run", kNone, Type::kNumber, Clock::kBars, true, 0, false, "run(P)",
             "How many ticks in a row, up to this one, are P; 0: this one is not."},
    WordInfo{Word::kSince, "since", kNone, Type::kNumber, Clock::kBars, true, 0, false, "since(P)",
             "Ticks since one was P; 0: this one is. Not ready before the first."},
    WordInfo{Word::kHottest, "hottest", kPeriod, Type::kNumber, Clock::kTicks, false, 0, false,
             "hottest(n)",
             "The most frequent digit of the last n ticks; the lower one among equals."},
    WordInfo{Word::kColdest, "coldest", kPeriod, Type::kNumber, Clock::kTicks, false, 0, false,
             "coldest(n)", "The rarest digit of the last n ticks; the lower one among equals."},
    WordInfo{Word::kRank, "rank", kPeriod, Type::kNumber, Clock::kTicks, false, 1, false,
             "rank(d, n)",
             "The place of digit d by its frequency in the last n ticks, 1 being hottest(n); the "
             "lower digit first among equals."},
    WordInfo{Word::kSma, "sma", kPeriod, Type::kNumber, Clock::kBars, false, 0, true,
             "sma(n, where)", "The mean of the last n closes."},
    WordInfo{
        Word::kEma, "ema", kPeriod, Type::kNumber, Clock::kBars, false, 0, true, "ema(n, where)",
        "The exponential mean with factor 2/(n+1), begun with the mean of the first n closes."},
    WordInfo{Word::kRsi, "rsi", kPeriod, Type::kPoints, Clock::kBars, false, 0, false,
             "rsi(n, where)", "Wilder's relative strength, 0 to 100; 50 where no close has moved."},
    WordInfo{Word::kAtr, "atr", kPeriod, Type::kNumber, Clock::kBars, false, 0, true,
             "atr(n, where)",
             "Wilder's average true range, begun with the mean of the first n true ranges."},
    WordInfo{Word::kStdev, "stdev", kPeriod, Type::kNumber, Clock::kBars, false, 0, true,
             "stdev(n, where)", "The population's standard deviation of the last n closes."},
    WordInfo{Word::kHighest, "highest", kPeriod, Type::kNumber, Clock::kBars, false, 0, true,
             "highest(n, where)", "The highest quote of the last n candles or ticks."},
    WordInfo{Word::kLowest, "lowest", kPeriod, Type::kNumber, Clock::kBars, false, 0, true,
             "lowest(n, where)", "The lowest quote of the last n candles or ticks."},
    WordInfo{Word::kMomentum, "momentum", kPeriod, Type::kNumber, Clock::kBars, false, 0, true,
             "momentum(n, where)", "The last close less the close n before it."},
    WordInfo{Word::kBbUpper, "bb_upper", kBands, Type::kNumber, Clock::kBars, false, 0, true,
             "bb_upper(n, k, where)",
             "Bollinger's upper band: sma(n) + k × stdev(n); 20 and 2 if left out."},
    WordInfo{Word::kBbMiddle, "bb_middle", kBands, Type::kNumber, Clock::kBars, false, 0, true,
             "bb_middle(n, k, where)", "Its middle: sma(n)."},
    WordInfo{Word::kBbLower, "bb_lower", kBands, Type::kNumber, Clock::kBars, false, 0, true,
             "bb_lower(n, k, where)", "Its lower band: sma(n) - k × stdev(n)."},
    WordInfo{Word::kMacd, "macd", kMacdPeriods, Type::kNumber, Clock::kBars, false, 0, true,
             "macd(fast, slow, signal, where)", "ema(fast) - ema(slow); 12, 26, 9 if left out."},
    WordInfo{Word::kMacdSignal, "macd_signal", kMacdPeriods, Type::kNumber, Clock::kBars, false, 0,
             true, "macd_signal(fast, slow, signal, where)",
             "The exponential mean of macd over `signal` values, begun with their mean."},
    WordInfo{Word::kMacdHist, "macd_hist", kMacdPeriods, Type::kNumber, Clock::kBars, false, 0,
             true, "macd_hist(fast, slow, signal, where)", "macd - macd_signal."},
    WordInfo{Word::kStochK, "stoch_k", kStochK, Type::kPoints, Clock::kBars, false, 0, false,
             "stoch_k(n, smooth, where)",
             "Where the close stands between lowest(n) and highest(n), 0 to 100, the mean of the "
             "last `smooth` of it; 14 and 3 if left out. 50 where highest is lowest."},
    WordInfo{Word::kStochD, "stoch_d", kStochD, Type::kPoints, Clock::kBars, false, 0, false,
             "stoch_d(n, smooth, d, where)",
             "The mean of the last d values of stoch_k; 14, 3 and 3 if left out."},
    WordInfo{Word::kCrossesAbove, "crosses_above", kNone, Type::kBool, Clock::kNeither, false, 2,
             false, "crosses_above(a, b)",
             "a is above b now and was not at the evaluation before."},
    WordInfo{Word::kCrossesBelow, "crosses_below", kNone, Type::kBool, Clock::kNeither, false, 2,
             false, "crosses_below(a, b)",
             "a is below b now and was not at the evaluation before."},
    WordInfo{Word::kWinsInRow, "wins_in_row", kNone, Type::kNumber, Clock::kNeither, false, 0,
             false, "wins_in_row",
             "Contracts of this strategy won since the last lost one, within the session."},
    WordInfo{Word::kLossesInRow, "losses_in_row", kNone, Type::kNumber, Clock::kNeither, false, 0,
             false, "losses_in_row",
             "Contracts of this strategy lost since the last won one, within the session."},
    WordInfo{Word::kLastProfit, "last_profit", kNone, Type::kNumber, Clock::kNeither, false, 0,
             false, "last_profit", "Its last result of the session; 0 before the first."},
    WordInfo{Word::kSessionProfit, "session_profit", kNone, Type::kNumber, Clock::kNeither, false,
             0, false, "session_profit", "The result of its session."},
    WordInfo{Word::kOpenContracts, "open", kNone, Type::kNumber, Clock::kNeither, false, 0, false,
             "open", "Its contracts that are open or may be, where no price is compared with it."},
    WordInfo{Word::kTradesToday, "trades_today", kNone, Type::kNumber, Clock::kNeither, false, 0,
             false, "trades_today", "Its purchases of this trading day (limits.day_starts)."},
    WordInfo{Word::kHour, "hour", kNone, Type::kNumber, Clock::kNeither, false, 0, false, "hour",
             "Of the tick, in time_zone, 0 to 23."},
    WordInfo{Word::kMinute, "minute", kNone, Type::kNumber, Clock::kNeither, false, 0, false,
             "minute", "Of the tick, in time_zone, 0 to 59."},
    WordInfo{Word::kWeekday, "weekday", kNone, Type::kNumber, Clock::kNeither, false, 0, false,
             "weekday",
             "Of the tick, in time_zone, 1 (Monday) to 7; or mon, tue, wed, thu, fri, sat, sun."},
};

constexpr auto in_order() {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (static_cast<std::size_t>(kWords[i].word) != i) return false;
  }
  return true;
}
static_assert(in_order(), "info_of() counts on the order of the enumeration");

constexpr auto kNames = [] {
  std::array<std::string_view, kWords.size()> names{};
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kWords[i].name;
  return names;
}();

}  // namespace

std::span<const WordInfo> words() { return kWords; }

const WordInfo& info_of(Word word) { return kWords[static_cast<std::size_t>(word)]; }

const WordInfo* find_word(std::string_view name) {
  const auto at = std::ranges::find(kWords, name, &WordInfo::name);
  return at == kWords.end() ? nullptr : &*at;
}

std::span<const std::string_view> word_names() { return kNames; }

std::string words_text() {
  std::string out;
  for (const auto& w : kWords) out += fmt::format("\n{}\n    {}\n", w.form, w.help);
  return out;
}

}  // namespace derivd::rules
