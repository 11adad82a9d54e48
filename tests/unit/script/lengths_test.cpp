#include "script/lengths.hpp"

#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "script/past.hpp"

namespace derivd::script {
namespace {

using Lengths = std::vector<rules::Where>;
constexpr std::int64_t kStart = 1'700'006'400;  // a whole hour

TEST(ScriptLengths, AreTheTextsOfTheProgramThatAreSome) {
  EXPECT_EQ(lengths_in("", {}), Lengths{});
  EXPECT_EQ(lengths_in("", {60}), (Lengths{{60}}));
  EXPECT_EQ(lengths_in(R"(const slow = '15m'; rsi(14, "1m"); candles(5, `1h`); ema(3, "1m");)", {}),
            (Lengths{{900}, {60}, {3600}}));
  EXPECT_EQ(lengths_in(R"(buy({ duration: "5t" }); log("15mm"); log("m"); log("9d"); "ticks")", {}),
            Lengths{});
  EXPECT_EQ(lengths_in("log(\"1m", {300}), (Lengths{{300}})) << "a text without an end";
  EXPECT_EQ(lengths_in("1m + 1h // no text", {}), Lengths{});
}

TEST(ScriptLengths, AreNoMoreThanAStrategyMayLookAt) {
  std::string text;
  for (int i = 1; i < 60; ++i) text += "\"" + std::to_string(i) + "m\" ";
  EXPECT_EQ(lengths_in(text, {}).size(), 15U);
}

struct Tick {
  core::VenueTime time;
  std::int64_t mantissa;
};

std::vector<Tick> walk(std::size_t n) {
  std::vector<Tick> out;
  core::Rng rng(4);
  std::int64_t quote = 100'000;
  for (std::size_t i = 0; i < n; ++i) {
    quote += static_cast<std::int64_t>(rng.below(41)) - 20;
    out.push_back({{kStart + 2 * static_cast<std::int64_t>(i)}, quote});
  }
  return out;
}

std::vector<Past::Candle> candles_of(std::span<const Tick> ticks, std::int32_t length) {
  std::vector<Past::Candle> out;
  rules::Candle growing({length});
  for (const auto& tick : ticks) {
    if (const auto closed = growing.push(tick.time, tick.mantissa)) out.push_back(*closed);
  }
  out.push_back(*growing.growing());
  return out;
}

/// One that heard all ticks, and one that began with the venue's candles and the last 300 ticks.
class ScriptCandles : public ::testing::Test {
 protected:
  ScriptCandles() {
    for (const auto& tick : ticks) whole.on_tick(tick.time, tick.mantissa);
    begin(late);
  }
  void begin(Past& past) {
    const std::span<const Tick> seen(ticks.data(), 4000);
    const auto minutes = candles_of(seen, 60);
    const auto half = minutes.size() / 2;
    past.begin_candles({60}, {minutes.data(), half}, false);
    past.begin_candles({60}, {minutes.data() + half, minutes.size() - half}, true);
    for (std::size_t i = 3700; i < ticks.size(); ++i)
      past.on_tick(ticks[i].time, ticks[i].mantissa);
  }
  std::vector<Tick> ticks = walk(4500);
  Past whole{2, {60}};
  Past late{2, {60}};
};

TEST_F(ScriptCandles, AreThoseOfOneThatHeardEveryTick) {
  EXPECT_GT(whole.candles(1000, "1m")->size(), 140U);
  EXPECT_EQ(*whole.candles(1000, "1m"), *late.candles(1000, "1m"));
  EXPECT_EQ(*whole.value("rsi(14, 1m)"), *late.value("rsi(14, 1m)"));
  // A length that nobody has asked the venue for is made up of the minutes.
  // The first one began before the first minute that is known, and is left out.
  const auto seen = whole.candles(100, "7m")->size();
  EXPECT_GT(seen, 15U);
  EXPECT_EQ(late.candles(100, "7m")->size(), seen - 1);
  EXPECT_EQ(*whole.candles(seen - 1, "7m"), *late.candles(seen - 1, "7m"));
  EXPECT_EQ(*whole.value("ema(3, 15m)"), *late.value("ema(3, 15m)"));
  EXPECT_LT(late.candles(1000, "30s")->size(), 60U) << "of ticks: a minute is no half of one";
}

TEST_F(ScriptCandles, AValueThatWasAskedForBeforeBeginsAnewWithThem) {
  Past past(2, {60});
  EXPECT_TRUE(std::isnan(*past.value("sma(20, 1m)")));
  for (int i = 0; i < 100; ++i) past.on_tick(ticks[i].time, ticks[i].mantissa);
  past.reset();
  begin(past);
  EXPECT_EQ(*past.value("sma(20, 1m)"), *whole.value("sma(20, 1m)"));
}

TEST_F(ScriptCandles, ALongerOneHasWhatGrewBeforeOurTicks) {
  Past past(2, {60});
  const std::vector<Past::Candle> begun{{{3, 4, 2, 3}, {kStart}}, {{5, 9, 1, 6}, {kStart + 60}}};
  past.begin_candles({60}, begun, true);
  past.on_tick({kStart + 100}, 6);
  EXPECT_TRUE(past.candles(1, "5m")->empty()) << "it grows";
  past.on_tick({kStart + 298}, 7);
  past.on_tick({kStart + 300}, 8);
  ASSERT_EQ(past.candles(1, "5m")->size(), 1U);
  EXPECT_EQ(past.candles(1, "5m")->front().bar, (rules::Bar{3, 9, 1, 7}));
}

TEST_F(ScriptCandles, AreToldWhenTheyCloseAlsoTheFirst) {
  Past past(2, {60});
  const std::vector<Past::Candle> begun{{{1, 3, 1, 2}, {kStart}}, {{2, 2, 2, 2}, {kStart + 60}}};
  past.begin_candles({60}, begun, true);
  // The venue was ahead of our ticks.
  EXPECT_FALSE(past.on_tick({kStart + 58}, 2));
  const auto first = past.on_tick({kStart + 60}, 2);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, begun[0]);
  const auto second = past.on_tick({kStart + 120}, 2);
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, begun[1]);
}

}  // namespace
}  // namespace derivd::script
