// Programs of Deriv Bot as strategies: what reaches the wire, what the journal says of them, and
// what a restart makes of it. Rules: the product's contract, "Deriv Bot and Binary Bot programs",
// and docs/exactly-once.md.
#include <gtest/gtest.h>

#include "dbot/import.hpp"
#include "unit/dbot/rig.hpp"
#include "unit/engine/rig.hpp"

namespace derivd::engine {
namespace {

using namespace dbot::test;
using core::EventKind;
using execution::OrderState;
using execution::RefusalKind;
using test::Rig;
using test::usd;

StrategySettings strategy_of(const Parts& parts) {
  const auto import = dbot::import_program(program(parts));
  EXPECT_NE(import.program, nullptr) << problems_of(import);
  StrategySettings s;
  s.name = "bot";
  s.type = "dbot";
  s.symbol = "R_100";
  s.program.file = "bot.xml";
  s.program.program = import.program;
  return s;
}

Settings settings_of(const Parts& parts) {
  Settings out;
  out.strategies.push_back(strategy_of(parts));
  return out;
}

/// Stakes 1.00, after a loss 2.1 times the last stake; every tick may buy.
Parts martingale() {
  Parts p;
  p.init = set("stake", num("1"));
  p.options = options_block(get("stake"));
  p.after = chain(
      {when(block("contract_check_result", field("CHECK_RESULT", "loss")),
            set("stake", arith("MULTIPLY", get("stake"), num("2.1"))), set("stake", num("1"))),
       again()});
  return p;
}

/// Connected, with a past of two ticks and one live tick, at which the program began and bought.
Rig begun(const Settings& settings) {
  Rig rig(settings);
  rig.restore();
  rig.live();
  rig.tick("R_100", 1000, "100.01", true);
  rig.tick("R_100", 1002, "100.02", true);
  rig.tick("R_100", 1004, "100.03");
  return rig;
}

/// A journal as it was at a kill, in a program that has just been connected again.
void reborn(Rig& rig) {
  rig.restart();
  rig.live();
}

std::string variable(const Rig& rig, std::string_view name) {
  const auto view = rig.engine->program("bot");
  if (!view) return "no program";
  for (const auto& [key, value] : view->variables) {
    if (key == name) return value;
  }
  return "no variable";
}

core::Money staked(Rig& rig) {
  const auto order = rig.buy();
  return order.stake;
}

TEST(Program, BuysAtTheFirstLiveTickWhatItSays) {
  auto rig = begun(settings_of(martingale()));
  const auto order = rig.buy();
  EXPECT_EQ(order.stake, usd("1.00"));
  EXPECT_EQ(order.spec.type, market::ContractType::kDigitOver);
  EXPECT_EQ(order.spec.digit(), 5);
  EXPECT_EQ(order.strategy, "bot");
  rig.tick("100.04");
  EXPECT_TRUE(rig.take_buys().empty()) << "its purchase awaits the answer";
}

TEST(Program, TheStepFollowsTheResult) {
  auto rig = begun(settings_of(martingale()));
  rig.bought(rig.buy().order, 5, "1.95");
  rig.tick("100.04");
  rig.settle(5, "0.00");
  EXPECT_TRUE(rig.take_buys().empty()) << "After and Start follow at once, Before needs a tick";
  rig.tick("100.05");
  EXPECT_EQ(staked(rig), usd("2.10"));
  EXPECT_EQ(rig.view("bot").trades, 1);
  EXPECT_EQ(variable(rig, "stake"), "2.1");
}

TEST(Program, ContinuesAfterAKillBeforeTheAnswer) {
  auto rig = begun(settings_of(martingale()));
  const auto order = rig.buy().order;
  reborn(rig);
  EXPECT_EQ(rig.state(order), OrderState::kUnknown);
  rig.tick("100.04");
  rig.tick("100.05");
  EXPECT_TRUE(rig.take_buys().empty()) << "an unknown outcome is never bought again";
  // The answer comes after all, then the loss.
  rig.bought(order, 7, "1.95");
  rig.tick("100.06");
  rig.settle(7, "0.00");
  rig.tick("100.07");
  rig.tick("100.08");
  EXPECT_EQ(staked(rig), usd("2.10"));
}

TEST(Program, ContinuesAfterAKillWithAnOpenContract) {
  auto rig = begun(settings_of(martingale()));
  rig.bought(rig.buy().order, 7, "1.95");
  reborn(rig);
  // Its end is told before the first tick: the program has no window yet and waits for one.
  rig.settle(7, "0.00");
  EXPECT_EQ(variable(rig, "stake"), "1");
  rig.tick("100.04");
  EXPECT_EQ(variable(rig, "stake"), "2.1");
  rig.tick("100.05");
  EXPECT_EQ(staked(rig), usd("2.10"));
}

TEST(Program, ContinuesAfterAKillBetweenResultAndNextPurchase) {
  auto rig = begun(settings_of(martingale()));
  rig.bought(rig.buy().order, 7, "1.95");
  rig.tick("100.04");
  rig.settle(7, "0.00");
  reborn(rig);
  rig.tick("100.05");
  rig.tick("100.06");
  EXPECT_EQ(staked(rig), usd("2.10"));
  reborn(rig);
  EXPECT_EQ(rig.engine->account().unknown_orders, 1);
}

TEST(Program, TheRecordOfAnOrderAndOfItsProgramAreOneWrite) {
  auto rig = begun(settings_of(martingale()));
  const auto order = rig.buy().order;
  rig.bought(order, 7, "1.95");
  rig.tick("100.04");
  rig.settle(7, "0.00");
  // Between the records of an event stands nothing: the journal keeps all of them or none.
  const auto at = [&](std::string_view state) {
    const auto begin = fmt::format("order {} bot {}", order.value, state);
    const auto it =
        std::ranges::find_if(rig.log, [&](const auto& l) { return l.starts_with(begin); });
    EXPECT_NE(it, rig.log.end()) << state;
    return static_cast<std::size_t>(it - rig.log.begin());
  };
  EXPECT_TRUE(rig.log.at(at("intended") + 1).starts_with("strategy bot "));
  EXPECT_TRUE(rig.log.at(at("open") + 1).starts_with("strategy bot "));
  // Of a result the strategy and the day are written first.
  EXPECT_TRUE(rig.log.at(at("settled") - 1).starts_with("day "));
  EXPECT_TRUE(rig.log.at(at("settled") - 2).starts_with("strategy bot "));
}

TEST(Program, WhatWasNeverBoughtIsAskedForByTheNextTick) {
  auto rig = begun(settings_of(martingale()));
  const auto order = rig.buy().order;
  rig.unknown(order);
  for (int i = 0; i < 20; ++i) rig.tick("100.04");
  EXPECT_TRUE(rig.take_buys().empty());
  rig.deadline();  // the purchase window has closed by both clocks
  rig.tick("100.04");
  auto r = rig.empty_report();
  r.since = {0};
  rig.report(r);
  EXPECT_EQ(rig.state(order), OrderState::kAbsent);
  rig.tick("100.05");
  EXPECT_EQ(staked(rig), usd("1.00"));
}

TEST(Program, ALimitDeniesAndTheProgramAsksAgain) {
  auto settings = settings_of(martingale());
  settings.limits.max_stake = usd("2.00");
  auto rig = begun(settings);
  rig.bought(rig.buy().order, 7, "1.95");
  rig.tick("100.04");
  rig.settle(7, "0.00");
  for (int i = 0; i < 4; ++i) rig.tick("100.05");
  EXPECT_TRUE(rig.take_buys().empty());
  EXPECT_EQ(rig.view("bot").status, StrategyStatus::kRunning);
  EXPECT_TRUE(rig.told(EventKind::kOrderDenied));
  settings.limits.max_stake = usd("3.00");
  rig.reconfigure(settings);
  rig.tick("100.06");
  EXPECT_EQ(staked(rig), usd("2.10")) << "the step stayed";
}

TEST(Program, TheSessionStopHaltsItAndResumeBeginsItAnew) {
  auto settings = settings_of(martingale());
  settings.strategies[0].session.stop_loss = usd("2.00");
  auto rig = begun(settings);
  rig.bought(rig.buy().order, 7, "1.95");
  rig.tick("100.04");
  rig.settle(7, "0.00");
  rig.tick("100.05");
  rig.tick("100.06");
  EXPECT_TRUE(rig.take_buys().empty());
  EXPECT_EQ(rig.view("bot").halt_kind, "stop_loss");
  rig.engine->resume("bot", rig.now, rig.actions);
  rig.tick("100.07");
  EXPECT_EQ(staked(rig), usd("1.00"));
}

TEST(Program, ALoopAroundADeniedPurchaseEnds) {
  Parts p;
  p.before = block("controls_whileUntil",
                   field("MODE", "WHILE") + value("BOOL", yes()) + stack("DO", buy("DIGITOVER")));
  auto settings = settings_of(p);
  settings.limits.max_stake = usd("0.50");
  auto rig = begun(settings);
  EXPECT_TRUE(rig.take_buys().empty());
  EXPECT_EQ(rig.view("bot").halt_kind, "script");
  EXPECT_LE(rig.count(EventKind::kSignalDropped) + rig.count(EventKind::kOrderDenied), 1'001)
      << "a denial is dear, so that a loop of them does not hold up others";
}

TEST(Program, VariablesThatNoRecordCanHoldEndIt) {
  Parts p;
  p.before = set("l", block("lists_repeat", value("ITEM", num("1")) + value("NUM", num("100000"))));
  auto rig = begun(settings_of(p));
  for (int i = 0; i < 20; ++i) rig.tick("100.04");
  EXPECT_EQ(rig.view("bot").halt_kind, "script");
  EXPECT_NE(rig.view("bot").reason.view().find("more than 1 MiB"), std::string_view::npos)
      << rig.view("bot").reason.view();
  for (const auto& [name, record] : rig.book.strategies) {
    EXPECT_LT(record.counters.size(), 2U << 20U) << "what it held is not kept";
  }
}

TEST(Program, AProgramThatIsDoneStaysDoneOverARestart) {
  Parts p;
  p.after = block("text_print", value("TEXT", txt("target reached")));
  auto rig = begun(settings_of(p));
  rig.bought(rig.buy().order, 7, "1.95");
  rig.tick("100.04");
  rig.settle(7, "1.95");
  rig.tick("100.05");
  EXPECT_EQ(rig.view("bot").halt_kind, "finished");
  EXPECT_TRUE(rig.told(EventKind::kScriptMessage));
  EXPECT_TRUE(rig.told(EventKind::kStrategyHalted));
  reborn(rig);
  for (int i = 0; i < 3; ++i) rig.tick("100.06");
  EXPECT_TRUE(rig.take_buys().empty());
  EXPECT_EQ(rig.view("bot").halt_kind, "finished");
  rig.engine->resume("bot", rig.now, rig.actions);
  rig.tick("100.07");
  EXPECT_EQ(staked(rig), usd("1.00"));
}

TEST(Program, ARefusalForGoodEndsItAndNamesTheBlock) {
  auto rig = begun(settings_of(martingale()));
  rig.refused(rig.buy().order, "InsufficientBalance", RefusalKind::kForGood);
  const auto view = rig.view("bot");
  EXPECT_EQ(view.halt_kind, "refused");
  rig.tick("100.04");
  EXPECT_TRUE(rig.take_buys().empty());
  const auto program = rig.engine->program("bot");
  ASSERT_TRUE(program);
  EXPECT_NE(program->ended.find("InsufficientBalance"), std::string::npos) << program->ended;
  EXPECT_GT(program->ended_line, 0);
}

TEST(Program, ARefusalThatPassesIsAskedForAgainByTheClock) {
  auto rig = begun(settings_of(martingale()));
  rig.refused(rig.buy().order, "MarketIsClosed", RefusalKind::kClosed);
  EXPECT_TRUE(rig.take_buys().empty());
  rig.run_for(std::chrono::milliseconds(2'400));
  EXPECT_TRUE(rig.take_buys().empty());
  rig.now.venue.s += 2;
  rig.run_for(std::chrono::milliseconds(200));
  EXPECT_EQ(staked(rig), usd("1.00"));
}

TEST(Program, ErrorsBeginTheTradeAnewTenTimes) {
  Parts p;
  p.restart = "TRUE";
  p.before = chain({set("n", block("read_details", field("DETAIL_INDEX", "4"))), buy("DIGITOVER")});
  auto rig = begun(settings_of(p));
  for (int i = 0; i < 12; ++i) rig.tick("100.04");
  EXPECT_TRUE(rig.take_buys().empty());
  EXPECT_EQ(rig.view("bot").halt_kind, "script");
  EXPECT_EQ(rig.count(EventKind::kScriptMessage), 10);
}

TEST(Program, SleepsEndByTheVenuesClock) {
  Parts p;
  p.before = chain({block("timeout", value("SECONDS", num("3"))), buy("DIGITOVER")});
  auto rig = begun(settings_of(p));
  rig.tick("100.04");
  EXPECT_TRUE(rig.take_buys().empty()) << "ticks meanwhile are not seen";
  rig.run_for(std::chrono::milliseconds(900));
  EXPECT_TRUE(rig.take_buys().empty());
  rig.run_for(std::chrono::milliseconds(200));
  EXPECT_EQ(rig.take_buys().size(), 1u) << "three seconds after tick 1004, by our own clock";
}

TEST(Program, ASleepGoesOnOverARestart) {
  Parts p;
  p.before =
      chain({set("n", num("7")), block("timeout", value("SECONDS", num("100"))), buy("DIGITOVER")});
  auto rig = begun(settings_of(p));
  rig.tick("R_100", 1040, "100.04");
  reborn(rig);
  rig.tick("R_100", 1060, "100.05");
  EXPECT_TRUE(rig.take_buys().empty());
  EXPECT_EQ(variable(rig, "n"), "7");
  rig.tick("R_100", 1106, "100.06");
  EXPECT_EQ(rig.take_buys().size(), 1u);
}

TEST(Program, ALongComputationTakesTurnsAndSeesTheTickAfterwards) {
  Parts p;
  // Some 300,000 steps, then the tick that Before sees at its end.
  p.before = chain(
      {set("i", num("0")),
       block("controls_repeat_ext", value("TIMES", num("60000")) +
                                        stack("DO", set("i", arith("ADD", get("i"), num("1"))))),
       set("seen", block("tick")), buy("DIGITOVER")});
  auto rig = begun(settings_of(p));
  EXPECT_TRUE(rig.take_buys().empty()) << "one turn is not enough";
  ASSERT_TRUE(rig.engine->next_deadline());
  EXPECT_LE(*rig.engine->next_deadline(), rig.now.instant) << "it wants to go on at once";
  rig.tick("100.99");
  int turns = 0;
  while (rig.buys.empty() && ++turns < 1000) rig.deadline();
  EXPECT_GT(turns, 3);
  EXPECT_EQ(rig.take_buys().size(), 1u);
  EXPECT_EQ(variable(rig, "seen"), "100.03") << "all reads of a section see one tick";
}

Parts seller() {
  Parts p;
  p.trade_type = "callput";
  p.options = options_block(num("1"), num("5"), "", "m");
  p.before = buy("CALL");
  p.during = when(block("check_sell"), block("sell_at_market"));
  p.after = chain({set("profit", block("read_details", field("DETAIL_INDEX", "4"))), again()});
  return p;
}

execution::ContractReport open_report(const Rig& rig, std::int64_t contract, std::string_view bid) {
  execution::ContractReport r;
  r.contract = {contract};
  r.bid_price = usd(bid);
  r.entry = market::Tick{"R_100", {rig.now.venue.s}, *core::Price::parse("100.04", 2)};
  return r;
}

TEST(Program, SellsAtTheMarketWhereItSaysSo) {
  auto rig = begun(settings_of(seller()));
  rig.bought(rig.buy().order, 7, "1.95");
  rig.tick("100.04");
  EXPECT_TRUE(rig.sells.empty());
  rig.report_contract(open_report(rig, 7, "1.20"));
  ASSERT_EQ(rig.sells.size(), 1u);
  EXPECT_EQ(rig.sells[0].value, 7);
  rig.tick("100.05");
  rig.report_contract(open_report(rig, 7, "1.30"));
  EXPECT_EQ(rig.sells.size(), 1u) << "asked once";
  rig.engine->on_sold({7}, rig.now, rig.actions);
  auto sold = rig.sold_report(7, "1.20");
  sold.status = "sold";
  rig.report_contract(sold);
  rig.tick("100.06");
  EXPECT_EQ(variable(rig, "profit"), "0.2");
}

/// Grows by two per cent a tick; sold as soon as that can be.
Parts grower() {
  Parts p;
  p.trade_type = "accumulator";
  p.options = block(
      "trade_definition_accumulator",
      field("GROWTHRATE_LIST", "0.02") + value("AMOUNT", num("10")) +
          stack("ACCUMULATOR_PARAMS", block("accumulator_take_profit", value("AMOUNT", num("5")))));
  p.before = buy("ACCU");
  p.during = when(block("check_sell"), block("sell_at_market"));
  p.after = chain({set("profit", block("read_details", field("DETAIL_INDEX", "4"))), again()});
  return p;
}

TEST(Program, BuysAnAccumulatorWithItsTerms) {
  auto rig = begun(settings_of(grower()));
  const auto order = rig.buy();
  EXPECT_EQ(market::encode(order.spec), "ACCU R_100 - growth=0.02 take_profit=5.00");
  EXPECT_EQ(order.stake, usd("10.00"));
}

TEST(Program, BuysAMultiplierWithItsTerms) {
  Parts p;
  p.trade_type = "multiplier";
  p.options = block("trade_definition_multiplier",
                    field("MULTIPLIERTYPE_LIST", "100") + value("AMOUNT", num("10")) +
                        stack("MULTIPLIER_PARAMS",
                              chain({block("multiplier_take_profit", value("AMOUNT", num("2"))),
                                     block("multiplier_stop_loss", value("AMOUNT", num("3")))})));
  p.before = buy("MULTDOWN");
  auto rig = begun(settings_of(p));
  EXPECT_EQ(market::encode(rig.buy().spec),
            "MULTDOWN R_100 - multiplier=100 take_profit=2.00 stop_loss=3.00");
}

TEST(Program, SellsAnAccumulatorOnceTheVenueSaysThatItMay) {
  auto rig = begun(settings_of(grower()));
  rig.bought(rig.buy().order, 7);
  rig.tick("100.04");
  auto report = open_report(rig, 7, "10.00");
  report.can_sell = false;  // at its entry tick
  rig.report_contract(report);
  rig.tick("100.05");
  EXPECT_TRUE(rig.sells.empty());
  // A restart meanwhile: what it holds and what it does with it are in the journal.
  reborn(rig);
  rig.tick("100.05");
  report.can_sell = true;
  report.bid_price = usd("10.20");
  rig.report_contract(report);
  ASSERT_EQ(rig.sells.size(), 1u);
  EXPECT_EQ(rig.sells[0].value, 7);
  rig.engine->on_sold({7}, rig.now, rig.actions);
  auto sold = rig.sold_report(7, "10.20");
  sold.status = "sold";
  rig.report_contract(sold);
  rig.tick("100.06");
  EXPECT_EQ(variable(rig, "profit"), "0.2");
}

TEST(Program, ALimitOfDerivdHoldsForAPosition) {
  auto settings = settings_of(grower());
  settings.limits.max_stake = usd("9.99");
  auto rig = begun(settings);
  EXPECT_TRUE(rig.take_buys().empty());
}

TEST(Program, ASaleThatIsRefusedIsTriedAgainAtTheNextUpdate) {
  auto rig = begun(settings_of(seller()));
  rig.bought(rig.buy().order, 7, "1.95");
  rig.tick("100.04");
  rig.report_contract(open_report(rig, 7, "1.20"));
  ASSERT_EQ(rig.sells.size(), 1u);
  rig.engine->on_not_sold({7}, "the market moved", rig.now, rig.actions);
  rig.tick("100.05");
  rig.report_contract(open_report(rig, 7, "1.30"));
  EXPECT_EQ(rig.sells.size(), 2u);
}

TEST(Program, AnotherProgramBeginsWhenNothingIsOpen) {
  auto rig = begun(settings_of(martingale()));
  const auto order = rig.buy().order;
  rig.bought(order, 7, "1.95");
  auto other = martingale();
  other.init = set("stake", num("3"));
  rig.reconfigure(settings_of(other));
  EXPECT_TRUE(rig.view("bot").change_pending);
  rig.settle(7, "0.00");
  rig.tick("100.05");
  rig.tick("100.06");
  EXPECT_EQ(staked(rig), usd("3.00"));
}

TEST(Program, AnotherProgramOfTheSameNameDoesNotTakeOverTheState) {
  auto rig = begun(settings_of(martingale()));
  rig.bought(rig.buy().order, 7, "1.95");
  rig.tick("100.04");
  rig.settle(7, "0.00");
  auto other = martingale();
  other.init = set("stake", num("3"));
  rig.settings = settings_of(other);
  reborn(rig);
  EXPECT_TRUE(rig.told(EventKind::kJournalProblem));
  rig.tick("100.06");
  EXPECT_TRUE(rig.take_buys().empty()) << "without a past Init and Start are at the first tick";
  rig.tick("100.07");
  EXPECT_EQ(staked(rig), usd("3.00"));
}

TEST(Program, ReloadOfTheSameProgramChangesNothing) {
  auto settings = settings_of(martingale());
  auto rig = begun(settings);
  rig.bought(rig.buy().order, 7, "1.95");
  rig.tick("100.04");
  rig.settle(7, "0.00");
  rig.tick("100.05");
  rig.reconfigure(settings_of(martingale()));
  rig.tick("100.06");
  EXPECT_EQ(staked(rig), usd("2.10"));
}

TEST(Program, PricesAreAskedForAndAskedForAgainAfterALostLink) {
  Parts p;
  p.before = when(compare("GT", block("payout", field("PURCHASE_LIST", "DIGITOVER")), num("1.5")),
                  buy("DIGITOVER"));
  auto rig = begun(settings_of(p));
  ASSERT_EQ(rig.quotes.size(), 2u);
  EXPECT_TRUE(rig.take_buys().empty());
  rig.offline();
  rig.live();
  ASSERT_EQ(rig.quotes.size(), 4u);
  for (std::size_t i = 2; i < 4; ++i) {
    Engine::QuoteReply q;
    q.order = rig.quotes[i].order;
    q.quote_id = "q";
    q.ask = usd("1.00");
    q.payout = usd("1.95");
    rig.quote(q);
  }
  EXPECT_TRUE(rig.take_buys().empty());
  rig.tick("100.04");
  EXPECT_EQ(rig.take_buys().size(), 1u);
}

}  // namespace
}  // namespace derivd::engine
