#include "script/past.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/rng.hpp"
#include "rules/parse.hpp"

namespace derivd::script {
namespace {

constexpr std::int64_t kStart = 1'700'000'040;  // a whole minute

/// What the evaluator of `rules:` says to a condition at each tick, beside what a script sees.
class BesideRules {
 public:
  explicit BesideRules(std::string_view condition) : evaluator_(set_of(condition)) {}
  bool holds(const market::Tick& tick) { return evaluator_.on_tick(tick).has_value(); }

 private:
  static rules::RuleSet set_of(std::string_view condition) {
    rules::RuleSet set;
    set.candles = {60};
    set.rules.push_back({std::get<rules::Expr>(rules::parse_condition(condition, {60})), {}});
    return set;
  }
  rules::Evaluator evaluator_;
};

TEST(ScriptPast, ValuesAreThoseOfTheRulesOnTheSameTicks) {
  BesideRules rules("rsi(14, ticks) > 55 and share(digit > 4, 20) < 60% and ema(5) >= sma(7, 30s)");
  Past past(2, {60});
  core::Rng rng(3);
  std::int64_t quote = 100'000;
  int held = 0;
  for (int i = 0; i < 3000; ++i) {
    quote += static_cast<std::int64_t>(rng.below(41)) - 20;
    const market::Tick tick{"R_100", {kStart + 2 * i}, core::Price::raw(quote, 2)};
    past.on_tick(tick.epoch, quote);
    const bool ours = *past.value("rsi(14, ticks)") > 55 &&
                      *past.value("share(digit > 4, 20)") < 60 &&
                      *past.value("ema(5)") >= *past.value("sma(7, 30s)");
    const bool theirs = rules.holds(tick);
    // The rules look at a candle's value at each tick, since a part of the condition is of ticks.
    ASSERT_EQ(ours, theirs) << i;
    held += ours ? 1 : 0;
  }
  EXPECT_GT(held, 100);
}

TEST(ScriptPast, AValueAskedForLateBeginsWithTheKeptPast) {
  Past early(2, {});
  Past late(2, {});
  EXPECT_TRUE(std::isnan(*early.value("ema(20, 1m)")));
  for (int i = 0; i < 4000; ++i) {
    early.on_tick({kStart + i}, 100'000 + i * 7 % 113);
    late.on_tick({kStart + i}, 100'000 + i * 7 % 113);
  }
  EXPECT_EQ(*late.value("ema(20, 1m)"), *early.value("ema(20, 1m)"));
  EXPECT_EQ(late.candles(3, "1m")->size(), 3u);
  EXPECT_EQ(late.candles(3, "1m")->back().begins.s % 60, 0);
}

TEST(ScriptPast, TheChosenCandleIsToldWhenItCloses) {
  Past past(2, {60});
  EXPECT_FALSE(past.on_tick({kStart}, 100));
  EXPECT_FALSE(past.on_tick({kStart + 30}, 140));
  EXPECT_FALSE(past.on_tick({kStart + 59}, 90));
  const auto closed = past.on_tick({kStart + 60}, 95);
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->begins.s, kStart);
  EXPECT_EQ(closed->bar, (rules::Bar{100, 140, 90, 90}));
}

TEST(ScriptPast, AResetForgetsTicksAndWhatCameOfThem) {
  Past past(2, {60});
  for (int i = 0; i < 200; ++i) past.on_tick({kStart + i}, 100 + i);
  EXPECT_FALSE(std::isnan(*past.value("sma(5, ticks)")));
  past.reset();
  EXPECT_TRUE(past.ticks(5).empty());
  EXPECT_TRUE(past.candles(5, "")->empty());
  EXPECT_TRUE(std::isnan(*past.value("sma(5, ticks)")));
  past.on_tick({kStart + 500}, 7);
  EXPECT_EQ(past.ticks(5).size(), 1u);
}

TEST(ScriptPast, NoMoreIsKeptThanItsBound) {
  Past past(0, {});
  for (std::size_t i = 0; i < kPast + 10; ++i)
    past.on_tick({kStart + static_cast<std::int64_t>(i)}, 5);
  EXPECT_EQ(past.ticks(2 * kPast).size(), kPast);
  EXPECT_EQ(past.ticks(3).back().time.s, kStart + static_cast<std::int64_t>(kPast) + 9);
}

TEST(ScriptPast, OwnResultsAndTheTimeAreValues) {
  Past past(2, {});
  rules::Own own;
  own.losses_in_row = 3;
  own.session_profit = core::Money::minor(-125);
  own.open = 2;
  past.set_own(own);
  past.on_tick({kStart}, 100);
  EXPECT_EQ(*past.value("losses_in_row"), 3);
  EXPECT_EQ(*past.value("session_profit"), -1.25);
  EXPECT_EQ(*past.value("open"), 2);
  EXPECT_EQ(*past.value("weekday"), 2);  // 2023-11-14 was a Tuesday
  EXPECT_EQ(*past.value("hour"), 22);
}

TEST(ScriptPast, WhatIsNoValueIsAnErrorThatSaysWhy) {
  Past past(2, {});
  EXPECT_NE(past.value("rsy(14)").error().text.find("did you mean"), std::string::npos);
  EXPECT_FALSE(past.value("1 + 1"));
  EXPECT_FALSE(past.value("rsi(14) + ema(3)"));
  EXPECT_FALSE(past.value("rsi(0)"));
  EXPECT_FALSE(past.value(""));
  EXPECT_FALSE(past.candles(3, ""));
  EXPECT_FALSE(past.candles(3, "1x"));
}

TEST(ScriptPast, AProgramThatAsksForEverNewValuesIsStopped) {
  Past past(2, {});
  std::size_t good = 0;
  for (int n = 1; n <= 1000; ++n) good += past.value(fmt::format("sma({}, ticks)", n)) ? 1 : 0;
  EXPECT_EQ(good, rules::kMaxStudies);
  std::size_t lengths = 0;
  for (int n = 2; n <= 100; ++n) lengths += past.candles(1, fmt::format("{}s", n)) ? 1 : 0;
  EXPECT_EQ(lengths, rules::kMaxSeries - 1);
}

// ---- watched symbols ----

TEST(ScriptPast, ValuesOfAWatchedSymbolAreThoseOfTheRules) {
  const std::vector<market::SymbolCode> watch{"R_50"};
  rules::RuleSet set;
  set.rules.push_back(
      {std::get<rules::Expr>(rules::parse_condition(
           "R_50.rsi(9, ticks) > 55 and R_50.sma(3, 30s) > R_50.ema(5, 1m)", {60}, watch)),
       {}});
  rules::Evaluator evaluator(set);
  Past past(2, {60}, Past::Of::kWatched);
  core::Rng rng(3);
  std::int64_t quote = 100'000;
  int held = 0;
  for (int i = 0; i < 3000; ++i) {
    quote += static_cast<std::int64_t>(rng.below(41)) - 20;
    // Now and then it is silent for too long.
    if (i % 500 < 440) {
      const market::Tick other{"R_50", {kStart + 2 * i}, core::Price::raw(quote, 2)};
      past.on_tick(other.epoch, quote);
      evaluator.on_watched(other);
    }
    const market::Tick own{"R_100", {kStart + 2 * i + 1}, core::Price::raw(5, 2)};
    past.see(own.epoch);
    const bool ours =
        *past.value("rsi(9, ticks)") > 55 && *past.value("sma(3, 30s)") > *past.value("ema(5)");
    ASSERT_EQ(ours, evaluator.on_tick(own).has_value()) << i;
    held += ours ? 1 : 0;
    if (i % 500 == 499) {
      EXPECT_TRUE(std::isnan(*past.value("price"))) << i;
    }
  }
  EXPECT_GT(held, 100);
}

TEST(ScriptPast, ALengthOfAWatchedSymbolThatIsAskedForLateIsClosedAsTheOthersAre) {
  Past early(2, {60}, Past::Of::kWatched);
  Past late(2, {60}, Past::Of::kWatched);
  for (int i = 0; i <= 240; ++i) {
    for (auto* past : {&early, &late}) {
      past->see({kStart + i});
      past->on_tick({kStart + i}, 1000 + i);
    }
    EXPECT_EQ(early.candles(9, "30s")->size(), static_cast<std::size_t>(i / 30)) << i;
  }
  // At second 270 nothing of it came any more, and the candle is closed all the same.
  for (auto* past : {&early, &late}) past->see({kStart + 270});
  ASSERT_EQ(early.candles(99, "30s")->size(), 9U);
  ASSERT_EQ(late.candles(99, "30s")->size(), 9U);
  EXPECT_EQ(late.candles(1, "30s")->front(), early.candles(1, "30s")->front());
}

TEST(ScriptPast, AWatchedSymbolHasNoResultsAndNoTime) {
  Past past(2, {}, Past::Of::kWatched);
  for (const auto* word : {"wins_in_row", "hour", "session_profit"}) {
    const auto value = past.value(word);
    ASSERT_FALSE(value) << word;
    EXPECT_NE(value.error().text.find("leave the symbol out"), std::string::npos);
  }
  past.on_tick({kStart}, 700);
  past.on_tick({kStart + 1}, 800);
  past.see({kStart + 2});
  EXPECT_EQ(*past.value("open"), 8.0) << "the quote of the last bar, not a count of contracts";
  past.reset();
  EXPECT_TRUE(std::isnan(*past.value("open")));
  EXPECT_TRUE(past.ticks(5).empty());
}

}  // namespace
}  // namespace derivd::script
