// Candles that somebody else has begun: whoever begins with them says what one says who has heard
// every tick from the first on.
#include <map>

#include "core/rng.hpp"
#include "rig.hpp"
#include "rules/needs.hpp"

namespace derivd::rules::test {
namespace {

constexpr std::int64_t kStart = 1'700'006'400;  // a whole hour, of a symbol of two seconds
constexpr std::array<std::int32_t, 5> kLengths{60, 300, 420, 900, 3600};

std::vector<market::Tick> walk(std::size_t n, std::uint64_t seed) {
  std::vector<market::Tick> out;
  core::Rng rng(seed);
  std::int64_t quote = 100'000;
  for (std::size_t i = 0; i < n; ++i) {
    quote += static_cast<std::int64_t>(rng.below(41)) - 20;
    out.push_back(
        {"R_100", {kStart + 2 * static_cast<std::int64_t>(i)}, core::Price::raw(quote, 2)});
  }
  return out;
}

/// As a venue keeps them: of all ticks so far, the last one growing.
std::vector<Candle::Closed> candles_of(std::span<const market::Tick> ticks, std::int32_t length) {
  std::vector<Candle::Closed> out;
  for (const auto& tick : ticks) {
    const auto q = tick.quote.mantissa();
    const core::VenueTime begins{tick.epoch.s / length * length};
    if (out.empty() || out.back().begins != begins) {
      out.push_back({{q, q, q, q}, begins});
      continue;
    }
    auto& bar = out.back().bar;
    bar = {bar.open, std::max(bar.high, q), std::min(bar.low, q), q};
  }
  return out;
}

RuleSet several() {
  RuleSet set;
  for (const auto* when :
       {"rsi(14, 1m) < 40", "ema(9, 5m) > sma(20, 1m)", "crosses_above(ema(5, 1m), ema(20, 1m))",
        "crosses_below(close(0, 15m), sma(4, 15m))", "stoch_k(14, 3, 7m) > 80 and price > 1",
        "crosses_above(price, ema(12, 7m))", "atr(5, 1h) > 3 and momentum(3, 1m) > 0",
        "close(0, 1h) > open(0, 1h)", "run(rise, 1m) > 2 and minute < 30"}) {
    set.rules.push_back({condition(when), {}});
  }
  return set;
}

std::string said(const Evaluator& evaluator) {
  std::string out;
  for (const auto& rule : evaluator.explain()) {
    out += rule.when + "=" + rule.result + "\n";
    for (const auto& part : rule.parts) out += "  " + part.text + "=" + part.value + "\n";
  }
  return out;
}

/// `begin`: ticks that the venue's candles were made of; the evaluator then hears those from
/// `first` on again.
void compare(std::size_t begin, std::size_t first) {
  const auto ticks = walk(12'000, 5);
  Evaluator whole(several());
  for (std::size_t i = 0; i < begin; ++i) whole.on_tick(ticks[i]);
  Evaluator late(several());
  for (const auto length : kLengths) {
    late.begin_candles({length}, candles_of({ticks.data(), begin}, length));
  }
  for (std::size_t i = first; i < begin; ++i) late.on_tick(ticks[i]);
  int wishes = 0;
  for (auto i = begin; i < ticks.size(); ++i) {
    const auto a = whole.on_tick(ticks[i]);
    const auto b = late.on_tick(ticks[i]);
    ASSERT_EQ(a.has_value(), b.has_value()) << i;
    ASSERT_TRUE(!a || a->rule == b->rule) << i;
    wishes += a ? 1 : 0;
    if (i % 97 != 0) continue;
    ASSERT_EQ(said(whole), said(late)) << i;
  }
  EXPECT_GT(wishes, 50);
  EXPECT_EQ(said(whole), said(late));
}

TEST(PastCandles, WhoBeginsWithThemSaysWhatOneSaysWhoHeardEveryTick) {
  compare(9'000, 8'000);  // 33 minutes are known by ticks, too
  compare(9'017, 9'016);  // one tick is
  compare(9'900, 2'000);
}

TEST(PastCandles, TheVenuesAreAheadOfOurTicksForAMoment) {
  const auto ticks = walk(9'100, 9);
  // The candle of ticks[8999] has ended at the venue; our last tick is within it.
  Evaluator whole(several());
  for (const auto& tick : ticks) whole.on_tick(tick);
  Evaluator late(several());
  for (const auto length : kLengths) {
    late.begin_candles({length}, candles_of({ticks.data(), 9'015}, length));
  }
  for (std::size_t i = 8'500; i < ticks.size(); ++i) late.on_tick(ticks[i]);
  EXPECT_EQ(said(whole), said(late));
}

TEST(PastCandles, TheGrowingOneKeepsItsOpenAndCountsNothingTwice) {
  Evaluator evaluator(
      rule("open(0) == 5.00 and high == 9.00 and low == 1.00 and close == 3.00", {60}));
  const std::vector<Candle::Closed> past{{{700, 700, 700, 700}, {kStart}},
                                         {{500, 900, 200, 300}, {kStart + 60}}};
  evaluator.begin_candles({60}, past);
  const auto tick = [&](std::int64_t at, std::int64_t quote) {
    return evaluator.on_tick({"R_100", {kStart + at}, core::Price::raw(quote, 2)}).has_value();
  };
  EXPECT_FALSE(tick(58, 9999)) << "it is in the candle of before, which is whole";
  EXPECT_FALSE(tick(62, 900));
  EXPECT_FALSE(tick(64, 100));
  EXPECT_FALSE(tick(66, 300));
  EXPECT_TRUE(tick(120, 777));
}

TEST(PastCandles, AResetForgetsThem) {
  Evaluator evaluator(rule("sma(2, 1m) > 0"));
  const std::vector<Candle::Closed> past{
      {{7, 7, 7, 7}, {kStart}}, {{7, 7, 7, 7}, {kStart + 60}}, {{7, 7, 7, 7}, {kStart + 120}}};
  evaluator.begin_candles({60}, past);
  evaluator.reset();
  EXPECT_FALSE(evaluator.on_tick({"R_100", {kStart + 190}, core::Price::raw(700, 2)}));
  EXPECT_FALSE(evaluator.on_tick({"R_100", {kStart + 250}, core::Price::raw(700, 2)}));
  evaluator.reset();
  evaluator.begin_candles({60}, past);
  EXPECT_TRUE(evaluator.on_tick({"R_100", {kStart + 190}, core::Price::raw(700, 2)}));
}

TEST(PastCandles, SoManyAreNeededAsAValueLooksAt) {
  const auto needs = [](std::string_view when) {
    std::map<std::int32_t, std::int64_t> out;
    for (const auto& n : Evaluator(rule(when)).candle_needs()) out[n.where.seconds] = n.count;
    return out;
  };
  using Needs = std::map<std::int32_t, std::int64_t>;
  EXPECT_EQ(needs("price > 1 and rsi(14) > 3"), Needs{}) << "of ticks alone";
  EXPECT_EQ(needs("sma(20, 1m) > highest(50, 1m) and close(3, 1h) > 1"),
            (Needs{{60, 52}, {3600, 5}}));
  EXPECT_EQ(needs("ema(50, 1h) > 1"), (Needs{{3600, 502}}));
  EXPECT_EQ(needs("rsi(14, 15m) < 30"), (Needs{{900, 282}}));
  EXPECT_EQ(needs("atr(14, 90s) < 30"), (Needs{{90, 282}}));
  EXPECT_EQ(needs("macd(12, 26, 9, 5m) < 30"), (Needs{{300, 352}}));
  EXPECT_EQ(needs("stoch_d(14, 3, 3, 5m) < 30"), (Needs{{300, 22}}));
  EXPECT_EQ(needs("run(rise, 5m) > 2"), (Needs{{300, 1002}}));
  EXPECT_EQ(needs("ema(3000, 5m) > 2"), (Needs{{300, 5000}})) << "what one answer holds";
}

/// The bound is true: more past moves no digit that is shown.
TEST(PastCandles, MoreThanIsNeededChangesNothing) {
  const auto ticks = walk(60'000, 11);
  for (const auto* when : {"rsi(14, 1m) < 30", "ema(21, 1m) > 0", "atr(14, 1m) > 0",
                           "macd_signal(12, 26, 9, 1m) > 0", "stoch_d(14, 3, 3, 1m) > 10"}) {
    const auto all = candles_of(ticks, 60);
    const auto need = Evaluator(rule(when)).candle_needs().at(0).count;
    const auto value = [&](std::size_t n) {
      Evaluator evaluator(rule(when));
      evaluator.begin_candles({60}, {all.data() + all.size() - n, n});
      evaluator.on_tick({"R_100", {all.back().begins.s + 60}, core::Price::raw(100'000, 2)});
      return std::stod(evaluator.explain().at(0).parts.at(0).value);
    };
    EXPECT_NEAR(value(all.size()), value(static_cast<std::size_t>(need)), 1e-6) << when;
  }
}

}  // namespace
}  // namespace derivd::rules::test
