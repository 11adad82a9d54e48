// Past candles of the venue: when they are asked for, that nothing is entered before they come,
// that what begins with them decides as one who heard every tick, and what happens without them.
#include <gtest/gtest.h>

#include <span>

#include "core/rng.hpp"
#include "dbot/import.hpp"
#include "rules/candle.hpp"
#include "rules/parse.hpp"
#include "unit/dbot/rig.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

using core::EventKind;

constexpr std::int64_t kStart = 1'782'086'400;  // a Monday, 00:00 UTC
const Audience kLive{true, true, true, true};

rules::Expr condition(std::string_view text) {
  auto parsed = rules::parse_condition(text, {});
  if (const auto* p = std::get_if<rules::Problem>(&parsed)) ADD_FAILURE() << text << p->text;
  return std::get<rules::Expr>(parsed);
}

StrategySettings ruled(std::string_view name, std::string_view when) {
  auto s = every_tick(name);
  s.type = "rules";
  s.params.clear();
  s.rules.rules.push_back({condition(when), {}});
  return s;
}

std::vector<market::Tick> walk(std::size_t n) {
  std::vector<market::Tick> out;
  core::Rng rng(6);
  std::int64_t quote = 100'000;
  for (std::size_t i = 0; i < n; ++i) {
    quote += static_cast<std::int64_t>(rng.below(41)) - 20;
    out.push_back(
        {"R_100", {kStart + 2 * static_cast<std::int64_t>(i)}, core::Price::raw(quote, 2)});
  }
  return out;
}

/// The venue's, from `from` on.
std::vector<market::CandleRow> candles_of(std::span<const market::Tick> ticks, std::int32_t length,
                                          core::VenueTime from = {}) {
  std::vector<market::CandleRow> out;
  for (const auto& tick : ticks) {
    const core::VenueTime begins{tick.epoch.s / length * length};
    if (begins < from) continue;
    const auto q = tick.quote.mantissa();
    if (out.empty() || out.back().begins != begins) {
      out.push_back({begins, q, q, q, q});
      continue;
    }
    auto& c = out.back();
    c = {begins, c.open, std::max(c.high, q), std::min(c.low, q), q};
  }
  return out;
}

class Candles : public ::testing::Test {
 protected:
  void begin(std::vector<StrategySettings> strategies) {
    Settings settings;
    settings.strategies = std::move(strategies);
    rig.emplace(settings, kLive);
    rig->restore({});
    rig->now.venue = ticks[kNow].epoch;
    rig->live();
  }
  void tick(std::size_t i, bool history = false) {
    rig->tick("R_100", ticks[i].epoch.s, ticks[i].quote.to_string(), history);
  }
  /// The venue's history: the ticks [from, to).
  void history(std::size_t from, std::size_t to) {
    for (auto i = from; i < to; ++i) tick(i, true);
  }
  /// To the oldest question, as the venue sees it when ticks[i] is its last.
  void answer(std::size_t i) {
    ASSERT_FALSE(rig->candle_asks.empty());
    const auto ask = rig->candle_asks.front();
    rig->candles(candles_of({ticks.data(), i + 1}, ask.seconds, ask.from));
  }
  std::string value(std::string_view strategy, std::string_view part) const {
    for (const auto& rule : rig->engine->rules(strategy)) {
      for (const auto& p : rule.parts) {
        if (p.text == part) return p.value;
      }
    }
    return "no such part";
  }
  /// What the rules say who have heard every tick up to ticks[i].
  std::string truth(std::string_view when, std::string_view part, std::size_t i) const {
    rules::RuleSet set;
    set.rules.push_back({condition(when), {}});
    rules::Evaluator evaluator(set);
    for (std::size_t n = 0; n <= i; ++n) evaluator.on_tick(ticks[n]);
    const auto said = evaluator.explain();
    for (const auto& p : said.at(0).parts) {
      if (p.text == part) return p.value;
    }
    return "no such part";
  }

  static constexpr std::size_t kNow = 40'000;    // 22 hours
  static constexpr std::size_t kFirst = 39'000;  // of the ticks that the history tells
  std::vector<market::Tick> ticks = walk(60'000);
  std::optional<Rig> rig;
};

TEST_F(Candles, AreAskedForAtTheFirstTickAndNothingIsEnteredBeforeTheyCome) {
  begin({ruled("a", "price > 0 and sma(3, 15m) > 0 and sma(2, 1h) > 0")});
  EXPECT_TRUE(rig->candle_asks.empty());
  history(kFirst, kNow);
  ASSERT_EQ(rig->candle_asks.size(), 2U);
  EXPECT_EQ(rig->candle_asks[0].seconds, 900);
  EXPECT_EQ(rig->candle_asks[1].seconds, 3600);
  const auto first = ticks[kFirst].epoch.s;
  EXPECT_EQ(rig->candle_asks[0].from.s, (first - 5 * 900) / 900 * 900);
  for (auto i = kNow; i < kNow + 3; ++i) tick(i);
  EXPECT_TRUE(rig->engine->awaits_candles("a"));
  answer(kNow + 2);
  tick(kNow + 3);
  EXPECT_TRUE(rig->buys.empty()) << "one length is not there yet";
  answer(kNow + 3);
  EXPECT_TRUE(rig->buys.empty()) << "the past never enters";
  EXPECT_FALSE(rig->engine->awaits_candles("a"));
  tick(kNow + 4);
  EXPECT_EQ(rig->take_buys().size(), 1U);
  const auto view = rig->engine->candles("a");
  ASSERT_EQ(view.size(), 2U);
  EXPECT_EQ(view[0].source, "venue");
  EXPECT_GE(view[0].count, 6);
}

TEST_F(Candles, TheFirstDecisionIsThatOfOneWhoHeardEveryTick) {
  const auto* when = "rsi(14, 15m) < 50 and price > 0";
  begin({ruled("a", when)});
  history(kFirst, kNow);
  answer(kNow - 1);
  tick(kNow);
  EXPECT_EQ(value("a", "rsi(14, 15m)"), truth(when, "rsi(14, 15m)", kNow));
  // And so are all that follow, over the end of the candle that the venue began.
  for (auto i = kNow + 1; i < kNow + 2000; ++i) tick(i);
  EXPECT_EQ(value("a", "rsi(14, 15m)"), truth(when, "rsi(14, 15m)", kNow + 1999));
}

TEST_F(Candles, OfALengthThatTheVenueDoesNotKeepAreMadeOfShorterOnes) {
  const auto* when = "sma(9, 7m) > 0 and atr(4, 45m) > 0 and price > 0";
  begin({ruled("a", when)});
  history(kFirst, kNow);
  ASSERT_EQ(rig->candle_asks.size(), 2U);
  EXPECT_EQ(rig->candle_asks[0].seconds, 60);
  EXPECT_EQ(rig->candle_asks[0].from.s % 420, 0);
  EXPECT_EQ(rig->candle_asks[1].seconds, 900);
  answer(kNow - 1);
  answer(kNow - 1);
  tick(kNow);
  EXPECT_EQ(value("a", "sma(9, 7m)"), truth(when, "sma(9, 7m)", kNow));
  EXPECT_NEAR(std::stod(value("a", "atr(4, 45m)")), std::stod(truth(when, "atr(4, 45m)", kNow)),
              1e-6);
  for (auto i = kNow + 1; i < kNow + 500; ++i) tick(i);
  EXPECT_EQ(value("a", "sma(9, 7m)"), truth(when, "sma(9, 7m)", kNow + 499));
  EXPECT_EQ(rig->engine->candles("a").at(0).of.seconds, 60);
}

TEST_F(Candles, OfNoLengthOfTheVenuesAreMadeOfTicks) {
  begin({ruled("a", "sma(9, 90s) > 0 and price > 0")});
  history(kFirst, kNow);
  EXPECT_TRUE(rig->candle_asks.empty());
  tick(kNow);
  EXPECT_EQ(rig->take_buys().size(), 1U);
  const auto view = rig->engine->candles("a");
  ASSERT_EQ(view.size(), 1U);
  EXPECT_EQ(view[0].source, "ticks");
  EXPECT_FALSE(view[0].refusal.empty());
}

TEST_F(Candles, ARefusalIsToldAndTheStrategyGoesOnFromTicks) {
  begin({ruled("a", "sma(2, 1m) > 0 and price > 0")});
  history(kFirst, kNow);
  rig->candles({}, "InvalidGranularity: no");
  EXPECT_EQ(rig->count(EventKind::kTickGap), 1);
  EXPECT_NE(rig->events.back().text.view().find("InvalidGranularity"), std::string::npos);
  tick(kNow);
  EXPECT_EQ(rig->take_buys().size(), 1U) << "two minutes of ticks are known";
  const auto view = rig->engine->candles("a");
  EXPECT_EQ(view.at(0).source, "ticks");
  EXPECT_EQ(view.at(0).refusal, "InvalidGranularity: no");
}

TEST_F(Candles, WithoutAnAnswerItGoesOnAfterAWhileAndALateOneStillMakesItRight) {
  const auto* when = "rsi(14, 15m) < 101 and price > 0";
  begin({ruled("a", "sma(2, 1m) > 0 and price > 0"), ruled("b", when)});
  history(kFirst, kNow);
  ASSERT_EQ(rig->candle_asks.size(), 2U);
  const auto due = rig->engine->next_deadline();
  ASSERT_TRUE(due);
  EXPECT_EQ(*due, rig->now.instant + kCandlesWait);
  rig->run_for(kCandlesWait);
  EXPECT_EQ(rig->count(EventKind::kTickGap), 2);
  tick(kNow);
  EXPECT_EQ(rig->take_buys().size(), 1U) << "a alone: b needs 15 candles";
  EXPECT_EQ(rig->engine->candles("b").at(0).source, "asked");
  rig->candle_asks.erase(rig->candle_asks.begin());
  answer(kNow);
  tick(kNow + 1);
  EXPECT_EQ(value("b", "rsi(14, 15m)"), truth(when, "rsi(14, 15m)", kNow + 1));
}

TEST_F(Candles, ALateAnswerKeepsWhatTheOthersBeganWith) {
  const auto* when = "sma(60, 1m) > 0 and sma(4, 1h) > 0 and price > 0";
  begin({ruled("a", when)});
  history(kFirst, kNow);
  ASSERT_EQ(rig->candle_asks.size(), 2U);
  ASSERT_EQ(rig->candle_asks[0].seconds, 60);
  answer(kNow - 1);
  rig->run_for(kCandlesWait);
  tick(kNow);
  EXPECT_EQ(value("a", "sma(60, 1m)"), truth(when, "sma(60, 1m)", kNow));
  answer(kNow);
  tick(kNow + 1);
  EXPECT_EQ(value("a", "sma(4, 1h)"), truth(when, "sma(4, 1h)", kNow + 1));
  EXPECT_EQ(value("a", "sma(60, 1m)"), truth(when, "sma(60, 1m)", kNow + 1));
}

TEST_F(Candles, ThatDoNotReachTheTicksAreNotUsed) {
  begin({ruled("a", "sma(2, 15m) > 0 and price > 0")});
  history(kNow - 100, kNow);
  const auto ask = rig->candle_asks.front();
  rig->candles(candles_of({ticks.data(), kNow - 1000}, 900, ask.from));
  tick(kNow);
  EXPECT_TRUE(rig->buys.empty()) << "there is a hole between them and the ticks";
  EXPECT_EQ(rig->engine->candles("a").at(0).source, "ticks");
  EXPECT_FALSE(rig->engine->candles("a").at(0).refusal.empty());
}

TEST_F(Candles, AreAskedForOnceForAllThatNeedThem) {
  begin({ruled("a", "sma(200, 1m) > 0 and price > 0"), ruled("b", "sma(20, 1m) > 0 and price > 0"),
         ruled("c", "price > 0")});
  history(kFirst, kNow);
  ASSERT_EQ(rig->candle_asks.size(), 1U);
  tick(kNow);
  EXPECT_EQ(rig->take_buys().size(), 1U) << "who looks at none waits for none";
  answer(kNow);
  rig->buys.clear();
  tick(kNow + 1);
  EXPECT_NE(value("a", "sma(200, 1m)"), "not ready");
  EXPECT_NE(value("b", "sma(20, 1m)"), "not ready");
}

TEST_F(Candles, AreAskedForAgainWhenTicksWereLost) {
  const auto* when = "rsi(14, 15m) < 101 and price > 0 and run(rise) >= 0";
  begin({ruled("a", when)});
  history(kFirst, kNow);
  answer(kNow - 1);
  tick(kNow);
  rig->buys.clear();
  rig->offline();
  rig->live();
  // Three hours later: the history no longer reaches back to what was seen.
  const auto again = kNow + 5400;
  history(again - 100, again);
  ASSERT_EQ(rig->candle_asks.size(), 1U);
  tick(again);
  EXPECT_TRUE(rig->buys.empty());
  answer(again);
  tick(again + 1);
  EXPECT_EQ(value("a", "rsi(14, 15m)"), truth(when, "rsi(14, 15m)", again + 1));
}

TEST_F(Candles, AreNotAskedForWhenHistoryClosesTheGap) {
  begin({ruled("a", "sma(3, 1m) > 0")});
  history(kFirst, kNow);
  answer(kNow - 1);
  tick(kNow);
  rig->offline();
  rig->live();
  history(kNow - 10, kNow + 600);
  tick(kNow + 600);
  EXPECT_TRUE(rig->candle_asks.empty());
  EXPECT_EQ(value("a", "sma(3, 1m)"), truth("sma(3, 1m) > 0", "sma(3, 1m)", kNow + 600));
}

TEST_F(Candles, AStrategyThatAReloadBringsBeginsWithThem) {
  const auto* when = "ema(50, 15m) > 0 and price > 0";
  begin({ruled("a", "price > 0")});
  history(kFirst, kNow);
  for (auto i = kNow; i < kNow + 10; ++i) tick(i);
  rig->buys.clear();
  auto settings = rig->settings;
  settings.strategies.push_back(ruled("late", when));
  rig->reconfigure(settings);
  tick(kNow + 10);
  ASSERT_EQ(rig->candle_asks.size(), 1U);
  answer(kNow + 10);
  tick(kNow + 11);
  EXPECT_EQ(value("late", "ema(50, 15m)"), truth(when, "ema(50, 15m)", kNow + 11));
}

TEST_F(Candles, ARestartAsksAgainAndIsAsRight) {
  const auto* when = "ema(5, 15m) > 0 and price > 0";
  begin({ruled("a", when)});
  history(kFirst, kNow);
  answer(kNow - 1);
  tick(kNow);
  rig->buys.clear();
  rig->restart();
  rig->live();
  history(kNow - 200, kNow + 1);
  ASSERT_EQ(rig->candle_asks.size(), 1U);
  answer(kNow + 1);
  tick(kNow + 2);
  EXPECT_EQ(value("a", "ema(5, 15m)"), truth(when, "ema(5, 15m)", kNow + 2));
}

TEST_F(Candles, AreNeverAskedForInABackTest) {
  Settings settings;
  settings.strategies = {ruled("a", "sma(2, 15m) > 0")};
  rig.emplace(settings);
  rig->restore({});
  rig->now.venue = ticks[kNow].epoch;
  rig->live();
  for (auto i = kFirst; i < kNow + 5; ++i) tick(i, i < kNow);
  EXPECT_TRUE(rig->candle_asks.empty());
  EXPECT_TRUE(rig->engine->candles("a").empty());
}

TEST_F(Candles, AScriptIsHandedThoseThatItsTextNames) {
  auto s = every_tick("dip");
  s.type = "script";
  s.params.clear();
  s.script.file = "dip.js";
  s.script.text = "function onTick() { rsi(14, '15m'); }";
  s.rules.candles = {60};
  begin({s});
  rig->engine->on_script("dip", rig->started.back().run, {}, rig->now, rig->actions);
  rig->deadline();
  history(kFirst, kNow);
  ASSERT_EQ(rig->candle_asks.size(), 2U);
  EXPECT_TRUE(rig->fed.empty()) << "its past begins with candles";
  tick(kNow);
  EXPECT_TRUE(rig->fed.empty()) << "no onTick before its past is there";
  answer(kNow);
  answer(kNow);
  std::vector<std::size_t> kinds;
  for (const auto& f : rig->fed) {
    if (kinds.empty() || kinds.back() != f.message.index()) kinds.push_back(f.message.index());
  }
  // Reset, PastCandles, PastTick.
  EXPECT_EQ(kinds, (std::vector<std::size_t>{2, 4, 1}));
  std::map<std::int32_t, std::vector<rules::Candle::Closed>> told;
  for (const auto& f : rig->fed) {
    if (const auto* c = std::get_if<script::PastCandles>(&f.message)) {
      auto& list = told[c->seconds];
      list.insert(list.end(), c->candles.begin(), c->candles.end());
    }
  }
  EXPECT_EQ(told[60].size(), candles_of({ticks.data(), kNow + 1}, 60).size());
  EXPECT_EQ(told[900].size(), candles_of({ticks.data(), kNow + 1}, 900).size());
  EXPECT_EQ(std::get<script::PastTick>(rig->fed.back().message).epoch, ticks[kNow].epoch.s);
  tick(kNow + 1);
  EXPECT_TRUE(std::holds_alternative<script::Event>(rig->fed.back().message));
}

/// Keeps what it sees of candles of 15 minutes: of the last closed one, the growing one and the
/// oldest.
StrategySettings program() {
  using namespace dbot::test;
  Parts p;
  p.before = chain({set("last_close", block("read_ohlc", field("OHLCFIELD_LIST", "close") +
                                                             field("CANDLEINTERVAL_LIST", "900") +
                                                             value("CANDLEINDEX", num("2")))),
                    set("first_open", block("read_ohlc", field("OHLCFIELD_LIST", "open") +
                                                             field("CANDLEINTERVAL_LIST", "900") +
                                                             value("CANDLEINDEX", num("1")))),
                    set("oldest", block("read_ohlc", field("OHLCFIELD_LIST", "epoch") +
                                                         field("CANDLEINTERVAL_LIST", "900") +
                                                         value("CANDLEINDEX", num("900")))),
                    when(no(), buy("DIGITOVER"))});
  const auto import = dbot::import_program(dbot::test::program(p));
  EXPECT_NE(import.program, nullptr) << problems_of(import);
  StrategySettings s;
  s.name = "bot";
  s.type = "dbot";
  s.symbol = "R_100";
  s.program.file = "bot.xml";
  s.program.program = import.program;
  return s;
}

std::string variable(const Rig& rig, std::string_view name) {
  const auto view = rig.engine->program("bot");
  for (const auto& [key, value] : view->variables) {
    if (key == name) return value;
  }
  ADD_FAILURE() << "no variable " << name;
  return "0";
}

TEST_F(Candles, AProgramSeesTheVenuesFromItsFirstTickOn) {
  begin({program()});
  history(kFirst, kNow);
  ASSERT_EQ(rig->candle_asks.size(), 1U);
  EXPECT_EQ(rig->candle_asks[0].seconds, 900);
  tick(kNow);
  EXPECT_EQ(rig->engine->program("bot")->phase, "not started");
  const auto ask = rig->candle_asks.front();
  const auto rows = candles_of({ticks.data(), kNow + 1}, 900, ask.from);
  answer(kNow);
  EXPECT_EQ(rig->engine->program("bot")->phase, "not started") << "it begins with a live tick";
  tick(kNow + 1);
  const auto price = [](std::int64_t m) { return core::Price::raw(m, 2).to_double(); };
  EXPECT_EQ(std::stod(variable(*rig, "last_close")), price(rows[rows.size() - 2].close));
  EXPECT_EQ(std::stod(variable(*rig, "first_open")), price(rows.back().open));
  EXPECT_EQ(std::stod(variable(*rig, "oldest")), static_cast<double>(rows.front().begins.s));
}

TEST_F(Candles, AProgramGoesOnWhileAGapIsFilled) {
  begin({program()});
  history(kFirst, kNow);
  answer(kNow);
  tick(kNow + 1);
  rig->offline();
  rig->live();
  const auto again = kNow + 5400;
  history(again - 20, again);
  ASSERT_EQ(rig->candle_asks.size(), 1U);
  tick(again);
  EXPECT_NE(rig->engine->program("bot")->phase, "not started");
  const auto rows = candles_of({ticks.data(), again + 1}, 900, rig->candle_asks.front().from);
  answer(again);
  tick(again + 1);
  const auto price = [](std::int64_t m) { return core::Price::raw(m, 2).to_double(); };
  EXPECT_EQ(std::stod(variable(*rig, "last_close")), price(rows[rows.size() - 2].close));
  EXPECT_EQ(std::stod(variable(*rig, "first_open")), price(rows.back().open));
}

TEST(CandleJoin, LeavesOutWhatBeginsWithinOne) {
  const std::vector<market::CandleRow> minutes{
      {{60}, 1, 9, 1, 2}, {{120}, 5, 7, 4, 6}, {{180}, 6, 8, 6, 7}, {{300}, 3, 3, 2, 2}};
  EXPECT_EQ(join(minutes, 120),
            (std::vector<market::CandleRow>{{{120}, 5, 8, 4, 7}, {{240}, 3, 3, 2, 2}}));
}

}  // namespace
}  // namespace derivd::engine::test
