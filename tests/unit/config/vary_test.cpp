#include "config/vary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"

namespace derivd::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kTwo = R"(
limits: { max_stake: 5.00, day_starts: "00:00 UTC" }
strategies:
  - { name: a, type: even_odd, symbol: 1HZ100V, staking: { base: 0.35 } }
  - name: b
    type: rise_fall
    symbol: R_100
    staking: { base: 0.50 }
    guards: { hours: ["Mon-Fri 08:00-20:00 UTC"] }
)";

Config with(std::vector<Replacement> values) {
  const auto text = with_values(kTwo, values);
  EXPECT_TRUE(text) << text.error().text;
  auto loaded = load_text(*text);
  EXPECT_TRUE(std::holds_alternative<Config>(loaded)) << *text;
  return std::get<Config>(loaded);
}

TEST(Vary, PutsValuesWhereTheyBelong) {
  auto c = with({});
  EXPECT_EQ(c.engine.strategies[1].guards.hours.size(), 1u);
  EXPECT_EQ(c.engine.limits.max_stake->to_string(), "5.00");
  c = with({{"limits.max_stake", "4.20"}, {"staking.base", "0.70"}, {"session.stop_loss", "9"}});
  EXPECT_EQ(c.engine.limits.max_stake->to_string(), "4.20");
  for (const auto& s : c.engine.strategies) {
    EXPECT_EQ(s.staking.base.to_string(), "0.70");
    EXPECT_EQ(s.session.stop_loss->to_string(), "9.00");
  }
  c = with({{"strategies[b].params.streak", "3"}});
  EXPECT_EQ(c.engine.strategies[0].params.at("streak"), 1);
  EXPECT_EQ(c.engine.strategies[1].params.at("streak"), 3);
}

TEST(Vary, RefusesWhatItCannotPlace) {
  const auto error = [](std::string_view text, std::vector<Replacement> values) {
    const auto r = with_values(text, values);
    return r ? std::string("done") : r.error().text;
  };
  EXPECT_THAT(error(kTwo, {{"strategies[c].staking.base", "1"}}), HasSubstr("no such strategy"));
  EXPECT_THAT(error(kTwo, {{"strategies[a", "1"}}), HasSubstr("not strategies[NAME].KEY"));
  EXPECT_THAT(error(kTwo, {{"a..b", "1"}}), HasSubstr("not a key"));
  EXPECT_THAT(error("- 1", {}), HasSubstr("not a map"));
  EXPECT_THAT(error("a: [", {}), HasSubstr("1:"));
  EXPECT_NE(error("strategies: 5", {{"staking.base", "1"}}), "done");
}

TEST(Vary, ReplacesAnItemOfAList) {
  auto c = with({{"strategies[b].guards.hours[0]", "Mon-Tue 09:00-10:00 UTC"}});
  ASSERT_EQ(c.engine.strategies[1].guards.hours.size(), 1u);
  constexpr std::string_view kAnswers =
      "strategies:\n  - name: bot\n    type: dbot\n    params: { file: b.xml, answers: [\"1\", 2] "
      "}\n";
  const std::vector<Replacement> second{{"params.answers[1]", "3, 4"}};
  const auto text = with_values(kAnswers, second);
  ASSERT_TRUE(text) << text.error().text;
  EXPECT_THAT(*text, HasSubstr("3, 4"));
  EXPECT_THAT(*text, testing::Not(HasSubstr("[1]:"))) << "an item, and no key of that name";
  const auto error = [&](std::string_view key) {
    const std::vector<Replacement> one{{key, "1"}};
    const auto r = with_values(kAnswers, one);
    return r ? std::string("done") : r.error().text;
  };
  EXPECT_EQ(error("params.answers[2]"), "'answers[2]': the list has 2 items, counted from 0");
  EXPECT_THAT(error("params.questions[0]"), HasSubstr("there is no list of that name"));
  EXPECT_THAT(error("params.file[0]"), HasSubstr("there is no list of that name"));
}

TEST(Vary, ReadsListsAndRanges) {
  const auto keys =
      load_varied("params.streak: [1, 2, 4]\nstaking.base: {from: 0.35, to: 1, step: .3}");
  ASSERT_TRUE(keys) << keys.error().text;
  EXPECT_EQ((*keys)[0].key, "params.streak");
  EXPECT_THAT((*keys)[0].values, ElementsAre("1", "2", "4"));
  EXPECT_THAT((*keys)[1].values, ElementsAre("0.35", "0.65", "0.95"));
  const auto one = parse_varied("staking.plan=flat,martingale");
  ASSERT_TRUE(one);
  EXPECT_THAT(one->values, ElementsAre("flat", "martingale"));
  for (const auto* text : {"", "a", "=1", "a=", "a=1,", "a=,1"}) EXPECT_FALSE(parse_varied(text));
  for (const auto* text :
       {"", "[1]", "a: 1", "a: []", "a: [[1]]", "a: {from: 1, to: 2}",
        "a: {from: 2, to: 1, step: 1}", "a: {from: 1, to: 2, step: 0}",
        "a: {from: 1, to: 2, step: 1, x: 1}", "a: {from: 0, to: 1000000, step: 0.001}",
        "a: {from: x, to: 2, step: 1}"}) {
    EXPECT_FALSE(load_varied(text)) << text;
  }
  EXPECT_THAT(load_varied("b: [1]\na: {from: 1, to: 0, step: 1}").error().text, HasSubstr("2:4"));
}

std::string random_problem(std::string_view rest) {
  auto loaded =
      load_text(fmt::format("strategies:\n  - {{ name: r, type: random, symbol: R_100, "
                            "staking: {{ base: 0.35 }}, {} }}",
                            rest));
  const auto* problems = std::get_if<std::vector<Problem>>(&loaded);
  return problems == nullptr ? "" : format(problems->front(), "f");
}

TEST(Random, ParametersAreDecimalsAndWords) {
  auto loaded = load_text(
      "strategies:\n  - { name: r, type: random, symbol: R_100, staking: { base: 0.35 },\n"
      "      params: { probability: 0.25, seed: 7, contract: rise_fall }, contract: { duration: "
      "15s } }");
  ASSERT_TRUE(std::holds_alternative<Config>(loaded));
  const auto& params = std::get<Config>(loaded).engine.strategies[0].params;
  EXPECT_EQ(params, (strategy::Params{{"probability", 250'000}, {"seed", 7}, {"contract", 1}}));
  auto other = std::get<Config>(loaded);
  other.engine.strategies[0].params["probability"] = 100'000;
  const auto changes = diff(std::get<Config>(loaded), other);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_THAT(changes[0].before, HasSubstr("contract: rise_fall, probability: 0.25, seed: 7"));
  EXPECT_EQ(random_problem("enabled: true"), "");
  EXPECT_EQ(random_problem("params: { contract: digit_differs }"), "");
  EXPECT_EQ(random_problem("params: { contract: higher_lower }, contract: { barrier: 0.5 }"), "");
  EXPECT_THAT(random_problem("params: { contract: higher_lower }"),
              HasSubstr("barrier: is required"));
  EXPECT_THAT(random_problem("params: { contract: rise_fall }, contract: { barrier: 0.5 }"),
              HasSubstr("has no meaning"));
  EXPECT_THAT(random_problem("contract: { duration: 15s }"), HasSubstr("count in ticks"));
  EXPECT_THAT(random_problem("params: { contract: riSe_fall }"),
              HasSubstr("did you mean 'rise_fall'"));
  for (const auto* bad : {"0", "1.5", "0.1234567", "x", "-0.1", "[1]"}) {
    EXPECT_THAT(random_problem(fmt::format("params: {{ probability: {} }}", bad)),
                HasSubstr("allowed: 0.000001 to 1, at most 6 decimals"))
        << bad;
  }
}

}  // namespace
}  // namespace derivd::config
