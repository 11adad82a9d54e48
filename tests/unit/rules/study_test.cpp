// Each value against numbers that were reckoned by hand.
#include "rig.hpp"
#include "rules/window.hpp"
#include "rules/words.hpp"

namespace derivd::rules::test {
namespace {

void expect(std::string_view text, const std::vector<Bar>& bars, std::vector<double> wanted) {
  const auto got = values(text, bars);
  ASSERT_EQ(got.size(), wanted.size()) << text;
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_TRUE(same(got[i], wanted[i], 1e-12))
        << text << " after bar " << i << ": " << got[i] << " instead of " << wanted[i];
  }
}
const double kNone = kNotReady;

TEST(Study, PriceDigitChange) {
  const auto bars = ticks({34207, 34217, 34200, 34215});
  expect("price", bars, {342.07, 342.17, 342.00, 342.15});
  expect("digit", bars, {7, 7, 0, 5});
  expect("digit(2)", bars, {kNone, kNone, 7, 7});
  expect("change", bars, {kNone, 0.10, -0.17, 0.15});
  expect("change(3)", bars, {kNone, kNone, kNone, 0.08});
  expect("close(1)", bars, {kNone, 342.07, 342.17, 342.00});
}

TEST(Study, OfCandlesEachQuote) {
  const std::vector<Bar> bars{{100, 130, 90, 120}, {120, 125, 110, 115}};
  expect("open(0, 1m)", bars, {1.00, 1.20});
  expect("high(0, 1m)", bars, {1.30, 1.25});
  expect("low(0, 1m)", bars, {0.90, 1.10});
  expect("close(0, 1m)", bars, {1.20, 1.15});
  expect("high(1, 1m)", bars, {kNone, 1.30});
}

TEST(Study, CountsAndShares) {
  const auto bars = ticks({2, 3, 4, 6, 5});
  expect("count(even, 3)", bars, {kNone, kNone, 2, 2, 2});
  expect("count(odd, 3)", bars, {kNone, kNone, 1, 1, 1});
  expect("share(digit > 3, 4)", bars, {kNone, kNone, kNone, 50, 75});
  expect("share(digit != 4, 2)", bars, {kNone, 100, 50, 50, 100});
  // The first tick has no direction: one more is needed.
  expect("count(rise, 3)", bars, {kNone, kNone, kNone, 3, 2});
  expect("count(fall, 1)", bars, {kNone, 0, 0, 0, 1});
  expect("count(flat, 2)", ticks({7, 7, 8, 8}), {kNone, kNone, 1, 1});
}

TEST(Study, RunsAndSince) {
  const auto bars = ticks({2, 4, 5, 7, 8});
  expect("run(even)", bars, {1, 2, 0, 0, 1});
  expect("run(rise)", bars, {kNone, 1, 2, 3, 4});
  expect("since(odd)", bars, {kNone, kNone, 0, 0, 1});
  expect("since(even)", bars, {0, 0, 1, 2, 0});
}

TEST(Study, HottestColdestRank) {
  const auto bars = ticks({3, 3, 5, 5, 5, 0});
  // Of the last 4: 3 3 5 5 (3 before 5 among equals), 3 5 5 5, 5 5 5 0.
  expect("hottest(4)", bars, {kNone, kNone, kNone, 3, 5, 5});
  expect("coldest(4)", bars, {kNone, kNone, kNone, 0, 0, 1});
  const auto expr = number("rank(5, 4)");
  const auto of = study_of(expr.root());
  const auto study = make_study(of.key);
  const auto& counts = static_cast<const DigitCounts&>(*study);
  for (std::size_t i = 0; i < 3; ++i) study->push(bars[i], 100);
  EXPECT_TRUE(std::isnan(counts.rank(5)));
  study->push(bars[3], 100);
  EXPECT_EQ(counts.rank(3), 1);
  EXPECT_EQ(counts.rank(5), 2);
  EXPECT_EQ(counts.rank(0), 3);
  EXPECT_EQ(counts.rank(9), 10);
  EXPECT_TRUE(std::isnan(counts.rank(10)));
  EXPECT_TRUE(std::isnan(counts.rank(2.5)));
  EXPECT_TRUE(std::isnan(counts.rank(-1)));
  EXPECT_TRUE(std::isnan(counts.rank(kNotReady)));
}

TEST(Study, MeansAndDeviation) {
  const auto bars = ticks({100, 200, 600, 400});
  expect("sma(3)", bars, {kNone, kNone, 3.00, 4.00});
  // Factor 2/4: 3.00, then 3.00 + 0.5 × (4.00 − 3.00).
  expect("ema(3)", bars, {kNone, kNone, 3.00, 3.50});
  // Of 1 2 6: mean 3, squares 4 1 9. Of 2 6 4: mean 4, squares 4 4 0.
  expect("stdev(3)", bars, {kNone, kNone, std::sqrt(14.0 / 3), std::sqrt(8.0 / 3)});
  expect("bb_middle(3, 2)", bars, {kNone, kNone, 3.00, 4.00});
  expect("bb_upper(3, 1.5)", bars,
         {kNone, kNone, 3 + 1.5 * std::sqrt(14.0 / 3), 4 + 1.5 * std::sqrt(8.0 / 3)});
  expect("bb_lower(3, 1.5)", bars,
         {kNone, kNone, 3 - 1.5 * std::sqrt(14.0 / 3), 4 - 1.5 * std::sqrt(8.0 / 3)});
  expect("momentum(2)", bars, {kNone, kNone, 5.00, 2.00});
  expect("highest(2)", bars, {kNone, 2.00, 6.00, 6.00});
  expect("lowest(2)", bars, {kNone, 1.00, 2.00, 4.00});
}

TEST(Study, RsiByWilder) {
  // Changes +2 −1 +3 | −2: gains (2+0+3)/3 and losses 1/3, then (2·5/3 + 0)/3 and (2·1/3 + 2)/3.
  const auto bars = ticks({10, 12, 11, 14, 12});
  const double g = 5.0 / 3;
  const double l = 1.0 / 3;
  expect(
      "rsi(3)", bars,
      {kNone, kNone, kNone, 100 * g / (g + l), 100 * (2 * g / 3) / (2 * g / 3 + (2 * l + 2) / 3)});
  expect("rsi(2)", ticks({5, 5, 5}), {kNone, kNone, 50});
  expect("rsi(2)", ticks({5, 6, 7}), {kNone, kNone, 100});
  expect("rsi(2)", ticks({7, 6, 5}), {kNone, kNone, 0});
}

TEST(Study, AtrByWilder) {
  // True ranges: 2.00; max(1.00, |4.00−2.50|, |3.00−2.50|) = 1.50; then (1.75 + 1.00)/2.
  const std::vector<Bar> bars{
      {100, 200, 100, 150}, {150, 350, 150, 250}, {300, 400, 300, 350}, {350, 400, 300, 300}};
  expect("atr(2, 1m)", bars, {kNone, kNone, 1.75, 1.375});
}

TEST(Study, Macd) {
  // Fast 2: mean 1.5, factor 2/3. Slow 3: mean 2, factor 1/2.
  const auto bars = ticks({100, 200, 300, 600, 600});
  const double f3 = 1.5 + 2.0 / 3 * 1.5;
  const double f4 = f3 + 2.0 / 3 * (6 - f3);
  const double f5 = f4 + 2.0 / 3 * (6 - f4);
  const double m3 = f3 - 2;
  const double m4 = f4 - 4;
  const double m5 = f5 - 5;
  const double s4 = (m3 + m4) / 2;
  const double s5 = s4 + 2.0 / 3 * (m5 - s4);
  expect("macd(2, 3, 2)", bars, {kNone, kNone, m3, m4, m5});
  expect("macd_signal(2, 3, 2)", bars, {kNone, kNone, kNone, s4, s5});
  expect("macd_hist(2, 3, 2)", bars, {kNone, kNone, kNone, m4 - s4, m5 - s5});
}

TEST(Study, Stochastic) {
  const auto bars = ticks({10, 30, 20, 40, 40});
  // Raw over 3: (20−10)/20, (40−20)/20, (40−20)/20; smoothed over 2.
  expect("stoch_k(3, 1)", bars, {kNone, kNone, 50, 100, 100});
  expect("stoch_k(3, 2)", bars, {kNone, kNone, kNone, 75, 100});
  expect("stoch_d(3, 2, 2)", bars, {kNone, kNone, kNone, kNone, 87.5});
  expect("stoch_k(2, 1)", ticks({5, 5}), {kNone, 50});
}

TEST(Study, AResetForgetsEverything) {
  for (const auto& word : words()) {
    if (word.clock == Clock::kNeither) continue;
    auto text = std::string(word.name);
    if (word.word == Word::kRank) continue;
    if (word.predicate) {
      text += word.args.empty() ? "(rise)" : "(rise, 3)";
    } else if (!word.args.empty() && word.args[0].fallback < 0) {
      text += "(3)";
    }
    const auto expr = number(text);
    const auto of = study_of(expr.root());
    const auto used = make_study(of.key);
    const auto fresh = make_study(of.key);
    for (int i = 0; i < 100; ++i) used->push({100 + i, 140 + i, 90, 100 + i % 7}, 100);
    used->reset();
    EXPECT_TRUE(std::isnan(*used->value(of.which))) << text;
    for (int i = 0; i < 100; ++i) {
      const Bar bar{200 - i, 230, 100 - i % 11, 150 + i % 5};
      used->push(bar, 100);
      fresh->push(bar, 100);
      ASSERT_TRUE(same(*used->value(of.which), *fresh->value(of.which), 0)) << text << " at " << i;
    }
  }
}

TEST(Window, SumsOfTheLargestQuotesDoNotOverflow) {
  Spread spread(kMaxPeriod);
  for (int i = 0; i < 2 * kMaxPeriod; ++i) spread.push(kMostMantissa - i % 2);
  EXPECT_TRUE(spread.full());
  // Half of them 1 below the others: variance 1/4.
  const auto n = static_cast<double>(kMaxPeriod);
  EXPECT_EQ(spread.variance_n2(), n * n / 4);
}

TEST(Window, AMeanOfDoublesDoesNotDrift) {
  Mean mean(3);
  for (int i = 0; i < 1'000'000; ++i) mean.push(i % 2 == 0 ? 1e15 : 0.1);
  for (const double v : {0.1, 0.2, 0.3}) mean.push(v);
  EXPECT_DOUBLE_EQ(mean.mean(), 0.2);
}

}  // namespace
}  // namespace derivd::rules::test
