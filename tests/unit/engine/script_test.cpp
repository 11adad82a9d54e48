// A strategy whose signals come from a program in another process, by its messages alone.
#include <gtest/gtest.h>

#include "unit/engine/rig.hpp"

namespace derivd::engine::test {
namespace {

using core::EventKind;
using std::chrono::seconds;

constexpr std::int64_t kStart = 1'782'086'400;

StrategySettings scripted(std::string_view name = "dip") {
  auto s = every_tick(name, "1.00");
  s.type = "script";
  s.params.clear();
  s.script.file = "dip.js";
  s.script.text = "function onTick() {}";
  return s;
}

struct ScriptRig : Rig {
  explicit ScriptRig(std::vector<StrategySettings> strategies, risk::AccountLimits limits = {})
      : Rig(settings_of(std::move(strategies), limits)) {
    restore({});
    now.venue = {kStart};
    answer({});  // of the start
    live();
  }
  static Settings settings_of(std::vector<StrategySettings> strategies,
                              risk::AccountLimits limits) {
    Settings s;
    s.limits = limits;
    s.strategies = std::move(strategies);
    return s;
  }
  /// The event that was fed last.
  const script::Event& event() const { return std::get<script::Event>(fed.back().message); }
  void answer(script::Answer a) {
    engine->on_script("dip", started.back().run, a, now, actions);
    perform_all();
  }
  /// To the event that was fed last.
  void wish(script::Wish w) {
    script::Answer a;
    a.sequence = event().sequence;
    a.wishes.push_back(std::move(w));
    answer(a);
  }
  void fail(std::string where, std::string text) {
    engine->on_script_failed("dip", started.back().run, {1, std::move(where), std::move(text)}, now,
                             actions);
    perform_all();
  }
  /// Nothing, to the event that was fed last.
  void hear() {
    script::Answer a;
    a.sequence = event().sequence;
    answer(a);
  }
  void perform_all() { deadline(); }  // which has nothing to do, and performs
  /// The last denial that the program heard.
  std::string denied() const {
    for (auto at = fed.rbegin(); at != fed.rend(); ++at) {
      const auto* e = std::get_if<script::Event>(&at->message);
      const auto* d = e == nullptr ? nullptr : std::get_if<script::Denied>(&e->what);
      if (d != nullptr) return d->reason;
    }
    return {};
  }
};

script::Wish call(std::string stake = "") {
  script::Wish w;
  w.number = 1;
  w.type = "CALL";
  w.duration = "5t";
  w.stake = std::move(stake);
  return w;
}

TEST(Script, ItIsStartedWithItsTextAndHearsEachTick) {
  ScriptRig rig({scripted()});
  ASSERT_EQ(rig.started.size(), 1u);
  EXPECT_EQ(rig.started[0].setup.file, "dip.js");
  EXPECT_EQ(rig.started[0].setup.text, "function onTick() {}");
  EXPECT_EQ(rig.started[0].setup.decimals, 2);
  EXPECT_EQ(rig.started[0].setup.stake, "1.00");
  rig.tick("1.02");
  const auto& tick = std::get<script::Tick>(rig.event().what);
  EXPECT_EQ(tick.mantissa, 102);
  EXPECT_EQ(rig.event().sequence, 1u);
  EXPECT_TRUE(rig.buys.empty());
}

TEST(Script, AWishBecomesAJournaledIntentAndAPurchase) {
  ScriptRig rig({scripted()});
  rig.tick("1.02");
  rig.wish(call());
  const auto buy = rig.buy();
  EXPECT_EQ(buy.spec.type, market::ContractType::kCall);
  EXPECT_EQ(buy.spec.duration.to_string(), "5t");
  EXPECT_EQ(buy.stake, usd("1.00"));
  EXPECT_EQ(buy.signal_epoch, rig.now.venue);
}

TEST(Script, AStakeOfItsOwnIsBoughtForAndLeavesThePlanAlone) {
  auto s = scripted();
  s.staking.plan = "martingale";
  ScriptRig rig({s});
  rig.tick("1.02");
  rig.wish(call("2.50"));
  EXPECT_EQ(rig.buy().stake, usd("2.50"));
}

TEST(Script, AWishMeetsTheGateAndHearsWhy) {
  risk::AccountLimits limits;
  limits.max_stake = usd("2.00");
  ScriptRig rig({scripted()}, limits);
  rig.tick("1.02");
  rig.wish(call("2.01"));
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_NE(rig.denied().find("max_stake"), std::string::npos) << rig.denied();
  EXPECT_FALSE(rig.view("dip").halt_kind.view() == "stop_loss");
}

TEST(Script, AStakeOfItsOwnThatNeverFitsDoesNotEndTheSession) {
  auto s = scripted();
  s.session.stop_loss = usd("5.00");
  ScriptRig rig({s});
  rig.tick("1.02");
  rig.wish(call("6.00"));
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_FALSE(rig.told(EventKind::kStrategyHalted));
  rig.hear();
  rig.tick("1.04");
  rig.wish(call());
  EXPECT_EQ(rig.buys.size(), 1u);
}

TEST(Script, AnAnswerThatComesBehindTheNextTickIsStaleAndTold) {
  ScriptRig rig({scripted()});
  rig.tick("1.02");
  script::Answer late;
  late.sequence = rig.event().sequence;
  late.wishes.push_back(call());
  rig.tick("1.04");
  rig.answer(late);
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_NE(rig.denied().find("too late"), std::string::npos) << rig.denied();
  EXPECT_TRUE(rig.told(EventKind::kSignalDropped));
}

TEST(Script, WhatIsNoContractIsDroppedAndTold) {
  ScriptRig rig({scripted()});
  const auto denial = [&](script::Wish w) {
    rig.tick("1.02");
    rig.wish(std::move(w));
    EXPECT_TRUE(rig.buys.empty());
    const auto told = rig.denied();
    rig.hear();
    return told;
  };
  auto w = call();
  w.type = "NONSENSE";
  EXPECT_NE(denial(w).find("NONSENSE"), std::string::npos);
  w = call();
  w.duration = "5 parsecs";
  EXPECT_FALSE(denial(w).empty());
  w = call();
  w.duration = "11t";
  EXPECT_NE(denial(w).find("tick"), std::string::npos);
  w = call();
  w.type = "DIGITOVER";
  EXPECT_NE(denial(w).find("prediction"), std::string::npos);
  w = call();
  w.type = "HIGHER";
  EXPECT_NE(denial(w).find("barrier"), std::string::npos);
  w = call("-1.00");
  EXPECT_NE(denial(w).find("stake"), std::string::npos);
}

TEST(Script, ADenialLeadsToNoPurchase) {
  auto s = scripted();
  s.guards.max_open = 1;
  ScriptRig rig({s});
  rig.tick("1.02");
  rig.wish(call());
  rig.bought({1}, 77, "1.95");
  rig.tick("1.04");
  rig.wish(call());
  ASSERT_TRUE(std::holds_alternative<script::Denied>(rig.event().what));
  rig.settle(77, "0");
  rig.buys.clear();
  script::Answer again;
  for (auto at = rig.fed.begin(); at != rig.fed.end(); ++at) {
    const auto* e = std::get_if<script::Event>(&at->message);
    if (e != nullptr && std::holds_alternative<script::Denied>(e->what))
      again.sequence = e->sequence;
  }
  again.wishes.push_back(call());
  rig.answer(again);
  EXPECT_TRUE(rig.buys.empty());
}

TEST(Script, AResultIsToldWithTheNumberOfItsWish) {
  ScriptRig rig({scripted()});
  rig.tick("1.02");
  auto w = call();
  w.number = 7;
  rig.wish(w);
  rig.bought({1}, 77, "1.95");
  rig.settle(77, "1.95");
  const auto& trade = std::get<script::Trade>(rig.event().what);
  EXPECT_EQ(trade.wish, 7u);
  EXPECT_EQ(trade.contract, "77");
  EXPECT_EQ(trade.profit, "0.95");
  EXPECT_EQ(trade.outcome, "won");
  EXPECT_EQ(rig.event().own.wins_in_row, 1);
}

TEST(Script, APayoutOfItsOwnIsWhatThePriceIsAskedFor) {
  auto s = scripted();
  s.contract.basis = market::Basis::kPayout;
  ScriptRig rig({s});
  rig.tick("1.02");
  rig.wish(call("7.00"));
  ASSERT_EQ(rig.quotes.size(), 1u);
  EXPECT_EQ(rig.quotes[0].stake, usd("7.00"));
  EXPECT_TRUE(rig.buys.empty());
}

TEST(Script, ASaleIsAskedForByTheNumberOfItsWish) {
  ScriptRig rig({scripted()});
  rig.tick("1.02");
  auto timed = call();
  timed.duration = "5m";
  rig.wish(timed);
  rig.bought({1}, 77, "1.95");
  rig.tick("1.04");
  script::Answer a;
  a.sequence = rig.event().sequence;
  a.sales = {1, 2};
  rig.answer(a);
  ASSERT_EQ(rig.sells.size(), 1u);
  EXPECT_EQ(rig.sells[0].value, 77);
  EXPECT_EQ(rig.denied(), "sell: nothing of it is open");
  // Once only: a second question would be refused, and that refusal taken for the first one's.
  rig.hear();
  rig.tick("1.06");
  a.sequence = rig.event().sequence;
  a.sales = {1};
  rig.answer(a);
  EXPECT_EQ(rig.sells.size(), 1u);
  EXPECT_EQ(rig.denied(), "sell: it was asked for already");
}

TEST(Script, AFailureHaltsItAloneWithItsPlace) {
  ScriptRig rig({scripted(), every_tick("other")});
  rig.tick("1.02");
  rig.fail("dip.js:12", "TypeError: no");
  EXPECT_EQ(rig.view("dip").halt_kind.view(), "script");
  EXPECT_EQ(rig.view("dip").reason.view(), "dip.js:12: TypeError: no");
  EXPECT_EQ(rig.stopped.size(), 1u);
  EXPECT_TRUE(rig.told(EventKind::kStrategyHalted));
  EXPECT_EQ(rig.view("other").status, StrategyStatus::kRunning);
  rig.bought(rig.buy().order, 77, "1.95");
  rig.settle(77, "1.95");
  const auto before = rig.fed.size();
  rig.tick("1.04");
  EXPECT_EQ(rig.fed.size(), before);
  EXPECT_EQ(rig.buy().strategy.view(), "other");
}

TEST(Script, TheHaltIsKeptOverARestartAndAResumeStartsItAnew) {
  ScriptRig rig({scripted()});
  rig.tick("1.02");
  rig.fail("dip.js:1", "no");
  rig.restart();
  EXPECT_EQ(rig.started.size(), 1u);
  EXPECT_EQ(rig.view("dip").halt_kind.view(), "script");
  rig.engine->resume("dip", rig.now, rig.actions);
  rig.perform_all();
  EXPECT_EQ(rig.started.size(), 2u);
  EXPECT_TRUE(rig.view("dip").halt_kind.empty());
}

TEST(Script, WhatItWantsKeptComesBackAfterARestart) {
  ScriptRig rig({scripted()});
  rig.tick("1.02");
  script::Answer a;
  a.sequence = rig.event().sequence;
  a.wishes.push_back(call());
  a.state = R"({"n":5})";
  rig.answer(a);
  rig.restart();
  EXPECT_EQ(rig.started.back().setup.state, R"({"n":5})");
}

TEST(Script, AnotherTextIsTakenOverWithANewRunThatKeepsTheState) {
  ScriptRig rig({scripted()});
  rig.tick("1.02");
  script::Answer a;
  a.sequence = rig.event().sequence;
  a.state = R"({"n":5})";
  rig.answer(a);
  auto other = rig.settings;
  other.strategies[0].script.text = "function onTick() { }";
  rig.reconfigure(other);
  ASSERT_EQ(rig.started.size(), 2u);
  EXPECT_EQ(rig.stopped.size(), 1u);
  EXPECT_EQ(rig.started[1].setup.text, "function onTick() { }");
  EXPECT_EQ(rig.started[1].setup.state, R"({"n":5})");
  other.strategies[0].enabled = false;
  rig.reconfigure(other);
  EXPECT_EQ(rig.stopped.size(), 2u);
}

TEST(Script, AnswersOfARunThatWasStoppedCountNoMore) {
  ScriptRig rig({scripted()});
  rig.tick("1.02");
  script::Answer late;
  late.sequence = rig.event().sequence;
  late.wishes.push_back(call());
  const auto old_run = rig.started.back().run;
  rig.fail("dip.js:1", "no");
  rig.engine->resume("dip", rig.now, rig.actions);
  rig.perform_all();
  rig.engine->on_script("dip", old_run, late, rig.now, rig.actions);
  rig.perform_all();
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_TRUE(rig.view("dip").halt_kind.empty());
}

TEST(Script, AnAnswerThatNobodyAskedForEndsIt) {
  ScriptRig rig({scripted()});
  rig.tick("1.02");
  script::Answer a;
  a.sequence = rig.event().sequence + 5;
  a.wishes.push_back(call());
  rig.answer(a);
  EXPECT_TRUE(rig.buys.empty());
  EXPECT_EQ(rig.view("dip").halt_kind.view(), "script");
}

TEST(Script, OneThatNeverAnswersIsEndedAtABound) {
  ScriptRig rig({scripted()});
  for (int i = 0; i < 300; ++i) rig.tick("1.02");
  EXPECT_EQ(rig.view("dip").halt_kind.view(), "script");
  EXPECT_LE(rig.fed.size(), 260u);
}

TEST(Script, TicksOfThePastAreToldAsSuch) {
  Settings settings;
  settings.strategies = {scripted()};
  Rig rig(settings);
  rig.restore({});
  rig.now.venue = {kStart + 10};
  for (int i = 0; i < 5; ++i) {
    rig.engine->on_tick({"R_100", {kStart + i}, core::Price::raw(100 + i, 2)}, true, rig.now,
                        rig.actions);
  }
  rig.deadline();
  ASSERT_EQ(rig.fed.size(), 5u);
  EXPECT_EQ(std::get<script::PastTick>(rig.fed[4].message).mantissa, 104);
}

TEST(Script, AStakeOfItsOwnThatDoesNotFitLeavesThePlanAloneAlsoAsAPayout) {
  auto s = scripted();
  s.staking.plan = "martingale";
  s.contract.basis = market::Basis::kPayout;
  s.session.stop_loss = usd("5.00");
  risk::AccountLimits limits;
  limits.max_stake = usd("2.00");
  ScriptRig rig({s}, limits);
  rig.tick("1.02");
  rig.wish(call());
  rig.quote(rig.quotes.back().order, "1.00", "0.51");
  const auto buy = rig.buy();
  rig.bought(buy.order, 5, "1.00");
  rig.settle(5, "0.00");
  rig.hear();
  EXPECT_EQ(rig.view("dip").next_stake, usd("2.00"));
  // Beyond max_stake, then beyond what the session may lose at all.
  for (const auto& [payout, ask] : {std::pair{"6.00", "3.10"}, std::pair{"20.00", "10.30"}}) {
    rig.tick("1.04");
    auto wish = call(payout);
    rig.wish(wish);
    rig.quote(rig.quotes.back().order, payout, ask);
    EXPECT_TRUE(rig.buys.empty()) << payout;
    EXPECT_EQ(rig.view("dip").next_stake, usd("2.00")) << payout;
    EXPECT_FALSE(rig.told(EventKind::kStrategyHalted)) << payout;
    rig.hear();
  }
}

}  // namespace
}  // namespace derivd::engine::test
