// Each oddity of Deriv Bot that semantics.md marks, and each decision of its section 14, in a test
// named for it: Quirk by section, Decision by number. Where a room above decides, the test stands
// there; the list at the end holds all of them to a test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "dbot/number.hpp"
#include "unit/dbot/rig.hpp"

namespace derivd::dbot {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string count(const std::string& name) {
  return block("math_change", field("VAR", name) + value("DELTA", num("1")));
}
std::string detail(const std::string& n) { return block("read_details", field("DETAIL_INDEX", n)); }
/// The length of null: an error of the script.
std::string broken() { return set("x", block("lists_length", value("VALUE", null()))); }
std::string joined(const std::vector<std::string>& items) {
  std::vector<std::string> blocks;
  for (const auto& i : items) blocks.push_back(block("text_statement", value("TEXT", i)));
  return block("text_join", field("VARIABLE", "t") + stack("STACK", chain(blocks)));
}
std::string joined_value(const std::vector<std::string>& items) {
  std::string inside = mutation("items=\"" + std::to_string(items.size()) + "\"");
  for (std::size_t i = 0; i < items.size(); ++i) {
    inside += value("ADD" + std::to_string(i), items[i]);
  }
  return block("text_join", inside);
}
std::string statistic(const std::string& op, const std::string& of) {
  return block("math_on_list", field("OP", op) + value("LIST", of));
}

/// Bought with the first tick.
Rig bought(const Parts& parts) {
  Rig rig(parts);
  rig.start();
  rig.tick(10'001);
  return rig;
}

// -- oddities -----------------------------------------------------------------------------------

// In Deriv Bot a variable of such a name replaces the function of its runtime.
TEST(Quirk, S1_3_VariablesMayHaveNamesOfTheRuntime) {
  std::vector<std::string> blocks;
  for (const std::string name : {"Bot", "watch", "sleep", "String", "Math", "Number", "var"}) {
    blocks.push_back(set(name, num("1")));
  }
  const auto whole =
      arith("ADD", block("math_round", field("OP", "ROUND") + value("NUM", num("2.4"))),
            arith("ADD", get("Math"), get("var")));
  EXPECT_EQ(evaluate(whole, chain(blocks)), "4");
}

// Deriv Bot discards it on load; what is written is used here.
TEST(Quirk, S5_1a_APredictionCountsWithoutItsMutation) {
  Parts p;
  p.options = block("trade_definition_tradeoptions",
                    field("DURATIONTYPE_LIST", "t") + value("DURATION", num("1")) +
                        value("AMOUNT", num("1")) + value("PREDICTION", num("7")));
  EXPECT_EQ(bought(p).bought.at(0).prediction, 7);
}

// The sign stands before a text, whatever the text is.
TEST(Quirk, S5_1b_ANegativeOffsetHasTwoSigns) {
  Parts p;
  p.trade_type = "higherlower";
  p.options = block("trade_definition_tradeoptions",
                    mutation("has_first_barrier=\"true\"") + field("DURATIONTYPE_LIST", "t") +
                        field("BARRIEROFFSETTYPE_LIST", "+") + value("DURATION", num("5")) +
                        value("AMOUNT", num("1")) +
                        value("BARRIEROFFSET", arith("MINUS", num("0"), num("0.5"))));
  p.before = buy("CALL");
  EXPECT_EQ(bought(p).bought.at(0).barrier, "+-0.5");
}

// Deriv Bot has no proposals in a program without a `payout` block, and ask_price is an error.
TEST(Quirk, S5_3_AskPriceIsAnsweredWithoutAPayoutBlock) {
  Parts p;
  p.before =
      chain({set("x", block("ask_price", field("PURCHASE_LIST", "DIGITOVER"))), buy("DIGITOVER")});
  auto rig = bought(p);
  EXPECT_FALSE(rig.stopped);
  EXPECT_EQ(rig.var("x"), "1");
}

// Deriv Bot takes milliseconds for seconds.
TEST(Quirk, S6_3_TimesOfDetailsAreRight) {
  Parts p;
  p.after = chain({set("in", detail("6")), set("out", detail("8")), again()});
  auto rig = bought(p);
  rig.tick(10'002);
  rig.win();
  EXPECT_EQ(rig.var("in"), "00:00:02") << "two seconds after midnight";
  EXPECT_EQ(rig.var("out"), "00:00:02");
}

// In Deriv Bot the program is gone after the restart, and nothing trades any more.
TEST(Quirk, S7_TheRestartOfTheLastTradeGoesOnTrading) {
  Parts p;
  p.restart = "TRUE";
  p.before =
      chain({when(compare("EQ", block("last_digit"), num("1")), broken()), buy("DIGITOVER")});
  auto rig = bought(p);
  EXPECT_TRUE(rig.bought.empty());
  rig.tick(10'002);
  EXPECT_EQ(rig.bought.size(), 1U);
}

TEST(Quirk, S9a_SortingSortsTheListItselfAsTextInDerivBotAlone) {
  const auto numbers = set("l", list({num("10"), num("9"), num("2")}));
  const auto sort =
      set("m", block("lists_sort",
                     field("TYPE", "NUMERIC") + field("DIRECTION", "1") + value("LIST", get("l"))));
  const auto both = arith("ADD", get("l"), arith("ADD", txt(" and "), get("m")));
  EXPECT_EQ(evaluate(both, chain({numbers, sort})), "10,2,9 and 2,9,10");
  EXPECT_EQ(evaluate(both, chain({numbers, sort}), false), "10,9,2 and 2,9,10");
}

TEST(Quirk, S9b_StatisticsOfListsShareAHelperInDerivBotAlone) {
  const auto nested = list({num("1"), list({num("2"), num("6")})});
  EXPECT_EQ(evaluate(statistic("SUM", nested)), "9") << "the numbers of lists in lists";
  EXPECT_EQ(evaluate(statistic("AVERAGE", nested)), "4.5") << "by the outer length";
  EXPECT_EQ(evaluate(block("lists_length", value("VALUE", statistic("MODE", nested)))), "3")
      << "a list of all that are equally frequent";
  const auto flat = list({num("3"), num("5")});
  const auto first = set("first", statistic("SUM", flat));
  EXPECT_EQ(evaluate(statistic("MAX", flat), first), "8") << "the one met first computes for all";
  EXPECT_EQ(evaluate(statistic("MAX", flat), first, false), "5");
}

TEST(Quirk, S9c_TextsAreJoinedWithABlankInDerivBotsForm) {
  EXPECT_EQ(evaluate(get("t"), joined({txt("a"), txt("b")})), "a b");
  EXPECT_EQ(evaluate(joined_value({txt("a"), txt("b")}), {}, false), "ab");
}

TEST(Quirk, S10_AnAverageOfZeroBeginsAnewInItsList) {
  // The first of two is (1 - 1) / 2 = 0, which counts as none: one value is too few for another.
  const auto input = list({num("1"), num("-1"), num("4")});
  const auto average = [&](const std::string& type) {
    return block(type, value("INPUT", input) + value("PERIOD", num("2")));
  };
  EXPECT_EQ(evaluate(average("emaa"), {}, false), "error: Periods longer than data length");
  EXPECT_EQ(evaluate(average("ema"), {}, false), "2.67") << "the value alone is none the worse";
}

// Deriv Bot's converter computes them once, before the statement that they stand in.
TEST(Quirk, S12_2a_ValuesOfBinaryBotAreComputedInTheirPlace) {
  const auto length = block("text_length", value("VALUE", joined_value({get("t"), txt("!")})));
  const auto loop =
      block("controls_whileUntil",
            field("MODE", "WHILE") + value("BOOL", compare("LT", length, num("4"))) +
                stack("DO", block("text_append", field("VAR", "t") + value("TEXT", txt("a")))));
  EXPECT_EQ(evaluate(get("t"), chain({set("t", txt("")), loop}), false), "aaa");
}

// Deriv Bot loses the fields of such a file, and the sections of Binary Bot's first version.
TEST(Quirk, S12_2b_FieldsCountInAnyNamespace) {
  Parts p;
  p.native = false;
  p.binary = true;
  p.options = options_block(num("2"), num("7"), value("PREDICTION", num("3")), "t", "tradeOptions");
  auto xml = program(p);
  xml.insert(4, " xmlns=\"https://developers.google.com/blockly/xml\"");
  for (const auto& [from, to] : {std::pair{"before_purchase", "on_strategy"},
                                 std::pair{"BEFOREPURCHASE_STACK", "STRATEGY_STACK"}}) {
    xml.replace(xml.find(from), std::string(from).size(), to);
  }
  Rig rig(xml);
  rig.start();
  rig.tick(10'001);
  ASSERT_EQ(rig.bought.size(), 1U);
  EXPECT_EQ(rig.bought[0].duration, 7);
  EXPECT_EQ(rig.bought[0].type, "DIGITOVER");
}

// -- decisions of section 14 --------------------------------------------------------------------

TEST(Decision, N01_TheLastTradeIsBegunAnewTenTimesAtMost) {
  Parts p;
  p.restart = "TRUE";
  p.init = set("n", num("5"));
  p.before = chain({count("n"), broken(), buy("DIGITOVER")});
  auto rig = bought(p);
  for (int i = 1; i < 10; ++i) rig.tick(10'001);
  EXPECT_FALSE(rig.stopped);
  EXPECT_EQ(rig.var("n"), "5") << "the variables of the last Bot.start";
  rig.tick(10'001);
  ASSERT_TRUE(rig.stopped);
  EXPECT_EQ(rig.stopped->why, Stopped::Why::kScript);
}

// That no purchase is sent twice is the engine's part: tests/unit/engine/program_test.cpp,
// ContinuesAfterAKillBeforeTheAnswer.
TEST(Decision, N02_RefusalsThatPassAreTriedAgainEverMoreRarely) {
  Rig rig(Parts{});
  rig.refusals.assign(9, {"OpenPositionLimitExceeded", "too many"});
  rig.start();
  std::vector<int> seconds;
  for (int second = 1; second <= 100; ++second) {
    const int before = rig.asked;
    rig.tick(10'001);
    if (rig.asked > before) seconds.push_back(second);
  }
  // An answer comes with the tick at which was asked: after 2.5 seconds, 5, 7.5, 10, 12.5 and then
  // 15 each time.
  EXPECT_THAT(seconds, ElementsAre(1, 4, 9, 17, 27, 40, 55, 70, 85, 100));
  EXPECT_EQ(rig.bought.size(), 1U);
}

TEST(Decision, N03_AlertsTakeNoTimeAndQuestionsAreAnsweredBefore) {
  Parts p;
  const auto ask = block("text_prompt_ext", field("TYPE", "NUMBER") + value("TEXT", txt("stake?")));
  p.init = set("stake", ask);
  p.options = options_block(get("stake"));
  p.before = chain({block("text_print", value("TEXT", txt("now"))), buy("DIGITOVER")});
  Settings answered;
  answered.answers = {"2.5"};
  Rig rig(p, answered);
  rig.start();
  rig.tick(10'001);
  EXPECT_THAT(rig.messages, ElementsAre("now"));
  EXPECT_EQ(rig.bought.at(0).stake.to_string(), "2.50");
  Rig silent(p);
  silent.start();
  EXPECT_TRUE(silent.stopped);
}

TEST(Decision, N04_TotalsAreThoseOfThisRun) {
  Parts p;
  p.after =
      chain({set("runs", block("total_runs")), set("profit", block("total_profit")), again()});
  for (int run = 0; run < 2; ++run) {
    auto rig = bought(p);
    rig.tick(10'002);
    rig.win();
    EXPECT_EQ(rig.var("runs"), "1") << "the run before does not count";
    EXPECT_EQ(rig.var("profit"), "0.95");
  }
}

TEST(Decision, N05_ResultsBeforeTheFirstContractAreErrors) {
  EXPECT_THAT(evaluate(block("contract_check_result", field("CHECK_RESULT", "win"))),
              StartsWith("error: "));
  EXPECT_THAT(evaluate(detail("4")), StartsWith("error: "));
  EXPECT_THAT(evaluate(block("total_profit")), StartsWith("error: ")) << "before the options";
  Parts p;
  p.before = chain({set("x", block("total_profit")), buy("DIGITOVER")});
  EXPECT_EQ(bought(p).var("x"), "0") << "after them, without a contract";
}

TEST(Decision, N06_AStakeThatIsNoNumberIsRefusedHere) {
  Parts p;
  p.restart = "TRUE";
  p.options = options_block(arith("ADD", undef(), num("1")));
  auto rig = bought(p);
  EXPECT_EQ(rig.asked, 0);
  ASSERT_TRUE(rig.stopped);
  EXPECT_EQ(rig.stopped->why, Stopped::Why::kRefused);
  EXPECT_THAT(rig.stopped->text, HasSubstr("InputValidationFailed"));
  EXPECT_EQ(evaluate(compare("EQ", txt("1"), num("1"))), "true") << "and == coerces";
}

TEST(Decision, N07_TheSeparatorOfAJoinIsThatOfItsForm) {
  EXPECT_EQ(evaluate(get("t"), joined({num("1"), num("2")})), "1 2");
  EXPECT_EQ(evaluate(joined_value({num("1"), num("2")})), "12") << "in a native file, too";
}

TEST(Decision, N08_ValueFormsInNativeFilesAreComputedInTheirPlace) {
  EXPECT_EQ(evaluate(block("lists_length", value("VALUE", list({num("1"), num("2")})))), "2");
  const auto average =
      block("sma", value("INPUT", list({num("1"), num("2")})) + value("PERIOD", num("2")));
  EXPECT_EQ(evaluate(average), "1.5");
}

TEST(Decision, N09_AProfitOfNothingIsAWinAndAddsNothing) {
  Parts p;
  p.after = chain({set("win", block("contract_check_result", field("CHECK_RESULT", "win"))),
                   set("word", detail("11")), set("total", block("total_profit")), again()});
  auto rig = bought(p);
  rig.tick(10'002);
  rig.win(100);  // the stake comes back
  EXPECT_EQ(rig.var("win"), "true");
  EXPECT_EQ(rig.var("word"), "win");
  EXPECT_EQ(rig.var("total"), "0");
}

TEST(Decision, N10_TicksThatPassWhileItSleepsAreLost) {
  Parts p;
  p.init = set("log", txt(""));
  p.before = chain({block("text_append", field("VAR", "log") + value("TEXT", block("last_digit"))),
                    block("timeout", value("SECONDS", num("2.5"))), when(no(), buy("DIGITOVER"))});
  Rig rig(p);
  rig.start();
  for (const int quote : {10'001, 10'002, 10'003, 10'004, 10'005}) rig.tick(quote);
  EXPECT_EQ(rig.var("log"), "14") << "the newest alone after each sleep";
}

TEST(Decision, N11_DuringRunsAtEachUpdateAndPromisesNoMore) {
  Parts p;
  p.during = count("n");
  auto rig = bought(p);
  rig.update(90);
  EXPECT_EQ(rig.var("n"), "1");
  rig.tick(10'002);
  EXPECT_EQ(rig.var("n"), "2");
  rig.update(91);
  EXPECT_EQ(rig.var("n"), "3");
  rig.update(92);
  EXPECT_EQ(rig.var("n"), "3") << "two updates in a row wake it once";
}

TEST(Decision, N13_ALongComputationIsBounded) {
  Parts p;
  p.native = false;
  p.binary = true;
  p.before = chain({block("controls_whileUntil",
                          field("MODE", "WHILE") + value("BOOL", yes()) + stack("DO", count("n"))),
                    buy("DIGITOVER")});
  auto rig = bought(p);
  ASSERT_TRUE(rig.stopped);
  EXPECT_THAT(rig.stopped->text, HasSubstr("1,000,000 steps"));
  EXPECT_EQ(rig.stopped->why, Stopped::Why::kScript);
}

TEST(Decision, N14_WhatNobodyKnowsIsToldBeforeTheStart) {
  const auto import_of = [](const Parts& p) { return import_program(program(p)); };
  Parts unknown;
  unknown.before = chain({block("recovery_configure"), buy("DIGITOVER")});
  EXPECT_EQ(import_of(unknown).program, nullptr);
  EXPECT_THAT(problems_of(import_of(unknown)),
              HasSubstr("block recovery_configure: is not a block that derivd knows"));
  Parts bulk;
  bulk.before =
      block("purchase", field("PURCHASE_LIST", "DIGITOVER") + field("ALLOW_BULK_PURCHASE", "TRUE"));
  EXPECT_THAT(problems_of(import_of(bulk)), HasSubstr("ALLOW_BULK_PURCHASE"));
  Parts secret;
  secret.before = chain(
      {block("notify_telegram",
             value("TELEGRAM_ACCESS_TOKEN", txt("123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr")) +
                 value("TELEGRAM_CHAT_ID", txt("5")) + value("TELEGRAM_MESSAGE", txt("m"))),
       buy("DIGITOVER")});
  EXPECT_EQ(import_of(secret).reason, Reason::kSecret) << problems_of(import_of(secret));
  Parts loads;
  loads.more = block("loader", field("URL", "https://example.invalid"));
  ASSERT_NE(import_of(loads).program, nullptr);
  EXPECT_THAT(import_of(loads).notes.at(0).text, StartsWith("loader: "));
}

TEST(Decision, N15_TheTimesOfDetailsAreUniversalTime) {
  Parts p;
  p.after = chain({set("out", detail("8")), again()});
  Rig rig(p);
  rig.prime(std::vector<std::int64_t>(3'700, 10'000));
  rig.start();
  rig.tick(10'001);
  rig.tick(10'002);
  rig.win();
  EXPECT_EQ(rig.var("out"), "01:01:41");
}

TEST(Decision, N16_StakesAreDoublesUntilBotStartFixesThem) {
  Parts p;
  p.init = set("stake", num("0.35"));
  p.options = options_block(get("stake"));
  p.after = chain({set("stake", arith("MULTIPLY", get("stake"), num("2.1"))), again()});
  Rig rig(p);
  rig.start();
  double stake = 0.35;
  for (int i = 0; i < 12; ++i) {
    rig.tick(10'001);
    ASSERT_EQ(rig.bought.size(), static_cast<std::size_t>(i) + 1);
    EXPECT_EQ(rig.bought.back().stake.to_string(), fixed_text(stake, 2));
    EXPECT_EQ(rig.var("stake"), number_text(stake));
    rig.tick(10'002);
    rig.lose();
    stake *= 2.1;
  }
  // 0.35 x 2.1^11, worked out with exact decimals.
  EXPECT_EQ(rig.bought.back().stake.to_string(), "1225.97");
}

// -- the list -----------------------------------------------------------------------------------

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// "Quirk S5_1a" and "Decision N01" of all tests of one case in the unit tests.
std::set<std::string> named() {
  std::set<std::string> out;
  const std::regex name(R"(\nTEST\((Quirk|Decision), ([SN][0-9]+(?:_[0-9]+)?[a-z]?)_)");
  for (const std::string room : {"dbot", "strategy", "engine", "backtest"}) {
    for (const auto& entry : std::filesystem::directory_iterator(
             std::filesystem::path(DERIVD_SOURCE) / "tests/unit" / room)) {
      if (entry.path().extension() != ".cpp") continue;
      const auto text = read(entry.path());
      for (std::sregex_iterator it(text.begin(), text.end(), name), end; it != end; ++it) {
        EXPECT_TRUE(out.insert((*it)[1].str() + " " + (*it)[2].str()).second)
            << it->str() << " stands twice";
      }
    }
  }
  return out;
}

TEST(QuirksAndDecisions, EachHasATestThatIsNamedForIt) {
  std::set<std::string> wanted;
  for (const std::string id : {"S1_3", "S5_1a", "S5_1b", "S5_3", "S6_3", "S7", "S9a", "S9b", "S9c",
                               "S10", "S12_2a", "S12_2b"}) {
    wanted.insert("Quirk " + id);
  }
  for (int n = 1; n <= 16; ++n) wanted.insert(fmt::format("Decision N{:02}", n));
  EXPECT_EQ(named(), wanted);
}

TEST(QuirksAndDecisions, TheListIsThatOfTheReference) {
  const auto text = read(std::string(DERIVD_SHARED) + "/dbot/semantics.md");
  if (text.empty()) GTEST_SKIP() << "no semantics.md";
  int quirks = -1;  // the first one explains the mark
  const std::string mark = "**[quirk]**";
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) ++quirks;
  int decisions = 0;
  const std::regex row(R"(\n([0-9]+)\. )");
  const auto last = text.substr(text.find("## 14."));
  for (std::sregex_iterator it(last.begin(), last.end(), row), end; it != end; ++it) ++decisions;
  const auto all = named();
  EXPECT_EQ(std::ranges::count_if(all, [](const auto& n) { return n.starts_with("Quirk"); }),
            quirks);
  EXPECT_EQ(std::ranges::count_if(all, [](const auto& n) { return n.starts_with("Decision"); }),
            decisions);
}

}  // namespace
}  // namespace derivd::dbot
