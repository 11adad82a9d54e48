#include "common/answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  EXPECT_EQ(table_text(rows, {"a", "b"}), "a    b         \nx    long one  \ny?z  -         \n");
  const auto wide = table_text({{{"a", std::string(100'000, 'x')}}, {{"a", "y"}}}, {"a"});
  EXPECT_LT(wide.size(), 2000u);
  EXPECT_EQ(table_text(nullptr, {"a"}), "a  \n");
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
