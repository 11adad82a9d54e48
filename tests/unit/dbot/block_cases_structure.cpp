// Blocks of the trade itself and of ticks and candles: semantics.md, section 11, "Structure" and
// "Ticks and candles".
#include "unit/dbot/block_cases.hpp"

namespace derivd::dbot::test {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// The last contract's details or results, read after it: lost, or won with 1.95 for 1.00.
BlockCase after(const std::string& type, const std::string& what, bool wins,
                const std::string& expected) {
  Parts p;
  p.after = chain({set("x", what), again()});
  const auto see = [wins](Rig& rig) {
    begin_trade(rig);
    rig.tick(10'002);
    rig.end(wins ? 195 : 0);
    return rig.var("x");
  };
  return acted(type, p, see, expected);
}

/// What During reads once the contract could be sold for 1.20.
BlockCase during(const std::string& type, const std::string& inside,
                 std::function<std::string(Rig&)> see, const std::string& expected) {
  Parts p;
  p.during = inside;
  const auto whole = [see = std::move(see)](Rig& rig) {
    begin_trade(rig);
    rig.tick(10'002);
    rig.update(120);
    return see(rig);
  };
  return acted(type, p, whole, expected);
}

/// What Before reads of a price.
BlockCase price(const std::string& type, const std::string& expected) {
  Parts p;
  p.before = chain({set("x", block(type, field("PURCHASE_LIST", "DIGITOVER"))), buy("DIGITOVER")});
  const auto see = [](Rig& rig) {
    begin_trade(rig);
    return rig.var("x");
  };
  return acted(type, p, see, expected);
}

Parts position(const std::string& kind, const std::string& options, const std::string& type) {
  Parts p;
  p.trade_type = kind;
  p.options = block("trade_definition_" + kind, options);
  p.before = buy(type);
  return p;
}

std::string amount(const std::string& type, const std::string& n,
                   const std::string& attributes = {}) {
  return block(type, value("AMOUNT", num(n)), attributes);
}

BlockCases of_the_definition() {
  BlockCases out;
  {
    // INITIALIZATION runs once, SUBMARKET before every trade.
    Parts p;
    p.init = count_of("once");
    p.options = chain({count_of("each"), options_block()});
    const auto see = [](Rig& rig) {
      begin_trade(rig);
      rig.tick(10'002);
      rig.win();
      return rig.var("once") + " " + rig.var("each");
    };
    out.push_back(acted("trade_definition", p, see, "1 2"));
  }
  {
    Parts p;
    p.symbol = "R_50";
    const auto see = [](Rig& rig) { return rig.import().program->symbol; };
    out.push_back(acted("trade_definition_market", p, see, "R_50"));
  }
  {
    Parts p;
    p.trade_type = "touchnotouch";
    const auto see = [](Rig& rig) {
      std::string all;
      for (const auto& type : rig.import().program->contract_types) all += type + " ";
      return all;
    };
    out.push_back(acted("trade_definition_tradetype", p, see, "ONETOUCH NOTOUCH "));
  }
  {
    // The one type of the definition is no limit for a direct purchase.
    const auto xml =
        replaced(program(Parts{}), field("TYPE_LIST", "both"), field("TYPE_LIST", "DIGITUNDER"));
    out.push_back(
        {"trade_definition_contracttype", xml,
         [](Rig& rig) { return rig.import().program->contract_type + " " + first_purchase(rig); },
         "DIGITUNDER DIGITOVER 1.00 1t =5"});
  }
  {
    // 241 seconds from a whole hour: candles of two minutes begin at 0, 120 and 240.
    Parts p;
    p.init = set("x", block("lists_length", value("VALUE", block("ohlc"))));
    const auto xml = replaced(program(p), field("CANDLEINTERVAL_LIST", "60"),
                              field("CANDLEINTERVAL_LIST", "120"));
    out.push_back({"trade_definition_candleinterval", xml,
                   [](Rig& rig) {
                     rig.prime(std::vector<std::int64_t>(241, 10'000));
                     rig.start();
                     return rig.var("x");
                   },
                   "3"});
  }
  {
    // On: the variables return to those before Before, which runs anew at once.
    Parts p;
    p.machine = "TRUE";
    p.before = chain({count_of("n"), buy("DIGITOVER")});
    const auto see = [](Rig& rig) {
      rig.refusals = {{"PriceMoved", "moved"}, {"PriceMoved", "moved"}};
      begin_trade(rig);
      for (int i = 0; i < 4; ++i) rig.tick(10'002);
      return rig.var("n") + " after " + std::to_string(rig.asked) + " attempts";
    };
    out.push_back(acted("trade_definition_restartbuysell", p, see, "1 after 3 attempts"));
  }
  for (const bool on : {true, false}) {
    Parts p;
    p.restart = on ? "TRUE" : "FALSE";
    p.before =
        chain({set("x", block("read_details", field("DETAIL_INDEX", "4"))), buy("DIGITOVER")});
    const auto see = [](Rig& rig) {
      begin_trade(rig);
      return std::string(rig.stopped ? "ended" : "begun anew");
    };
    out.push_back(acted("trade_definition_restartonerror", p, see, on ? "begun anew" : "ended"));
  }
  return out;
}

BlockCases of_the_options() {
  BlockCases out;
  {
    Parts p;
    p.options = options_block(num("1.5"), num("3"), value("PREDICTION", num("7")));
    out.push_back(
        acted("trade_definition_tradeoptions", p, first_purchase, "DIGITOVER 1.50 3t =7"));
  }
  {
    Parts p;
    p.options =
        options_block(num("10"), num("15"), "", "s", "trade_definition_tradeoptions_payout");
    p.before = buy("CALL");
    out.push_back(
        acted("trade_definition_tradeoptions_payout", p, first_purchase, "CALL 10.00 15s payout"));
  }
  const auto factor = field("MULTIPLIERTYPE_LIST", "40") + value("AMOUNT", num("10"));
  const auto rate = field("GROWTHRATE_LIST", "0.03") + value("AMOUNT", num("10"));
  out.push_back(acted("trade_definition_multiplier", position("multiplier", factor, "MULTUP"),
                      first_purchase, "MULTUP 10.00 x40"));
  out.push_back(
      acted("multiplier_take_profit",
            position("multiplier",
                     factor + stack("MULTIPLIER_PARAMS", amount("multiplier_take_profit", "2.5")),
                     "MULTUP"),
            first_purchase, "MULTUP 10.00 x40 profit 2.50"));
  // A limit that is disabled is none.
  out.push_back(acted(
      "multiplier_stop_loss",
      position("multiplier",
               factor + stack("MULTIPLIER_PARAMS",
                              chain({amount("multiplier_take_profit", "2", " disabled=\"true\""),
                                     amount("multiplier_stop_loss", "3")})),
               "MULTDOWN"),
      first_purchase, "MULTDOWN 10.00 x40 loss 3.00"));
  out.push_back(acted("trade_definition_accumulator", position("accumulator", rate, "ACCU"),
                      first_purchase, "ACCU 10.00 0.03"));
  out.push_back(
      acted("accumulator_take_profit",
            position("accumulator",
                     rate + stack("ACCUMULATOR_PARAMS", amount("accumulator_take_profit", "1.25")),
                     "ACCU"),
            first_purchase, "ACCU 10.00 0.03 profit 1.25"));
  return out;
}

BlockCases of_the_sections() {
  BlockCases out;
  {
    // At each new tick, while nothing is bought.
    Parts p;
    p.before = chain({count_of("n"), when(compare("EQ", get("n"), num("3")), buy("DIGITOVER"))});
    const auto see = [](Rig& rig) {
      rig.start();
      for (int i = 0; i < 5; ++i) rig.tick(10'001 + i);
      return rig.var("n") + " " + std::to_string(rig.bought.size());
    };
    out.push_back(acted("before_purchase", p, see, "3 1"));
  }
  {
    Parts p;
    p.before = buy("DIGITUNDER");
    out.push_back(acted("purchase", p, first_purchase, "DIGITUNDER 1.00 1t =5"));
  }
  out.push_back(price("payout", "1.95"));
  {
    // Without a `payout` block Deriv Bot has no proposals; derivd asks for the price here, too.
    out.push_back(price("ask_price", "1"));
  }
  out.push_back(during(
      "during_purchase", count_of("n"),
      [](Rig& rig) {
        rig.tick(10'003);  // one run for the update, one for the tick
        return rig.var("n");
      },
      "2"));
  out.push_back(during(
      "check_sell", set("x", block("check_sell")), [](Rig& rig) { return rig.var("x"); }, "true"));
  out.push_back(during(
      "sell_at_market", block("sell_at_market"), [](Rig& rig) { return std::to_string(rig.sales); },
      "1"));
  // The profit if it were sold now: 1.20 - 1.00.
  out.push_back(during(
      "sell_price", set("x", block("sell_price")), [](Rig& rig) { return rig.var("x"); }, "0.2"));
  {
    Parts p;
    p.after = chain({count_of("n"), again()});
    const auto see = [](Rig& rig) {
      begin_trade(rig);
      rig.tick(10'002);
      rig.win();
      rig.tick(10'003);  // buys again
      return rig.var("n") + " of " + std::to_string(rig.bought.size());
    };
    out.push_back(acted("after_purchase", p, see, "1 of 2"));
  }
  out.push_back(after("contract_check_result",
                      block("contract_check_result", field("CHECK_RESULT", "win")), false,
                      "false"));
  out.push_back(after("contract_check_result",
                      block("contract_check_result", field("CHECK_RESULT", "loss")), false,
                      "true"));
  const std::vector<std::pair<std::string, std::string>> details{
      {"1", "101"},       {"2", "1"},        {"3", "1.95"},  {"4", "0.95"},
      {"5", "DIGITOVER"}, {"6", "00:00:02"}, {"7", "123.4"}, {"8", "00:00:02"},
      {"9", "123.45"},    {"10", "0"},       {"11", "win"}};
  for (const auto& [index, expected] : details) {
    out.push_back(
        after("read_details", block("read_details", field("DETAIL_INDEX", index)), true, expected));
  }
  {
    Parts p;
    const auto see = [](Rig& rig) {
      for (begin_trade(rig); rig.bought.size() < 3;) {
        rig.tick(10'002);
        rig.lose();
        rig.tick(10'003);
      }
      return std::string(rig.stopped ? "ended" : "three trades");
    };
    out.push_back(acted("trade_again", p, see, "three trades"));
  }
  {
    // Once for each tick that is seen: the one at the start and three more.
    Parts p;
    p.before = when(no(), buy("DIGITOVER"));
    p.more = block("tick_analysis", stack("TICKANALYSIS_STACK", count_of("n")));
    const auto see = [](Rig& rig) {
      rig.start();
      for (int i = 0; i < 3; ++i) rig.tick(10'001);
      return rig.var("n");
    };
    out.push_back(acted("tick_analysis", p, see, "4"));
  }
  {
    Parts p;
    p.more = block("block_holder", stack("USELESS_STACK", set("x", num("1"))));
    const auto see = [](Rig& rig) { return first_purchase(rig) + " " + rig.var("x"); };
    out.push_back(acted("block_holder", p, see, "DIGITOVER 1.00 1t =5 (none)"));
  }
  {
    Parts p;
    p.more = block("loader", field("URL", "https://example.invalid/lib.xml"));
    const auto see = [](Rig& rig) {
      return first_purchase(rig) + "; " + rig.import().notes.at(0).text;
    };
    out.push_back(acted("loader", p, see,
                        "DIGITOVER 1.00 1t =5; loader: the library at "
                        "https://example.invalid/lib.xml is not read; derivd fetches no programs"));
  }
  {
    Parts p;
    p.init = chain({set("x", num("1")), block("useless_block"), count_of("x")});
    const auto see = [](Rig& rig) {
      rig.start();
      return rig.var("x");
    };
    out.push_back(acted("useless_block", p, see, "2"));
  }
  return out;
}

BlockCases of_ticks_and_candles() {
  const auto candle = block("get_ohlc", value("CANDLEINDEX", num("1")));
  BlockCases out{
      valued("tick", block("tick"), "100.1"),
      valued("tick_string", block("tick_string"), "100.10"),
      valued("ticks", block("ticks"), "100,100.03,100.01,100.1"),
      valued("ticks_string", block("ticks_string"), "100.00,100.03,100.01,100.10"),
      valued("last_digit", block("last_digit"), "0"),
      valued("lastDigitList", block("lastDigitList"), "0,3,1,0"),
      valued("check_direction", block("check_direction", field("CHECK_DIRECTION", "rise")), "true"),
      valued("check_direction", block("check_direction", field("CHECK_DIRECTION", "fall")),
             "false"),
      valued("ohlc", block("lists_length", value("VALUE", block("ohlc"))), "1"),
      valued("ohlc_values", block("ohlc_values", field("OHLCFIELD_LIST", "high")), "100.1"),
      valued("get_ohlc",
             block("read_ohlc_obj", field("OHLCFIELD_LIST", "low") + value("OHLCOBJ", candle)),
             "100"),
      valued("read_ohlc",
             block("read_ohlc", field("OHLCFIELD_LIST", "close") + value("CANDLEINDEX", num("1"))),
             "100.1"),
      valued("is_candle_black", block("is_candle_black", value("OHLCOBJ", candle)), "false"),
      valued("read_ohlc_obj",
             block("read_ohlc_obj", field("OHLCFIELD_LIST", "epoch") + value("OHLCOBJ", candle)),
             std::to_string(Rig::kFirst)),
      valued("ohlc_values_in_list",
             block("ohlc_values_in_list",
                   field("OHLCFIELD_LIST", "open") + value("OHLCLIST", block("ohlc"))),
             "100"),
  };
  // Five cents of 100.00 leave a barrier of 0.0433 %: the runs are 1, then 2, then none so far.
  Settings barrier;
  barrier.growth_barriers = {433'139'675, 0, 0, 0, 0};
  for (const std::string type : {"stat", "stat_list"}) {
    auto p = position("accumulator", field("GROWTHRATE_LIST", "0.01") + value("AMOUNT", num("10")),
                      "ACCU");
    p.before = chain({set("x", block(type)), when(no(), buy("ACCU"))});
    const auto see = [](Rig& rig) {
      rig.prime({9'000, 10'000, 10'004, 9'990, 9'994, 9'994});
      rig.start();
      rig.tick(10'100);
      return rig.var("x");
    };
    out.push_back(acted(type, p, see, type == "stat" ? "0" : "0,2,1", barrier));
  }
  return out;
}

}  // namespace

BlockCases cases_of_structure() {
  BlockCases out;
  for (const auto& part :
       {of_the_definition(), of_the_options(), of_the_sections(), of_ticks_and_candles()}) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

}  // namespace derivd::dbot::test
