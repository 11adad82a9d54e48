// Blocks of vendors that are understood: semantics.md, section 13, and, where nobody's source tells
// it, what their row in the table of blocks says.
#include "unit/dbot/block_cases.hpp"

namespace derivd::dbot::test {
namespace {

/// Digits 0 3 1 0 of the cases' quotes.
BlockCase digits(const std::string& type, const std::string& inside, const std::string& expected) {
  return valued(type, block(type, inside), expected);
}

BlockCase bought(const std::string& type, const std::string& inside, const std::string& expected) {
  Parts p;
  p.before = block(type, inside);
  p.more = block("during_purchase", stack("DURING_PURCHASE_STACK", when(no(), buy("DIGITOVER"))));
  return acted(type, p, first_purchase, expected);
}

BlockCase said(const std::string& type, const std::string& inside, Message::Kind kind,
               const std::string& expected) {
  Parts p;
  p.before = chain({block(type, inside), buy("DIGITOVER")});
  const auto see = [kind](Rig& rig) {
    begin_trade(rig);
    const auto& m = rig.full_messages.at(0);
    return m.text + (m.kind == kind ? "" : " of another kind");
  };
  return acted(type, p, see, expected);
}

BlockCase ends(const std::string& type) {
  Parts p;
  p.before = chain({block(type), buy("DIGITOVER")});
  const auto see = [](Rig& rig) {
    begin_trade(rig);
    const bool finished = rig.stopped && rig.stopped->why == Stopped::Why::kFinished;
    return fmt::format("{}, {} bought", finished ? "finished" : "runs", rig.bought.size());
  };
  return acted(type, p, see, "finished, 0 bought");
}

BlockCase after(const std::string& type, const std::string& inside, const std::string& expected) {
  Parts p;
  p.after = chain({set("x", block(type, inside)), again()});
  const auto see = [](Rig& rig) {
    begin_trade(rig);
    rig.tick(10'002);
    rig.win(195);
    return rig.var("x");
  };
  return acted(type, p, see, expected);
}

}  // namespace

BlockCases cases_of_vendors() {
  using Kind = Message::Kind;
  const auto over = field("PURCHASE_LIST", "DIGITOVER");
  const auto own = value("PREDICTION", num("8"));
  const auto warns = field("NOTIFICATION_TYPE", "warn") + value("MESSAGE", txt("m"));
  BlockCases out;
  for (const std::string type : {"apollo_purchase", "ceo_purchase", "ceosami_purchase",
                                 "traderlegoo_purchase", "purchase_hsfgorewhsj"}) {
    out.push_back(bought(type, over, "DIGITOVER 1.00 1t =5"));
  }
  out.push_back(bought("apollo_purchase2", over + own, "DIGITOVER 1.00 1t =8"));
  out.push_back(bought("purchase_with_prediction", field("CONTRACT_TYPE", "DIGITOVER") + own,
                       "DIGITOVER 1.00 1t =8"));
  for (const std::string type : {"btnotify", "money8gg_notify", "apollo_notify", "ceosaminotify",
                                 "traderlegoonotify", "notifyhsfgorewhsj"}) {
    out.push_back(said(type, warns, Kind::kWarn, "m"));
  }
  out.push_back(said("bt_notify", value("notification", txt("m")), Kind::kInfo, "m"));
  out.push_back(said("money8gg_print", value("TEXT", txt("m")), Kind::kAlert, "m"));
  out.push_back(ends("trade_stop"));
  out.push_back(ends("stop"));
  out.push_back(after("contract_details", field("DETAIL_INDEX", "4"), "0.95"));
  out.push_back(after("purchase_is_won", "", "true"));
  out.push_back(after("purchase_is_lost", "", "false"));
  // Left by a break alone.
  out.push_back(
      valued("controls_repeat_inf", get("n"), "3",
             block("controls_repeat_inf",
                   stack("DO", chain({count_of("n"), when(compare("EQ", get("n"), num("3")),
                                                          block("controls_flow_statements",
                                                                field("FLOW", "BREAK")))})))));
  out.push_back(
      valued("text_compare",
             block("text_compare", field("OP", "EQ") + value("A", txt("a")) + value("B", txt("b"))),
             "false"));
  out.push_back(valued("text_contains",
                       block("text_contains", value("VALUE", txt("abc")) + value("SUB", txt("bc"))),
                       "true"));
  out.push_back(valued(
      "text_statements", get("t"), "a b",
      block("text_join",
            field("VARIABLE", "t") +
                stack("STACK", chain({block("text_statements", value("TEXT", txt("a"))),
                                      block("text_statements", value("TEXT", txt("b")))})))));
  const auto chosen = block("variables_set_option", field("VAR", "o") + field("OPTION", "one"));
  out.push_back(valued("variables_set_option", get("o"), "one", chosen));
  out.push_back(valued("variables_is_option",
                       block("variables_is_option", field("VAR", "o") + field("OPTION", "two")),
                       "false", chosen));
  // Of 0 3 1 0 the last is even, the last two are not; half of them are even; above 2 is one.
  out.push_back(digits("last_digits_condition",
                       field("CONDITION", "ALL_EVEN") + value("N", num("1")), "true"));
  out.push_back(
      digits("last_digits_condition",
             field("CONDITION", "LESS") + value("N", num("3")) + value("COMPARE_VALUE", num("3")),
             "false"));
  out.push_back(digits("last_digits_even_odd", field("TYPE", "EVEN") + field("N", "2"), "false"));
  out.push_back(digits("even_odd_analysis",
                       field("ANALYSIS_TYPE", "ODD_PERCENTAGE") + value("N", num("3")), "66.67"));
  out.push_back(digits(
      "over_under_percentage",
      field("CONDITION", "over") + value("COUNT", num("4")) + value("DIGIT", num("2")), "25"));
  out.push_back(digits(
      "over_under_analysis",
      field("CONDITION_TYPE", "under") + value("N", num("4")) + value("DIGIT", num("1")), "50"));
  out.push_back(digits("digit_frequency",
                       field("N", "4") + field("RANK", "MOST") + field("RETURN_TYPE", "DIGIT"),
                       "0"));
  out.push_back(digits("digit_highest_lowest_frequency",
                       field("FREQUENCY_TYPE", "lowest") + value("COUNT", num("4")), "2"));
  return out;
}

}  // namespace derivd::dbot::test
