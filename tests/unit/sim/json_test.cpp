#include "sim/json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace derivd::sim {
namespace {

TEST(Json, KeepsNumbersAsWritten) {
  const auto j = Json::parse(R"({"a":0.350,"b":-1e3,"c":12345678901234567,"d":0})");
  ASSERT_TRUE(j);
  EXPECT_EQ(j->dump(), R"({"a":0.350,"b":-1e3,"c":12345678901234567,"d":0})");
  EXPECT_EQ(j->find("b")->as_int(), -1000);
  EXPECT_EQ(j->find("c")->as_int(), 12345678901234567);
  EXPECT_FALSE(j->find("a")->as_int());
  EXPECT_EQ(j->find("a")->as_decimal()->to_string(), "0.35");
}

TEST(Json, AgreesWithAnotherParser) {
  for (const std::string text :
       {R"({"s":"a\"b\\c\/d\n\tA\u00e9\u20ac\ud83d\ude00","n":null,"t":true,"f":false})",
        R"([1,[2,[3,[]]],{},{"x":{"y":[{}]}}])", R"(  [ 1 , 2 ]  )", R"("lone")", "-0.5E+2"}) {
    const auto ours = Json::parse(text);
    ASSERT_TRUE(ours) << text;
    EXPECT_EQ(nlohmann::json::parse(ours->dump()), nlohmann::json::parse(text)) << text;
  }
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const std::string text :
       {"",         "{",      "}",       "[1,]",        "{\"a\":}",    "{\"a\" 1}",
        "{a:1}",    "01",     "1.",      ".5",          "+1",          "1e",
        "nul",      "\"open", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "[1] 2",
        "\"\x01\"", "--1",    "NaN",     "Infinity",    "{\"a\":1,}",  "'a'"})
    EXPECT_FALSE(Json::parse(text)) << text;
}

TEST(Json, IsBoundedInDepthAndWidth) {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_TRUE(Json::parse(nested(Json::kMaxDepth)));
  EXPECT_FALSE(Json::parse(nested(Json::kMaxDepth + 2)));
  std::string wide = "{";
  for (std::size_t i = 0; i <= Json::kMaxMembers; ++i)
    wide += fmt::format("{}\"k{}\":0", i == 0 ? "" : ",", i);
  EXPECT_FALSE(Json::parse(wide + "}"));
}

TEST(Json, TheLastOfARepeatedKeyCounts) {
  const auto j = Json::parse(R"({"a":1,"a":2})");
  EXPECT_EQ(j->dump(), R"({"a":2})");
}

TEST(JsonOut, WritesMembersWithCommasWhereTheyBelong) {
  JsonOut out;
  out.begin_object().text("a", "x\"y\n").key("b").begin_array().value(std::int64_t{1});
  out.begin_object().end_object().begin_object().flag("f", true).end_object().end_array();
  out.raw("c", "1.5").key("d").null().end_object();
  EXPECT_EQ(out.str(), R"({"a":"x\"y\n","b":[1,{},{"f":1}],"c":1.5,"d":null})");
}

TEST(JsonOut, NumbersLoseTrailingZerosOnly) {
  EXPECT_EQ(number(core::Money::minor(1950)), "19.5");
  EXPECT_EQ(number(core::Money::minor(-35)), "-0.35");
  EXPECT_EQ(number(core::Money::minor(0)), "0");
  EXPECT_EQ(number(core::Price::raw(2550600, 3)), "2550.6");
}

}  // namespace
}  // namespace derivd::sim
