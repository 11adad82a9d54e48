// What is told of a program before it runs, and everything for which one is refused: semantics.md,
// sections 1, 12 and 13.
#include "dbot/import.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "dbot/block_table.hpp"
#include "unit/dbot/rig.hpp"

namespace derivd::dbot {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

Import of(const Parts& p) { return import_program(program(p)); }

std::string all_problems(const Import& import) { return problems_of(import); }

TEST(Import, TellsWhatAProgramTradesStakesAndStopsAt) {
  Parts p;
  p.restart = "TRUE";
  p.init = chain(
      {set("stake", block("text_prompt_ext", mutation("type=\"NUMBER\"") + field("TYPE", "NUMBER") +
                                                 value("TEXT", txt("Stake?")))),
       set("target", num("10"))});
  p.options = options_block(get("stake"));
  p.after = when(compare("GTE", block("total_profit"), get("target")),
                 block("text_print", value("TEXT", txt("Done"))),
                 chain({set("stake", arith("MULTIPLY", get("stake"), num("2"))), again()}));
  const auto import = of(p);
  ASSERT_NE(import.program, nullptr) << all_problems(import);
  EXPECT_EQ(import.dialect, "Deriv Bot");
  EXPECT_EQ(import.symbol, "R_100");
  EXPECT_EQ(import.trade_type, "overunder");
  EXPECT_THAT(import.buys, ElementsAre("DIGITOVER"));
  EXPECT_THAT(import.durations, ElementsAre("1 t"));
  EXPECT_THAT(import.predictions, ElementsAre("5"));
  EXPECT_THAT(import.stakes, ElementsAre("stake"));
  EXPECT_THAT(import.stake_steps,
              ElementsAre("stake = the answer to a prompt", "stake = (stake * 2)"));
  EXPECT_THAT(import.stops, ElementsAre("(total_profit >= target)"));
  ASSERT_EQ(import.prompts.size(), 1U);
  EXPECT_EQ(import.prompts[0].question, "Stake?");
  EXPECT_TRUE(import.prompts[0].number);
  ASSERT_EQ(import.alerts.size(), 1U);
  EXPECT_EQ(import.alerts[0].text, "\"Done\"");
  EXPECT_TRUE(import.trades_again);
  EXPECT_TRUE(import.restarts_on_error);
  EXPECT_EQ(import.counts.skipped, 0);
}

TEST(Import, RefusesUnknownBlocksFieldsAndInputsByNameAndLine) {
  Parts p;
  p.before = chain({"\n" + block("super_hook", value("X", num("1"))), buy("DIGITOVER")});
  p.after = block("notify", field("COLOUR_OF_MOON", "red") + value("MESSAGE", txt("x")));
  p.during = block("timeout", value("MINUTES", num("1")));
  const auto import = of(p);
  EXPECT_EQ(import.program, nullptr);
  EXPECT_EQ(import.reason, Reason::kVendor);
  EXPECT_THAT(import.unknown, ElementsAre("super_hook"));
  const auto said = all_problems(import);
  EXPECT_THAT(said, HasSubstr("f:2: block super_hook: is not a block that derivd knows"));
  EXPECT_THAT(said, HasSubstr("block notify: the field COLOUR_OF_MOON ('red') is not known"));
  EXPECT_THAT(said, HasSubstr("block timeout: the input MINUTES is not known"));
  EXPECT_EQ(import.counts.skipped, 0);
}

TEST(Import, AVendorsSwitchThatIsOffIsANote) {
  Parts p;
  p.before = block("purchase", field("PURCHASE_LIST", "DIGITOVER") +
                                   field("ALLOW_BULK_PURCHASE", "no") + field("NUM_TRADES", "1"));
  EXPECT_NE(of(p).program, nullptr);
  p.before =
      block("purchase", field("PURCHASE_LIST", "DIGITOVER") + field("ALLOW_BULK_PURCHASE", "yes"));
  EXPECT_EQ(of(p).program, nullptr);
}

TEST(Import, RefusesValuesThatAreNotAllowed) {
  const auto before = [](const std::string& what) {
    Parts p;
    p.before = chain({set("x", what), buy("DIGITOVER")});
    return of(p);
  };
  EXPECT_THAT(all_problems(before(arith("TIMES", num("1"), num("2")))),
              HasSubstr("OP is 'TIMES'; allowed: ADD|MINUS|MULTIPLY|DIVIDE|POWER"));
  EXPECT_THAT(all_problems(before(num("1,5"))), HasSubstr("'1,5' is not a number"));
  EXPECT_THAT(all_problems(before(buy("DIGITOVER"))),
              HasSubstr("is an instruction and stands where a value belongs"));
  Parts p;
  p.before = buy("EVEN");
  EXPECT_THAT(all_problems(of(p)), HasSubstr("'EVEN' is not a contract type"));
  p.before = buy("DIGITOVER");
  p.symbol = "ALL_MARKETS";
  EXPECT_THAT(all_problems(of(p)), HasSubstr("'ALL_MARKETS' is not a symbol"));
  EXPECT_NE(import_program(program(p), "R_10").program, nullptr) << "`symbol:` says which one";
  p.symbol = "R_100";
  p.trade_type = "lottery";
  EXPECT_THAT(all_problems(of(p)), HasSubstr("'lottery' is not a trade type"));
  p.trade_type = "overunder";
  p.before = chain({block("controls_flow_statements", field("FLOW", "BREAK")), buy("DIGITOVER")});
  EXPECT_THAT(all_problems(of(p)), HasSubstr("stands outside a loop"));
  p.before = chain({num("1"), buy("DIGITOVER")});
  EXPECT_THAT(all_problems(of(p)), HasSubstr("is a value and stands where an instruction belongs"));
}

TEST(Import, RefusesSecrets) {
  Parts p;
  p.before = chain(
      {block("notify_telegram",
             value("TELEGRAM_ACCESS_TOKEN", txt("123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr")) +
                 value("TELEGRAM_CHAT_ID", txt("5")) + value("TELEGRAM_MESSAGE", txt("hello"))),
       buy("DIGITOVER")});
  const auto import = of(p);
  EXPECT_EQ(import.program, nullptr);
  EXPECT_EQ(import.reason, Reason::kSecret);
  EXPECT_THAT(all_problems(import), testing::Not(HasSubstr("AAbbCC")))
      << "and does not repeat them";
}

TEST(Import, RefusesWhatIsIncomplete) {
  const auto said = [](const std::string& xml) { return all_problems(import_program(xml)); };
  EXPECT_THAT(said("<xml><block type=\"before_purchase\"/></xml>"),
              HasSubstr("no trade parameters"));
  Parts p;
  p.during = set("y", num("1"));
  p.before = set("x", num("1"));
  EXPECT_THAT(all_problems(of(p)), HasSubstr("no purchase block"));
  p.before = buy("DIGITOVER");
  p.options = set("x", num("1"));
  EXPECT_THAT(all_problems(of(p)), HasSubstr("no trade options"));
  EXPECT_EQ(import_program("<xml collection=\"true\">" + block("tick_analysis") + "</xml>").reason,
            Reason::kLibrary);
}

TEST(Import, DisabledAndStrayBlocksGenerateNothing) {
  Parts p;
  p.before = chain(
      {block("variables_set", field("VAR", "x") + value("VALUE", num("1")), " disabled=\"true\""),
       set("y", num("2")), buy("DIGITOVER")});
  p.more = chain({set("stray", num("1")), block("super_hook")}) +
           block("block_holder", stack("USELESS_STACK", set("parked", num("1"))));
  const auto import = of(p);
  ASSERT_NE(import.program, nullptr) << all_problems(import);
  EXPECT_EQ(import.counts.disabled, 2);
  EXPECT_EQ(import.counts.stray, 3);
  EXPECT_EQ(import.counts.dropped, 2);
  EXPECT_EQ(import.counts.skipped, 0);
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.var("y"), "2");
  EXPECT_EQ(rig.var("x"), "(none)");
}

TEST(Import, OfTwoSectionsTheLowerOneWins) {
  Parts p;
  p.more = block("before_purchase", stack("BEFOREPURCHASE_STACK", buy("DIGITUNDER")), " y=\"500\"");
  Rig rig(p);
  rig.start();
  rig.tick(10'001);
  EXPECT_EQ(rig.bought.at(0).type, "DIGITUNDER");
  EXPECT_EQ(rig.import().counts.stray, 2);
}

TEST(Import, ALoaderIsTold) {
  Parts p;
  p.more = block("loader", field("URL", "https://example.invalid/lib.xml"));
  const auto import = of(p);
  ASSERT_NE(import.program, nullptr) << all_problems(import);
  bool told = false;
  for (const auto& n : import.notes) told |= n.text.starts_with("loader:");
  EXPECT_TRUE(told);
}

TEST(Import, VendorsBlocksAreToldWithWhatTheyAreTakenFor) {
  Parts p;
  p.before = when(yes(), block("ceo_purchase", field("PURCHASE_LIST", "DIGITOVER")));
  const auto import = of(p);
  ASSERT_NE(import.program, nullptr) << all_problems(import);
  EXPECT_FALSE(import.only_stock);
  ASSERT_FALSE(import.notes.empty());
  EXPECT_EQ(import.notes[0].text,
            "ceo_purchase is a block of a vendor, taken for purchase (inferred)");
}

// -- every type of the table ----------------------------------------------------------------------

/// A value for every input, and the first allowed choice for every field.
std::string made_of(const BlockType& type) {
  std::string inside;
  std::string_view fields = type.fields;
  while (!fields.empty()) {
    const auto end = std::min(fields.find(' '), fields.size());
    const auto name = std::string(fields.substr(0, end));
    fields.remove_prefix(std::min(end + 1, fields.size()));
    static const std::map<std::string, std::string> kValues{{"SYMBOL_LIST", "R_100"},
                                                            {"TRADETYPE_LIST", "evenodd"},
                                                            {"TYPE_LIST", "both"},
                                                            {"CANDLEINTERVAL_LIST", "60"},
                                                            {"DURATIONTYPE_LIST", "t"},
                                                            {"MULTIPLIERTYPE_LIST", "10"},
                                                            {"GROWTHRATE_LIST", "0.01"},
                                                            {"PURCHASE_LIST", "CALL"},
                                                            {"CONTRACT_TYPE", "CALL"},
                                                            {"OP", ""},
                                                            {"NUM", "1"},
                                                            {"TIMES", "2"},
                                                            {"N", "3"},
                                                            {"BARRIEROFFSETTYPE_LIST", "+"}};
    const auto it = kValues.find(name);
    if (name == "VAR" || name == "VARIABLE") inside += field(name, "v");
    if (it != kValues.end() && !it->second.empty()) inside += field(name, it->second);
  }
  std::string_view inputs = type.inputs;
  while (!inputs.empty()) {
    const auto end = std::min(inputs.find(' '), inputs.size());
    auto name = std::string(inputs.substr(0, end));
    inputs.remove_prefix(std::min(end + 1, inputs.size()));
    name = name.substr(0, name.find('='));
    static const std::set<std::string> kStacks{"DO",
                                               "DO*",
                                               "ELSE",
                                               "STACK",
                                               "STATEMENT",
                                               "TIMEOUTSTACK",
                                               "TICKDELAYSTACK",
                                               "MULTIPLIER_PARAMS",
                                               "ACCUMULATOR_PARAMS"};
    if (kStacks.contains(name) || name.ends_with("*")) continue;
    if (type.form == Form::kPurchase && name != "PREDICTION") continue;
    if (name == "SMA_PERIOD" || name == "SYMBOL_LIST" || name == "BARRIEROFFSET_IN") continue;
    inside += value(name, num("1"));
  }
  return block(std::string(type.name), inside);
}

/// Types that stand inside another one, and that one.
std::string host(const BlockType& type) {
  const std::string name(type.name);
  const auto self = made_of(type);
  if (name.starts_with("multiplier_")) {
    return block("trade_definition_multiplier",
                 value("AMOUNT", num("1")) + stack("MULTIPLIER_PARAMS", self));
  }
  if (name == "accumulator_take_profit") {
    return block("trade_definition_accumulator",
                 value("AMOUNT", num("1")) + stack("ACCUMULATOR_PARAMS", self));
  }
  if (name == "text_statement" || name == "text_statements") {
    return block("text_join", field("VARIABLE", "v") + stack("STACK", self));
  }
  if (name == "lists_statement") {
    return block("lists_create_with", field("VARIABLE", "v") + stack("STACK", self));
  }
  if (name == "key_value_pair") {
    return block("webhook", value("WEBHOOK_URL", txt("u")) + value("ADD0", self));
  }
  if (name == "fast_ema_period" || name == "slow_ema_period" || name == "signal_ema_period") {
    return block("macda_statement", field("VARIABLE", "v") + stack("STATEMENT", self));
  }
  if (name == "input_list" || name == "period" || name.starts_with("std_dev_")) {
    return block("bb_statement", field("VARIABLE", "v") + stack("STATEMENT", self));
  }
  if (name == "controls_flow_statements") {
    return block("controls_repeat", field("TIMES", "1") + stack("DO", self));
  }
  if (type.shape == Shape::kValue) return set("v", self);
  if (name == "lists_getIndex") return set("v", self);
  if (name == "procedures_ifreturn") return self;
  return self;
}

TEST(Types, EachOneIsUnderstoodInAProgram) {
  std::set<std::string> seen;
  for (const auto& type : block_types()) {
    const std::string name(type.name);
    EXPECT_TRUE(seen.insert(name).second) << name << " stands twice in the table";
    if (type.shape == Shape::kTopLevel || name.starts_with("trade_definition")) continue;
    Parts p;
    p.before = chain({host(type), buy("CALL")});
    const auto import = of(p);
    EXPECT_NE(import.program, nullptr) << name << ": " << all_problems(import) << host(type);
    EXPECT_EQ(import.counts.skipped, 0) << name;
  }
}

TEST(Types, TheStockOnesAreAllThere) {
  int stock = 0;
  for (const auto& type : block_types()) stock += type.origin == Origin::kStock ? 1 : 0;
  EXPECT_GE(stock, 120);
  std::ifstream in(std::string(DERIVD_SHARED) + "/dbot/semantics.md");
  if (!in) GTEST_SKIP() << "no semantics.md";
  std::stringstream text;
  text << in.rdbuf();
  const auto all = text.str();
  const auto from = all.find("## 11.");
  const auto to = all.find("## 12. ");
  std::istringstream lines(all.substr(from, to - from));
  int rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    const auto name = line.substr(3, line.find('`', 3) - 3);
    EXPECT_NE(find_block_type(name), nullptr) << name;
    ++rows;
  }
  EXPECT_GE(rows, 110);
}

TEST(Types, HostileNestsAndListsAreBounded) {
  std::string deep = num("1");
  for (int i = 0; i < 3000; ++i) deep = block("logic_negate", value("BOOL", deep));
  Parts p;
  p.before = chain({set("x", deep), buy("CALL")});
  EXPECT_THAT(all_problems(of(p)), HasSubstr("stands in too many blocks"));
  std::vector<std::string> many(20'000, set("x", num("1")));
  std::string xml;
  for (std::size_t i = 0; i < many.size(); ++i) xml += "<block type=\"trade_again\"><next>";
  for (std::size_t i = 0; i < many.size(); ++i) xml += "</next></block>";
  EXPECT_EQ(import_program("<xml>" + xml + "</xml>").reason, Reason::kMalformed);
}

}  // namespace
}  // namespace derivd::dbot
