// `watch:` from the file to the settings, and every mistake with its place and its remedy.
#include <gtest/gtest.h>

#include "config/config.hpp"

namespace derivd::config {
namespace {

std::string file(std::string_view watch, std::string_view when = "R_50.price > 1",
                 std::string_view type = "rules") {
  std::string out =
      "strategies:\n"
      "  - name: pair\n"
      "    type: " +
      std::string(type) +
      "\n"
      "    symbol: R_100\n";
  if (!watch.empty()) out += "    watch: " + std::string(watch) + "\n";
  if (type == "rules") {
    out += "    rules:\n      - when: " + std::string(when) + "\n        buy: { type: CALL }\n";
  }
  return out + "    staking: { base: 0.35 }\n";
}

std::string problems(const std::string& text) {
  const auto loaded = load_text(text);
  const auto* list = std::get_if<std::vector<Problem>>(&loaded);
  if (list == nullptr) return "valid";
  std::string out;
  for (const auto& p : *list) out += format(p, "f") + "\n";
  return out;
}

void expect_problem(const std::string& text, std::string_view wanted) {
  const auto got = problems(text);
  EXPECT_NE(got.find(wanted), std::string::npos) << "wanted: " << wanted << "\ngot: " << got;
}

TEST(Watch, IsAListOfSymbols) {
  const auto loaded = load_text(file("[R_50, 1HZ100V]", "R_50.price > 1HZ100V.sma(5, 1m)"));
  ASSERT_TRUE(std::holds_alternative<Config>(loaded)) << problems(file("[R_50, 1HZ100V]"));
  const auto& config = std::get<Config>(loaded);
  const auto& s = config.engine.strategies.at(0);
  EXPECT_EQ(s.watch, (std::vector<market::SymbolCode>{"R_50", "1HZ100V"}));
  EXPECT_EQ(rules::to_string(s.rules.rules.at(0).when), "R_50.price > 1HZ100V.sma(5, 1m)");
  EXPECT_TRUE(config.warnings.empty());
  const auto& all = in_force(config);
  const auto row = std::find_if(all.begin(), all.end(),
                                [](const auto& k) { return k.key == "strategies[pair].watch"; });
  ASSERT_NE(row, all.end());
  EXPECT_EQ(row->value, "[R_50, 1HZ100V]");
  EXPECT_EQ(problems(file("[]", "price > 1")), "valid");
  EXPECT_EQ(problems(file("", "price > 1")), "valid");
}

TEST(Watch, MistakesOfTheListAreToldWithTheirPlace) {
  expect_problem(file("R_50"), "f:5:12: strategies[0].watch: 'R_50' where a list is wanted");
  expect_problem(file("[R_50, R_50]"), "f:5:12: strategies[0].watch: R_50 stands there twice");
  expect_problem(file("[R_50, R_100]"), "R_100 is the strategy's own symbol");
  expect_problem(file("[R-50]"), "'R-50' is not a symbol");
  expect_problem(file("[V75]"), "write R_75");
  expect_problem(file("[r_50]"), "did you mean 'R_50'?");
  expect_problem(file("[{ a: 1 }]"), "strategies[0].watch: ");
  expect_problem(file("[AA1, AA2, AA3, AA4, AA5, AA6, AA7, AA8, AA9]"), "9 symbols; allowed: ");
}

TEST(Watch, AListThatIsWrongIsToldAlone) {
  const auto told = problems(file("[R_50, R_50]"));
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 1) << told;
}

TEST(Watch, AnUnlistedSymbolIsWarnedOf) {
  const auto loaded = load_text(file("[XYZ_9]", "XYZ_9.price > 1"));
  ASSERT_TRUE(std::holds_alternative<Config>(loaded));
  const auto& warnings = std::get<Config>(loaded).warnings;
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].key, "strategies[0].watch");
  EXPECT_NE(warnings[0].reason.find("the venue is asked at the start"), std::string::npos);
}

TEST(Watch, AValueOfWhatIsNotWatchedIsToldWithItsPlace) {
  expect_problem(
      file("[R_50]", "price > 1 and R_500.price > 1"),
      "f:7:29: strategies[0].rules[0].when: 'R_500' is not watched by this strategy, did "
      "you mean 'R_50'?; watched: R_50; add it to the list watch:");
  expect_problem(file("", "R_50.price > 1"),
                 "f:6:15: strategies[0].rules[0].when: 'R_50' is not "
                 "watched by this strategy; add it");
}

TEST(Watch, OtherTypesHaveNoUseForIt) {
  for (const auto* type : {"even_odd", "rise_fall", "random", "indicator", "digit_matches"}) {
    expect_problem(file("[R_50]", "", type),
                   fmt::format("f:5:12: strategies[0].watch: has no meaning for type {}", type));
  }
  const auto dbot =
      "strategies:\n"
      "  - name: bot\n"
      "    type: dbot\n"
      "    params: { file: none.xml }\n"
      "    watch: [R_50]\n";
  expect_problem(dbot, "strategies[0].watch: has no meaning for type dbot");
}

TEST(Watch, AChangeWaitsUntilTheStrategyIsFlat) {
  const auto a = std::get<Config>(load_text(file("[R_50]")));
  const auto b = std::get<Config>(load_text(file("[R_50, R_75]")));
  const auto changes = diff(a, b);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].key, "strategies[pair].watch");
  EXPECT_EQ(changes[0].before, "[R_50]");
  EXPECT_EQ(changes[0].after, "[R_50, R_75]");
  EXPECT_EQ(changes[0].reload, Reload::kWhenFlat);
}

}  // namespace
}  // namespace derivd::config
