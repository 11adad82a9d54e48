#include "rules/evaluator.hpp"

#include "rig.hpp"
#include "unit/core/tzif.hpp"
#include "unit/engine/counting_new.hpp"

namespace derivd::rules::test {
namespace {

constexpr Where kMinute{60};

TEST(Evaluator, ARuleOfTicksIsEvaluatedAtEachTick) {
  Feed feed(rule("price > 1.00"));
  EXPECT_EQ(feed.run({99, 100, 101, 102, 100}), "--XX-");
}

TEST(Evaluator, NothingIsTrueOfWhatIsNotReady) {
  Feed above(rule("sma(3) > 0"));
  EXPECT_EQ(above.run({100, 100, 100, 100}), "--XX");
  // Its contrary is not known either: nobody buys on what nobody knows.
  Feed not_above(rule("not sma(3) > 500"));
  EXPECT_EQ(not_above.run({100, 100, 100, 100}), "--XX");
  Feed either(rule("sma(3) > 0 or price == 1"));
  EXPECT_EQ(either.run({100, 101, 101, 101}), "X-XX");
  Feed both(rule("sma(3) > 0 and price == 1"));
  EXPECT_EQ(both.run({100, 100, 100, 101}), "--X-");
}

TEST(Evaluator, ADivisionByNothingIsNotReady) {
  Feed feed(rule("1 / change > 2 or 1 / change <= 2"));
  EXPECT_EQ(feed.run({100, 150, 150, 100}), "-X-X");
}

TEST(Evaluator, WrittenDecimalsAreWhatQuotesAre) {
  Feed feed(rule("price == 342.07 or change == 0.1"));
  EXPECT_EQ(feed.run({34207, 34217, 34216}), "XX-");
  Feed share(rule("share(digit > 4, 5) == 40%"));
  EXPECT_EQ(share.run({1, 2, 3, 5, 6, 1}), "----XX");
  Feed percent(rule("change > price * 1%"));
  EXPECT_EQ(percent.run({10000, 10101, 10204}), "--X");
}

// Ticks of two seconds; the first of a minute closes the candle of the minute before.
TEST(Evaluator, ARuleOfCandlesIsEvaluatedAtEachClosedOne) {
  Feed feed(rule("close > open", kMinute));
  std::string out;
  for (int i = 0; i < 91; ++i) {
    // Rises in the first minute, falls in the second, rises in the third.
    const int within = i % 30;
    out += feed(1000 + (i / 30 == 1 ? -within : within)) ? 'X' : '-';
  }
  EXPECT_EQ(out.find('X'), 30U);
  EXPECT_EQ(out.find('X', 31), 90U);
}

TEST(Evaluator, OneTickValueMakesItEachTicks) {
  Feed feed(rule("close > open and price > 1.00", kMinute));
  for (int i = 0; i < 30; ++i) ASSERT_FALSE(feed(1000 + i)) << i;
  EXPECT_EQ(feed.run({1000, 90, 1000, 1000}), "X-XX");
}

TEST(Evaluator, TimesAndResultsFollowTheRest) {
  Feed feed(rule("close > open and minute >= 0 and open < 3", kMinute));
  for (int i = 0; i < 30; ++i) ASSERT_FALSE(feed(1000 + i)) << i;
  EXPECT_EQ(feed.run({1000, 1000, 1000}), "X--");
  Feed alone(rule("minute == 14"));
  EXPECT_EQ(alone.run({1, 1, 1}), "XXX") << "1700000040 is 22:14:00";
}

TEST(Evaluator, CandlesOfTwoLengths) {
  // Evaluated when either closes; the five minutes' one is ready after its first.
  RuleSet set = rule("close(0, 1m) > 0 and close(0, 2m) > 0");
  Feed feed(set);
  std::string out;
  for (int i = 0; i < 122; ++i) out += feed(100) ? 'X' : '-';
  // 1700000040 is the first second of an even minute: the first two minutes end 60 ticks later.
  std::string wanted(122, '-');
  for (const int i : {60, 90, 120}) wanted[static_cast<std::size_t>(i)] = 'X';
  EXPECT_EQ(out, wanted);
}

TEST(Evaluator, MinutesWithoutTicksMakeNoCandle) {
  Feed feed(rule("close(1) == 1", kMinute));
  feed(100);
  feed.epoch += 600;
  EXPECT_FALSE(feed(200)) << "closes the first one";
  feed.epoch += 60;
  EXPECT_TRUE(feed(300)) << "one before the last closed is the first, ten minutes ago";
}

TEST(Evaluator, ACandleHasTheQuotesOfItsTicks) {
  RuleSet set = rule("open(0) == 1.05 and high == 1.30 and low == 0.80 and close == 1.10", kMinute);
  Feed feed(set);
  for (const auto q : {105, 130, 80, 110}) feed(q);
  feed.epoch = Feed::kStart + 60;
  EXPECT_TRUE(feed(500));
}

TEST(Evaluator, Crossings) {
  Feed feed(rule("crosses_above(price, 1)"));
  //                 unknown side first; equal is not above; once only
  EXPECT_EQ(feed.run({101, 99, 100, 101, 102, 100, 101}), "---X--X");
  Feed below(rule("crosses_below(price, 1)"));
  EXPECT_EQ(below.run({99, 101, 100, 99, 98, 101, 99}), "---X--X");
}

TEST(Evaluator, ACrossingIsSeenAlthoughAnotherPartIsFalse) {
  Feed feed(rule("digit == 7 and crosses_above(price, 1)"));
  // It crosses at 1.01 where the digit does not fit, and must not seem to cross at 1.07.
  EXPECT_EQ(feed.run({90, 101, 107, 90, 107}), "----X");
}

TEST(Evaluator, ACrossingBehindARuleThatHoldsIsSeenToo) {
  auto set = rule("price < 2");
  set.rules.push_back(
      {condition("crosses_above(price, 1)"), {market::ContractType::kPut, {}, {}, {}, {}}});
  Feed feed(set);
  EXPECT_EQ(feed(90)->rule, 0U);
  EXPECT_EQ(feed(150)->rule, 0U);
  EXPECT_FALSE(feed(250)) << "the second crossed while the first bought";
}

TEST(Evaluator, TheFirstRuleThatHoldsBuys) {
  RuleSet set;
  set.rules.push_back({condition("price > 2"), {market::ContractType::kCall, {}, {}, {}, {}}});
  set.rules.push_back(
      {condition("price > 1"),
       {market::ContractType::kPut, market::ContractDuration::parse("5m").value(), {}, {}, {}}});
  Feed feed(set);
  EXPECT_FALSE(feed(100));
  EXPECT_EQ(feed(300)->type, market::ContractType::kCall);
  EXPECT_FALSE(feed(300)->duration);
  const auto second = feed(150);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->rule, 1U);
  EXPECT_EQ(second->type, market::ContractType::kPut);
  EXPECT_EQ(second->duration->to_string(), "5m");
}

TEST(Evaluator, PredictionsAreDigitsThatTheTypeTakes) {
  RuleSet set;
  set.rules.push_back(
      {condition("price > 0"), {market::ContractType::kDigitOver, {}, number("digit"), {}, {}}});
  Feed over(set);
  EXPECT_EQ(over(108)->prediction, 8);
  EXPECT_FALSE(over(109)) << "no digit is above 9";
  set.rules[0].buy.type = market::ContractType::kDigitUnder;
  Feed under(set);
  EXPECT_EQ(under(109)->prediction, 9);
  EXPECT_FALSE(under(100)) << "no digit is below 0";
  set.rules[0].buy = {market::ContractType::kDigitMatch, {}, number("digit / 2"), {}, {}};
  Feed half(set);
  EXPECT_EQ(half(104)->prediction, 2);
  EXPECT_FALSE(half(103));
  set.rules[0].buy.prediction = number("hottest(2)");
  Feed late(set);
  EXPECT_FALSE(late(103)) << "not ready";
  EXPECT_EQ(late(103)->prediction, 3);
}

TEST(Evaluator, BarriersAreRoundedToTheSymbolsDecimals) {
  RuleSet set;
  set.rules.push_back({condition("price > 0"),
                       {market::ContractType::kLower,
                        {},
                        {},
                        std::get<Expr>(parse_offset("-sma(2) / 8", {})),
                        {}}});
  Feed feed(set);
  EXPECT_FALSE(feed(100)) << "the mean is not ready";
  EXPECT_EQ(feed(100)->barrier->value.to_string(), "-0.13") << "halves away from zero: -0.125";
  set.rules[0].buy.barrier = number("change / 10");
  Feed flat(set);
  EXPECT_FALSE(flat(100));
  EXPECT_FALSE(flat(104)) << "0.004 is no distance";
  EXPECT_EQ(flat(110)->barrier->value.to_string(), "0.01");
}

TEST(Evaluator, OwnResults) {
  RuleSet set = rule(
      "wins_in_row == 1 and losses_in_row == 2 and last_profit == -0.35 and "
      "session_profit == 10.10 and open == 4 and trades_today == 5");
  Feed feed(set);
  EXPECT_TRUE(feed.evaluator.uses_own());
  EXPECT_FALSE(feed(100));
  feed.evaluator.set_own({1, 2, core::Money::minor(-35), core::Money::minor(1010), 4, 5});
  EXPECT_TRUE(feed(100));
  EXPECT_FALSE(Feed(rule("price > 0")).evaluator.uses_own());
}

TEST(Evaluator, Times) {
  // 1700000040: Tuesday 2023-11-14 22:14:00 UTC.
  EXPECT_EQ(Feed(rule("hour == 22 and minute == 14 and weekday == tue")).run({1}), "X");
  Feed sunday(rule("weekday == 7 and hour == 23 and minute == 59"));
  sunday.epoch = 1'700'438'398;  // 2023-11-19T23:59:58Z
  EXPECT_EQ(sunday.run({1, 1}), "X-");
}

TEST(Evaluator, TimesOfAZoneFollowItsClocks) {
  auto of_berlin = rule("hour == 2 or weekday == mon");
  of_berlin.clocks.zone = core::test::berlin();
  Feed spring(of_berlin);
  spring.epoch = 1'774'745'998 - 2;  // 2026-03-29T00:59:56Z is 01:59:56; at 01:00Z it is 03:00
  EXPECT_EQ(spring.run({1, 1, 1}), "---");
  Feed autumn(of_berlin);
  autumn.epoch =
      1'792'886'398 - 2;  // 2026-10-25T00:00Z is 02:00 (summer), and 01:00Z is 02:00 again
  EXPECT_EQ(autumn.run({1, 1, 1}), "--X");
  autumn.epoch = 1'792'889'998;
  EXPECT_EQ(autumn.run({1, 1}), "XX");
  Feed monday(of_berlin);
  monday.epoch = 1'700'434'798 + 2;  // Sunday 2023-11-19T23:00Z is Monday there
  EXPECT_EQ(monday.run({1}), "X");
}

TEST(Evaluator, ResetAndOtherDecimalsForget) {
  Feed feed(rule("sma(2) > 0 and crosses_above(price, 1)"));
  EXPECT_EQ(feed.run({90, 110}), "-X");
  feed.evaluator.reset();
  EXPECT_EQ(feed.run({90}), "-");
  EXPECT_EQ(feed.evaluator.explain()[0].parts[0].value, "not ready");
  EXPECT_FALSE(feed(9000, 4)) << "the same symbol with more decimals";
  EXPECT_FALSE(feed(90, 2));
  EXPECT_TRUE(feed(110, 2));
}

TEST(Evaluator, WhatIsNoQuoteChangesNothing) {
  Feed feed(rule("sma(2) == 1"));
  EXPECT_EQ(feed.run({100, -5, 2'000'000'000'000'000, 100}), "---X");
}

TEST(Evaluator, ExplainsEachPart) {
  Feed feed(rule("rsi(2) < 30 and not close > sma(3)"));
  const auto before = feed.evaluator.explain();
  EXPECT_EQ(before[0].result, "not evaluated yet");
  EXPECT_FALSE(before[0].at);
  feed.run({300, 200, 100});
  const auto view = feed.evaluator.explain();
  ASSERT_EQ(view.size(), 1U);
  EXPECT_EQ(view[0].when, "rsi(2, ticks) < 30 and not close(0, ticks) > sma(3, ticks)");
  EXPECT_EQ(view[0].result, "true");
  EXPECT_EQ(view[0].at->s, Feed::kStart + 4);
  std::string text;
  for (const auto& p : view[0].parts) text += p.text + " = " + p.value + "\n";
  EXPECT_EQ(text,
            "rsi(2, ticks) = 0\n"
            "close(0, ticks) = 1\n"
            "sma(3, ticks) = 2\n"
            "rsi(2, ticks) < 30 = true\n"
            "close(0, ticks) > sma(3, ticks) = false\n"
            "not close(0, ticks) > sma(3, ticks) = true\n"
            "rsi(2, ticks) < 30 and not close(0, ticks) > sma(3, ticks) = true\n");
}

TEST(Evaluator, DoesNotAllocateOnceItIsMade) {
  RuleSet set = rule(
      "rsi(14) < 101 and close(0, 1m) > ema(5, 1m) and price < bb_upper and "
      "macd_hist > -1000 and stoch_d >= 0 and highest(50) > 0 and lowest(50) > 0 and "
      "share(rise, 40) >= 0 and rank(hottest(20), 20) == 1 and atr(5, 1m) > 0 and "
      "run(even) >= 0 and since(fall) >= 0 and minute >= 0");
  Feed feed(set);
  for (int i = 0; i < 60; ++i) feed(10'000 + i % 7);
  const auto before = engine::test::allocations();
  int wishes = 0;
  for (int i = 0; i < 5'000; ++i) wishes += feed(10'000 + i * 37 % 101) ? 1 : 0;
  EXPECT_EQ(engine::test::allocations(), before);
  EXPECT_GT(wishes, 0);
}

TEST(RuleSet, IsBoundedAndShown) {
  RuleSet set;
  EXPECT_EQ(excess_of(set), "");
  std::string many = "sma(1) > 0";
  for (int i = 2; i <= 30; ++i) many += " or sma(" + std::to_string(i) + ") > 0";
  for (int r = 0; r < 5; ++r) set.rules.push_back({condition(many, {60 * (r + 1)}), {}});
  EXPECT_EQ(excess_of(set), "more than 128 different values of ticks and candles");
  set.rules.resize(4);
  EXPECT_EQ(excess_of(set), "");
  set.rules.clear();
  for (int r = 0; r < 16; ++r) set.rules.push_back({condition("close > 0", {r + 1}), {}});
  EXPECT_EQ(excess_of(set),
            "candles of more than 15 lengths, those of each watched symbol counted");
  set.rules.assign(kMaxRules + 1, {condition("price > 0"), {}});
  EXPECT_EQ(excess_of(set), "more than 32 rules");
  set.rules.assign(1, {condition("digit > 3"),
                       {market::ContractType::kHigher,
                        market::ContractDuration::parse("5t").value(),
                        {},
                        number("2 * atr(3)"),
                        {}}});
  EXPECT_EQ(to_string(set),
            "when: digit(0) > 3 buy: { type: HIGHER, duration: 5t, barrier: +2 * atr(3, ticks) }");
}

}  // namespace
}  // namespace derivd::rules::test
