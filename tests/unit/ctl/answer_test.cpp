#include "common/answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "derivctl/answer_text.hpp"
#include "derivctl/csv.hpp"

namespace derivd::ctl {
namespace {

using daemon::at;
using daemon::shown;
using ::testing::HasSubstr;

TEST(Answer, IsAResultOrAnErrorInWords) {
  const auto good = daemon::reply_of(R"({"ok":true,"result":{"a":[1]}})");
  ASSERT_TRUE(good && good->ok);
  EXPECT_EQ(good->result.dump(), R"({"a":[1]})");
  const auto bad = daemon::reply_of(R"({"ok":false,"code":"not_found","error":"no s\n\u001b"})");
  ASSERT_TRUE(bad && !bad->ok);
  EXPECT_EQ(bad->code, "not_found");
  EXPECT_EQ(bad->error, "no s??");
  EXPECT_EQ(daemon::reply_of("{}")->error, "refused");
  EXPECT_FALSE(daemon::reply_of(R"({"ok":"yes"})")->ok);
}

TEST(Answer, HasBounds) {
  const auto of = [](const std::string& result) {
    return daemon::reply_of(R"({"ok":true,"result":)" + result + "}");
  };
  EXPECT_TRUE(of("[[[[[[[]]]]]]]"));
  EXPECT_FALSE(of("[[[[[[[[]]]]]]]]"));
  std::string members;
  for (int i = 0; i < 1001; ++i) members += (i == 0 ? "{\"" : ",\"") + std::to_string(i) + "\":{}";
  EXPECT_FALSE(of(members + "}"));
  EXPECT_FALSE(of("[" + members.substr(0, members.rfind(',')) + ",\"x\":0}," + members + "}]"));
  EXPECT_TRUE(of(members.substr(0, members.rfind(',')) + "}"));
  std::string values = "[0";
  for (std::size_t i = 0; i < daemon::kMaxAnswerValues; ++i) values += ",0";
  EXPECT_FALSE(of(values + "]"));
  for (const auto* text : {"", "null", "[]", "7", R"({"ok":true})", R"({"ok":true,"result":)"}) {
    EXPECT_FALSE(daemon::reply_of(text)) << text;
  }
}

TEST(Answer, SaysWhatIsLeftOfALimit) {
  const auto words = [](std::string_view limit, std::string_view left, std::string_view of) {
    return limit_left_words({{"limit", limit}, {"left", left}, {"of", of}});
  };
  EXPECT_EQ(words("stop_loss", "9.36", "10.00"), "9.36 of 10.00 left");
  EXPECT_EQ(words("stop_loss", "10.00", "10.00"), "10.00 of 10.00 left");
  EXPECT_EQ(words("stop_loss", "10.64", "10.00"), "10.64 left: 10.00 and what was won");
  EXPECT_EQ(words("take_profit", "4.36", "5.00"), "4.36 to go to 5.00");
  EXPECT_EQ(limit_left_words({{"limit", "max_open_contracts"}, {"left", 3}, {"of", 3}}),
            "3 of 3 left");
}

TEST(Answer, ADecisionIsToldOnce) {
  nlohmann::ordered_json signal{{"time", "2026-11-28T19:42:33Z"},
                                {"signal", "DIGITEVEN"},
                                {"planned", "0.35"},
                                {"result", "entered"},
                                {"times", 1},
                                {"from", "memory"}};
  const auto told = [&](std::string_view why) {
    signal["why"] = why;
    return explained_text({{"strategy", "a"}, {"decisions", {signal}}});
  };
  EXPECT_THAT(told("entered DIGITEVEN at 0.35"), HasSubstr("Z  DIGITEVEN 0.35 entered\n"));
  // The plan began anew at its base, because the planned stake did not fit.
  EXPECT_THAT(told("entered DIGITEVEN at 0.30"),
              HasSubstr("Z  DIGITEVEN 0.35 entered DIGITEVEN at 0.30\n"));
}

TEST(Answer, AChangeHasAnArrowBetweenTwoValuesAlone) {
  const auto told = [&](std::string_view before, std::string_view after) {
    const nlohmann::ordered_json change{{"time", "2026-11-28T19:42:33Z"},
                                        {"key", "strategies[bot]"},
                                        {"before", before},
                                        {"after", after},
                                        {"reload", "live"}};
    return explained_text({{"strategy", "a"}, {"config_changes", {change}}});
  };
  EXPECT_THAT(told("2.00", "3.00"), HasSubstr("Z  strategies[bot]: 2.00 → 3.00 (live)\n"));
  EXPECT_THAT(told("", "added"), HasSubstr("Z  strategies[bot]: added (live)\n"));
  EXPECT_THAT(told("removed", ""), HasSubstr("Z  strategies[bot]: removed (live)\n"));
}

TEST(Answer, CountsInWords) {
  EXPECT_EQ(daemon::counted(1, "trade"), "1 trade");
  EXPECT_EQ(daemon::counted(2, "trade"), "2 trades");
  EXPECT_EQ(daemon::counted(nullptr, "trade"), "- trades");
}

TEST(Answer, WhatIsMissingIsNull) {
  const nlohmann::ordered_json row{{"a", 1}, {"b", ""}, {"c", "7"}, {"d", "7x"}};
  EXPECT_EQ(at(row, "a"), 1);
  EXPECT_TRUE(at(row, "x").is_null());
  EXPECT_TRUE(at(at(row, "a"), "x").is_null());
  EXPECT_TRUE(daemon::is_blank(at(row, "b")));
  EXPECT_EQ(daemon::id_of(at(row, "c")), 7);
  EXPECT_FALSE(daemon::id_of(at(row, "d")));
  EXPECT_FALSE(daemon::id_of(at(row, "a")));
  EXPECT_EQ(daemon::whole_of(at(row, "a")), 1);
  EXPECT_FALSE(daemon::whole_of(nlohmann::ordered_json(18446744073709551615U)));
  EXPECT_TRUE(daemon::rows_of(row).empty());
  EXPECT_EQ(daemon::rows_of(nlohmann::ordered_json{1, row, "x"}).size(), 1u);
}

TEST(Answer, ATextIsOneLineThatEnds) {
  EXPECT_EQ(shown("a\nb\u202e\x1b"), "a?b??");
  EXPECT_EQ(shown(nullptr), "-");
  EXPECT_EQ(shown({{"a", "x\x1b"}}), R"({"a":"x\u001b"})");
  EXPECT_LT(shown(std::string(1'000'000, 'x')).size(), 2010u);
  EXPECT_EQ(shown("\xff\x9b"), "??");
}

TEST(Tables, AreAsWideAsTheirCells) {
  const nlohmann::ordered_json rows{{{"a", "x"}, {"b", "long one"}}, 7, {{"a", "y\nz"}}};
  EXPECT_EQ(table_text(rows, {"a", "b"}), "a    b\nx    long one\ny?z  -\n");
  const auto wide = table_text({{{"a", std::string(100'000, 'x')}}, {{"a", "y"}}}, {"a"});
  EXPECT_LT(wide.size(), 2000u);
  EXPECT_EQ(table_text(nullptr, {"a"}), "a\n");
}

TEST(Tables, HaveNumbersToTheRight) {
  const nlohmann::ordered_json rows{{{"n", "-12.50"}, {"w", "a"}, {"x", 7}},
                                    {{"n", "3.00"}, {"w", "-"}, {"x", nullptr}}};
  EXPECT_EQ(table_text(rows, {"n", "w", "x"}),
            "     n  w  x\n"
            "-12.50  a  7\n"
            "  3.00  -  -\n");
}

std::size_t widest(const std::string& text) {
  std::size_t out = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_FALSE(line.ends_with(' ')) << line;
    out = std::max(out, line.size());
  }
  return out;
}

TEST(Tables, FitTheirWidth) {
  const std::string name(30, 'n');
  const nlohmann::ordered_json rows{
      {{"a", name}, {"b", name}, {"c", name}, {"why", std::string(70, 'w') + " and more of it"}}};
  const auto less = table_text(rows, {"a", {"b", 1}, {"c", 2}});
  EXPECT_LE(widest(less), 80u) << less;
  EXPECT_EQ(less.find('c'), std::string::npos) << "the highest rank goes first";
  EXPECT_NE(less.find('b'), std::string::npos) << "what fits stays";
  const auto folded = table_text(rows, {"a", "b", "c", Column::sentence("why")});
  EXPECT_LE(widest(folded), 80u) << folded;
  EXPECT_THAT(folded, HasSubstr("more of it")) << "nothing of it is lost";
  out::Look wide;
  wide.width = 200;
  EXPECT_THAT(table_text(rows, {"a", {"b", 1}, {"c", 2}}, wide), HasSubstr("c\n"));
}

TEST(Tables, LeaveOutWhatSaysNothing) {
  const nlohmann::ordered_json live{{{"a", 1}, {"mode", "live"}}};
  const nlohmann::ordered_json paper{{{"a", 1}, {"mode", "paper"}}};
  const std::vector<Column> columns{"a", {"mode", 0, Tint::kNone, "live"}};
  EXPECT_EQ(table_text(live, columns), "a\n1\n");
  EXPECT_EQ(table_text(paper, columns), "a  mode\n1  paper\n");
}

TEST(Tables, ColoursAreMarksOfOurOwn) {
  out::Look colours;
  colours.colours = true;
  const nlohmann::ordered_json rows{{{"s", "halted"}, {"p", "\x04 1"}}};
  const auto text = table_text(rows, {{"s", 0, Tint::kState}, "p"}, colours);
  EXPECT_THAT(text, HasSubstr("\x04halted\x0e"));
  EXPECT_THAT(text, HasSubstr("? 1")) << "data makes no marks";
  EXPECT_EQ(table_text(rows, {{"s", 0, Tint::kState}}).find('\x0e'), std::string::npos);
}

nlohmann::ordered_json long_trade() {
  return {{"contract_id", "268738000016"},
          {"strategy", "a_strategy_with_a_name_of_forty_letters1"},
          {"symbol", "1HZ100V"},
          {"type", "DIGITOVER"},
          {"stake", "1000.00"},
          {"payout", "1952.00"},
          {"profit", "-1000.00"},
          {"outcome", "break_even"},
          {"purchase_time", 1795894343},
          {"duration", "5m"},
          {"entry", "38767.6761"},
          {"exit", "38767.6761"},
          {"ends", 1795894643},
          {"left_s", 250},
          {"value", "512.33"},
          {"profit_now", "-487.67"},
          {"mode", "paper"}};
}

TEST(Tables, OfTheCommandsFitATerminal) {
  const nlohmann::ordered_json rows{long_trade()};
  nlohmann::ordered_json sums{{"trades", 100000},
                              {"won", 50000},
                              {"lost", 49000},
                              {"break_even", 1000},
                              {"open", 12},
                              {"unknown", 3},
                              {"stakes", "1000000.00"},
                              {"profit", "-25000.00"},
                              {"win_rate", "0.5051"},
                              {"max_drawdown", "30000.00"},
                              {"longest_losing_run", 17}};
  const nlohmann::ordered_json stats{
      {"mode", "paper"}, {"strategies", {{long_trade()["strategy"], sums}}}, {"total", sums}};
  nlohmann::ordered_json strategy{{"name", long_trade()["strategy"]},
                                  {"type", "digit_differs"},
                                  {"symbol", "1HZ100V"},
                                  {"status", "halted"},
                                  {"reason", std::string(150, 'r') + " " + std::string(40, 's')},
                                  {"last_decision", std::string(90, 'x') + " y"},
                                  {"tick_age_s", 0.123456},
                                  {"trades", 100000},
                                  {"won", 50000},
                                  {"lost", 49000},
                                  {"open", 12},
                                  {"profit", "-25000.00"},
                                  {"next_stake", "1000.00"},
                                  {"change_pending", true}};
  const nlohmann::ordered_json strategies{strategy};
  for (const auto& text :
       {trades_text(rows), positions_text(rows), sales_text(rows), stats_text(stats),
        strategies_text(strategies), status_text({{"strategies", strategies}})}) {
    EXPECT_LE(widest(text), 80u) << text;
  }
  EXPECT_THAT(strategies_text(strategies), HasSubstr("waits until none of its contracts is open"));
}

TEST(Words, PositionsSayWhenTheyEndAndWhatTheyAreWorth) {
  auto row = long_trade();
  row["strategy"] = "slow";
  row["mode"] = "live";
  const auto text = positions_text(nlohmann::ordered_json::array({row}));
  for (const auto* word : {"ends UTC", "19:37:23", "4m10s", "512.33", "-487.67"}) {
    EXPECT_THAT(text, HasSubstr(word));
  }
  EXPECT_EQ(text.find("1795894"), std::string::npos) << text;
  row["ends"] = nullptr;
  row["left_s"] = nullptr;
  row["duration"] = "5t";
  EXPECT_THAT(positions_text(nlohmann::ordered_json::array({row})), HasSubstr("5t"));
  EXPECT_EQ(positions_text(nlohmann::ordered_json::array()), "nothing is open\n");
}

TEST(Words, TradesHaveTimesThatPeopleRead) {
  auto row = long_trade();
  row["strategy"] = "slow";
  const auto text = trades_text(nlohmann::ordered_json::array({row}));
  EXPECT_THAT(text, HasSubstr("2026-11-28 19:32:23"));
  EXPECT_EQ(text.find("1795894343"), std::string::npos) << text;
  row["profit"] = nullptr;
  row["outcome"] = "unknown";
  EXPECT_THAT(trades_text(nlohmann::ordered_json::array({row})), HasSubstr("unknown"))
      << "without a result it says why";
  row["purchase_time_utc"] = "2026-11-28T19:32:23Z";
  const auto csv = trades_csv(nlohmann::ordered_json::array({row}));
  EXPECT_THAT(csv, HasSubstr(",mode,purchase_time_utc,settled_time_utc\n"));
  EXPECT_THAT(csv, HasSubstr(",paper,2026-11-28T19:32:23Z,\n"));
  EXPECT_EQ(trades_text(nlohmann::ordered_json::array()), "no trades\n");
}

TEST(Words, LiveMeansMoney) {
  const auto of = [](const char* type) {
    return status_text({{"state", "live"},
                        {"mode", "live"},
                        {"account_type", type},
                        {"account", "VRTC9000006"},
                        {"dialect", "v3"}});
  };
  EXPECT_THAT(of("demo"), HasSubstr("session      connected\n"));
  EXPECT_THAT(of("demo"), HasSubstr("account      demo VRTC9000006 (v3)\n"));
  EXPECT_EQ(of("demo").find("live"), std::string::npos);
  EXPECT_THAT(of("real"), HasSubstr("account      REAL MONEY VRTC9000006 (v3)\n"));
}

TEST(Help, FitsATerminal) {
  const auto text = out::folded("Usage: x\n  --option TEXT               " + std::string(30, 'a') +
                                " " + std::string(40, 'b') + "\n\nShort:\n");
  EXPECT_EQ(text, "Usage: x\n  --option TEXT               " + std::string(30, 'a') + "\n" +
                      std::string(30, ' ') + std::string(40, 'b') + "\n\nShort:\n");
}

TEST(Csv, QuotesWhatMustBeAndComputesNothing) {
  EXPECT_EQ(csv_cell("plain"), "plain");
  EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_cell("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(csv_cell("a\rb"), "\"a\rb\"");
  EXPECT_EQ(csv_cell("a\nb"), "\"a\nb\"");
  for (const auto* number : {"-9.64", "+1", "0.35", "-1e-3", "-5"})
    EXPECT_EQ(csv_cell(number), number);
  EXPECT_EQ(csv_cell("=1+1"), "'=1+1");
  EXPECT_EQ(csv_cell("-1+1"), "'-1+1");
  EXPECT_EQ(csv_cell("+A1"), "'+A1");
  EXPECT_EQ(csv_cell("@SUM(A1,B1)"), "\"'@SUM(A1,B1)\"");
  EXPECT_EQ(csv_cell("\t=1"), "'\t=1");
  EXPECT_EQ(csv_cell("\r=1"), "\"'\r=1\"");
  EXPECT_EQ(csv_cell("\uff1d1"), "'\uff1d1");
  EXPECT_EQ(csv_cell("-"), "'-");
  EXPECT_EQ(csv_cell(""), "");
}

}  // namespace
}  // namespace derivd::ctl
