#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "rules/parse.hpp"
#include "strategy/registry.hpp"

namespace derivd::strategy {
namespace {

using market::ContractType;

// The values of the parameter are their places.
constexpr std::array<std::string_view, 6> kOrderOfIndicators{"rsi", "stochastic", "bollinger",
                                                             "sma", "ema",        "macd"};

std::unique_ptr<Strategy> make(std::string_view type, Params params) {
  const auto* t = find_type(type);
  EXPECT_NE(t, nullptr) << type;
  for (const auto& p : t->params) {
    if (p.fallback) params.try_emplace(std::string(p.name), *p.fallback);
  }
  return t->make(params);
}

// Quotes of two decimals; ticks two seconds apart.
class Feeder {
 public:
  explicit Feeder(std::unique_ptr<Strategy> s) : strategy(std::move(s)) {}
  std::optional<Signal> operator()(std::string_view quote) {
    epoch_ += 2;
    return strategy->on_tick({"R_100", {epoch_}, *core::Price::parse(quote, 2)});
  }
  std::unique_ptr<Strategy> strategy;

 private:
  std::int64_t epoch_ = 1'700'000'000;
};

std::string run(Feeder& feed, std::initializer_list<const char*> quotes) {
  std::string out;
  for (const auto* q : quotes) {
    const auto s = feed(q);
    out += out.empty() ? "" : " ";
    out += s ? std::string(market::name_of(s->type)) : "-";
    if (s && s->prediction >= 0) out += std::to_string(s->prediction);
  }
  return out;
}

TEST(EvenOdd, BuysTheOtherParityAfterAStreak) {
  Feeder feed(make("even_odd", {{"streak", 3}}));
  EXPECT_EQ(run(feed, {"1.02", "1.04", "1.06"}), "- - DIGITODD");
  EXPECT_EQ(run(feed, {"1.01", "1.03", "1.05"}), "- - DIGITEVEN");
}

TEST(EvenOdd, ADigitOfTheOtherParityIsTheFirstOfItsOwnRun) {
  Feeder feed(make("even_odd", {{"streak", 3}}));
  EXPECT_EQ(run(feed, {"1.02", "1.04", "1.01", "1.03", "1.05"}), "- - - - DIGITEVEN");
}

TEST(EvenOdd, CountersRestartAfterASignal) {
  Feeder feed(make("even_odd", {{"streak", 2}}));
  EXPECT_EQ(run(feed, {"1.02", "1.04", "1.06", "1.08", "1.00"}), "- DIGITODD - DIGITODD -");
}

TEST(EvenOdd, TrailingZerosAreDigits) {
  Feeder feed(make("even_odd", {{"streak", 2}}));
  // 341.1 on a symbol of two decimals ends in 0, not in 1.
  EXPECT_EQ(run(feed, {"341.1", "341"}), "- DIGITODD");
}

TEST(EvenOdd, StreakOfOneSignalsEveryTick) {
  Feeder feed(make("even_odd", {}));
  EXPECT_EQ(run(feed, {"1.02", "1.03", "1.03"}), "DIGITODD DIGITEVEN DIGITEVEN");
}

TEST(RiseFall, FollowsStrictRunsAndEmptiesTheWindow) {
  Feeder feed(make("rise_fall", {{"streak", 2}}));
  EXPECT_EQ(run(feed, {"1.00", "1.01", "1.02"}), "- - CALL");
  // The current quote is gone too: two more rises need three more quotes.
  EXPECT_EQ(run(feed, {"1.03", "1.04", "1.05"}), "- - CALL");
  EXPECT_EQ(run(feed, {"1.04", "1.03", "1.02"}), "- - PUT");
}

TEST(RiseFall, ATieBreaksTheRun) {
  Feeder feed(make("rise_fall", {{"streak", 2}}));
  EXPECT_EQ(run(feed, {"1.00", "1.01", "1.01", "1.02", "1.03"}), "- - - - CALL");
}

TEST(RiseFall, ATurnStartsAWindowWithTheQuoteBefore) {
  Feeder feed(make("rise_fall", {{"streak", 2}}));
  // 1.02 1.01 1.00: the last three quotes strictly fall.
  EXPECT_EQ(run(feed, {"1.00", "1.02", "1.01", "1.00"}), "- - - PUT");
}

TEST(HigherLower, IsTheRiseFallSignal) {
  Feeder feed(make("higher_lower", {{"streak", 1}}));
  EXPECT_EQ(run(feed, {"1.00", "1.01", "1.05", "1.04"}), "- HIGHER - LOWER");
}

TEST(DigitDiffers, EveryTickAgainstTheDigitJustSeenOrAFixedOne) {
  Feeder last(make("digit_differs", {}));
  EXPECT_EQ(run(last, {"1.02", "1.1", "3"}), "DIGITDIFF2 DIGITDIFF0 DIGITDIFF0");
  Feeder fixed(make("digit_differs", {{"prediction", 7}}));
  EXPECT_EQ(run(fixed, {"1.02", "1.07"}), "DIGITDIFF7 DIGITDIFF7");
}

TEST(Strategies, SavedCountersContinueTheRun) {
  for (const auto* type : {"even_odd", "rise_fall", "higher_lower", "digit_differs"}) {
    Params params;
    if (std::string_view(type) != "digit_differs") params["streak"] = 4;
    Feeder a(make(type, params));
    Feeder b(make(type, params));
    run(a, {"1.02", "1.04", "1.06"});
    ASSERT_TRUE(b.strategy->load(a.strategy->save())) << type;
    EXPECT_EQ(a.strategy->save(), b.strategy->save());
    for (const auto* q : {"1.08", "1.10", "1.12", "1.11", "1.13", "1.15", "1.17"}) {
      const auto x = a(q);
      const auto y = b(q);
      ASSERT_EQ(x.has_value(), y.has_value()) << type << " " << q;
      EXPECT_EQ(x ? x->type : ContractType::kCall, y ? y->type : ContractType::kCall);
    }
  }
}

TEST(Strategies, RefuseWhatTheyDidNotSave) {
  auto s = make("even_odd", {{"streak", 3}});
  for (const auto* text :
       {"", "even_odd", "even_odd 1", "even_odd 1 0 0", "rise_fall 1 0", "even_odd 1 x",
        "even_odd 1  0", "even_odd 3 0", "even_odd 1 1", "even_odd -1 0", "even_odd 1 0 "}) {
    EXPECT_FALSE(s->load(text)) << text;
  }
  EXPECT_EQ(s->save(), "even_odd 0 0");
  EXPECT_TRUE(s->load("even_odd 2 0"));
  auto r = make("rise_fall", {{"streak", 2}});
  for (const auto* text : {"rise_fall 1 100 2 1 1", "rise_fall 0 0 0 1 0", "rise_fall 2 1 2 0 0",
                           "rise_fall 1 100 19 0 0", "rise_fall 1 100 2 2 0"}) {
    EXPECT_FALSE(r->load(text)) << text;
  }
}

TEST(Strategies, ResetForgetsEverything) {
  Feeder feed(make("rise_fall", {{"streak", 2}}));
  run(feed, {"1.00", "1.01"});
  feed.strategy->reset();
  EXPECT_EQ(run(feed, {"1.02", "1.03", "1.04"}), "- - CALL");
}

TEST(Registry, NamesTypesParametersAndContracts) {
  EXPECT_EQ(find_type("no_such"), nullptr);
  const auto* even_odd = find_type("even_odd");
  ASSERT_EQ(even_odd->params.size(), 1u);
  EXPECT_EQ(even_odd->params[0].name, "streak");
  EXPECT_EQ(even_odd->params[0].min, 1);
  EXPECT_EQ(even_odd->params[0].max, 100);
  EXPECT_EQ(even_odd->params[0].fallback, 1);
  EXPECT_TRUE(even_odd->digits);
  EXPECT_FALSE(find_type("rise_fall")->digits);
  const auto* differs = find_type("digit_differs");
  EXPECT_EQ(differs->params[0].max, 9);
  EXPECT_FALSE(differs->params[0].fallback);
  for (const auto& t : strategy_types()) {
    EXPECT_FALSE(t.help.empty());
    EXPECT_EQ(t.contracts.empty(), t.programmed);
  }
}

rules::RuleSet one_rule(std::string_view when) {
  rules::RuleSet set;
  set.rules.push_back({std::get<rules::Expr>(rules::parse_condition(when, {})), {}});
  return set;
}

TEST(Rules, AreMadeFromTheirListAndMadeReadyByAPast) {
  const auto* type = find_type("rules");
  ASSERT_NE(type, nullptr);
  EXPECT_TRUE(type->is_ruled());
  EXPECT_FALSE(find_type("even_odd")->is_ruled());
  Feeder feed(make_strategy(*type, {}, {one_rule("sma(2) > 1"), {}, {}}));
  EXPECT_TRUE(feed.strategy->wants_past());
  EXPECT_FALSE(feed.strategy->wants_own());
  EXPECT_EQ(run(feed, {"1.02", "1.04", "1.06"}), "- CALL CALL") << "a signal restarts nothing";
  EXPECT_EQ(feed.strategy->save(), "rules");
  EXPECT_TRUE(feed.strategy->load("rules"));
  EXPECT_FALSE(feed.strategy->load("even_odd 1 2"));
  EXPECT_EQ(feed.strategy->explain().size(), 1u);
  feed.strategy->reset();
  EXPECT_EQ(run(feed, {"1.02", "1.04"}), "- CALL");
  EXPECT_TRUE(make_strategy(*type, {}, {one_rule("open == 0"), {}, {}})->wants_own());
  EXPECT_FALSE(make("even_odd", {})->wants_past());
  EXPECT_TRUE(make("even_odd", {})->explain().empty());
}

// ---- short forms ----

std::unique_ptr<Strategy> make_short(std::string_view type, Params params,
                                     rules::Where candles = {}) {
  const auto* t = find_type(type);
  EXPECT_NE(t, nullptr) << type;
  for (const auto& p : t->params) {
    if (p.fallback) params.try_emplace(std::string(p.name), *p.fallback);
  }
  EXPECT_FALSE(t->check != nullptr && t->check(params)) << type;
  return make_strategy(*t, params, {{candles, {}, {}}, {}, {}});
}

/// As the rules write them.
std::string written(std::string_view type, Params params, rules::Where candles = {}) {
  const auto* t = find_type(type);
  for (const auto& p : t->params) {
    if (p.fallback) params.try_emplace(std::string(p.name), *p.fallback);
  }
  return rules::to_string(t->expand(params, candles));
}

TEST(DigitOverUnder, BuysWhatTheLastDigitsWouldHaveLost) {
  Feeder both(make_short("digit_over_under", {}));
  EXPECT_EQ(run(both, {"1.03", "1.05", "1.04"}), "DIGITOVER4 DIGITUNDER5 DIGITOVER4");
  Feeder over(make_short("digit_over_under", {{"over", 2}, {"streak", 2}}));
  EXPECT_EQ(run(over, {"1.02", "1.01", "1.00", "1.03", "1.02", "1.02"}),
            "- DIGITOVER2 DIGITOVER2 - - DIGITOVER2")
      << "a signal restarts nothing";
  Feeder always(make_short("digit_over_under", {{"under", 9}, {"streak", 0}}));
  EXPECT_EQ(run(always, {"1.00", "1.09"}), "DIGITUNDER9 DIGITUNDER9");
}

TEST(DigitOverUnder, LooksAtTheShareOfTheWindow) {
  // Of four digits less than half may be above 4.
  Feeder feed(
      make_short("digit_over_under", {{"over", 4}, {"streak", 1}, {"share", 50}, {"window", 4}}));
  EXPECT_EQ(run(feed, {"1.01", "1.06", "1.02", "1.03"}), "- - - DIGITOVER4");
  EXPECT_EQ(run(feed, {"1.07", "1.04"}), "- DIGITOVER4") << "1 of 4 above: 0.02, 0.03, 0.07, 0.04";
  EXPECT_EQ(run(feed, {"1.08", "1.04"}), "- -") << "2 of 4 above";
}

TEST(DigitMatches, BuysTheDigitThatIsSaid) {
  Feeder last(make_short("digit_matches", {}));
  EXPECT_EQ(run(last, {"1.07", "1.1"}), "DIGITMATCH7 DIGITMATCH0");
  Feeder absent(make_short("digit_matches", {{"prediction", 3}, {"absent", 2}}));
  EXPECT_EQ(run(absent, {"1.04", "1.05", "1.03", "1.03", "1.01", "1.02"}),
            "- DIGITMATCH3 - - - DIGITMATCH3");
  Feeder hot(make_short("digit_matches", {{"pick", 1}, {"window", 3}}));
  EXPECT_EQ(run(hot, {"1.04", "1.05", "1.05", "1.04"}), "- - DIGITMATCH5 DIGITMATCH5");
  Feeder cold(make_short("digit_matches", {{"pick", 2}, {"window", 2}}));
  EXPECT_EQ(run(cold, {"1.00", "1.01", "1.02"}), "- DIGITMATCH2 DIGITMATCH0");
}

TEST(Indicators, AreTheRulesThatTheyAreShortFor) {
  const auto buys = [](std::string_view up, std::string_view down) {
    return fmt::format("when: {} buy: {{ type: CALL }}; when: {} buy: {{ type: PUT }}", up, down);
  };
  EXPECT_EQ(written("indicator", {}), buys("rsi(14, ticks) < 30", "rsi(14, ticks) > 70"));
  EXPECT_EQ(written("indicator", {{"period", 9}, {"below", 25'50}, {"above", 80'00}}, {60}),
            buys("rsi(9, 1m) < 25.5", "rsi(9, 1m) > 80"));
  EXPECT_EQ(written("indicator", {{"indicator", 1}}),
            buys("stoch_k(14, 3, ticks) < 20", "stoch_k(14, 3, ticks) > 80"));
  EXPECT_EQ(written("indicator", {{"indicator", 2}, {"deviations", 2'50}}),
            buys("close(0, ticks) < bb_lower(20, 2.5, ticks)",
                 "close(0, ticks) > bb_upper(20, 2.5, ticks)"));
  EXPECT_EQ(written("indicator", {{"indicator", 3}, {"fast", 5}}),
            buys("crosses_above(sma(5, ticks), sma(26, ticks))",
                 "crosses_below(sma(5, ticks), sma(26, ticks))"));
  EXPECT_EQ(written("indicator", {{"indicator", 4}}),
            buys("crosses_above(ema(12, ticks), ema(26, ticks))",
                 "crosses_below(ema(12, ticks), ema(26, ticks))"));
  EXPECT_EQ(written("indicator", {{"indicator", 5}, {"signal", 4}}, {300}),
            buys("crosses_above(macd(12, 26, 4, 5m), macd_signal(12, 26, 4, 5m))",
                 "crosses_below(macd(12, 26, 4, 5m), macd_signal(12, 26, 4, 5m))"));
  EXPECT_EQ(std::size(kOrderOfIndicators), find_type("indicator")->params[0].words.size());
  for (std::size_t i = 0; i < std::size(kOrderOfIndicators); ++i) {
    EXPECT_EQ(find_type("indicator")->params[0].words[i], kOrderOfIndicators[i]);
  }
}

TEST(Indicators, BuyWhatTheyRead) {
  Feeder feed(make_short("indicator", {{"indicator", 3}, {"fast", 1}, {"slow", 2}}));
  // The quote against the mean of it and the one before.
  EXPECT_EQ(run(feed, {"1.00", "1.01", "1.02", "1.01", "1.02"}), "- - - PUT CALL");
  EXPECT_TRUE(feed.strategy->wants_past());
  EXPECT_EQ(feed.strategy->explain().size(), 2u);
}

TEST(Accumulators, BuyWhenTheyMayOrWhenItIsCalm) {
  Feeder always(make_short("accumulator", {}));
  EXPECT_EQ(run(always, {"1.00", "1.01"}), "ACCU ACCU");
  EXPECT_EQ(written("accumulator", {{"calm", 20}}),
            "when: stdev(20, ticks) < stdev(200, ticks) buy: { type: ACCU }");
}

TEST(RandomEntries, DependOnSeedAndEpochAlone) {
  const auto entered = [](std::int64_t seed, std::int64_t ppm, std::int64_t kind, int from) {
    auto s = make("random", {{"probability", ppm}, {"seed", seed}, {"contract", kind}});
    std::vector<std::pair<int, market::ContractType>> out;
    for (int i = from; i < 4000; ++i) {
      market::Tick tick;
      tick.epoch = {1'782'000'000 + i};
      tick.quote = core::Price::raw(68'223, 2);
      const auto signal = s->on_tick(tick);
      if (!signal) continue;
      EXPECT_EQ(signal->prediction >= 0, signal->type == market::ContractType::kDigitDiff);
      EXPECT_LE(signal->prediction, 9);
      out.emplace_back(i, signal->type);
    }
    return out;
  };
  const auto all = entered(1, 250'000, 0, 0);
  // 4000 tosses at one in four: 1000 ± 27.
  EXPECT_NEAR(static_cast<double>(all.size()), 1000, 4 * 27.4);
  std::int64_t evens = 0;
  for (const auto& [i, type] : all) {
    ASSERT_TRUE(type == market::ContractType::kDigitEven ||
                type == market::ContractType::kDigitOdd);
    evens += type == market::ContractType::kDigitEven ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(evens), static_cast<double>(all.size()) / 2, 4 * 16);
  // A run that begins later agrees from there on.
  const auto late = entered(1, 250'000, 0, 2000);
  EXPECT_TRUE(std::equal(late.rbegin(), late.rend(), all.rbegin()));
  EXPECT_NE(entered(2, 250'000, 0, 0), all);
  EXPECT_EQ(entered(1, 1'000'000, 2, 0).size(), 4000u);
  EXPECT_EQ(entered(1, 1'000'000, 1, 0).size(), 4000u);
}

TEST(Registry, SaysParametersAsTheUserWritesThem) {
  const auto* random = find_type("random");
  ASSERT_NE(random, nullptr);
  ASSERT_EQ(random->params.size(), 3u);
  EXPECT_EQ(text_of(random->params[0], 100'000), "0.1");
  EXPECT_EQ(allowed_of(random->params[0]), "0.000001 to 1");
  EXPECT_EQ(text_of(random->params[2], 1), "rise_fall");
  EXPECT_EQ(allowed_of(random->params[2]), "even_odd, rise_fall, digit_differs, higher_lower");
  EXPECT_EQ(contracts_of(*random, {{"contract", 2}}).size(), 1u);
  EXPECT_EQ(contracts_of(*find_type("even_odd"), {}).size(), 2u);
  // Each word buys what the type of that name buys.
  for (std::int64_t kind = 0; kind < 4; ++kind) {
    const auto* type = find_type(text_of(random->params[2], kind));
    ASSERT_NE(type, nullptr);
    const auto mine = contracts_of(*random, {{"contract", kind}});
    EXPECT_TRUE(
        std::equal(mine.begin(), mine.end(), type->contracts.begin(), type->contracts.end()));
  }
}

}  // namespace
}  // namespace derivd::strategy
