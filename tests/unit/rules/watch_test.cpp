// Values of watched symbols: how they are written, when a rule sees them, when they are not ready,
// and that they leave what is of the own symbol alone.
#include <map>

#include "core/rng.hpp"
#include "rig.hpp"

namespace derivd::rules::test {
namespace {

constexpr std::int64_t kStart = 1'782'086'400;  // a whole day
const std::vector<market::SymbolCode> kWatch{"R_50", "1HZ100V", "frxEURUSD"};

Expr watching(std::string_view text, Where candles = {}) {
  auto parsed = parse_condition(text, candles, kWatch);
  if (const auto* p = std::get_if<Problem>(&parsed)) {
    ADD_FAILURE() << text << ": " << p->at << ": " << p->text;
    return {};
  }
  return std::get<Expr>(parsed);
}

RuleSet watching_rule(std::string_view when, Where candles = {}) {
  RuleSet set;
  set.candles = candles;
  set.rules.push_back({watching(when, candles), {}});
  return set;
}

void refused(std::string_view text, std::size_t at, std::string_view what) {
  const auto parsed = parse_condition(text, {}, kWatch);
  const auto* p = std::get_if<Problem>(&parsed);
  ASSERT_NE(p, nullptr) << text;
  EXPECT_EQ(p->at, at) << text << ": " << p->text;
  EXPECT_NE(p->text.find(what), std::string::npos) << text << ": " << p->text;
}

market::Tick tick(std::string_view symbol, std::int64_t at, std::int64_t mantissa,
                  std::uint8_t decimals = 2) {
  return {symbol, {kStart + at}, core::Price::raw(mantissa, decimals)};
}

/// The value of a part at the last evaluation.
std::string part(const Evaluator& evaluator, std::string_view text) {
  for (const auto& rule : evaluator.explain()) {
    for (const auto& p : rule.parts) {
      if (p.text == text) return p.value;
    }
  }
  return "no such part";
}

TEST(Watch, ValuesAreWrittenWithTheirSymbol) {
  EXPECT_EQ(to_string(watching("R_50.price > 1")), "R_50.price > 1");
  EXPECT_EQ(to_string(watching("1HZ100V.run(even) >= 3")), "1HZ100V.run(even, ticks) >= 3");
  EXPECT_EQ(to_string(watching("frxEURUSD.rsi(14) < R_50.rsi(14, 5m)", {60})),
            "frxEURUSD.rsi(14, 1m) < R_50.rsi(14, 5m)");
  EXPECT_EQ(to_string(watching("R_50.share(digit > 4, 100) < 40%")),
            "R_50.share(digit > 4, 100, ticks) < 40%");
  EXPECT_EQ(to_string(watching("R_50.rank(R_50.digit, 100) == 1")),
            "R_50.rank(R_50.digit(0), 100) == 1");
  EXPECT_EQ(to_string(watching("crosses_above(R_50.sma(5), 1HZ100V.bb_upper)")),
            "crosses_above(R_50.sma(5, ticks), 1HZ100V.bb_upper(20, 2, ticks))");
  for (const auto* text : {"R_50.price > 1", "1HZ100V.close(2, 1m) > 1.5 and price < 0.25"}) {
    const auto expr = watching(text);
    EXPECT_EQ(watching(to_string(expr)), expr) << text;
  }
  EXPECT_FALSE(watching("R_50.price > 1") == watching("price > 1"));
}

TEST(Watch, APlainOpenIsTheCandlesBesideAPriceOfAnother) {
  EXPECT_EQ(to_string(watching("R_50.open > 1", {60})), "R_50.open(0, 1m) > 1");
  EXPECT_EQ(to_string(watching("open > R_50.open", {60})), "open(0, 1m) > R_50.open(0, 1m)");
  EXPECT_EQ(to_string(watching("open < 3", {60})), "open < 3");
}

TEST(Watch, WhatIsNotWatchedIsRefusedWithItsPlace) {
  refused("price > 1 and R_75.price > 1", 14, "'R_75' is not watched");
  refused("R_5.price > 1", 0, "did you mean 'R_50'?");
  refused("R_100.price > 1", 0, "leave 'R_100.' out for the strategy's own symbol");
  refused("1HZ50V.price > 1", 0, "watched: R_50, 1HZ100V, frxEURUSD");
  refused("R_50.hour > 1", 5, "'hour' is not of a symbol's ticks or candles");
  refused("R_50.wins_in_row > 1", 5, "leave 'R_50.' out");
  refused("R_50.crosses_above(price, 1)", 5, "not of a symbol's");
  refused("R_50.prise > 1", 5, "did you mean 'price'?");
  refused("R_50.mon > 1", 5, "unknown value");
  refused("R_50.share > 1", 5, "needs arguments");
  const auto none = parse_condition("R_50.price > 1", {});
  EXPECT_NE(std::get<Problem>(none).text.find("add it to the list watch:"), std::string::npos);
  // What begins with a digit and has no letter before its dot is a number as before.
  refused("1.5e3 > price", 0, "is not a number here");
  EXPECT_EQ(to_string(watching("1.5 > price")), "1.5 > price");
}

TEST(Watch, ATickSeesWhatHappenedInTheSecondsBeforeIt) {
  Evaluator evaluator(watching_rule("R_50.price == 7.00"));
  EXPECT_FALSE(evaluator.on_tick(tick("R_100", 0, 100))) << "nothing is known of it";
  evaluator.on_watched(tick("R_50", 1, 700));
  EXPECT_TRUE(evaluator.on_tick(tick("R_100", 2, 100)));
  EXPECT_TRUE(evaluator.on_tick(tick("R_100", 4, 100)));
  evaluator.on_watched(tick("R_50", 5, 800));
  EXPECT_FALSE(evaluator.on_tick(tick("R_100", 6, 100)));
  EXPECT_EQ(part(evaluator, "R_50.price"), "8");
  evaluator.on_watched(tick("1HZ100V", 7, 700));  // of no value
  EXPECT_FALSE(evaluator.on_tick(tick("R_100", 8, 100)));
}

TEST(Watch, ATickOfAnotherRaisesNothingByItself) {
  Evaluator evaluator(watching_rule("R_50.run(rise) >= 2 and run(rise) >= 1"));
  for (int i = 0; i < 9; ++i) evaluator.on_watched(tick("R_50", i, 100 + i));
  EXPECT_FALSE(evaluator.on_tick(tick("R_100", 10, 100))) << "its own has no past";
  EXPECT_TRUE(evaluator.on_tick(tick("R_100", 12, 101)));
  EXPECT_EQ(part(evaluator, "R_50.run(rise, ticks)"), "8");
}

TEST(Watch, EveryStudyIsOfTheSymbolThatItNames) {
  Evaluator evaluator(
      watching_rule("R_50.sma(2) > sma(2) and R_50.digit == 3 and R_50.hottest(3) == 3 and "
                    "R_50.rank(3, 3) == 1 and R_50.count(odd, 3) == 3 and 1HZ100V.change > 0"));
  for (int i = 0; i < 3; ++i) {
    evaluator.on_watched(tick("R_50", i, 50'003));
    evaluator.on_watched(tick("1HZ100V", i, 20'000 + i));
  }
  EXPECT_FALSE(evaluator.on_tick(tick("R_100", 4, 10'000)));
  EXPECT_TRUE(evaluator.on_tick(tick("R_100", 6, 10'000)));
}

TEST(Watch, QuotesHaveTheDecimalsOfTheirSymbol) {
  Evaluator evaluator(watching_rule("frxEURUSD.price == 1.08123 and price == 342.07"));
  evaluator.on_watched(tick("frxEURUSD", 0, 108'123, 5));
  EXPECT_TRUE(evaluator.on_tick(tick("R_100", 1, 34'207)));
  // Other decimals than so far: what was seen means nothing any more.
  Evaluator mean(watching_rule("frxEURUSD.sma(2) > 0"));
  mean.on_watched(tick("frxEURUSD", 0, 108'123, 5));
  mean.on_watched(tick("frxEURUSD", 1, 10'812, 4));
  EXPECT_FALSE(mean.on_tick(tick("R_100", 2, 34'207)));
  mean.on_watched(tick("frxEURUSD", 2, 10'812, 4));
  EXPECT_TRUE(mean.on_tick(tick("R_100", 3, 34'207)));
}

TEST(Watch, WhatIsSilentIsNotReady) {
  Evaluator evaluator(watching_rule("R_50.price > 0 or R_50.rank(7, 1) == 1"));
  evaluator.on_watched(tick("R_50", 0, 107));
  EXPECT_TRUE(evaluator.on_tick(tick("R_100", 60, 100))) << "a minute is not too long";
  EXPECT_FALSE(evaluator.on_tick(tick("R_100", 61, 100)));
  EXPECT_EQ(part(evaluator, "R_50.price"), "not ready");
  EXPECT_EQ(part(evaluator, "R_50.rank(7, 1)"), "not ready");
  evaluator.on_watched(tick("R_50", 70, 107));
  EXPECT_TRUE(evaluator.on_tick(tick("R_100", 71, 100)));
  // The contrary of what is not known is not known either.
  Evaluator contrary(watching_rule("not R_50.price > 100"));
  EXPECT_FALSE(contrary.on_tick(tick("R_100", 0, 100)));
}

TEST(Watch, CandlesOfAllSymbolsCloseWithTheOwnTick) {
  // The first minute of R_50 is 1 to 9, its last tick in second 59; R_100 has a tick at 60.
  Evaluator evaluator(
      watching_rule("R_50.close(0) == 0.09 and R_50.open(0) == 0.01 and close(0) > 0", {60}));
  for (int i = 1; i < 60; ++i) {
    evaluator.on_watched(tick("R_50", i, std::max(1, i - 50)));
    if (i % 2 == 0) {
      EXPECT_FALSE(evaluator.on_tick(tick("R_100", i, 100))) << i;
    }
  }
  EXPECT_TRUE(evaluator.on_tick(tick("R_100", 60, 100)));
  EXPECT_FALSE(evaluator.on_tick(tick("R_100", 62, 100))) << "a rule of candles: once for each";
  // One that comes too late for its candle is in none.
  evaluator.on_watched(tick("R_50", 59, 9'999));
  evaluator.on_watched(tick("R_50", 61, 5));
  for (int i = 64; i < 120; i += 2) evaluator.on_tick(tick("R_100", i, 100));
  evaluator.on_tick(tick("R_100", 120, 100));
  EXPECT_EQ(part(evaluator, "R_50.open(0, 1m)"), "0.05");
}

TEST(Watch, ARuleOfItsCandlesAloneIsEvaluatedWhenOwnOnesOfThatLengthClose) {
  Evaluator evaluator(watching_rule("R_50.close(0, 1m) > 0"));
  std::string out;
  for (int i = 0; i < 150; ++i) {
    evaluator.on_watched(tick("R_50", i, 100));
    if (i % 2 == 1) out += evaluator.on_tick(tick("R_100", i, 100)) ? 'X' : '-';
  }
  std::string wanted(75, '-');
  wanted[30] = wanted[60] = 'X';  // second 61, the first own one behind the minute, and 121
  EXPECT_EQ(out, wanted);
}

TEST(Watch, AValueOfItsTicksMakesItEachTicks) {
  Evaluator evaluator(watching_rule("R_50.price > 0 and close(0, 1m) > 0"));
  int wishes = 0;
  for (int i = 0; i < 70; ++i) {
    evaluator.on_watched(tick("R_50", i, 100));
    wishes += evaluator.on_tick(tick("R_100", i + 1, 100)) ? 1 : 0;
  }
  EXPECT_EQ(wishes, 11);
}

TEST(Watch, ACandleWithoutOwnTicksAtItsEndIsClosedByTheNextOwnOne) {
  // Two candles of R_50 end between two own ticks: both are seen.
  Evaluator evaluator(watching_rule("R_50.close(1, 1m) == 1.00 and R_50.close(0, 1m) == 2.00"));
  evaluator.on_tick(tick("R_100", 1, 100));
  evaluator.on_watched(tick("R_50", 2, 100));
  evaluator.on_watched(tick("R_50", 62, 200));
  evaluator.on_watched(tick("R_50", 122, 300));
  EXPECT_TRUE(evaluator.on_tick(tick("R_100", 125, 100)));
}

TEST(Watch, AResetForgetsThem) {
  Evaluator evaluator(watching_rule("R_50.price > 0 and R_50.close(0, 1m) > 0"));
  for (int i = 0; i < 70; ++i) evaluator.on_watched(tick("R_50", i, 100));
  EXPECT_TRUE(evaluator.on_tick(tick("R_100", 70, 100)));
  evaluator.reset();
  EXPECT_FALSE(evaluator.on_tick(tick("R_100", 71, 100)));
  evaluator.on_watched(tick("R_50", 71, 100));
  EXPECT_FALSE(evaluator.on_tick(tick("R_100", 72, 100))) << "no candle of it is closed";
}

TEST(Watch, NeedsNameTheSymbol) {
  const auto needs = Evaluator(watching_rule("R_50.sma(20, 1m) > sma(10, 1m) and "
                                             "R_50.ema(50, 1h) > 1 and frxEURUSD.price > 1"))
                         .candle_needs();
  std::map<std::string, std::int64_t> out;
  for (const auto& n : needs) out[n.symbol.str() + " " + to_string(n.where)] = n.count;
  EXPECT_EQ(out,
            (std::map<std::string, std::int64_t>{{" 1m", 12}, {"R_50 1m", 22}, {"R_50 1h", 502}}));
}

TEST(Watch, LengthsOfAllSymbolsAreBoundedTogether) {
  RuleSet set;
  std::string when = "price > 0";
  for (int i = 1; i <= 7; ++i) {
    when += fmt::format(" and R_50.close(0, {}m) > 0 and 1HZ100V.close(0, {}m) > 0", i, i);
  }
  set.rules.push_back({watching(when), {}});
  EXPECT_NE(excess_of(set).find("those of each watched symbol counted"), std::string::npos);
  // Their candles need the clock of the own ones: 1 of ticks, 7 own, 8 of others are 16.
  RuleSet fits;
  when = "price > 0 and 1HZ100V.close(0, 1m) > 0";
  for (int i = 1; i <= 7; ++i) when += fmt::format(" and R_50.close(0, {}m) > 0", i);
  fits.rules.push_back({watching(when), {}});
  EXPECT_EQ(excess_of(fits), "");
}

// ---- against one who heard everything, and one who watches nothing ----

struct Market {
  explicit Market(std::size_t n, std::uint64_t seed) {
    core::Rng rng(seed);
    std::int64_t own = 100'000;
    std::int64_t other = 50'000;
    for (std::size_t i = 0; i < n; ++i) {
      own += static_cast<std::int64_t>(rng.below(41)) - 20;
      other += static_cast<std::int64_t>(rng.below(41)) - 20;
      const auto at = static_cast<std::int64_t>(2 * i);
      ticks.push_back(tick("R_50", at, other));
      ticks.push_back(tick("R_100", at + 1, own));
    }
  }
  std::vector<market::Tick> ticks;  // by second
};

std::vector<Candle::Closed> candles_of(const Market& market, std::size_t n, std::string_view symbol,
                                       std::int32_t length) {
  std::vector<Candle::Closed> out;
  Candle candle({length});
  for (std::size_t i = 0; i < n; ++i) {
    const auto& t = market.ticks[i];
    if (t.symbol != symbol) continue;
    if (const auto closed = candle.push(t.epoch, t.quote.mantissa())) out.push_back(*closed);
  }
  out.push_back(*candle.growing());
  return out;
}

std::optional<Wish> feed(Evaluator& evaluator, const market::Tick& t) {
  if (t.symbol == "R_100") return evaluator.on_tick(t);
  evaluator.on_watched(t);
  return std::nullopt;
}

RuleSet several() {
  RuleSet set;
  for (const auto* when :
       {"crosses_above(R_50.sma(3, 1m), R_50.sma(9, 1m)) and sma(3, 1m) > 0",
        "crosses_below(R_50.sma(2, 2m), R_50.sma(3, 2m))", "R_50.rsi(9, 2m) < 40 and price > 0",
        "crosses_above(close(0, 1m) - R_50.close(0, 1m), 500)",
        "R_50.run(rise) >= 4 and rsi(14, 1m) > 50"}) {
    set.rules.push_back({watching(when), {}});
  }
  return set;
}

std::string said(const Evaluator& evaluator) {
  std::string out;
  for (const auto& rule : evaluator.explain()) {
    out += rule.when + "=" + rule.result + "\n";
    for (const auto& p : rule.parts) out += "  " + p.text + "=" + p.value + "\n";
  }
  return out;
}

/// With candles of `begin` ticks of both, then those from `first` on again.
void compare(std::size_t begin, std::size_t first) {
  const Market market(6'000, 5);
  Evaluator whole(several());
  for (std::size_t i = 0; i < begin; ++i) feed(whole, market.ticks[i]);
  Evaluator late(several());
  for (const std::int32_t length : {60, 120}) {
    late.begin_candles({length}, candles_of(market, begin, "R_100", length));
    late.begin_watched("R_50", 2, {length}, candles_of(market, begin, "R_50", length));
  }
  for (std::size_t i = first; i < begin; ++i) feed(late, market.ticks[i]);
  int wishes = 0;
  for (auto i = begin; i < market.ticks.size(); ++i) {
    const auto a = feed(whole, market.ticks[i]);
    const auto b = feed(late, market.ticks[i]);
    ASSERT_EQ(a.has_value(), b.has_value()) << i;
    ASSERT_TRUE(!a || a->rule == b->rule) << i;
    wishes += a ? 1 : 0;
  }
  EXPECT_GT(wishes, 30);
  EXPECT_EQ(said(whole), said(late));
}

TEST(Watch, WhoBeginsWithItsCandlesSaysWhatOneSaysWhoHeardEveryTick) {
  compare(6'000, 5'000);
  compare(6'001, 5'999);
  compare(7'018, 3'000);
}

TEST(Watch, WhatLooksAtItsOwnSymbolAloneDecidesTheSameBesideOthers) {
  const std::vector<std::string> own{
      "crosses_above(ema(5), ema(20))", "rsi(9, 1m) < 50 and close(0, 1m) > sma(5, 1m)",
      "run(rise) >= 3 and digit == 7", "crosses_below(sma(2, 2m), sma(3, 2m))",
      "minute == 3 and rank(digit, 50) == 2"};
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Market market(2'000, seed);
    for (const auto& when : own) {
      Evaluator alone(watching_rule(when));
      // A second rule that watches, behind the first, and values of it in another part.
      auto set = watching_rule(when);
      set.rules.push_back({watching("R_50.rsi(9, 2m) < 0 and R_50.price < 0"), {}});
      Evaluator beside(set);
      for (const auto& t : market.ticks) {
        const auto b = feed(beside, t);
        const auto a = t.symbol == "R_100" ? alone.on_tick(t) : std::nullopt;
        ASSERT_EQ(a.has_value(), b.has_value()) << when << " " << t.epoch.s;
      }
      EXPECT_EQ(alone.explain().at(0).result, beside.explain().at(0).result);
    }
  }
}

}  // namespace
}  // namespace derivd::rules::test
