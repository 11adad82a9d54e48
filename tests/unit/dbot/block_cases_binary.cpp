// Blocks of Binary Bot alone: semantics.md, section 12.1. Its indicators are beside the others.
#include "unit/dbot/block_cases.hpp"

namespace derivd::dbot::test {
namespace {

Parts binary() {
  Parts p;
  p.native = false;
  p.binary = true;
  return p;
}

std::string second_purchase(Rig& rig) {
  begin_trade(rig);
  rig.tick(10'002);
  rig.win();
  rig.tick(10'003);
  return rig.bought.size() < 2 ? "no second one" : told(rig.bought[1]);
}

}  // namespace

BlockCases cases_of_binary_bot() {
  BlockCases out;
  {
    auto p = binary();
    p.symbol = "R_25";
    p.trade_type = "risefall";  // its older name of callput
    p.before = buy("CALL");
    p.options = options_block(num("2"), num("5"), "", "t", "tradeOptions");
    const auto see = [](Rig& rig) {
      return rig.import().dialect + " " + rig.import().symbol + " " + rig.import().trade_type +
             " " + first_purchase(rig);
    };
    out.push_back(acted("trade", p, see, "Binary Bot R_25 callput CALL 2.00 5t"));
  }
  {
    auto p = binary();
    p.options =
        options_block(num("0.35"), num("2"), value("PREDICTION", num("3")), "t", "tradeOptions");
    out.push_back(acted("tradeOptions", p, first_purchase, "DIGITOVER 0.35 2t =3"));
  }
  {
    auto p = binary();
    p.options = options_block(num("9"), num("2"), value("PREDICTION", num("3")), "t",
                              "tradeOptions_payout");
    out.push_back(acted("tradeOptions_payout", p, first_purchase, "DIGITOVER 9.00 2t =3 payout"));
  }
  {
    // What stands beside it runs once, not before every trade.
    const auto xml =
        "<xml>" +
        block("trade",
              stack("SUBMARKET",
                    chain({set("n", num("5")),
                           block("market",
                                 field("SYMBOL_LIST", "R_50") + field("TRADETYPE_LIST", "evenodd") +
                                     field("TYPE_LIST", "both") + field("DURATIONTYPE_LIST", "t") +
                                     value("DURATION", num("4")) + value("AMOUNT", get("n")))}))) +
        block("before_purchase", stack("BEFOREPURCHASE_STACK", buy("DIGITEVEN"))) +
        block("after_purchase", stack("AFTERPURCHASE_STACK", chain({count_of("n"), again()}))) +
        "</xml>";
    out.push_back({"market", xml, second_purchase, "DIGITEVEN 6.00 4t"});
  }
  {
    const auto xml =
        "<xml>" +
        block("trade",
              stack("SUBMARKET",
                    block("r_100",
                          stack("CONDITION", block("evenodd", field("DURATIONTYPE_LIST", "t") +
                                                                  value("DURATION", num("6")) +
                                                                  value("AMOUNT", num("1"))))))) +
        block("on_strategy", stack("STRATEGY_STACK", buy("DIGITODD"))) +
        block("on_finish", stack("FINISH_STACK", again())) + "</xml>";
    out.push_back({"on_strategy", xml, first_purchase, "DIGITODD 1.00 6t"});
    out.push_back({"on_finish", xml, second_purchase, "DIGITODD 1.00 6t"});
  }
  {
    // A journal line; nothing is posted.
    auto p = binary();
    const auto pair = [](const std::string& key, const std::string& what) {
      return block("key_value_pair", field("KEY", key) + value("VALUE", what));
    };
    p.before = chain({block("webhook", value("WEBHOOK_URL", txt("https://example.invalid")) +
                                           value("ADD0", pair("a", num("1"))) +
                                           value("ADD1", pair("b", txt("x")))),
                      buy("DIGITOVER")});
    const auto see = [](Rig& rig) {
      begin_trade(rig);
      return rig.messages.at(0);
    };
    out.push_back(acted("webhook", p, see, "a=1, b=x"));
    out.push_back(acted("key_value_pair", p, see, "a=1, b=x"));
  }
  // Without a meaning at run time.
  out.push_back(valued("direction", block("direction"), "undefined", {}, {}, false));
  out.push_back(valued("interval", get("x"), "2",
                       chain({set("x", num("1")), block("interval"), count_of("x")}), {}, false));
  out.push_back(valued("allFields", get("x"), "2",
                       chain({set("x", num("1")), block("allFields"), count_of("x")}), {}, false));
  return out;
}

}  // namespace derivd::dbot::test
