// Blocks of logic, numbers, texts and lists: semantics.md, sections 9 and 11.
#include "unit/dbot/block_cases.hpp"

namespace derivd::dbot::test {
namespace {

std::string numbers(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const auto& text : texts) items.push_back(num(text));
  return list(items);
}

BlockCases of_logic() {
  const auto branch = [](const std::string& condition) {
    return when(condition, set("x", num("1")), set("x", num("2")));
  };
  const auto both = [](const std::string& op, const std::string& a, const std::string& b) {
    return block("logic_operation", field("OP", op) + value("A", a) + value("B", b));
  };
  return {
      valued("controls_if", get("x"), "1", branch(txt("a"))),
      valued("controls_if", get("x"), "2", branch(txt(""))),
      valued("logic_compare", compare("EQ", num("1"), txt("1")), "true"),
      valued("logic_compare", compare("LT", txt("10"), txt("9")), "true"),
      valued("logic_operation", both("AND", num("5"), txt("a")), "a"),
      valued("logic_operation", both("OR", num("5"), txt("a")), "5"),
      valued("logic_negate", block("logic_negate", value("BOOL", txt(""))), "true"),
      valued("logic_boolean", block("logic_boolean", field("BOOL", "FALSE")), "false"),
      valued("logic_null", null(), "null"),
      valued("logic_ternary",
             block("logic_ternary",
                   value("IF", null()) + value("THEN", num("1")) + value("ELSE", num("2"))),
             "2"),
  };
}

BlockCases of_numbers() {
  const auto range = [](const std::string& n) {
    return block("math_constrain",
                 value("VALUE", num(n)) + value("LOW", num("-1")) + value("HIGH", num("1")));
  };
  return {
      valued("math_number", num("-0.35"), "-0.35"),
      valued("math_number_positive", block("math_number_positive", field("NUM", "12")), "12"),
      valued("math_arithmetic", arith("POWER", num("2"), num("10")), "1024"),
      valued("math_arithmetic", arith("MINUS", num("0.3"), num("0.1")), "0.19999999999999998"),
      // What is no number counts as 0.
      valued("math_change", get("x"), "2.5",
             chain({set("x", txt("7")),
                    block("math_change", field("VAR", "x") + value("DELTA", num("2.5")))})),
      valued("math_single", of_value("math_single", "OP", "ROOT", "NUM", num("2.25")), "1.5"),
      valued("math_trig", of_value("math_trig", "OP", "ACOS", "NUM", num("-1")), "180"),
      valued("math_constant", block("math_constant", field("CONSTANT", "SQRT2")),
             "1.4142135623730951"),
      // -3 % 2 is -1, which is not 1.
      valued("math_number_property",
             block("math_number_property",
                   field("PROPERTY", "ODD") + value("NUMBER_TO_CHECK", num("-3"))),
             "false"),
      valued("math_round", of_value("math_round", "OP", "ROUND", "NUM", num("-1.5")), "-1"),
      valued("math_on_list",
             of_value("math_on_list", "OP", "MEDIAN", "LIST", numbers({"9", "1", "4"})), "4"),
      valued("math_modulo",
             block("math_modulo", value("DIVIDEND", num("5.5")) + value("DIVISOR", num("-2"))),
             "1.5"),
      valued("math_constrain", range("7"), "1"),
      valued("math_constrain", range("-7"), "-1"),
      valued("math_random_int",
             block("math_random_int", value("FROM", num("4")) + value("TO", num("4"))), "4"),
      valued("math_random_float",
             block("logic_operation", field("OP", "AND") +
                                          value("A", compare("GTE", get("r"), num("0"))) +
                                          value("B", compare("LT", get("r"), num("1")))),
             "true", set("r", block("math_random_float"))),
  };
}

BlockCases of_texts() {
  const auto inside = [](const std::vector<std::string>& items) {
    std::vector<std::string> blocks;
    for (const auto& i : items) blocks.push_back(block("text_statement", value("TEXT", i)));
    return block("text_join", field("VARIABLE", "t") + stack("STACK", chain(blocks)));
  };
  Settings answered;
  answered.answers = {"2.5 USD"};
  return {
      valued("text", txt("a b"), "a b"),
      valued("text_join", get("t"), "a b c", inside({txt("a"), txt("b"), txt("c")})),
      valued("text_statement", get("t"), "1.5 true null", inside({num("1.50"), yes(), null()})),
      valued("text_append", get("t"), "a1",
             chain({set("t", txt("a")),
                    block("text_append", field("VAR", "t") + value("TEXT", num("1")))})),
      valued("text_length", block("text_length", value("VALUE", txt("four"))), "4"),
      valued("text_isEmpty", block("text_isEmpty", value("VALUE", txt(" "))), "false"),
      valued("text_indexOf",
             block("text_indexOf",
                   field("END", "LAST") + value("VALUE", txt("banana")) + value("FIND", txt("an"))),
             "4"),
      valued("text_charAt",
             block("text_charAt",
                   field("WHERE", "FROM_END") + value("VALUE", txt("abc")) + value("AT", num("2"))),
             "b"),
      valued("text_getSubstring",
             block("text_getSubstring", field("WHERE1", "FROM_START") + field("WHERE2", "LAST") +
                                            value("STRING", txt("abcd")) + value("AT1", num("3"))),
             "cd"),
      valued("text_changeCase",
             of_value("text_changeCase", "CASE", "TITLECASE", "TEXT", txt("oNE tWO")), "One Two"),
      valued("text_trim", of_value("text_trim", "MODE", "RIGHT", "TEXT", txt(" a ")), " a"),
      valued("text_prompt_ext",
             block("text_prompt_ext", field("TYPE", "NUMBER") + value("TEXT", txt("stake?"))),
             "2.5", {}, answered),
  };
}

BlockCases of_lists() {
  const auto made = set("l", numbers({"10", "9", "2"}));
  const auto at = [](const std::string& where, const std::string& n) {
    return field("WHERE", where) + value("AT", num(n));
  };
  const auto statements = [](const std::vector<std::string>& inside) {
    std::vector<std::string> blocks;
    for (const auto& i : inside) blocks.push_back(block("lists_statement", i));
    return block("lists_create_with", field("VARIABLE", "l") + stack("STACK", chain(blocks)));
  };
  const auto item = block("lists_getIndex",
                          field("MODE", "GET") + at("FROM_START", "2") + value("VALUE", get("l")));
  return {
      valued("lists_create_with", get("l"), "1,a",
             statements({value("VALUE", num("1")), value("VALUE", txt("a"))})),
      // An empty one is null.
      valued("lists_statement", item, "null", statements({value("VALUE", num("1")), ""})),
      valued("lists_repeat",
             block("lists_repeat", value("ITEM", num("7")) + value("NUM", num("2"))), "7,7"),
      valued("lists_length", block("lists_length", value("VALUE", get("l"))), "3", made),
      valued("lists_isEmpty", block("lists_isEmpty", value("VALUE", get("l"))), "false", made),
      valued("lists_indexOf",
             block("lists_indexOf",
                   field("END", "FIRST") + value("VALUE", get("l")) + value("FIND", num("2"))),
             "3", made),
      valued("lists_getIndex", item, "9", made),
      valued("lists_setIndex", get("l"), "10,5,9,2",
             chain({made,
                    block("lists_setIndex", field("MODE", "INSERT") + at("FROM_START", "2") +
                                                value("LIST", get("l")) + value("TO", num("5")))})),
      valued("lists_getSublist",
             block("lists_getSublist", field("WHERE1", "FIRST") + field("WHERE2", "FROM_START") +
                                           value("LIST", get("l")) + value("AT2", num("2"))),
             "10,9", made),
      valued("lists_split",
             block("lists_split",
                   field("MODE", "JOIN") + value("INPUT", get("l")) + value("DELIM", txt("-"))),
             "10-9-2", made),
      valued("lists_sort",
             block("lists_sort",
                   field("TYPE", "TEXT") + field("DIRECTION", "-1") + value("LIST", get("l"))),
             "9,2,10", made),
  };
}

}  // namespace

BlockCases cases_of_values() {
  BlockCases out;
  for (const auto& part : {of_logic(), of_numbers(), of_texts(), of_lists()}) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

}  // namespace derivd::dbot::test
