// The run loop, the engine's states, errors and restarts: semantics.md, sections 2 to 8 and 14,
// with the product's contract. Every expected number was worked out by hand.
#include <gtest/gtest.h>

#include "unit/dbot/rig.hpp"

namespace derivd::dbot {
namespace {

using namespace test;

std::string count(const std::string& name) {
  return block("math_change", field("VAR", name) + value("DELTA", num("1")));
}
std::string log_of(const std::string& what) {
  return block("text_append", field("VAR", "log") + value("TEXT", what));
}
std::string mark(const std::string& text) {
  return block("text_append", field("VAR", "log") + value("TEXT", txt(text)));
}
std::string result(const std::string& which) {
  return block("contract_check_result", field("CHECK_RESULT", which));
}
std::string detail(int n) {
  return block("read_details", field("DETAIL_INDEX", std::to_string(n)));
}
std::string sleep(const std::string& seconds, const std::string& inside = {}) {
  return block("timeout", value("SECONDS", num(seconds)) + stack("TIMEOUTSTACK", inside));
}
std::string analysis(const std::string& inside, const std::string& place = {}) {
  return block("tick_analysis", stack("TICKANALYSIS_STACK", inside), place);
}

TEST(Run, BeforeRunsFirstAtTheTickAfterStart) {
  Parts p;
  p.init = set("log", txt(""));
  p.before = mark("b");
  Rig rig(p);
  rig.prime({10'000, 10'001});
  rig.start();
  EXPECT_EQ(rig.var("log"), "");
  rig.tick(10'002);
  EXPECT_EQ(rig.var("log"), "b");
  rig.tick(10'003);
  EXPECT_EQ(rig.var("log"), "bb");
}

TEST(Run, ATradeFromPurchaseToTheNext) {
  Parts p;
  p.init = set("log", txt(""));
  p.options = chain({mark("s"), options_block()});
  p.before = chain({mark("b"), buy("DIGITOVER"), mark("+")});
  p.after = chain({mark("a"), log_of(detail(4)), again()});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  // The rest of Before runs after the purchase.
  EXPECT_EQ(rig.var("log"), "sb+");
  ASSERT_EQ(rig.bought.size(), 1U);
  EXPECT_EQ(rig.bought[0].type, "DIGITOVER");
  EXPECT_EQ(rig.bought[0].stake.to_string(), "1.00");
  EXPECT_EQ(rig.bought[0].prediction, 5);
  EXPECT_EQ(rig.bought[0].duration, 1);
  EXPECT_EQ(rig.bought[0].unit, 't');
  rig.tick(10'002);
  rig.win();
  // After runs at the tick of the end, and trade_again evaluates Start there.
  EXPECT_EQ(rig.var("log"), "sb+a0.95s");
  rig.tick(10'003);
  EXPECT_EQ(rig.var("log"), "sb+a0.95sb+");
  EXPECT_EQ(rig.bought.size(), 2U);
}

TEST(Run, EndsWithoutTradeAgain) {
  Parts p;
  p.after = set("x", num("1"));
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  rig.tick(10'002);
  rig.lose();
  ASSERT_TRUE(rig.stopped);
  EXPECT_EQ(rig.stopped->why, Stopped::Why::kFinished);
  rig.tick(10'003);
  EXPECT_EQ(rig.bought.size(), 1U);
}

TEST(Run, EndsWithoutAnAfterBlock) {
  Parts p;
  p.after = "";
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  rig.tick(10'002);
  rig.win();
  ASSERT_TRUE(rig.stopped);
}

TEST(Run, TradeAgainReturnsFromItsSection) {
  Parts p;
  p.after = chain({again(), count("unreached")});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  rig.tick(10'002);
  rig.win();
  EXPECT_EQ(rig.var("unreached"), "undefined");
  EXPECT_FALSE(rig.stopped);
}

TEST(Run, TradeAgainInsideAFunctionEndsTheFunctionAlone) {
  Parts p;
  p.after = chain({block("procedures_callnoreturn", mutation("name=\"f\"")), set("x", num("1"))});
  p.more = block("procedures_defnoreturn", field("NAME", "f") + stack("STACK", again()));
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  rig.tick(10'002);
  rig.win();
  EXPECT_EQ(rig.var("x"), "1");
  EXPECT_TRUE(rig.stopped);
}

TEST(Run, OnlyTheFirstPurchaseOfAPassCounts) {
  Parts p;
  p.before = chain({buy("DIGITOVER"), buy("DIGITUNDER")});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.asked, 1);
  EXPECT_EQ(rig.machine().total_runs(), 1);
}

TEST(Run, DuringRunsAtUpdatesAndTicks) {
  Parts p;
  p.init = set("log", txt(""));
  p.during = mark("d");
  p.after = chain({mark("a"), again()});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  rig.update(90);  // the first word about the contract
  EXPECT_EQ(rig.var("log"), "d");
  rig.update(91);  // no tick between: it wakes nobody
  EXPECT_EQ(rig.var("log"), "d");
  rig.tick(10'002);
  EXPECT_EQ(rig.var("log"), "dd");
  rig.update(92);
  EXPECT_EQ(rig.var("log"), "ddd");
  rig.tick(10'003);
  rig.win();  // at once, as a tick was seen since the last update
  EXPECT_EQ(rig.var("log"), "dddda");
}

TEST(Run, ASaleWithoutATickSinceTheLastUpdateIsNoticedAtTheNextTick) {
  Parts p;
  p.init = set("log", txt(""));
  p.after = chain({mark("a"), again()});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  rig.update(90);
  rig.win();
  EXPECT_EQ(rig.var("log"), "");
  rig.tick(10'002);
  EXPECT_EQ(rig.var("log"), "a");
}

TEST(Run, SellAtMarket) {
  Parts p;
  p.during =
      when(block("check_sell"), chain({set("gain", block("sell_price")), block("sell_at_market")}));
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  rig.update(130, false);
  EXPECT_EQ(rig.sales, 0);
  rig.tick(10'002);
  rig.update(130, true);
  EXPECT_EQ(rig.sales, 1);
  EXPECT_EQ(rig.var("gain"), "0.3");  // the profit, not the price
}

TEST(Run, SellAtMarketOutsideAContractDoesNothing) {
  Parts p;
  p.before = block("sell_at_market");
  p.more = block("during_purchase", stack("DURING_PURCHASE_STACK", buy("DIGITOVER")));
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.sales, 0);
}

TEST(Run, TickAnalysisRunsOncePerSeenTickBeforeTheSection) {
  Parts p;
  p.init = set("log", txt(""));
  p.before = chain({mark("b"), when(compare("EQ", block("last_digit"), num("2")), sleep("2.5"))});
  p.more = analysis(mark("2"), " y=\"20\"") + analysis(mark("1"), " y=\"10\"");
  Rig rig(p);
  rig.start();
  EXPECT_EQ(rig.var("log"), "12") << "before the first Start";
  rig.tick(10'001);
  EXPECT_EQ(rig.var("log"), "1212b");
  rig.tick(10'002);
  EXPECT_EQ(rig.var("log"), "1212b12b");
  rig.tick(10'003);  // sleeps: never analysed
  rig.tick(10'004);
  EXPECT_EQ(rig.var("log"), "1212b12b");
  rig.tick(10'005);
  EXPECT_EQ(rig.var("log"), "1212b12b12b");
}

TEST(Run, OptionsThatAreNotReachedAreTriedAgainAfterASecond) {
  Parts p;
  p.init = set("go", no());
  p.options = chain({count("passes"), when(get("go"), options_block())});
  p.more = analysis(when(compare("EQ", block("last_digit"), num("3")), set("go", yes())));
  Rig rig(p);
  rig.start();
  EXPECT_EQ(rig.var("passes"), "1");
  rig.tick(10'001);
  EXPECT_EQ(rig.var("passes"), "2");
  rig.tick(10'003);  // the pass of this second comes before its tick
  EXPECT_EQ(rig.var("passes"), "3");
  rig.tick(10'004);
  EXPECT_EQ(rig.var("passes"), "4");
  rig.tick(10'005);
  EXPECT_EQ(rig.bought.size(), 1U);
}

TEST(Run, TheLastOptionsOfAPassCount) {
  Parts p;
  p.options = chain({options_block(num("1")), options_block(num("2"))});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.bought.at(0).stake.to_string(), "2.00");
}

TEST(Run, VariablesLiveFromTradeToTrade) {
  Parts p;
  p.init = set("stake", num("1"));
  p.options = options_block(get("stake"));
  p.after = chain({when(result("loss"), set("stake", arith("MULTIPLY", get("stake"), num("2.1"))),
                        set("stake", num("1"))),
                   again()});
  Rig rig(p);
  rig.start();
  for (int i = 0; i < 3; ++i) {
    rig.tick(10'001);
    rig.tick(10'002);
    rig.lose();
  }
  rig.tick(10'001);
  EXPECT_EQ(rig.bought[1].stake.to_string(), "2.10");
  EXPECT_EQ(rig.bought[2].stake.to_string(), "4.41");
  EXPECT_EQ(rig.bought[3].stake.to_string(), "9.26");  // 9.261, a double until Bot.start
}

TEST(Run, ResultsDetailsAndTotals) {
  Parts p;
  p.init = set("log", txt(""));
  std::vector<std::string> after;
  for (int i = 1; i <= 13; ++i) after.push_back(chain({log_of(detail(i)), mark("|")}));
  std::vector<std::string> flat;
  for (int i = 1; i <= 13; ++i) {
    flat.push_back(log_of(detail(i)));
    flat.push_back(mark("|"));
  }
  flat.push_back(set("profit", block("total_profit")));
  flat.push_back(set("profit text", block("total_profit_string")));
  flat.push_back(set("runs", block("total_runs")));
  flat.push_back(set("won", result("win")));
  flat.push_back(again());
  p.after = chain(flat);
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  rig.tick(10'002);
  rig.win();
  EXPECT_EQ(rig.var("log"),
            "101|1|1.95|0.95|DIGITOVER|00:00:02|123.4|00:00:02|123.45|0|win|undefined|undefined|");
  EXPECT_EQ(rig.var("profit"), "0.95");
  EXPECT_EQ(rig.var("profit text"), "0.95");
  EXPECT_EQ(rig.var("runs"), "1");
  EXPECT_EQ(rig.var("won"), "true");
  rig.tick(10'003);
  rig.tick(10'004);
  rig.lose();
  EXPECT_EQ(rig.var("profit"), "-0.05");
  EXPECT_EQ(rig.var("won"), "false");
}

TEST(Run, BinaryBotHasTwoDetailsMore) {
  Parts p;
  p.native = false;
  p.binary = true;
  p.after = chain({set("entry", detail(12)), set("exit", detail(13)), again()});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  rig.tick(10'002);
  rig.win();
  EXPECT_EQ(rig.var("entry"), "123.40");
  EXPECT_EQ(rig.var("exit"), "123.45");
}

TEST(Run, AProfitOfZeroIsAWin) {
  Parts p;
  p.after = chain({set("won", result("win")), set("lost", result("loss")), again()});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  rig.tick(10'002);
  rig.end(100);
  EXPECT_EQ(rig.var("won"), "true");
  EXPECT_EQ(rig.var("lost"), "false");
}

// -- waiting ------------------------------------------------------------------------------------

TEST(Waiting, ATimeoutBlocksTheProgramAndTicksAreLost) {
  Parts p;
  p.init = set("log", txt(""));
  p.before = chain({mark("b"), sleep("1.5", mark("i")), mark("e")});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.var("log"), "b");
  rig.tick(10'002);
  EXPECT_EQ(rig.var("log"), "b");
  rig.wait(600);
  EXPECT_EQ(rig.var("log"), "bie");
  rig.tick(10'003);
  EXPECT_EQ(rig.var("log"), "bieb");
}

TEST(Waiting, AWaitThatEndsWithATickIsOverBeforeIt) {
  Parts p;
  p.before = chain({count("n"), sleep("1")});
  Rig rig(p);
  rig.start();
  for (int i = 0; i < 5; ++i) rig.tick(10'001 + i);
  EXPECT_EQ(rig.var("n"), "5");
}

TEST(Waiting, ATimeoutOfZeroSeesEveryTick) {
  Parts p;
  p.before = block(
      "controls_whileUntil",
      field("MODE", "WHILE") + value("BOOL", compare("NEQ", block("last_digit"), num("4"))) +
          stack("DO", chain({when(compare("NEQ", block("last_digit"), get("seen")), count("n")),
                             set("seen", block("last_digit")), sleep("0")})));
  Rig rig(p);
  rig.start();
  for (const int c : {10'001, 10'002, 10'003, 10'004}) rig.tick(c);
  EXPECT_EQ(rig.var("n"), "3");
}

TEST(Waiting, TickDelayCountsFurtherTicks) {
  Parts p;
  p.init = set("log", txt(""));
  p.before = chain({mark("b"), block("tick_delay", value("TICKDELAYVALUE", num("2")) +
                                                       stack("TICKDELAYSTACK", mark("i")))});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  rig.tick(10'002);
  EXPECT_EQ(rig.var("log"), "b");
  rig.tick(10'003);
  EXPECT_EQ(rig.var("log"), "bi");
  rig.tick(10'004);
  EXPECT_EQ(rig.var("log"), "bib");
}

TEST(Waiting, TickDelayOfNothingDoesNotWaitAndOfATextWaitsForEver) {
  Parts p;
  p.before = chain({block("tick_delay", value("TICKDELAYVALUE", num("0"))), count("n"),
                    block("tick_delay", value("TICKDELAYVALUE", txt("1"))), count("never")});
  Rig rig(p);
  rig.start();
  for (int i = 0; i < 5; ++i) rig.tick(10'001 + i);
  EXPECT_EQ(rig.var("n"), "1");
  EXPECT_EQ(rig.var("never"), "undefined");
  EXPECT_EQ(rig.messages.size(), 1U);
}

TEST(Waiting, AContractThatEndsWhileBeforeSleepsIsFollowedByAfter) {
  Parts p;
  p.init = set("log", txt(""));
  p.before = chain({buy("DIGITOVER"), sleep("3.5"), mark("b")});
  p.after = chain({mark("a"), again()});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  rig.tick(10'002);
  rig.win();
  EXPECT_EQ(rig.var("log"), "");
  rig.tick(10'003);
  rig.tick(10'004);
  rig.tick(10'005);
  EXPECT_EQ(rig.var("log"), "ba");
}

// -- messages -----------------------------------------------------------------------------------

TEST(Messages, AreJournalLinesAndTakeNoTime) {
  Parts p;
  const auto notify = [](const std::string& kind, const std::string& what) {
    return block("notify", field("NOTIFICATION_TYPE", kind) +
                               field("NOTIFICATION_SOUND", "silent") + value("MESSAGE", what));
  };
  p.before = chain({notify("warn", txt("w")), notify("success", get("nothing")),
                    block("text_print", value("TEXT", list({num("1"), num("2")}))),
                    block("console", field("CONSOLE_TYPE", "log") + value("MESSAGE", num("7"))),
                    notify("info", block("tick")), block("notify"),
                    block("money8gg_print", value("TEXT", txt("m"))), buy("DIGITOVER")});
  Rig rig(p);
  rig.start();
  rig.tick(10'010);
  using Kind = Message::Kind;
  std::vector<std::pair<Message::Kind, std::string>> seen;
  for (const auto& m : rig.full_messages) seen.emplace_back(m.kind, m.text);
  const std::vector<std::pair<Message::Kind, std::string>> expected{
      {Kind::kWarn, "w"},      {Kind::kWarn, "the variable nothing is undefined"},
      {Kind::kAlert, "1,2"},   {Kind::kConsole, "7"},
      {Kind::kInfo, "100.10"}, {Kind::kSuccess, "<empty message>"},
      {Kind::kAlert, "m"}};
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(rig.bought.size(), 1U);
}

TEST(Messages, TelegramAndWebhookAreToldWithoutTheirSecrets) {
  Parts p;
  p.before = chain(
      {block("notify_telegram", value("TELEGRAM_ACCESS_TOKEN", txt("t0ken")) +
                                    value("TELEGRAM_CHAT_ID", txt("5")) +
                                    value("TELEGRAM_MESSAGE", txt("hello"))),
       block("notify_telegram", value("TELEGRAM_ACCESS_TOKEN", txt("")) +
                                    value("TELEGRAM_CHAT_ID", txt("5")) +
                                    value("TELEGRAM_MESSAGE", txt("unsent"))),
       block("webhook", value("WEBHOOK_URL", txt("https://example.invalid")) +
                            value("ADD0", block("key_value_pair",
                                                field("KEY", "k") + value("VALUE", num("1"))))),
       buy("DIGITOVER")});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.messages, (std::vector<std::string>{"hello", "k=1"}));
}

TEST(Messages, AFloodIsCut) {
  Parts p;
  p.before =
      block("controls_repeat_ext",
            value("TIMES", num("1000")) + stack("DO", block("notify", value("MESSAGE", txt("x")))));
  p.more = block("during_purchase", stack("DURING_PURCHASE_STACK", buy("DIGITOVER")));
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.messages.size(), static_cast<std::size_t>(kMaxMessages) + 1);
  rig.tick(10'002);
  EXPECT_GT(rig.messages.size(), static_cast<std::size_t>(kMaxMessages) + 1);
}

// -- errors and restarts ------------------------------------------------------------------------

TEST(Errors, EndTheRunWhereRestartIsOff) {
  Parts p;
  p.before = set("x", block("lists_length", value("VALUE", null())));
  p.more = block("during_purchase", stack("DURING_PURCHASE_STACK", buy("DIGITOVER")));
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  ASSERT_TRUE(rig.stopped);
  EXPECT_EQ(rig.stopped->why, Stopped::Why::kScript);
  EXPECT_GT(rig.stopped->line, 0);
}

TEST(Errors, RestartBringsBackTheVariablesOfTheLastStart) {
  Parts p;
  p.restart = "TRUE";
  p.init = chain({set("l", list({num("1")})), set("n", num("0"))});
  p.before = chain({count("n"),
                    block("lists_setIndex", field("MODE", "INSERT") + field("WHERE", "LAST") +
                                                value("LIST", get("l")) + value("TO", num("9"))),
                    when(compare("LT", block("last_digit"), num("3")),
                         set("x", block("lists_length", value("VALUE", null())))),
                    buy("DIGITOVER")});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.var("n"), "0") << "the variables are those of Bot.start";
  EXPECT_EQ(rig.var("l"), "1") << "lists too, deeply";
  rig.tick(10'002);
  EXPECT_FALSE(rig.stopped);
  rig.tick(10'003);
  EXPECT_EQ(rig.var("n"), "1");
  EXPECT_EQ(rig.var("l"), "1,9");
  EXPECT_EQ(rig.bought.size(), 1U);
}

TEST(Errors, TenRestartsWithoutACompletedTradeAreTheEnd) {
  Parts p;
  p.restart = "TRUE";
  p.before = chain({set("x", block("lists_length", value("VALUE", null()))), buy("DIGITOVER")});
  Rig rig(p);
  rig.start();
  for (int i = 0; i < 10; ++i) rig.tick(10'001);
  EXPECT_FALSE(rig.stopped);
  rig.tick(10'001);
  ASSERT_TRUE(rig.stopped);
  EXPECT_EQ(rig.stopped->why, Stopped::Why::kScript);
}

TEST(Errors, ACompletedTradeCountsRestartsAnew) {
  Parts p;
  p.restart = "TRUE";
  p.before = chain({when(compare("LT", block("last_digit"), num("5")),
                         set("x", block("lists_length", value("VALUE", null())))),
                    buy("DIGITOVER")});
  Rig rig(p);
  rig.start();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 9; ++i) rig.tick(10'001);
    rig.tick(10'009);
    rig.tick(10'008);
    rig.win();
  }
  EXPECT_FALSE(rig.stopped);
  EXPECT_EQ(rig.bought.size(), 3U);
}

TEST(Errors, ARestartWaitsForTheEndOfAnOpenContract) {
  Parts p;
  p.restart = "TRUE";
  p.during = when(compare("EQ", block("last_digit"), num("2")),
                  set("x", block("lists_length", value("VALUE", null()))));
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  rig.update(90);
  rig.tick(10'002);
  rig.tick(10'003);
  EXPECT_EQ(rig.bought.size(), 1U) << "no second contract beside the first";
  rig.lose();
  EXPECT_EQ(rig.machine().total_profit(), -1) << "what it lost counts";
  rig.tick(10'004);
  EXPECT_EQ(rig.bought.size(), 2U);
}

TEST(Errors, BeforeTheFirstStartNothingIsBegunAnew) {
  Parts p;
  p.restart = "TRUE";
  p.init = set("x", block("total_profit"));
  Rig rig(p);
  rig.start();
  ASSERT_TRUE(rig.stopped);
}

TEST(Errors, ABadStakeIsRefusedHereAndForGood) {
  for (const auto& amount : {undef(), num("0"), num("-1"), txt("x"), num("0.004")}) {
    Parts p;
    p.restart = "TRUE";
    p.options = options_block(amount);
    Rig rig(p);
    rig.start();
    rig.tick(10'001);
    ASSERT_TRUE(rig.stopped) << amount;
    EXPECT_EQ(rig.stopped->why, Stopped::Why::kRefused);
    EXPECT_EQ(rig.asked, 0);
  }
}

TEST(Errors, ABadDurationOrPredictionLikewise) {
  for (const auto& options :
       {options_block(num("1"), num("0")), options_block(num("1"), num("1.5")),
        options_block(num("1"), num("1"), value("PREDICTION", num("11"))),
        options_block(num("1"), num("1"), value("PREDICTION", txt(""))),
        options_block(num("1"), num("1"), "")}) {
    Parts p;
    p.options = options;
    Rig rig(p);
    rig.start();
    rig.tick(10'001);
    const bool empty_text = options.find("field name=\"TEXT\"") != std::string::npos;
    // An empty text is the number 0, which is a digit.
    EXPECT_EQ(rig.stopped.has_value(), !empty_text) << options;
  }
}

TEST(Errors, BinaryBotChecksAtStart) {
  Parts p;
  p.native = false;
  p.binary = true;
  p.options = options_block(num("1"), num("1.5"), "", "t", "tradeOptions");
  Rig rig(p);
  rig.start();
  ASSERT_TRUE(rig.stopped);
  EXPECT_NE(rig.stopped->text.find("PositiveIntegerExpected"), std::string::npos);
}

TEST(Refusals, AreRetriedByTheirCode) {
  Parts p;
  Rig rig(p);
  rig.refusals = {{"MarketIsClosed", "closed"}, {"MarketIsClosed", "closed"}};
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.asked, 1);
  rig.tick(10'002);
  rig.tick(10'003);
  EXPECT_EQ(rig.asked, 1);
  rig.tick(10'004);  // after 2.5 s
  EXPECT_EQ(rig.asked, 2);
  for (int i = 0; i < 4; ++i) rig.tick(10'005);
  EXPECT_EQ(rig.asked, 2);
  rig.tick(10'006);  // after 5 s
  EXPECT_EQ(rig.asked, 3);
  EXPECT_EQ(rig.bought.size(), 1U);
}

TEST(Refusals, EndTheRunWhereTheyAreForGood) {
  Parts p;
  p.restart = "TRUE";
  Rig rig(p);
  rig.refusals = {{"InsufficientBalance", "no money"}};
  rig.start();
  rig.tick(10'001);
  ASSERT_TRUE(rig.stopped);
  EXPECT_EQ(rig.stopped->why, Stopped::Why::kRefused);
}

TEST(Refusals, OfAnyOtherKindBeginTheTradeAnew) {
  Parts p;
  p.restart = "TRUE";
  Rig rig(p);
  rig.refusals = {{"SomethingElse", "?"}};
  rig.start();
  rig.tick(10'001);
  EXPECT_FALSE(rig.stopped);
  rig.tick(10'002);
  EXPECT_EQ(rig.bought.size(), 1U);
}

TEST(Refusals, TheTimeMachineRollsBackAndRunsBeforeAtOnce) {
  Parts p;
  p.machine = "TRUE";
  p.init = set("n", num("0"));
  p.before = chain({count("n"), buy("DIGITOVER")});
  Rig rig(p);
  rig.refusals = {{"PriceMoved", "moved"}};
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.asked, 1);
  rig.wait(20);
  EXPECT_EQ(rig.asked, 2);
  EXPECT_EQ(rig.var("n"), "1") << "rolled back before it ran again";
  EXPECT_EQ(rig.bought.size(), 1U);
}

TEST(Refusals, ADeniedPurchaseIsAsIfItHadNotStoodThere) {
  Parts p;
  p.before = chain({buy("DIGITOVER"), count("n")});
  Rig rig(p);
  rig.deny = true;
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.var("n"), "1");
  EXPECT_EQ(rig.machine().total_runs(), 0);
  rig.deny = false;
  rig.tick(10'002);
  EXPECT_EQ(rig.bought.size(), 1U);
}

// -- budgets ------------------------------------------------------------------------------------

TEST(Budgets, EndlessLoopsEnd) {
  const auto forever = block("controls_whileUntil", field("MODE", "WHILE") + value("BOOL", yes()) +
                                                        stack("DO", count("n")));
  {
    Parts p;
    p.before = chain({forever, buy("DIGITOVER")});
    Rig rig(p);
    rig.start();
    rig.tick(10'001);
    ASSERT_TRUE(rig.stopped);
    EXPECT_EQ(rig.stopped->text, "Infinite loop detected");
  }
  Parts p;
  p.native = false;
  p.binary = true;
  p.before = chain({forever, buy("DIGITOVER")});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  ASSERT_TRUE(rig.stopped);
  EXPECT_NE(rig.stopped->text.find("1,000,000 steps"), std::string::npos);
}

TEST(Budgets, RecursionListsAndTextsAreBounded) {
  const auto call = block("procedures_callnoreturn", mutation("name=\"f\""));
  const auto recursion = block("procedures_defnoreturn", field("NAME", "f") + stack("STACK", call));
  const auto grow = [](const std::string& body) {
    return block("controls_whileUntil",
                 field("MODE", "WHILE") + value("BOOL", yes()) + stack("DO", body));
  };
  const std::vector<std::pair<std::string, std::string>> cases{
      {call, recursion},
      {chain({set("t", txt("x")), grow(set("t", arith("ADD", get("t"), get("t"))))}), ""},
      {set("l", block("lists_repeat", value("ITEM", num("1")) + value("NUM", num("1e9")))), ""},
      {chain({set("l", list({})),
              grow(set("l",
                       list({get("l"), block("lists_repeat", value("ITEM", num("1")) +
                                                                 value("NUM", num("150000")))})))}),
       ""}};
  for (const auto& [before, more] : cases) {
    Parts p;
    p.before = chain({before, buy("DIGITOVER")});
    p.more = more;
    Rig rig(p);
    rig.start();
    rig.tick(10'001);
    EXPECT_TRUE(rig.stopped) << before;
  }
}

// -- loops, functions, variables ------------------------------------------------------------------

std::string for_loop(const std::string& from, const std::string& to, const std::string& by,
                     const std::string& inside) {
  return block("controls_for", field("VAR", "i") + value("FROM", from) + value("TO", to) +
                                   value("BY", by) + stack("DO", inside));
}

TEST(Loops, CountRepeatAndWalk) {
  const auto empty = set("log", txt(""));
  const auto break_at = [](const std::string& n, const std::string& flow) {
    return when(compare("EQ", get("i"), num(n)),
                block("controls_flow_statements", field("FLOW", flow)));
  };
  struct Case {
    std::string loop;
    std::string log;
  };
  const std::vector<Case> cases{
      {for_loop(num("1"), num("3"), num("1"), log_of(get("i"))), "123"},
      {for_loop(num("3"), num("1"), num("1"), log_of(get("i"))), "321"},
      {for_loop(num("1"), num("5"), num("-2"), log_of(get("i"))), "135"},
      {for_loop(num("1"), num("3"), num("1"), chain({break_at("2", "BREAK"), log_of(get("i"))})),
       "1"},
      {for_loop(num("1"), num("3"), num("1"), chain({break_at("2", "CONTINUE"), log_of(get("i"))})),
       "13"},
      {block("controls_repeat_ext", value("TIMES", num("2")) + stack("DO", mark("x"))), "xx"},
      {block("controls_repeat", field("TIMES", "3") + stack("DO", mark("x"))), "xxx"},
      {block("controls_repeat_inf", stack("DO", chain({mark("x"), block("controls_flow_statements",
                                                                        field("FLOW", "BREAK"))}))),
       "x"},
      {block("controls_whileUntil", field("MODE", "UNTIL") +
                                        value("BOOL", compare("EQ", get("n"), num("2"))) +
                                        stack("DO", chain({count("n"), mark("x")}))),
       "xx"},
      {block("controls_forEach", field("VAR", "i") + value("LIST", list({txt("a"), txt("b")})) +
                                     stack("DO", log_of(get("i")))),
       "ab"},
      {block("controls_forEach",
             field("VAR", "i") + value("LIST", undef()) + stack("DO", mark("x"))),
       ""},
  };
  for (const auto& c : cases)
    EXPECT_EQ(evaluate(get("log"), chain({empty, c.loop})), c.log) << c.loop;
}

TEST(Loops, BranchesBeyondTheMutationAreDropped) {
  Parts p;
  p.init = block("controls_if",
                 mutation("elseif=\"1\"") + value("IF0", no()) + stack("DO0", set("x", num("0"))) +
                     value("IF1", no()) + stack("DO1", set("x", num("1"))) + value("IF2", yes()) +
                     stack("DO2", set("x", num("2"))) + stack("ELSE", set("x", num("3"))));
  Rig rig(p);
  rig.start();
  EXPECT_EQ(rig.var("x"), "undefined");
  EXPECT_EQ(rig.import().counts.dropped, 5);
}

TEST(Loops, ElseIfIsTakenInItsTurn) {
  Parts p;
  p.init = block("controls_if", mutation("elseif=\"1\" else=\"1\"") + value("IF0", no()) +
                                    value("IF1", yes()) + stack("DO1", set("x", num("1"))) +
                                    stack("ELSE", set("x", num("3"))));
  Rig rig(p);
  rig.start();
  EXPECT_EQ(rig.var("x"), "1");
}

TEST(Functions, HaveParametersOfTheirOwn) {
  Parts p;
  p.init = chain(
      {set("a", num("1")),
       set("r", block("procedures_callreturn", mutation("name=\"f\"", "<arg name=\"a\"></arg>") +
                                                   value("ARG0", num("5"))))});
  p.more = block("procedures_defreturn",
                 mutation("", "<arg name=\"a\" varid=\"v\"></arg>") + field("NAME", "f") +
                     stack("STACK", set("a", arith("ADD", get("a"), num("1")))) +
                     value("RETURN", get("a")));
  Rig rig(p);
  rig.start();
  EXPECT_EQ(rig.var("r"), "6");
  EXPECT_EQ(rig.var("a"), "1") << "assigning to a parameter leaves the global";
}

TEST(Functions, MissingArgumentsAreNullAndMissingFunctionsEmpty) {
  Parts p;
  p.init = chain(
      {set("r", block("procedures_callreturn", mutation("name=\"f\"", "<arg name=\"a\"></arg>"))),
       set("s", block("procedures_callreturn", mutation("name=\"absent\""))),
       block("procedures_callnoreturn",
             mutation("name=\"absent\"", "<arg name=\"a\"></arg>") + value("ARG0", num("1")))});
  p.more = block("procedures_defreturn", mutation("", "<arg name=\"a\"></arg>") +
                                             field("NAME", "f") + value("RETURN", get("a")));
  Rig rig(p);
  rig.start();
  EXPECT_EQ(rig.var("r"), "null");
  EXPECT_EQ(rig.var("s"), "undefined");
}

TEST(Functions, MayReturnEarlyAndCallThemselves) {
  const auto call = [](const std::string& n) {
    return block("procedures_callreturn",
                 mutation("name=\"fac\"", "<arg name=\"n\"></arg>") + value("ARG0", n));
  };
  Parts p;
  p.init = set("r", call(num("5")));
  p.more = block(
      "procedures_defreturn",
      mutation("", "<arg name=\"n\"></arg>") + field("NAME", "fac") +
          stack("STACK", block("procedures_ifreturn",
                               mutation("value=\"1\"") +
                                   value("CONDITION", compare("LTE", get("n"), num("1"))) +
                                   value("VALUE", num("1")))) +
          value("RETURN", arith("MULTIPLY", get("n"), call(arith("MINUS", get("n"), num("1"))))));
  Rig rig(p);
  rig.start();
  EXPECT_EQ(rig.var("r"), "120");
}

TEST(Variables, AreKnownByTheirIdAndKeepTheirCase) {
  const std::string variables =
      "<variables><variable id=\"a\">Stake</variable><variable "
      "id=\"b\">stake</variable></variables>";
  Parts p;
  p.init = chain({"<block type=\"variables_set\"><field name=\"VAR\" id=\"a\">other</field>" +
                      value("VALUE", num("1")) + "</block>",
                  "<block type=\"variables_set\"><field name=\"VAR\" id=\"b\">stake</field>" +
                      value("VALUE", num("2")) + "</block>"});
  auto xml = program(p);
  xml.insert(xml.find('>') + 1, variables);
  Rig rig(xml);
  rig.start();
  EXPECT_EQ(rig.var("Stake"), "1");
  EXPECT_EQ(rig.var("stake"), "2");
}

// -- options --------------------------------------------------------------------------------------

TEST(Options, BarriersMultipliersAndAccumulators) {
  {
    Parts p;
    p.trade_type = "higherlower";
    p.options = block("trade_definition_tradeoptions",
                      mutation("has_first_barrier=\"true\"") + field("DURATIONTYPE_LIST", "m") +
                          field("BARRIEROFFSETTYPE_LIST", "-") + value("DURATION", num("5")) +
                          value("AMOUNT", num("1")) + value("BARRIEROFFSET", num("0.37")));
    p.before = buy("PUT");
    Rig rig(p);
    rig.start();
    rig.tick(10'001);
    EXPECT_EQ(rig.bought.at(0).barrier, "-0.37");
    EXPECT_EQ(rig.bought.at(0).unit, 'm');
    EXPECT_EQ(rig.bought.at(0).prediction, std::nullopt);
  }
  {
    Parts p;
    p.trade_type = "multiplier";
    p.options = block("trade_definition_multiplier",
                      field("MULTIPLIERTYPE_LIST", "100") + value("AMOUNT", num("10")) +
                          stack("MULTIPLIER_PARAMS",
                                chain({block("multiplier_take_profit", value("AMOUNT", num("2"))),
                                       block("multiplier_stop_loss", value("AMOUNT", num("3")),
                                             " disabled=\"true\"")})));
    p.before = buy("MULTUP");
    Rig rig(p);
    rig.start();
    rig.tick(10'001);
    EXPECT_EQ(rig.bought.at(0).multiplier, 100);
    EXPECT_EQ(rig.bought.at(0).take_profit->to_string(), "2.00");
    EXPECT_FALSE(rig.bought.at(0).stop_loss);
    EXPECT_EQ(rig.bought.at(0).duration, 0);
  }
  {
    Parts p;
    p.trade_type = "accumulator";
    p.options = block("trade_definition_accumulator",
                      field("GROWTHRATE_LIST", "0.03") + value("AMOUNT", num("10")) +
                          stack("ACCUMULATOR_PARAMS",
                                block("accumulator_take_profit", value("AMOUNT", num("1.5")))));
    p.before = buy("ACCU");
    Rig rig(p);
    rig.start();
    rig.tick(10'001);
    EXPECT_EQ(rig.bought.at(0).growth, 0.03);
    EXPECT_EQ(rig.bought.at(0).take_profit->to_string(), "1.50");
  }
}

TEST(Options, AMultiplierStopLossIsALimit) {
  Parts p;
  p.trade_type = "multiplier";
  p.options = block(
      "trade_definition_multiplier",
      field("MULTIPLIERTYPE_LIST", "20") + value("AMOUNT", num("10")) +
          stack("MULTIPLIER_PARAMS", block("multiplier_stop_loss", value("AMOUNT", num("3")))));
  p.before = buy("MULTDOWN");
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.bought.at(0).stop_loss->to_string(), "3.00");
}

TEST(Options, APayoutMayBeTheBasis) {
  Parts p;
  p.options = options_block(num("10"), num("1"), value("PREDICTION", num("5")), "t",
                            "trade_definition_tradeoptions_payout");
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  EXPECT_TRUE(rig.bought.at(0).basis_payout);
}

TEST(Options, PricesAreAskedForWhereTheyAreRead) {
  Parts p;
  const auto price = [](const std::string& type) {
    return block(type, field("PURCHASE_LIST", "DIGITOVER"));
  };
  p.before =
      chain({set("pays", price("payout")), set("asks", price("ask_price")), buy("DIGITOVER")});
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.var("pays"), "1.95");
  EXPECT_EQ(rig.var("asks"), "1");
}

TEST(Options, AVendorsPurchaseHasAPredictionOfItsOwn) {
  Parts p;
  p.before = when(yes(), block("apollo_purchase2", field("PURCHASE_LIST", "DIGITUNDER") +
                                                       value("PREDICTION", num("7"))));
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.bought.at(0).type, "DIGITUNDER");
  EXPECT_EQ(rig.bought.at(0).prediction, 7);
}

TEST(Options, AVendorsStopEndsTheRun) {
  Parts p;
  p.before =
      when(compare("EQ", block("last_digit"), num("1")), block("trade_stop"), buy("DIGITOVER"));
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  ASSERT_TRUE(rig.stopped);
  EXPECT_EQ(rig.stopped->why, Stopped::Why::kFinished);
}

// -- Binary Bot -----------------------------------------------------------------------------------

TEST(BinaryBot, TheOlderMarketBlockMovesWhatIsBesideItToTheStart) {
  const std::string xml =
      "<xml>" +
      block("trade",
            stack("SUBMARKET",
                  chain({set("n", num("5")),
                         block("market",
                               field("SYMBOL_LIST", "R_50") + field("TRADETYPE_LIST", "evenodd") +
                                   field("TYPE_LIST", "both") + field("DURATIONTYPE_LIST", "t") +
                                   value("DURATION", num("5")) + value("AMOUNT", get("n")))}))) +
      block("before_purchase", stack("BEFOREPURCHASE_STACK", buy("DIGITEVEN"))) +
      block("after_purchase", stack("AFTERPURCHASE_STACK", chain({count("n"), again()}))) +
      "</xml>";
  Rig rig(xml);
  EXPECT_EQ(rig.import().symbol, "R_50");
  rig.start();
  rig.tick(10'001);
  rig.tick(10'002);
  rig.win();
  rig.tick(10'003);
  EXPECT_EQ(rig.bought.at(0).stake.to_string(), "5.00");
  EXPECT_EQ(rig.bought.at(1).stake.to_string(), "6.00") << "not set again at every trade";
}

TEST(BinaryBot, TheFirstVersionHadOtherNames) {
  const std::string xml =
      "<xml>" +
      block("trade",
            stack("SUBMARKET",
                  block("r_100",
                        stack("CONDITION", block("evenodd", field("DURATIONTYPE_LIST", "t") +
                                                                value("DURATION", num("5")) +
                                                                value("AMOUNT", num("1"))))))) +
      block("on_strategy", stack("STRATEGY_STACK", buy("DIGITODD"))) +
      block("on_finish", stack("FINISH_STACK", again())) + "</xml>";
  Rig rig(xml);
  EXPECT_EQ(rig.import().symbol, "R_100");
  EXPECT_EQ(rig.import().dialect, "Binary Bot v1");
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.bought.at(0).type, "DIGITODD");
}

// -- a saved program ------------------------------------------------------------------------------

TEST(Saved, AProgramGoesOnWhereItWas) {
  Parts p;
  p.restart = "TRUE";
  p.init = chain({set("stake", num("1")), set("l", list({num("1"), txt("a \xc3\xa4"), null()})),
                  block("lists_setIndex", field("MODE", "INSERT") + field("WHERE", "LAST") +
                                              value("LIST", get("l")) + value("TO", get("l"))),
                  set("m", get("l"))});
  p.options = options_block(get("stake"));
  p.before =
      chain({sleep("1.5"), buy("DIGITOVER"),
             block("lists_setIndex", field("MODE", "SET") + field("WHERE", "FIRST") +
                                         value("LIST", get("m")) + value("TO", get("stake")))});
  p.after = chain(
      {when(result("loss"), set("stake", arith("MULTIPLY", get("stake"), num("3")))), again()});
  Rig first(p);
  first.start();
  first.tick(10'001);  // sleeps
  const auto asleep = first.machine().save();

  Machine second(first.import().program, {});
  for (int i = 0; i < 2; ++i) second.prime({Rig::kFirst + i}, core::Price::raw(10'000, 2));
  ASSERT_TRUE(second.load(asleep).has_value());
  EXPECT_EQ(second.save(), asleep);
  std::vector<Wish> out;
  ASSERT_TRUE(second.next_deadline());
  second.on_time(*second.next_deadline(), out);
  ASSERT_EQ(out.size(), 1U);
  ASSERT_TRUE(std::holds_alternative<Buy>(out[0]));
  EXPECT_TRUE(second.waits_for_purchase());

  // Between a purchase and its answer, too.
  const auto asking = second.save();
  Machine third(first.import().program, {});
  third.prime({Rig::kFirst + 1}, core::Price::raw(10'000, 2));
  ASSERT_TRUE(third.load(asking).has_value());
  out.clear();
  third.opened({7, core::Money::minor(100)}, (Rig::kFirst + 3) * 1000, out);
  third.on_tick({Rig::kFirst + 4}, core::Price::raw(10'004, 2), (Rig::kFirst + 4) * 1000, out);
  Ended lost;
  lost.sell_price = core::Money::minor(0);
  third.ended(lost, (Rig::kFirst + 4) * 1000, out);
  EXPECT_EQ(third.variable("stake"), "3");
  EXPECT_EQ(third.variable("l"), "1,a \xc3\xa4,,") << "m and l are one list still";
  EXPECT_EQ(third.total_runs(), 1);
  EXPECT_EQ(third.total_profit(), -1);
}

TEST(Saved, AnythingElseIsRefused) {
  Parts p;
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  const auto good = rig.machine().save();
  Parts other = p;
  other.init = set("x", num("1"));
  const auto import = import_program(program(other));
  Machine wrong(import.program, {});
  EXPECT_FALSE(wrong.load(good).has_value());
  for (std::size_t size = 0; size < good.size(); ++size) {
    Machine m(rig.import().program, {});
    EXPECT_FALSE(m.load(good.substr(0, size)).has_value()) << size;
  }
  Machine m(rig.import().program, {});
  EXPECT_FALSE(m.load(good + " 1").has_value());
}

}  // namespace
}  // namespace derivd::dbot
