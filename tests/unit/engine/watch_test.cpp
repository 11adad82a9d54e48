// Symbols that a strategy watches beside its own: in which order it hears of them, what it begins
// with, what ticks that are missing do, reload, and programs.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/rng.hpp"
#include "engine/spec.hpp"
#include "engine/watch.hpp"
#include "rules/parse.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

constexpr std::int64_t kStart = 1'782'086'400;  // a Monday, 00:00 UTC
const std::vector<market::SymbolCode> kWatch{"1HZ100V", "R_50"};

rules::Expr condition(std::string_view text) {
  auto parsed = rules::parse_condition(text, {}, kWatch);
  if (const auto* p = std::get_if<rules::Problem>(&parsed)) ADD_FAILURE() << text << p->text;
  return std::get<rules::Expr>(parsed);
}

StrategySettings ruled(std::string_view when, bool watches = true) {
  auto s = every_tick("a");
  s.type = "rules";
  s.params.clear();
  if (watches) s.watch = kWatch;
  s.guards.max_open = 100;
  s.rules.rules.push_back({condition(when), {}});
  return s;
}

Settings of(StrategySettings strategy) {
  Settings out;
  out.strategies = {std::move(strategy)};
  return out;
}

/// Its feeds keep no past; the journal is the bench's own.
const Audience kBacktest{true, false, true, false};
const Audience kAsks{true, true, true, true};

Rig live_rig(const Settings& settings, Audience audience = {}) {
  Rig rig(settings, audience);
  rig.restore({});
  rig.now.venue = {kStart};
  rig.live();
  return rig;
}

/// Of the rule's last evaluation.
std::string value(const Rig& rig, std::string_view part) {
  for (const auto& rule : rig.engine->rules("a")) {
    for (const auto& p : rule.parts) {
      if (p.text == part) return p.value;
    }
  }
  return "no such part";
}

TEST(Watch, ItsTicksAreAskedForAsLongAsItIsThere) {
  auto rig = live_rig(of(ruled("R_50.price > 0")));
  using Symbols = std::vector<market::SymbolCode>;
  EXPECT_EQ(rig.engine->symbols(), (Symbols{"R_100", "1HZ100V", "R_50"}));
  const auto revision = rig.engine->symbols_revision();
  rig.reconfigure(of(ruled("price > 0", false)));
  EXPECT_EQ(rig.engine->symbols(), Symbols{"R_100"});
  EXPECT_GT(rig.engine->symbols_revision(), revision);
  auto off = ruled("R_50.price > 0");
  off.enabled = false;
  rig.reconfigure(of(off));
  EXPECT_TRUE(rig.engine->symbols().empty());
}

TEST(Watch, ItBuysItsOwnSymbolAtItsOwnTicksAlone) {
  auto rig = live_rig(of(ruled("R_50.price > 7")));
  rig.tick("R_100", kStart + 2, "1.00");
  for (int i = 3; i < 9; ++i) rig.tick("R_50", kStart + i, "8.0000");
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("R_100", kStart + 10, "1.00");
  const auto buy = rig.buy();
  EXPECT_EQ(buy.spec.symbol, "R_100");
  EXPECT_EQ(buy.signal_epoch.s, kStart + 10);
}

TEST(Watch, TheOrderWithinOneSecondDecidesNothing) {
  for (const auto& audience : {Audience{}, kBacktest}) {
    std::vector<std::string> seen[2];
    for (const bool own_first : {true, false}) {
      auto rig = live_rig(of(ruled("R_50.price > 0 and 1HZ100V.sma(2) > 0")), audience);
      for (int i = 1; i < 40; ++i) {
        const auto at = kStart + 2 * i;
        const auto others = [&] {
          rig.tick("R_50", at, fmt::format("{}.0000", i));
          rig.tick("1HZ100V", at, fmt::format("{}.00", i));
        };
        if (!own_first) others();
        rig.tick("R_100", at, "1.00");
        if (own_first) others();
        seen[own_first].push_back(value(rig, "R_50.price") + " " +
                                  value(rig, "1HZ100V.sma(2, ticks)"));
        if (i > 3) {
          // What it knows is of the second before.
          EXPECT_EQ(seen[own_first].back(), fmt::format("{} {}", i - 1, i - 1.5)) << own_first;
        }
      }
    }
    EXPECT_EQ(seen[0], seen[1]);
  }
}

TEST(Watch, WhoHearsThemFirstHasThemAtItsFirstTick) {
  for (const auto& audience : {Audience{}, kBacktest}) {
    auto rig = live_rig(of(ruled("R_50.sma(40) > 0")), audience);
    // More than wait for the own tick.
    for (int i = 0; i < 60; ++i) rig.tick("R_50", kStart + i, fmt::format("{}.0000", i + 1));
    rig.tick("R_100", kStart + 60, "1.00");
    EXPECT_EQ(value(rig, "R_50.sma(40, ticks)"), "40.5");
    EXPECT_EQ(rig.take_buys().size(), 1U);
  }
}

TEST(Watch, HistoryOfEachMakesItReadyWhicheverComesFirst) {
  for (const bool own_first : {true, false}) {
    auto rig = live_rig(of(ruled("crosses_above(R_50.sma(3), R_50.sma(9)) and sma(9) > 0")));
    const auto own = [&] {
      for (int i = 0; i < 30; ++i) rig.tick("R_100", kStart + 2 * i, "1.00", true);
    };
    const auto other = [&] {
      // Falls to the end, and rises with its last tick.
      for (int i = 0; i < 30; ++i) {
        rig.tick("R_50", kStart + 2 * i, fmt::format("{}.0000", i == 29 ? 900 : 100 - i), true);
      }
    };
    if (own_first) own();
    other();
    if (!own_first) own();
    EXPECT_TRUE(rig.buys.empty());
    // The crossing is between the last tick of the history and the first live one.
    rig.tick("R_100", kStart + 60, "1.00");
    EXPECT_EQ(rig.take_buys().size(), 1U) << own_first;
  }
}

TEST(Watch, TicksOfItThatAreLostMakeItBeginAnew) {
  auto rig = live_rig(of(ruled("R_50.sma(3) > 0")));
  const auto both = [&](std::int64_t at) {
    rig.tick("R_50", at, "5.0000");
    rig.tick("R_100", at + 1, "1.00");
  };
  for (int i = 0; i < 6; i += 2) both(kStart + i);
  ASSERT_EQ(rig.take_buys().size(), 1U);
  rig.bought(core::OrderId{1}, 5, "1.95");
  rig.settle(5, "0.00");
  rig.offline();
  rig.live();
  // The own symbol's next tick is the one that follows; of the other a minute is missing.
  rig.tick("R_100", kStart + 7, "1.00");
  EXPECT_EQ(rig.take_buys().size(), 1U) << "nothing of it is missing yet";
  rig.bought(core::OrderId{2}, 6, "1.95");
  rig.settle(6, "0.00");
  rig.tick("R_50", kStart + 60, "5.0000");
  rig.tick("R_100", kStart + 61, "1.00");
  EXPECT_EQ(value(rig, "R_50.sma(3, ticks)"), "not ready");
  EXPECT_TRUE(rig.buys.empty());
  both(kStart + 62);
  EXPECT_TRUE(rig.buys.empty());
  both(kStart + 64);
  EXPECT_EQ(rig.take_buys().size(), 1U);
}

TEST(Watch, HistoriesOfALostLinkLeaveCandlesAsIfNothingHadBeenLost) {
  const auto quote = [](int i) { return fmt::format("{}.0000", 5 + i % 7); };
  const auto run = [&](bool loses) {
    auto rig = live_rig(of(ruled("R_50.sma(2, 1m) > 1000")));
    const auto own = [&](int i, bool history) { rig.tick("R_100", kStart + i, "1.00", history); };
    const auto other = [&](int i, bool history) {
      rig.tick("R_50", kStart + i, quote(i), history);
    };
    for (int i = 0; i < 300; i += 2) {
      // Twenty seconds over a minute's end come as histories, the own symbol's first.
      if (loses && i == 230) {
        rig.offline();
        rig.live();
        for (int k = 220; k < 250; k += 2) own(k, true);
        for (int k = 220; k < 250; k += 2) other(k, true);
        i = 250;
      }
      other(i, false);
      own(i, false);
    }
    return value(rig, "R_50.sma(2, 1m)");
  };
  const auto whole = run(false);
  EXPECT_NE(whole, "not ready");
  EXPECT_EQ(run(true), whole);
}

TEST(Watch, WhatBeginsAnewKeepsThePastOfTheOthers) {
  auto rig = live_rig(of(ruled("sma(20) > 0 and 1HZ100V.sma(20) > 0")));
  for (int i = 0; i < 60; i += 2) {
    rig.tick("1HZ100V", kStart + i, "5.00");
    rig.tick("R_100", kStart + i + 1, "1.00");
  }
  rig.take_buys();
  // Its first tick comes late: everything else is known all the same.
  rig.tick("R_50", kStart + 60, "5.0000");
  rig.tick("R_100", kStart + 61, "1.00");
  EXPECT_EQ(value(rig, "sma(20, ticks)"), "1");
  EXPECT_EQ(value(rig, "1HZ100V.sma(20, ticks)"), "5");
}

TEST(Watch, ASilentOneIsNotReadyAndNothingIsBoughtByIt) {
  auto rig = live_rig(of(ruled("R_50.price > 0")));
  rig.tick("R_50", kStart + 1, "5.0000");
  rig.tick("R_100", kStart + 2, "1.00");
  EXPECT_EQ(rig.take_buys().size(), 1U);
  rig.bought(core::OrderId{1}, 5, "1.95");
  for (int i = 4; i < 64; i += 2) {
    rig.tick("R_100", kStart + i, "1.00");
    for (const auto& buy : rig.take_buys()) rig.bought(buy.order, 100 + i, "1.95");
  }
  EXPECT_EQ(value(rig, "R_50.price"), "not ready");
  rig.take_buys();
  rig.tick("R_100", kStart + 64, "1.00");
  EXPECT_TRUE(rig.buys.empty());
}

// ---- candles ----

std::vector<market::CandleRow> minutes(std::int64_t until, std::int64_t quote) {
  std::vector<market::CandleRow> out;
  for (auto at = until - 40 * 60; at <= until; at += 60) {
    out.push_back({{at / 60 * 60}, quote, quote + 2, quote - 2, quote});
  }
  return out;
}

TEST(Watch, CandlesOfEachSymbolAreAskedForAndAwaited) {
  auto rig = live_rig(of(ruled("R_50.sma(20, 1m) > sma(20, 1m) and price > 0")), kAsks);
  rig.tick("R_50", kStart - 1, "70.0000", true);
  rig.tick("R_100", kStart, "1.00", true);
  ASSERT_EQ(rig.candle_asks.size(), 2U);
  EXPECT_EQ(rig.candle_asks[0].symbol, "R_100");
  EXPECT_EQ(rig.candle_asks[1].symbol, "R_50");
  rig.candles(minutes(kStart, 100));
  rig.tick("R_100", kStart + 2, "1.00");
  EXPECT_TRUE(rig.buys.empty()) << "it waits for the other's";
  EXPECT_TRUE(rig.engine->awaits_candles("a"));
  rig.candles(minutes(kStart, 700'000), {}, 4);
  EXPECT_FALSE(rig.engine->awaits_candles("a"));
  rig.tick("R_100", kStart + 4, "1.00");
  EXPECT_EQ(value(rig, "R_50.sma(20, 1m)"), "70");
  EXPECT_EQ(value(rig, "sma(20, 1m)"), "1");
  EXPECT_EQ(rig.take_buys().size(), 1U);
  const auto view = rig.engine->candles("a");
  ASSERT_EQ(view.size(), 2U);
  EXPECT_TRUE(view[0].symbol.empty());
  EXPECT_EQ(view[1].symbol, "R_50");
  EXPECT_EQ(view[1].source, "venue");
}

TEST(Watch, ARefusalOfItsCandlesNamesTheSymbol) {
  auto rig = live_rig(of(ruled("R_50.sma(20, 1m) > 0")), kAsks);
  rig.tick("R_50", kStart - 1, "70.0000", true);
  rig.tick("R_100", kStart, "1.00", true);
  rig.candles({}, "InvalidSymbol: no");
  EXPECT_NE(rig.events.back().text.view().find("candles of R_50 of 1m (InvalidSymbol: no)"),
            std::string::npos)
      << rig.events.back().text.view();
}

// ---- beside a strategy that watches nothing ----

TEST(Watch, WhatLooksAtItsOwnSymbolAloneBuysTheSameWatchingOrNot) {
  for (const auto& audience : {Audience{}, kBacktest}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      std::vector<std::string> bought[2];
      for (const bool watches : {false, true}) {
        const auto* when = "crosses_above(ema(4), ema(9)) or run(rise) == 3 or rsi(3, 1m) < 20";
        auto rig = live_rig(of(ruled(when, watches)), audience);
        core::Rng rng(seed);
        std::int64_t contract = 5;
        const auto quote = [&](std::string_view symbol, std::int64_t at, int decimals) {
          const auto cents = 10'000 + static_cast<std::int64_t>(rng.below(200));
          rig.tick(symbol, at, fmt::format("{}.{:0{}}", cents / 100, cents % 100, decimals));
        };
        for (int i = 1; i < 600; ++i) {
          if (i % 97 == 0 && audience.people) {
            rig.offline();
            rig.live();
          }
          quote("1HZ100V", kStart + 2 * i, 2);
          quote("R_100", kStart + 2 * i, 2);
          if (i % 3 == 0)
            quote("R_50", kStart + 2 * i + 1, 4);
          else
            rng.below(200);
          for (const auto& buy : rig.take_buys()) {
            bought[watches].push_back(
                fmt::format("{} {}", buy.signal_epoch.s, buy.stake.to_string()));
            rig.bought(buy.order, ++contract, "1.95");
            rig.settle(contract, contract % 2 == 0 ? "1.95" : "0.00");
          }
        }
      }
      EXPECT_GT(bought[0].size(), 50U);
      EXPECT_EQ(bought[0], bought[1]) << seed;
    }
  }
}

// ---- reload, restart ----

TEST(Watch, AChangeWaitsForWhatIsOpenAndThenHasThePast) {
  auto first = of(ruled("price > 0", false));
  first.strategies.push_back(every_tick("other"));
  first.strategies.back().symbol = "R_50";
  auto rig = live_rig(first);
  for (int i = 0; i < 20; ++i) rig.tick("R_50", kStart + 2 * i, "5.0000");
  rig.take_buys();
  rig.tick("R_100", kStart + 41, "1.00");
  const auto buy = rig.buy();
  rig.bought(buy.order, 5, "1.95");
  auto second = first;
  second.strategies[0] = ruled("R_50.sma(15) > 0");
  rig.reconfigure(second);
  EXPECT_TRUE(rig.view("a").change_pending);
  rig.settle(5, "0.00");
  rig.tick("R_100", kStart + 43, "1.00");
  EXPECT_FALSE(rig.view("a").change_pending);
  EXPECT_EQ(value(rig, "R_50.sma(15, ticks)"), "5");
}

TEST(Watch, ARestartIsMadeReadyByTheHistoryOfEach) {
  auto rig = live_rig(of(ruled("R_50.run(rise) == 3 and run(rise) == 3")));
  const auto both = [&](int from, int to, bool history) {
    for (const auto* symbol : {"R_100", "R_50"}) {
      for (int i = from; i < to; ++i) {
        const auto quote = std::string(symbol) == "R_50" ? fmt::format("{}.0000", 10 + i)
                                                         : fmt::format("1.{:02}", i);
        rig.tick(symbol, kStart + 2 * i + (std::string(symbol) == "R_50" ? 0 : 1), quote, history);
      }
    }
  };
  both(0, 3, false);
  rig.restart();
  rig.live();
  both(0, 3, true);
  EXPECT_TRUE(rig.buys.empty());
  rig.tick("R_50", kStart + 6, "13.0000");
  rig.tick("R_100", kStart + 7, "1.03");
  EXPECT_EQ(rig.take_buys().size(), 1U);
}

// ---- programs ----

StrategySettings scripted(std::string text) {
  auto s = every_tick("dip", "1.00");
  s.type = "script";
  s.params.clear();
  s.watch = kWatch;
  s.script.file = "dip.js";
  s.script.text = std::move(text);
  return s;
}

struct ScriptRig : Rig {
  explicit ScriptRig(std::string text, Audience heard = {})
      : Rig(of(scripted(std::move(text))), heard) {
    restore({});
    now.venue = {kStart};
    answer({});
    live();
  }
  void answer(const script::Answer& a) {
    engine->on_script("dip", started.back().run, a, now, actions);
    deadline();
  }
  /// Nothing, to whatever was fed since; what each message was, in words.
  std::vector<std::string> hear() {
    std::vector<std::string> out;
    for (const auto& message : std::exchange(fed, {})) {
      if (const auto* past = std::get_if<script::PastTick>(&message.message)) {
        out.push_back(fmt::format("past {} {}", past->watched, past->epoch - kStart));
      } else if (const auto* event = std::get_if<script::Event>(&message.message)) {
        out.push_back(text_of(*event));
        script::Answer a;
        a.sequence = event->sequence;
        answer(a);
      } else {
        out.push_back("reset");
      }
    }
    return out;
  }
  static std::string text_of(const script::Event& event) {
    if (const auto* seen = std::get_if<script::WatchedTick>(&event.what)) {
      return fmt::format("watched {} {} {}", seen->watched, seen->epoch - kStart, seen->mantissa);
    }
    if (const auto* own = std::get_if<script::Tick>(&event.what)) {
      return fmt::format("own {}", own->epoch - kStart);
    }
    return "other";
  }
};

using Lines = std::vector<std::string>;
constexpr std::string_view kHears = "function onTick() {} function onWatch(tick) {}";

TEST(Watch, AProgramIsToldWhatItWatches) {
  ScriptRig rig{std::string(kHears)};
  const auto& setup = rig.started.at(0).setup;
  EXPECT_EQ(setup.watch, (std::vector<script::WatchedSymbol>{{"1HZ100V", 2}, {"R_50", 4}}));
  EXPECT_NE(setup.config.find(R"("watch":["1HZ100V","R_50"])"), std::string::npos) << setup.config;
}

TEST(Watch, AProgramHearsThemBeforeTheOwnTickBySecondAndPlace) {
  ScriptRig rig(std::string(kHears), kBacktest);
  rig.tick("R_100", kStart + 2, "1.00");
  rig.tick("R_50", kStart + 3, "5.0000");
  rig.tick("1HZ100V", kStart + 3, "7.00");
  rig.tick("1HZ100V", kStart + 4, "8.00");
  EXPECT_EQ(rig.hear(), Lines{"own 2"});
  rig.tick("R_100", kStart + 4, "1.00");
  EXPECT_EQ(rig.hear(), (Lines{"watched 1 3 700", "watched 2 3 50000", "own 4"}));
  rig.tick("R_100", kStart + 6, "1.00");
  EXPECT_EQ(rig.hear(), (Lines{"watched 1 4 800", "own 6"}));
}

TEST(Watch, WithoutTheFunctionTheyArePastsThatNeedNoAnswer) {
  ScriptRig rig("function onTick() {}", kBacktest);
  rig.tick("R_100", kStart + 2, "1.00");
  rig.tick("R_50", kStart + 3, "5.0000");
  rig.tick("R_100", kStart + 4, "1.00");
  EXPECT_EQ(rig.hear(), (Lines{"own 2", "past 2 3", "own 4"}));
}

TEST(Watch, AWishOfAWatchedTickIsBoughtOnTheOwnTickThatFollows) {
  ScriptRig rig(std::string(kHears), kBacktest);
  rig.tick("R_50", kStart + 3, "5.0000");
  rig.tick("R_100", kStart + 4, "1.00");
  const auto& event = std::get<script::Event>(rig.fed.at(0).message);
  ASSERT_TRUE(std::holds_alternative<script::WatchedTick>(event.what));
  script::Answer a;
  a.sequence = event.sequence;
  script::Wish wish;
  wish.number = 1;
  wish.type = "CALL";
  a.wishes = {wish};
  rig.answer(a);
  const auto buy = rig.buy();
  EXPECT_EQ(buy.spec.symbol, "R_100");
  EXPECT_EQ(buy.signal_epoch.s, kStart + 4);
}

TEST(Watch, AWishOfAWatchedTickIsStaleBehindTheNextOwnTick) {
  ScriptRig rig{std::string(kHears)};
  rig.tick("R_100", kStart + 2, "1.00");
  rig.hear();
  rig.tick("R_50", kStart + 3, "5.0000");
  rig.tick("R_100", kStart + 4, "1.00");
  rig.hear();  // it has begun anew with the first tick of it
  rig.tick("R_50", kStart + 5, "5.0000");
  rig.tick("R_100", kStart + 6, "1.00");
  ASSERT_EQ(rig.fed.size(), 2U);
  script::Answer late;
  late.sequence = std::get<script::Event>(rig.fed[0].message).sequence;
  script::Wish wish;
  wish.number = 1;
  wish.type = "CALL";
  late.wishes = {wish};
  rig.tick("R_100", kStart + 8, "1.00");
  rig.answer(late);
  EXPECT_TRUE(rig.buys.empty());
}

TEST(Watch, AProgramWhoseSymbolIsSilentIsNotFloodedByOthers) {
  ScriptRig rig(std::string(kHears), kBacktest);
  rig.tick("R_100", kStart + 1, "1.00");
  rig.hear();
  for (int i = 2; i < 600; ++i) {
    rig.tick("R_50", kStart + i, "5.0000");
    rig.tick("1HZ100V", kStart + i, "5.00");
  }
  const auto meanwhile = rig.hear();
  EXPECT_EQ(meanwhile.size(), 2 * (598 - WatchLane::kHeld));
  EXPECT_TRUE(std::ranges::all_of(meanwhile, [](const auto& l) { return l.starts_with("past"); }));
  rig.tick("R_100", kStart + 600, "1.00");
  const auto then = rig.hear();
  EXPECT_EQ(then.size(), 2 * WatchLane::kHeld + 1);
  EXPECT_EQ(then.front(), fmt::format("watched 1 {} 500", 600 - WatchLane::kHeld));
  EXPECT_FALSE(rig.told(core::EventKind::kStrategyHalted));
}

TEST(Watch, TheHistoryOfEachIsAPastOfItsOwn) {
  ScriptRig rig{std::string(kHears)};
  for (int i = 0; i < 3; ++i) rig.tick("R_100", kStart + 2 * i, "1.00", true);
  for (int i = 0; i < 3; ++i) rig.tick("R_50", kStart + 2 * i, "5.0000", true);
  rig.hear();
  rig.tick("R_100", kStart + 6, "1.00");
  EXPECT_EQ(rig.hear(), (Lines{"past 0 0", "past 2 0", "past 0 2", "past 2 2", "past 0 4",
                               "past 2 4", "own 6"}));
}

}  // namespace
}  // namespace derivd::engine::test
