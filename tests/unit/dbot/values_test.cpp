// Each block that has a value, with what it gives: worked out by hand from semantics.md, sections 4
// and 8 to 11.
#include <gtest/gtest.h>

#include "unit/dbot/rig.hpp"

namespace derivd::dbot {
namespace {

using namespace test;

struct Case {
  std::string name;
  std::string what;
  std::string expected;
  std::string setup = {};
};

void expect_all(const std::vector<Case>& cases, bool native = true,
                const std::vector<std::int64_t>& quotes = {}) {
  for (const auto& c : cases)
    EXPECT_EQ(evaluate(c.what, c.setup, native, quotes), c.expected) << c.name;
}

std::string one(const std::string& type, const std::string& field_name, const std::string& choice,
                const std::string& input, const std::string& what) {
  return block(type, field(field_name, choice) + value(input, what));
}
std::string join_values(const std::vector<std::string>& items) {
  std::string inside = mutation("items=\"" + std::to_string(items.size()) + "\"");
  for (std::size_t i = 0; i < items.size(); ++i)
    inside += value("ADD" + std::to_string(i), items[i]);
  return block("text_join", inside);
}

TEST(Values, Logic) {
  expect_all({
      {"EQ coerces", compare("EQ", num("1"), txt("1")), "true"},
      {"null == undefined", compare("EQ", null(), undef()), "true"},
      {"undefined == 0", compare("EQ", undef(), num("0")), "false"},
      {"null == 0", compare("EQ", null(), num("0")), "false"},
      {"true == 1", compare("EQ", yes(), num("1")), "true"},
      {"empty text == 0", compare("EQ", txt(""), num("0")), "true"},
      {"list == its text", compare("EQ", list({num("1"), num("2")}), txt("1,2")), "true"},
      {"NEQ", compare("NEQ", num("1"), txt("1")), "false"},
      {"texts compare as texts", compare("LT", txt("10"), txt("9")), "true"},
      {"text and number compare as numbers", compare("LT", txt("10"), num("9")), "false"},
      {"NaN is never less", compare("LT", undef(), num("9")), "false"},
      {"NaN is never greater or equal", compare("GTE", undef(), num("9")), "false"},
      {"null counts as 0", compare("LTE", null(), num("0")), "true"},
      {"GT", compare("GT", num("2"), num("1")), "true"},
      {"missing operands are false", block("logic_compare", field("OP", "EQ")), "true"},
      {"AND returns an operand",
       block("logic_operation", field("OP", "AND") + value("A", num("0")) + value("B", num("5"))),
       "0"},
      {"OR returns an operand",
       block("logic_operation", field("OP", "OR") + value("A", txt("")) + value("B", num("5"))),
       "5"},
      {"a missing operand is false",
       block("logic_operation", field("OP", "OR") + value("B", num("5"))), "5"},
      {"negate", block("logic_negate", value("BOOL", num("0"))), "true"},
      {"negate of nothing", block("logic_negate"), "false"},
      {"an empty list is true", block("logic_negate", value("BOOL", list({}))), "false"},
      {"boolean", no(), "false"},
      {"null", null(), "null"},
      {"ternary",
       block("logic_ternary",
             value("IF", yes()) + value("THEN", num("1")) + value("ELSE", num("2"))),
       "1"},
      {"ternary without a condition", block("logic_ternary", value("ELSE", num("2"))), "2"},
      {"ternary without branches", block("logic_ternary"), "null"},
  });
}

TEST(Values, Arithmetic) {
  expect_all({
      {"number", num("-2.5"), "-2.5"},
      {"positive number", block("math_number_positive", field("NUM", "3")), "3"},
      {"ADD", arith("ADD", num("0.1"), num("0.2")), "0.30000000000000004"},
      {"ADD joins texts", arith("ADD", txt("a"), num("1")), "a1"},
      {"ADD of a text that is a number", arith("ADD", num("1"), txt("2")), "12"},
      {"ADD of true", arith("ADD", yes(), num("1")), "2"},
      {"ADD of nothing", arith("ADD", undef(), num("1")), "NaN"},
      {"ADD of null", arith("ADD", null(), num("1")), "1"},
      {"MINUS coerces", arith("MINUS", txt("5"), num("2")), "3"},
      {"MULTIPLY", arith("MULTIPLY", num("0.35"), num("2.1")), "0.735"},
      {"DIVIDE by zero", arith("DIVIDE", num("1"), num("0")), "Infinity"},
      {"POWER", arith("POWER", num("2"), num("-1")), "0.5"},
      {"missing operands are 0", block("math_arithmetic", field("OP", "ADD")), "0"},
      {"modulo has the dividend's sign",
       block("math_modulo", value("DIVIDEND", num("-7")) + value("DIVISOR", num("2"))), "-1"},
      {"ROOT", one("math_single", "OP", "ROOT", "NUM", num("9")), "3"},
      {"ABS", one("math_single", "OP", "ABS", "NUM", txt("-4")), "4"},
      {"NEG", one("math_single", "OP", "NEG", "NUM", num("4")), "-4"},
      {"LN", one("math_single", "OP", "LN", "NUM", num("1")), "0"},
      {"LOG10", one("math_single", "OP", "LOG10", "NUM", num("1000")), "3"},
      {"EXP", one("math_single", "OP", "EXP", "NUM", num("0")), "1"},
      {"POW10", one("math_single", "OP", "POW10", "NUM", num("2")), "100"},
      {"SIN", one("math_trig", "OP", "SIN", "NUM", num("90")), "1"},
      {"COS", one("math_trig", "OP", "COS", "NUM", num("0")), "1"},
      {"TAN", one("math_trig", "OP", "TAN", "NUM", num("0")), "0"},
      {"ASIN", one("math_trig", "OP", "ASIN", "NUM", num("1")), "90"},
      {"ACOS", one("math_trig", "OP", "ACOS", "NUM", num("1")), "0"},
      {"ATAN", one("math_trig", "OP", "ATAN", "NUM", num("0")), "0"},
      {"PI", block("math_constant", field("CONSTANT", "PI")), "3.141592653589793"},
      {"E", block("math_constant", field("CONSTANT", "E")), "2.718281828459045"},
      {"GOLDEN_RATIO", block("math_constant", field("CONSTANT", "GOLDEN_RATIO")),
       "1.618033988749895"},
      {"SQRT2", block("math_constant", field("CONSTANT", "SQRT2")), "1.4142135623730951"},
      {"SQRT1_2", block("math_constant", field("CONSTANT", "SQRT1_2")), "0.7071067811865476"},
      {"INFINITY", block("math_constant", field("CONSTANT", "INFINITY")), "Infinity"},
      {"ROUND half up", one("math_round", "OP", "ROUND", "NUM", num("-2.5")), "-2"},
      {"ROUNDUP", one("math_round", "OP", "ROUNDUP", "NUM", num("2.1")), "3"},
      {"ROUNDDOWN", one("math_round", "OP", "ROUNDDOWN", "NUM", num("-2.1")), "-3"},
      {"constrain",
       block("math_constrain",
             value("VALUE", num("12")) + value("LOW", num("1")) + value("HIGH", num("10"))),
       "10"},
      {"math_change of a text counts from 0", get("x"), "1",
       chain({set("x", txt("7")),
              block("math_change", field("VAR", "x") + value("DELTA", num("1")))})},
  });
}

TEST(Values, PropertiesOfNumbers) {
  const auto is = [](const std::string& property, const std::string& n,
                     const std::string& divisor = "0") {
    return block("math_number_property", field("PROPERTY", property) +
                                             value("NUMBER_TO_CHECK", num(n)) +
                                             value("DIVISOR", num(divisor)));
  };
  expect_all({
      {"EVEN", is("EVEN", "4"), "true"},
      {"EVEN of a fraction", is("EVEN", "2.5"), "false"},
      {"ODD", is("ODD", "5"), "true"},
      {"ODD of a negative odd number", is("ODD", "-5"), "false"},
      {"PRIME", is("PRIME", "97"), "true"},
      {"PRIME of 1", is("PRIME", "1"), "false"},
      {"PRIME of a square", is("PRIME", "49"), "false"},
      {"WHOLE", is("WHOLE", "2.5"), "false"},
      {"POSITIVE", is("POSITIVE", "0"), "false"},
      {"NEGATIVE", is("NEGATIVE", "-1"), "true"},
      {"DIVISIBLE_BY", is("DIVISIBLE_BY", "9", "3"), "true"},
      {"DIVISIBLE_BY 0", is("DIVISIBLE_BY", "9", "0"), "false"},
  });
}

TEST(Values, Texts) {
  const auto at = [](const std::string& where, const std::string& n) {
    return block("text_charAt",
                 field("WHERE", where) + value("VALUE", txt("abcd")) + value("AT", num(n)));
  };
  const auto part = [](const std::string& w1, const std::string& a1, const std::string& w2,
                       const std::string& a2) {
    return block("text_getSubstring", field("WHERE1", w1) + field("WHERE2", w2) +
                                          value("STRING", txt("abcdef")) + value("AT1", num(a1)) +
                                          value("AT2", num(a2)));
  };
  const auto find = [](const std::string& end) {
    return block("text_indexOf",
                 field("END", end) + value("VALUE", txt("abcabc")) + value("FIND", txt("bc")));
  };
  expect_all({
      {"text", txt("hello"), "hello"},
      {"length", block("text_length", value("VALUE", txt("h\xc3\xa4\xf0\x9f\x98\x80"))), "4"},
      {"length of a number", block("text_length", value("VALUE", num("5"))), "undefined"},
      {"isEmpty", block("text_isEmpty", value("VALUE", txt(""))), "true"},
      {"isEmpty of nothing", block("text_isEmpty"), "true"},
      {"indexOf first", find("FIRST"), "2"},
      {"indexOf last", find("LAST"), "5"},
      {"indexOf absent",
       block("text_indexOf",
             field("END", "FIRST") + value("VALUE", txt("a")) + value("FIND", txt("b"))),
       "0"},
      {"charAt", at("FROM_START", "2"), "b"},
      {"charAt beyond", at("FROM_START", "9"), ""},
      {"charAt from the end", at("FROM_END", "1"), "d"},
      {"charAt first", at("FIRST", "1"), "a"},
      {"charAt last", at("LAST", "1"), "d"},
      {"substring, both ends included", part("FROM_START", "2", "FROM_START", "4"), "bcd"},
      {"substring from the end", part("FROM_END", "3", "FROM_END", "2"), "de"},
      {"substring first to last", part("FIRST", "1", "LAST", "1"), "abcdef"},
      {"upper case", one("text_changeCase", "CASE", "UPPERCASE", "TEXT", txt("a\xc3\xa4\xc3\x9f")),
       "A\xc3\x84SS"},
      {"lower case", one("text_changeCase", "CASE", "LOWERCASE", "TEXT", txt("AB C")), "ab c"},
      {"title case", one("text_changeCase", "CASE", "TITLECASE", "TEXT", txt("hELLO  wORLD")),
       "Hello  World"},
      {"trim left", one("text_trim", "MODE", "LEFT", "TEXT", txt("  a ")), "a "},
      {"trim right", one("text_trim", "MODE", "RIGHT", "TEXT", txt("  a ")), "  a"},
      {"trim both", one("text_trim", "MODE", "BOTH", "TEXT", txt("  a ")), "a"},
      {"append", get("t"), "a5",
       chain({set("t", txt("a")),
              block("text_append", field("VAR", "t") + value("TEXT", num("5")))})},
      {"join of Deriv Bot: a blank between", get("text"), "a 1 ",
       block("text_join",
             field("VARIABLE", "text") +
                 stack("STACK", chain({block("text_statement", value("TEXT", txt("a"))),
                                       block("text_statement", value("TEXT", num("1"))),
                                       block("text_statement")})))},
      {"join of Deriv Bot: nothing is told as such", get("text"), "undefined null",
       block("text_join",
             field("VARIABLE", "text") +
                 stack("STACK", chain({block("text_statement", value("TEXT", undef())),
                                       block("text_statement", value("TEXT", null()))})))},
      {"join as a value: no blank, in a native file too",
       join_values({txt("a"), num("1"), txt("b")}), "a1b"},
      {"join of two values tells nothing as such", join_values({txt("a"), undef()}), "aundefined"},
      {"join of three values leaves nothing out", join_values({txt("a"), undef(), txt("b")}), "ab"},
      {"join of no values", join_values({}), ""},
      {"a letter of what is no text",
       block("text_charAt", field("WHERE", "FIRST") + value("VALUE", num("5"))),
       "error: a letter is asked of what is no text"},
  });
}

std::string item(const std::string& mode, const std::string& where, const std::string& n,
                 const std::string& of = get("l")) {
  return block("lists_getIndex", mutation("statement=\"false\" at=\"true\"") + field("MODE", mode) +
                                     field("WHERE", where) + value("VALUE", of) +
                                     value("AT", num(n)));
}
std::string put(const std::string& mode, const std::string& where, const std::string& n,
                const std::string& what) {
  return block("lists_setIndex", mutation("at=\"true\"") + field("MODE", mode) +
                                     field("WHERE", where) + value("LIST", get("l")) +
                                     value("AT", num(n)) + value("TO", what));
}
const std::string kList = set("l", list({num("1"), num("2"), num("3")}));

TEST(Values, ListItems) {
  expect_all({
      {"from start", item("GET", "FROM_START", "2"), "2", kList},
      {"from end", item("GET", "FROM_END", "1"), "3", kList},
      {"first", item("GET", "FIRST", "1"), "1", kList},
      {"last", item("GET", "LAST", "1"), "3", kList},
      {"beyond the end", item("GET", "FROM_START", "9"), "undefined", kList},
      {"from end beyond the list: the first", item("GET", "FROM_END", "9"), "1", kList},
      {"get and remove from end beyond the list", item("GET_REMOVE", "FROM_END", "9"), "1", kList},
      {"get and remove, first", item("GET_REMOVE", "FIRST", "1"), "1", kList},
      {"a fraction is no index", item("GET", "FROM_START", "1.5"), "undefined", kList},
      {"of an empty list", item("GET", "LAST", "1", list({})), "undefined"},
      {"of nothing", item("GET", "FIRST", "1", undef()),
       "error: an item of undefined is asked for, which is no list"},
      {"of a text", item("GET", "FROM_START", "2", txt("abc")), "b"},
      {"removed", get("l"), "1,3",
       chain({kList,
              block("lists_getIndex", mutation("statement=\"true\" at=\"true\"") +
                                          field("MODE", "REMOVE") + field("WHERE", "FROM_START") +
                                          value("VALUE", get("l")) + value("AT", num("2")))})},
      {"set", get("l"), "1,9,3", chain({kList, put("SET", "FROM_START", "2", num("9"))})},
      {"set from end", get("l"), "1,9,3", chain({kList, put("SET", "FROM_END", "2", num("9"))})},
      {"set first", get("l"), "9,2,3", chain({kList, put("SET", "FIRST", "1", num("9"))})},
      {"set last", get("l"), "1,2,9", chain({kList, put("SET", "LAST", "1", num("9"))})},
      {"set beyond the end makes the list longer", get("l"), "1,2,3,,9",
       chain({kList, put("SET", "FROM_START", "5", num("9"))})},
      {"insert", get("l"), "1,9,2,3", chain({kList, put("INSERT", "FROM_START", "2", num("9"))})},
      {"insert from end", get("l"), "1,9,2,3",
       chain({kList, put("INSERT", "FROM_END", "2", num("9"))})},
      {"insert first", get("l"), "9,1,2,3", chain({kList, put("INSERT", "FIRST", "1", num("9"))})},
      {"insert last", get("l"), "1,2,3,9", chain({kList, put("INSERT", "LAST", "1", num("9"))})},
      {"a list is shared", get("l"), "1,2,3,9",
       chain({kList, set("m", get("l")),
              block("lists_setIndex", field("MODE", "INSERT") + field("WHERE", "LAST") +
                                          value("LIST", get("m")) + value("TO", num("9")))})},
      {"a list may hold itself", get("l"), "1,2,3,",
       chain({kList, put("INSERT", "LAST", "1", get("l"))})},
  });
}

TEST(Values, Lists) {
  const auto sub = [](const std::string& w1, const std::string& a1, const std::string& w2,
                      const std::string& a2) {
    return block("lists_getSublist",
                 mutation("at1=\"true\" at2=\"true\"") + field("WHERE1", w1) + field("WHERE2", w2) +
                     value("LIST", list({num("1"), num("2"), num("3"), num("4")})) +
                     value("AT1", num(a1)) + value("AT2", num(a2)));
  };
  const auto sort = [](const std::string& type, const std::string& direction) {
    return block("lists_sort",
                 field("TYPE", type) + field("DIRECTION", direction) + value("LIST", get("l")));
  };
  const auto numbers = set("l", list({num("10"), num("9"), num("2")}));
  expect_all({
      {"created", list({num("1"), txt("a"), null()}), "1,a,"},
      {"created by statements", get("list"), "1,2",
       block("lists_create_with",
             field("VARIABLE", "list") +
                 stack("STACK", chain({block("lists_statement", value("VALUE", num("1"))),
                                       block("lists_statement", value("VALUE", num("2")))})))},
      {"repeat", block("lists_repeat", value("ITEM", txt("a")) + value("NUM", num("3"))), "a,a,a"},
      {"repeat of a fraction",
       block("lists_repeat", value("ITEM", txt("a")) + value("NUM", num("1.5"))), "a,a"},
      {"length", block("lists_length", value("VALUE", list({num("1")}))), "1"},
      {"length of nothing", block("lists_length", value("VALUE", undef())),
       "error: the length of undefined is asked for"},
      {"isEmpty", block("lists_isEmpty", value("VALUE", list({}))), "true"},
      {"indexOf is strict",
       block("lists_indexOf", field("END", "FIRST") + value("VALUE", list({txt("2"), num("2")})) +
                                  value("FIND", num("2"))),
       "2"},
      {"indexOf last",
       block("lists_indexOf", field("END", "LAST") +
                                  value("VALUE", list({num("2"), num("1"), num("2")})) +
                                  value("FIND", num("2"))),
       "3"},
      {"indexOf absent",
       block("lists_indexOf",
             field("END", "FIRST") + value("VALUE", list({})) + value("FIND", num("2"))),
       "0"},
      {"sublist, both ends included", sub("FROM_START", "2", "FROM_START", "3"), "2,3"},
      {"sublist from the end", sub("FROM_END", "2", "LAST", "1"), "3,4"},
      {"sublist to the end", sub("FIRST", "1", "FROM_END", "2"), "1,2,3"},
      {"split", one("lists_split", "MODE", "SPLIT", "INPUT", txt("a,b")), "a,,,b"},
      {"split by a text",
       block("lists_length", value("VALUE", block("lists_split", field("MODE", "SPLIT") +
                                                                     value("INPUT", txt("a,b")) +
                                                                     value("DELIM", txt(","))))),
       "2"},
      {"join",
       block("lists_split", field("MODE", "JOIN") + value("INPUT", list({num("1"), num("2")})) +
                                value("DELIM", txt("-"))),
       "1-2"},
      {"sorted as numbers", sort("NUMERIC", "1"), "2,9,10", numbers},
      {"sorted downwards", sort("NUMERIC", "-1"), "10,9,2", numbers},
      {"sorted as text", sort("TEXT", "1"), "10,2,9", numbers},
      {"sorting sorts the list itself as text first", get("l"), "10,2,9",
       chain({numbers, set("m", sort("NUMERIC", "1"))})},
  });
  EXPECT_EQ(evaluate(get("l"), chain({numbers, set("m", sort("NUMERIC", "1"))}), false), "10,9,2")
      << "Binary Bot does not touch the list itself";
}

TEST(Values, StatisticsOfLists) {
  const auto of = [](const std::string& op, const std::string& what) {
    return block("math_on_list",
                 mutation("op=\"" + op + "\"") + field("OP", op) + value("LIST", what));
  };
  const auto nested = list({num("1"), list({num("2"), num("3")}), txt("9")});
  const auto mixed = list({num("3"), num("1"), num("3"), num("2")});
  expect_all({
      {"SUM of numbers alone, in lists too", of("SUM", nested), "6"},
      {"MIN", of("MIN", mixed), "1"},
      {"MAX", of("MAX", mixed), "3"},
      {"AVERAGE divides by the outer length", of("AVERAGE", nested), "2"},
      {"MEDIAN", of("MEDIAN", mixed), "2.5"},
      {"MODE is a list", of("MODE", mixed), "3"},
      {"ANTIMODE is a list", of("ANTIMODE", mixed), "1,2"},
      {"STD_DEV of the population", of("STD_DEV", list({num("2"), num("4")})), "1"},
      {"RANDOM of one", of("RANDOM", list({num("7")})), "7"},
      {"of nothing: a list with 0", of("SUM", undef()), "0"},
      {"the one met first computes for all", of("MAX", mixed), "9", set("first", of("SUM", mixed))},
  });
  EXPECT_EQ(evaluate(of("MAX", mixed), set("first", of("SUM", mixed)), false), "3")
      << "Binary Bot has a helper for each";
  EXPECT_EQ(evaluate(of("SUM", list({num("1"), txt("2")})), {}, false), "3");
}

TEST(Values, Ticks) {
  const std::vector<std::int64_t> quotes{10'005, 10'010, 10'007};
  const auto direction = [](const std::string& d) {
    return block("check_direction", field("CHECK_DIRECTION", d));
  };
  expect_all(
      {
          {"tick", block("tick"), "100.07"},
          {"tick_string", block("tick_string"), "100.07"},
          {"ticks", block("ticks"), "100.05,100.1,100.07"},
          {"ticks_string", block("ticks_string"), "100.05,100.10,100.07"},
          {"last_digit", block("last_digit"), "7"},
          {"lastDigitList counts zeros at the end", block("lastDigitList"), "5,0,7"},
          {"rise", direction("rise"), "false"},
          {"fall", direction("fall"), "true"},
          {"no change", direction(""), "false"},
      },
      true, quotes);
  EXPECT_EQ(evaluate(direction(""), {}, true, {10'000, 10'000}), "true");
  EXPECT_EQ(evaluate(direction("rise"), {}, true, {10'000}), "false")
      << "one tick has no direction";
}

TEST(Values, ItemsOfTheWindowAreThoseOfItsList) {
  const std::vector<std::int64_t> quotes{10'005, 10'010, 10'007};
  for (const std::string window : {"ticks", "lastDigitList"}) {
    for (const std::string where : {"FROM_START", "FROM_END", "FIRST", "LAST"}) {
      for (const std::string n : {"0", "1", "2", "3", "4", "1.5", "-1"}) {
        EXPECT_EQ(evaluate(item("GET", where, n, block(window)), {}, true, quotes),
                  evaluate(item("GET", where, n), set("l", block(window)), true, quotes))
            << window << " " << where << " " << n;
      }
    }
  }
  EXPECT_EQ(evaluate(item("GET", "FROM_END", "2", block("lastDigitList")), {}, true, quotes), "0");
}

TEST(Values, TheWindowHasAThousandTicks) {
  std::vector<std::int64_t> quotes;
  for (int i = 0; i < 3500; ++i) quotes.push_back(10'000 + i);
  EXPECT_EQ(evaluate(block("lists_length", value("VALUE", block("ticks"))), {}, true, quotes),
            "1000");
  EXPECT_EQ(evaluate(item("GET", "FIRST", "1", block("ticks")), {}, true, quotes), "125");
}

TEST(Values, Candles) {
  // 60 ticks of the first minute from 100.00 to 100.59, then 3 of the second.
  std::vector<std::int64_t> quotes;
  for (int i = 0; i < 60; ++i) quotes.push_back(10'000 + i);
  for (const int c : {10'100, 10'300, 10'050}) quotes.push_back(c);
  const auto of = [](const std::string& f, const std::string& n) {
    return block("read_ohlc", field("OHLCFIELD_LIST", f) + field("CANDLEINTERVAL_LIST", "default") +
                                  value("CANDLEINDEX", num(n)));
  };
  const auto candle = [](const std::string& n) {
    return block("get_ohlc", field("CANDLEINTERVAL_LIST", "60") + value("CANDLEINDEX", num(n)));
  };
  expect_all(
      {
          {"open of the one not finished", of("open", "1"), "101"},
          {"high", of("high", "1"), "103"},
          {"low", of("low", "1"), "100.5"},
          {"close", of("close", "1"), "100.5"},
          {"epoch is that of the opening", of("epoch", "1"), std::to_string(Rig::kFirst + 60)},
          {"2 is the last that is closed", of("close", "2"), "100.59"},
          {"beyond the list: the oldest", of("open", "99"), "100"},
          {"a number that is not whole", of("open", "1.5"),
           "error: PositiveIntegerExpected: the number of a candle is 1.5"},
          {"list of one field", block("ohlc_values", field("OHLCFIELD_LIST", "close")),
           "100.59,100.5"},
          {"list of candles", block("lists_length", value("VALUE", block("ohlc"))), "2"},
          {"is black", block("is_candle_black", value("OHLCOBJ", candle("1"))), "true"},
          {"is not black", block("is_candle_black", value("OHLCOBJ", candle("2"))), "false"},
          {"field of a candle",
           block("read_ohlc_obj", field("OHLCFIELD_LIST", "high") + value("OHLCOBJ", candle("1"))),
           "103"},
          {"field of every candle",
           block("ohlc_values_in_list",
                 field("OHLCFIELD_LIST", "open") + value("OHLCLIST", block("ohlc"))),
           "100,101"},
          {"a candle is expected", block("is_candle_black", value("OHLCOBJ", num("1"))),
           "error: CandleExpected: a candle is expected"},
          {"a list of candles is expected",
           block("ohlc_values_in_list",
                 field("OHLCFIELD_LIST", "open") + value("OHLCLIST", list({num("1")}))),
           "error: CandleListExpected: a list of candles is expected"},
      },
      true, quotes);
}

TEST(Values, Indicators) {
  const auto input = list({num("1"), num("2"), num("3"), num("4"), num("5")});
  const auto by = [&](const std::string& type, const std::string& period,
                      const std::string& more = {}) {
    return block(type, value("INPUT", input) + value("PERIOD", num(period)) + more);
  };
  const auto multipliers = value("UPMULTIPLIER", num("2")) + value("DOWNMULTIPLIER", num("1"));
  expect_all({
      {"sma", by("sma", "2"), "4.5"},
      {"smaa", by("smaa", "2"), "1.5,2.5,3.5,4.5"},
      // Seed (1+2+3)/3 = 2, weight 1/2: 3, then 4.
      {"ema", by("ema", "3"), "4"},
      {"emaa", by("emaa", "3"), "2,3,4"},
      {"rsi of a rise alone", by("rsi", "2"), "100"},
      {"rsi of a list as long as the period", by("rsi", "5"), "0"},
      {"rsia", by("rsia", "3"), "100,100"},
      // Last two: 4 and 5, mean 4.5, deviation 0.5.
      {"bb middle", by("bb", "2", field("BBRESULT_LIST", "0") + multipliers), "4.5"},
      {"bb upper", by("bb", "2", field("BBRESULT_LIST", "1") + multipliers), "5.5"},
      {"bb lower", by("bb", "2", field("BBRESULT_LIST", "2") + multipliers), "4"},
      {"bba", by("bba", "4", field("BBRESULT_LIST", "0") + multipliers), "2.5,3.5"},
      {"too short", by("sma", "9"), "error: Periods longer than data length"},
  });
  // Averages of 2: 1.5, 2.5, 3.5, 4.5; of 3: 2, 3, 4. MACD 0.5 throughout; signal of 2: 0.5.
  const auto macd = [&](const std::string& part) {
    return block("macda", field("MACDFIELDS_LIST", part) + value("INPUT", input) +
                              value("FAST_EMA_PERIOD", num("2")) +
                              value("SLOW_EMA_PERIOD", num("3")) +
                              value("SIGNAL_EMA_PERIOD", num("2")));
  };
  EXPECT_EQ(evaluate(macd("1")), "0.5,0.5");
  EXPECT_EQ(evaluate(macd("2")), "0.5,0.5");
  EXPECT_EQ(evaluate(macd("0")), "0,0");
}

TEST(Values, IndicatorsAsStatements) {
  const auto parameters = [](const std::vector<std::pair<std::string, std::string>>& more) {
    std::vector<std::string> blocks{
        block("input_list",
              value("INPUT_LIST", list({num("1"), num("2"), num("3"), num("4"), num("5")})))};
    for (const auto& [type, n] : more) {
      std::string name = type;
      for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
      if (type == "std_dev_multiplier_up") name = "UPMULTIPLIER";
      if (type == "std_dev_multiplier_down") name = "DOWNMULTIPLIER";
      blocks.push_back(block(type, value(name, num(n))));
    }
    return stack("STATEMENT", chain(blocks));
  };
  const auto into = [&](const std::string& type, const std::string& fields, auto more) {
    return block(type, field("VARIABLE", "i") + fields + parameters(more));
  };
  using More = std::vector<std::pair<std::string, std::string>>;
  const More two{{"period", "2"}};
  const More bands{
      {"period", "2"}, {"std_dev_multiplier_up", "2"}, {"std_dev_multiplier_down", "1"}};
  const More macd{{"fast_ema_period", "2"}, {"slow_ema_period", "3"}, {"signal_ema_period", "2"}};
  expect_all({
      {"sma", get("i"), "4.5", into("sma_statement", "", two)},
      {"smaa", get("i"), "1.5,2.5,3.5,4.5", into("smaa_statement", "", two)},
      {"ema", get("i"), "4.5", into("ema_statement", "", two)},
      {"emaa", get("i"), "1.5,2.5,3.5,4.5", into("emaa_statement", "", two)},
      {"rsi", get("i"), "100", into("rsi_statement", "", two)},
      {"rsia", get("i"), "100,100,100", into("rsia_statement", "", two)},
      {"bb", get("i"), "5.5", into("bb_statement", field("BBRESULT_LIST", "1"), bands)},
      {"bba", get("i"), "1,2,3,4", into("bba_statement", field("BBRESULT_LIST", "2"), bands)},
      {"macda", get("i"), "0.5,0.5", into("macda_statement", field("MACDFIELDS_LIST", "1"), macd)},
  });
}

TEST(Values, Tools) {
  expect_all({
      {"epoch", block("epoch"), std::to_string(Rig::kFirst)},
      {"date and time", block("todatetime", value("TIMESTAMP", num("1782086465"))),
       "2026-06-22 00:01:05 GMT+0000"},
      {"no date", block("todatetime", value("TIMESTAMP", txt("x"))), "Invalid timestamp: x"},
      {"timestamp", block("totimestamp", value("DATETIME", txt("2026-06-22 00:01:05"))),
       "1782086465"},
      {"timestamp of a day", block("totimestamp", value("DATETIME", txt("2024-02-29"))),
       "1709164800"},
      {"no timestamp", block("totimestamp", value("DATETIME", txt("2023-02-29"))),
       "Invalid date/time"},
      {"balance as a number", block("balance", field("BALANCE_TYPE", "NUM")), "10000.5"},
      {"balance as a text", block("balance", field("BALANCE_TYPE", "STR")), "10000.50"},
      {"total_runs", block("total_runs"), "0"},
      {"check_sell without a contract", block("check_sell"), "false"},
      {"total_profit before the options", block("total_profit"),
       "error: total_profit is asked for before the trade options were reached"},
      {"total_profit_string likewise", block("total_profit_string"),
       "error: total_profit is asked for before the trade options were reached"},
      {"a result before the first contract",
       block("contract_check_result", field("CHECK_RESULT", "win")),
       "error: the result of a contract is asked for before there was one"},
      {"details before the first contract", block("read_details", field("DETAIL_INDEX", "4")),
       "error: details of a contract are asked for before there was one"},
      {"statistics of accumulators before the options", block("stat"),
       "error: the statistics of accumulators are asked for before the options of one were "
       "reached"},
  });
}

Parts reads_statistics(const std::string& growth = "0.01") {
  Parts p;
  p.trade_type = "accumulator";
  p.options = block("trade_definition_accumulator",
                    field("GROWTHRATE_LIST", growth) + value("AMOUNT", num("10")));
  p.before =
      chain({set("a", block("stat")), set("b", block("stat_list")), when(no(), buy("ACCU"))});
  return p;
}

Settings with_barrier(std::int64_t one, std::int64_t two = 0) {
  Settings s;
  s.growth_barriers = {one, two, 0, 0, 0};
  return s;
}

TEST(Values, StatisticsOfAccumulatorsAreNewestFirst) {
  // 0.0433 % of about 100.00: four cents stay, five go too far.
  Rig rig(reads_statistics(), with_barrier(433'139'675));
  rig.prime({10'000, 10'004, 10'009, 10'009, 10'013, 10'018});
  rig.start();
  rig.tick(10'022);
  // The run at 10'000 began before the window. That of 10'009 stayed for two ticks, the one of
  // 10'018 for one so far.
  EXPECT_EQ(rig.var("a"), "1");
  EXPECT_EQ(rig.var("b"), "1,2");
  rig.tick(10'027);
  EXPECT_EQ(rig.var("a"), "0") << "the tick that goes too far is of no run";
  EXPECT_EQ(rig.var("b"), "0,1,2");
  rig.tick(10'020);
  EXPECT_EQ(rig.var("b"), "0,0,1,2") << "downwards as well";
}

TEST(Values, ATickAtTheBarrierItselfEndsTheRun) {
  // 0.04 % of 100.00 are four cents exactly.
  Rig at(reads_statistics(), with_barrier(400'000'000));
  at.prime({10'000});
  at.start();
  at.tick(10'004);
  EXPECT_EQ(at.var("a"), "0");
  Rig below(reads_statistics(), with_barrier(400'000'001));
  below.prime({10'000});
  below.start();
  below.tick(10'004);
  EXPECT_EQ(below.var("a"), "1") << "the only run counts from the window's beginning";
}

TEST(Values, StatisticsAreThoseOfTheRateOfTheOptions) {
  Rig rig(reads_statistics("0.02"), with_barrier(1, 433'139'675));
  rig.prime({10'000});
  rig.start();
  rig.tick(10'004);
  EXPECT_EQ(rig.var("a"), "1");
  Rig none(reads_statistics("0.03"), with_barrier(1, 1));
  none.prime({10'000});
  none.start();
  none.tick(10'004);
  ASSERT_TRUE(none.stopped);
  EXPECT_EQ(none.stopped->text,
            "the statistics of accumulators that grow by 0.03 are not known on R_100");
}

TEST(Values, AHundredStatisticsAtMost) {
  Rig rig(reads_statistics(), with_barrier(433'139'675));
  std::vector<std::int64_t> quotes;
  for (int i = 0; i < 300; ++i) quotes.push_back(i % 2 == 0 ? 10'000 : 11'000);
  rig.prime(quotes);
  rig.start();
  rig.tick(10'000);
  const auto list = rig.var("b");
  EXPECT_EQ(std::count(list.begin(), list.end(), ','), 99);
}

TEST(Values, RandomNumbersComeFromTheSeed) {
  const auto integer = block("math_random_int", value("FROM", num("3")) + value("TO", num("1")));
  const auto twenty = block(
      "controls_repeat_ext",
      value("TIMES", num("200")) +
          stack(
              "DO",
              chain({set("x", integer), when(compare("LT", get("x"), num("1")), set("bad", yes())),
                     when(compare("GT", get("x"), num("3")), set("bad", yes())),
                     block("math_change", field("VAR", "sum") + value("DELTA", get("x")))})));
  Settings other;
  other.seed = 2;
  EXPECT_EQ(evaluate(get("bad"), twenty), "undefined");
  EXPECT_EQ(evaluate(get("sum"), twenty), evaluate(get("sum"), twenty));
  EXPECT_NE(evaluate(get("sum"), twenty), evaluate(get("sum"), twenty, true, {}, other));
  const auto fraction = block("math_random_float");
  EXPECT_EQ(evaluate(compare("LT", fraction, num("1"))), "true");
  EXPECT_EQ(evaluate(item("GET", "RANDOM", "1", list({num("4")}))), "4");
  EXPECT_EQ(evaluate(block("text_charAt", field("WHERE", "RANDOM") + value("VALUE", txt("zz")))),
            "z");
}

TEST(Values, PromptsAreAnsweredInTheOrderOfTheFile) {
  const auto ask = [](const std::string& type, const std::string& question) {
    return block("text_prompt_ext", mutation("type=\"" + type + "\"") + field("TYPE", type) +
                                        value("TEXT", txt(question)));
  };
  Settings settings;
  settings.answers = {"1.5 USD", "abc"};
  EXPECT_EQ(
      evaluate(arith("ADD", ask("NUMBER", "stake?"), ask("TEXT", "name?")), {}, true, {}, settings),
      "1.5abc");
  EXPECT_EQ(evaluate(ask("NUMBER", "stake?")), "error: OptionError: prompt 1 has no answer");
}

TEST(Values, VendorsStatisticsOfDigits) {
  // Digits 1 3 5 2 2: two of them are even.
  const std::vector<std::int64_t> quotes{10'001, 10'003, 10'005, 10'002, 10'002};
  const auto condition = [](const std::string& c, const std::string& n, const std::string& v) {
    return block("last_digits_condition",
                 field("CONDITION", c) + value("N", num(n)) + value("COMPARE_VALUE", num(v)));
  };
  expect_all(
      {
          {"all even", condition("ALL_EVEN", "2", "0"), "true"},
          {"not all even", condition("ALL_EVEN", "3", "0"), "false"},
          {"all odd", condition("ALL_ODD", "3", "0"), "false"},
          {"all same", condition("ALL_SAME", "2", "0"), "true"},
          {"less", condition("LESS", "2", "3"), "true"},
          {"greater", condition("GREATER", "2", "2"), "false"},
          {"less or equal", condition("LESS_OR_EQUAL", "2", "2"), "true"},
          {"greater or equal", condition("GTE", "3", "2"), "true"},
          {"equal", condition("EQ", "2", "2"), "true"},
          {"even and odd", block("last_digits_even_odd", field("N", "2") + field("TYPE", "EVEN")),
           "true"},
          {"share of even digits",
           block("even_odd_analysis",
                 field("ANALYSIS_TYPE", "EVEN_PERCENTAGE") + value("N", num("3"))),
           "66.67"},
          {"share over",
           block("over_under_percentage",
                 field("CONDITION", "over") + value("COUNT", num("5")) + value("DIGIT", num("2"))),
           "40"},
          {"share under",
           block("over_under_analysis", field("CONDITION_TYPE", "under") + value("N", num("5")) +
                                            value("DIGIT", num("2"))),
           "20"},
          {"most frequent",
           block("digit_frequency",
                 field("N", "5") + field("RANK", "MOST") + field("RETURN_TYPE", "DIGIT")),
           "2"},
          {"second, the lower among equals",
           block("digit_frequency",
                 field("N", "5") + field("RANK", "SECOND_MOST") + field("RETURN_TYPE", "DIGIT")),
           "1"},
          {"its percentage",
           block("digit_frequency",
                 field("N", "5") + field("RANK", "MOST") + field("RETURN_TYPE", "PERCENTAGE")),
           "40"},
          {"least frequent",
           block("digit_highest_lowest_frequency",
                 field("FREQUENCY_TYPE", "lowest") + value("COUNT", num("5"))),
           "0"},
          {"an option", block("variables_is_option", field("VAR", "o") + field("OPTION", "a b")),
           "true", block("variables_set_option", field("VAR", "o") + field("OPTION", "a b"))},
          {"text_compare",
           block("text_compare", field("OP", "EQ") + value("A", txt("a")) + value("B", txt("a"))),
           "true"},
          {"text_contains",
           block("text_contains", value("VALUE", txt("abc")) + value("SUB", txt("b"))), "true"},
      },
      true, quotes);
}

TEST(Values, TheFormOfABlockIsThatOfItsPlace) {
  const auto named = block("lists_create_with", mutation("items=\"1\"") + field("VARIABLE", "l") +
                                                    value("ADD0", num("7")));
  EXPECT_EQ(evaluate(item("GET", "FIRST", "1", named)), "7");
  const auto text = block(
      "text_join", field("VARIABLE", "t") + mutation("items=\"1\"") + value("ADD0", txt("a")));
  EXPECT_EQ(evaluate(text), "a");
  EXPECT_EQ(evaluate(get("t"), text), "a");
}

TEST(Values, ADisabledValueIsAnEmptyInput) {
  const auto off = block("math_number", field("NUM", "7"), " disabled=\"true\"");
  EXPECT_EQ(evaluate(arith("ADD", off, num("1"))), "1");
}

TEST(Values, ARealBlockWinsOverItsDefault) {
  const auto both = block(
      "math_arithmetic",
      field("OP", "ADD") +
          value("A", "<shadow type=\"math_number\">" + field("NUM", "5") + "</shadow>" + num("1")) +
          value("B", "<shadow type=\"math_number\">" + field("NUM", "10") + "</shadow>"));
  EXPECT_EQ(evaluate(both), "11");
}

}  // namespace
}  // namespace derivd::dbot
