// Loops, variables and functions: semantics.md, sections 1.3, 9 and 11.
#include "unit/dbot/block_cases.hpp"

namespace derivd::dbot::test {
namespace {

/// Init runs the statements; what the variable is then.
BlockCase left(const std::string& type, const std::string& statements, const std::string& variable,
               const std::string& expected, const std::string& more = {}) {
  Parts p;
  p.init = statements;
  p.more = more;
  const auto see = [variable](Rig& rig) {
    rig.start();
    return rig.stopped ? "error: " + rig.stopped->text : rig.var(variable);
  };
  return acted(type, p, see, expected);
}

std::string add(const std::string& name, const std::string& what) {
  return block("math_change", field("VAR", name) + value("DELTA", what));
}

std::string counted(const std::string& from, const std::string& to, const std::string& by,
                    const std::string& inside) {
  return block("controls_for", field("VAR", "i") + value("FROM", num(from)) + value("TO", num(to)) +
                                   value("BY", num(by)) + stack("DO", inside));
}

std::string function(const std::string& type, const std::string& name, const std::string& inside) {
  return block(type, mutation("", "<arg name=\"a\"></arg>") + field("NAME", name) + inside);
}

}  // namespace

BlockCases cases_of_flow() {
  const auto leave = [](const std::string& flow) {
    return when(compare("EQ", get("i"), num("3")),
                block("controls_flow_statements", field("FLOW", flow)));
  };
  const auto call = call_of("procedures_callreturn", "f", value("ARG0", num("20")));
  const auto doubled =
      function("procedures_defreturn", "f", value("RETURN", arith("MULTIPLY", get("a"), num("2"))));
  const auto early = function(
      "procedures_defreturn", "f",
      stack("STACK",
            block("procedures_ifreturn", mutation("value=\"1\"") +
                                             value("CONDITION", compare("GT", get("a"), num("5"))) +
                                             value("VALUE", txt("large")))) +
          value("RETURN", txt("small")));
  const auto note = function("procedures_defnoreturn", "g",
                             stack("STACK", chain({set("x", get("a")), set("a", num("0"))})));
  const auto tell = call_of("procedures_callnoreturn", "g", value("ARG0", num("7")));
  return {
      left("controls_repeat_ext",
           block("controls_repeat_ext", value("TIMES", num("3")) + stack("DO", count_of("n"))), "n",
           "3"),
      left("controls_repeat",
           block("controls_repeat", field("TIMES", "4") + stack("DO", count_of("n"))), "n", "4"),
      left("controls_whileUntil",
           block("controls_whileUntil", field("MODE", "UNTIL") +
                                            value("BOOL", compare("GTE", get("n"), num("5"))) +
                                            stack("DO", count_of("n"))),
           "n", "5"),
      // 1, 3 and 5: both ends belong to it.
      left("controls_for", counted("1", "5", "2", add("sum", get("i"))), "sum", "9"),
      // Literals decide the direction; the step is taken as a distance.
      left("controls_for", counted("3", "1", "1", add("sum", get("i"))), "sum", "6"),
      left("controls_forEach",
           block("controls_forEach", field("VAR", "i") + value("LIST", list({num("4"), num("5")})) +
                                         stack("DO", add("sum", get("i")))),
           "sum", "9"),
      left("controls_flow_statements",
           counted("1", "5", "1", chain({leave("BREAK"), count_of("n")})), "n", "2"),
      left("controls_flow_statements",
           counted("1", "5", "1", chain({leave("CONTINUE"), count_of("n")})), "n", "4"),
      valued("variables_get", get("nobody sets it"), "undefined"),
      left("variables_set", chain({set("x", num("1")), set("x", txt("b"))}), "x", "b"),
      left("procedures_defnoreturn", tell, "x", "7", note),
      // A parameter shadows the variable of its name, and leaves it alone.
      left("procedures_callnoreturn", chain({set("a", num("1")), tell}), "a", "1", note),
      left("procedures_defreturn", set("x", call), "x", "40", doubled),
      left("procedures_callreturn", set("x", arith("ADD", call, num("2"))), "x", "42", doubled),
      left("procedures_ifreturn", set("x", call), "x", "large", early),
      left("procedures_ifreturn",
           set("x", call_of("procedures_callreturn", "f", value("ARG0", num("5")))), "x", "small",
           early),
  };
}

}  // namespace derivd::dbot::test
